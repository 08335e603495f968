package jdbc_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/offset/jdbc"
	"github.com/tailrace-io/tailrace/offset/offsettest"
	sink "github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
	"github.com/tailrace-io/tailrace/sink/jdbc/sqlite"
)

// A database of a test: how to open it, and a pool.
type database struct {
	dialect sink.Dialect
	url     string
	db      *sql.DB
}

func lite(t testing.TB) database {
	url := "jdbc:sqlite:" + filepath.Join(t.TempDir(), "offsets.db") + "?_pragma=synchronous(0)&_pragma=journal_mode(WAL)"
	db, err := sqlite.Dialect{}.Open(url, "", "")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return database{sqlite.Dialect{}, url, db}
}

var databases = map[string]func(t testing.TB) database{
	"sqlite": lite,
	"postgres": func(t testing.TB) database {
		s := testserver.Postgres(t)
		d := s.Database(t)
		return database{postgres.Dialect{}, s.URL(d), s.DB(t, d)}
	},
	"mysql": func(t testing.TB) database {
		s := testserver.MySQL(t)
		d := s.Database(t)
		return database{mysql.Dialect{}, s.DSN(d), s.DB(t, d)}
	},
	"mariadb": func(t testing.TB) database {
		s := testserver.MariaDB(t)
		d := s.Database(t)
		return database{mysql.Dialect{MariaDB: true}, s.DSN(d), s.DB(t, d)}
	},
}

func TestTheContractHolds(t *testing.T) {
	for name, of := range databases {
		t.Run(name, func(t *testing.T) {
			n := 0
			d := of(t)
			offsettest.Run(t, func(testing.TB) func() offset.Store {
				n++
				table := fmt.Sprintf("offsets%d", n)
				return func() offset.Store { return &jdbc.Store{URL: d.url, Dialect: d.dialect, Table: table} }
			})
		})
	}
}

// The statements are Debezium's own, and the row is one that it wrote.
func TestATableOfDebeziumIsGoneOnWith(t *testing.T) {
	for name, of := range databases {
		t.Run(name, func(t *testing.T) {
			d := of(t)
			exec := func(text string) {
				_, err := d.db.Exec(text)
				require.NoError(t, err, text)
			}
			exec("CREATE TABLE debezium_offset_storage (id VARCHAR(36) NOT NULL, offset_key VARCHAR(1255), offset_val VARCHAR(1255),record_insert_ts TIMESTAMP NOT NULL,record_insert_seq INTEGER NOT NULL,PRIMARY KEY (id))")
			exec(`INSERT INTO debezium_offset_storage VALUES ('0df0a85f-5a3c-4c02-9cbb-4d9f0a4e8d5f', '["shop",{"server":"srv"}]', '{"file":"binlog.000003","pos":157}', CURRENT_TIMESTAMP, 1)`)
			s := &jdbc.Store{DB: d.db, Dialect: d.dialect}
			have, err := s.Load(t.Context(), "shop")
			require.NoError(t, err)
			assert.Equal(t, []tailrace.Offset{{Partition: `{"server":"srv"}`, Position: `{"file":"binlog.000003","pos":157}`}}, have)

			now := tailrace.Offset{Partition: `{"server": "srv"}`, Position: `{"file":"binlog.000004","pos":4}`}
			require.NoError(t, s.Save(t.Context(), "shop", []tailrace.Offset{now}))
			var key, value string
			require.NoError(t, d.db.QueryRow("SELECT offset_key, offset_val FROM debezium_offset_storage").Scan(&key, &value))
			assert.Equal(t, `["shop",{"server":"srv"}]`, key)
			assert.Equal(t, now.Position, value)

			if name != "sqlite" { // which keeps texts of any length
				now.Position = `{"gtids":"` + strings.Repeat("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,", 40) + `"}`
				err := s.Save(t.Context(), "shop", []tailrace.Offset{now})
				assert.ErrorContains(t, err, "give the column offset_val, which Debezium makes for 1255, a type with room for more, such as TEXT")
				assert.NotContains(t, err.Error(), "3e11fa47")
			}
		})
	}
}

func TestWhatIsNoOffsetIsAnErrorThatNamesTheRow(t *testing.T) {
	d := lite(t)
	s := &jdbc.Store{DB: d.db, Dialect: d.dialect}
	require.NoError(t, s.Save(t.Context(), "shop", []tailrace.Offset{{Partition: `{"server":"srv"}`, Position: `{"pos":1}`}}))
	_, err := d.db.Exec("UPDATE debezium_offset_storage SET offset_val = 'gone', id = 'x'")
	require.NoError(t, err)
	_, err = s.Load(t.Context(), "shop")
	assert.EqualError(t, err, `load the offsets of "shop": table debezium_offset_storage: the row x has an offset_val that is no JSON object: "gone"`)
	_, err = d.db.Exec("UPDATE debezium_offset_storage SET offset_key = 'shop'")
	require.NoError(t, err)
	_, err = s.Load(t.Context(), "shop")
	assert.EqualError(t, err, `load the offsets of "shop": table debezium_offset_storage: the row x has the offset_key "shop": it is not of the form ["name",{…}]`)
}

func TestATableOfAnotherFormIsNoEmptyOne(t *testing.T) {
	d := lite(t)
	_, err := d.db.Exec("CREATE TABLE debezium_offset_storage (name TEXT)")
	require.NoError(t, err)
	s := &jdbc.Store{DB: d.db, Dialect: d.dialect}
	_, err = s.Load(t.Context(), "shop")
	assert.ErrorContains(t, err, "no such column: id")
}

func TestWhatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := (&jdbc.Store{Attempts: -1}).Load(t.Context(), "shop")
	assert.EqualError(t, err, "load the offsets of \"shop\": Dialect is nil: say what kind of database it is\none of URL and DB has to be set, and not both\nAttempts or Wait is negative")
}

func TestProperties(t *testing.T) {
	p := property.New(map[string]string{
		"offset.storage.jdbc.url": "jdbc:postgresql://db/shop", "offset.storage.jdbc.connection.user": "u", "offset.storage.jdbc.connection.password": "p",
		"offset.storage.jdbc.offset.table.name": "ops.offsets", "offset.storage.jdbc.connection.retry.max.attempts": "2", "offset.storage.jdbc.connection.wait.retry.delay.ms": "7",
	})
	s := jdbc.FromProperties(p.Sub("offset.storage."), postgres.Dialect{}, sqlite.Dialect{})
	require.NoError(t, p.Err())
	assert.Equal(t, "jdbc:postgresql://db/shop u p ops.offsets 3 7ms PostgreSql", fmt.Sprint(s.URL, " ", s.User, " ", s.Password, " ", s.Table, " ", s.Attempts, " ", s.Wait, " ", s.Dialect.Name()))

	p = property.New(map[string]string{"jdbc.connection.url": "jdbc:oracle:thin:@db", "jdbc.table.select": "SELECT 1"})
	jdbc.FromProperties(p.Sub(""), postgres.Dialect{})
	require.Error(t, p.Err())
	assert.ErrorContains(t, p.Err(), `names the database "oracle", for which there is no dialect`)
	assert.ErrorContains(t, p.Err(), "a table of another form")
}

// Offsets are kept in the database that the changes go to, here SQLite.
func ExampleStore() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each has a memory of its own
	store := &jdbc.Store{DB: db, Dialect: sqlite.Dialect{}}
	ctx := context.Background()
	fmt.Println(store.Save(ctx, "shop", []tailrace.Offset{{Partition: `{"server":"srv"}`, Position: `{"file":"binlog.000003","pos":157}`}}))
	fmt.Println(store.Load(ctx, "shop"))
	// Output:
	// <nil>
	// [{{"server":"srv"} {"file":"binlog.000003","pos":157}}] <nil>
}
