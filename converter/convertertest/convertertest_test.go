package convertertest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/internal/suite"
)

// bent is converter.String with calls that can be others, so that it breaks a
// promise.
type bent struct {
	converter.String
	write func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error)
	read  func(data []byte) (*tailrace.Schema, tailrace.Value, error)
}

func (b *bent) Append(dst []byte, topic string, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if b.write != nil {
		return b.write(dst, s, v)
	}
	return b.String.Append(dst, topic, s, v)
}

func (b *bent) Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	if b.read != nil {
		return b.read(data)
	}
	return b.String.Decode(topic, data)
}

func text(s string) Sample {
	return Sample{Name: s, Schema: tailrace.OptionalStringSchema, Value: tailrace.String(s)}
}

func harness(change func(b *bent)) Harness {
	return Harness{
		New: func(testing.TB) converter.Converter {
			b := &bent{}
			change(b)
			return b
		},
		Samples: []Sample{
			text("x"), text(""), text("a longer text"),
			{Name: "schemaless", Value: tailrace.String("x"), Lossy: true},
			{Name: "list", Value: tailrace.Array([]tailrace.Value{tailrace.String("x"), tailrace.Map([]tailrace.Value{tailrace.Int8(1), {}})}), Lossy: true},
		},
		Rejects: []Sample{{Name: "bytes", Value: tailrace.Bytes([]byte("x"))}},
		Garbage: [][]byte{{0xff}},
	}
}

func TestStringKeepsEveryPromise(t *testing.T) { Run(t, harness(func(*bent) {})) }

// broken has for each promise a converter that breaks it.
var broken = map[string]func(b *bent){
	"appends": func(b *bent) {
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
			return b.String.Append(dst[:0], topic, s, v)
		}
	},
	"writes nothing for nothing": func(b *bent) {
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
			if v.IsNull() {
				return append(dst, "null"...), nil
			}
			return b.String.Append(dst, topic, s, v)
		}
	},
	"tells zero bytes from nothing": func(b *bent) {
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
			out, err := b.String.Append(dst, topic, s, v)
			if len(out) == 0 {
				return nil, err
			}
			return out, err
		}
	},
	"reads nothing as null": func(b *bent) {
		b.read = func(data []byte) (*tailrace.Schema, tailrace.Value, error) {
			return b.String.Decode(topic, append([]byte{}, data...))
		}
	},
	"reads what it wrote": func(b *bent) {
		b.read = func(data []byte) (*tailrace.Schema, tailrace.Value, error) {
			_, v, err := b.String.Decode(topic, data)
			return tailrace.StringSchema, v, err
		}
	},
	"writes what it read": func(b *bent) {
		b.read = func(data []byte) (*tailrace.Schema, tailrace.Value, error) {
			return tailrace.OptionalStringSchema, tailrace.String(string(data) + "!"), nil
		}
	},
	"takes an equal schema": func(b *bent) {
		var first *tailrace.Schema
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
			if first == nil {
				first = s
			}
			if s != nil && s != first {
				dst = append(dst, '!')
			}
			return b.String.Append(dst, topic, s, v)
		}
	},
	"keeps nothing of the value": func(b *bent) {
		var seen []tailrace.Value
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
			for _, w := range seen {
				if len(w.Bytes()) > 0 && w.Bytes()[0] == '#' {
					dst = append(dst, '!')
				}
			}
			seen = append(seen, v)
			return b.String.Append(dst, topic, s, v)
		}
	},
	"changes nothing": func(b *bent) {
		b.read = func(data []byte) (*tailrace.Schema, tailrace.Value, error) {
			s, v, err := b.String.Decode(topic, slices.Clone(data))
			clear(data)
			return s, v, err
		}
	},
	"refuses what it has no bytes for": func(b *bent) {
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) ([]byte, error) {
			if v.Type() == tailrace.TypeBytes {
				return append(dst, "?"...), nil
			}
			return b.String.Append(dst, topic, s, v)
		}
	},
	"refuses garbage": func(b *bent) {
		b.read = func(data []byte) (*tailrace.Schema, tailrace.Value, error) {
			return tailrace.OptionalStringSchema, tailrace.String(string(data)), nil
		}
	},
	"survives damaged bytes": func(b *bent) {
		b.read = func(data []byte) (*tailrace.Schema, tailrace.Value, error) {
			_ = data[0]
			return b.String.Decode(topic, data)
		}
	},
	"is for many goroutines": func(b *bent) {
		var one sync.Mutex
		b.write = func(dst []byte, s *tailrace.Schema, v tailrace.Value) (out []byte, err error) {
			if !one.TryLock() {
				return dst, errors.New("busy")
			}
			defer one.Unlock()
			for range 1000 {
				out, err = b.String.Append(dst, topic, s, v)
			}
			return out, err
		}
	},
}

func TestEachPromiseIsSeenToBeBroken(t *testing.T) {
	for _, p := range promises {
		t.Run(p.Name, func(t *testing.T) {
			change := broken[p.Name]
			require.NotNil(t, change, "there is no converter that breaks this promise")
			failed, text := suite.Record(t, func(t testing.TB) { p.Hold(t, harness(change)) })
			assert.True(t, failed, "the suite finds nothing wrong")
			assert.Contains(t, text, p.Sentence)
		})
	}
}
