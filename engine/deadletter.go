package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/sink"
)

// deadLetter is a record that a stage could not handle, as it was before the
// stages that the batch's preparer runs.
type deadLetter struct {
	record tailrace.Record
	stage  Stage
	err    error
}

// deadLetters writes them.
type deadLetters struct {
	writer sink.Writer
	encode Converters
	topic  string
	name   string
	plain  bool // without headers of its own
}

func (e *Engine) openDeadLetters(ctx context.Context) (*deadLetters, error) {
	if e.cfg.Errors.DeadLetters == nil {
		return nil, nil
	}
	w, err := e.cfg.Errors.DeadLetters.Open(ctx)
	if err != nil {
		return nil, e.fail(StageSink, "", fmt.Errorf("open the sink of dead letters: %w", err))
	}
	return &deadLetters{writer: w, encode: e.cfg.Encode, topic: e.cfg.Errors.DeadLetterTopic, name: e.cfg.Name, plain: e.cfg.Errors.NoContext}, nil
}

func (d *deadLetters) close() error {
	if d == nil {
		return nil
	}
	return d.writer.Close()
}

// setAside skips a record or makes it a durable dead letter, by its stage's
// policy.
func (d *delivery) setAside(ctx context.Context, l *deadLetter) error {
	policy := d.engine.cfg.Errors.policy(l.stage)
	if policy == DeadLetter {
		retry := d.engine.cfg.Retry.budget()
		for {
			err := d.dead.write(ctx, l)
			if err == nil {
				break
			}
			if !d.engine.again(ctx, retry, StageSink, err) {
				return d.engine.fail(StageSink, l.record.Topic,
					fmt.Errorf("write a dead letter: %w; its own failure was: %w", err, l.err))
			}
		}
	}
	d.engine.dropped(policy, l)
	return nil
}

func (d *deadLetters) write(ctx context.Context, l *deadLetter) error {
	r := d.encoded(l)
	if !d.plain {
		r.Headers = d.headers(l, r.Headers)
	}
	if d.topic != "" {
		r.Topic = d.topic
	}
	r.Partition = tailrace.Null[int32]{}
	if err := d.writer.Write(ctx, []tailrace.Record{r}); err != nil {
		return err
	}
	if f, ok := d.writer.(sink.Flusher); ok {
		return f.Flush(ctx)
	}
	return nil
}

// encoded gives the record as bytes where the engine's sink takes bytes. What
// the converters cannot do is text for people: a dead letter is never lost to
// the fault that made it one.
func (d *deadLetters) encoded(l *deadLetter) tailrace.Record {
	r := l.record
	if l.stage == StageSink {
		return r // it has been through the converters
	}
	one := func(c converter.Converter, s *tailrace.Schema, v tailrace.Value) (*tailrace.Schema, tailrace.Value) {
		if c == nil || s == nil && (v.Type() == tailrace.TypeBytes || v.IsNull()) {
			return s, v // typed as the sink takes it, or the original bytes
		}
		if b, err := c.Append([]byte{}, r.Topic, s, v); err == nil {
			if b == nil {
				return nil, tailrace.Value{}
			}
			return nil, tailrace.Bytes(b)
		}
		return nil, tailrace.Bytes([]byte(tailrace.Display(s, v)))
	}
	r.KeySchema, r.Key = one(d.encode.Key, r.KeySchema, r.Key)
	r.ValueSchema, r.Value = one(d.encode.Value, r.ValueSchema, r.Value)
	if d.encode.Header != nil {
		headers := make([]tailrace.Header, len(r.Headers))
		for i, h := range r.Headers {
			headers[i].Key = h.Key
			headers[i].Schema, headers[i].Value = one(d.encode.Header, h.Schema, h.Value)
		}
		r.Headers = headers
	}
	return r
}

// connectStage is the name that Kafka Connect gives the stage in a dead
// letter's headers.
func connectStage(s Stage, err error) string {
	switch s {
	case StageSource:
		return "TASK_POLL"
	case StageTransform:
		return "TRANSFORMATION"
	case StageSink:
		return "TASK_PUT"
	}
	var p part
	if errors.As(err, &p) {
		switch p.name {
		case "key":
			return "KEY_CONVERTER"
		case "value":
			return "VALUE_CONVERTER"
		}
	}
	return "HEADER_CONVERTER"
}

// headers adds Connect's headers of a dead letter to those that the record has.
// They are bytes of UTF-8 text, as Connect writes them.
func (d *deadLetters) headers(l *deadLetter, has []tailrace.Header) []tailrace.Header {
	root := l.err
	for next := errors.Unwrap(root); next != nil; next = errors.Unwrap(root) {
		root = next
	}
	out := append([]tailrace.Header{}, has...)
	add := func(name, text string) {
		out = append(out, tailrace.Header{Key: "__connect.errors." + name, Value: tailrace.Bytes([]byte(text))})
	}
	add("topic", l.record.Topic)
	if l.record.Partition.Valid {
		add("partition", strconv.Itoa(int(l.record.Partition.V)))
	}
	if l.record.Offset.Valid {
		add("offset", strconv.FormatInt(l.record.Offset.V, 10))
	}
	add("connector.name", d.name)
	add("task.id", "0")
	add("stage", connectStage(l.stage, l.err))
	add("class.name", "github.com/tailrace-io/tailrace/engine")
	add("exception.class.name", fmt.Sprintf("%T", root))
	add("exception.message", root.Error())
	add("exception.stacktrace", l.err.Error())
	return out
}
