package binlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

func ExampleGTIDSet() {
	set, err := binlog.ParseGTIDSet("3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5:9, 3e11fa47-71ca-11e1-9e33-c80aa9429562:red:1")
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := binlog.ParseUUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")
	if err != nil {
		fmt.Println(err)
		return
	}
	set.Add(server, "", 6)
	set.Add(server, "red", 2)
	fmt.Println(set)
	// Output: 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-6:9:red:1-2
}

func ExampleMariaGTIDSet() {
	position, err := binlog.ParseMariaGTIDSet("1-5-7,0-1-23")
	if err != nil {
		fmt.Println(err)
		return
	}
	position.Add(0, 2, 24)
	fmt.Println(position)
	// Output: 0-2-24,1-5-7
}

func ExampleAppendZoned() {
	fmt.Println(string(binlog.AppendZoned(nil, 1769871845, 120000, 3)))
	// Output: 2026-01-31T15:04:05.120Z
}

func TestGTIDSetsAreTakenApart(t *testing.T) {
	const a, b = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"
	for _, c := range []struct{ from, take, left string }{
		{a + ":1-10", a + ":3-4:7", a + ":1-2:5-6:8-10"},
		{a + ":1-10", a + ":1-10", ""},
		{a + ":1-10", b + ":1-10", a + ":1-10"},
		{a + ":1-10:red:1-3", a + ":red:2", a + ":1-10:red:1:3"},
		{a + ":1-3," + b + ":5", a + ":2-9", a + ":1," + b + ":5"},
	} {
		from, err := binlog.ParseGTIDSet(c.from)
		require.NoError(t, err)
		take, err := binlog.ParseGTIDSet(c.take)
		require.NoError(t, err)
		from.Subtract(take)
		assert.Equal(t, c.left, from.String())
	}
}

func TestAddingTheNextGTIDAllocatesNothing(t *testing.T) {
	var set binlog.GTIDSet
	uuid := binlog.UUID{1}
	set.Add(uuid, "", 1)
	n := int64(1)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { n++; set.Add(uuid, "", n) }))
	assert.Equal(t, fmt.Sprintf("01000000-0000-0000-0000-000000000000:1-%d", n), set.String())
}

func TestWhatIsNoGTIDSetIsRefused(t *testing.T) {
	for _, text := range []string{"x", "3e11fa47-71ca-11e1-9e33-c80aa9429562", "3e11fa47-71ca-11e1-9e33-c80aa9429562:0", "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-1", "3e11fa47-71ca-11e1-9e33-c80aa9429562:red", "0-1-2"} {
		_, err := binlog.ParseGTIDSet(text)
		assert.Error(t, err, text)
	}
}
