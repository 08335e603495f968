package jdbc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/source"
)

const (
	logKeys  = 300
	logPause = 2 * time.Millisecond
)

// log is a source whose changes follow from their numbers.
type log struct{ until int }

func (l log) Open(_ context.Context, from []tailrace.Offset) (source.Reader, error) {
	r := &logReader{log: l}
	if len(from) > 0 {
		if _, err := fmt.Sscanf(from[0].Position, `{"pos":%d}`, &r.next); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type logReader struct {
	log
	next int
}

func (r *logReader) Read(ctx context.Context) (b tailrace.Batch, err error) {
	select {
	case <-ctx.Done():
		return b, ctx.Err()
	case <-time.After(logPause):
	}
	for range 1 + rand.IntN(200) {
		if r.until > 0 && r.next >= r.until {
			break
		}
		b.Records = append(b.Records, change(r.next))
		r.next++
	}
	if len(b.Records) == 0 {
		return b, io.EOF
	}
	b.Offsets = []tailrace.Offset{{Partition: `{"log":"crash"}`, Position: fmt.Sprintf(`{"pos":%d}`, r.next)}}
	return b, nil
}

func (r *logReader) Commit(context.Context, []tailrace.Offset) error { return nil }
func (r *logReader) Close() error                                    { return nil }

// changed says what change n does: to which row, and whether it deletes it.
func changed(n int) (id int, deletes bool) {
	h := uint64(n+1) * 0x9e3779b97f4a7c15
	return int(h >> 33 % logKeys), h>>20&7 == 0
}

// change is the record of change n: a row of its id and the number.
func change(n int) tailrace.Record {
	id, deletes := changed(n)
	r := row(int32(id), tailrace.String(fmt.Sprint("change ", n)), tailrace.Value{})
	r.Topic = "target"
	if deletes {
		r.ValueSchema, r.Value = nil, tailrace.Value{}
	}
	return r
}

// state is what a target should hold behind the first n changes.
func state(n int, exactlyOnce bool) []string {
	rows := make([]string, logKeys)
	all := []string{}
	for i := range n {
		id, deletes := changed(i)
		text := fmt.Sprintf("%d change %d", id, i)
		if rows[id] = text; deletes {
			rows[id] = ""
		} else {
			all = append(all, text)
		}
	}
	if exactlyOnce {
		return all
	}
	out := []string{}
	for _, text := range rows {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// behind gives the target's sink through a proxy.
func (d *target) behind(t *testing.T) (jdbc.Sink, *testserver.Proxy) {
	addr := map[string]func() string{
		"postgres": func() string { return testserver.Postgres(t).Addr },
		"mysql":    func() string { return testserver.MySQL(t).Addr },
		"mariadb":  func() string { return testserver.MariaDB(t).Addr },
	}[d.name]()
	proxy := testserver.StartProxy(t, addr)
	s := d.sink()
	s.URL = strings.Replace(d.url, addr, proxy.Addr, 1)
	require.NotEqual(t, d.url, s.URL)
	return s, proxy
}

// settled is how many bytes a link has carried once all have arrived.
func settled(t *testing.T, l *testserver.Link) (n int64) {
	same := 0
	require.Eventually(t, func() bool {
		if now := l.Bytes(); now != n {
			n, same = now, 0
		}
		same++
		return same == 5
	}, 30*time.Second, 5*time.Millisecond)
	return n
}

// The connection ends at each byte of the commit and of its answer. Whatever is
// known of the outcome, the next writer finds just those offsets whose rows are
// there; and where the commit was sent, the error says that it is not known.
func TestACommitThatIsCut(t *testing.T) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			d.exec("CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad VARCHAR(20))")
			s, proxy := d.behind(t)
			s.OffsetTable, s.InsertMode = "offsets", jdbc.InsertPlain
			begin := func() (sink.Transactional, []tailrace.Offset) {
				tx := open(t, s).(sink.Transactional)
				offsets, err := tx.Begin(t.Context(), "engine")
				require.NoError(t, err)
				return tx, offsets
			}
			n := 1000
			next := func(tx sink.Transactional) error {
				n++
				return tx.WriteTx(t.Context(), []tailrace.Record{numbered(n, "a")}, []tailrace.Offset{{Partition: `{"p":1}`, Position: fmt.Sprintf(`{"n":%d}`, n)}})
			}
			outcomes := map[bool]int{}
			for _, link := range []*testserver.Link{proxy.Down, proxy.Up} {
				for _, cut := range []int64{1, 2, 7, 10, 11, 12, 16, 18, 19, 30} {
					tx, _ := begin()
					for range 2 {
						require.NoError(t, next(tx))
					}
					before := settled(t, link)
					require.NoError(t, next(tx))
					size := settled(t, link) - before
					link.CutAfter(size - cut)
					err := next(tx)
					require.Error(t, err, "cut %d of %d bytes", cut, size)
					assert.True(t, retryable(err) || errors.Is(err, sink.ErrUncertain))
					_, offsets := begin()
					reached := d.rows("SELECT max(number) FROM numbers")[0]
					require.Equal(t, []tailrace.Offset{{Partition: `{"p":1}`, Position: fmt.Sprintf(`{"n":%s}`, reached)}}, offsets)
					committed := reached == fmt.Sprint(n)
					if committed {
						require.ErrorIs(t, err, sink.ErrUncertain, "cut %d of %d bytes", cut, size)
					}
					outcomes[committed]++
				}
			}
			assert.Positive(t, outcomes[true], "no commit was done whose answer was cut")
			assert.Positive(t, outcomes[false], "no commit was cut before it was done")
		})
	}
}

// An engine whose connections end at any byte, again and again, goes on by
// itself, and each change takes effect once.
func TestConnectionsThatAreCutAgainAndAgain(t *testing.T) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			numbered := map[string]string{"postgres": "SERIAL"}[name]
			if numbered == "" {
				numbered = "INT AUTO_INCREMENT"
			}
			d.exec("CREATE TABLE target (n " + numbered + " PRIMARY KEY, id INT, name VARCHAR(40) NOT NULL, note VARCHAR(20))")
			s, proxy := d.behind(t)
			s.InsertMode, s.PKMode, s.Deletes, s.OffsetTable = jdbc.InsertPlain, jdbc.KeyNone, false, "offsets"
			const until = 3000
			random := rand.New(rand.NewPCG(7, uint64(len(name))))
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			cuts := 0
			cut := func() {
				link := proxy.Up
				if random.IntN(2) == 0 {
					link = proxy.Down
				}
				link.CutAfter(int64(random.IntN(20_000)))
				cuts++
			}
			e, err := engine.New(engine.Config{
				Name: "cut", Source: log{until: until}, Sink: s, Workers: 1,
				Retry: engine.Retry{Delay: time.Millisecond, MaxDelay: 10 * time.Millisecond},
				Trace: engine.Trace{Write: func(engine.WriteInfo) { cut() }},
			})
			require.NoError(t, err)
			require.NoError(t, e.Run(ctx))
			assert.Equal(t, state(until, true), d.rows("SELECT id, name FROM target ORDER BY n"))
			assert.Greater(t, cuts, 10)
		})
	}
}
