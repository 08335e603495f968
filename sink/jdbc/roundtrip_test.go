package jdbc_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/source"
	sourcejdbc "github.com/tailrace-io/tailrace/source/jdbc"
	polledmysql "github.com/tailrace-io/tailrace/source/jdbc/mysql"
	polledpostgres "github.com/tailrace-io/tailrace/source/jdbc/postgres"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/postgres"
)

var update = flag.Bool("update", false, "write the table of types in docs/jdbc-sink.md anew")

// trip is a column of the source, with values of it as SQL.
type trip struct {
	declared string
	values   string // with bars between them

	// How a column c is shown, so that equal values have equal texts: in a
	// database of its own kind, and in others.
	own, source, target string
}

const (
	mysqlBytes  = "HEX(c)"
	pgBytes     = "upper(encode(c, 'hex'))"
	mysqlMoment = "DATE_FORMAT(c, '%Y-%m-%d %H:%i:%s.%f')"
	pgMoment    = "to_char(c, 'YYYY-MM-DD HH24:MI:SS.US')"
	mysqlClock  = "TIME_FORMAT(c, '%H:%i:%s.%f')"
	pgClock     = "to_char(c, 'HH24:MI:SS.US')"
	pgInterval  = "format('P%sY%sM%sDT%sH%sM%sS', extract(year FROM c), extract(month FROM c), extract(day FROM c), extract(hour FROM c), extract(minute FROM c), trim_scale(extract(second FROM c)))"
	trimmed     = "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(c AS CHAR)))"
	pgTrimmed   = "trim_scale(c)::text"
)

var mysqlTrips = []trip{
	{declared: "TINYINT", values: "-128|127|0"},
	{declared: "TINYINT UNSIGNED", values: "255|0"},
	{declared: "BOOLEAN", values: "TRUE|FALSE"},
	{declared: "SMALLINT", values: "-32768|32767"},
	{declared: "SMALLINT UNSIGNED", values: "65535"},
	{declared: "MEDIUMINT", values: "-8388608|8388607"},
	{declared: "INT", values: "-2147483648|2147483647"},
	{declared: "INT UNSIGNED", values: "4294967295"},
	{declared: "BIGINT", values: "-9223372036854775808|9223372036854775807"},
	{declared: "BIGINT UNSIGNED", values: "18446744073709551615|0"},
	{declared: "FLOAT", values: "1.5|-0.25|16777216", own: "c + 0e0", source: "c + 0e0"},
	{declared: "DOUBLE", values: "0.1|-123456.789|1.25", own: "c + 0e0"},
	{declared: "DECIMAL(20,4)", values: "1234567890123456.7891|-0.0001|0"},
	{declared: "DECIMAL(5,0)", values: "99999|-1"},
	{declared: "BIT(1)", values: "1|0", own: "BIN(c)", source: "BIN(c)", target: "c::int::text"},
	{declared: "BIT(12)", values: "2053|1", own: "BIN(c)", source: "BIN(c)", target: "ltrim(c::text, '0')"},
	{declared: "DATE", values: "'2026-01-31'|'1000-01-01'|'9999-12-31'"},
	{declared: "TIME", values: "'15:04:05'|'00:00:00'", own: mysqlClock, source: mysqlClock, target: pgClock},
	{declared: "TIME(6)", values: "'15:04:05.678901'|'23:59:59.999999'", own: mysqlClock, source: mysqlClock, target: pgClock},
	{declared: "DATETIME", values: "'2026-01-31 15:04:05'|'1000-01-01 00:00:00'", own: mysqlMoment, source: mysqlMoment, target: pgMoment},
	{declared: "DATETIME(3)", values: "'2026-01-31 15:04:05.678'", own: mysqlMoment, source: mysqlMoment, target: pgMoment},
	{declared: "DATETIME(6)", values: "'2026-01-31 15:04:05.678901'|'9999-12-31 23:59:59.999999'", own: mysqlMoment, source: mysqlMoment, target: pgMoment},
	{declared: "TIMESTAMP NULL", values: "'2026-01-31 15:04:05'|'1970-01-01 00:00:01'", own: mysqlMoment, source: mysqlMoment, target: pgMoment},
	{declared: "TIMESTAMP(6) NULL", values: "'2026-01-31 15:04:05.678901'", own: mysqlMoment, source: mysqlMoment, target: pgMoment},
	{declared: "YEAR", values: "2026|1901"},
	{declared: "CHAR(10)", values: "'abc'|''|'é😀'"},
	{declared: "VARCHAR(100)", values: `'a ''b'' "c" \\ \n {x}'|''|'é😀'`},
	{declared: "VARCHAR(20) CHARACTER SET latin1", values: "'é'"},
	{declared: "TINYTEXT", values: "'tiny'"},
	{declared: "TEXT", values: "REPEAT('text\t', 1000)"},
	{declared: "MEDIUMTEXT", values: "'medium'"},
	{declared: "LONGTEXT", values: "'long'"},
	{declared: "BINARY(4)", values: "x'00FF0100'", own: mysqlBytes, source: mysqlBytes, target: pgBytes},
	{declared: "VARBINARY(20)", values: `x'00275C0A09FF'|''`, own: mysqlBytes, source: mysqlBytes, target: pgBytes},
	{declared: "TINYBLOB", values: "x'01'", own: mysqlBytes, source: mysqlBytes, target: pgBytes},
	{declared: "BLOB", values: "REPEAT(x'00FF', 1000)", own: mysqlBytes, source: mysqlBytes, target: pgBytes},
	{declared: "MEDIUMBLOB", values: "x'02'", own: mysqlBytes, source: mysqlBytes, target: pgBytes},
	{declared: "LONGBLOB", values: "x'03'", own: mysqlBytes, source: mysqlBytes, target: pgBytes},
	{declared: "JSON", values: `'{"a": [1, "x", null], "b": true}'|'[]'|'"text"'`},
	{declared: "ENUM('new','it''s')", values: "'new'|'it''s'"},
	{declared: "SET('a','b','c')", values: "'a,c'|''"},
	{declared: "POINT", values: "ST_GeomFromText('POINT(1 2)')", own: "ST_AsText(c)", source: "concat('(', ST_X(c), ',', ST_Y(c), ')')", target: "c::text"},
	{declared: "GEOMETRY", values: "ST_GeomFromText('LINESTRING(0 0,1 1,2 5)')", own: "ST_AsText(c)", source: "HEX(ST_AsWKB(c))", target: pgBytes},
	{declared: "POLYGON", values: "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))', 4326)", own: "concat(ST_SRID(c), ST_AsText(c))", source: "HEX(ST_AsWKB(ST_SRID(c, 0)))", target: pgBytes},
}

var postgresTrips = []trip{
	{declared: "boolean", values: "true|false", target: "c", source: "c::int"},
	{declared: "smallint", values: "-32768|32767"},
	{declared: "integer", values: "-2147483648|2147483647"},
	{declared: "bigint", values: "-9223372036854775808|9223372036854775807"},
	{declared: "real", values: "1.5|-0.25", target: "c + 0e0"},
	{declared: "double precision", values: "0.1|-123456.789", target: "c + 0e0"},
	{declared: "numeric(20,4)", values: "1234567890123456.7891|-0.0001|0"},
	{declared: "numeric", values: "12.50|-100|0.00001|123456789012345678901234567890.5", own: pgTrimmed, source: pgTrimmed, target: trimmed},
	{declared: "money", values: "12.25|-3.75", own: "c::numeric", source: "c::numeric"},
	{declared: "date", values: "'2026-01-31'|'1000-01-01'|'9999-12-31'"},
	{declared: "time", values: "'15:04:05.678901'|'00:00:00'", own: pgClock, source: pgClock, target: mysqlClock},
	{declared: "time(3)", values: "'15:04:05.678'", own: pgClock, source: pgClock, target: mysqlClock},
	{declared: "time with time zone", values: "'15:04:05.5+00'|'15:04:05+02'", own: "(c AT TIME ZONE 'UTC')::time::text", source: "to_char((c AT TIME ZONE 'UTC')::time, 'HH24:MI:SS.US')", target: mysqlClock},
	{declared: "timestamp", values: "'2026-01-31 15:04:05.678901'|'1000-01-01 00:00:00'", own: pgMoment, source: pgMoment, target: mysqlMoment},
	{declared: "timestamp(3)", values: "'2026-01-31 15:04:05.678'", own: pgMoment, source: pgMoment, target: mysqlMoment},
	{declared: "timestamp with time zone", values: "'2026-01-31 15:04:05.678901+02'", own: pgMoment, source: pgMoment, target: mysqlMoment},
	{declared: "interval", values: "'1 year 2 mons 3 days 04:05:06.78'|'-1 day'", source: pgInterval},
	{declared: "char(4)", values: "'ab'|'é'", own: "rtrim(c)", source: "rtrim(c)", target: "rtrim(c)"},
	{declared: "varchar(100)", values: `'a ''b'' "c" \ {NULL}'|''|'é😀'`},
	{declared: "text", values: "repeat(E'text\t', 3000)|E'\\\\N'|'NULL'"},
	{declared: "bytea", values: `'\x00275c0a09ff'|''`, own: pgBytes, source: pgBytes, target: mysqlBytes},
	{declared: "json", values: `'{"a": [1, "x"]}'|'[]'`, own: "c::jsonb::text", source: "c::jsonb::text"},
	{declared: "jsonb", values: `'{"a": [1, "x", null], "b": true}'|'"text"'`},
	{declared: "uuid", values: "'8c1ddb8f-2f3f-4f8e-9d53-0d6c6a1f1c11'"},
	{declared: "xml", values: `'<a b="c">d</a>'`},
	{declared: "mood", values: "'sad'|'glad'"},
	{declared: "bit(1)", values: "B'1'|B'0'", own: "c::int", source: "c::int", target: "c + 0"},
	{declared: "bit(10)", values: "B'1000000101'|B'0000000001'", own: "ltrim(c::text, '0')", source: "ltrim(c::text, '0')", target: "BIN(c)"},
	{declared: "bit varying(12)", values: "B'101'", own: "ltrim(c::text, '0')", source: "ltrim(c::text, '0')", target: "BIN(c)"},
	{declared: "inet", values: "'10.0.0.1'|'10.0.0.0/8'"},
	{declared: "cidr", values: "'10.0.0.0/8'"},
	{declared: "macaddr", values: "'08:00:2b:01:02:03'"},
	{declared: "int4range", values: "'[1,5)'"},
	{declared: "tstzrange", values: `'[2026-01-31 15:04:05+00,infinity)'`},
	{declared: "point", values: "'(1,2)'|'(-0.5,1e10)'", source: "c[0] || ' ' || c[1]", target: "concat(ST_X(c), ' ', ST_Y(c))"},
	{declared: "integer[]", values: "'{1,2,NULL}'|'{}'", source: "to_jsonb(c)"},
	{declared: "text[]", values: `'{"a \"b\",",NULL,"NULL",""}'`, source: "to_jsonb(c)"},
	{declared: "numeric(8,2)[]", values: "'{1.25,-2.75}'", source: "to_jsonb(c)"},
	{declared: "timestamp[]", values: "'{2026-01-31 15:04:05.5}'", source: "(SELECT jsonb_agg((extract(epoch FROM x) * 1000000)::bigint) FROM unnest(c) x)::text"},
	{declared: "uuid[]", values: "'{8c1ddb8f-2f3f-4f8e-9d53-0d6c6a1f1c11}'", source: "to_jsonb(c)"},
	{declared: "oid", values: "4294967295"},
}

// polledTrips are those of columns that are polled: as Java's drivers have it, a
// YEAR is the day on which it begins, more than one BIT are a number, what is
// geometric has the server's own form, and there is no integer beyond 64 bits
// with a sign. What else is PostgreSQL's own is its text.
func polledTrips(trips []trip) []trip {
	trips = slices.Clone(trips)
	for i := range trips {
		switch t := &trips[i]; t.declared {
		case "BIGINT UNSIGNED":
			t.values = "9223372036854775807|0"
		case "BIT(12)":
			t.source, t.target = "c + 0", ""
		case "YEAR":
			t.own, t.source, t.target = "left(CAST(c AS CHAR), 4)", "left(CAST(c AS CHAR), 4)", "left(c::text, 4)"
		case "POINT", "GEOMETRY", "POLYGON":
			t.source, t.target = "HEX(c)", pgBytes
		case "interval", "bit(10)", "bit varying(12)", "point":
			t.own, t.source, t.target = "c::text", "c::text", "c"
		}
	}
	return trips
}

// ways are how a kind of database shows a column as text by itself.
var ways = map[string]string{"mysql": "CAST(c AS CHAR)", "postgres": "format('%s', c)"}

func (d *target) shown(t trip, other *target, isSource bool) string {
	way := t.own
	switch {
	case d.name == other.name:
	case isSource:
		way = t.source
	default:
		way = t.target
	}
	if way == "" {
		way = ways[d.name]
	}
	return "CASE WHEN c IS NOT NULL THEN " + way + " END"
}

// source captures the database's tables from their rows on.
func (d *target) source(t *testing.T) source.Source {
	if d.name == "postgres" {
		s := testserver.Postgres(t)
		name := d.database()
		return postgres.Source{Addr: s.Addr, User: s.User, Password: s.Password, Database: name, TopicPrefix: "srv",
			Slot: "slot_" + name, SlotWait: time.Minute, Intervals: postgres.IntervalString, UnknownTypes: true}
	}
	s := testserver.MySQL(t)
	return mysql.Source{Addr: s.Addr, User: s.User, Password: s.Password, TopicPrefix: "srv",
		Databases: mysql.Include(d.database()), UnsignedBigints: mysql.UnsignedBigintPrecise}
}

func (d *target) database() string {
	return d.rows(map[string]string{"postgres": "SELECT current_database()", "mysql": "SELECT database()"}[d.name])[0]
}

// Every type makes the trip from a source of changes to a table that the sink
// makes, by the snapshot and by the log: values are equal, nulls too. The table
// of what becomes of each type stands in docs/jdbc-sink.md.
func TestRoundTrips(t *testing.T) {
	became := map[string][][4]string{} // what each type became in both databases, captured and polled
	for _, from := range []string{"mysql", "postgres"} {
		trips := map[string][]trip{"mysql": mysqlTrips, "postgres": postgresTrips}[from]
		became[from] = make([][4]string, len(trips))
		for i, to := range []string{"mysql", "postgres", "mysql", "postgres"} {
			polled := i > 1
			t.Run(from+" to "+to+map[bool]string{true: " by polling"}[polled], func(t *testing.T) {
				a, b := newTarget(t, from), newTarget(t, to)
				s, trips := b.sink(), trips
				if polled {
					trips = polledTrips(trips)
					makeTrip(t, a, trips, a.polling, b, s)
				} else {
					s.TableFormat = "${source.table}"
					makeTrip(t, a, trips, a.source, b, s)
				}
				for c := range trips {
					became[from][c][i] = b.declared(fmt.Sprint("c", c))
					want := a.rows("SELECT id, (" + of(a.shown(trips[c], b, true), c) + ") FROM types ORDER BY id")
					got := b.rows("SELECT id, (" + of(b.shown(trips[c], a, false), c) + ") FROM types ORDER BY id")
					assert.Equal(t, want, got, trips[c].declared)
				}
			})
		}
	}
	if !t.Failed() {
		checkDocs(t, became)
	}
}

// of puts a column's name in the place of c.
func of(way string, c int) string {
	var out []byte
	letter := func(i int) bool {
		return i >= 0 && i < len(way) && (way[i] >= 'a' && way[i] <= 'z' || way[i] >= 'A' && way[i] <= 'Z' || way[i] == '_')
	}
	for i := range len(way) {
		out = append(out, way[i])
		if way[i] == 'c' && !letter(i-1) && !letter(i+1) {
			out = fmt.Append(out, c)
		}
	}
	return string(out)
}

// polling polls the database's table of types.
func (d *target) polling(*testing.T) source.Source {
	dialect := map[string]sourcejdbc.Dialect{"postgres": polledpostgres.Dialect{}, "mysql": polledmysql.Dialect{}}[d.name]
	return sourcejdbc.Source{URL: d.url, Dialect: dialect, Mode: sourcejdbc.Incrementing, IncrementingColumn: "id",
		Tables: []string{"types"}, Keys: true, Granularity: sourcejdbc.Micros, PollInterval: 20 * time.Millisecond}
}

// makeTrip fills a table, and moves it by what reads the source and the sink.
func makeTrip(t *testing.T, a *target, trips []trip, read func(*testing.T) source.Source, b *target, s jdbc.Sink) {
	if a.name == "postgres" {
		a.exec("CREATE TYPE mood AS ENUM ('sad', 'glad')")
	}
	ddl, most := "CREATE TABLE types (id INT PRIMARY KEY", 0
	for i, c := range trips {
		ddl += fmt.Sprintf(", c%d %s", i, c.declared)
		most = max(most, strings.Count(c.values, "|")+1)
	}
	a.exec(ddl + ")")
	fill := func(first int) {
		for n := range most {
			row := fmt.Sprint(first + n)
			for _, c := range trips {
				values := strings.Split(c.values, "|")
				row += ", " + values[n%len(values)]
			}
			a.exec("INSERT INTO types VALUES (" + row + ")")
		}
		a.exec(fmt.Sprintf("INSERT INTO types (id) VALUES (%d)", first+most))
	}
	fill(0)
	s.OffsetTable = "offsets"
	e, err := engine.New(engine.Config{Name: "trip", Source: read(t), Sink: s})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	reach := func(n int) {
		deadline := time.Now().Add(3 * time.Minute)
		for b.count("types") < n {
			select {
			case err := <-ended:
				require.NoError(t, err)
				t.Fatal("the engine ended by itself")
			case <-time.After(20 * time.Millisecond):
				require.True(t, time.Now().Before(deadline), "the rows did not arrive")
			}
		}
	}
	reach(most + 1)
	fill(100)
	reach(2*most + 2)
	stop()
	require.NoError(t, <-ended)
}

// count is how many rows a table has, 0 where there is no such table.
func (d *target) count(table string) (n int) {
	if err := d.db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		return 0
	}
	return n
}

// declared is the type of a column of the table types.
func (d *target) declared(column string) string {
	query := "SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'types' AND COLUMN_NAME = '" + column + "'"
	if d.name == "postgres" {
		query = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'types'::regclass AND attname = '" + column + "'"
	}
	found := d.rows(query)
	require.Len(d, found, 1, "no column %s", column)
	return found[0]
}

const (
	docs      = "../../docs/jdbc-sink.md"
	docsBegin = "<!-- Made by: go test ./sink/jdbc -run TestRoundTrips -update -->\n"
	docsEnd   = "<!-- The end of what is made. -->\n"
)

// checkDocs compares the documentation's table with what has become of the
// types, or writes it.
func checkDocs(t *testing.T, became map[string][][4]string) {
	var table bytes.Buffer
	for _, from := range []string{"mysql", "postgres"} {
		name := map[string]string{"mysql": "MySQL", "postgres": "PostgreSQL"}[from]
		fmt.Fprintf(&table, "\n| %s | becomes in MySQL | in PostgreSQL | polled, in MySQL | in PostgreSQL |\n|---|---|---|---|---|\n", name)
		for i, c := range map[string][]trip{"mysql": mysqlTrips, "postgres": postgresTrips}[from] {
			declared := strings.ReplaceAll(c.declared, "mood", "enum")
			fmt.Fprintf(&table, "| %s | %s |\n", strings.TrimSuffix(declared, " NULL"), strings.Join(became[from][i][:], " | "))
		}
	}
	fmt.Fprintln(&table)
	text, err := os.ReadFile(docs)
	require.NoError(t, err)
	before, rest, ok := bytes.Cut(text, []byte(docsBegin))
	require.True(t, ok)
	was, after, ok := bytes.Cut(rest, []byte(docsEnd))
	require.True(t, ok)
	if !*update {
		assert.Equal(t, table.String(), string(was), "run it with -update")
		return
	}
	out := append(append(append(append(append([]byte(nil), before...), docsBegin...), table.Bytes()...), docsEnd...), after...)
	require.NoError(t, os.WriteFile(docs, out, 0o644))
}
