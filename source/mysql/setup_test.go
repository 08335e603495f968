package mysql_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
)

func ExampleSource_Open() {
	_, err := mysql.Source{
		Addr:        "db.example.com",
		TopicPrefix: "shop events",
		Tables:      mysql.Include("shop.orders", "shop.(items"),
		Snapshot:    "sometimes",
	}.Open(context.Background(), nil)
	fmt.Println(err)
	// Output:
	// mysql source: the configuration is not valid: User is empty: say as whom to connect to db.example.com:3306
	// TopicPrefix "shop events": topics have no " " in their names, only letters, digits, dots, underscores and hyphens
	// Snapshot is "sometimes": it must be one of initial, always, initial_only, no_data, never, recovery, when_needed, configuration_based
	// Tables.Include: "shop.(items" is no regular expression: error parsing regexp: missing closing ): `(?i)^(?:shop.(items)$`
}

func ExampleFilter() {
	src := mysql.Source{
		Addr: "localhost:3306", User: "cdc", TopicPrefix: "shop",
		Tables:  mysql.Include(`shop\.orders`, `shop\.items_.*`),
		Columns: mysql.Exclude(`shop\.orders\.card_number`),
	}
	fmt.Println(src.Tables.Include, src.Columns.Exclude)
	// Output: [shop\.orders shop\.items_.*] [shop\.orders\.card_number]
}

// user makes a user with a privilege list for everything.
func user(t testing.TB, s *testserver.MySQLServer, name string, grants ...string) {
	s.Exec(t, "DROP USER IF EXISTS "+name, "CREATE USER "+name+" IDENTIFIED BY 'secret word'")
	for _, g := range grants {
		s.Exec(t, "GRANT "+g+" TO "+name)
	}
	t.Cleanup(func() { s.Exec(t, "DROP USER IF EXISTS "+name) })
}

func TestMissingPrivilegesAreListedWithTheStatementsThatGrantThem(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)")
	user(t, s, "poor")
	src := over(s, database)
	src.User, src.Password = "poor", "secret word"
	_, err := src.Open(soon(t), nil)
	require.Error(t, err)
	assert.ErrorContains(t, err, "GRANT REPLICATION SLAVE ON *.* TO 'poor'@'%'")
	assert.ErrorContains(t, err, "GRANT REPLICATION CLIENT ON *.* TO 'poor'@'%'")
	assert.NotContains(t, err.Error(), "secret word")
	assert.ErrorContains(t, err, "the database "+database+" is not there, or the user may not see it", "all that is wrong is said at once")
	assert.ErrorContains(t, err, "GRANT RELOAD ON *.* TO 'poor'@'%'")

	s.Exec(t, "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO poor")
	_, err = src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "the database "+database+" is not there, or the user may not see it")
	assert.ErrorContains(t, err, "GRANT SELECT ON `"+database+"`.*")

	s.Exec(t, "GRANT INSERT ON "+database+".* TO poor")
	_, err = src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "the user may not read "+database+".t: GRANT SELECT")

	s.Exec(t, "GRANT SELECT ON "+database+".* TO poor")
	_, err = src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "GRANT RELOAD ON *.* TO 'poor'@'%'")

	s.Exec(t, "GRANT LOCK TABLES ON "+database+".* TO poor", "INSERT INTO "+database+".t VALUES (1)")
	records, _ := read(t, open(t, src), 1)
	assert.Equal(t, []string{"r null → {id: 1}"}, briefs(records))
}

func TestASnapshotWithoutLocksNeedsNoPrivilegeForThem(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)", "INSERT INTO "+database+".t VALUES (1)")
	user(t, s, "lockless", "SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*")
	src := over(s, database)
	src.User, src.Password, src.SnapshotLocking = "lockless", "secret word", mysql.LockNone
	r := open(t, src)
	s.Exec(t, "INSERT INTO "+database+".t VALUES (2)")
	records, _ := read(t, r, 2)
	assert.Equal(t, []string{"r null → {id: 1}", "c null → {id: 2}"}, briefs(records))
}

func TestAServerThatIsNotSetUpIsOneErrorWithAllThatIsWrong(t *testing.T) {
	s := testserver.StartMySQL(t, "--skip-log-bin", "--binlog-row-image=MINIMAL", "--binlog-expire-logs-seconds=60", "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")
	_, err := over(s, s.Database(t)).Open(soon(t), nil)
	require.Error(t, err)
	assert.ErrorContains(t, err, "--log-bin")
	assert.ErrorContains(t, err, "SET GLOBAL binlog_row_image='FULL'")
	assert.ErrorContains(t, err, "SET GLOBAL binlog_expire_logs_seconds=604800")
}

func TestAWrongPasswordIsAnErrorThatDoesNotShowIt(t *testing.T) {
	s := testserver.MySQL(t)
	src := over(s, "mysql")
	src.Password = "not the password"
	_, err := src.Open(soon(t), nil)
	require.ErrorContains(t, err, "check User and Password")
	assert.NotContains(t, err.Error(), "not the password")
	requireRetryable(t, err, false)
}

func TestTheOtherFlavorIsAnErrorThatNamesTheRightOne(t *testing.T) {
	s := testserver.MySQL(t)
	src := over(s, s.Database(t))
	src.Flavor = mysql.MariaDB
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, `set it to "mysql"`)
}

func TestStoredOffsetsOfAnotherPrefixAreAnError(t *testing.T) {
	s := testserver.MySQL(t)
	_, err := over(s, s.Database(t)).Open(soon(t), []tailrace.Offset{{Partition: `{"server":"other"}`, Position: `{"file":"binlog.000001","pos":4}`}})
	assert.ErrorContains(t, err, "set TopicPrefix to the name under which they were stored")
}

func TestConnectionsAreEncryptedAsAsked(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)", "INSERT INTO "+database+".t VALUES (1)")
	for _, mode := range []mysql.Encryption{mysql.EncryptionDisabled, mysql.EncryptionPreferred, mysql.EncryptionRequired} {
		src := over(s, database)
		src.Encryption = mode
		r := open(t, src)
		read(t, r, 1)
		s.Exec(t, fmt.Sprintf("INSERT INTO %s.t VALUES (%d)", database, 10+len(mode)))
		read(t, r, 1)
		s.Exec(t, "DELETE FROM "+database+".t WHERE id > 1")
		read(t, r, 2)
		require.NoError(t, r.Close())
	}
	src := over(s, database)
	src.Encryption, src.TLS = mysql.EncryptionVerifyCA, &tls.Config{}
	_, err := src.Open(soon(t), nil)
	require.ErrorContains(t, err, "certificate")
	requireRetryable(t, err, false)
}

// Users log in by whatever plugin the server has for them, encrypted or not.
func TestUsersLogInByThePluginThatTheyHave(t *testing.T) {
	maria, my := testserver.StartMariaDB11(t, "--plugin-load-add=auth_parsec", "--plugin-load-add=auth_ed25519"), testserver.MySQL(t)
	const privileges = "SELECT, RELOAD, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT"
	for _, login := range []struct {
		plugin, identified string
		server             *testserver.MySQLServer
		flavor             mysql.Flavor
	}{
		{"parsec", "VIA parsec USING PASSWORD('%s')", maria, mysql.MariaDB},
		{"ed25519", "VIA ed25519 USING PASSWORD('%s')", maria, mysql.MariaDB},
		{"mysql_native_password", "VIA mysql_native_password USING PASSWORD('%s')", maria, mysql.MariaDB},
		{"caching_sha2_password", "WITH caching_sha2_password BY '%s'", my, mysql.MySQL},
		{"sha256_password", "WITH sha256_password BY '%s'", my, mysql.MySQL},
	} {
		s := login.server
		database := s.Database(t)
		s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)", "INSERT INTO "+database+".t VALUES (1)")
		for _, mode := range []mysql.Encryption{mysql.EncryptionDisabled, mysql.EncryptionRequired} {
			t.Run(login.plugin+" "+string(mode), func(t *testing.T) {
				// A new user a time: what a server has cached of the last one's password does not help.
				name := "u_" + login.plugin + "_" + string(mode)
				s.Exec(t, "CREATE USER "+name+" IDENTIFIED "+fmt.Sprintf(login.identified, "secret word"),
					"GRANT "+privileges+" ON *.* TO "+name)
				defer s.Exec(t, "DROP USER "+name)
				src := over(s, database)
				src.Flavor, src.User, src.Password, src.Encryption = login.flavor, name, "secret word", mode
				r := open(t, src)
				records, _ := read(t, r, 1)
				assert.Equal(t, []string{"r null → {id: 1}"}, briefs(records))
				s.Exec(t, "INSERT INTO "+database+".t VALUES (2)")
				records, _ = read(t, r, 1)
				assert.Equal(t, []string{"c null → {id: 2}"}, briefs(records))
				s.Exec(t, "DELETE FROM "+database+".t WHERE id = 2")
				require.NoError(t, r.Close())

				src.Password = "another word"
				_, err := src.Open(soon(t), nil)
				require.ErrorContains(t, err, "check User and Password")
				assert.NotContains(t, err.Error(), "another word")
				requireRetryable(t, err, false)
			})
		}
	}
}

func TestMariaDBIsReadToo(t *testing.T) {
	s := testserver.MariaDB(t)
	database := bigTransactionTables(t, s)
	src := over(s, database)
	src.Flavor = mysql.MariaDB
	s.Exec(t, "INSERT INTO "+database+".u VALUES (7, 'seven')")
	r := open(t, src)
	records, _ := read(t, r, 1)
	assert.Equal(t, []string{"r null → {id: 7, text: seven}"}, briefs(records))
	c, _ := tailrace.AsChange(&records[0])
	assert.Equal(t, "mariadb", c.Source().Connector())
	require.NoError(t, r.Close())

	start := tip(t, src)
	s.Exec(t, append([]string{"USE " + database}, bigTransaction...)...)
	resumesExactly(t, src, start)
}

func TestADefinitionThatChangesIsFollowed(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY, a VARCHAR(10))")
	src := over(s, database)
	r := open(t, src, tip(t, src)...)
	step := func(want string, statements ...string) {
		t.Helper()
		s.Exec(t, append([]string{"USE " + database}, statements...)...)
		records, _ := read(t, r, 1)
		assert.Equal(t, want, brief(&records[0]))
	}
	step("c null → {id: 1, a: x}", "INSERT INTO t VALUES (1, 'x')")
	step("c null → {id: 2, a: x, b: 7}", "ALTER TABLE t ADD b INT", "INSERT INTO t VALUES (2, 'x', 7)")
	step("c null → {id: 3, b: 8}", "ALTER TABLE t DROP a", "INSERT INTO t VALUES (3, 8)")
	step("c null → {id: 4, c: 9}", "ALTER TABLE t RENAME COLUMN b TO c", "INSERT INTO t VALUES (4, 9)")
	step("c null → {id: 1, n: 1}", "CREATE TABLE fresh (id INT PRIMARY KEY, n INT)", "INSERT INTO fresh VALUES (1, 1)")
	step("c null → {id: 2, n: 2}", "RENAME TABLE fresh TO `od``d`", "INSERT INTO `od``d` VALUES (2, 2)")
}

func TestRowsOlderThanTheDefinitionAreAnErrorAndNotWrong(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY, a INT)")
	src := over(s, database)
	start := tip(t, src)
	s.Exec(t, "USE "+database, "INSERT INTO t VALUES (1, 2)", "ALTER TABLE t MODIFY a VARCHAR(20)", "INSERT INTO t VALUES (2, 'x')")
	_, err := open(t, src, start...).Read(soon(t))
	require.ErrorContains(t, err, "column 2 (a): the log has a INT, the definition varchar(20)")
	requireRetryable(t, err, false)
}

func TestAStatementInThePlaceOfRowsIsAnError(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY)")
	src := over(s, database)
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "USE "+database, "SET SESSION binlog_format = STATEMENT", "INSERT INTO t VALUES (1)")
	for {
		if _, err := r.Read(soon(t)); err != nil {
			require.ErrorContains(t, err, "INSERT")
			require.ErrorContains(t, err, "have it set to ROW")
			return
		}
	}
}
