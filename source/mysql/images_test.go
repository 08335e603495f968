package mysql_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestColumnsThatALogLeavesOutAreUnchanged(t *testing.T) {
	for image, want := range map[string][4][]string{
		// before and after of the first update, before and after of the second
		"FULL":    {{"id", "a", "x", "u"}, {"id", "a", "x", "u"}, {"id", "a", "x", "u"}, {"id", "a", "x", "u"}},
		"NOBLOB":  {{"id", "a", "u"}, {"id", "a", "u"}, {"id", "a", "u"}, {"id", "a", "x", "u"}},
		"MINIMAL": {{"id"}, {"id", "a"}, {"id"}, {"id", "x"}},
	} {
		t.Run(image, func(t *testing.T) {
			s := testserver.MySQL(t)
			database := s.Database(t)
			s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, a INT, x TEXT, u INT)")
			src := over(s, database)
			r := open(t, src, tip(t, src)...)
			s.Exec(t, "USE "+database, "SET SESSION binlog_row_image = '"+image+"'", "INSERT INTO t VALUES (1, 1, 'x', 1), (2, 2, 'y', 2)",
				"UPDATE t SET a = 5 WHERE id = 1", "UPDATE t SET x = NULL WHERE id = 1", "DELETE FROM t WHERE id = 2")
			records, _ := read(t, r, 6)
			var images [4][]string
			for i, at := range []int{2, 3} {
				c, ok := tailrace.AsChange(&records[at])
				require.True(t, ok)
				for j, row := range []tailrace.Struct{c.Before(), c.After()} {
					for k, f := range row.Schema.Fields() {
						if !row.Values[k].IsUnchanged() {
							images[2*i+j] = append(images[2*i+j], f.Name)
						}
					}
				}
			}
			assert.Equal(t, want, images)
			for _, at := range []int{2, 3} {
				assert.Equal(t, "{id: 1}", records[at].KeyStruct().String())
			}
			assert.Equal(t, "tombstone {id: 2}", brief(&records[5]))
		})
	}
}

func TestLoadDataIsReadAsInserts(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET latin1)")
	src := over(s, database)
	r := open(t, src, tip(t, src)...)
	file := filepath.Join(t.TempDir(), "rows")
	require.NoError(t, os.WriteFile(file, []byte("1\tgr\xfcn\n2\t\\N\n3\tblau\n"), 0o644))
	driver.RegisterLocalFile(file)
	defer driver.DeregisterLocalFile(file)
	s.Exec(t, "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE "+database+".t CHARACTER SET latin1")
	records, _ := read(t, r, 3)
	assert.Equal(t, []string{"c null → {id: 1, v: grün}", "c null → {id: 2, v: null}", "c null → {id: 3, v: blau}"}, briefs(records))
}

func TestAHeartbeatRunsItsStatement(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE beat (id INT PRIMARY KEY, n INT)", "INSERT INTO beat VALUES (1, 0)")
	src := over(s, database)
	from := tip(t, src)
	src.Heartbeat, src.HeartbeatQuery = 100*time.Millisecond, "UPDATE "+database+".beat SET n = n + 1"
	r := open(t, src, from...)
	updates, beats := 0, 0
	for updates < 3 || beats < 3 {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		for i := range b.Records {
			if b.Records[i].Topic == "__debezium-heartbeat.srv" {
				beats++
			} else {
				updates++
			}
		}
	}
}

func TestAHeartbeatWhoseStatementFailsIsAnError(t *testing.T) {
	s := testserver.MySQL(t)
	src := over(s, s.Database(t))
	from := tip(t, src)
	src.Heartbeat, src.HeartbeatQuery = time.Millisecond, "UPDATE no_such.table_at_all SET a = 1"
	_, err := open(t, src, from...).Read(soon(t))
	assert.ErrorContains(t, err, "HeartbeatQuery")
}
