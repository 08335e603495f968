package mysql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// xaServers are the servers that prepare transactions: private ones, for what
// is prepared and left holds locks for ever.
func xaServers(t *testing.T, test func(t *testing.T, s *testserver.MySQLServer, flavor mysql.Flavor)) {
	t.Run("MySQL", func(t *testing.T) { test(t, testserver.StartMySQL(t), mysql.MySQL) })
	t.Run("MariaDB", func(t *testing.T) { test(t, testserver.StartMariaDB(t), mysql.MariaDB) })
	t.Run("MySQL without GTIDs", func(t *testing.T) {
		test(t, testserver.StartMySQL(t, "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"), mysql.MySQL)
	})
}

// unknownXID is the error XAER_NOTA: there is no transaction of that name to be ended.
const unknownXID = 1397

// xaTable makes a table and a source over it. Statements of prepare lay two
// rows into an XA transaction.
func xaTable(t *testing.T, s *testserver.MySQLServer, flavor mysql.Flavor) (src mysql.Source, exec func(statements ...string), prepare func(id string, from int) []string) {
	database := s.Database(t)
	src = over(s, database)
	src.Flavor = flavor
	src.TransactionMetadata = false
	exec = func(statements ...string) {
		// MariaDB lets others end a transaction only once the connection that
		// prepared it is gone, which is some time after it was closed.
		db, err := sql.Open("mysql", s.DSN(database))
		require.NoError(t, err)
		defer db.Close()
		db.SetMaxOpenConns(1)
		for _, statement := range statements {
			var err error
			require.Eventually(t, func() bool {
				_, err = db.Exec(statement)
				var refused *driver.MySQLError
				return !errors.As(err, &refused) || refused.Number != unknownXID
			}, time.Minute, 10*time.Millisecond, statement)
			require.NoError(t, err, statement)
		}
	}
	exec("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(10))")
	name := func(id string) string { return "'" + database + id + "','branch',7" }
	prepare = func(id string, from int) []string {
		return []string{"XA START " + name(id), fmt.Sprintf("INSERT INTO t VALUES (%d, 'one'), (%d, 'two')", from, from+1),
			fmt.Sprintf("UPDATE t SET a = 'zwei' WHERE id = %d", from+1), "XA END " + name(id), "XA PREPARE " + name(id), name(id)}
	}
	return src, exec, prepare
}

// prepared takes the name off what prepare gives.
func prepared(statements []string) (name string, rest []string) {
	return statements[len(statements)-1], statements[:len(statements)-1]
}

func TestTheRowsOfAnXATransactionComeWhenItIsCommitted(t *testing.T) {
	xaServers(t, func(t *testing.T, s *testserver.MySQLServer, flavor mysql.Flavor) {
		src, exec, prepare := xaTable(t, s, flavor)
		start := tip(t, src)
		a, first := prepared(prepare("a", 10))
		b, second := prepared(prepare("b", 20))
		c, third := prepared(prepare("c", 30))
		exec(first...)
		exec(second...)
		exec("INSERT INTO t VALUES (1, 'plain')")
		exec("XA ROLLBACK " + b)
		exec("XA COMMIT " + a)
		exec("INSERT INTO t VALUES (2, 'plain')")
		exec(append(third[:len(third)-1], "XA COMMIT "+c+" ONE PHASE")...)
		exec("INSERT INTO t VALUES (3, 'plain')")
		want := []string{"c null → {id: 1, a: plain}",
			"c null → {id: 10, a: one}", "c null → {id: 11, a: two}", "u {id: 11, a: two} → {id: 11, a: zwei}",
			"c null → {id: 2, a: plain}",
			"c null → {id: 30, a: one}", "c null → {id: 31, a: two}", "u {id: 31, a: two} → {id: 31, a: zwei}",
			"c null → {id: 3, a: plain}"}
		records, points := readOneByOne(t, src, start, len(want))
		require.Equal(t, want, records)
		for i, at := range points {
			rest, _ := read(t, open(t, src, at...), len(want)-i-1)
			assert.Equal(t, want[i+1:], briefs(rest), "behind %s", at[0].Position)
		}
		whole, _ := read(t, open(t, src, start...), len(want))
		assert.Equal(t, want, briefs(whole))
	})
}

func TestAnXATransactionIsOneToThoseWhoCountTransactions(t *testing.T) {
	xaServers(t, func(t *testing.T, s *testserver.MySQLServer, flavor mysql.Flavor) {
		src, exec, prepare := xaTable(t, s, flavor)
		src.TransactionMetadata = true
		start := tip(t, src)
		a, statements := prepared(prepare("a", 10))
		exec(statements...)
		exec("XA COMMIT " + a)
		records, _ := read(t, open(t, src, start...), 5)
		var status []string
		for _, i := range []int{0, 4} {
			status = append(status, records[i].ValueStruct().Get("status").Text())
		}
		assert.Equal(t, []string{"BEGIN", "END"}, status)
		assert.Equal(t, int64(3), records[4].ValueStruct().Get("event_count").Int())
		c, _ := tailrace.AsChange(&records[3])
		assert.Equal(t, int64(3), c.Transaction().Get("total_order").Int())
	})
}

func TestWhatWasPreparedBeforeTheSnapshotComesWithItsCommit(t *testing.T) {
	xaServers(t, func(t *testing.T, s *testserver.MySQLServer, flavor mysql.Flavor) {
		src, exec, prepare := xaTable(t, s, flavor)
		exec("INSERT INTO t VALUES (1, 'plain')")
		a, statements := prepared(prepare("a", 10))
		exec(statements...)
		src.SnapshotLocking = mysql.LockNone
		if flavor == mysql.MySQL {
			src.Snapshot = mysql.SnapshotNoData
		}
		start := tip(t, src)
		exec("XA COMMIT " + a)
		exec("INSERT INTO t VALUES (2, 'plain')")
		records, _ := read(t, open(t, src, start...), 4)
		assert.Equal(t, []string{"c null → {id: 10, a: one}", "c null → {id: 11, a: two}", "u {id: 11, a: two} → {id: 11, a: zwei}", "c null → {id: 2, a: plain}"}, briefs(records))
	})
}
