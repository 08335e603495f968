package kafka

import (
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/tailrace-io/tailrace/sink"
)

// aboutRecord says whether a batch was refused for what one of its records is.
func aboutRecord(code kafkago.Error) bool {
	return aboutSize(code) || code == kafkago.InvalidRecord || code == kafkago.InvalidTimestamp
}

func aboutSize(code kafkago.Error) bool {
	return code == kafkago.MessageSizeTooLarge || code == kafkago.RecordListTooLarge
}

// aboutProducer says whether the broker does not go along with the writer's
// producer id, epoch or sequence numbers.
func aboutProducer(code kafkago.Error) bool {
	switch code {
	case kafkago.OutOfOrderSequenceNumber, kafkago.UnknownProducerId, kafkago.InvalidProducerEpoch,
		kafkago.InvalidProducerIDMapping, kafkago.ProducerFenced:
		return true
	}
	return false
}

// refusal says what a broker's code for a partition means, when no other try of
// the same bytes helps.
func refusal(topic string, err error) error {
	var code kafkago.Error
	errors.As(err, &code)
	switch {
	case aboutProducer(code):
		return fmt.Errorf("write to topic %s: the broker has lost track of what this producer sent; the records are to be given again under a new identity: %w", topic, err)
	case code == kafkago.TopicAuthorizationFailed:
		return sink.Permanent(fmt.Errorf("write to topic %s: the user is not allowed to; grant Write on the topic: %w", topic, err))
	case code == kafkago.ClusterAuthorizationFailed:
		return sink.Permanent(fmt.Errorf("write to topic %s: the user is not allowed to; grant IdempotentWrite on the cluster: %w", topic, err))
	case code == kafkago.UnsupportedCompressionType:
		return sink.Permanent(fmt.Errorf("write to topic %s: the broker does not know the compression; choose another: %w", topic, err))
	case code == kafkago.UnsupportedForMessageFormat, code == kafkago.PolicyViolation, code == kafkago.InvalidTopic:
		return sink.Permanent(fmt.Errorf("write to topic %s: %w", topic, err))
	}
	return fmt.Errorf("write to topic %s: %w", topic, err)
}

// unwritable names a record that no other try will write.
func unwritable(index int, format string, args ...any) *sink.BatchError {
	return &sink.BatchError{Index: index, Err: sink.Permanent(fmt.Errorf(format, args...))}
}

var errClosed = errors.New("the writer is closed")
