package mysql_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// replica starts a server that replicates the other.
func replica(t *testing.T, of *testserver.MySQLServer) *testserver.MySQLServer {
	s := testserver.StartMySQL(t, "--server-id=2")
	s.Exec(t, "RESET BINARY LOGS AND GTIDS")
	host, port, err := net.SplitHostPort(of.Addr)
	require.NoError(t, err)
	s.Exec(t, fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='%s', SOURCE_PORT=%s, SOURCE_USER='%s', SOURCE_PASSWORD='%s', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1",
		host, port, of.User, of.Password), "START REPLICA")
	return s
}

// caughtUp waits until the replica has all that the other has.
func caughtUp(t *testing.T, s, of *testserver.MySQLServer) {
	var executed string
	require.NoError(t, of.DB(t, "").QueryRow("SELECT @@GLOBAL.gtid_executed").Scan(&executed))
	var late int
	require.NoError(t, s.DB(t, "").QueryRow("SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)", executed).Scan(&late))
	require.Zero(t, late, "the replica does not catch up")
}

func TestASourceGoesOnWithAnotherServerByItsGTIDs(t *testing.T) {
	primary := testserver.StartMySQL(t, "--server-id=1")
	primary.Exec(t, "RESET BINARY LOGS AND GTIDS")
	standby := replica(t, primary)
	database := primary.Database(t)
	exec := func(s *testserver.MySQLServer, statements ...string) {
		s.Exec(t, append([]string{"USE " + database}, statements...)...)
	}
	exec(primary, "CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1)")
	src := over(primary, database)
	src.SchemaHistory, src.BatchRows = new(offset.Memory), 3
	r := open(t, src)
	_, from := read(t, r, 1)
	exec(primary, "INSERT INTO t VALUES (2, 2)", "ALTER TABLE t RENAME COLUMN a TO b", "BEGIN", "INSERT INTO t VALUES (3, 3), (4, 4), (5, 5), (6, 6)", "UPDATE t SET b = 0 WHERE id < 3", "COMMIT")
	b, err := open(t, src, from...).Read(soon(t))
	for err == nil && len(b.Records) < 3 { // until it ends within the transaction
		b, err = r.Read(soon(t))
	}
	require.NoError(t, err)
	from = b.Offsets
	require.Contains(t, from[0].Position, `"row":`)
	have := briefs(b.Records)
	require.NoError(t, r.Close())
	caughtUp(t, standby, primary)
	exec(standby, "STOP REPLICA", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (7, 7)", "ALTER TABLE t RENAME COLUMN b TO c", "INSERT INTO t VALUES (8, 8)")

	src.Addr = standby.Addr
	records, _ := read(t, open(t, src, from...), 8-len(have)+1)
	have = append(have, briefs(records)...)
	assert.Equal(t, []string{"c null → {id: 2, a: 2}", "c null → {id: 3, b: 3}", "c null → {id: 4, b: 4}", "c null → {id: 5, b: 5}", "c null → {id: 6, b: 6}",
		"u {id: 1, b: 1} → {id: 1, b: 0}", "u {id: 2, b: 2} → {id: 2, b: 0}", "c null → {id: 7, b: 7}", "c null → {id: 8, c: 8}"}, have)
}

func TestTransactionsOfOtherServersAreLeftOut(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)")
	var own string
	require.NoError(t, s.DB(t, "").QueryRow("SELECT @@GLOBAL.server_uuid").Scan(&own))
	other := "11111111-2222-3333-4444-" + fmt.Sprintf("%012x", len(database)) // of a server that is not there
	insert := func(id int, gtid string) {
		s.Exec(t, "USE "+database, "SET GTID_NEXT='"+gtid+"'", fmt.Sprintf("INSERT INTO t VALUES (%d)", id), "SET GTID_NEXT='AUTOMATIC'")
	}
	src := over(s, database)
	start := tip(t, src)
	gtid := func(n int) string { return fmt.Sprintf("%s:%d", other, n) }
	s.Exec(t, "USE "+database, "INSERT INTO t VALUES (1)")
	insert(2, "AUTOMATIC")
	insert(3, gtid(1000+len(start[0].Position)))
	insert(4, "AUTOMATIC")

	src.GTIDSources = mysql.Include(own)
	records, _ := read(t, open(t, src, start...), 3)
	assert.Equal(t, []string{"c null → {id: 1}", "c null → {id: 2}", "c null → {id: 4}"}, briefs(records))

	src.GTIDSources = mysql.Exclude(own)
	r := open(t, src, start...)
	insert(5, gtid(2000+len(start[0].Position)))
	records, _ = read(t, r, 2)
	assert.Equal(t, []string{"c null → {id: 3}", "c null → {id: 5}"}, briefs(records))
}
