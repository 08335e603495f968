package soak

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source/mysql"
	"github.com/tailrace-io/tailrace/source/signal"
)

var duration = flag.Duration("duration", 20*time.Second, "how long the load lasts")

const (
	writers    = 3
	rowsBefore = 20_000 // that the snapshots read
	cutEvery   = 15 * time.Second
)

// While writers write faster than the sink takes, tables are altered, connections
// are cut and tables are read anew, the memory that is in use does not grow. When
// the sink is quick again, every row arrives, in order a writer.
func TestMemoryStaysFlatUnderLoadWithASlowSink(t *testing.T) {
	s := testserver.MySQL(t)
	proxy := testserver.StartProxy(t, s.Addr)
	database := s.Database(t)
	s.Exec(t, "USE "+database, "CREATE TABLE still (id INT PRIMARY KEY, pad VARCHAR(250))", fmt.Sprintf(
		"INSERT INTO still WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) SELECT a.i * 1000 + b.i, REPEAT('x', 100) FROM n a, n b WHERE a.i <= %d", rowsBefore/1000))
	for w := range writers {
		s.Exec(t, fmt.Sprintf("CREATE TABLE %s.w%d (n BIGINT PRIMARY KEY, pad VARCHAR(1000))", database, w))
	}
	var signals signal.Queue
	src := mysql.Source{Addr: proxy.Addr, User: s.User, Password: s.Password, TopicPrefix: "soak", Databases: mysql.Include(database),
		SchemaHistory: new(offset.Memory), Signals: []signal.Channel{&signals}}
	seen := &arrived{next: make([]int64, writers), delay: 2 * time.Millisecond}
	json := converter.NewJSON(converter.JSONConfig{})
	e, err := engine.New(engine.Config{Name: "soak", Source: src, Sink: sink.Func(seen.take), Offsets: new(offset.Memory),
		Encode: engine.Converters{Value: json}, Retry: engine.Retry{Delay: 10 * time.Millisecond}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()

	seen.quick.Store(true)
	for begun := time.Now(); seen.snapshot.Load() < rowsBefore; <-time.After(50 * time.Millisecond) {
		require.Less(t, time.Since(begun), 2*time.Minute, "the first snapshot does not end")
	}
	seen.quick.Store(false)
	load, stop := context.WithTimeout(t.Context(), *duration)
	defer stop()
	made := make([]int64, writers)
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() { made[w] = write(load, t, s.DB(t, database), w) })
	}
	writing.Go(func() { disturb(load, proxy, &signals, database) })
	samples := watch(load, t, seen)
	writing.Wait()
	requireFlat(t, samples)

	seen.quick.Store(true)
	deadline := time.NewTimer(*duration + 2*time.Minute)
	for !seen.all(made) {
		select {
		case err := <-ended:
			t.Fatalf("the engine has ended: %v", err)
		case <-deadline.C:
			t.Fatalf("of %v rows %v have come", made, seen.numbers())
		case <-time.After(100 * time.Millisecond):
		}
	}
	cancel()
	require.NoError(t, <-ended)
	t.Logf("%v rows came in their order, and %d rows of snapshots", seen.numbers(), seen.snapshot.Load())
}

// arrived is what the sink was given.
type arrived struct {
	delay    time.Duration // of a record
	quick    atomic.Bool
	snapshot atomic.Int64

	mu   sync.Mutex
	next []int64 // of each writer
}

func (a *arrived) take(ctx context.Context, records []tailrace.Record) error {
	if !a.quick.Load() {
		select {
		case <-time.After(a.delay * time.Duration(len(records))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range records {
		var w int
		var n int64
		topic := records[i].Topic[strings.LastIndexByte(records[i].Topic, '.')+1:]
		if topic == "still" {
			a.snapshot.Add(1)
			continue
		}
		if _, err := fmt.Sscanf(topic, "w%d", &w); err != nil {
			return fmt.Errorf("a record of the topic %s", records[i].Topic)
		}
		key := records[i].KeyStruct()
		if n = key.Get("n").Int(); n > a.next[w] {
			return fmt.Errorf("row %d of writer %d came where row %d was due", n, w, a.next[w])
		}
		a.next[w] = max(a.next[w], n+1)
	}
	return nil
}

func (a *arrived) numbers() []int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.next)
}

func (a *arrived) all(made []int64) bool { return slices.Equal(a.numbers(), made) }

// write inserts rows in transactions until ctx ends, and says how many there
// are.
func write(ctx context.Context, t *testing.T, db *sql.DB, w int) (n int64) {
	random := rand.New(rand.NewPCG(uint64(w), 5))
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for turn := 1; ctx.Err() == nil; turn++ {
		<-pace.C
		var values []string
		for range 1 + random.IntN(40) {
			values = append(values, fmt.Sprintf("(%d, REPEAT('y', %d))", n+int64(len(values)), random.IntN(400)))
		}
		statement := fmt.Sprintf("INSERT INTO w%d (n, pad) VALUES %s", w, strings.Join(values, ","))
		if turn%200 == 0 {
			statement = fmt.Sprintf("ALTER TABLE w%d MODIFY pad VARCHAR(%d)", w, 1000+turn%7)
			values = nil
		}
		if _, err := db.Exec(statement); err != nil {
			t.Errorf("writer %d: %v", w, err)
			return n
		}
		n += int64(len(values))
	}
	return n
}

// disturb cuts connections and has tables read anew.
func disturb(ctx context.Context, proxy *testserver.Proxy, signals *signal.Queue, database string) {
	every := time.NewTicker(min(cutEvery, *duration/4))
	defer every.Stop()
	for {
		signals.Snapshot(signal.Snapshot{Tables: []string{database + ".still"}})
		select {
		case <-every.C:
			proxy.Cut()
		case <-ctx.Done():
			return
		}
	}
}

// sample is what the process had in use at a time.
type sample struct {
	live       uint64 // bytes of the heap that are reachable
	goroutines int
}

// watch takes samples until ctx ends, and tells of some.
func watch(ctx context.Context, t *testing.T, seen *arrived) (samples []sample) {
	every := time.NewTicker(max(*duration/100, 100*time.Millisecond))
	defer every.Stop()
	start, told := time.Now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return samples
		case <-every.C:
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		samples = append(samples, sample{m.HeapAlloc, runtime.NumGoroutine()})
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "soak: %v of %v: %d MB live, %d MB resident, %d goroutines, %v rows have come\n", time.Since(start).Round(time.Second), *duration,
				m.HeapAlloc>>20, resident(t)>>20, runtime.NumGoroutine(), seen.numbers())
		}
	}
}

func resident(t *testing.T) (bytes int) {
	text, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size, pages int
	_, err = fmt.Sscan(string(text), &size, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// requireFlat compares the end with what there was once the queues were full.
func requireFlat(t *testing.T, samples []sample) {
	require.Greater(t, len(samples), 7, "there was no time to look at the memory")
	quarter := len(samples) / 4
	most := func(part []sample) (s sample) {
		for _, x := range part {
			s.live, s.goroutines = max(s.live, x.live), max(s.goroutines, x.goroutines)
		}
		return s
	}
	before, end := most(samples[quarter:2*quarter]), most(samples[len(samples)-quarter:])
	t.Logf("%d MB were live at most in the second quarter, and %d MB in the last; %d and %d goroutines", before.live>>20, end.live>>20, before.goroutines, end.goroutines)
	const slack = 8 << 20 // batches are not all of a size
	require.LessOrEqual(t, end.live, before.live+before.live/4+slack, "the memory in use grows")
	require.LessOrEqual(t, end.goroutines, before.goroutines+10, "goroutines are left behind")
}
