package mysql_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// bothWays gives the rows of a table as the snapshot reads them and as the log
// has them, when the same statement inserts them before and behind the snapshot.
func bothWays(t *testing.T, s *testserver.MySQLServer, create, insert string, rows int) (snapshot, stream []string) {
	database := s.Database(t)
	s.Exec(t, "USE "+database, "SET NAMES utf8mb4", create, insert)
	src := over(s, database)
	src.Flavor = mysql.MariaDB
	src.NoTombstones = true
	r := open(t, src)
	first, _ := read(t, r, rows)
	s.Exec(t, "USE "+database, "SET NAMES utf8mb4", "DELETE FROM t", insert)
	second, _ := read(t, r, 2*rows)
	return afters(first), afters(second[rows:])
}

func afters(records []tailrace.Record) []string {
	out := briefs(records)
	for i := range out {
		_, out[i], _ = strings.Cut(out[i], " → ")
	}
	return out
}

func TestAddressesAndUUIDsOfMariaDBHaveTheTextOfTheServer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rows := []string{}
	add := func(raw [16]byte) {
		text := hex.EncodeToString(raw[:])
		rows = append(rows, fmt.Sprintf("(%d, X'%s', CAST(X'%s' AS INET6), X'%s')", len(rows), text, text, text[24:]))
	}
	for i := range 300 {
		var raw [16]byte
		for j := range raw {
			// Zeros, so that there are runs of them, and at the end.
			if raw[j] = byte(random.Uint32()); random.IntN(3) > 0 && i%2 == 0 {
				raw[j] = 0
			}
		}
		if i%3 == 0 { // of a version and a variant
			raw[6], raw[8] = raw[6]&0x0f|byte(1+i%8)<<4, raw[8]&0x3f|0x80
		}
		add(raw)
	}
	add([16]byte{12: 1, 2, 3, 4})
	add([16]byte{10: 0xff, 0xff, 1, 2, 3, 4})
	add([16]byte{15: 1})
	snapshot, stream := bothWays(t, testserver.MariaDB(t), "CREATE TABLE t (id INT PRIMARY KEY, u UUID, s INET6, f INET4)",
		"INSERT INTO t VALUES "+strings.Join(rows, ","), len(rows))
	require.Len(t, snapshot, len(rows))
	assert.Equal(t, snapshot, stream)
	assert.Contains(t, snapshot[302], "s: ::1,")
}

func TestCompressedColumnsOfMariaDBAreRead(t *testing.T) {
	long := strings.Repeat("grün und blau ", 300)
	snapshot, stream := bothWays(t, testserver.MariaDB(t),
		"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(5000) COMPRESSED CHARACTER SET latin1, x TEXT COMPRESSED CHARACTER SET utf8mb4, b BLOB COMPRESSED, w VARBINARY(100) COMPRESSED, e TEXT COMPRESSED)",
		"INSERT INTO t VALUES (1, '"+long+"', '"+long+"', '"+long+"', 'short', ''), (2, NULL, NULL, NULL, NULL, NULL)", 2)
	assert.Equal(t, snapshot, stream)
	assert.Contains(t, stream[0], "grün und blau grün")
}

func TestVersionedTablesOfMariaDBGiveTheirCurrentRows(t *testing.T) {
	s := testserver.MariaDB(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING", "INSERT INTO t VALUES (1, 1)", "UPDATE t SET v = 2")
	src := over(s, database)
	src.Flavor = mysql.MariaDB
	src.NoTombstones = true
	r := open(t, src)
	records, _ := read(t, r, 1)
	assert.Equal(t, []string{"r null → {id: 1, v: 2}"}, briefs(records))
	s.Exec(t, "USE "+database, "UPDATE t SET v = 3", "INSERT INTO t VALUES (2, 5)", "DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (3, 3)")
	records, _ = read(t, r, 4)
	assert.Equal(t, []string{"u {id: 1, v: 2} → {id: 1, v: 3}", "c null → {id: 2, v: 5}", "d {id: 1, v: 3} → null", "c null → {id: 3, v: 3}"}, briefs(records))
}

func TestSequencesOfMariaDBAreNotTables(t *testing.T) {
	s := testserver.MariaDB(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE SEQUENCE s", "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)")
	src := over(s, database)
	src.Flavor = mysql.MariaDB
	r := open(t, src)
	records, _ := read(t, r, 1)
	assert.Equal(t, []string{"r null → {id: 1, v: 1}"}, briefs(records))
	s.Exec(t, "USE "+database, "SELECT NEXTVAL(s)", "INSERT INTO t VALUES (3, 2)")
	records, _ = read(t, r, 1)
	assert.Equal(t, []string{"c null → {id: 3, v: 2}"}, briefs(records))
}

// The server compresses the texts of statements and the rows of transactions
// alike (log_bin_compress).
func TestCompressedLogsOfMariaDBAreRead(t *testing.T) {
	s := testserver.StartMariaDB(t, "--log-bin-compress=ON", "--log-bin-compress-min-len=10")
	long := strings.Repeat("grün und blau ", 300)
	snapshot, stream := bothWays(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v TEXT CHARACTER SET latin1, x TEXT, n INT)",
		"INSERT INTO t VALUES (1, '"+long+"', '"+long+"', 5), (2, NULL, NULL, NULL)", 2)
	assert.Equal(t, snapshot, stream)

	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20))", "INSERT INTO t VALUES (0, 'zero')")
	src := over(s, database)
	src.Flavor, src.NoTombstones, src.IncludeQuery, src.SchemaHistory = mysql.MariaDB, true, true, new(offset.Memory)
	from := tip(t, src)
	s.Exec(t, "USE "+database, "BEGIN", "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')", "UPDATE t SET a = 'more' WHERE id = 2", "DELETE FROM t WHERE id = 1", "COMMIT",
		"ALTER TABLE t ADD COLUMN b INT NOT NULL DEFAULT 7 FIRST, RENAME COLUMN a TO c", "INSERT INTO t VALUES (8, 4, 'four')")
	src.BatchRows = 1
	var all []string
	for len(all) < 6 { // each record by a reader of its own, most within a transaction
		r := open(t, src, from...)
		var one []tailrace.Record
		one, from = read(t, r, 1)
		all = append(all, briefs(one)...)
		require.NoError(t, r.Close())
	}
	assert.Equal(t, []string{"c null → {id: 1, a: one}", "c null → {id: 2, a: two}", "c null → {id: 3, a: three}", "u {id: 2, a: two} → {id: 2, a: more}",
		"d {id: 1, a: one} → null", "c null → {b: 8, id: 4, c: four}"}, all)

	var events []string
	rows, err := s.DB(t, "").Query("SHOW BINLOG EVENTS")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var file, pos, kind, server, end, info string
		require.NoError(t, rows.Scan(&file, &pos, &kind, &server, &end, &info))
		events = append(events, kind)
	}
	require.NoError(t, rows.Err())
	for _, kind := range []string{"Query_compressed", "Write_rows_compressed_v1", "Update_rows_compressed_v1", "Delete_rows_compressed_v1"} {
		assert.Contains(t, events, kind, "the server has not compressed its log")
	}
}
