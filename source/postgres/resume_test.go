package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
)

// copyRows copies the numbers from..to-1 into a table in one transaction, so
// that many of them stand at one place of the log.
func copyRows(t testing.TB, s *testserver.PostgresServer, database, table string, from, to int) {
	t.Helper()
	conn, err := s.DB(t, database).Conn(soon(t))
	require.NoError(t, err)
	defer conn.Close()
	var rows strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintln(&rows, n)
	}
	require.NoError(t, conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().PgConn().CopyFrom(soon(t), strings.NewReader(rows.String()), "COPY "+table+" FROM STDIN")
		return err
	}))
}

func numbersOf(records []tailrace.Record) []int {
	out := []int{}
	for i := range records {
		if n, ok := numberOf(&records[i]); ok {
			out = append(out, n)
		}
	}
	return out
}

func span(from, to int) []int {
	out := []int{}
	for ; from < to; from++ {
		out = append(out, from)
	}
	return out
}

func TestATransactionIsResumedBehindAnyOfItsRowsThoughManyShareAPlace(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "CREATE TABLE other (n INT)")
	src := over(s, database)
	src.Tables, src.BatchRows = postgres.Include("public.t"), 7
	begin := tip(t, src)
	s.Exec(t, database, "BEGIN", "INSERT INTO other VALUES (1)", "SAVEPOINT a", "INSERT INTO t VALUES (-1)", "ROLLBACK TO a", "INSERT INTO t SELECT generate_series(0, 9)", "COMMIT")
	copyRows(t, s, database, "t", 10, 40)
	s.Exec(t, database, "INSERT INTO t VALUES (40)")

	r := open(t, src, begin...)
	var behind [][]tailrace.Offset
	var read []int
	var counts []int
	for len(read) < 41 {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		read = append(read, numbersOf(b.Records)...)
		behind, counts = append(behind, b.Offsets), append(counts, len(read))
	}
	require.Equal(t, span(0, 41), read)
	require.NoError(t, r.Close())
	for i, offsets := range behind {
		if counts[i] == 41 {
			continue
		}
		r := open(t, src, offsets...)
		rest, _ := readNumbers(t, r, 41-counts[i])
		assert.Equal(t, span(counts[i], 41), rest, "from %s", offsets[0].Position)
		require.NoError(t, r.Close())
	}
}

func readNumbers(t testing.TB, r source.Reader, n int) ([]int, []tailrace.Offset) {
	records, offsets := read(t, r, n)
	return numbersOf(records), offsets
}

func TestTheOffsetOfADebeziumConnectorIsGoneOnFrom(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	src := over(s, database)
	begin := tip(t, src)
	s.Exec(t, database, "INSERT INTO t SELECT generate_series(0, 4)", "INSERT INTO t SELECT generate_series(5, 9)")
	r := open(t, src, begin...)
	records, _ := read(t, r, 10)
	require.NoError(t, r.Close())
	for i := range records {
		c, _ := tailrace.AsChange(&records[i])
		block := c.Source()
		commit := "" // as Debezium 3.5 has it: not in the first transaction, and of the one before in the others
		if i >= 5 {
			commit = fmt.Sprintf(`"lsn_commit":%d,`, block.Get("lsn").Int()-100)
		}
		position := fmt.Sprintf(`{"lsn_proc":%d,"messageType":"INSERT",%s"lsn":%[1]d,"txId":%[3]d,"ts_usec":%d}`,
			block.Get("lsn").Int(), commit, block.Get("txId").Int(), block.Get("ts_us").Int())
		s.Exec(t, database, fmt.Sprintf("INSERT INTO t VALUES (%d)", 10+i))
		r := open(t, src, tailrace.Offset{Partition: begin[0].Partition, Position: position})
		rest, _ := readNumbers(t, r, 9+1)
		assert.Equal(t, span(i+1, i+11), rest, position)
		require.NoError(t, r.Close())
	}
}

func TestASlotThatWasMadeAnewIsNoticed(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	src := over(s, database)
	offsets := tip(t, src)
	dropSlot(t, s, src)
	_, err := src.Open(soon(t), offsets)
	require.ErrorIs(t, err, source.ErrOffsetLost)
	s.Exec(t, database, "INSERT INTO t VALUES (2)")
	tip(t, src)
	_, err = src.Open(soon(t), offsets)
	require.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "made anew or read by somebody else")

	src.Snapshot = postgres.SnapshotWhenNeeded
	rows, _ := readNumbers(t, open(t, src, offsets...), 2)
	assert.Equal(t, []int{1, 2}, rows)
}

func TestASnapshotAndTheLogMeetWithoutAGapAlsoWhereTheSlotWasThere(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t VALUES (0)")
	src := over(s, database)
	tip(t, src)
	s.Exec(t, database, "INSERT INTO t VALUES (1)")
	r := open(t, src)
	s.Exec(t, database, "INSERT INTO t VALUES (2)")
	rows, _ := readNumbers(t, r, 3)
	assert.Equal(t, []int{0, 1, 2}, rows)
}

func TestASlotThatIsInUseIsSaidWithWhoHoldsIt(t *testing.T) {
	s := testserver.Postgres(t)
	src := over(s, s.Database(t))
	src.Snapshot = postgres.SnapshotNoData
	r := open(t, src)
	src.SlotWait = 200 * time.Millisecond
	_, err := src.Open(soon(t), nil)
	require.Error(t, err)
	assert.Regexp(t, `still in use by process \d+ of postgres \(tailrace\)`, err.Error())
	require.NoError(t, r.Close())
	src.SlotWait, src.DropSlot = time.Minute, true
	require.NoError(t, open(t, src).Close())
	var n int
	require.NoError(t, s.DB(t, src.Database).QueryRow("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", src.Slot).Scan(&n))
	assert.Zero(t, n, "DropSlot leaves no slot")
}

func TestEverythingThatIsWrongWithTheServerIsSaidAtOnce(t *testing.T) {
	s := testserver.StartPostgres(t, "wal_level=replica")
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT)", "CREATE ROLE reader LOGIN PASSWORD 'secret-word'")
	src := over(s, database)
	src.User, src.Password = "reader", "secret-word"
	_, err := src.Open(soon(t), nil)
	require.Error(t, err)
	for _, want := range []string{"ALTER SYSTEM SET wal_level = logical", `ALTER ROLE "reader" REPLICATION`,
		`CREATE PUBLICATION "dbz_publication" FOR ALL TABLES`, `GRANT SELECT ON "public"."t" TO "reader"`} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "secret-word")
}

func TestTheSlotGoesOnThoughNothingThatIsCapturedChanges(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "CREATE TABLE other (n INT)")
	src := over(s, database)
	src.Tables, src.Autocreate = postgres.Include("public.t"), postgres.PublicationFiltered
	r := open(t, src, tip(t, src)...)
	s.Exec(t, database, "INSERT INTO other SELECT generate_series(1, 1000)")
	db := s.DB(t, database)
	var target string
	require.NoError(t, db.QueryRow("SELECT pg_current_wal_lsn()::text").Scan(&target))
	ctx := soon(t)
	for done := false; !done; {
		b, err := r.Read(ctx)
		require.NoError(t, err)
		require.NoError(t, r.Commit(ctx, b.Offsets))
		require.NoError(t, db.QueryRow("SELECT confirmed_flush_lsn >= $1::pg_lsn FROM pg_replication_slots WHERE slot_name = $2", target, src.Slot).Scan(&done))
	}
}

func TestConnectionsThatBreakAnywhereLoseAndRepeatNothing(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY, pad TEXT DEFAULT repeat('x', 200))")
	proxy := testserver.StartProxy(t, s.Addr)
	src := over(s, database)
	offsets := tip(t, src)
	src.Addr, src.BatchRows = proxy.Addr, 50
	const rows = 4000
	for n := 0; n < rows; n += 400 {
		s.Exec(t, database, fmt.Sprintf("INSERT INTO t SELECT generate_series(%d, %d)", n, n+399))
	}
	var got []int
	random := rand.New(rand.NewPCG(1, 2))
	ctx := soon(t)
	cuts := 0
	for len(got) < rows && ctx.Err() == nil {
		if cuts < 20 {
			proxy.Down.CutAfter(20_000 + random.Int64N(80_000))
		}
		r, err := src.Open(ctx, offsets)
		if err != nil {
			cuts++
			require.False(t, errors.Is(err, source.ErrOffsetLost), "%v", err)
			continue
		}
		for len(got) < rows {
			b, err := r.Read(ctx)
			if err != nil {
				cuts++
				break
			}
			got = append(got, numbersOf(b.Records)...)
			offsets = tailrace.MergeOffsets(offsets, b.Offsets)
			require.NoError(t, r.Commit(context.Background(), offsets))
		}
		r.Close()
	}
	assert.Equal(t, span(0, rows), got)
	assert.Greater(t, cuts, 3)
}

func TestADeleteIsThereThoughTheSnapshotThatReadTheRowWasNotCompleted(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t SELECT generate_series(0, 9)")
	src := over(s, database)
	src.BatchRows, src.NoTombstones = 3, true
	r := open(t, src)
	b, err := r.Read(soon(t))
	require.NoError(t, err)
	require.Empty(t, b.Records, "where the source begins comes first")
	require.Len(t, b.Offsets, 1)
	from := b.Offsets
	b, err = r.Read(soon(t))
	require.NoError(t, err)
	require.Contains(t, numbersOf(b.Records), 0)
	require.NoError(t, r.Close())

	s.Exec(t, database, "DELETE FROM t WHERE n = 0")
	r = open(t, src, from...)
	b, err = r.Read(soon(t))
	require.NoError(t, err)
	require.Equal(t, from, b.Offsets, "the log is kept from the first view on")
	records, _ := read(t, r, 10)
	assert.Equal(t, span(1, 10), numbersOf(records[:9]))
	c, ok := tailrace.AsChange(&records[9])
	require.True(t, ok)
	assert.Equal(t, tailrace.OpDelete, c.Op())
}

// writers insert rows side by side until stop, which gives how many there are.
func writers(t testing.TB, s *testserver.PostgresServer, database string, n int) (stop func() int) {
	db := s.DB(t, database)
	end := make(chan struct{})
	var group errgroup
	for range n {
		group.run(func() error {
			for {
				select {
				case <-end:
					return nil
				default:
				}
				if _, err := db.Exec("INSERT INTO t DEFAULT VALUES"); err != nil {
					return err
				}
			}
		})
	}
	stopped := sync.OnceFunc(func() { close(end) })
	t.Cleanup(func() {
		stopped()
		group.wait()
	})
	return func() (rows int) {
		stopped()
		require.NoError(t, group.wait())
		require.NoError(t, db.QueryRow("SELECT count(*) FROM t").Scan(&rows))
		return rows
	}
}

// errgroup runs functions, and gives their errors.
type errgroup struct {
	sync.WaitGroup
	mu  sync.Mutex
	err error
}

func (g *errgroup) run(f func() error) {
	g.Go(func() {
		err := f()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.err = errors.Join(g.err, err)
	})
}

func (g *errgroup) wait() error {
	g.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func TestTheSlotGoesOnWhileChangesComeWithoutAPause(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n SERIAL PRIMARY KEY)")
	src := over(s, database)
	r := open(t, src, tip(t, src)...)
	stop := writers(t, s, database, 1)
	db, ctx, first := s.DB(t, database), soon(t), ""
	for moved := false; !moved; {
		b, err := r.Read(ctx)
		require.NoError(t, err)
		require.NoError(t, r.Commit(ctx, b.Offsets))
		var at string
		require.NoError(t, db.QueryRowContext(ctx, "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = $1", src.Slot).Scan(&at))
		if first == "" {
			first = at
		}
		moved = at != first
	}
	stop()
}

func TestNothingIsLostOrRepeatedWhereASnapshotMeetsTheLogUnderLoad(t *testing.T) {
	s := testserver.Postgres(t)
	for _, slotIsThere := range []bool{false, true} {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE t (n SERIAL PRIMARY KEY)")
		src := over(s, database)
		if slotIsThere {
			tip(t, src)
		}
		stop := writers(t, s, database, 4)
		r := open(t, src)
		seen := map[int]int{}
		next := func() (streamed int) {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			for i := range b.Records {
				c, ok := tailrace.AsChange(&b.Records[i])
				require.True(t, ok)
				seen[int(c.After().Get("n").Int())]++
				if c.Op() == tailrace.OpCreate {
					streamed++
				}
			}
			return streamed
		}
		for streamed := 0; streamed < 200; {
			streamed += next()
		}
		rows := stop()
		for len(seen) < rows {
			next()
		}
		for n, times := range seen {
			require.Equal(t, 1, times, "row %d", n)
		}
		require.NoError(t, r.Close())
	}
}
