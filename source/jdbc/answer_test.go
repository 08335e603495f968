package jdbc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

func TestTheAnswersOfAQueryAreReadInEachMode(t *testing.T) {
	db := newDatabase(t, changes, "CREATE TABLE people (name TEXT, country TEXT)")
	db.exec("INSERT INTO people VALUES ('a', 'AT'), ('b', 'BE')")
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1001), ('b', 1003), ('nobody', 1005)")
	for _, mode := range []jdbc.Mode{jdbc.Bulk, jdbc.Incrementing, jdbc.Timestamp, jdbc.TimestampIncrementing} {
		t.Run(string(mode), func(t *testing.T) {
			s := db.source(mode)
			s.TopicPrefix = "people-changes"
			s.Query = "SELECT id, at, country FROM changes JOIN people USING (name) WHERE country <> 'XX' -- by name\n; "
			r := open(t, s).until(2)
			assert.Equal(t, []string{"AT", "BE"}, r.values("country"))
			assert.Equal(t, "people-changes", r.records[0].Topic)
			assert.Empty(t, r.records[0].ValueSchema.Name())
			if mode == jdbc.Bulk {
				assert.Empty(t, r.offsets)
				return
			}
			r.rest()
			assert.Equal(t, `{"query":"query"}`, r.offsets[0].Partition)
			assert.Zero(t, open(t, s, r.offsets...).rest())
		})
	}
}

// A bulk query is asked as it stands, so that it may be one that cannot stand
// as a table.
func TestABulkQueryIsAskedAsItStands(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE t (a INTEGER, b TEXT)")
	s := db.source(jdbc.Bulk)
	s.TopicPrefix, s.Query = "columns", "PRAGMA table_info(t)"
	assert.Equal(t, []string{"a", "b"}, open(t, s).until(2).values("name"))
}

func TestWhatIsWrongWithAQueryIsSaid(t *testing.T) {
	db := newDatabase(t, changes)
	for _, c := range []struct {
		mode jdbc.Mode
		set  func(*jdbc.Source)
		want string
	}{
		{jdbc.Bulk, func(s *jdbc.Source) { s.TopicPrefix = "" }, "TopicPrefix (topic.prefix) is empty"},
		{jdbc.Bulk, func(s *jdbc.Source) { s.Tables = []string{"changes"} }, "takes the place of tables"},
		{jdbc.Bulk, func(s *jdbc.Source) { s.Keys = true }, "ValueToKey"},
		{jdbc.Incrementing, func(s *jdbc.Source) { s.IncrementingColumn = "" }, "has no auto-increment column"},
		{jdbc.Incrementing, func(s *jdbc.Source) { s.Query = "SELECT name FROM changes" }, "column id does not exist: the table has name"},
		{jdbc.Incrementing, func(s *jdbc.Source) { s.Query = "SELEKT" }, "describe the query (query)"},
		{jdbc.Timestamp, func(s *jdbc.Source) { s.QuerySuffix = "limit 10" }, "query.suffix"},
	} {
		s := db.source(c.mode)
		s.TopicPrefix, s.Query, s.AllowNull = "answers", "SELECT * FROM changes", true
		c.set(&s)
		_, err := s.Open(t.Context(), nil)
		assert.ErrorContains(t, err, c.want)
	}
}

func TestASuffixStandsBehindAllQueries(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1001), ('b', 1001), ('c', 1002)")
	s := db.source(jdbc.TimestampIncrementing)
	s.QuerySuffix = "LIMIT 1"
	r := open(t, s)
	for n := range 3 {
		assert.Len(t, r.next().Records, 1, n)
	}
	assert.Equal(t, []string{"a", "b", "c"}, r.values("name"))
}

func TestEachTableHasTheColumnsOfItsRule(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE a (x INTEGER NOT NULL, made TIMESTAMP NOT NULL)", "CREATE TABLE b (y INTEGER NOT NULL, at TIMESTAMP, made TIMESTAMP NOT NULL)")
	db.exec("INSERT INTO a VALUES (1, 1001)")
	db.exec("INSERT INTO b VALUES (2, NULL, 1001)")
	s := db.source(jdbc.TimestampIncrementing)
	s.IncrementingColumn, s.TimestampColumns = "", nil
	s.IncrementingFor = []jdbc.ColumnsFor{{Tables: "a", Columns: []string{"x"}}, {Tables: "b|c", Columns: []string{"y"}}}
	s.TimestampsFor = []jdbc.ColumnsFor{{Tables: "a", Columns: []string{"made"}}, {Tables: "[^a]", Columns: []string{"at", "made"}}}
	r := open(t, s).until(2)
	assert.Equal(t, `{"incrementing":2,"timestamp":1001,"timestamp_nanos":1000000}`, r.offsets[1].Position)

	s.TimestampsFor = s.TimestampsFor[:1]
	_, err := s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "table b: no rule of TimestampsFor (timestamp.columns.mapping) matches it")
	s.IncrementingFor[1].Tables = ".*"
	_, err = s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "table a: several rules of IncrementingFor (incrementing.column.mapping) match it")
	s.IncrementingColumn = "x"
	s.TimestampsFor[0].Columns = nil
	_, err = s.Open(t.Context(), nil)
	assert.ErrorContains(t, err, "exclude each other")
	assert.ErrorContains(t, err, "orders:[updated|created]")
}

func TestTimestampsAreOfTheGranularity(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	db := newDatabase(t, "CREATE TABLE t (at TIMESTAMP)")
	db.exec("INSERT INTO t VALUES ('2024-07-01 12:00:00.012345678'), ('9999-12-31 00:00:00')")
	for granularity, want := range map[jdbc.Granularity]string{
		"": "2024-07-01T10:00:00.012Z", jdbc.Logical: "2024-07-01T10:00:00.012Z",
		jdbc.MicrosLong: "1719828000012345", jdbc.MicrosString: "1719828000012345", jdbc.MicrosISO: "2024-07-01T12:00:00.012345",
		jdbc.NanosLong: "1719828000012345678", jdbc.NanosString: "1719828000012345678", jdbc.NanosISO: "2024-07-01T12:00:00.012345678",
	} {
		s := db.source(jdbc.Bulk)
		s.Granularity, s.Location = granularity, berlin
		r := open(t, s)
		r.until(len(r.next().Records))
		assert.Equal(t, want, r.values("at")[0], granularity)
		assert.NoError(t, r.records[0].ValueSchema.Validate(r.records[0].Value))
		if granularity == jdbc.NanosLong || granularity == jdbc.NanosString {
			_, err := r.Read(t.Context())
			assert.ErrorContains(t, err, "too far from 1970")
		}
	}
}

func TestThePrimaryKeyBecomesTheKeyOnDemand(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE t (v TEXT, b INTEGER NOT NULL, a TEXT NOT NULL, PRIMARY KEY (a, b))", "CREATE TABLE bare (v TEXT)")
	db.exec("INSERT INTO t VALUES ('v', 7, 'x')")
	db.exec("INSERT INTO bare VALUES ('v')")
	s := db.source(jdbc.Bulk)
	s.Keys = true
	r := open(t, s).until(2)
	assert.Nil(t, r.records[0].KeySchema)
	assert.True(t, r.records[0].Key.IsNull())
	key := r.records[1].KeyStruct()
	assert.Equal(t, `{a: x, b: 7}`, key.String())
	assert.Equal(t, "t.Key", key.Schema.Name())
	assert.NoError(t, key.Schema.Validate(r.records[1].Key))
}

func TestTablesComeAndGoWhileItRuns(t *testing.T) {
	db := newDatabase(t, changes)
	db.exec("INSERT INTO changes (name, at) VALUES ('a', 1)")
	s := db.source(jdbc.Incrementing)
	s.TablePoll = time.Nanosecond
	r := open(t, s, tailrace.Offset{Partition: `{"protocol":"1","table":"later"}`, Position: `{"incrementing":1}`}).until(1)
	db.exec("CREATE TABLE later (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT)")
	db.exec("INSERT INTO later (name) VALUES ('seen before'), ('b')")
	r.until(2)
	db.exec("DROP TABLE changes")
	db.exec("INSERT INTO later (name) VALUES ('c')")
	r.until(3)
	db.exec("DROP TABLE later")
	assert.Zero(t, r.rest(), "it waits for tables")
	db.exec(changes)
	db.exec("INSERT INTO changes (id, name, at) VALUES (9, 'd', 1)")
	assert.Equal(t, []string{"a", "b", "c", "d"}, r.until(4).values("name"))
}
