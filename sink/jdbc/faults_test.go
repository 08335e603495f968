package jdbc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	sinkmemory "github.com/tailrace-io/tailrace/sink/memory"
	"github.com/tailrace-io/tailrace/source/memory"
)

// What a table does not take becomes a dead letter, and the rest goes on, at
// least once and exactly once.
func TestTheRestGoesOn(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		for _, offsets := range []string{"", "offsets"} {
			d.exec("DROP TABLE IF EXISTS numbers")
			d.exec("CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad VARCHAR(20) CHECK (length(pad) < 20))")
			bad := numbered(2, "this text is longer than the column has room for")
			elsewhere := numbered(5, "a")
			elsewhere.Topic = "nowhere"
			s := d.sink()
			s.AutoCreate, s.OffsetTable = false, offsets
			dead := new(sinkmemory.Sink)
			e, err := engine.New(engine.Config{
				Name: "rest" + offsets, Source: memory.Of(numbered(1, "a"), bad, numbered(3, "a"), numbered(4, "a"), elsewhere, numbered(6, "a")), Sink: s,
				Errors: engine.Errors{Sink: engine.DeadLetter, DeadLetters: dead},
				Retry:  engine.Retry{Attempts: 1},
			})
			if offsets != "" {
				d.exec("DROP TABLE IF EXISTS offsets")
				prepareOffsets(t, s)
			}
			require.NoError(t, err)
			require.NoError(t, e.Run(t.Context()))
			assert.Equal(t, []int{1, 3, 4, 6}, d.numbers(t))
			letters := dead.Records()
			require.Len(t, letters, 2)
			slices.SortFunc(letters, func(a, b tailrace.Record) int { return strings.Compare(a.Topic, b.Topic) })
			assert.True(t, bad.Key.Equal(letters[1].Key))
			assert.Equal(t, "nowhere", letters[0].Topic)
		}
	})
}

// prepareOffsets makes the table of offsets, as a person would where AutoCreate
// is off.
func prepareOffsets(t *testing.T, s jdbc.Sink) {
	_, err := open(t, s).(sink.Transactional).Begin(t.Context(), "prepare")
	require.NoError(t, err)
}

// A row that another transaction holds is waited for; where that takes longer
// than the server allows, the error is one that another try helps with.
func TestALockThatIsHeld(t *testing.T) {
	for name, parameter := range map[string]string{"postgres": "lock_timeout=100", "mysql": "innodb_lock_wait_timeout=1", "mariadb": "innodb_lock_wait_timeout=1", "sqlite": "busy_timeout=100"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			write(t, open(t, d.sink()), numbered(1, "a"))
			holder, err := d.db.Begin()
			require.NoError(t, err)
			defer holder.Rollback()
			_, err = holder.Exec("UPDATE numbers SET pad = 'held' WHERE number = 1")
			require.NoError(t, err)
			w := open(t, d.with(d.sink(), parameter))
			err = w.Write(t.Context(), []tailrace.Record{numbered(1, "b"), numbered(2, "b")})
			require.Error(t, err)
			assert.True(t, retryable(err))
			var bad *sink.BatchError
			assert.False(t, errors.As(err, &bad), "%v", err)
			require.NoError(t, holder.Commit())
			write(t, w, numbered(1, "b"), numbered(2, "b"))
			assert.Equal(t, []string{"1 b", "2 b"}, d.rows("SELECT number, pad FROM numbers ORDER BY number"))
		})
	}
}

// Of two transactions that wait for each other the server ends one. Whichever
// it is, another try writes the rows.
func TestADeadlock(t *testing.T) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			s := d.sink()
			w := open(t, s)
			write(t, w, numbered(1, "a"), numbered(2, "a"))
			other, err := d.db.Begin()
			require.NoError(t, err)
			defer other.Rollback()
			_, err = other.Exec("UPDATE numbers SET pad = 'other' WHERE number = 2")
			require.NoError(t, err)
			// Steps go by tables: first 1, then, within the same transaction, 2.
			written := make(chan error, 1)
			go func() { written <- w.Write(t.Context(), []tailrace.Record{numbered(1, "b"), numbered(2, "b")}) }()
			waiting := map[string]string{
				"postgres": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
				"mysql":    "SELECT count(*) FROM performance_schema.data_lock_waits w JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID WHERE l.OBJECT_SCHEMA = database()",
				"mariadb":  "SELECT count(*) FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.DB = database()",
			}[name]
			// MariaDB looks anew only when nobody has for 100 ms.
			require.Eventually(t, func() bool { return d.rows(waiting)[0] != "0" }, 3*time.Minute, 250*time.Millisecond)
			_, crossed := other.Exec("UPDATE numbers SET pad = 'other' WHERE number = 1")
			if crossed == nil {
				require.NoError(t, other.Commit())
			} else {
				_ = other.Rollback() // the server has done it
			}
			err = <-written
			if crossed == nil {
				require.Error(t, err)
			}
			if err != nil {
				assert.True(t, retryable(err))
				var bad *sink.BatchError
				assert.False(t, errors.As(err, &bad), "%v", err)
				write(t, w, numbered(1, "b"), numbered(2, "b"))
			}
			assert.Equal(t, []string{"1 b", "2 b"}, d.rows("SELECT number, pad FROM numbers ORDER BY number"))
		})
	}
}

// A server that takes no changes says so: the error is no matter of a record,
// and once the server is the primary again another try helps.
func TestAReadOnlyServer(t *testing.T) {
	for name, parameter := range map[string]string{"postgres": "default_transaction_read_only=on", "mysql": "transaction_read_only=1", "mariadb": "tx_read_only=1", "sqlite": "mode=ro"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			write(t, open(t, d.sink()), numbered(1, "a"))
			s := d.sink()
			if name == "sqlite" {
				s.URL = "file:" + s.URL[len("jdbc:sqlite:"):]
			}
			err := open(t, d.with(s, parameter)).Write(t.Context(), []tailrace.Record{numbered(2, "b")})
			require.ErrorContains(t, err, "connect to the primary")
			assert.True(t, retryable(err))
			var bad *sink.BatchError
			assert.False(t, errors.As(err, &bad))
			assert.Equal(t, []int{1}, d.numbers(t))
		})
	}
}

// A table may be altered while its rows are written: columns of other types and
// in another order, columns that are gone, and new ones.
func TestATableIsAlteredInMidStream(t *testing.T) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(20))")
			modify := func(column, typ string) string {
				if name == "postgres" {
					return "ALTER TABLE people ALTER " + column + " TYPE " + typ + " USING " + column + "::" + typ
				}
				return "ALTER TABLE people MODIFY " + column + " " + typ
			}
			w := open(t, d.sink())
			many := func(first int32) (out []tailrace.Record) {
				for i := range int32(250) {
					out = append(out, row(first+i, tailrace.String("1"), tailrace.String("2")))
				}
				return out
			}
			write(t, w, many(0)...)
			write(t, w, many(0)...)
			for i, ddl := range []string{modify("id", "BIGINT"), modify("note", "INT"), "ALTER TABLE people DROP COLUMN note",
				"ALTER TABLE people ADD extra INT DEFAULT 5", "ALTER TABLE people RENAME COLUMN note TO remark"} {
				d.exec(ddl)
				write(t, w, many(int32(i)*100)...)
				write(t, w, many(int32(i)*100)...)
			}
			assert.Equal(t, []string{"650"}, d.rows("SELECT count(*) FROM people WHERE name = '1' AND extra = 5"))
			assert.Equal(t, []string{"250"}, d.rows("SELECT count(*) FROM people WHERE note IS NOT NULL"))

			d.exec("ALTER TABLE people ADD strict_one INT")
			d.exec("UPDATE people SET strict_one = 1")
			if name == "postgres" {
				d.exec("ALTER TABLE people ALTER strict_one SET NOT NULL")
			} else {
				d.exec("ALTER TABLE people MODIFY strict_one INT NOT NULL")
			}
			err := w.Write(t.Context(), []tailrace.Record{row(5000, tailrace.String("a"), tailrace.Value{})})
			require.ErrorContains(t, err, "strict_one")
			assert.False(t, retryable(err))
		})
	}
}

// An engine whose server goes away and comes back goes on by itself.
func TestAServerThatGoesAway(t *testing.T) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			s, proxy := d.behind(t)
			s.OffsetTable = "offsets"
			src := new(memory.Source)
			src.Send(numbered(1, "a"))
			wrote, retried := make(chan int, 100), make(chan error, 100)
			e, err := engine.New(engine.Config{Name: "away", Source: src, Sink: s,
				Retry: engine.Retry{Delay: 5 * time.Millisecond, MaxDelay: 20 * time.Millisecond},
				Trace: engine.Trace{Write: func(i engine.WriteInfo) { wrote <- i.Records }, Retry: func(i engine.RetryInfo) {
					select {
					case retried <- i.Err:
					default:
					}
				}}})
			require.NoError(t, err)
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			assert.Equal(t, 1, <-wrote)
			proxy.Refuse()
			src.Send(numbered(2, "b"))
			assert.ErrorContains(t, <-retried, "connection")
			proxy.Admit()
			assert.Equal(t, 1, <-wrote)
			src.Close()
			require.NoError(t, <-ended)
			assert.Equal(t, []string{"1 a", "2 b"}, d.rows("SELECT number, pad FROM numbers ORDER BY number"))
		})
	}
}
