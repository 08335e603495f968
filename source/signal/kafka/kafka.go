// Package kafka is the channel of signals that come by a Kafka topic, in
// Debezium's form: the key of a record is the logical name of the source that
// the signal is for, its topic.prefix, and the value is a JSON object with the
// members id, type and data.
package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/kafka"
	"github.com/tailrace-io/tailrace/source/signal"
)

// Channel is a topic of signals. It keeps its place in the topic in the offsets
// of the source that the signals are for; without one it begins as Source says,
// which is with the first record that is there.
type Channel struct {
	// Source says how to read the topic: its Brokers, its one topic in Topics,
	// and whatever else is needed to connect. The topic should have one
	// partition, so that signals keep their order. Group stays empty.
	Source kafka.Source

	// Key is the key of the signals that are meant: the TopicPrefix of the source
	// that follows them.
	Key string
}

var _ signal.Channel = Channel{}

// Name is kafka.
func (c Channel) Name() string { return "kafka" }

// Open begins to read the topic.
func (c Channel) Open(ctx context.Context, position string) (signal.Receiver, error) {
	var errs []error
	if c.Key == "" {
		errs = append(errs, errors.New("Key is empty: it is the TopicPrefix of the source that the signals are for"))
	}
	if len(c.Source.Topics) != 1 {
		errs = append(errs, fmt.Errorf("Source.Topics has %d topics: signals come by one", len(c.Source.Topics)))
	}
	if c.Source.Group != "" {
		errs = append(errs, errors.New("Source.Group is set: the place in the topic is kept in the offsets of the source that follows the signals"))
	}
	if errs != nil {
		return nil, fmt.Errorf("topic of signals: %w", errors.Join(errs...))
	}
	var from []tailrace.Offset
	if position != "" {
		// A position of something else stands for the beginning.
		if err := json.Unmarshal([]byte(position), &from); err != nil {
			from = nil
		}
	}
	r, err := c.Source.Open(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("topic of signals: %w", err)
	}
	return &receiver{reader: r, key: c.Key, at: from}, nil
}

type receiver struct {
	reader source.Reader
	key    string
	at     []tailrace.Offset
}

// Receive reads until there is a record with the key.
func (r *receiver) Receive(ctx context.Context) ([]signal.Received, string, error) {
	for {
		batch, err := r.reader.Read(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, "", ctx.Err()
			}
			return nil, "", fmt.Errorf("topic of signals: %w", err)
		}
		r.at = tailrace.MergeOffsets(r.at, batch.Offsets)
		var out []signal.Received
		for i := range batch.Records {
			record := &batch.Records[i]
			if value := record.Value.Bytes(); string(record.Key.Bytes()) == r.key && len(value) > 0 {
				s, err := signal.Parse(value)
				out = append(out, signal.Received{Signal: s, Err: err})
			}
		}
		if len(out) > 0 {
			position, err := json.Marshal(r.at)
			return out, string(position), err
		}
	}
}

// Commit has nothing to do: the place in the topic is in the source's offsets.
func (r *receiver) Commit(context.Context, string) error { return nil }

func (r *receiver) Close() error { return r.reader.Close() }
