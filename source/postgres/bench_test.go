package postgres

import (
	"context"
	"encoding/binary"
	"syscall"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// The tables of the benchmarks in internal/catchup.
const (
	ordersOID  = 16384
	sbtestsOID = 16385
)

// benchStream is a stream over the tables of the benchmarks, which has had their
// relations.
func benchStream(b *testing.B, binaries bool) (*stream, *writer) {
	src := Source{User: "u", Database: "shop", TopicPrefix: "srv", Binary: binaries}.withDefaults()
	sel, err := newSelection(&src)
	if err != nil {
		b.Fatal(err)
	}
	known := &types{byOID: map[uint32]*pgType{}}
	for oid, name := range map[uint32]string{20: "int8", 23: "int4", 1042: "bpchar", 1043: "varchar", 1700: "numeric", 3802: "jsonb", 1114: "timestamp", 1184: "timestamptz"} {
		known.byOID[oid] = &pgType{oid: oid, name: name, kind: 'b'}
	}
	r := &reader{src: &src, sel: sel, w: newWriter(&src), sourceSchema: newSourceSchema()}
	s := &stream{reader: r, relations: map[uint32]*table{}, leftOut: map[tailrace.Op]bool{}}
	for oid, d := range map[uint32]*definition{
		ordersOID: {id: tableID{"public", "orders"}, key: []string{"id"}, columns: []columnDefinition{
			{name: "id", typ: 20, modifier: -1, required: true}, {name: "customer_id", typ: 23, modifier: -1},
			{name: "status", typ: 1043, modifier: 14}, {name: "total", typ: 1700, modifier: 12<<16 + 2 + 4},
			{name: "note", typ: 1043, modifier: 204}, {name: "created_at", typ: 1114, modifier: 6},
			{name: "updated_at", typ: 1184, modifier: 3}, {name: "attrs", typ: 3802, modifier: -1}}},
		sbtestsOID: {id: tableID{"public", "sbtest1"}, key: []string{"id"}, columns: []columnDefinition{
			{name: "id", typ: 23, modifier: -1, required: true}, {name: "k", typ: 23, modifier: -1},
			{name: "c", typ: 1042, modifier: 124}, {name: "pad", typ: 1042, modifier: 64}}},
	} {
		if s.relations[oid], err = newTable(&src, sel, known, r.sourceSchema, d); err != nil {
			b.Fatal(err)
		}
	}
	return s, r.w
}

// recorded is a piece of a log: messages, and how many rows they change.
type recorded struct {
	messages [][]byte
	rows     int
}

func (r *recorded) begin() {
	m := binary.BigEndian.AppendUint64([]byte{'B'}, 1<<30)
	r.messages = append(r.messages, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(m, 800_000_000_000_000), 42))
}

func (r *recorded) commit() {
	m := binary.BigEndian.AppendUint64([]byte{'C', 0}, 1<<30)
	r.messages = append(r.messages, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(m, 1<<30+64), 800_000_000_000_000))
}

func (r *recorded) row(kind byte, table uint32, tuple ...[]byte) {
	m := binary.BigEndian.AppendUint32([]byte{kind}, table)
	for _, part := range tuple {
		m = append(m, part...)
	}
	r.messages = append(r.messages, m)
	r.rows++
}

// tuple is one of the form 'N' or 'K'.
func tuple(form byte, values ...string) []byte {
	m := binary.BigEndian.AppendUint16([]byte{form}, uint16(len(values)))
	for _, v := range values {
		switch v {
		case "":
			m = append(m, 'n')
			continue
		default:
			m = append(binary.BigEndian.AppendUint32(append(m, v[0]), uint32(len(v)-1)), v[1:]...)
		}
	}
	return m
}

const sbtestC = "e25388fde8290dc286a6164fa2d97e551b53498dcbf7bc378eb1f178-58b2aaa0bfae7acc021b3260e941117b529b2e69de878fd7d45c61a9      "

func be(form byte, size int, n int64) string {
	full := binary.BigEndian.AppendUint64(nil, uint64(n))
	return string(form) + string(full[8-size:])
}

// benchOrders are small transactions, as internal/catchup's are.
func benchOrders(binaries bool) *recorded {
	r := new(recorded)
	row := func(status, total, updated string) []byte {
		return tuple('N', "t123456", "t456", status, total, "tnote number 123456", "t2026-01-03 13:20:43.678901", updated, `t{"i": 123456, "tag": "x"}`)
	}
	inserted, updated := row("tnew", "t45678.72", ""), row("tpaid", "t45679.72", "t2026-02-03 04:05:06.789+00")
	key := tuple('K', "t123456", "", "", "", "", "", "", "")
	if binaries {
		row = func(status, total, updated string) []byte {
			return tuple('N', be('b', 8, 123456), be('b', 4, 456), status, total, "bnote number 123456", be('b', 8, 820_761_643_678_901), updated, "b\x01"+`{"i": 123456, "tag": "x"}`)
		}
		inserted = row("bnew", "b\x00\x03\x00\x01\x00\x00\x00\x02\x00\x04\x16\x2e\x1c\x20", "")
		updated = row("bpaid", "b\x00\x03\x00\x01\x00\x00\x00\x02\x00\x04\x16\x2f\x1c\x20", be('b', 8, 823_406_706_789_000))
		key = tuple('K', be('b', 8, 123456), "", "", "", "", "", "", "")
	}
	for i := range 8 {
		r.begin()
		r.row('I', ordersOID, inserted)
		r.commit()
		if i%4 == 0 {
			r.begin()
			r.row('U', ordersOID, updated)
			r.commit()
		}
		if i == 0 {
			r.begin()
			r.row('D', ordersOID, key)
			r.commit()
		}
	}
	return r
}

// benchSbtests are many rows of one transaction.
func benchSbtests(binaries bool) *recorded {
	r := new(recorded)
	row := tuple('N', "t123456", "t364213", "t"+sbtestC, "t"+sbtestC[:60])
	if binaries {
		row = tuple('N', be('b', 4, 123456), be('b', 4, 364213), "b"+sbtestC, "b"+sbtestC[:60])
	}
	r.begin()
	for range 1000 {
		r.row('I', sbtestsOID, row)
	}
	r.commit()
	return r
}

// released gives memory back as the engine does, a few batches later.
type released struct{ under []tailrace.Batch }

func (r *released) batch(b tailrace.Batch) {
	if r.under = append(r.under, b); len(r.under) > 4 {
		if r.under[0].Release != nil {
			r.under[0].Release()
		}
		r.under = append(r.under[:0], r.under[1:]...)
	}
}

// cpu is the processor time of all threads, the collector's too.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// play reads the log again and again, and makes of each record what each makes.
func play(b *testing.B, binaries bool, log *recorded, each func(r *tailrace.Record)) {
	s, w := benchStream(b, binaries)
	var p pgoutput.Parser
	var m pgoutput.Message
	var gone released
	rows := 0
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		for _, data := range log.messages {
			if err := p.Parse(&m, 1<<30+64, data); err != nil {
				b.Fatal(err)
			}
			n := len(w.records)
			if err := s.message(context.Background(), w, &m); err != nil {
				b.Fatal(err)
			}
			for i := n; i < len(w.records) && each != nil; i++ {
				each(&w.records[i])
			}
			if w.full(s.src) {
				gone.batch(w.batch())
			}
		}
		rows += log.rows
	}
	if s.bad != nil {
		b.Fatal(s.bad)
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}

func logs(b *testing.B, run func(b *testing.B, binaries bool, log *recorded)) {
	b.Run("orders", func(b *testing.B) { run(b, false, benchOrders(false)) })
	b.Run("orders/binary", func(b *testing.B) { run(b, true, benchOrders(true)) })
	b.Run("sbtest1", func(b *testing.B) { run(b, false, benchSbtests(false)) })
	b.Run("sbtest1/binary", func(b *testing.B) { run(b, true, benchSbtests(true)) })
}

// BenchmarkRow is what a row costs from the message to the envelope's JSON, its
// share of the messages around it, and the collector's work.
func BenchmarkRow(b *testing.B) {
	logs(b, func(b *testing.B, binaries bool, log *recorded) {
		json := converter.NewJSON(converter.JSONConfig{})
		out := make([]byte, 0, 4096)
		play(b, binaries, log, func(r *tailrace.Record) {
			data, err := json.Append(out[:0], r.Topic, r.ValueSchema, r.Value)
			if err != nil {
				b.Fatal(err)
			}
			if data != nil { // it is of a tombstone
				out = data
			}
		})
	})
}

// BenchmarkDecode is BenchmarkRow without the JSON.
func BenchmarkDecode(b *testing.B) {
	logs(b, func(b *testing.B, binaries bool, log *recorded) { play(b, binaries, log, nil) })
}

// BenchmarkSnapshotRow is what a row of a snapshot costs from COPY's text to the
// record.
func BenchmarkSnapshotRow(b *testing.B) {
	for oid, row := range map[uint32]string{
		ordersOID:  "123456\t456\tpaid\t45679.72\tnote number 123456\t2026-01-03 13:20:43.678901\t\\N\t{\"i\": 123456, \"tag\": \"x\"}\n",
		sbtestsOID: "123456\t364213\t" + sbtestC + "\t" + sbtestC[:60] + "\n"} {
		b.Run(map[uint32]string{ordersOID: "orders", sbtestsOID: "sbtest1"}[oid], func(b *testing.B) {
			log, w := benchStream(b, false)
			s := &snapshot{src: log.src, tables: []planned{{table: log.relations[oid]}}, at: 1 << 30, next: 1}
			s.table = &s.tables[0]
			var gone released
			text := []byte(row)
			b.ReportAllocs()
			before, rows := cpu(b), 0
			for b.Loop() {
				if err := s.row(w, text); err != nil {
					b.Fatal(err)
				}
				if w.full(s.src) {
					gone.batch(w.batch())
				}
				rows++
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(rows), "cpu-ns/row")
		})
	}
}
