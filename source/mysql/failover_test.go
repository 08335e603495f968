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
	const tagged, untagged = "SET gtid_next='AUTOMATIC:cdc'", "SET gtid_next='AUTOMATIC'"
	exec(primary, "CREATE TABLE t (id INT PRIMARY KEY, a INT)", tagged, "INSERT INTO t VALUES (1, 1)", untagged)
	src := over(primary, database)
	src.SchemaHistory, src.BatchRows = new(offset.Memory), 3
	r := open(t, src)
	_, from := read(t, r, 1)
	assert.Contains(t, from[0].Position, ":cdc:1")
	exec(primary, "INSERT INTO t VALUES (2, 2)", tagged, "ALTER TABLE t RENAME COLUMN a TO b", "BEGIN", "INSERT INTO t VALUES (3, 3), (4, 4), (5, 5), (6, 6)", "UPDATE t SET b = 0 WHERE id < 3", "COMMIT", untagged)
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
	exec(standby, "STOP REPLICA", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (7, 7)", "ALTER TABLE t RENAME COLUMN b TO c", tagged, "INSERT INTO t VALUES (8, 8)", untagged)

	src.Addr = standby.Addr
	records, end := read(t, open(t, src, from...), 8-len(have)+1)
	have = append(have, briefs(records)...)
	assert.Equal(t, []string{"c null → {id: 2, a: 2}", "c null → {id: 3, b: 3}", "c null → {id: 4, b: 4}", "c null → {id: 5, b: 5}", "c null → {id: 6, b: 6}",
		"u {id: 1, b: 1} → {id: 1, b: 0}", "u {id: 2, b: 2} → {id: 2, b: 0}", "c null → {id: 7, b: 7}", "c null → {id: 8, c: 8}"}, have)
	assert.Contains(t, end[0].Position, ":cdc:1-3")
}

// MariaDB's replication domains are streams of their own, which a replica may
// have in another order.
func TestDomainsOfMariaDBAreFollowedToAnotherServer(t *testing.T) {
	primary := testserver.StartMariaDB(t, "--server-id=1")
	primary.Exec(t, "RESET MASTER")
	standby := testserver.StartMariaDB(t, "--server-id=2", "--log-slave-updates=ON")
	standby.Exec(t, "RESET MASTER")
	host, port, err := net.SplitHostPort(primary.Addr)
	require.NoError(t, err)
	standby.Exec(t, fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%s, MASTER_USER='%s', MASTER_PASSWORD='%s', MASTER_USE_GTID=slave_pos",
		host, port, primary.User, primary.Password), "START SLAVE")
	database := primary.Database(t)
	in := func(s *testserver.MySQLServer, domain int, statements ...string) {
		s.Exec(t, append([]string{"USE " + database, fmt.Sprintf("SET SESSION gtid_domain_id=%d", domain)}, append(statements, "SET SESSION gtid_domain_id=0")...)...)
	}
	in(primary, 0, "CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (0, 0)")
	src := over(primary, database)
	src.Flavor, src.BatchRows = mysql.MariaDB, 2
	_, start := read(t, open(t, src), 1)
	in(primary, 1, "INSERT INTO t VALUES (1, 1)")
	in(primary, 2, "BEGIN", "INSERT INTO t VALUES (2, 2), (3, 3), (4, 4)", "UPDATE t SET a = 20 WHERE id = 2", "COMMIT")
	in(primary, 0, "INSERT INTO t VALUES (5, 5)")
	in(primary, 1, "DELETE FROM t WHERE id = 1")
	in(primary, 7, "INSERT INTO t VALUES (6, 6)")
	const changes = 9 // with a tombstone
	records, points := readPoints(t, open(t, src, start...), changes)
	whole := briefs(records)
	for _, domain := range []string{"0-1-", "1-1-", "2-1-", "7-1-"} {
		assert.Contains(t, points[len(points)-1].offsets[0].Position, domain)
	}
	var executed string
	require.NoError(t, primary.DB(t, "").QueryRow("SELECT @@GLOBAL.gtid_binlog_pos").Scan(&executed))
	var late int
	require.NoError(t, standby.DB(t, "").QueryRow("SELECT MASTER_GTID_WAIT(?, 60)", executed).Scan(&late))
	require.Zero(t, late, "the replica does not catch up")
	standby.Exec(t, "STOP SLAVE", "FLUSH BINARY LOGS")
	in(standby, 2, "INSERT INTO t VALUES (7, 7)")
	in(standby, 9, "INSERT INTO t VALUES (8, 8)")
	whole = append(whole, "c null → {id: 7, a: 7}", "c null → {id: 8, a: 8}")
	src.Addr = standby.Addr
	for _, at := range append([]point{{start, 0}}, points...) {
		r := open(t, src, at.offsets...)
		rest, _ := read(t, r, len(whole)-at.before)
		assert.Equal(t, whole[at.before:], briefs(rest), "behind %s", at.offsets[0].Position)
		require.NoError(t, r.Close())
	}
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
