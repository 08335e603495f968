package jdbc_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/dialecttest"
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

// Each dialect does what the writer expects, and with it the sink keeps its
// contract, at least once and exactly once. SQLite refuses a text that is too
// long by a check.
func TestTheDialectsKeepEveryPromise(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			dialecttest.Run(t, dialecttest.Harness{
				Fresh: func(t testing.TB) (jdbc.Sink, *sql.DB) {
					d := newTarget(t, name)
					return jdbc.Sink{URL: d.url, Dialect: d.dialect}, d.db
				},
				Numbers: "CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad VARCHAR(20) CHECK (length(pad) <= 20))",
				Loads:   name != "sqlite",
			})
		})
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
