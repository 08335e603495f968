package avro

import (
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter/internal/orders"
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/internal/memoryregistry"
)

// One change event of an order: 670 bytes of JSON, and 250 of Avro.
func BenchmarkAppend(b *testing.B) {
	schema, v := orders.Change()
	c := benched(b)
	dst, err := c.Append([]byte{}, "orders", schema, v)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = c.Append(dst[:0], "orders", schema, v)
	}
}

func BenchmarkDecode(b *testing.B) {
	schema, v := orders.Change()
	c := benched(b)
	data, err := c.Append([]byte{}, "orders", schema, v)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var got tailrace.Value
	for b.Loop() {
		if _, got, err = c.Decode("orders", data); err != nil {
			b.Fatal(err)
		}
	}
	if got.Type() != tailrace.TypeStruct {
		b.Fatal(got)
	}
}

func benched(b *testing.B) *Converter {
	_, client := memoryregistry.Start(b)
	c, err := New(Config{Options: registry.Options{Client: client}})
	if err != nil {
		b.Fatal(err)
	}
	return c
}
