package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// counted is a table of numbers, an engine that reads it, and what came out.
type counted struct {
	t       *testing.T
	db      *sql.DB
	made    int
	numbers chan int
	ended   chan error // what Run returned
	stop    func() error
}

// startCounting makes the table on the server and runs an engine over src,
// which reads the server in its own way.
func startCounting(t *testing.T, s *testserver.MySQLServer, adapt func(*mysql.Source)) *counted {
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".numbers (n INT PRIMARY KEY, filler TEXT)", "INSERT INTO "+database+".numbers VALUES (0, '')")
	src := over(s, database)
	adapt(&src)
	c := &counted{t: t, db: s.DB(t, database), made: 1, numbers: make(chan int, 1<<16)}
	eng, err := engine.New(engine.Config{
		Name:   t.Name(),
		Source: src,
		Sink: sink.Func(func(_ context.Context, records []tailrace.Record) error {
			for i := range records {
				if n, ok := numberOf(&records[i]); ok {
					c.numbers <- n
				}
			}
			return nil
		}),
		CommitInterval: -1,
		Retry:          engine.Retry{Delay: 10 * time.Millisecond, MaxDelay: 100 * time.Millisecond},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	c.ended = make(chan error, 1)
	go func() { c.ended <- eng.Run(ctx) }()
	c.stop = func() error {
		cancel()
		return <-c.ended
	}
	t.Cleanup(cancel)
	return c
}

// insert makes n more rows, in statements of so many rows each.
func (c *counted) insert(n, each int) {
	c.t.Helper()
	for range n / each {
		var values []string
		for range each {
			values = append(values, fmt.Sprintf("(%d, REPEAT('x', %d))", c.made, c.made%500))
			c.made++
		}
		c.exec("INSERT INTO numbers (n, filler) VALUES " + strings.Join(values, ", "))
	}
}

func (c *counted) exec(statements ...string) {
	c.t.Helper()
	for _, statement := range statements {
		_, err := c.db.Exec(statement)
		require.NoError(c.t, err, "%.60s", statement)
	}
}

// expect waits for all rows that were made, in their order. Only behind a fault
// may some come again.
func (c *counted) expect(from, to int) {
	c.t.Helper()
	next := from
	for next < to {
		select {
		case n := <-c.numbers:
			require.LessOrEqual(c.t, n, next, "a row is missing")
			if n == next {
				next++
			}
		case err := <-c.ended:
			c.t.Fatalf("the engine has ended before row %d came: %v", next, err)
		case <-time.After(3 * time.Minute):
			c.t.Fatalf("row %d does not come", next)
		}
	}
}

func TestARestartOfTheServerLosesNothing(t *testing.T) {
	s := testserver.StartMySQL(t)
	c := startCounting(t, s, func(*mysql.Source) {})
	c.insert(100, 10)
	c.expect(0, 101)
	s.Stop(t)
	s.Start(t)
	c.insert(100, 10)
	c.expect(101, 201)
	s.Kill(t)
	s.Start(t)
	c.insert(100, 1)
	c.expect(201, 301)
	require.NoError(t, c.stop())
}

func TestACutInTheMiddleOfAnEventLosesNothing(t *testing.T) {
	s := testserver.MySQL(t)
	proxy := testserver.StartProxy(t, s.Addr)
	c := startCounting(t, s, func(src *mysql.Source) { src.Addr = proxy.Addr })
	c.expect(0, 1)
	next := 1
	for i := range 8 {
		proxy.Down.CutAfter(int64(20_000 + 7_777*i))
		c.insert(300, 100)
		c.expect(next, c.made)
		next = c.made
	}
	require.NoError(t, c.stop())
}

// Connections are cut at random bytes while tables are altered and XA
// transactions are prepared and committed.
func TestCutsAtRandomBytesLoseNothingOfStatementsAndXATransactions(t *testing.T) {
	for name, flavor := range map[string]mysql.Flavor{"MySQL": mysql.MySQL, "MariaDB": mysql.MariaDB} {
		t.Run(name, func(t *testing.T) {
			s := testserver.MySQL(t)
			if flavor == mysql.MariaDB {
				s = testserver.MariaDB(t)
			}
			proxy := testserver.StartProxy(t, s.Addr)
			c := startCounting(t, s, func(src *mysql.Source) {
				src.Addr, src.Flavor, src.SchemaHistory, src.BatchRows = proxy.Addr, flavor, new(offset.Memory), 7
			})
			c.expect(0, 1)
			c.db.SetMaxOpenConns(1) // a transaction is ended by the connection that prepared it
			random := rand.New(rand.NewPCG(11, uint64(len(name))))
			next := 1
			for i := range 12 {
				proxy.Down.CutAfter(int64(random.IntN(9000)))
				c.insert(20, 4)
				xid := fmt.Sprintf("'%s%d'", t.Name()[len(t.Name())-5:], i)
				c.exec("ALTER TABLE numbers ADD COLUMN extra"+fmt.Sprint(i)+" INT DEFAULT 7 FIRST", "XA START "+xid)
				c.insert(20, 5)
				c.exec("XA END "+xid, "XA PREPARE "+xid)
				if i%3 == 0 {
					proxy.Down.CutAfter(int64(random.IntN(500)))
				}
				c.exec("XA COMMIT "+xid, "ALTER TABLE numbers DROP COLUMN extra"+fmt.Sprint(i))
				c.expect(next, c.made)
				next = c.made
			}
			require.NoError(t, c.stop())
		})
	}
}

func TestARotationOfTheLogLosesNothing(t *testing.T) {
	s := testserver.StartMySQL(t)
	c := startCounting(t, s, func(*mysql.Source) {})
	for range 5 {
		c.insert(40, 10)
		s.Exec(t, "FLUSH BINARY LOGS")
	}
	c.insert(40, 10)
	c.expect(0, 241)
	require.NoError(t, c.stop())
}

func TestAnOffsetBehindARotationNamesTheNewFile(t *testing.T) {
	s := testserver.StartMySQL(t, "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")
	src, change := numbers(t, s)
	r := open(t, src, tip(t, src)...)
	change(1)
	_, before := read(t, r, 1)
	s.Exec(t, "FLUSH BINARY LOGS")
	for textOf(t, before, "file") == "binlog.000001" {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		before = b.Offsets
	}
	change(2)
	records, behind := read(t, r, 2)
	assert.Equal(t, "binlog.000002", textOf(t, behind, "file"))
	again, _ := read(t, open(t, src, before...), 2)
	assert.Equal(t, briefs(records), briefs(again))
}

func TestAReaderThatIsSlowerThanNetWriteTimeoutKeepsItsConnection(t *testing.T) {
	s := testserver.StartMySQL(t, "--net-write-timeout=1", "--net-read-timeout=1")
	database := s.Database(t)
	s.Exec(t, "CREATE TABLE "+database+".t (id INT PRIMARY KEY, data LONGTEXT)")
	fill := "INSERT INTO " + database + ".t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 40) SELECT i + %d, REPEAT('y', 1000000) FROM n"
	src := over(s, database)
	stream := open(t, src, tip(t, src)...)
	s.Exec(t, fmt.Sprintf(fill, 0))
	src.Snapshot = mysql.SnapshotAlways
	snapshot := open(t, src)
	begun := func(r source.Reader) []tailrace.Record {
		for {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			if len(b.Records) > 0 {
				return b.Records
			}
		}
	}
	first, rows := begun(stream), begun(snapshot)

	s.Exec(t, "DO SLEEP(4)") // more than the server's buffers hold waits to be written meanwhile

	rest, _ := read(t, stream, 40-len(first))
	assert.Len(t, append(first, rest...), 40)
	rest, _ = read(t, snapshot, 40-len(rows))
	assert.Len(t, append(rows, rest...), 40)
}

func TestALostConnectionIsAnErrorThatMayBeRetried(t *testing.T) {
	s := testserver.MySQL(t)
	proxy := testserver.StartProxy(t, s.Addr)
	src, change := numbers(t, s)
	src.Addr = proxy.Addr
	r := open(t, src, tip(t, src)...)
	change(1)
	read(t, r, 1)
	proxy.Cut()
	_, err := r.Read(soon(t))
	requireRetryable(t, err, true)
	again, err2 := r.Read(soon(t))
	assert.Equal(t, err, err2)
	assert.Empty(t, again)

	proxy.Refuse()
	_, err = src.Open(soon(t), nil)
	requireRetryable(t, err, true)
}

func requireRetryable(t testing.TB, err error, retryable bool) {
	t.Helper()
	var r interface{ Retryable() bool }
	require.ErrorAs(t, err, &r)
	require.Equal(t, retryable, r.Retryable(), "%v", err)
}

func TestAReaderWithTheServerIDOfAnotherIsAnErrorThatSaysSo(t *testing.T) {
	s := testserver.MySQL(t)
	src, _ := numbers(t, s)
	src.ServerID = 4_000_000_001
	start := tip(t, src)
	first := open(t, src, start...)
	errs := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		for {
			if _, err := first.Read(ctx); err != nil {
				errs <- err
				return
			}
		}
	}()
	open(t, src, start...)
	err := <-errs
	require.ErrorContains(t, err, "same server id")
	require.ErrorContains(t, err, "set ServerID")
	requireRetryable(t, err, false)
}

func TestOpenGivesUpOnAServerThatDoesNotAnswer(t *testing.T) {
	s := testserver.MySQL(t)
	proxy := testserver.StartProxy(t, s.Addr)
	proxy.Down.Stall()
	src := over(s, "none")
	src.Addr, src.ConnectTimeout = proxy.Addr, 300*time.Millisecond
	_, err := src.Open(context.Background(), nil)
	require.ErrorContains(t, err, "no answer within 300ms")
	requireRetryable(t, err, true)

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err = src.Open(ctx, nil)
	assert.True(t, errors.Is(err, context.DeadlineExceeded), "%v", err)
}
