package mysql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// An alteration is statements that alter tables between changes of their rows,
// and what the changes have to be. All of the statements are executed before
// the first change is read.
type alteration struct {
	name       string
	statements []string
	want       []string
}

var alterations = []alteration{
	{"a renamed column of the same type", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)",
		"READ",
		"INSERT INTO t VALUES (1, 1, 1)",
		"ALTER TABLE t RENAME COLUMN a TO c",
		"INSERT INTO t VALUES (2, 2, 2)",
		"ALTER TABLE t CHANGE b a INT, CHANGE c b INT",
		"INSERT INTO t VALUES (3, 3, 4)",
	}, []string{"c null → {id: 1, a: 1, b: 1}", "c null → {id: 2, c: 2, b: 2}", "c null → {id: 3, b: 3, a: 4}"}},

	{"fast alterations that do not agree", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"READ",
		"INSERT INTO t VALUES (1, 1)",
		"ALTER TABLE t MODIFY a VARCHAR(10) CHARACTER SET latin1",
		"INSERT INTO t VALUES (2, 'é')",
		"ALTER TABLE t ADD COLUMN f INT FIRST, ADD COLUMN m BIGINT NOT NULL DEFAULT 7 AFTER id",
		"INSERT INTO t (id, a) VALUES (3, 'x')",
		"ALTER TABLE t DROP COLUMN a, DROP COLUMN f, MODIFY m DECIMAL(5,2) FIRST",
		"INSERT INTO t VALUES (1.5, 4)",
		"UPDATE t SET m = 2 WHERE id = 4",
	}, []string{"c null → {id: 1, a: 1}", "c null → {id: 2, a: é}", "c null → {f: null, id: 3, m: 7, a: x}", "c null → {m: 1.50, id: 4}", "u {m: 1.50, id: 4} → {m: 2.00, id: 4}"}},

	{"a table that is dropped and made anew", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"READ",
		"INSERT INTO t VALUES (1, 1)",
		"DROP TABLE t",
		"CREATE TABLE t (name VARCHAR(10) PRIMARY KEY, v DOUBLE, w ENUM('x','y') NOT NULL DEFAULT 'y')",
		"INSERT INTO t (name, v) VALUES ('n', 1.5)",
		"DROP TABLE t",
		"CREATE TABLE t (k INT, w INT)",
		"INSERT INTO t VALUES (5, 6)",
		"DROP TABLE t",
	}, []string{"c null → {id: 1, a: 1}", "c null → {name: n, v: 1.5, w: y}", "c null → {k: 5, w: 6}"}},

	{"tables that take each other's names", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"CREATE TABLE u (uid INT PRIMARY KEY, b INT)",
		"READ",
		"RENAME TABLE t TO v, u TO t, v TO u",
		"INSERT INTO t VALUES (1, 2)",
		"INSERT INTO u VALUES (3, 4)",
		"ALTER TABLE t RENAME TO w, RENAME COLUMN b TO d",
		"INSERT INTO w VALUES (5, 6)",
	}, []string{"c null → {uid: 1, b: 2}", "c null → {id: 3, a: 4}", "c null → {uid: 5, d: 6}"}},

	{"the copy that gh-ost makes", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"READ",
		"INSERT INTO t VALUES (1, 1)",
		"CREATE TABLE _t_gho LIKE t",
		"ALTER TABLE _t_gho RENAME COLUMN a TO z",
		"INSERT INTO _t_gho VALUES (1, 1)",
		"RENAME TABLE t TO _t_del, _t_gho TO t",
		"INSERT INTO t VALUES (2, 2)",
		"DROP TABLE _t_del",
		"ALTER TABLE t RENAME COLUMN z TO y",
	}, []string{"c null → {id: 1, a: 1}", "c null → {id: 2, z: 2}"}},

	{"the copy that pt-online-schema-change makes", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"READ",
		"INSERT INTO t VALUES (1, 1)",
		"CREATE TABLE `_t_new` (`id` int NOT NULL, `a` int DEFAULT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB",
		"ALTER TABLE _t_new ADD COLUMN b VARCHAR(5) DEFAULT 'p' AFTER id",
		"INSERT INTO _t_new VALUES (1, 'x', 1)",
		"RENAME TABLE t TO _t_old, _t_new TO t",
		"DROP TABLE _t_old",
		"INSERT INTO t VALUES (2, 'y', 2)",
		"ALTER TABLE t RENAME COLUMN b TO c",
	}, []string{"c null → {id: 1, a: 1}", "c null → {id: 2, b: y, a: 2}"}},

	{"a table made of a query", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"INSERT INTO t VALUES (1, 1)",
		"READ",
		"CREATE TABLE w AS SELECT id, a + 1 AS b FROM t",
		"ALTER TABLE w RENAME COLUMN b TO c",
		"INSERT INTO w VALUES (2, 3)",
	}, []string{"c null → {id: 1, b: 2}", "c null → {id: 2, c: 3}"}},

	{"statements of others, of which nobody understands a word", []string{
		"CREATE TABLE t (id INT PRIMARY KEY, a INT)",
		"READ",
		"INSERT INTO t VALUES (1, 1)",
		"CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT 1 FROM t FOR UPDATE SKIP LOCKED; END",
		"CREATE VIEW view_of_t AS SELECT /*+ MAX_EXECUTION_TIME(1000) */ * FROM t",
		"/*!50001 ALTER TABLE t COMMENT 'it''s; DROP COLUMN a' */",
		"ALTER TABLE t ADD INDEX `drop` (a), ALGORITHM=INPLACE, LOCK=NONE",
		"INSERT INTO t VALUES (2, 2)",
		"DROP VIEW view_of_t",
		"DROP PROCEDURE p",
	}, []string{"c null → {id: 1, a: 1}", "c null → {id: 2, a: 2}"}},
}

// play executes the statements up to READ, gives what an offset of that is, and
// executes the rest.
func (a *alteration) play(t *testing.T, s *testserver.MySQLServer, start func(database string) (mysql.Source, []tailrace.Offset)) (mysql.Source, []tailrace.Offset) {
	database := s.Database(t)
	at := slices.Index(a.statements, "READ")
	s.Exec(t, append([]string{"USE " + database}, a.statements[:at]...)...)
	src, from := start(database)
	s.Exec(t, append([]string{"USE " + database}, a.statements[at+1:]...)...)
	return src, from
}

// history gives a source that keeps a schema history.
func history(s *testserver.MySQLServer, database string) mysql.Source {
	src := over(s, database)
	src.Tables = mysql.Include(database + `\.[a-z]`)
	src.SchemaHistory = new(offset.Memory)
	src.Snapshot = mysql.SnapshotInitial
	return src
}

// snapshotOf reads the snapshot, and gives the offset behind it.
func snapshotOf(t *testing.T, src mysql.Source) []tailrace.Offset {
	r := open(t, src)
	for {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		if !strings.Contains(b.Offsets[0].Position, `"snapshot":"INITIAL"`) {
			require.NoError(t, r.Close())
			return b.Offsets
		}
	}
}

func TestRowsHaveTheColumnsThatTheirTableHadWhenTheyWereLogged(t *testing.T) {
	for _, metadata := range []string{"MINIMAL", "FULL"} {
		s := testserver.StartMySQL(t, "--binlog-row-metadata="+metadata)
		for _, a := range alterations {
			t.Run(metadata+"/"+a.name, func(t *testing.T) {
				src, from := a.play(t, s, func(database string) (mysql.Source, []tailrace.Offset) {
					src := history(s, database)
					return src, snapshotOf(t, src)
				})
				records, points := readOneByOne(t, src, from, len(a.want))
				assert.Equal(t, a.want, records)
				// From every place where it was stopped, exactly the rest comes.
				for i, at := range points {
					rest, _ := read(t, open(t, src, at...), len(a.want)-i-1)
					assert.Equal(t, a.want[i+1:], briefs(rest), "behind %s", at[0].Position)
				}
			})
		}
	}
}

// readOneByOne reads n changes, each with a reader of its own.
func readOneByOne(t *testing.T, src mysql.Source, from []tailrace.Offset, n int) (records []string, points [][]tailrace.Offset) {
	src.BatchRows, records = 1, []string{}
	for range n {
		r := open(t, src, from...)
		for done := false; !done; {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			require.NoError(t, r.Commit(soon(t), b.Offsets))
			from = b.Offsets
			for i := range b.Records {
				records, done = append(records, brief(&b.Records[i])), true
			}
		}
		points = append(points, from)
		require.NoError(t, r.Close())
	}
	return records, points
}

func TestAlterationsAreFollowedWhileTheyAreMade(t *testing.T) {
	s := testserver.MySQL(t)
	for _, a := range alterations {
		t.Run(a.name, func(t *testing.T) {
			database := s.Database(t)
			src := history(s, database)
			src.SchemaHistory = nil
			at := slices.Index(a.statements, "READ")
			s.Exec(t, append([]string{"USE " + database}, a.statements[:at]...)...)
			from := snapshotOf(t, src)
			r := open(t, src, from...)
			s.Exec(t, append([]string{"USE " + database}, a.statements[at+1:]...)...)
			records, _ := read(t, r, len(a.want))
			assert.Equal(t, a.want, briefs(records))
		})
	}
}

func TestTheLogTellsWhatNobodyRemembers(t *testing.T) {
	s := testserver.StartMySQL(t, "--binlog-row-metadata=FULL")
	for _, a := range alterations {
		t.Run(a.name, func(t *testing.T) {
			src, from := a.play(t, s, func(database string) (mysql.Source, []tailrace.Offset) {
				src := history(s, database)
				src.SchemaHistory = nil
				return src, tip(t, src)
			})
			records, _ := readOneByOne(t, src, from, len(a.want))
			assert.Equal(t, a.want, records)
		})
	}
}

func TestTheSchemaHistoryKeepsNoMoreThanItNeeds(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	src := history(s, database)
	store := src.SchemaHistory.(*offset.Memory)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY)")
	r := open(t, src, snapshotOf(t, src)...)
	for i := range 20 {
		s.Exec(t, "USE "+database, fmt.Sprintf("ALTER TABLE t ADD COLUMN c%d INT", i), fmt.Sprintf("INSERT INTO t (id) VALUES (%d)", i))
		_, offsets := read(t, r, 1)
		require.NoError(t, r.Commit(soon(t), offsets))
	}
	entries, err := store.Load(soon(t), "srv.schema-history")
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, `{"server":"srv","database":"`+database+`","table":"t"}`, entries[0].Partition)
	assert.LessOrEqual(t, strings.Count(entries[0].Position, `"file"`), 3)
}
