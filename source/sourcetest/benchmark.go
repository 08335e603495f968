package sourcetest

import (
	"errors"
	"io"
	"testing"
)

// Benchmark measures how fast a source reads n changes from its beginning, in
// the same way for every driver. The opening is part of it.
func Benchmark(b *testing.B, h Harness, n int) {
	p := newPlace(b, h)
	p.change(n)
	b.ReportAllocs()
	for b.Loop() {
		r, err := p.src.Open(b.Context(), nil)
		if err != nil {
			b.Fatalf("Open: %v", err)
		}
		for read := 0; read < n; {
			batch, err := r.Read(b.Context())
			if errors.Is(err, io.EOF) {
				b.Fatalf("the source ends after %d of %d changes", read, n)
			}
			if err != nil {
				b.Fatalf("Read: %v", err)
			}
			for i := range batch.Records {
				if _, ok := h.Number(&batch.Records[i]); ok {
					read++
				}
			}
		}
		if err := r.Close(); err != nil {
			b.Fatalf("Close: %v", err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "changes/s")
}
