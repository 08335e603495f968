package binlog

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

func specsOf(table *TableMap) []ColumnSpec {
	int32s, text := ColumnSpec{Type: tailrace.TypeInt32}, ColumnSpec{Charset: "utf8mb4"}
	if table.Name == "orders" {
		status := ColumnSpec{Labels: []tailrace.Value{tailrace.String("new"), tailrace.String("paid"), tailrace.String("shipped")}}
		return []ColumnSpec{{}, int32s, status, {}, text, {}, {}, {}}
	}
	return []ColumnSpec{int32s, int32s, text, text}
}

// reader does with events what a source does, short of making records.
type reader struct {
	tables Tables
	slab   *tailrace.Slab
	rows   int
	gtids  GTIDSet
}

func (r *reader) read(ev *Event) error {
	switch {
	case ev.Type == TableMapEvent:
		m, err := r.tables.Map(ev)
		if err != nil {
			return err
		}
		if m.State == nil {
			if m.State, err = NewRowPlan(m, specsOf(m)); err != nil {
				return err
			}
		}
	case ev.Type.IsRows():
		rows, err := r.tables.Rows(ev)
		if err != nil {
			return err
		}
		plan := rows.Table.State.(*RowPlan)
		for rows.More() {
			if r.slab == nil || r.slab.Size() > 1<<20 {
				r.slab = new(tailrace.Slab) // a batch is full
			}
			before, after := []tailrace.Value(nil), []tailrace.Value(nil)
			if rows.Kind != Inserted {
				before = r.slab.Values(plan.Width())
			}
			if rows.Kind != Deleted {
				after = r.slab.Values(plan.Width())
			}
			if err := rows.Decode(plan, r.slab, before, after); err != nil {
				return err
			}
			r.rows++
		}
	case ev.Type == GTIDEvent:
		g, err := ev.GTID()
		if err != nil {
			return err
		}
		r.gtids.Add(g.Source, g.Tag, g.Number)
	case ev.Type == QueryEvent:
		_, err := ev.Query()
		return err
	case ev.Type == XIDEvent:
		_, err := ev.XID()
		return err
	}
	return nil
}

// opened gives the events of a recorded log, with their headers taken apart.
func opened(t testing.TB, name string) (events []Event) {
	s := &Stream{file: name, pos: 4}
	for _, raw := range recorded(t, name) {
		var ev Event
		require.NoError(t, s.header(&ev, raw))
		events = append(events, ev)
	}
	return events
}

func benchmarkDecode(b *testing.B, name string) {
	events := opened(b, name)
	r := new(reader)
	for i := range events {
		require.NoError(b, r.read(&events[i]))
	}
	var kept []Event
	for _, ev := range events {
		if ev.Type == TableMapEvent || ev.Type.IsRows() {
			kept = append(kept, ev)
		}
	}
	perRun := r.rows
	r.rows = 0
	b.ReportAllocs()
	since := cpu()
	for b.Loop() {
		for i := range kept {
			if err := r.read(&kept[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	require.Equal(b, perRun*b.N, r.rows)
	perRow(b, r.rows, since)
}

// cpu is the processor time that the process has had, in nanoseconds: what a
// busy machine leaves as it is.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func perRow(b *testing.B, rows int, since int64) {
	b.ReportMetric(float64(cpu()-since)/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkDecodeOrders(b *testing.B) { benchmarkDecode(b, "orders") }
func BenchmarkDecodeSbtest(b *testing.B) { benchmarkDecode(b, "sbtest") }

func benchmarkGoMySQL(b *testing.B, name string) {
	parser := replication.NewBinlogParser()
	parser.SetUseDecimal(false)
	rows := 0
	events := recorded(b, name)
	kept := [][]byte{events[0]}
	for _, raw := range events {
		if t := EventType(raw[4]); t == TableMapEvent || t.IsRows() {
			kept = append(kept, raw)
		}
	}
	b.ReportAllocs()
	since := cpu()
	for b.Loop() {
		for _, raw := range kept {
			e, err := parser.Parse(raw)
			if err != nil {
				b.Fatal(err)
			}
			if r, ok := e.Event.(*replication.RowsEvent); ok {
				rows += len(r.Rows)
				if e.Header.EventType == replication.UPDATE_ROWS_EVENTv2 {
					rows -= len(r.Rows) / 2
				}
			}
		}
	}
	perRow(b, rows, since)
}

func BenchmarkGoMySQLOrders(b *testing.B) { benchmarkGoMySQL(b, "orders") }
func BenchmarkGoMySQLSbtest(b *testing.B) { benchmarkGoMySQL(b, "sbtest") }

// packets frames events as a server does.
func packets(events [][]byte, from uint8) (out []byte) {
	seq := from
	for _, raw := range events {
		n := len(raw) + 1
		out = append(out, byte(n), byte(n>>8), byte(n>>16), seq, 0)
		out = append(out, raw...)
		seq++
	}
	return out
}

// benchmarkStream reads a log over a loopback connection, with everything that
// a single-row transaction has.
func benchmarkStream(b *testing.B, name string, config Config) {
	client, server := loopback(b)
	config.Stall = time.Minute
	s := &Stream{config: config, conn: client, file: "binlog.000001", pos: 4}
	s.read = s.readConn
	// A whole number of rounds of the sequence number.
	var all [][]byte
	for len(all) < 1<<14 {
		all = append(all, recorded(b, name)...)
	}
	all = all[:len(all)&^255]
	bytes := packets(all, 0)
	go func() {
		for {
			if _, err := server.Write(bytes); err != nil {
				return
			}
		}
	}()
	r := new(reader)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	since := cpu()
	for b.Loop() {
		for range all {
			ev, err := s.Next(ctx)
			if err == nil {
				err = r.read(ev)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b, r.rows, since)
	require.NoError(b, s.Close())
}

func BenchmarkStreamOrders(b *testing.B) { benchmarkStream(b, "orders", Config{}) }
func BenchmarkStreamOrdersUnverified(b *testing.B) {
	benchmarkStream(b, "orders", Config{IgnoreChecksums: true})
}
func BenchmarkStreamSbtest(b *testing.B) { benchmarkStream(b, "sbtest", Config{}) }
func BenchmarkStreamSbtestUnverified(b *testing.B) {
	benchmarkStream(b, "sbtest", Config{IgnoreChecksums: true})
}

func loopback(t testing.TB) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
