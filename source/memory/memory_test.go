package memory_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

// numbered makes records whose keys are the numbers from first to last-1.
func numbered(first, last int) []tailrace.Record {
	rs := []tailrace.Record{}
	for n := first; n < last; n++ {
		rs = append(rs, tailrace.Record{Topic: "t", Key: tailrace.Int64(int64(n))})
	}
	return rs
}

func keys(records []tailrace.Record) []int {
	ns := []int{}
	for _, r := range records {
		ns = append(ns, int(r.Key.Int()))
	}
	return ns
}

func harness(ends bool, batch int) sourcetest.Harness {
	return sourcetest.Harness{
		Ends: ends,
		Fresh: func(testing.TB) (source.Source, func(int)) {
			src := &memory.Source{BatchSize: batch}
			if ends {
				src.Close()
			}
			made := 0
			return src, func(n int) {
				src.Send(numbered(made, made+n)...)
				made += n
			}
		},
		Number: func(r *tailrace.Record) (int, bool) { return int(r.Key.Int()), true },
	}
}

func TestTheSourceKeepsTheContract(t *testing.T) {
	t.Run("ending", func(t *testing.T) { sourcetest.Run(t, harness(true, 0)) })
	t.Run("waiting", func(t *testing.T) { sourcetest.Run(t, harness(false, 0)) })
	t.Run("one record a batch", func(t *testing.T) { sourcetest.Run(t, harness(false, 1)) })
	t.Run("four records a batch", func(t *testing.T) { sourcetest.Run(t, harness(true, 4)) })
}

func open(t *testing.T, src source.Source, from ...tailrace.Offset) source.Reader {
	r, err := src.Open(t.Context(), from)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func TestABatchIsWhatOneSendWasGiven(t *testing.T) {
	src := new(memory.Source)
	src.Send(numbered(0, 2)...)
	src.Send()
	src.Send(numbered(2, 5)...)
	src.Close()
	r := open(t, src)
	for _, want := range [][]int{{0, 1}, {2, 3, 4}} {
		b, err := r.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, keys(b.Records))
		assert.Equal(t, []tailrace.Offset{memory.Offset("", want[len(want)-1]+1)}, b.Offsets)
		assert.Positive(t, b.Size)
	}
	_, err := r.Read(t.Context())
	require.ErrorIs(t, err, io.EOF)
}

func TestPartitionsHaveOffsetsOfTheirOwn(t *testing.T) {
	src := new(memory.Source)
	src.SendTo("a", numbered(0, 3)...)
	src.SendTo("b", numbered(10, 12)...)
	src.SendTo("a", numbered(3, 4)...)
	src.Close()
	r := open(t, src, memory.Offset("a", 2), memory.Offset("c", 0))
	var got []int
	var offsets []tailrace.Offset
	for {
		b, err := r.Read(t.Context())
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		got = append(got, keys(b.Records)...)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	assert.Equal(t, []int{2, 10, 11, 3}, got)
	assert.Equal(t, []tailrace.Offset{{Partition: `{"memory":"a"}`, Position: `{"next":4}`}, {Partition: `{"memory":"b"}`, Position: `{"next":2}`}}, offsets)
}

func TestRecordsCanBeSentAfterClose(t *testing.T) {
	src := memory.Of(numbered(0, 2)...)
	src.Send(numbered(2, 3)...)
	r := open(t, src, memory.Offset("", 2))
	b, err := r.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{2}, keys(b.Records))
	_, err = r.Read(t.Context())
	require.ErrorIs(t, err, io.EOF)
}

func TestAReadWaitsForASendOrTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := new(memory.Source)
		r := open(t, src)
		time.AfterFunc(time.Minute, func() { src.Send(numbered(0, 1)...) })
		time.AfterFunc(2*time.Minute, src.Close)
		start := time.Now()
		b, err := r.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []int{0}, keys(b.Records))
		assert.Equal(t, time.Minute, time.Since(start))
		_, err = r.Read(t.Context())
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, 2*time.Minute, time.Since(start))
	})
}

func TestAPoisonedChangeIsMetByEachReaderAndPassed(t *testing.T) {
	poison := &source.RecordError{Record: tailrace.Record{Topic: "t"}, Err: errors.New("the bytes make no sense")}
	src := new(memory.Source)
	src.Send(numbered(0, 1)...)
	src.Fail(poison)
	src.Send(numbered(1, 2)...)
	for range 2 {
		r := open(t, src)
		b, err := r.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []int{0}, keys(b.Records))
		_, err = r.Read(t.Context())
		require.ErrorIs(t, err, poison)
		b, err = r.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []int{1}, keys(b.Records))
	}
}

func TestAnotherErrorEndsTheReaderThatMeetsIt(t *testing.T) {
	cut := errors.New("connection cut")
	src := new(memory.Source)
	src.Send(numbered(0, 1)...)
	src.Fail(cut)
	src.Send(numbered(1, 2)...)
	r := open(t, src)
	b, err := r.Read(t.Context())
	require.NoError(t, err)
	for range 2 {
		_, err = r.Read(t.Context())
		require.ErrorIs(t, err, cut)
	}
	b, err = open(t, src, b.Offsets...).Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{1}, keys(b.Records))
}

func TestCommitIsRememberedAndDoesNotGoBack(t *testing.T) {
	src := memory.Of(numbered(0, 5)...)
	r := open(t, src)
	require.NoError(t, r.Commit(t.Context(), []tailrace.Offset{memory.Offset("", 3)}))
	require.ErrorContains(t, r.Commit(t.Context(), []tailrace.Offset{memory.Offset("", 2)}), `partition "" would go back from 3 to 2`)
	require.ErrorContains(t, r.Commit(t.Context(), []tailrace.Offset{{Partition: "{}", Position: "{}"}}), "is not of the memory source")
	assert.Equal(t, []tailrace.Offset{memory.Offset("", 3)}, src.Committed())
	clear(src.Committed())
	assert.Equal(t, []tailrace.Offset{memory.Offset("", 3)}, src.Committed())
}

func TestAnOffsetBehindTheEndIsLost(t *testing.T) {
	_, err := memory.Of(numbered(0, 5)...).Open(t.Context(), []tailrace.Offset{memory.Offset("", 6)})
	require.ErrorIs(t, err, source.ErrOffsetLost)
	require.ErrorContains(t, err, `the offset is behind record 6 of partition "", which has 5`)
}

func TestWhoeverAddsAHeaderGetsMemoryOfTheirOwn(t *testing.T) {
	headers := make([]tailrace.Header, 1, 4)
	src := memory.Of(tailrace.Record{Topic: "t", Headers: headers})
	for _, key := range []string{"first", "second"} {
		b, err := open(t, src).Read(t.Context())
		require.NoError(t, err)
		b.Records[0].Headers = append(b.Records[0].Headers, tailrace.Header{Key: key})
		assert.NotEqual(t, key, headers[:2][1].Key)
	}
}

type account struct {
	ID        int64
	OwnerID   *int32 `tailrace:"owner"`
	HTTPPort  uint16
	Kind      string
	Rate      float64
	Share     float32
	Closed    bool
	Picture   []byte
	OpenedAt  time.Time
	Level     int8
	Session   string `tailrace:"-"`
	transient int
}

func TestATableTellsOfItsChangesAsAConnectorDoes(t *testing.T) {
	accounts, err := memory.NewTable[account]("bank.accounts", "id")
	require.NoError(t, err)
	owner := int32(3)
	before := account{ID: 7, Kind: "new", OpenedAt: time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC), Session: "s", transient: 1}
	after := account{7, &owner, 8080, "giro", 0.1, 0.5, true, []byte{1}, before.OpenedAt, -1, "s", 1}
	for _, c := range []struct {
		record        tailrace.Record
		op            tailrace.Op
		before, after *account
	}{
		{accounts.Read(after), tailrace.OpRead, nil, &after}, {accounts.Create(before), tailrace.OpCreate, nil, &before},
		{accounts.Update(before, after), tailrace.OpUpdate, &before, &after}, {accounts.Delete(after), tailrace.OpDelete, &after, nil},
	} {
		require.NoError(t, c.record.ValueSchema.Validate(c.record.Value))
		require.NoError(t, c.record.KeySchema.Validate(c.record.Key))
		change, ok := tailrace.AsChange(&c.record)
		require.True(t, ok)
		got, err := tailrace.DecodeChange[account](change)
		require.NoError(t, err)
		assert.Equal(t, c.op, got.Op)
		for _, rows := range [][2]*account{{c.before, got.Before}, {c.after, got.After}} {
			if rows[0] != nil {
				want := *rows[0]
				want.Session, want.transient = "", 0
				assert.Equal(t, &want, rows[1])
			} else {
				assert.Nil(t, rows[1])
			}
		}
		assert.Equal(t, "{id: 7}", got.Key.String())
		assert.Equal(t, "accounts", got.Source.Table())
		assert.Equal(t, "bank", got.Source.Name())
	}
	gone := accounts.Tombstone(after)
	assert.True(t, gone.IsTombstone())
	assert.Equal(t, "{id: 7}", gone.KeyStruct().String())
	row, _ := accounts.Create(before).ValueSchema.Field("after")
	var names []string
	for _, f := range row.Schema.Fields() {
		names = append(names, f.Name)
	}
	assert.Equal(t, []string{"id", "owner", "http_port", "kind", "rate", "share", "closed", "picture", "opened_at", "level"}, names)
}

func TestATableWithoutAKeyHasNone(t *testing.T) {
	logs, err := memory.NewTable[struct{ Line string }]("logs")
	require.NoError(t, err)
	r := logs.Create(struct{ Line string }{"a"})
	assert.True(t, r.Key.IsNull())
	assert.Nil(t, r.KeySchema)
}

func TestATableOfWhatIsNoRowIsRefused(t *testing.T) {
	_, err := memory.NewTable[int]("t")
	require.ErrorContains(t, err, "a table of int: its rows should be structs")
	_, err = memory.NewTable[struct {
		A  chan int
		B  []string
		C  *struct{}
		ID int
	}]("t", "id", "name")
	for _, says := range []string{"field A: a chan int is no column", "field B: a []string is no column", "field C: a struct {} is no column", "the key has a column name, which is no column"} {
		require.ErrorContains(t, err, says)
	}
	_, err = memory.NewTable[struct {
		A int `tailrace:"x"`
		B int `tailrace:"x"`
	}]("t")
	require.ErrorContains(t, err, `the field "x" is there twice`)
}

func BenchmarkRead(b *testing.B) {
	for _, batch := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d a batch", batch), func(b *testing.B) { sourcetest.Benchmark(b, harness(false, batch), 10_000) })
	}
}
