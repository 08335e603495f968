package engine

import (
	"context"
	"slices"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// prepares says whether records need anything done before they are written.
func (s *session) prepares() bool {
	return len(s.cfg.Transforms) > 0 || !s.cfg.Decode.none() || !s.cfg.Encode.none()
}

// prepare decodes, transforms and encodes the records of a batch, in place, and
// applies the policies to those that fail.
func (s *session) prepare(ctx context.Context, j *job) {
	all := j.batch.Records
	kept := all[:0]
	dropped := 0
	enc := &j.enc
	enc.begin(s.cfg.Encode, len(all))
	// A sink's dead letters are of the form that the source's records have,
	// where that is bytes: what was made of them for the sink, the sink of dead
	// letters may not take.
	asRead := s.cfg.Errors.Sink == DeadLetter && !s.cfg.Decode.none()
	for i := range all {
		was := all[i]
		keep, stage, err := s.prepareRecord(ctx, &all[i], enc)
		if err != nil {
			if s.cfg.Errors.policy(stage) == Stop || ctx.Err() != nil {
				j.err = s.fail(stage, was.Topic, err)
				return
			}
			j.dead = append(j.dead, deadLetter{record: was, stage: stage, err: err})
			continue
		}
		if !keep {
			dropped++
			continue
		}
		if len(kept) != i {
			all[len(kept)] = all[i]
		}
		kept = all[:len(kept)+1]
		if asRead {
			j.read = append(j.read, was)
		}
	}
	j.records = kept
	j.bytes = enc.bytes
	s.q.grow(j.bytes)
	if dropped > 0 && s.cfg.Trace.Filter != nil {
		s.cfg.Trace.Filter(dropped)
	}
}

// prepareRecord takes one record through the stages. What says that it may pass
// is tried again.
func (s *session) prepareRecord(ctx context.Context, r *tailrace.Record, enc *encoder) (keep bool, stage Stage, err error) {
	was := *r
	budget := s.cfg.Retry.budget()
	for {
		keep, stage, err = s.stages(r, enc)
		if err == nil {
			return keep, stage, nil
		}
		if retryable, _ := declared(err); !retryable {
			return false, stage, err
		}
		if !s.again(ctx, budget, stage, err) {
			return false, stage, err
		}
		*r = was
	}
}

func (s *session) stages(r *tailrace.Record, enc *encoder) (keep bool, stage Stage, err error) {
	if err := decode(s.cfg.Decode, r); err != nil {
		return false, StageDecode, err
	}
	for _, t := range s.cfg.Transforms {
		keep, err := t.Apply(r)
		if err != nil {
			return false, StageTransform, err
		}
		if !keep {
			return false, "", nil
		}
	}
	if err := enc.encode(r); err != nil {
		return false, StageEncode, err
	}
	return true, "", nil
}

func decode(c Converters, r *tailrace.Record) (err error) {
	if c.none() {
		return nil
	}
	if c.Key != nil {
		if r.KeySchema, r.Key, err = c.Key.Decode(r.Topic, raw(r.Key)); err != nil {
			return part{"key", err}
		}
	}
	if c.Value != nil {
		if r.ValueSchema, r.Value, err = c.Value.Decode(r.Topic, raw(r.Value)); err != nil {
			return part{"value", err}
		}
	}
	if c.Header != nil && len(r.Headers) > 0 {
		headers := make([]tailrace.Header, len(r.Headers))
		for i, h := range r.Headers {
			headers[i].Key = h.Key
			if headers[i].Schema, headers[i].Value, err = c.Header.Decode(r.Topic, raw(h.Value)); err != nil {
				return part{"header " + h.Key, err}
			}
		}
		r.Headers = headers
	}
	return nil
}

// raw gives the bytes of a value that is not decoded yet; nil for null.
func raw(v tailrace.Value) []byte {
	if v.IsNull() {
		return nil
	}
	if b := v.Bytes(); b != nil {
		return b
	}
	return []byte{}
}

// part says which part of a record a converter failed on.
type part struct {
	name string
	err  error
}

func (p part) Error() string { return p.name + ": " + p.err.Error() }
func (p part) Unwrap() error { return p.err }

// encoder puts the bytes of a batch's records into chunks, which it uses again
// for the next batch: what a sink is lent it does not keep.
type encoder struct {
	Converters
	chunks [][]byte // full ones, and the one in use
	spare  [][]byte // to be used
	left   int      // records to come, by which a chunk's size is guessed
	bytes  int

	// A source gives all records of a batch the same headers, mostly.
	from, to []tailrace.Header
}

const (
	chunkRecord = 1 << 10 // bytes guessed a record
	chunkMax    = 256 << 10
)

// begin gets the encoder ready for a batch.
func (e *encoder) begin(c Converters, records int) {
	e.Converters, e.left, e.bytes = c, records, 0
	e.from, e.to = nil, nil
}

// whole says whether the encoder has made all that the records refer to.
func (e *encoder) whole(records []tailrace.Record) bool {
	return e.Key != nil && e.Value != nil &&
		(e.Header != nil || !slices.ContainsFunc(records, func(r tailrace.Record) bool { return len(r.Headers) > 0 }))
}

// reuse makes the chunks of the last batch those of the next.
func (e *encoder) reuse() {
	for _, c := range e.chunks {
		e.spare = append(e.spare, c[:0])
	}
	e.chunks = e.chunks[:0]
}

// chunk is the one in use, or the next where that is nearly full.
func (e *encoder) chunk() *[]byte {
	if n := len(e.chunks); n > 0 {
		if c := &e.chunks[n-1]; cap(*c)-len(*c) >= chunkRecord/4 {
			return c
		}
	}
	e.next()
	return &e.chunks[len(e.chunks)-1]
}

// next puts another chunk in use.
func (e *encoder) next() {
	if n := len(e.spare); n > 0 {
		e.chunks, e.spare = append(e.chunks, e.spare[n-1]), e.spare[:n-1]
		return
	}
	e.chunks = append(e.chunks, make([]byte, 0, min((e.left+1)*chunkRecord, chunkMax)))
}

func (e *encoder) encode(r *tailrace.Record) (err error) {
	if e.none() {
		return nil
	}
	e.left--
	was := *r
	if e.Header != nil && len(r.Headers) > 0 {
		if err := e.headers(r); err != nil {
			*r = was
			return err
		}
	}
	if e.Key != nil {
		if r.Key, err = e.value(e.Key, r, r.KeySchema, r.Key); err != nil {
			*r = was
			return part{"key", err}
		}
		r.KeySchema = nil
	}
	if e.Value != nil {
		if r.Value, err = e.value(e.Value, r, r.ValueSchema, r.Value); err != nil {
			*r = was
			return part{"value", err}
		}
		r.ValueSchema = nil
	}
	return nil
}

func (e *encoder) headers(r *tailrace.Record) (err error) {
	if len(e.from) == len(r.Headers) && &e.from[0] == &r.Headers[0] {
		r.Headers = e.to
		return nil
	}
	to := make([]tailrace.Header, len(r.Headers))
	for i, h := range r.Headers {
		to[i].Key = h.Key
		if to[i].Value, err = e.value(e.Header, r, h.Schema, h.Value); err != nil {
			return part{"header " + h.Key, err}
		}
	}
	e.from, e.to = r.Headers, to
	r.Headers = to
	return nil
}

func (e *encoder) value(c converter.Converter, r *tailrace.Record, s *tailrace.Schema, v tailrace.Value) (_ tailrace.Value, err error) {
	chunk := e.chunk()
	n := len(*chunk)
	dst := (*chunk)[n:n]
	var b []byte
	if h, ok := c.(converter.WithHeaders); ok {
		b, err = h.AppendWithHeaders(dst, r.Topic, r.Headers, s, v)
	} else {
		b, err = c.Append(dst, r.Topic, s, v)
	}
	if err != nil || b == nil {
		return tailrace.Value{}, err
	}
	e.bytes += len(b)
	if len(b) <= cap(dst) {
		*chunk = (*chunk)[:n+len(b)]
	} else {
		e.next() // it overflowed into memory of its own
	}
	return tailrace.Bytes(b[:len(b):len(b)]), nil
}

// measure is about how many bytes of memory the records hold on to.
func measure(records []tailrace.Record) int {
	const record = 160
	n := 0
	for i := range records {
		n += record + records[i].Key.Size() + records[i].Value.Size()
	}
	return n
}
