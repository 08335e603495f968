package convertertest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/internal/suite"
)

const (
	topic    = "convertertest"
	patience = 30 * time.Second
)

// place is where one promise is checked.
type place struct {
	testing.TB
	Harness
	c converter.Converter
}

// write is Append of a sample, which must succeed.
func (p *place) write(dst []byte, s Sample) []byte {
	p.Helper()
	out, err := p.append(dst, s)
	if err != nil {
		p.Fatalf("Append of the sample %q: %v", s.Name, err)
	}
	return out
}

func (p *place) append(dst []byte, s Sample) (out []byte, err error) {
	p.Helper()
	err = suite.Call(p, patience, fmt.Sprintf("Append of the sample %q", s.Name), func() (err error) {
		out, err = p.c.Append(dst, topic, s.Schema, s.Value)
		return err
	})
	return out, err
}

// read is Decode of a sample's bytes, which must succeed.
func (p *place) read(name string, data []byte) (*tailrace.Schema, tailrace.Value) {
	p.Helper()
	s, v, err := p.decode(name, data)
	if err != nil {
		p.Fatalf("Decode of the bytes of the sample %q: %v", name, err)
	}
	return s, v
}

func (p *place) decode(name string, data []byte) (s *tailrace.Schema, v tailrace.Value, err error) {
	p.Helper()
	err = suite.Call(p, patience, fmt.Sprintf("Decode of %s", name), func() (err error) {
		s, v, err = p.c.Decode(topic, data)
		return err
	})
	return s, v, err
}

func appends(p *place) {
	for _, s := range p.Samples {
		want := slices.Clone(p.write([]byte{}, s))
		for _, room := range []int{0, 1, len(want), 4 * (len(want) + 1)} {
			dst := append(make([]byte, 0, 6+room), "before"...)
			if got := p.write(dst, s); string(got) != "before"+string(want) {
				p.Errorf("the sample %q: Append to %q with room for %d bytes gives %q, where Append to nothing gives %q", s.Name, dst, room, got, want)
			}
		}
	}
}

func writesNothing(p *place) {
	for _, dst := range [][]byte{{}, []byte("before")} {
		if got := p.write(dst, Sample{Name: "null"}); got != nil {
			p.Errorf("Append of a null without a schema to %q gives %q", dst, got)
		}
	}
}

func zeroBytes(p *place) {
	for _, s := range p.Samples {
		if got := p.write([]byte{}, s); got == nil {
			p.Errorf("the sample %q: Append gives nil", s.Name)
		}
	}
}

func readsNothing(p *place) {
	if _, v := p.read("no bytes", nil); !v.IsNull() {
		p.Errorf("Decode of nil gives %s, a %s", v, v.Type())
	}
}

func readsWhatItWrote(p *place) {
	for _, s := range p.Samples {
		if s.Lossy {
			continue
		}
		schema, v := p.read(s.Name, p.write([]byte{}, s))
		if !schema.Equal(s.Schema) {
			p.Errorf("the sample %q: Decode gives another schema", s.Name)
		}
		if !v.Equal(s.Value) {
			p.Errorf("the sample %q: Decode gives %s, a %s, where it should be %s, a %s", s.Name, v, v.Type(), s.Value, s.Value.Type())
		}
	}
}

func writesWhatItRead(p *place) {
	for _, s := range p.Samples {
		data := p.write([]byte{}, s)
		schema, v := p.read(s.Name, slices.Clone(data))
		if again := p.write([]byte{}, Sample{Name: s.Name, Schema: schema, Value: v}); !bytes.Equal(again, data) {
			p.Errorf("the sample %q: Append writes %q, Decode reads it, and Append writes %q of that", s.Name, data, again)
		}
	}
}

func takesEqualSchema(p *place) {
	for _, s := range p.Samples {
		if s.Schema == nil {
			continue
		}
		equal, err := s.Schema.Builder().Build()
		if err != nil {
			p.Fatalf("the sample %q: its schema built anew: %v", s.Name, err)
		}
		data := p.write([]byte{}, s)
		if got := p.write([]byte{}, Sample{Name: s.Name, Schema: equal, Value: s.Value}); !bytes.Equal(got, data) {
			p.Errorf("the sample %q: Append writes %q, and with an equal schema %q", s.Name, data, got)
		}
	}
}

func keepsNothing(p *place) {
	for _, s := range p.Samples {
		v := copied(s.Value)
		out := p.write([]byte{}, Sample{Name: s.Name, Schema: s.Schema, Value: v})
		want := slices.Clone(out)
		overwrite(v)
		if !bytes.Equal(out, want) {
			p.Errorf("the sample %q: what Append wrote changes with the value", s.Name)
		}
		if again := p.write([]byte{}, s); !bytes.Equal(again, want) {
			p.Errorf("the sample %q: Append writes %q once the memory of the value is used again, and %q before", s.Name, again, want)
		}
	}
}

func changesNothing(p *place) {
	for _, s := range p.Samples {
		v := copied(s.Value)
		data := p.write([]byte{}, Sample{Name: s.Name, Schema: s.Schema, Value: v})
		if !v.Equal(s.Value) {
			p.Errorf("the sample %q: Append makes it %s", s.Name, v)
		}
		before := slices.Clone(data)
		p.read(s.Name, data)
		if !bytes.Equal(data, before) {
			p.Errorf("the sample %q: Decode makes the bytes %q, which were %q", s.Name, data, before)
		}
	}
}

func refusesValues(p *place) {
	for _, s := range p.Rejects {
		dst := append(make([]byte, 0, 4096), "before"...)
		if out, err := p.append(dst, s); err == nil {
			p.Errorf("the value %q: Append writes %q", s.Name, out)
		}
		if string(dst) != "before" {
			p.Errorf("the value %q: Append makes dst %q", s.Name, dst)
		}
	}
}

func refusesGarbage(p *place) {
	for _, data := range p.Garbage {
		if s, v, err := p.decode(fmt.Sprintf("%q", data), data); err == nil {
			p.Errorf("Decode of %q gives %s, a %s; its schema is nil: %t", data, v, v.Type(), s == nil)
		}
	}
}

func survivesDamage(p *place) {
	try := func(data []byte) {
		s, v, err := p.decode(fmt.Sprintf("%q", data), data)
		if err == nil {
			err = s.Validate(v)
			if err != nil {
				p.Errorf("Decode of %q gives a value that its schema does not describe: %v", data, err)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	try([]byte{})
	for _, s := range append(slices.Clone(p.Samples), Sample{Name: "noise", Value: tailrace.Value{}}) {
		data := p.write([]byte{}, s)
		if data == nil {
			data = make([]byte, 64)
		}
		for i := 0; i <= len(data); i += 1 + len(data)/100 {
			try(data[:i:i])
			try(data[i:])
		}
		for range 300 {
			bad := slices.Clone(data)
			for range 1 + r.IntN(4) {
				if len(bad) > 0 {
					bad[r.IntN(len(bad))] = byte(r.IntN(256))
				}
			}
			try(bad)
		}
	}
}

func isConcurrent(p *place) {
	want := make([][]byte, len(p.Samples))
	for i, s := range p.Samples {
		want[i] = p.write([]byte{}, s)
	}
	shared := p.New(p.TB) // whose caches are empty
	const goroutines, rounds = 4, 20
	errs := make(chan error, goroutines*rounds*max(1, len(want)))
	var running sync.WaitGroup
	for g := range goroutines {
		running.Go(func() {
			var dst []byte
			for n := range rounds * len(want) {
				i := (g + n) % len(want)
				s := p.Samples[i]
				got, err := shared.Append(append(dst[:0], '.'), topic, s.Schema, s.Value)
				if err != nil || !bytes.Equal(got[1:], want[i]) {
					errs <- fmt.Errorf("the sample %q: %q, where one goroutine alone gets %q: %w", s.Name, got, want[i], err)
					return
				}
				dst = got
				if _, _, err := shared.Decode(topic, want[i]); err != nil {
					errs <- fmt.Errorf("the sample %q: %w", s.Name, err)
					return
				}
			}
		})
	}
	running.Wait()
	close(errs)
	for err := range errs {
		p.Errorf("with %d goroutines: %v", goroutines, err)
	}
}

// copied is v in memory of its own.
func copied(v tailrace.Value) tailrace.Value {
	each := func(vs []tailrace.Value) []tailrace.Value {
		out := make([]tailrace.Value, len(vs))
		for i := range vs {
			out[i] = copied(vs[i])
		}
		return out
	}
	switch v.Type() {
	case tailrace.TypeString:
		var slab tailrace.Slab
		return slab.CopyString(v.Bytes())
	case tailrace.TypeBytes:
		return tailrace.Bytes(append([]byte{}, v.Bytes()...))
	case tailrace.TypeArray:
		return tailrace.Array(each(v.Elems()))
	case tailrace.TypeMap:
		return tailrace.Map(each(v.Entries()))
	case tailrace.TypeStruct:
		return tailrace.StructOf(each(v.Fields()))
	}
	return v
}

// overwrite uses the memory behind v, which copied made, for something else.
func overwrite(v tailrace.Value) {
	for _, vs := range [][]tailrace.Value{v.Elems(), v.Entries(), v.Fields()} {
		for i := range vs {
			overwrite(vs[i])
			vs[i] = tailrace.String("used again")
		}
	}
	for i := range v.Bytes() {
		v.Bytes()[i] = '#'
	}
}
