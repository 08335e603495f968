package mysql_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// reselecting reads the log of a new database, in which the statement makes the
// table t; changes are made in one transaction.
func reselecting(t *testing.T, config mysql.Reselect, create string) (r source.Reader, change func(...string), said *bytes.Buffer) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, create)
	said = new(bytes.Buffer)
	src := over(s, database)
	src.Reselect, src.Log = &config, slog.New(slog.NewTextHandler(said, nil))
	src.Masks = []mysql.Mask{{Columns: []string{`.*\.masked`}, Truncate: new(3)}}
	src.KeyColumns = []mysql.KeyColumns{{Table: `.*\.keyed`, Columns: []string{"id"}}}
	return open(t, src, tip(t, src)...), func(statements ...string) {
		s.Exec(t, append(append([]string{"USE " + database, "START TRANSACTION"}, statements...), "COMMIT")...)
	}, said
}

// nextRow is the row after the next change.
func nextRow(t *testing.T, r source.Reader) string {
	for {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		if len(b.Records) > 0 {
			return b.Records[0].ValueStruct().Struct("after").String()
		}
	}
}

// nextError is what the next change fails with.
func nextError(t *testing.T, r source.Reader) error {
	for {
		if b, err := r.Read(soon(t)); err != nil {
			return err
		} else {
			require.Empty(t, b.Records)
		}
	}
}

func TestColumnsAreReadAnewByKeysOfAnyType(t *testing.T) {
	for typ, literal := range map[string]string{
		"BIGINT UNSIGNED": "18446744073709551615", "INT": "-5", "DECIMAL(20,4)": "-12.5", "ENUM('sad','ok')": "'ok'", "SET('x','y','z')": "'x,z'",
		"VARBINARY(8)": "X'00ff5c27'", "BIT(9)": "b'101010101'", "BIT(1)": "b'1'", "DATE": "'2026-01-02'", "DATETIME(3)": "'2026-03-04 05:06:07.125'",
		"TIMESTAMP(2)": "'2026-03-04 05:06:07.25'", "TIME(2)": "'-12:34:56.5'", "VARCHAR(20)": `'it''s \\ "é"'`, "DOUBLE": "0.1", "YEAR": "2026",
	} {
		r, change, said := reselecting(t, mysql.Reselect{Fail: true}, "CREATE TABLE t (id "+typ+" PRIMARY KEY, masked VARCHAR(20), t TEXT)")
		change("INSERT INTO t VALUES ("+literal+", NULL, NULL)", "UPDATE t SET masked = 'secret', t = 'a'")
		assert.Contains(t, nextRow(t, r), "masked: sec, t: a}", "%s: %s", typ, said)
		require.NoError(t, r.Close())
	}
}

func TestARowThatIsGoneIsSaidOrIsAnError(t *testing.T) {
	const create = "CREATE TABLE t (id INT PRIMARY KEY, t TEXT)"
	gone := []string{"INSERT INTO t VALUES (1, NULL)", "DELETE FROM t"}
	r, change, said := reselecting(t, mysql.Reselect{}, create)
	change(gone...)
	assert.Equal(t, "{id: 1, t: null}", nextRow(t, r))
	assert.Contains(t, said.String(), ".t anew: the row is not there any more")

	r, change, _ = reselecting(t, mysql.Reselect{Fail: true}, create)
	change(gone...)
	assert.ErrorContains(t, nextError(t, r), ".t anew: the row is not there any more")
}

func TestAQueryThatFailsIsSaidOrIsAnErrorWithoutValues(t *testing.T) {
	const create = "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, t TEXT)"
	changes := []string{"INSERT INTO t VALUES ('secret', NULL)", "ALTER TABLE t RENAME COLUMN t TO u"}
	r, change, said := reselecting(t, mysql.Reselect{}, create)
	change(changes...)
	assert.Equal(t, "{id: secret, t: null}", nextRow(t, r))
	assert.Contains(t, said.String(), "Unknown column 't'")
	assert.NotContains(t, said.String(), "secret")

	r, change, _ = reselecting(t, mysql.Reselect{Fail: true}, create)
	change(changes...)
	err := nextError(t, r)
	assert.ErrorContains(t, err, "Unknown column 't'")
	assert.NotContains(t, err.Error(), "secret")
}

func TestRowsWithoutAKeyAreLeftAsTheyAre(t *testing.T) {
	for _, c := range []struct {
		table  string
		config mysql.Reselect
		want   string
		says   string
	}{
		{"t", mysql.Reselect{Fail: true}, "{id: 1, t: null}", ""},
		{"keyed", mysql.Reselect{}, "{id: 1, t: null}", "set Reselect.EventKey"},
		{"keyed", mysql.Reselect{EventKey: true, Fail: true}, "{id: 1, t: a}", ""},
	} {
		r, change, said := reselecting(t, c.config, "CREATE TABLE "+c.table+" (id INT, t TEXT)")
		change("INSERT INTO "+c.table+" VALUES (1, NULL)", "UPDATE "+c.table+" SET t = 'a'")
		assert.Equal(t, c.want, nextRow(t, r))
		assert.Contains(t, said.String(), c.says)
	}
}

func TestAReadThatIsCancelledWhileARowIsReadAnewLosesNothing(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY, t TEXT)")
	src := over(s, database)
	src.Reselect = &mysql.Reselect{Fail: true}
	r := open(t, src, tip(t, src)...)
	s.Exec(t, "USE "+database, "START TRANSACTION", "INSERT INTO t VALUES (1, NULL)", "UPDATE t SET t = 'a'", "COMMIT")
	db := s.DB(t, database)
	lock, err := db.Conn(soon(t))
	require.NoError(t, err)
	_, err = lock.ExecContext(soon(t), "LOCK TABLES t WRITE")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(soon(t))
	cancelled := make(chan error, 1)
	go func() {
		_, err := r.Read(ctx)
		for err == nil { // a position alone
			_, err = r.Read(ctx)
		}
		cancelled <- err
	}()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var waiting int
		require.NoError(c, db.QueryRow("SELECT count(*) FROM information_schema.processlist WHERE db IS NULL AND info LIKE 'SELECT `t` FROM `"+database+"`.%'").Scan(&waiting))
		assert.Equal(c, 1, waiting)
	}, time.Minute, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-cancelled, context.Canceled)
	require.NoError(t, lock.Close())
	require.NoError(t, db.Close())
	records, _ := read(t, r, 2)
	var got []string
	for i := range records {
		c, _ := tailrace.AsChange(&records[i])
		got = append(got, string(c.Op())+" "+c.After().String())
	}
	assert.Equal(t, []string{"c {id: 1, t: a}", "u {id: 1, t: a}"}, got)
}

func TestThePostProcessorOfDebeziumIsTaken(t *testing.T) {
	p := property.New(with(map[string]string{"post.processors": "again", "again.type": "io.debezium.processors.reselect.ReselectColumnsPostProcessor",
		"again.reselect.columns.include.list": "shop.t:a", "again.reselect.error.handling.mode": "FAIL"}))
	src := mysql.FromProperties(p, nil).(mysql.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, &mysql.Reselect{Include: []string{"shop.t:a"}, Fail: true}, src.Reselect)
}
