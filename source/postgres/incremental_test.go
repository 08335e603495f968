package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	sourcekafka "github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/postgres"
	"github.com/tailrace-io/tailrace/source/signal"
	"github.com/tailrace-io/tailrace/source/signal/kafka"
)

// notes gathers notifications, in short.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(x signal.Notification) {
	n.mu.Lock()
	defer n.mu.Unlock()
	status := x.Data["status"]
	if x.Data["reason"] != "" {
		status = x.Data["reason"]
	}
	n.list = append(n.list, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", x.Status, x.Data["scanned_collection"], status, x.Data["total_rows_scanned"])), " "))
}

func (n *notes) has(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.list {
		if strings.HasPrefix(x, text) {
			return true
		}
	}
	return false
}

// readUntil reads until there is what is waited for.
func readUntil(t testing.TB, r source.Reader, done func([]tailrace.Record) bool) (records []tailrace.Record, offsets []tailrace.Offset) {
	t.Helper()
	for !done(records) {
		b, err := r.Read(soon(t))
		require.NoError(t, err, "after %d records", len(records))
		records = append(records, b.Records...)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	return records, offsets
}

const signalTable = "CREATE TABLE debezium_signal (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL)"

// tables are those of the tests of incremental snapshots: with a key of two
// columns, without one, and without rows.
func tables(t *testing.T, s *testserver.PostgresServer) string {
	database := s.Database(t)
	s.Exec(t, database, signalTable,
		`CREATE TABLE pairs (a VARCHAR(10) COLLATE "en-x-icu", b INT, v INT, PRIMARY KEY (a, b))`,
		`INSERT INTO pairs VALUES ('x', 1, 1), ('X', 2, 2), ('y''', 1, 3), ('y''', 2, 4), ('ä', 9, 5), ('z\', 1, 6), ('z\', 2, 7)`,
		"CREATE TABLE keyless (n INT, v INT)", "INSERT INTO keyless VALUES (1, 1), (1, 2), (1, 3), (NULL, 4), (2, 5), (2, 5), (NULL, 6)",
		"CREATE TABLE bare (id INT PRIMARY KEY)")
	return database
}

// ways are how windows of incremental snapshots can be marked.
func ways(t *testing.T, check func(t *testing.T, s *testserver.PostgresServer, src postgres.Source, database string)) {
	for name, way := range map[string]func(src *postgres.Source){
		"by the table of signals": func(src *postgres.Source) { src.SignalTable = "public.debezium_signal" },
		"by a row that is taken away": func(src *postgres.Source) {
			src.SignalTable, src.Watermarks = "public.debezium_signal", postgres.InsertDelete
		},
		"without writing to the server": func(src *postgres.Source) { src.SignalTable, src.ReadOnly = "public.debezium_signal", true },
		"without a table of signals":    func(*postgres.Source) {},
	} {
		t.Run(name, func(t *testing.T) {
			s := testserver.Postgres(t)
			database := tables(t, s)
			src := over(s, database)
			way(&src)
			check(t, s, src, database)
		})
	}
}

// reads are the rows of a table that were read, in their order.
func reads(records []tailrace.Record, table string) (out []string) {
	for i := range records {
		if c, ok := tailrace.AsChange(&records[i]); ok && c.Op() == tailrace.OpRead && c.Source().Get("table").Text() == table {
			out = append(out, c.After().String())
		}
	}
	return out
}

func TestAnIncrementalSnapshotReadsTablesByChunks(t *testing.T) {
	ways(t, func(t *testing.T, s *testserver.PostgresServer, src postgres.Source, database string) {
		var told notes
		var q signal.Queue
		src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 2
		r := open(t, src, tip(t, src)...)
		q.Snapshot(signal.Snapshot{Tables: []string{`public\.(pairs|bare)`, "public.none"}})
		records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
		assert.Equal(t, []string{"{a: ä, b: 9, v: 5}", "{a: x, b: 1, v: 1}", "{a: X, b: 2, v: 2}", "{a: y', b: 1, v: 3}", "{a: y', b: 2, v: 4}", `{a: z\, b: 1, v: 6}`, `{a: z\, b: 2, v: 7}`},
			reads(records, "pairs"))
		c, _ := tailrace.AsChange(&records[len(records)-1])
		if src.SignalTable == "" {
			assert.Equal(t, "incremental", c.Source().Get("snapshot").Text())
		}
		assert.Equal(t, []string{"STARTED", "TABLE_SCAN_COMPLETED public.bare EMPTY 0", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS",
			"TABLE_SCAN_COMPLETED public.pairs SUCCEEDED 7", "TABLE_SCAN_COMPLETED public.none UNKNOWN_SCHEMA 0", "COMPLETED"}, told.list)
	})
}

func TestRowsThatShareASurrogateKeyAreAllRead(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 2
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{"public.keyless"}})
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.True(t, told.has("TABLE_SCAN_COMPLETED public.keyless NO_PRIMARY_KEY"))
	told.list = nil
	q.Snapshot(signal.Snapshot{Tables: []string{"public.keyless"}, SurrogateKey: "n"})
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.ElementsMatch(t, []string{"{n: 1, v: 1}", "{n: 1, v: 2}", "{n: 1, v: 3}", "{n: null, v: 4}", "{n: 2, v: 5}", "{n: 2, v: 5}", "{n: null, v: 6}"}, reads(records, "keyless"))
}

func TestRowsAreChosenByConditions(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable = "public.debezium_signal"
	var told notes
	src.Notify = told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, database, `INSERT INTO public.debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["public.pairs"],"additional-conditions":[{"data-collection":"public.pairs","filter":"v=1 OR v=6"}]}')`)
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Equal(t, []string{"{a: x, b: 1, v: 1}", `{a: z\, b: 1, v: 6}`}, reads(records, "pairs"))

	told.list = nil
	s.Exec(t, database, `INSERT INTO public.debezium_signal VALUES ('two', 'execute-snapshot', '{"data-collections":["public.pairs"],"additional-conditions":[{"data-collection":"public.pairs","filter":"nothing=1"}]}')`)
	readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.True(t, told.has("TABLE_SCAN_COMPLETED public.pairs SQL_EXCEPTION"))
}

func TestASignalThatCannotBeFollowedIsTold(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable = "public.debezium_signal"
	var told notes
	src.Notify = told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, database, "INSERT INTO public.debezium_signal VALUES ('one', 'execute-snapshot', '{}'), ('two', 'dance', NULL), ('three', 'log', 'not JSON')")
	readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 3 })
	assert.Equal(t, []string{"REJECTED execute-snapshot names no tables in data-collections", `REJECTED the type "dance" is not known`,
		"REJECTED the data of a signal is a JSON object, and this one's is not"}, told.list)
}

func TestAPausedSnapshotGoesOnBehindARestart(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	var told notes
	var q signal.Queue
	src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 3
	r := open(t, src, tip(t, src)...)
	q.Snapshot(signal.Snapshot{Tables: []string{"public.pairs"}})
	first, offsets := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) > 0 })
	q.Pause()
	second, more := readUntil(t, r, func([]tailrace.Record) bool { return told.has("PAUSED") })
	offsets = tailrace.MergeOffsets(offsets, more)
	require.NoError(t, r.Commit(soon(t), offsets))
	require.NoError(t, r.Close())
	assert.Contains(t, offsets[0].Position, `"incremental_snapshot_paused":true`)

	r = open(t, src, offsets...)
	s.Exec(t, database, "INSERT INTO public.bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) > 0 })
	assert.Equal(t, []string{"c null → {id: 1}"}, briefs(records))
	q.Resume()
	rest, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	all := append(append(reads(first, "pairs"), reads(second, "pairs")...), reads(rest, "pairs")...)
	assert.Len(t, all, 7)
	for _, row := range []string{"{a: ä, b: 9, v: 5}", "{a: x, b: 1, v: 1}", `{a: z\, b: 2, v: 7}`} {
		assert.Contains(t, all, row)
	}
}

func TestAStoppedSnapshotReadsNoMore(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable = "public.debezium_signal"
	var told notes
	src.Notify = told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, database, "BEGIN",
		`INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["public.pairs","public.bare"]}')`,
		"INSERT INTO debezium_signal VALUES ('two', 'stop-snapshot', '{}')", "COMMIT", "INSERT INTO bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 3 })
	assert.Empty(t, reads(records, "pairs"))
	assert.Equal(t, []string{"STARTED", "ABORTED"}, told.list)
}

func TestTablesAreAddedToARunningSource(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	src.Tables = postgres.Include("public.bare")
	var told notes
	var q signal.Queue
	src.Signals, src.Notify = []signal.Channel{&q}, told.add
	r := open(t, src, tip(t, src)...)
	s.Exec(t, database, "INSERT INTO pairs VALUES ('n', 1, 8)", "INSERT INTO bare VALUES (1)")
	records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 1 })
	assert.Equal(t, []string{"c null → {id: 1}"}, briefs(records))
	q.AddTables("public.pairs")
	records, offsets := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	assert.Len(t, reads(records, "pairs"), 8)
	s.Exec(t, database, "UPDATE public.pairs SET v = 80 WHERE a = 'n'")
	records, more := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 1 })
	assert.Equal(t, []string{"u null → {a: n, b: 1, v: 80}"}, briefs(records))
	require.NoError(t, r.Close())

	r = open(t, src, tailrace.MergeOffsets(offsets, more)...)
	s.Exec(t, database, "DELETE FROM public.pairs WHERE a = 'n'")
	records, _ = readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 2 })
	assert.Equal(t, "d {a: n, b: 1, v: null} → null", brief(&records[0]), "it is captured after a restart too")
}

func TestABlockingSnapshotReadsTablesWhileTheLogWaits(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	src := over(s, database)
	src.SignalTable, src.BatchRows = "public.debezium_signal", 2
	r := open(t, src, tip(t, src)...)
	s.Exec(t, database, `INSERT INTO public.debezium_signal VALUES ('one', 'execute-snapshot', '{"type":"BLOCKING","data-collections":["public.pairs"],"additional-conditions":[{"data-collection":"public.pairs","filter":"v < 7"}]}')`)
	_, offsets := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) >= 3 })
	require.NoError(t, r.Close())
	assert.Contains(t, offsets[0].Position, "blocking_snapshots")

	r = open(t, src, offsets...)
	s.Exec(t, database, "INSERT INTO public.bare VALUES (1)")
	records, offsets := readUntil(t, r, func(records []tailrace.Record) bool { return len(records) == 7 })
	assert.Len(t, reads(records, "pairs"), 6, "after a restart it begins anew")
	assert.Equal(t, "c null → {id: 1}", brief(&records[6]))
	assert.NotContains(t, offsets[0].Position, "blocking_snapshots")
}

// Rows that change while a snapshot reads them end up as they are, whatever the
// way in which windows are marked.
func TestChangesDuringAnIncrementalSnapshotWin(t *testing.T) {
	ways(t, func(t *testing.T, s *testserver.PostgresServer, src postgres.Source, database string) {
		const rows = 600
		s.Exec(t, database, "CREATE TABLE many (id INT PRIMARY KEY, v INT NOT NULL)",
			fmt.Sprintf("INSERT INTO many SELECT i, 0 FROM generate_series(1, %d) i", rows))
		var told notes
		var q signal.Queue
		src.Signals, src.Notify, src.ChunkRows = []signal.Channel{&q}, told.add, 20
		r := open(t, src, tip(t, src)...)
		q.Snapshot(signal.Snapshot{Tables: []string{"public.many"}})
		changesWin(t, s, database, r, &told)
	})
}

// Signals by a file and by a topic are followed once each, whatever restarts there
// are, and what becomes of them is told to a topic.
func TestSignalsComeByAFileAndByATopic(t *testing.T) {
	s := testserver.Postgres(t)
	database := tables(t, s)
	broker := testserver.Kafka(t)
	topic := broker.Topic(t, 1)
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Brokers...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	path := filepath.Join(t.TempDir(), "signals.txt")
	for i, way := range []struct {
		name    string
		channel signal.Channel
		send    func(text string)
	}{
		{"a file", signal.File{Path: path, Poll: 5 * time.Millisecond}, func(text string) {
			require.NoError(t, os.WriteFile(path+".part", []byte(text+"\n"), 0o600))
			require.NoError(t, os.Rename(path+".part", path))
		}},
		{"a topic", kafka.Channel{Source: sourcekafka.Source{Brokers: broker.Brokers, Topics: []string{topic}}, Key: "srv"}, func(text string) {
			require.NoError(t, client.ProduceSync(soon(t), &kgo.Record{Topic: topic, Key: []byte("srv"), Value: []byte(text)}).FirstErr())
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			src := over(s, database)
			src.Slot += fmt.Sprint(i)
			offsets := tip(t, src)
			src.Signals, src.ChunkRows, src.NotificationTopic = []signal.Channel{way.channel}, 3, "told"
			told := func(records []tailrace.Record, status string) bool {
				return slices.ContainsFunc(records, func(r tailrace.Record) bool {
					return r.Topic == "told" && r.ValueStruct().Get("type").Text() == status
				})
			}
			for _, kind := range []string{"incremental", "blocking"} {
				r := open(t, src, offsets...)
				way.send(fmt.Sprintf(`{"id":"%s","type":"execute-snapshot","data":{"type":"%s","data-collections":["public.pairs"]}}`, kind, kind))
				records, behind := readUntil(t, r, func(records []tailrace.Record) bool {
					return told(records, "COMPLETED") && len(reads(records, "pairs")) >= 7
				})
				assert.Len(t, reads(records, "pairs"), 7, kind)
				assert.True(t, told(records, "STARTED"), kind)
				offsets = tailrace.MergeOffsets(offsets, behind)
				require.NoError(t, r.Commit(soon(t), offsets))
				require.NoError(t, r.Close())
			}
			r := open(t, src, offsets...)
			s.Exec(t, database, fmt.Sprintf("INSERT INTO bare VALUES (%d)", i))
			records, _ := readUntil(t, r, func(records []tailrace.Record) bool { return len(changesOf(records, "bare")) > 0 })
			assert.Empty(t, reads(records, "pairs"), "nothing is read again")
		})
	}
}

// changesWin changes rows of the table many while a snapshot reads it, and sees
// that what has been read in the end is what the table has.
func changesWin(t *testing.T, s *testserver.PostgresServer, database string, r source.Reader, told *notes) {
	db := s.DB(t, database)
	ctx, stop := context.WithCancel(soon(t))
	defer stop()
	var writing sync.WaitGroup
	for writer := range 2 {
		writing.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := 2*((i*7919)%300) + writer + 1 // rows of its own, of the first 600
				statement := "UPDATE many SET v = v + 1 WHERE id = $1"
				switch i % 4 {
				case 0:
					statement = "DELETE FROM many WHERE id = $1"
				case 1:
					statement = fmt.Sprintf("INSERT INTO many SELECT $1::int, %d WHERE NOT EXISTS (SELECT FROM many WHERE id = $1)", i)
				}
				if _, err := db.Exec(statement, id); err != nil {
					t.Errorf("%s: %v", statement, err)
					return
				}
			}
		})
	}
	state := map[int64]int64{}
	apply := func(records []tailrace.Record) {
		for i := range records {
			c, ok := tailrace.AsChange(&records[i])
			if !ok || c.Source().Get("table").Text() != "many" {
				continue
			}
			id := c.Row().Get("id").Int()
			switch v := c.Row().Get("v").Int(); c.Op() {
			case tailrace.OpDelete:
				delete(state, id)
			case tailrace.OpRead:
				was, there := state[id]
				assert.False(t, there && v < was, "row %d went back from %d to %d", id, was, v)
				state[id] = v
			default:
				state[id] = v
			}
		}
	}
	records, _ := readUntil(t, r, func([]tailrace.Record) bool { return told.has("COMPLETED") })
	apply(records)
	stop()
	writing.Wait()
	s.Exec(t, database, "INSERT INTO public.bare VALUES (1)")
	records, _ = readUntil(t, r, func(records []tailrace.Record) bool {
		return len(records) > 0 && strings.HasSuffix(records[len(records)-1].Topic, ".bare")
	})
	apply(records)
	want := map[int64]int64{}
	found, err := db.Query("SELECT id, v FROM many")
	require.NoError(t, err)
	defer found.Close()
	for found.Next() {
		var id, v int64
		require.NoError(t, found.Scan(&id, &v))
		want[id] = v
	}
	// Rows that were deleted and never read are missing in both.
	assert.Equal(t, want, state)
}
