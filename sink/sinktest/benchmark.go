package sinktest

import "testing"

// Benchmark measures how fast a sink makes batches of n records durable, in the
// same way for every driver.
func Benchmark(b *testing.B, h Harness, n int) {
	p := newPlace(b, h)
	w := p.open()
	records := p.numbered(0, n)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.try(b.Context(), records); err != nil {
			b.Fatalf("Write: %v", err)
		}
		if err := w.flush(b.Context()); err != nil {
			b.Fatalf("Flush: %v", err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "records/s")
}
