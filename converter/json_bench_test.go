package converter

import (
	"testing"

	"github.com/tailrace-io/tailrace/converter/internal/orders"
)

func benchmarkAppend(b *testing.B, config JSONConfig) {
	schema, v := orders.Change()
	c := NewJSON(config)
	dst, err := c.Append([]byte{}, "t", schema, v)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = c.Append(dst[:0], "t", schema, v)
	}
}

func BenchmarkJSONEnvelope(b *testing.B) { benchmarkAppend(b, JSONConfig{}) }

func BenchmarkJSONEnvelopeWithSchema(b *testing.B) { benchmarkAppend(b, JSONConfig{Schemas: true}) }

func BenchmarkJSONDecode(b *testing.B) {
	schema, v := orders.Change()
	for name, config := range map[string]JSONConfig{"Schemaless": {}, "Given": {Schemas: true, Schema: schema}, "Envelope": {Schemas: true}} {
		b.Run(name, func(b *testing.B) {
			c := NewJSON(config)
			writer := NewJSON(JSONConfig{Schemas: name == "Envelope"})
			data, err := writer.Append([]byte{}, "t", schema, v)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.Decode("t", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
