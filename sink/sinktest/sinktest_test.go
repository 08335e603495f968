package sinktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/memory"
)

// reference is the harness of the memory sink, made to refuse bad records.
func reference(mode memory.Mode) Harness {
	return Harness{
		Fresh: func(t testing.TB) (sink.Sink, func() []int) {
			s := &memory.Sink{Mode: mode}
			return refusing{s}, func() []int {
				numbers := []int{}
				for _, r := range s.Records() {
					n, err := strconv.Atoi(string(r.Key.Bytes()))
					if err != nil {
						n = -1 // no record of the suite
					}
					numbers = append(numbers, n)
				}
				return numbers
			}
		},
		Bad: func() tailrace.Record { return tailrace.Record{Topic: "sinktest", Key: tailrace.String("bad")} },
	}
}

func TestTheMemorySinkKeepsEveryPromise(t *testing.T) {
	for mode, name := range []string{"plain", "flushing", "transactional"} {
		t.Run(name, func(t *testing.T) { Run(t, reference(memory.Mode(mode))) })
	}
}

// refusing is a sink that refuses records whose key is no bytes.
type refusing struct{ sink.Sink }

func (s refusing) Open(ctx context.Context) (sink.Writer, error) {
	w, err := s.Sink.Open(ctx)
	if err != nil {
		return nil, err
	}
	b := &bentWriter{w: w}
	b.tx, _ = w.(sink.Transactional)
	b.flusher, _ = w.(sink.Flusher)
	b.write, b.close = b.refuse, w.Close
	if b.flusher != nil {
		b.flush = b.flusher.Flush
		return bentFlusher{b}, nil
	}
	if b.tx != nil {
		b.begin, b.writeTx = b.tx.Begin, b.refuseTx
		return bentTransactional{b}, nil
	}
	return b, nil
}

var errRefused = errors.New("the key is no bytes")

func bad(records []tailrace.Record) int {
	return slices.IndexFunc(records, func(r tailrace.Record) bool { return r.Key.Type() != tailrace.TypeBytes })
}

func (w *bentWriter) refuse(ctx context.Context, records []tailrace.Record) error {
	i := bad(records)
	if i < 0 {
		return w.w.Write(ctx, records)
	}
	if err := w.w.Write(ctx, records[:i]); err != nil {
		return err
	}
	return &sink.BatchError{Index: i, Err: errRefused}
}

func (w *bentWriter) refuseTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	if i := bad(records); i >= 0 {
		return &sink.BatchError{Index: i, Err: errRefused}
	}
	return w.tx.WriteTx(ctx, records, offsets)
}

// bentWriter is a writer whose calls can be others, so that it breaks a promise.
type bentWriter struct {
	w       sink.Writer
	flusher sink.Flusher
	tx      sink.Transactional

	write   func(ctx context.Context, records []tailrace.Record) error
	flush   func(ctx context.Context) error
	begin   func(ctx context.Context, name string) ([]tailrace.Offset, error)
	writeTx func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error
	close   func() error
}

func (w *bentWriter) Write(ctx context.Context, records []tailrace.Record) error {
	return w.write(ctx, records)
}
func (w *bentWriter) Close() error { return w.close() }

type bentFlusher struct{ *bentWriter }

func (w bentFlusher) Flush(ctx context.Context) error { return w.flush(ctx) }

type bentTransactional struct{ *bentWriter }

func (w bentTransactional) Begin(ctx context.Context, name string) ([]tailrace.Offset, error) {
	return w.begin(ctx, name)
}

func (w bentTransactional) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	return w.writeTx(ctx, records, offsets)
}

// bentSink is a sink whose Open is another.
type bentSink struct {
	sink.Sink
	open func(ctx context.Context) (sink.Writer, error)
}

func (s *bentSink) Open(ctx context.Context) (sink.Writer, error) { return s.open(ctx) }

func bendSink(h Harness, bend func(s *bentSink)) Harness {
	h.Patience = 200 * time.Millisecond
	fresh := h.Fresh
	h.Fresh = func(t testing.TB) (sink.Sink, func() []int) {
		s, held := fresh(t)
		bent := &bentSink{Sink: s, open: s.Open}
		bend(bent)
		return bent, held
	}
	return h
}

func bend(h Harness, bend func(w *bentWriter)) Harness {
	return bendSink(h, func(s *bentSink) {
		s.open = func(ctx context.Context) (sink.Writer, error) {
			w, err := s.Sink.Open(ctx)
			if err != nil {
				return nil, err
			}
			switch w := w.(type) {
			case *bentWriter:
				bend(w)
			case bentFlusher:
				bend(w.bentWriter)
			case bentTransactional:
				bend(w.bentWriter)
			}
			return w, nil
		}
	})
}

// bendBatch gives the harness of a sink that makes other records of those that
// it is given, however it is given them.
func bendBatch(h Harness, change func(records []tailrace.Record) ([]tailrace.Record, error)) Harness {
	return bend(h, func(w *bentWriter) {
		write, writeTx := w.write, w.writeTx
		w.write = func(ctx context.Context, records []tailrace.Record) error {
			records, err := change(records)
			if err != nil {
				return err
			}
			return write(ctx, records)
		}
		w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
			records, err := change(records)
			if err != nil {
				return err
			}
			return writeTx(ctx, records, offsets)
		}
	})
}

// once gives an error at the second call.
func once(what string) func() error {
	called := false
	return func() error {
		if called {
			return fmt.Errorf("%s already", what)
		}
		called = true
		return nil
	}
}

// broken has for each promise a sink that breaks it.
var broken = map[string]func(Harness) Harness{
	"is durable when Write returns": func(h Harness) Harness {
		var late []tailrace.Record // written with the next Write
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			now := late
			late = slices.Clone(records)
			return now, nil
		})
	},
	"is durable when Flush returns": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) { w.flush = func(context.Context) error { return nil } })
	},
	"keeps the order": func(h Harness) Harness {
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			records = slices.Clone(records)
			slices.Reverse(records)
			return records, nil
		})
	},
	"takes a batch without records": func(h Harness) Harness {
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			_ = records[0]
			return records, nil
		})
	},
	"takes a large batch": func(h Harness) Harness {
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			return records[:min(len(records), 1000)], nil
		})
	},
	"keeps nothing of the records": func(h Harness) Harness {
		var last []tailrace.Record // kept as they were given, and written first
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			all := append(slices.Clone(last), records...)
			last = records
			return all[len(all)-len(records):], errIf(slices.ContainsFunc(all, func(r tailrace.Record) bool { return r.Topic == "" }))
		})
	},
	"leaves the records as they are": func(h Harness) Harness {
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			for i := range records {
				records[i].Topic = "prefix." + records[i].Topic
			}
			return records, nil
		})
	},
	"takes repeats": func(h Harness) Harness {
		seen := map[string]bool{}
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			for _, r := range records {
				if k := r.Key.String(); seen[k] {
					return nil, errors.New("duplicate key")
				} else {
					seen[k] = true
				}
			}
			return records, nil
		})
	},
	"survives a cancelled Write": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			write, writeTx, flush := w.write, w.writeTx, w.flush
			w.write = func(ctx context.Context, records []tailrace.Record) error {
				if ctx.Err() != nil {
					return nil
				}
				return write(ctx, records)
			}
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				if ctx.Err() != nil {
					return nil
				}
				return writeTx(ctx, records, offsets)
			}
			w.flush = func(ctx context.Context) error {
				if ctx.Err() != nil {
					return nil
				}
				return flush(ctx)
			}
		})
	},
	"closes twice": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) { w.close = once("closed") })
	},
	"does not pretend when it is closed": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			closed, write, writeTx := false, w.write, w.writeTx
			w.close = func() error { closed = true; return nil }
			w.write = func(ctx context.Context, records []tailrace.Record) error {
				if closed {
					return nil
				}
				return write(ctx, records)
			}
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				if closed {
					<-ctx.Done()
					return ctx.Err()
				}
				return writeTx(ctx, records, offsets)
			}
		})
	},
	"opens more than once": func(h Harness) Harness {
		return bendSink(h, func(s *bentSink) {
			opened := once("opened")
			s.open = func(ctx context.Context) (sink.Writer, error) {
				if err := opened(); err != nil {
					return nil, err
				}
				return s.Sink.Open(ctx)
			}
		})
	},
	"outlives the context of Open": func(h Harness) Harness {
		return bendSink(h, func(s *bentSink) {
			s.open = func(opening context.Context) (sink.Writer, error) {
				w, err := refusing{s.Sink}.Open(opening)
				if w, ok := w.(bentTransactional); ok {
					w.writeTx = func(context.Context, []tailrace.Record, []tailrace.Offset) error { return opening.Err() }
					return w, err
				}
				if w, ok := w.(bentFlusher); ok {
					w.flush = func(context.Context) error { return opening.Err() }
					return w, err
				}
				w.(*bentWriter).write = func(context.Context, []tailrace.Record) error { return opening.Err() }
				return w, err
			}
		})
	},
	"leaves no goroutine behind": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			gone := time.After(time.Minute)
			go func() { <-gone }()
		})
	},
	"names the record that cannot be written": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			write := w.write
			w.write = func(ctx context.Context, records []tailrace.Record) error {
				if err := write(ctx, records); err != nil {
					return fmt.Errorf("something went wrong: %v", err)
				}
				return nil
			}
		})
	},
	"drops no record by itself": func(h Harness) Harness {
		return bendBatch(h, func(records []tailrace.Record) ([]tailrace.Record, error) {
			if i := bad(records); i >= 0 {
				return records[:i], nil
			}
			return records, nil
		})
	},
	"flushes more than once": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			again := once("flushed")
			flush := w.flush
			w.flush = func(ctx context.Context) error { return errors.Join(flush(ctx), again()) }
		})
	},
	"begins without offsets": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			w.begin = func(context.Context, string) ([]tailrace.Offset, error) {
				return []tailrace.Offset{{Partition: "{}", Position: "{}"}}, nil
			}
		})
	},
	"keeps offsets with the records": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			writeTx := w.writeTx
			w.writeTx = func(ctx context.Context, records []tailrace.Record, _ []tailrace.Offset) error {
				return writeTx(ctx, records, nil)
			}
		})
	},
	"merges offsets by partition": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) { // gives the last call's offsets alone
			begin := w.begin
			w.begin = func(ctx context.Context, name string) ([]tailrace.Offset, error) {
				offsets, err := begin(ctx, name)
				return offsets[max(len(offsets)-1, 0):], err
			}
		})
	},
	"takes offsets alone": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			writeTx := w.writeTx
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				if len(records) == 0 {
					return nil
				}
				return writeTx(ctx, records, offsets)
			}
		})
	},
	"takes records alone": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			writeTx := w.writeTx
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				if len(offsets) == 0 {
					return nil
				}
				return writeTx(ctx, records, offsets)
			}
		})
	},
	"is all or nothing when cancelled": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			writeTx := w.writeTx
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				return errors.Join(writeTx(context.WithoutCancel(ctx), records, offsets), ctx.Err())
			}
		})
	},
	"is all or nothing when a record is refused": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			writeTx := w.writeTx
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				if i := bad(records); i >= 0 {
					return errors.Join(writeTx(ctx, records[:i], nil), &sink.BatchError{Index: i, Err: errRefused})
				}
				return writeTx(ctx, records, offsets)
			}
		})
	},
	"fences older writers": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			writeTx, name := w.writeTx, ""
			begin := w.begin
			w.begin = func(ctx context.Context, n string) ([]tailrace.Offset, error) {
				name = n
				return begin(ctx, n)
			}
			w.writeTx = func(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
				err := writeTx(ctx, records, offsets)
				if errors.Is(err, sink.ErrFenced) {
					_, err = begin(ctx, name) // takes it back
				}
				return err
			}
		})
	},
	"keeps names apart": func(h Harness) Harness {
		return bend(h, func(w *bentWriter) {
			begin := w.begin
			w.begin = func(ctx context.Context, _ string) ([]tailrace.Offset, error) { return begin(ctx, "everybody") }
		})
	},
}

func errIf(broken bool) error {
	if broken {
		return errors.New("a record has lost its topic")
	}
	return nil
}

func TestEachPromiseIsSeenToBeBroken(t *testing.T) {
	for _, p := range promises {
		t.Run(p.Name, func(t *testing.T) {
			bend := broken[p.Name]
			require.NotNil(t, bend, "there is no driver that breaks this promise")
			for mode, of := range []kind{plain, flushing, transactional} {
				if p.of&of == 0 {
					continue
				}
				failed, text := suite.Record(t, func(t testing.TB) { p.Hold(t, bend(reference(memory.Mode(mode)))) })
				assert.True(t, failed, "the suite finds nothing wrong, mode %d", mode)
				assert.Contains(t, text, p.Sentence)
			}
		})
	}
}
