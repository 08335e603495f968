package sourcetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/suite"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/memory"
)

// reference is the harness of the memory source.
func reference(ends bool) Harness {
	return Harness{
		Ends: ends,
		Fresh: func(testing.TB) (source.Source, func(int)) {
			src := &memory.Source{BatchSize: 3}
			if ends {
				src.Close()
			}
			made := 0
			return src, func(n int) {
				for range n {
					src.Send(tailrace.Record{Topic: "t", KeySchema: tailrace.Int64Schema, Key: tailrace.Int64(int64(made))})
					made++
				}
			}
		},
		Number: func(r *tailrace.Record) (int, bool) { return int(r.Key.Int()), !r.Key.IsNull() },
		Lose: func(_ testing.TB, src source.Source) {
			if bent, ok := src.(*bentSource); ok {
				src = bent.Source
			}
			*src.(*memory.Source) = memory.Source{}
		},
		Neglect: func(testing.TB) {},
	}
}

func TestTheMemorySourceKeepsEveryPromise(t *testing.T) {
	t.Run("waiting for more", func(t *testing.T) { Run(t, reference(false)) })
	t.Run("ending", func(t *testing.T) { Run(t, reference(true)) })
}

// bentSource is a source that breaks a promise.
type bentSource struct {
	source.Source
	open func(ctx context.Context, from []tailrace.Offset) (source.Reader, error)
}

func (s *bentSource) Open(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	return s.open(ctx, from)
}

// bentReader is a reader that breaks a promise.
type bentReader struct {
	source.Reader
	read   func(ctx context.Context) (tailrace.Batch, error)
	commit func(ctx context.Context, offsets []tailrace.Offset) error
	close  func() error
}

func (r *bentReader) Read(ctx context.Context) (tailrace.Batch, error) { return r.read(ctx) }
func (r *bentReader) Close() error                                     { return r.close() }
func (r *bentReader) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	return r.commit(ctx, offsets)
}

// bendSource gives the harness of a source whose Open is another.
func bendSource(h Harness, bend func(s *bentSource)) Harness {
	h.Patience = 200 * time.Millisecond
	fresh := h.Fresh
	h.Fresh = func(t testing.TB) (source.Source, func(int)) {
		src, change := fresh(t)
		bent := &bentSource{Source: src, open: src.Open}
		bend(bent)
		return bent, change
	}
	return h
}

// bendReader gives the harness of a source whose readers are others.
func bendReader(h Harness, bend func(r *bentReader)) Harness {
	return bendSource(h, func(s *bentSource) {
		s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
			r, err := s.Source.Open(ctx, from)
			if err != nil {
				return nil, err
			}
			bent := &bentReader{Reader: r, read: r.Read, commit: r.Commit, close: r.Close}
			bend(bent)
			return bent, nil
		}
	})
}

// bendBatch gives the harness of a source whose batches are others.
func bendBatch(h Harness, bend func(b *tailrace.Batch)) Harness {
	return bendReader(h, func(r *bentReader) {
		r.read = func(ctx context.Context) (tailrace.Batch, error) {
			b, err := r.Reader.Read(ctx)
			if err == nil {
				bend(&b)
			}
			return b, err
		}
	})
}

// impatient reads with a deadline that passes when there is nothing to read.
func impatient(ctx context.Context, r source.Reader) (tailrace.Batch, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	return r.Read(ctx)
}

// broken has for each promise a source that breaks it.
var broken = map[string]func(Harness) Harness{
	"reads all from the beginning": func(h Harness) Harness {
		return bendBatch(h, func(b *tailrace.Batch) {
			b.Records = slices.DeleteFunc(b.Records, func(r tailrace.Record) bool { return r.Key.Int() == 4 })
		})
	},
	"keeps the order": func(h Harness) Harness {
		return bendBatch(h, func(b *tailrace.Batch) {
			if n := b.Records[0].Key.Int(); n%2 == 0 {
				b.Records[0].Key = tailrace.Int64(n + 1)
			} else {
				b.Records[0].Key = tailrace.Int64(n - 1)
			}
		})
	},
	"hands records over without waiting for more": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				b, err := r.Reader.Read(ctx)
				for err == nil && len(b.Records) < 2 {
					var more tailrace.Batch
					more, err = r.Reader.Read(ctx)
					b.Records, b.Offsets = append(b.Records, more.Records...), more.Offsets
				}
				return b, err
			}
		})
	},
	"never gives an empty batch": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			polled := false
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				if polled = !polled; polled {
					return tailrace.Batch{}, ctx.Err()
				}
				return r.Reader.Read(ctx)
			}
		})
	},
	"ends with io.EOF": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			ended := false
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				if ended {
					return tailrace.Batch{}, errors.New("the end was there already")
				}
				b, err := r.Reader.Read(ctx)
				ended = err == io.EOF
				return b, err
			}
		})
	},
	"does not end before its time": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				b, err := impatient(ctx, r.Reader)
				if errors.Is(err, context.DeadlineExceeded) {
					return b, io.EOF
				}
				return b, err
			}
		})
	},
	"loses nothing to a cancelled Read": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				b, err := r.Reader.Read(context.WithoutCancel(ctx))
				if ctx.Err() != nil {
					return tailrace.Batch{}, ctx.Err()
				}
				return b, err
			}
		})
	},
	"stops waiting when cancelled": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				return r.Reader.Read(context.WithoutCancel(ctx))
			}
		})
	},
	"resumes behind any batch": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			var last []tailrace.Offset
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				b, err := r.Reader.Read(ctx)
				b.Offsets, last = last, b.Offsets // one batch late
				return b, err
			}
		})
	},
	"gives offsets that are JSON objects": func(h Harness) Harness {
		return bendBatch(h, func(b *tailrace.Batch) { b.Offsets[0].Position = "binlog.000003:1547" })
	},
	"gives well-formed records": func(h Harness) Harness {
		return bendBatch(h, func(b *tailrace.Batch) { b.Records[0].KeySchema = tailrace.StringSchema })
	},
	"leaves a batch to the caller": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			var buffer []tailrace.Record
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				b, err := r.Reader.Read(ctx)
				buffer = append(buffer[:0], b.Records...)
				b.Records = buffer
				return b, err
			}
		})
	},
	"allows Commit at any time": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			var last []tailrace.Offset
			r.commit = func(ctx context.Context, offsets []tailrace.Offset) error {
				if slices.Equal(last, offsets) {
					return errors.New("nothing new to commit")
				}
				last = offsets
				return r.Reader.Commit(ctx, offsets)
			}
		})
	},
	"goes on behind what was committed": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				r, err := s.Source.Open(ctx, from)
				if len(from) > 0 && len(s.Source.(*memory.Source).Committed()) > 0 {
					r.Read(ctx) // forgotten as well
				}
				return r, err
			}
		})
	},
	"closes twice": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) {
			closed := false
			r.close = func() error {
				if closed {
					return errors.New("closed already")
				}
				closed = true
				return r.Reader.Close()
			}
		})
	},
	"says so when it is closed": func(h Harness) Harness {
		return bendReader(h, func(r *bentReader) { r.close = func() error { return nil } })
	},
	"leaves no goroutine behind": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				gone := time.After(time.Minute)
				go func() { <-gone }()
				return s.Source.Open(ctx, from)
			}
		})
	},
	"opens more than once": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			var opened atomic.Bool
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				if opened.Swap(true) {
					return nil, errors.New("opened already")
				}
				return s.Source.Open(ctx, from)
			}
		})
	},
	"bounds Open by its context": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				return s.Source.Open(context.WithoutCancel(ctx), from)
			}
		})
	},
	"outlives the context of Open": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				r, err := s.Source.Open(ctx, from)
				if err != nil {
					return nil, err
				}
				context.AfterFunc(ctx, func() { r.Close() })
				return r, nil
			}
		})
	},
	"refuses an offset that it cannot use": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				r, err := s.Source.Open(ctx, from)
				if err != nil {
					return s.Source.Open(ctx, nil)
				}
				return r, err
			}
		})
	},
	"says that an offset is lost": func(h Harness) Harness {
		return bendSource(h, func(s *bentSource) {
			s.open = func(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
				r, err := s.Source.Open(ctx, from)
				if errors.Is(err, source.ErrOffsetLost) {
					return nil, errors.New("position not found")
				}
				return r, err
			}
		})
	},
	"survives being left unread": func(h Harness) Harness {
		var neglected atomic.Bool
		h.Neglect = func(testing.TB) { neglected.Store(true) }
		return bendReader(h, func(r *bentReader) {
			r.read = func(ctx context.Context) (tailrace.Batch, error) {
				if neglected.Load() {
					return tailrace.Batch{}, errors.New("the server has gone away")
				}
				return r.Reader.Read(ctx)
			}
		})
	},
}

func TestEachPromiseIsSeenToBeBroken(t *testing.T) {
	for _, p := range promises {
		t.Run(p.Name, func(t *testing.T) {
			bend := broken[p.Name]
			require.NotNil(t, bend, "there is no driver that breaks this promise")
			for _, h := range []Harness{reference(false), reference(true)} {
				if p.Applies != nil && !p.Applies(h) {
					continue
				}
				if p.Name == "loses nothing to a cancelled Read" && h.Ends {
					continue // the bent source needs a Read that waits
				}
				failed, text := suite.Record(t, func(t testing.TB) { p.Hold(t, bend(h)) })
				assert.True(t, failed, "the suite finds nothing wrong, ending source: %v", h.Ends)
				assert.Contains(t, text, p.Sentence)
			}
		})
	}
}

func TestACommitThatWaitsForAReadIsSeen(t *testing.T) {
	h := bendReader(reference(false), func(r *bentReader) {
		one := make(chan struct{}, 1) // in use by
		r.read = func(ctx context.Context) (tailrace.Batch, error) {
			one <- struct{}{}
			defer func() { <-one }()
			return r.Reader.Read(ctx)
		}
		r.commit = func(ctx context.Context, offsets []tailrace.Offset) error {
			select {
			case one <- struct{}{}:
				defer func() { <-one }()
				return r.Reader.Commit(ctx, offsets)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	i := slices.IndexFunc(promises, func(p suite.Promise[Harness]) bool { return p.Name == "allows Commit at any time" })
	seen := false
	for range 20 { // the Read may begin after the Commit
		failed, _ := suite.Record(t, func(t testing.TB) { promises[i].Hold(t, h) })
		seen = seen || failed
	}
	assert.True(t, seen)
}

func TestDriversThatPanicOrHangFailTheirSubtestOnly(t *testing.T) {
	for name, bend := range map[string]func(Harness) Harness{
		"Open panics": func(h Harness) Harness {
			return bendSource(h, func(s *bentSource) {
				s.open = func(context.Context, []tailrace.Offset) (source.Reader, error) { panic("nil map") }
			})
		},
		"Open gives nothing": func(h Harness) Harness {
			return bendSource(h, func(s *bentSource) {
				s.open = func(context.Context, []tailrace.Offset) (source.Reader, error) { return nil, nil }
			})
		},
		"Read panics": func(h Harness) Harness {
			return bendReader(h, func(r *bentReader) {
				r.read = func(context.Context) (tailrace.Batch, error) { panic("index out of range") }
			})
		},
		"Read hangs": func(h Harness) Harness {
			return bendReader(h, func(r *bentReader) {
				never := make(chan struct{})
				t.Cleanup(func() { close(never) })
				r.read = func(context.Context) (tailrace.Batch, error) { <-never; return tailrace.Batch{}, io.EOF }
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			failed, text := suite.Record(t, func(t testing.TB) { promises[0].Hold(t, bend(reference(false))) })
			assert.True(t, failed)
			assert.Contains(t, text, promises[0].Sentence)
		})
	}
}
