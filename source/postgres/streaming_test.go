package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres"
)

// session is a connection in a transaction, with what it has inserted so far.
type session struct {
	conn  *sql.Conn
	rows  []int
	saved []int // how many rows there were at each savepoint
	in    bool
}

// interleave runs transactions side by side, with savepoints that are rolled
// back, prepared ones, and ones that are given up. It gives the numbers that
// were committed, in the order of the commits.
func interleave(t testing.TB, s *testserver.PostgresServer, database string, random *rand.Rand, steps int) []int {
	t.Helper()
	db := s.DB(t, database)
	ctx := context.Background()
	sessions := make([]*session, 4)
	for i := range sessions {
		conn, err := db.Conn(ctx)
		require.NoError(t, err)
		defer conn.Close()
		sessions[i] = &session{conn: conn}
	}
	var committed []int
	next := 0
	do := func(c *session, statement string) {
		_, err := c.conn.ExecContext(ctx, statement)
		require.NoError(t, err, statement)
	}
	end := func(c *session, gid string) {
		switch random.IntN(4) {
		case 0:
			do(c, "ROLLBACK")
			c.rows = nil
		case 1:
			do(c, "PREPARE TRANSACTION '"+gid+"'")
			if random.IntN(2) == 0 {
				do(c, "ROLLBACK PREPARED '"+gid+"'")
				c.rows = nil
			} else {
				do(c, "COMMIT PREPARED '"+gid+"'")
			}
		default:
			do(c, "COMMIT")
		}
		committed = append(committed, c.rows...)
		*c = session{conn: c.conn}
	}
	for step := range steps {
		c := sessions[random.IntN(len(sessions))]
		if !c.in {
			do(c, "BEGIN")
			c.in = true
		}
		switch n := random.IntN(12); {
		case n == 0:
			end(c, fmt.Sprint(database, step))
		case n == 1:
			do(c, fmt.Sprintf("SAVEPOINT s%d", len(c.saved)))
			c.saved = append(c.saved, len(c.rows))
		case n == 2 && len(c.saved) > 0:
			at := random.IntN(len(c.saved))
			do(c, fmt.Sprintf("ROLLBACK TO s%d", at))
			c.rows, c.saved = c.rows[:c.saved[at]:c.saved[at]], c.saved[:at+1]
		case n == 3 && len(c.saved) > 0:
			at := len(c.saved) - 1
			do(c, fmt.Sprintf("RELEASE s%d", at))
			c.saved = c.saved[:at]
		default:
			rows := 1 + random.IntN(60)
			do(c, fmt.Sprintf("INSERT INTO t SELECT generate_series(%d, %d)", next, next+rows-1))
			for range rows {
				c.rows = append(c.rows, next)
				next++
			}
		}
	}
	for i, c := range sessions {
		if c.in {
			end(c, fmt.Sprint(database, "end", i))
		}
	}
	return committed
}

func TestTransactionsThatAreSentBeforeTheirEndComeWhenTheyAreCommitted(t *testing.T) {
	for _, test := range []struct {
		name      string
		server    func(testing.TB, ...string) *testserver.PostgresServer
		streaming postgres.Streaming
		memory    int
	}{
		{"on", testserver.StartPostgres, postgres.StreamingOn, 0},
		{"on, in files", testserver.StartPostgres, postgres.StreamingOn, 4 << 10},
		{"parallel", testserver.StartPostgres18, postgres.StreamingParallel, 0},
		{"parallel, in files", testserver.StartPostgres18, postgres.StreamingParallel, 4 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.server(t, "logical_decoding_work_mem=64kB")
			database := s.Database(t)
			s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY, pad TEXT DEFAULT repeat('x', 100))", "CREATE TABLE other (n INT)")
			src := over(s, database)
			src.Tables, src.BatchRows = postgres.Include("public.t"), 100
			src.Streaming, src.StreamMemory, src.StreamDir = test.streaming, test.memory, t.TempDir()
			begin := tip(t, src)
			const seed = 7
			want := interleave(t, s, database, rand.New(rand.NewPCG(seed, 0)), 400)
			r := open(t, src, begin...)
			var got []int
			var behind [][]tailrace.Offset
			var counts []int
			for len(got) < len(want) {
				b, err := r.Read(soon(t))
				require.NoError(t, err)
				got = append(got, numbersOf(b.Records)...)
				behind, counts = append(behind, b.Offsets), append(counts, len(got))
			}
			require.Equal(t, want, got, "seed %d", seed)
			require.NoError(t, r.Close())
			left, err := os.ReadDir(src.StreamDir)
			require.NoError(t, err)
			assert.Empty(t, left, "no file is left")
			var streamed int
			require.NoError(t, s.DB(t, database).QueryRow("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = $1", src.Slot).Scan(&streamed))
			assert.Positive(t, streamed, "the server has sent transactions before their end")

			// From any offset on, whether or not the server sends in parts then.
			for i := 0; i < len(behind)-1; i += max(1, len(behind)/8) {
				src.Streaming = []postgres.Streaming{test.streaming, postgres.StreamingOff}[i%2]
				r := open(t, src, behind[i]...)
				rest, _ := readNumbers(t, r, len(want)-counts[i])
				require.Equal(t, want[counts[i]:], rest, "from %s", behind[i][0].Position)
				require.NoError(t, r.Close())
			}
		})
	}
}

func TestATableThatIsAlteredInATransactionInProgressIsReadAsItWasInEach(t *testing.T) {
	s := testserver.StartPostgres18(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "CREATE TABLE u (n INT PRIMARY KEY)",
		"ALTER SYSTEM SET debug_logical_replication_streaming = immediate", "SELECT pg_reload_conf()")
	src := over(s, database)
	src.Streaming = postgres.StreamingParallel
	begin := tip(t, src)
	ctx := soon(t)
	one, err := s.DB(t, database).Conn(ctx)
	require.NoError(t, err)
	defer one.Close()
	for _, statement := range []string{"BEGIN", "INSERT INTO t VALUES (1)", "SAVEPOINT a", "ALTER TABLE t ADD COLUMN m INT DEFAULT 7", "INSERT INTO t VALUES (2, 8)", "ROLLBACK TO a",
		"INSERT INTO t VALUES (3)"} {
		_, err := one.ExecContext(ctx, statement)
		require.NoError(t, err, statement)
	}
	s.Exec(t, database, "INSERT INTO u VALUES (10)")
	for _, statement := range []string{"ALTER TABLE t ADD COLUMN text TEXT", "INSERT INTO t VALUES (4, 'x')", "COMMIT"} {
		_, err := one.ExecContext(ctx, statement)
		require.NoError(t, err, statement)
	}
	s.Exec(t, database, "INSERT INTO t VALUES (5, 'y')")
	records, _ := read(t, open(t, src, begin...), 5)
	assert.Equal(t, []int{10, 1, 3, 4, 5}, numbersOf(records))
	var fields []int
	for i := range records[1:] {
		c, _ := tailrace.AsChange(&records[i+1])
		fields = append(fields, len(c.After().Schema.Fields()))
	}
	assert.Equal(t, []int{1, 1, 2, 2}, fields)
}

func TestWhatIsCommittedDoesNotWaitForATransactionInProgress(t *testing.T) {
	s := testserver.StartPostgres(t, "logical_decoding_work_mem=64kB")
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY, pad TEXT DEFAULT repeat('x', 100))")
	src := over(s, database)
	src.Streaming = postgres.StreamingOn
	r := open(t, src, tip(t, src)...)
	ctx := soon(t)
	conn, err := s.DB(t, database).Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(ctx, "BEGIN")
	require.NoError(t, err)
	for n := range 20 {
		_, err := conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO t SELECT generate_series(%d, %d)", 1000*(n+1), 1000*(n+1)+999))
		require.NoError(t, err)
		s.Exec(t, database, fmt.Sprintf("INSERT INTO t VALUES (%d)", n))
		rows, _ := readNumbers(t, r, 1)
		require.Equal(t, []int{n}, rows)
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	require.NoError(t, err)
	rows, _ := readNumbers(t, r, 20_000)
	assert.Equal(t, span(1000, 21_000), rows)
}
