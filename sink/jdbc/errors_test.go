package jdbc_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
)

func retryable(err error) bool {
	var r interface{ Retryable() bool }
	return !errors.As(err, &r) || r.Retryable()
}

// A record that cannot be written is named, those before it are durable, the
// error says what to do and shows no value.
func TestRecordsThatCannotBeWritten(t *testing.T) {
	const secret = "secret-value"
	long := strings.Repeat(secret, 3)
	nullKey := row(0, tailrace.String(secret), tailrace.Value{})
	nullKey.KeySchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.OptionalInt32Schema).MustBuild()
	nullKey.Key = tailrace.StructOf([]tailrace.Value{{}})
	keyless := row(1, tailrace.String(secret), tailrace.Value{})
	keyless.KeySchema, keyless.Key = nil, tailrace.Value{}
	schemaless := row(1, tailrace.String(secret), tailrace.Value{})
	schemaless.ValueSchema, schemaless.Value = nil, tailrace.Map([]tailrace.Value{tailrace.String("a"), tailrace.String(secret)})
	extra := row(1, tailrace.String(secret), tailrace.Value{})
	extra.ValueSchema = person.Builder().Field("extra", tailrace.OptionalStringSchema).MustBuild()
	extra.Value = tailrace.StructOf(append(append([]tailrace.Value(nil), extra.Value.Fields()...), tailrace.String(secret)))
	elsewhere := row(1, tailrace.String(secret), tailrace.Value{})
	elsewhere.Topic = "nowhere"
	text := row(1, tailrace.String("x"), tailrace.Value{})
	text.ValueSchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.StringSchema).Field("name", tailrace.StringSchema).Field("age", tailrace.StringSchema).MustBuild()
	text.Value = tailrace.StructOf([]tailrace.Value{tailrace.String("1"), tailrace.String("x"), tailrace.String(secret)})
	cases := []struct {
		name string
		bad  tailrace.Record
		says []string
	}{
		{"a null in the key", nullKey, []string{"column id of table people", "null", "pk.mode"}},
		{"no key", keyless, []string{"record_key", "primary key"}},
		{"no schema", schemaless, []string{"people", "value.converter.schemas.enable=true"}},
		{"no such column", extra, []string{"table people has no column extra", "auto.evolve"}},
		{"no such table", elsewhere, []string{"no table nowhere", "auto.create"}},
		{"a value too long", row(1, tailrace.String(long), tailrace.Value{}), []string{"people"}},
		{"a value of another type", text, []string{"people"}},
		{"a null where none may be", row(1, tailrace.Value{}, tailrace.Value{}), []string{"people", "name"}},
	}
	eachTarget(t, func(t *testing.T, d *target) {
		for _, offsets := range []string{"", "offsets"} {
			d.exec("DROP TABLE IF EXISTS people")
			d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL CHECK (length(name) <= 20), note VARCHAR(20), " +
				"age INT CHECK (age < 200))")
			s := d.sink()
			s.AutoCreate, s.AutoEvolve, s.OffsetTable = false, false, offsets
			w := open(t, s)
			tx, _ := w.(sink.Transactional)
			if tx != nil {
				_, err := tx.Begin(t.Context(), "engine")
				require.NoError(t, err)
			}
			for i, c := range cases {
				good := row(int32(100+i), tailrace.String("good"), tailrace.Value{})
				batch := []tailrace.Record{good, row(int32(200+i), tailrace.String("good"), tailrace.Value{}), c.bad, row(int32(300+i), tailrace.String("good"), tailrace.Value{})}
				var err error
				if tx != nil {
					err = tx.WriteTx(t.Context(), batch, nil)
				} else {
					err = w.Write(t.Context(), batch)
				}
				bad, ok := errors.AsType[*sink.BatchError](err)
				if !assert.True(t, ok, "%s: %v", c.name, err) {
					continue
				}
				assert.Equal(t, 2, bad.Index, c.name)
				assert.False(t, retryable(err), c.name)
				assert.NotContains(t, err.Error(), secret, c.name)
				for _, part := range c.says {
					assert.Contains(t, err.Error(), part, c.name)
				}
				written := d.rows(fmt.Sprintf("SELECT id FROM people WHERE id IN (%d, %d, %d) ORDER BY id", 100+i, 200+i, 300+i))
				want := []string{}
				if tx == nil {
					want = []string{fmt.Sprint(100 + i), fmt.Sprint(200 + i)}
				}
				assert.Equal(t, want, written, c.name)
			}
		}
	})
}

// What the user may not do is said, and is no matter of a record.
func TestMissingPermission(t *testing.T) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(20))")
			user := fmt.Sprintf("reader%d", time.Now().UnixNano()%1e9)
			s := d.sink()
			if name == "postgres" {
				d.exec("CREATE USER " + user + " PASSWORD 'pw'")
				t.Cleanup(func() { d.exec("DROP OWNED BY " + user); d.exec("DROP USER " + user) })
				d.exec("GRANT SELECT ON people TO " + user)
			} else {
				d.exec("CREATE USER " + user + " IDENTIFIED BY 'pw'")
				t.Cleanup(func() { d.exec("DROP USER " + user) })
				d.exec("GRANT SELECT ON people TO " + user)
			}
			s.URL = regexp.MustCompile(`\w+:\w+@`).ReplaceAllString(s.URL, "") // whose user would go before
			s.User, s.Password = user, "pw"
			w := open(t, s)
			err := w.Write(t.Context(), []tailrace.Record{row(1, tailrace.String("a"), tailrace.Value{})})
			require.Error(t, err)
			var bad *sink.BatchError
			assert.False(t, errors.As(err, &bad))
			assert.False(t, retryable(err))
			assert.Contains(t, err.Error(), "people")
			assert.Contains(t, err.Error(), "grant it")
		})
	}
}

// A connection that is cut is an error that another try helps with, and the
// writer connects anew by itself.
func TestALostConnection(t *testing.T) {
	server := testserver.Postgres(t)
	database := server.Database(t)
	proxy := testserver.StartProxy(t, server.Addr)
	s := jdbc.Sink{URL: strings.Replace(server.URL(database), server.Addr, proxy.Addr, 1), Dialect: postgres.Dialect{},
		InsertMode: jdbc.InsertUpsert, PKMode: jdbc.KeyRecordKey, AutoCreate: true}
	w := open(t, s)
	write(t, w, numbered(1, "a"))
	proxy.Refuse()
	err := w.Write(t.Context(), []tailrace.Record{numbered(2, "b")})
	require.Error(t, err)
	assert.True(t, retryable(err))
	var bad *sink.BatchError
	assert.False(t, errors.As(err, &bad))
	proxy.Admit()
	require.Eventually(t, func() bool { return w.Write(t.Context(), []tailrace.Record{numbered(2, "b")}) == nil }, 10*time.Second, 10*time.Millisecond)
}

// Everything that is wrong with a configuration is said at once.
func TestConfigurationsThatCannotBe(t *testing.T) {
	_, err := jdbc.Sink{InsertMode: jdbc.InsertUpsert, Deletes: true, TableFormat: "${table}", BatchRows: -1}.Open(t.Context())
	require.Error(t, err)
	assert.False(t, retryable(err))
	for _, part := range []string{"Dialect", "URL", "upsert", "delete.enabled", "${table}", "batch.size"} {
		assert.Contains(t, err.Error(), part)
	}
	_, err = jdbc.Sink{URL: "jdbc:oracle:thin:x", Dialect: postgres.Dialect{}}.Open(t.Context())
	assert.ErrorContains(t, err, "jdbc:postgresql://")
	_, err = jdbc.Sink{URL: "postgres://u:hunter2@[::1", Dialect: postgres.Dialect{}}.Open(t.Context())
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}

// An upsert into a table without a key is refused, where it would add each row
// again; a unique index does as well as a primary key.
func TestUpsertsNeedAUniqueIndex(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		d.exec("CREATE TABLE numbers (number BIGINT NOT NULL, pad VARCHAR(20))")
		err := open(t, d.sink()).Write(t.Context(), []tailrace.Record{numbered(1, "a")})
		require.ErrorContains(t, err, "table numbers has no primary key")
		assert.False(t, retryable(err))
		d.exec("CREATE UNIQUE INDEX only_one ON numbers (number)")
		w := open(t, d.sink())
		write(t, w, numbered(1, "a"))
		write(t, w, numbered(1, "b"))
		assert.Equal(t, []string{"1 b"}, d.rows("SELECT number, pad FROM numbers"))
	})
}
