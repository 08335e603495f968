package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/dialecttest"
	"github.com/tailrace-io/tailrace/source/jdbc/postgres"
)

var columns = []dialecttest.Column{
	column("boolean NOT NULL", "true", "boolean", "true"),
	column("bit", "B'1'", "boolean?", "true"),
	column("bit(7)", "B'1000001'", "int8?", "65"),
	column("bit(8)", "B'10000001'", "int64?", "129"),
	column("bit(16)", "B'1000000000000001'", "string?", "1000000000000001"),
	column("varbit", "B'101'", "string?", "101"),
	column("smallint", "-32768", "int16?", "-32768"),
	column("integer", "-2147483648", "int32?", "-2147483648"),
	column("bigint", "9223372036854775807", "int64?", "9223372036854775807"),
	column("serial", "7", "int32", "7"),
	column("oid", "4294967295", "int64?", "4294967295"),
	column("real", "3.1415927", "float32?", "3.1415927"),
	column("double precision", "0.1", "float64?", "0.1"),
	column("money", "1234.5", "float64?", "1234.5"),
	column("numeric(12,2) NOT NULL", "-12.5", "Decimal scale=2 connect.decimal.precision=12", "-12.50"),
	column("numeric(30,10)", "12345678901234567890.0123456789", "Decimal scale=10 connect.decimal.precision=30?", "12345678901234567890.0123456789"),
	column("numeric(5,-2)", "12345", "Decimal scale=-2 connect.decimal.precision=5?", "12300"),
	column("numeric(5,1)", "'NaN'", "", "!"),
	column("numeric", "-0.0123456789", "VariableScaleDecimal?", "-0.0123456789"),
	column("numeric", "12345678901234567890", "VariableScaleDecimal?", "12345678901234567890"),
	column("numeric", "'NaN'", "", "!"),
	column("char(3)", "'ä'", "string?", "ä  "),
	column("varchar(20)", "'ä'", "string?", "ä"),
	column("text", "'😀'", "string?", "😀"),
	column("name", "'n'", "string?", "n"),
	column(`"char"`, "'c'", "string?", "c"),
	column("citext", "'C'", "string?", "C"),
	column("xml", "'<a/>'", "string?", "<a/>"),
	column("mood", "'sad'", "string?", "sad"),
	column("json", `'{"a": 1}'`, "string?", `{"a": 1}`),
	column("jsonb", `'{"a":1}'`, "string?", `{"a": 1}`),
	column("uuid", "'123e4567-e89b-12d3-a456-426655440000'", "string?", "123e4567-e89b-12d3-a456-426655440000"),
	column("bytea", `'\x00ff'`, "bytes?", "AP8="),
	column("positive", "7", "int32", "7"),
	column("price", "7.5", "Decimal scale=2 connect.decimal.precision=10?", "7.50"),
	column("date", "'2024-02-29'", "Date?", "2024-02-29"),
	column("date", "'infinity'", "", "!"),
	column("time", "'12:34:56.123456'", "Time?", "12h34m56.123s"),
	column("time", "'24:00'", "", "!"),
	column("timetz", "'12:34:56+02'", "Time?", "10h34m56s"),
	column("timestamp", "'2024-02-29 23:59:58.123456'", "Timestamp?", "2024-02-29T23:59:58.123Z"),
	column("timestamp(0)", "'2024-02-29 23:59:58'", "Timestamp?", "2024-02-29T23:59:58Z"),
	column("timestamp", "'infinity'", "Timestamp?", "292278994-08-16T23:00:00Z"),
	column("timestamptz NOT NULL", "'2024-02-29 23:59:58.5+02'", "Timestamp", "2024-02-29T21:59:58.5Z"),
	column("timestamptz", "NULL", "Timestamp?", "null"),
	column("interval", "'1 day 02:00'", "string?", "1 day 02:00:00"),
	column("inet", "'::1'", "string?", "::1"),
	column("cidr", "'10.0.0.0/8'", "string?", "10.0.0.0/8"),
	column("macaddr", "'08:00:2b:01:02:03'", "string?", "08:00:2b:01:02:03"),
	column("macaddr8", "'08:00:2b:01:02:03:04:05'", "string?", "08:00:2b:01:02:03:04:05"),
	column("int4range", "'[1,2]'", "string?", "[1,3)"),
	column("tstzrange", "'[2024-02-29 00:00+00,)'", "string?", `["2024-02-29 00:00:00+00",)`),
	column("int4multirange", "'{[1,2],[5,6]}'", "string?", "{[1,3),[5,7)}"),
	column("point", "'(1,2)'", "string?", "(1,2)"),
	column("tsvector", "'a b'", "string?", "'a' 'b'"),
	column("pg_lsn", "'16/B374D848'", "string?", "16/B374D848"),
	column("pair", "'(1,\"a b\")'", "string?", `(1,"a b")`),
	column("integer[] NOT NULL", "'{1,NULL,-3}'", "array(int32?)", "[1, null, -3]"),
	column("boolean[]", "'{t,f}'", "array(boolean?)?", "[true, false]"),
	column("float8[]", "'{0.1,-2}'", "array(float64?)?", "[0.1, -2]"),
	column("text[]", `'{"a,b","","NULL",NULL,"\""}'`, "array(string?)?", `[a,b, , NULL, null, "]`),
	column("mood[]", "'{sad,glad}'", "array(string?)?", "[sad, glad]"),
	column("bigint[][]", "'{{1,2},{3,4}}'", "array(int64?)?", "[1, 2, 3, 4]"),
	column("numeric(10,2)[]", "'{1.5}'", "array(Decimal scale=2 connect.decimal.precision=10?)?", "[AJY=]"),
	column("date[]", "'{2024-02-29}'", "array(Date?)?", "[19782]"),
	column("timestamp[]", "'{2024-02-29 23:59:58.5}'", "array(Timestamp?)?", "[1709251198500]"),
	column("timestamptz[]", "'{2024-02-29 23:59:58.5+00}'", "array(string?)?", "[2024-02-29 23:59:58.5+00]"),
	column("bytea[]", `'{"\\x00ff"}'`, "array(bytes?)?", "[AP8=]"),
	column("money[]", "'{1.5}'", "array(string?)?", "[$1.50]"),
	column("box[]", "'{(1,1),(0,0);(3,3),(2,2)}'", "array(string?)?", "[(1,1),(0,0), (3,3),(2,2)]"),
	column("integer[]", "NULL", "array(int32?)?", "null"),
	column("smallint[]", "'{}'", "array(int16?)?", "[]"),
}

func column(declared, literal, schema, shown string) dialecttest.Column {
	return dialecttest.Column{Declared: declared, Literal: literal, Schema: schema, Shown: shown}
}

func fresh(t testing.TB) (jdbc.Source, func(string)) {
	server := testserver.Postgres(t)
	name := server.Database(t)
	db := server.DB(t, name)
	db.SetMaxOpenConns(1)
	exec := func(statement string) {
		t.Helper()
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	return jdbc.Source{
		URL: "jdbc:postgresql://" + server.Addr + "/" + name + "?sslmode=disable", User: server.User, Password: server.Password, Dialect: postgres.Dialect{},
	}, exec
}

// A schema of one database is a place of its own, and made a hundred times
// sooner than a database.
func TestPostgreSQLKeepsEveryPromise(t *testing.T) {
	s, exec := fresh(t)
	exec("CREATE TYPE mood AS ENUM ('sad', 'glad')")
	exec("CREATE DOMAIN positive AS integer NOT NULL CHECK (VALUE > 0)")
	exec("CREATE DOMAIN price AS numeric(10,2)")
	exec("CREATE TYPE pair AS (a integer, b text)")
	exec("CREATE EXTENSION citext")
	places := 0
	dialecttest.Run(t, dialecttest.Harness{
		Fresh: func(t testing.TB) (jdbc.Source, func(string)) {
			places++
			s := s
			s.Schema = fmt.Sprint("place", places)
			s.URL += "&currentSchema=" + s.Schema + ",public"
			exec("CREATE SCHEMA " + s.Schema)
			return s, func(statement string) {
				t.Helper()
				exec("SET search_path TO " + s.Schema + ", public")
				exec(statement)
			}
		},
		Changes: "CREATE TABLE changes (id bigserial PRIMARY KEY, n integer NOT NULL, at timestamp(3) NOT NULL)",
		Literal: func(clock time.Time) string { return clock.Format("'2006-01-02 15:04:05.000'") },
		Columns: columns,
	})
}

func open(t testing.TB, s jdbc.Source) (read func() []string) {
	r, err := s.Open(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return func() (out []string) {
		b, err := r.Read(t.Context())
		require.NoError(t, err)
		for i := range b.Records {
			out = append(out, b.Records[i].Topic+" "+b.Records[i].ValueStruct().String())
		}
		return out
	}
}

func TestTablesAreOfAllSchemasOrOfThoseOfThePattern(t *testing.T) {
	s, exec := fresh(t)
	exec("CREATE SCHEMA shop")
	exec("CREATE TABLE shop.orders (id integer GENERATED ALWAYS AS IDENTITY)")
	exec("CREATE TABLE users (id serial)")
	exec("INSERT INTO shop.orders DEFAULT VALUES")
	exec("INSERT INTO users DEFAULT VALUES")
	s.Mode = jdbc.Incrementing
	both := open(t, s)
	assert.Equal(t, []string{`users {id: 1}`}, both())
	assert.Equal(t, []string{`orders {id: 1}`}, both())
	s.Schema = "sh_p"
	assert.Equal(t, []string{`orders {id: 1}`}, open(t, s)())
	s.Schema = "sh_"
	_, err := s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "there are no tables of the types TABLE")
}

// A query that was prepared once would have the columns of that time.
func TestAColumnThatIsAddedIsSeenAtTheNextPoll(t *testing.T) {
	s, exec := fresh(t)
	exec("CREATE TABLE t (id serial)")
	exec("INSERT INTO t DEFAULT VALUES")
	s.Mode, s.PollInterval = jdbc.Incrementing, time.Millisecond
	read := open(t, s)
	assert.Equal(t, []string{`t {id: 1}`}, read())
	exec("ALTER TABLE t ADD COLUMN name text DEFAULT 'x', ALTER COLUMN id TYPE bigint")
	exec("INSERT INTO t DEFAULT VALUES")
	assert.Equal(t, []string{`t {id: 2, name: x}`}, read())
}

func TestWhatIsWrongWithTheServerIsSaid(t *testing.T) {
	server := testserver.Postgres(t)
	for url, want := range map[string]string{
		"jdbc:postgresql://127.0.0.1:1/shop":                                    "connect to jdbc:postgresql://127.0.0.1:1/shop (PostgreSql)",
		"jdbc:postgresql://" + server.Addr + "/no_such":                         "no_such",
		"postgres://postgres:secret@" + server.Addr + "/postgres":               "password authentication failed",
		"jdbc:postgresql://" + server.Addr + "/postgres?user=x&password=secret": "password authentication failed",
	} {
		s := jdbc.Source{URL: url, User: server.User, Password: server.Password, Dialect: postgres.Dialect{}, Mode: jdbc.Bulk}
		_, err := s.Open(t.Context(), nil)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
}
