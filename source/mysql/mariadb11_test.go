package mysql_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// Debezium 3.5 cannot parse the definition of such a table of MariaDB, and
// stops. Here its vectors are those of MySQL.
func TestVectorsOfMariaDBAreArraysOfFloats(t *testing.T) {
	s := testserver.MariaDB11(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3) NOT NULL, w VECTOR(2))",
		"INSERT INTO t VALUES (1, VEC_FromText('[1,-2.5,0.1]'), NULL)")
	src := over(s, database)
	src.Flavor = mysql.MariaDB
	r := open(t, src)
	records, _ := read(t, r, 1)
	s.Exec(t, "USE "+database, "INSERT INTO t VALUES (2, VEC_FromText('[0,0.25,-1]'), VEC_FromText('[3,4]'))",
		"ALTER TABLE t ADD x VECTOR(1) AFTER id", "UPDATE t SET x = VEC_FromText('[8]'), w = NULL WHERE id = 2")
	more, _ := read(t, r, 2)
	assert.Equal(t, []string{"r null → {id: 1, v: [1, -2.5, 0.1], w: null}", "c null → {id: 2, v: [0, 0.25, -1], w: [3, 4]}",
		"u {id: 2, x: null, v: [0, 0.25, -1], w: [3, 4]} → {id: 2, x: [8], v: [0, 0.25, -1], w: null}"}, briefs(append(records, more...)))
	c, ok := tailrace.AsChange(&more[0])
	require.True(t, ok)
	field, _ := c.After().Schema.Field("v")
	assert.Equal(t, "io.debezium.data.FloatVector", field.Schema.Name())
}
