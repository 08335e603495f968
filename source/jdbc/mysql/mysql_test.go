package mysql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/dialecttest"
	"github.com/tailrace-io/tailrace/source/jdbc/mysql"
)

// columns are the types that MySQL and MariaDB share.
var columns = []dialecttest.Column{
	column("BOOLEAN NOT NULL", "TRUE", "int8", "1"),
	column("TINYINT(1)", "-7", "int8?", "-7"),
	column("TINYINT", "-128", "int8?", "-128"),
	column("TINYINT UNSIGNED", "255", "int16?", "255"),
	column("SMALLINT", "-32768", "int16?", "-32768"),
	column("SMALLINT UNSIGNED", "65535", "int32?", "65535"),
	column("MEDIUMINT", "8388607", "int32?", "8388607"),
	column("MEDIUMINT UNSIGNED", "16777215", "int64?", "16777215"),
	column("INT", "-2147483648", "int32?", "-2147483648"),
	column("INT UNSIGNED", "4294967295", "int64?", "4294967295"),
	column("BIGINT", "9223372036854775807", "int64?", "9223372036854775807"),
	column("BIGINT UNSIGNED", "9223372036854775807", "int64?", "9223372036854775807"),
	column("BIGINT UNSIGNED", "18446744073709551615", "int64?", "!"),
	column("BIT", "b'1'", "int8?", "1"),
	column("BIT(7)", "b'1000001'", "int8?", "65"),
	column("BIT(16)", "b'1000000000000001'", "int64?", "32769"),
	column("FLOAT", "3.14159274", "float32?", "3.1415927"),
	column("DOUBLE", "0.1", "float64?", "0.1"),
	column("DECIMAL(12,2) NOT NULL", "-12.5", "Decimal scale=2 connect.decimal.precision=12", "-12.50"),
	column("DECIMAL(30,10)", "12345678901234567890.0123456789", "Decimal scale=10 connect.decimal.precision=30?", "12345678901234567890.0123456789"),
	column("CHAR(3)", "'ä'", "string?", "ä"),
	column("VARCHAR(20) CHARACTER SET latin1 NOT NULL", "'ä'", "string", "ä"),
	column("TEXT", "'😀'", "string?", "😀"),
	column("ENUM('a','b')", "'b'", "string?", "b"),
	column("SET('a','b')", "'a,b'", "string?", "a,b"),
	column("JSON", `'{"a": 1}'`, "string?", `{"a": 1}`),
	column("BINARY(2)", "x'00ff'", "bytes?", "AP8="),
	column("VARBINARY(10)", "x'00'", "bytes?", "AA=="),
	column("BLOB", "x'00ff'", "bytes?", "AP8="),
	column("YEAR", "2024", "Date?", "2024-01-01"),
	column("DATE", "'2024-02-29'", "Date?", "2024-02-29"),
	column("DATE", "'0000-00-00'", "Date?", "null"),
	column("DATE NOT NULL", "'0000-00-00'", "Date", "!"),
	column("TIME", "'12:34:56'", "Time?", "12h34m56s"),
	column("TIME(6)", "'00:00:00.123456'", "Time?", "123ms"),
	column("TIME", "'25:00:00'", "Time?", "!"),
	column("TIME", "'-01:00:00'", "Time?", "!"),
	column("DATETIME", "'2024-02-29 23:59:58'", "Timestamp?", "2024-02-29T23:59:58Z"),
	column("DATETIME(6) NOT NULL", "'9999-12-31 23:59:59.123456'", "Timestamp", "9999-12-31T23:59:59.123Z"),
	column("DATETIME", "'0000-00-00'", "Timestamp?", "null"),
	column("DATETIME NOT NULL", "'0000-00-00'", "Timestamp", "!"),
	column("DATETIME", "NULL", "Timestamp?", "null"),
	column("TIMESTAMP(3) NULL", "'2024-02-29 23:59:58.123'", "Timestamp?", "2024-02-29T23:59:58.123Z"),
	column("POINT", "ST_GeomFromText('POINT(1 2)')", "bytes?", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="),
}

func column(declared, literal, schema, shown string) dialecttest.Column {
	return dialecttest.Column{Declared: declared, Literal: literal, Schema: schema, Shown: shown}
}

func fresh(server *testserver.MySQLServer, d jdbc.Dialect, scheme string) func(testing.TB) (jdbc.Source, func(string)) {
	return func(t testing.TB) (jdbc.Source, func(string)) {
		name := server.Database(t)
		db := server.DB(t, name)
		db.SetMaxOpenConns(1)
		_, err := db.Exec("SET sql_mode = '', time_zone = '+00:00'")
		require.NoError(t, err)
		s := jdbc.Source{URL: "jdbc:" + scheme + "://" + server.Addr + "/" + name, User: server.User, Password: server.Password, Dialect: d}
		return s, func(statement string) {
			t.Helper()
			_, err := db.Exec(statement)
			require.NoError(t, err, statement)
		}
	}
}

func harness(server *testserver.MySQLServer, d jdbc.Dialect, scheme string) dialecttest.Harness {
	return dialecttest.Harness{
		Fresh:   fresh(server, d, scheme),
		Changes: "CREATE TABLE changes (id BIGINT PRIMARY KEY AUTO_INCREMENT, n INT NOT NULL, at DATETIME(3) NOT NULL)",
		Literal: func(clock time.Time) string { return clock.Format("'2006-01-02 15:04:05.000'") },
		Columns: columns,
	}
}

func TestMySQLKeepsEveryPromise(t *testing.T) {
	h := harness(testserver.MySQL(t), mysql.Dialect{}, "mysql")
	h.Columns = append(h.Columns, column("VECTOR(2)", "STRING_TO_VECTOR('[1,2]')", "bytes?", "AACAPwAAAEA="))
	dialecttest.Run(t, h)
}

func TestMariaDBKeepsEveryPromise(t *testing.T) {
	h := harness(testserver.MariaDB(t), mysql.MariaDB{}, "mariadb")
	h.Columns = append(h.Columns,
		column("UUID", "'123e4567-e89b-12d3-a456-426655440000'", "string?", "123e4567-e89b-12d3-a456-426655440000"),
		column("INET6", "'::1'", "string?", "::1"))
	dialecttest.Run(t, h)
}

// A TIMESTAMP is an instant, so that neither the zone of the server nor that of
// the source matters to it.
func TestATimestampDoesNotGoByAZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	s, exec := fresh(testserver.MySQL(t), mysql.Dialect{}, "mysql")(t)
	exec("CREATE TABLE t (at TIMESTAMP(3) NOT NULL, seen DATETIME(3) NOT NULL)")
	exec("SET time_zone = '-05:00'")
	exec("INSERT INTO t VALUES ('2024-07-01 07:00:00.001', '2024-07-01 14:00:00.001')")
	s.Mode, s.TimestampColumns, s.Location, s.PollInterval = jdbc.Timestamp, []string{"at"}, berlin, time.Millisecond
	r, err := s.Open(t.Context(), nil)
	require.NoError(t, err)
	defer r.Close()
	b, err := r.Read(t.Context())
	require.NoError(t, err)
	noon := time.Date(2024, 7, 1, 12, 0, 0, 1_000_000, time.UTC).UnixMilli()
	assert.Equal(t, noon, b.Records[0].ValueStruct().Get("at").Int())
	assert.Equal(t, noon, b.Records[0].ValueStruct().Get("seen").Int())

	s.TimestampColumns = []string{"at", "seen"}
	_, err = s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "some keep instants and some what clocks show")
}

func TestTablesOfOtherDatabasesAreReadByTheCatalog(t *testing.T) {
	server := testserver.MySQL(t)
	s, exec := fresh(server, mysql.Dialect{}, "mysql")(t)
	exec("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT)")
	exec("INSERT INTO t VALUES (7)")
	name := server.Database(t)
	u := "jdbc:mysql://" + server.Addr + "/"
	s.Catalog, s.URL, s.Mode = s.URL[len(u):], u+name, jdbc.Incrementing
	r, err := s.Open(t.Context(), nil)
	require.NoError(t, err)
	defer r.Close()
	b, err := r.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, `{"protocol":"1","table":"`+s.Catalog+`.t"}`, b.Offsets[0].Partition)
}

func TestWhatIsWrongWithTheServerIsSaid(t *testing.T) {
	server := testserver.MySQL(t)
	for url, want := range map[string]string{
		"jdbc:mysql://127.0.0.1:1/shop":                "connect to jdbc:mysql://127.0.0.1:1/shop (MySql)",
		"jdbc:mysql://" + server.Addr + "/no_such":     "no_such",
		"root:secret@tcp(" + server.Addr + ")/mysql":   "Access denied",
		"jdbc:mysql://root:secret@" + server.Addr + "": "Access denied",
	} {
		s := jdbc.Source{URL: url, User: server.User, Password: server.Password, Dialect: mysql.Dialect{}, Mode: jdbc.Bulk}
		_, err := s.Open(t.Context(), nil)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
}
