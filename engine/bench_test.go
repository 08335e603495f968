package engine_test

import (
	"context"
	"io"
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/transform"
)

// The engine alone: a source that has its batches at hand and a sink that
// counts. The target is 5 million records a second and no allocation a record.
func BenchmarkEngine(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
		cfg  engine.Config
	}{
		{"batch=1000", 1000, engine.Config{}},
		{"batch=100", 100, engine.Config{}},
		{"batch=1", 1, engine.Config{}},
		{"batch=1000/transform", 1000, engine.Config{Transforms: []transform.Transform{
			transform.Func(func(r *tailrace.Record) (bool, error) { return r.Topic != "", nil }),
		}}},
		{"batch=1000/encode", 1000, engine.Config{Encode: engine.Converters{Value: converterFunc(appendBytes)}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			src := &endless{batch: tailrace.Batch{Records: numbers(0, c.size), Offsets: []tailrace.Offset{{Partition: "{}", Position: "{}"}}, Size: 64 * c.size}}
			src.left = b.N
			n := 0
			cfg := c.cfg
			cfg.Name, cfg.Source = "bench", src
			cfg.Sink = sink.Func(func(_ context.Context, records []tailrace.Record) error { n += len(records); return nil })
			e, err := engine.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if err := e.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
			if n < b.N {
				b.Fatalf("%d of %d records arrived", n, b.N)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}

var text = []byte("a value of some twenty bytes")

func appendBytes(dst []byte, _ tailrace.Value) []byte { return append(dst, text...) }

// endless gives one batch over and over, until left records were given.
type endless struct {
	batch tailrace.Batch
	spare [][]tailrace.Record
	left  int
	at    int
}

func (s *endless) Open(context.Context, []tailrace.Offset) (source.Reader, error) { return s, nil }

// Read gives its batches in turn, each with memory of its own, more of them
// than the engine has in its hands at a time.
func (s *endless) Read(ctx context.Context) (tailrace.Batch, error) {
	if s.left <= 0 {
		return tailrace.Batch{}, io.EOF
	}
	s.left -= len(s.batch.Records)
	b := s.batch
	if len(s.spare) < 32 {
		s.spare = append(s.spare, append([]tailrace.Record(nil), b.Records...))
	}
	b.Records = s.spare[s.at%len(s.spare)]
	s.at++
	return b, ctx.Err()
}

func (s *endless) Commit(context.Context, []tailrace.Offset) error { return nil }
func (s *endless) Close() error                                    { return nil }
