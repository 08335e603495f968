package jdbc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

var (
	numberKey = tailrace.NewSchema(tailrace.TypeStruct).Name("Key").Field("number", tailrace.Int64Schema).MustBuild()
	numberRow = tailrace.NewSchema(tailrace.TypeStruct).Name("Value").
			Field("number", tailrace.Int64Schema).Field("pad", tailrace.OptionalStringSchema).MustBuild()
)

// numbered is the record of a row of a number and a text.
func numbered(n int, pad string) tailrace.Record {
	return tailrace.Record{
		Topic:     "numbers",
		KeySchema: numberKey, Key: tailrace.StructOf([]tailrace.Value{tailrace.Int64(int64(n))}),
		ValueSchema: numberRow, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(int64(n)), tailrace.String(pad)}),
	}
}

// The contract's promises hold on every database, at least once and exactly
// once. A text that is too long is refused; SQLite refuses it by a check.
func TestTheSinkKeepsEveryPromise(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres", "mysql", "mariadb"} {
		for _, offsets := range []string{"", "tailrace_offsets"} {
			t.Run(name+"/"+map[bool]string{true: "at least once", false: "exactly once"}[offsets == ""], func(t *testing.T) {
				sinktest.Run(t, sinktest.Harness{
					Fresh: func(t testing.TB) (sink.Sink, func() []int) {
						d := newTarget(t, name)
						d.exec("CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad VARCHAR(20) CHECK (length(pad) < 20))")
						s := d.sink()
						s.OffsetTable = offsets
						return s, func() []int { return d.numbers(t) }
					},
					Record:    func(n int) tailrace.Record { return numbered(n, fmt.Sprint("row ", n)) },
					Bad:       func() tailrace.Record { return numbered(-1, "this text is longer than the column has room for") },
					Unordered: true,
				})
			})
		}
	}
}

func (d *target) numbers(t testing.TB) []int {
	rows, err := d.db.Query("SELECT number FROM numbers ORDER BY number")
	require.NoError(t, err)
	defer rows.Close()
	out := []int{}
	for rows.Next() {
		var n int
		require.NoError(t, rows.Scan(&n))
		out = append(out, n)
	}
	require.NoError(t, rows.Err())
	return out
}
