package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/sqlite"
)

// A statement takes a row; without quotes names stand as they are.
func TestStatements(t *testing.T) {
	a, v := jdbc.Column{Name: "a"}, jdbc.Column{Name: "v"}
	for _, c := range []struct {
		op      jdbc.Op
		columns []jdbc.Column
		want    string
	}{
		{jdbc.Insert, []jdbc.Column{a, v}, "INSERT INTO t (a, v) VALUES (?, ?)"},
		{jdbc.Upsert, []jdbc.Column{a, v}, "INSERT INTO t (a, v) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET v = excluded.v"},
		{jdbc.Upsert, []jdbc.Column{a}, "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING"},
		{jdbc.Update, []jdbc.Column{v, a}, "UPDATE t SET v = ? WHERE a = ?"},
		{jdbc.Delete, []jdbc.Column{a}, "DELETE FROM t WHERE a = ?"},
	} {
		query, n := sqlite.Dialect{}.Statement(jdbc.Write{Op: c.op, Table: jdbc.Table{Name: "t"}, Columns: c.columns, Keys: 1}, 9)
		assert.Equal(t, c.want, query)
		assert.Equal(t, 1, n)
	}
}
