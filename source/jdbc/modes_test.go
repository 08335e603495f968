package jdbc_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/jdbc/sqlite"
)

const changes = "CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT, at TIMESTAMP NOT NULL)"

func TestModeBulkGivesTheWholeTableAtEachPollAndNoOffsets(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1), ('b', 2)")
	r := open(t, db.source(jdbc.Bulk))
	r.until(2).until(4)
	assert.Equal(t, []string{"a", "b", "a", "b"}, r.values("name"))
	assert.Empty(t, r.offsets)
}

func TestModeIncrementingGivesInsertsBehindTheGreatestNumber(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1), ('b', 2)")
	s := db.source(jdbc.Incrementing)
	r := open(t, s).until(2)
	assert.Equal(t, []tailrace.Offset{{Partition: `{"protocol":"1","table":"changes"}`, Position: `{"incrementing":2}`}}, r.offsets)

	db.exec("UPDATE changes SET name = 'A' WHERE id = 1")
	db.exec("INSERT INTO changes (name, at) VALUES ('c', 3)")
	r.until(3)
	assert.Equal(t, []string{"a", "b", "c"}, r.values("name"))
	assert.Equal(t, []string{"c"}, open(t, s, tailrace.Offset{Partition: `{"table":"changes"}`, Position: `{"incrementing":2}`}).until(1).values("name"),
		"an offset of version 0 of Confluent's protocol is taken too")
}

func TestTheIncrementingColumnIsFoundByItself(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE changes (name TEXT, number INTEGER PRIMARY KEY /* no */ AUTOINCREMENT)")
	db.exec("INSERT INTO changes (name) VALUES ('a')")
	s := db.source(jdbc.Incrementing)
	s.IncrementingColumn = ""
	assert.Equal(t, []string{"1"}, open(t, s).until(1).values("number"))
}

func TestModeTimestampGivesInsertsAndUpdates(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', '2024-05-06 07:08:09.123'), ('b', '2024-05-06T07:08:09.124Z'), ('c', 1714979289125)")
	s := db.source(jdbc.Timestamp)
	r := open(t, s).until(3)
	r.rest()
	assert.Equal(t, []string{"a", "b", "c"}, r.values("name"))
	assert.Equal(t, []string{"2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.124Z", "2024-05-06T07:08:09.125Z"}, r.values("at"))
	assert.Equal(t, `{"timestamp":1714979289125,"timestamp_nanos":125000000}`, r.offsets[0].Position)

	db.exec("UPDATE changes SET name = 'A', at = '2024-05-06 09:08:09.500+01:00' WHERE id = 1")
	r.until(4)
	assert.Equal(t, []string{"a", "b", "c", "A"}, r.values("name"))
}

func TestModeTimestampAndIncrementingPutsUpdatesOfAnInstantIntoOrder(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1001), ('b', 1001), ('c', 1002)")
	s := db.source(jdbc.TimestampIncrementing)
	s.BatchRows = 1
	r := open(t, s).until(2)
	assert.Equal(t, `{"incrementing":2,"timestamp":1001,"timestamp_nanos":1000000}`, r.offsets[0].Position)
	again := open(t, s, r.offsets...).until(1)
	assert.Equal(t, []string{"c"}, again.values("name"))
	db.exec("UPDATE changes SET name = 'A', at = 1003 WHERE id = 1")
	assert.Equal(t, []string{"c", "A"}, again.until(2).values("name"))
}

func TestOfSeveralTimestampColumnsTheFirstThatIsNotNullCounts(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE changes (name TEXT, created TIMESTAMP NOT NULL, updated TIMESTAMP)")
	db.exec("INSERT INTO changes VALUES ('a', 1001, 1005), ('b', 1002, NULL), ('c', 1003, 1004)")
	s := db.source(jdbc.Timestamp)
	s.TimestampColumns = []string{"UPDATED", "created"}
	assert.Equal(t, []string{"b", "c", "a"}, open(t, s).until(3).values("name"))
}

// The heart of mode timestamp: a restart from the offsets of any batch gives
// all rows that were not in it, whatever share a timestamp.
func TestRowsThatShareATimestampAreNeverLost(t *testing.T) {
	db := newDatabase(t, changes)
	const rows = 40
	for i := range rows {
		db.exec("INSERT INTO changes (name, at) VALUES (?, ?)", fmt.Sprint(i), 1_000_001+i/7)
	}
	for _, mode := range []jdbc.Mode{jdbc.Timestamp, jdbc.TimestampIncrementing} {
		s := db.source(mode)
		s.BatchRows = 3
		r := open(t, s)
		for len(r.records) < rows {
			r.next()
			got := map[string]bool{}
			for _, v := range r.values("name") {
				assert.False(t, got[v], "%s came twice to one reader", v)
				got[v] = true
			}
			again := open(t, s, r.offsets...)
			for left := rows - len(got); left > 0; {
				from := len(again.records)
				again.next()
				for _, v := range again.values("name")[from:] {
					if !got[v] {
						left--
					}
				}
			}
			repeated := len(again.records) - (rows - len(got))
			assert.Less(t, repeated, 7, "only rows of the last timestamp repeat")
			if mode == jdbc.TimestampIncrementing {
				assert.Zero(t, repeated)
			}
			require.NoError(t, again.Close())
		}
		assert.Zero(t, r.rest(), "nothing comes again by itself")
	}
}

// clocked is SQLite with a clock that a test sets.
type clocked struct {
	sqlite.Dialect
	now *time.Time
}

func (d clocked) Now(context.Context, jdbc.Queryer) (time.Time, error) { return *d.now, nil }

func TestARowIsHeldBackUntilNoOtherCanHaveItsTimestamp(t *testing.T) {
	db := newDatabase(t, changes)
	s := db.source(jdbc.TimestampIncrementing)
	now := time.Date(2024, 5, 6, 7, 8, 9, 700_000_000, time.UTC)
	s.Dialect = clocked{now: &now}
	r := open(t, s)
	// A column that counts seconds, as SQLite's CURRENT_TIMESTAMP does: a row
	// with a smaller number may still be changed in the second that has begun.
	db.exec("INSERT INTO changes (id, name, at) VALUES (5, 'five', '2024-05-06 07:08:09')")
	assert.Zero(t, r.rest())
	db.exec("INSERT INTO changes (id, name, at) VALUES (1, 'one', '2024-05-06 07:08:09')")
	now = time.Date(2024, 5, 6, 7, 8, 9, 999_000_000, time.UTC)
	assert.Zero(t, r.rest())
	now = time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)
	assert.Equal(t, []string{"one", "five"}, r.until(2).values("name"))

	db.exec("INSERT INTO changes (id, name, at) VALUES (7, 'seven', '2024-05-06 07:08:10.250')")
	now = time.Date(2024, 5, 6, 7, 8, 10, 250_999_000, time.UTC)
	assert.Zero(t, r.rest(), "its millisecond is not over")
	now = time.Date(2024, 5, 6, 7, 8, 10, 251_000_000, time.UTC)
	assert.Equal(t, []string{"one", "five", "seven"}, r.until(3).values("name"))
}

func TestALateCommitWithinTheDelayIsSeen(t *testing.T) {
	db := newDatabase(t, changes)
	s := db.source(jdbc.Timestamp)
	s.Delay = time.Second
	now := time.UnixMilli(100_500)
	s.Dialect = clocked{now: &now}
	r := open(t, s)
	db.exec("INSERT INTO changes (name, at) VALUES ('early', 100001)")
	assert.Zero(t, r.rest(), "rows are held back for the delay")
	db.exec("INSERT INTO changes (name, at) VALUES ('late', 99990)")
	now = time.UnixMilli(101_100)
	assert.Equal(t, []string{"late", "early"}, r.until(2).values("name"))
}

func TestReadingStartsWhereItIsTold(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 5001), ('b', 5002), ('c', 5003)")
	s := db.source(jdbc.TimestampIncrementing)
	s.StartAt = time.UnixMilli(5002)
	assert.Equal(t, []string{"b", "c"}, open(t, s).until(2).values("name"))

	s.StartAt, s.StartNow = time.Time{}, true
	r := open(t, s)
	b := r.next()
	assert.Empty(t, b.Records)
	require.Len(t, b.Offsets, 1, "without a stored position a restart would start later")
	db.exec("INSERT INTO changes (name, at) VALUES ('d', ?)", time.Now().UnixMilli()|1)
	assert.Equal(t, []string{"d"}, r.until(1).values("name"))
	assert.Equal(t, []string{"d"}, open(t, s, b.Offsets...).until(1).values("name"))
}

func TestTimestampsWithoutAZoneAreInTheLocation(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', '2024-07-01 12:00:00.500')")
	s := db.source(jdbc.Timestamp)
	s.Location = berlin
	r := open(t, s).until(1)
	r.rest()
	assert.Equal(t, []string{"2024-07-01T10:00:00.5Z"}, r.values("at"))
	assert.Equal(t, `{"timestamp":1719828000500,"timestamp_nanos":500000000}`, r.offsets[0].Position)
	assert.Zero(t, open(t, s, r.offsets...).rest())
}

func TestTablesAreReadInTurn(t *testing.T) {
	db := newDatabase(t, changes, "CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT)", "CREATE VIEW seen AS SELECT * FROM other")
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1), ('b', 2)")
	db.exec("INSERT INTO other (name) VALUES ('x')")
	s := db.source(jdbc.Incrementing)
	s.TopicPrefix = "shop-"
	r := open(t, s).until(3)
	topics := map[string]int{}
	for _, rec := range r.records {
		topics[rec.Topic]++
		assert.True(t, rec.Key.IsNull())
		assert.Nil(t, rec.KeySchema)
	}
	assert.Equal(t, map[string]int{"shop-changes": 2, "shop-other": 1}, topics)
	assert.Len(t, r.offsets, 2)

	for _, c := range []struct {
		what string
		set  func(*jdbc.Source)
	}{
		{"Tables", func(s *jdbc.Source) { s.Tables = []string{"other"} }},
		{"ExcludeTables", func(s *jdbc.Source) { s.ExcludeTables = []string{"changes"} }},
		{"Include", func(s *jdbc.Source) { s.Include = []string{"o.*"} }},
		{"Exclude", func(s *jdbc.Source) { s.Exclude = []string{"chan.*"} }},
		{"TableTypes", func(s *jdbc.Source) {
			s.TableTypes, s.AllowNull, s.Mode = []string{"VIEW"}, true, jdbc.Bulk
		}},
	} {
		s := db.source(jdbc.Incrementing)
		c.set(&s)
		assert.Equal(t, []string{"x"}, open(t, s).until(1).values("name"), c.what)
	}
}

func TestAColumnThatIsAddedIsSeenAtTheNextPoll(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1), ('b', 2)")
	r := open(t, db.source(jdbc.Incrementing)).until(2)
	assert.Same(t, r.records[0].ValueSchema, r.records[1].ValueSchema)
	db.exec("ALTER TABLE changes ADD COLUMN more TEXT")
	db.exec("INSERT INTO changes (name, at, more) VALUES ('c', 3, 'yes')")
	r.until(3)
	assert.Equal(t, "yes", r.records[2].ValueStruct().Get("more").Text())
	db.exec("INSERT INTO changes (name, at, more) VALUES ('d', 3, 'yes')")
	r.until(4)
	assert.Same(t, r.records[2].ValueSchema, r.records[3].ValueSchema)
}

func TestAnOpenDatabaseOfTheCallerIsUsedAndNotClosed(t *testing.T) {
	db, err := sql.Open("sqlite", "file:shop?mode=memory&cache=shared")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES")
	require.NoError(t, err)
	r := open(t, jdbc.Source{DB: db, Dialect: sqlite.Dialect{}, Mode: jdbc.Incrementing}).until(1)
	require.NoError(t, r.Close())
	require.NoError(t, db.Ping())
}
