package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
)

// reselecting reads the log of a new database, in which the statement makes
// tables.
func reselecting(t *testing.T, config postgres.Reselect, create ...string) (source.Reader, func(...string), *bytes.Buffer) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, create...)
	var said bytes.Buffer
	src := over(s, database)
	src.Snapshot, src.Reselect = postgres.SnapshotNoData, &config
	src.Log = slog.New(slog.NewTextHandler(&said, nil))
	src.Masks = []postgres.Mask{{Columns: []string{`public\.masked\.t`}, Truncate: new(3)}}
	src.KeyColumns = []postgres.KeyColumns{{Table: `public\.keyless`, Columns: []string{"id"}}}
	r := open(t, src)
	return r, func(statements ...string) { s.Exec(t, database, statements...) }, &said
}

// afterOf is the new row of the next batch's first record.
func afterOf(t *testing.T, r source.Reader) string {
	for {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		if len(b.Records) > 0 {
			return b.Records[0].ValueStruct().Struct("after").String()
		}
	}
}

// failureOf is the error of the next change, of which no record can be made.
func failureOf(t *testing.T, r source.Reader) error {
	for {
		b, err := r.Read(soon(t))
		if err != nil {
			var one *source.RecordError
			require.ErrorAs(t, err, &one)
			return err
		}
		require.Empty(t, b.Records)
	}
}

const changedAtOnce = "BEGIN; INSERT INTO t VALUES (1, NULL); UPDATE t SET t = 'a'; COMMIT"

func TestColumnsAreReadAnewByKeysOfAnyType(t *testing.T) {
	for typ, literal := range map[string]string{
		"DATE": "'2026-01-02'", "TIMESTAMPTZ": "'2026-01-02 03:04:05.678901+02'", "TIMESTAMP": "'infinity'", "TIME": "'05:06:07.89'", "INTERVAL": "'1 mon 2 days'",
		"UUID": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "NUMERIC": "'12.50'", "DOUBLE PRECISION": "0.1", "REAL": "0.1", "BYTEA": `'\x00ff27'`,
		"TEXT": `'it''s \ "é"'`, "CHAR(5)": "'ab'", "BOOLEAN": "true", "INT[]": "'{1,2}'", "INET": "'10.0.0.1'", "MONEY": "'1.50'",
	} {
		r, exec, said := reselecting(t, postgres.Reselect{Fail: true}, "CREATE TABLE t (id "+typ+" PRIMARY KEY, t TEXT)")
		exec("BEGIN; INSERT INTO t VALUES (" + literal + ", NULL); UPDATE t SET t = 'a'; COMMIT")
		assert.Contains(t, afterOf(t, r), "t: a}", "%s: %s", typ, said)
		require.NoError(t, r.Close())
	}
}

func TestWhatIsReadAnewIsMasked(t *testing.T) {
	r, exec, _ := reselecting(t, postgres.Reselect{}, "CREATE TABLE masked (id INT PRIMARY KEY, n INT, t VARCHAR(20000))",
		"ALTER TABLE masked ALTER COLUMN t SET STORAGE EXTERNAL", "INSERT INTO masked VALUES (1, 1, repeat('x', 3000))")
	exec("UPDATE masked SET n = 2")
	assert.Equal(t, "{id: 1, n: 2, t: xxx}", afterOf(t, r))
}

func TestARowThatIsGoneIsSaidOrIsAnErrorOfItsChange(t *testing.T) {
	gone := "BEGIN; INSERT INTO t VALUES (1, NULL); DELETE FROM t; INSERT INTO t VALUES (2, 'b'); COMMIT"
	create := "CREATE TABLE t (id INT PRIMARY KEY, t TEXT)"
	r, exec, said := reselecting(t, postgres.Reselect{}, create)
	exec(gone)
	assert.Equal(t, "{id: 1, t: null}", afterOf(t, r))
	assert.Contains(t, said.String(), "read 1 columns of a row of public.t anew: the row is not there any more")

	r, exec, _ = reselecting(t, postgres.Reselect{Fail: true}, create)
	exec(gone)
	err := failureOf(t, r)
	assert.ErrorContains(t, err, "public.t anew: the row is not there any more")
	records, _ := read(t, r, 3)
	assert.Equal(t, "{id: 2, t: b}", records[2].ValueStruct().Struct("after").String(), "the reader goes on behind it")
}

func TestAQueryThatFailsIsSaidOrIsAnErrorOfItsChange(t *testing.T) {
	create := "CREATE TABLE t (id INT PRIMARY KEY, t TEXT)"
	for _, fail := range []bool{false, true} {
		r, exec, said := reselecting(t, postgres.Reselect{Fail: fail}, create)
		exec("BEGIN; INSERT INTO t VALUES (1, NULL); ALTER TABLE t RENAME COLUMN t TO u; COMMIT")
		if !fail {
			assert.Equal(t, "{id: 1, t: null}", afterOf(t, r))
			assert.Contains(t, said.String(), "column r.t does not exist")
			continue
		}
		assert.ErrorContains(t, failureOf(t, r), "column r.t does not exist")
	}
}

func TestRowsWithoutAKeyAreLeftAsTheyAre(t *testing.T) {
	create := "CREATE TABLE t (id INT, t TEXT)"
	r, exec, said := reselecting(t, postgres.Reselect{Fail: true}, create, "ALTER TABLE t REPLICA IDENTITY FULL")
	exec(changedAtOnce)
	assert.Equal(t, "{id: 1, t: null}", afterOf(t, r))
	assert.NotContains(t, said.String(), "anew")

	keyless := strings.ReplaceAll(create, "TABLE t", "TABLE keyless")
	changed := strings.NewReplacer("INTO t", "INTO keyless", "UPDATE t", "UPDATE keyless").Replace(changedAtOnce)
	full := "ALTER TABLE keyless REPLICA IDENTITY FULL"
	r, exec, said = reselecting(t, postgres.Reselect{}, keyless, full)
	exec(changed)
	assert.Equal(t, "{id: 1, t: null}", afterOf(t, r))
	assert.Contains(t, said.String(), "set Reselect.EventKey")

	r, exec, _ = reselecting(t, postgres.Reselect{EventKey: true, Fail: true}, keyless, full)
	exec(changed)
	assert.Equal(t, "{id: 1, t: a}", afterOf(t, r))
}

func TestAReadThatIsCancelledWhileARowIsReadAnewLosesNothing(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (id INT PRIMARY KEY, t TEXT)")
	src := over(s, database)
	src.Snapshot, src.Reselect = postgres.SnapshotNoData, &postgres.Reselect{Fail: true}
	r := open(t, src)
	s.Exec(t, database, changedAtOnce)
	ctx, cancel := context.WithCancel(soon(t))
	cancelled := make(chan error, 1)
	lock, err := s.DB(t, database).Begin()
	require.NoError(t, err)
	_, err = lock.Exec("LOCK TABLE t")
	require.NoError(t, err)
	go func() {
		for { // the first may give a position alone, before the change has come
			if b, err := r.Read(ctx); err != nil || len(b.Records) > 0 {
				cancelled <- err
				return
			}
		}
	}()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var waiting int
		require.NoError(c, lock.QueryRow("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass").Scan(&waiting))
		assert.Equal(c, 1, waiting)
	}, time.Minute, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-cancelled, context.Canceled)
	require.NoError(t, lock.Rollback())
	assert.Equal(t, "{id: 1, t: a}", afterOf(t, r))
}

func TestThePostProcessorOfDebeziumIsTaken(t *testing.T) {
	with := func(more map[string]string) (postgres.Source, error) {
		all := map[string]string{"topic.prefix": "srv", "database.hostname": "db", "database.user": "u", "database.dbname": "shop",
			"post.processors": "again", "again.type": "io.debezium.processors.reselect.ReselectColumnsPostProcessor"}
		for k, v := range more {
			all[k] = v
		}
		p := property.New(all)
		src := postgres.FromProperties(p).(postgres.Source)
		return src, p.Err()
	}
	src, err := with(nil)
	require.NoError(t, err)
	assert.Equal(t, &postgres.Reselect{}, src.Reselect)
	src, err = with(map[string]string{"again.reselect.columns.exclude.list": "public.t:a", "again.reselect.null.values": "false",
		"again.reselect.use.event.key": "true", "again.reselect.error.handling.mode": "fail"})
	require.NoError(t, err)
	assert.Equal(t, &postgres.Reselect{Exclude: []string{"public.t:a"}, KeepNulls: true, EventKey: true, Fail: true}, src.Reselect)

	for want, more := range map[string]map[string]string{
		"again.type: com.example.Mine: no such post-processor":                                 {"again.type": "com.example.Mine"},
		"post.processors: names more than one":                                                 {"post.processors": "again,other"},
		"again.reselect.null.values: must not be false":                                        {"again.reselect.null.values": "false", "again.reselect.unavailable.values": "false"},
		"again.reselect.columns.exclude.list: cannot be set together with":                     {"again.reselect.columns.include.list": "a", "again.reselect.columns.exclude.list": "b"},
		"again.reselect.nul.values: no such property; did you mean again.reselect.null.values": {"again.reselect.nul.values": "true"},
	} {
		_, err := with(more)
		assert.ErrorContains(t, err, want)
	}
}
