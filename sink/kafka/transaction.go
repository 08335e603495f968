package kafka

import (
	"context"
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/kafkawire"
	"github.com/tailrace-io/tailrace/internal/offsetentry"
	"github.com/tailrace-io/tailrace/internal/offsetlog"
	"github.com/tailrace-io/tailrace/sink"
)

// txWriter writes records and offsets in transactions.
type txWriter struct {
	*writer
	settings    ExactlyOnce
	name        string // "" before Begin
	coordinator *kafkawire.Coordinator

	all   []tailrace.Record // of a transaction, the offsets last
	open  bool              // the transaction may be, with the coordinator
	ended error             // why nothing can be written any more
}

var _ sink.Transactional = (*txWriter)(nil)

// Begin takes the transactional id of the name, which ends what an older Writer
// has left undone and fences it, and reads the offsets back.
func (w *txWriter) Begin(ctx context.Context, name string) ([]tailrace.Offset, error) {
	if w.cluster.IsClosed() {
		return nil, fmt.Errorf("kafka sink: begin: %w", errClosed)
	}
	w.name, w.transaction = name, w.settings.TransactionalIDPrefix+name
	w.coordinator = &kafkawire.Coordinator{Cluster: w.cluster, Kind: kafkawire.OfTransaction, Key: w.transaction}
	offsets, err := w.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("kafka sink: begin as %s: %w", w.transaction, err)
	}
	return offsets, nil
}

func (w *txWriter) begin(ctx context.Context) ([]tailrace.Offset, error) {
	ctx, cancel := w.deadline(ctx)
	defer cancel()
	if err := w.identify(ctx, producer{id: -1, epoch: -1}); err != nil {
		return nil, err
	}
	if err := w.resolve(ctx, []string{w.offsetsTopic}); err != nil {
		return nil, err
	}
	return offsetlog.Read(ctx, w.cluster, w.offsetsTopic, w.name)
}

// identify obtains the producer id and the epoch of the transactional id: the
// next ones of anybody's, or behind one's own, which fails where somebody else
// has taken the id since.
func (w *txWriter) identify(ctx context.Context, own producer) error {
	m, err := w.coordinator.Do(ctx, &initproducerid.Request{
		TransactionalID: w.transaction, TransactionTimeoutMs: int32(w.settings.TransactionTimeout.Milliseconds()),
		ProducerID: own.id, ProducerEpoch: own.epoch,
	}, func(m protocol.Message) int16 { return m.(*initproducerid.Response).ErrorCode })
	if err != nil {
		return w.refused("obtain a producer id", err)
	}
	res := m.(*initproducerid.Response)
	w.producer = producer{id: res.ProducerID, epoch: res.ProducerEpoch}
	w.restart()
	w.open = false
	return nil
}

// refused says what an error means for the writer.
func (w *txWriter) refused(what string, err error) error {
	err = fmt.Errorf("%s: %w", what, err)
	var code kafkago.Error
	errors.As(err, &code)
	switch code {
	case kafkago.InvalidProducerEpoch, kafkago.ProducerFenced:
		w.ended = sink.ErrFenced
		return fmt.Errorf("%w: the transactional id %s is another's, or a transaction was silent for longer than TransactionTimeout, %v: %w",
			sink.ErrFenced, w.transaction, w.settings.TransactionTimeout, err)
	case kafkago.TransactionalIDAuthorizationFailed:
		return sink.Permanent(fmt.Errorf("%w; grant Write and Describe on the transactional id %s", err, w.transaction))
	case kafkago.InvalidTransactionTimeout:
		return sink.Permanent(fmt.Errorf("%w; TransactionTimeout, %v, is more than the brokers' transaction.max.timeout.ms", err, w.settings.TransactionTimeout))
	}
	return err
}

// Write writes records without offsets, as a transaction of their own.
func (w *txWriter) Write(ctx context.Context, records []tailrace.Record) error {
	return w.WriteTx(ctx, records, nil)
}

// WriteTx writes the records and the offsets in one transaction.
func (w *txWriter) WriteTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) error {
	if len(records) == 0 && len(offsets) == 0 {
		return nil
	}
	err := w.writeTx(ctx, records, offsets)
	var one *sink.BatchError
	if err == nil || errors.As(err, &one) {
		return err
	}
	if w.cluster.IsClosed() && !errors.Is(err, sink.ErrUncertain) {
		err = errClosed
	}
	return fmt.Errorf("kafka sink: %w", err)
}

func (w *txWriter) writeTx(ctx context.Context, records []tailrace.Record, offsets []tailrace.Offset) (err error) {
	switch {
	case w.cluster.IsClosed():
		return errClosed
	case w.name == "":
		return errors.New("a transaction needs a name: call Begin before WriteTx")
	case w.ended != nil:
		return fmt.Errorf("this writer has ended: %w", w.ended)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	whole, cancel := w.deadline(ctx)
	defer cancel()
	if w.stale || w.open {
		if err := w.identify(whole, w.producer); err != nil {
			return err
		}
	}
	w.all, err = offsetentry.AppendRecords(append(w.all[:0], records...), w.offsetsTopic, w.name, offsets)
	defer func() { clear(w.all) }() // nothing of the records is kept
	if err != nil {
		return sink.Permanent(err)
	}
	if err := w.fill(whole); err != nil {
		return errors.Join(w.attribute(err, len(records)), w.abort(ctx))
	}
	return w.commit(whole)
}

// attribute makes an error about a record that keeps an offset one about none.
func (w *txWriter) attribute(err error, records int) error {
	if one, ok := errors.AsType[*sink.BatchError](err); ok && one.Index >= records {
		return fmt.Errorf("write the offsets: %w", one.Err)
	}
	return err
}

// fill begins the transaction and writes all its records.
func (w *txWriter) fill(ctx context.Context) error {
	defer w.forget()
	w.stamp()
	if err := w.spread(ctx, w.all); err != nil {
		return err
	}
	if w.bad != nil {
		return w.bad
	}
	if err := w.enlist(ctx); err != nil {
		return err
	}
	if err := w.deliver(ctx, w.all); err != nil {
		return w.refused("write", err)
	}
	if w.bad != nil {
		return w.bad
	}
	return nil
}

// notAttempted is the code of partitions that are well themselves.
const notAttempted = kafkago.Error(55)

// enlist tells the coordinator which partitions the transaction is about, which
// begins it.
func (w *txWriter) enlist(ctx context.Context) error {
	req := &addpartitionstotxn.Request{TransactionalID: w.transaction, ProducerID: w.producer.id, ProducerEpoch: w.producer.epoch}
	for i, p := range w.active { // in the order of their topics
		if i == 0 || w.active[i-1].topic != p.topic {
			req.Topics = append(req.Topics, addpartitionstotxn.RequestTopic{Name: p.topic.name})
		}
		t := &req.Topics[len(req.Topics)-1]
		t.Partitions = append(t.Partitions, p.id)
	}
	w.open = true
	// It is all partitions or none: where one is refused, the others are only
	// said not to have been tried.
	_, err := w.coordinator.Do(ctx, req, func(m protocol.Message) (code int16) {
		for _, t := range m.(*addpartitionstotxn.Response).Results {
			for _, p := range t.Results {
				if p.ErrorCode != 0 && (code == 0 || kafkago.Error(code) == notAttempted) {
					code = p.ErrorCode
				}
			}
		}
		return code
	})
	if err != nil {
		return w.refused("begin a transaction", err)
	}
	return nil
}

// commit ends the transaction well. Once the request may have been sent, only an
// answer tells what became of it.
func (w *txWriter) commit(ctx context.Context) error {
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), w.abort(ctx))
	}
	err := w.end(ctx, true)
	if err == nil {
		w.open = false
		return nil
	}
	if w.refusedCommit(err) {
		return w.refused("commit", err)
	}
	w.ended = sink.ErrUncertain
	return fmt.Errorf("commit: %w: %w", sink.ErrUncertain, err)
}

// refusedCommit says whether an error is an answer which tells that a
// transaction is not committed, and will not be.
func (w *txWriter) refusedCommit(err error) bool {
	code, ok := errors.AsType[kafkago.Error](err)
	return ok && !kafkawire.Retriable(code) && code != kafkago.Unknown
}

func (w *txWriter) end(ctx context.Context, commit bool) error {
	_, err := w.coordinator.Do(ctx, &endtxn.Request{
		TransactionalID: w.transaction, ProducerID: w.producer.id, ProducerEpoch: w.producer.epoch, Committed: commit,
	}, func(m protocol.Message) int16 { return m.(*endtxn.Response).ErrorCode })
	return err
}

// abort takes back what was written of a transaction, so that it holds nobody
// up. Where that fails the next transaction does it, or the brokers, after the
// TransactionTimeout: it is never committed. So its error says nothing more.
func (w *txWriter) abort(ctx context.Context) error {
	if !w.open || w.ended != nil || w.cluster.IsClosed() {
		return nil
	}
	ctx, cancel := kafkawire.Within(context.WithoutCancel(ctx), w.settings.abortTimeout())
	defer cancel()
	if w.stale {
		// Batches may still be on their way: with another epoch brokers refuse them.
		if err := w.identify(ctx, w.producer); errors.Is(err, sink.ErrFenced) {
			return err
		}
		return nil
	}
	err := w.end(ctx, false)
	if err == nil {
		w.open = false
		return nil
	}
	if err = w.refused("abort", err); errors.Is(err, sink.ErrFenced) {
		return err
	}
	return nil
}
