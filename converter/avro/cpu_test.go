package avro

import (
	"syscall"
	"testing"
	"time"

	hamba "github.com/hamba/avro/v2"

	"github.com/tailrace-io/tailrace/converter/internal/orders"
)

// BenchmarkBeside encodes the change of an order, by this package and by the
// library that its tests read with, and counts the processor's time: on a busy
// machine the time of the clock says little.
func BenchmarkBeside(b *testing.B) {
	schema, v := orders.Change()
	config := &Config{}
	a, err := config.translate(schema)
	if err != nil {
		b.Fatal(err)
	}
	text, err := a.text()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("tailrace", func(b *testing.B) {
		c := benched(b)
		dst, err := c.Append([]byte{}, "t", schema, v)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		begin := cpu()
		for b.Loop() {
			dst, _ = c.Append(dst[:0], "t", schema, v)
		}
		b.ReportMetric(float64(cpu()-begin)/float64(b.N), "cpu-ns/op")
	})
	b.Run("hamba", func(b *testing.B) {
		other, err := hamba.ParseWithCache(text, "", &hamba.SchemaCache{})
		if err != nil {
			b.Fatal(err)
		}
		data, err := benched(b).Append([]byte{}, "t", schema, v)
		if err != nil {
			b.Fatal(err)
		}
		var generic map[string]any
		if err := hamba.Unmarshal(other, data[5:], &generic); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		begin := cpu()
		for b.Loop() {
			if _, err := hamba.Marshal(other, generic); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(cpu()-begin)/float64(b.N), "cpu-ns/op")
	})
}

// cpu is the processor's time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
