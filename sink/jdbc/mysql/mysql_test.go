package mysql_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
)

// A statement takes many rows; an update takes one where its key is no number.
func TestStatements(t *testing.T) {
	d := mysql.Dialect{}
	a, b, v, n := jdbc.Column{Name: "a"}, jdbc.Column{Name: "b"}, jdbc.Column{Name: "v`"}, jdbc.Column{Name: "n", Kind: jdbc.Int32}
	for _, c := range []struct {
		op      jdbc.Op
		columns []jdbc.Column
		keys    int
		want    string
		rows    int
	}{
		{jdbc.Insert, []jdbc.Column{a, v}, 0, "INSERT INTO `t` (`a`, `v```) VALUES (?,?),(?,?)", 2},
		{jdbc.Upsert, []jdbc.Column{a, v}, 1, "INSERT INTO `t` (`a`, `v```) VALUES (?,?),(?,?) ON DUPLICATE KEY UPDATE `v``` = VALUES(`v```)", 2},
		{jdbc.Upsert, []jdbc.Column{a}, 1, "INSERT INTO `t` (`a`) VALUES (?),(?) ON DUPLICATE KEY UPDATE `a` = VALUES(`a`)", 2},
		{jdbc.Update, []jdbc.Column{v, a, b}, 2, "UPDATE `t` SET `v``` = ? WHERE `a` = ? AND `b` = ?", 1},
		{jdbc.Update, []jdbc.Column{v, n}, 1, "UPDATE `t` AS t JOIN (SELECT `v```, `n` FROM `t` WHERE FALSE UNION ALL SELECT ?,? UNION ALL SELECT ?,?) AS u ON t.`n` = u.`n` SET t.`v``` = u.`v```", 2},
		{jdbc.Delete, []jdbc.Column{a}, 1, "DELETE FROM `t` WHERE `a` IN (?,?)", 2},
		{jdbc.Delete, []jdbc.Column{a, b}, 2, "DELETE FROM `t` WHERE (`a`, `b`) IN ((?,?),(?,?))", 2},
	} {
		query, rows := d.Statement(jdbc.Write{Op: c.op, Table: jdbc.Table{Name: "t"}, Columns: c.columns, Keys: c.keys, Syntax: d.Syntax()}, 2)
		assert.Equal(t, c.want, query)
		assert.Equal(t, c.rows, rows)
	}
}

// A decimal that MySQL has no room for is refused before it loses digits.
func TestDecimalsOfManyDigits(t *testing.T) {
	_, err := mysql.Dialect{}.Declare(jdbc.Column{Kind: jdbc.Decimal, Scale: 40})
	assert.ErrorContains(t, err, "30 at most")
	typ, err := mysql.Dialect{}.Declare(jdbc.Column{Kind: jdbc.Decimal, Precision: 12, Scale: 2})
	assert.NoError(t, err)
	assert.Equal(t, "DECIMAL(12,2)", typ)
}
