package postgres

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// ordersStream is a stream over the table of the benchmarks, with its relation.
func ordersStream(b *testing.B) (*stream, *writer) {
	src := Source{User: "u", Database: "shop", TopicPrefix: "srv"}.withDefaults()
	sel, err := newSelection(&src)
	if err != nil {
		b.Fatal(err)
	}
	known := &types{byOID: map[uint32]*pgType{}}
	for oid, name := range map[uint32]string{20: "int8", 23: "int4", 25: "text", 1043: "varchar", 1700: "numeric", 3802: "jsonb", 1114: "timestamp", 1184: "timestamptz"} {
		known.byOID[oid] = &pgType{oid: oid, name: name, kind: 'b'}
	}
	d := &definition{id: tableID{"public", "orders"}, key: []string{"id"}, columns: []columnDefinition{
		{name: "id", typ: 20, modifier: -1, required: true}, {name: "customer_id", typ: 23, modifier: -1, required: true},
		{name: "status", typ: 1043, modifier: 24, required: true}, {name: "amount", typ: 1700, modifier: 12<<16 + 2 + 4, required: true},
		{name: "note", typ: 25, modifier: -1}, {name: "doc", typ: 3802, modifier: -1},
		{name: "created_at", typ: 1114, modifier: 6, required: true}, {name: "updated", typ: 1184, modifier: -1},
	}}
	r := &reader{src: &src, sel: sel, w: newWriter(&src), sourceSchema: newSourceSchema()}
	t, err := newTable(&src, sel, known, r.sourceSchema, d)
	if err != nil {
		b.Fatal(err)
	}
	s := &stream{reader: r, relations: map[uint32]*table{16384: t}, leftOut: map[tailrace.Op]bool{}}
	s.begin(r.w, &pgoutput.Message{LSN: 1 << 30, Start: 1 << 29, Time: 1_700_000_000_000_000, XID: 42})
	return s, r.w
}

func insertOfOrders() []byte {
	m := append([]byte{'I'}, 0, 0, 0x40, 0, 'N', 0, 8)
	for _, v := range []string{"123456789", "4711", "paid", "12345.67", "a note of some length", `{"a": 1, "tags": ["x", "y"]}`, "2026-09-01 12:34:56.789012", "2026-09-01 12:34:56.789012+00"} {
		m = append(binary.BigEndian.AppendUint32(append(m, 't'), uint32(len(v))), v...)
	}
	return m
}

// BenchmarkRow is what a row costs from the message to the envelope's JSON.
func BenchmarkRow(b *testing.B) {
	s, w := ordersStream(b)
	data := insertOfOrders()
	var p pgoutput.Parser
	var m pgoutput.Message
	json := converter.NewJSON(converter.JSONConfig{})
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Parse(&m, 1<<30, data); err != nil {
			b.Fatal(err)
		}
		if err := s.message(context.Background(), w, &m); err != nil {
			b.Fatal(err)
		}
		r := &w.records[len(w.records)-1]
		var err error
		if out, err = json.Append(out[:0], r.Topic, r.ValueSchema, r.Value); err != nil {
			b.Fatal(err)
		}
		if w.full(s.src) {
			w.batch()
		}
	}
	b.SetBytes(int64(len(out)))
}

// BenchmarkDecode is BenchmarkRow without the JSON.
func BenchmarkDecode(b *testing.B) {
	s, w := ordersStream(b)
	data := insertOfOrders()
	var p pgoutput.Parser
	var m pgoutput.Message
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Parse(&m, 1<<30, data); err != nil {
			b.Fatal(err)
		}
		if err := s.message(context.Background(), w, &m); err != nil {
			b.Fatal(err)
		}
		if w.full(s.src) {
			w.batch()
		}
	}
}

// BenchmarkSnapshotRow is what a row of a snapshot costs from COPY's text to the
// record.
func BenchmarkSnapshotRow(b *testing.B) {
	log, w := ordersStream(b)
	s := &snapshot{src: log.src, tables: []planned{{table: log.relations[16384]}}, at: 1 << 30, next: 1}
	s.table = &s.tables[0]
	row := []byte("123456789\t4711\tpaid\t12345.67\ta note of some length\t{\"a\": 1, \"tags\": [\"x\", \"y\"]}\t2026-09-01 12:34:56.789012\t2026-09-01 12:34:56.789012+00\n")
	b.ReportAllocs()
	for b.Loop() {
		if err := s.row(w, row); err != nil {
			b.Fatal(err)
		}
		if w.full(s.src) {
			w.batch()
		}
	}
}
