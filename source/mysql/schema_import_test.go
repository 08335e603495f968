package mysql

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
)

// testdata/history/debezium.jsonl is the beginning of a schema history that
// Debezium 3.5.0.Final has written.
func TestDebeziumsSchemaHistoryIsReadUpToTheOffset(t *testing.T) {
	names := func(p position) (out []string) {
		h := newHistory(&Source{TopicPrefix: "srv"})
		require.NoError(t, h.importDebezium(t.Context(), DebeziumHistoryFile("testdata/history/debezium.jsonl"), p, false))
		d := h.at(tableID{"shop", "orders"}, p, false)
		require.NotNil(t, d)
		for _, c := range d.columns {
			out = append(out, c.name)
		}
		return out
	}
	const uuid = "e28a03c1-e5ac-11f1-89d6-02fc00000001:"
	before := []string{"id", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"}
	first := []string{"id", "a", "n", "b", "c", "d", "e", "f", "g", "i", "j", "k", "l", "m"}
	second := []string{"id", "a", "nn", "b", "c", "d", "e", "f", "g", "i", "j", "k", "l", "m"}
	assert.Equal(t, before, names(position{File: "binlog.000001", Pos: 6207, GTIDs: uuid + "1-26"}))
	assert.Equal(t, first, names(position{File: "binlog.000001", Pos: 6370, GTIDs: uuid + "1-27"}))
	assert.Equal(t, first, names(position{File: "other.000007", Pos: 4, GTIDs: uuid + "1-27"}))
	assert.Equal(t, second, names(position{File: "binlog.000001", Pos: 6939, GTIDs: uuid + "1-29"}))
	assert.Equal(t, before, names(position{File: "binlog.000001", Pos: 6207}))
	assert.Equal(t, second, names(position{File: "binlog.000001", Pos: 6939}))
}

func TestColumnsOfDebeziumsSchemaHistoryAreWhatTheyWere(t *testing.T) {
	h := newHistory(&Source{TopicPrefix: "srv"})
	p := position{File: "binlog.000001", Pos: 1 << 40}
	require.NoError(t, h.importDebezium(t.Context(), DebeziumHistoryFile("testdata/history/debezium.jsonl"), p, false))
	d := h.at(tableID{"shop", "orders"}, p, false)
	require.NotNil(t, d)
	assert.Equal(t, []string{"id"}, d.key)
	full := map[string]string{}
	for _, c := range d.columns {
		full[c.name] = c.full
	}
	for name, want := range map[string]string{"b": "decimal(10,2) unsigned", "c": "enum('a','b')", "d": "timestamp(3)", "f": "bigint unsigned", "j": "bit(3)",
		"q": "char(3)", "s": "double(8,2)", "t": "set('x','y')", "ac": "int(5) unsigned zerofill", "ae": "decimal(10,0)", "u": "datetime(6)", "m": "binary(4)"} {
		assert.Equal(t, want, full[name], name)
	}
	// What is stored of it is read again as it is.
	store := new(offset.Memory)
	h.store = store
	require.NoError(t, h.save(t.Context(), nil, false))
	again := newHistory(&Source{TopicPrefix: "srv", SchemaHistory: store})
	require.NoError(t, again.load(t.Context()))
	assert.Equal(t, d, again.at(tableID{"shop", "orders"}, p, false))
}

func TestAFileThatIsNotThereHasNoHistory(t *testing.T) {
	require.NoError(t, DebeziumHistoryFile(t.TempDir()+"/none")(t.Context(), func([]byte) error { return assert.AnError }))
}

func TestAHistoryThatCannotBeReadIsAnError(t *testing.T) {
	store := new(offset.Memory)
	require.NoError(t, store.Save(t.Context(), "srv.schema-history", []tailrace.Offset{{Partition: `{"server":"srv","database":"d","table":"t"}`, Position: `{"versions":7}`}}))
	assert.ErrorContains(t, newHistory(&Source{TopicPrefix: "srv", SchemaHistory: store}).load(t.Context()), "the schema history of d.t cannot be read")
}

func FuzzHistoryRecords(f *testing.F) {
	text, err := os.ReadFile("testdata/history/debezium.jsonl")
	require.NoError(f, err)
	for line := range bytes.Lines(text) {
		f.Add(bytes.Clone(line))
	}
	f.Add([]byte(`{"position":{"file":"a","pos":1},"databaseName":"d","ddl":"CREATE TABLE t (a INT)"}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		h := newHistory(&Source{TopicPrefix: "srv"})
		read := func(_ context.Context, each func([]byte) error) error { return each(record) }
		p := position{File: "binlog.000001", Pos: 1 << 40}
		if h.importDebezium(context.Background(), read, p, false) != nil {
			return
		}
		h.store = new(offset.Memory)
		if err := h.save(context.Background(), nil, false); err == nil {
			assert.NoError(t, h.load(context.Background()))
		}
	})
}

func FuzzXIDs(f *testing.F) {
	for _, text := range []string{"X'61',X'62',1", "'a','b'", "'a'", "x'6', 7", "X'61',X'',-1 ONE PHASE", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := parseXID(text); ok {
			assert.NotEmpty(t, id)
		}
		mariaXID([]byte(text))
	})
}
