package sink_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/sinktest"
)

type order struct {
	ID     int64
	Status string
}

var (
	rowSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").Optional().
			Field("id", tailrace.Int64Schema).Field("status", tailrace.OptionalStringSchema).MustBuild()
	envelopeSchema = tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").
			Field("before", rowSchema).Field("after", rowSchema).Field("op", tailrace.StringSchema).MustBuild()
)

// change makes the record of an order; a null status does not fit the type.
func change(id int64, status tailrace.Value) tailrace.Record {
	row := tailrace.StructOf([]tailrace.Value{tailrace.Int64(id), status})
	return tailrace.Record{
		Topic: "shop.orders", ValueSchema: envelopeSchema,
		Value: tailrace.StructOf([]tailrace.Value{{}, row, tailrace.String("c")}),
	}
}

func paid(id int64) tailrace.Record { return change(id, tailrace.String("paid")) }

// heartbeat makes a record that a connector sends to show that it is alive.
func heartbeat() tailrace.Record {
	s := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.common.Heartbeat").Field("ts_ms", tailrace.Int64Schema).MustBuild()
	return tailrace.Record{Topic: "__debezium-heartbeat.shop", ValueSchema: s, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(1)})}
}

// collected gives a writer whose callback notes the orders' numbers.
func collected(t *testing.T, fail func(ids []int64) error) (w sink.Writer, calls *[][]int64) {
	calls = new([][]int64)
	w, err := sink.Changes(func(_ context.Context, changes []tailrace.ChangeOf[order]) error {
		var ids []int64
		for _, c := range changes {
			ids = append(ids, c.After.ID)
		}
		*calls = append(*calls, ids)
		return fail(ids)
	}).Open(t.Context())
	require.NoError(t, err)
	return w, calls
}

func fine([]int64) error { return nil }

func ExampleChanges() {
	type Order struct {
		ID     int64
		Status string
	}
	s := sink.Changes(func(_ context.Context, changes []tailrace.ChangeOf[Order]) error {
		for _, c := range changes {
			fmt.Printf("%s: order %d is %s\n", c.Op, c.After.ID, c.After.Status)
		}
		return nil // these are done with for good
	})
	w, _ := s.Open(context.Background()) // as an engine does
	err := w.Write(context.Background(), []tailrace.Record{paid(1), paid(2)})
	fmt.Println(err)
	// Output:
	// create: order 1 is paid
	// create: order 2 is paid
	// <nil>
}

func TestChangesLeavesOutWhatIsNoChange(t *testing.T) {
	w, calls := collected(t, fine)
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{paid(1), {Topic: "shop.orders"}, heartbeat(), paid(2)}))
	require.NoError(t, w.Write(t.Context(), []tailrace.Record{heartbeat()}))
	require.NoError(t, w.Write(t.Context(), nil))
	assert.Equal(t, [][]int64{{1, 2}}, *calls)
}

func TestChangesNamesTheRecordThatDoesNotFitAfterHandingOverThoseBefore(t *testing.T) {
	w, calls := collected(t, fine)
	records := []tailrace.Record{heartbeat(), paid(1), change(2, tailrace.Value{}), paid(3)}
	err := w.Write(t.Context(), records)
	bad, ok := errors.AsType[*sink.BatchError](err)
	require.True(t, ok, err)
	assert.Equal(t, 2, bad.Index)
	assert.ErrorContains(t, err, "a create of topic shop.orders: the row after: decode shop.orders.Value into sink_test.order: column status is null: make order.Status a *string")
	var retryable interface{ Retryable() bool }
	require.ErrorAs(t, err, &retryable)
	assert.False(t, retryable.Retryable())
	require.NoError(t, w.Write(t.Context(), records[3:]))
	assert.Equal(t, [][]int64{{1}, {3}}, *calls)
}

func TestChangesGivesTheCallbacksErrorWithTheRecordThatItMeans(t *testing.T) {
	failing := errors.New("the index is down")
	w, calls := collected(t, func(ids []int64) error { return failing })
	records := []tailrace.Record{heartbeat(), paid(1), heartbeat(), paid(2), change(3, tailrace.Value{})}
	require.ErrorIs(t, w.Write(t.Context(), records), failing)
	assert.Len(t, *calls, 1, "what could not be handed over hides what does not fit")

	w, _ = collected(t, func(ids []int64) error {
		return fmt.Errorf("index: %w", &sink.BatchError{Index: slices.Index(ids, 2), Err: failing})
	})
	bad, ok := errors.AsType[*sink.BatchError](w.Write(t.Context(), records))
	require.True(t, ok)
	assert.Equal(t, 3, bad.Index, "order 2 is record 3")
	assert.ErrorIs(t, bad, failing)
}

func TestChangesRefusesRecordsThatAreNoChangesWithAWayOut(t *testing.T) {
	for says, r := range map[string]tailrace.Record{
		"a row without an envelope, of schema shop.orders.Value; take sink.Func": {Topic: "t", ValueSchema: rowSchema, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int64(1), {}})},
		"it is encoded already": {Topic: "t", Value: tailrace.Bytes([]byte("{}"))},
		"its value is a string": {Topic: "t", ValueSchema: tailrace.StringSchema, Value: tailrace.String("a")},
	} {
		w, calls := collected(t, fine)
		err := w.Write(t.Context(), []tailrace.Record{r})
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "a record of topic t is no change")
		assert.Empty(t, *calls)
	}
}

func TestCallbacksThatAreNilAreRefused(t *testing.T) {
	_, err := sink.Changes[order](nil).Open(t.Context())
	require.ErrorContains(t, err, "give it a function to call")
	_, err = sink.Func(nil).Open(t.Context())
	require.ErrorContains(t, err, "give it a function to call")
}

func TestCallbacksKeepTheContract(t *testing.T) {
	t.Run("Changes", func(t *testing.T) {
		sinktest.Run(t, sinktest.Harness{
			Fresh: func(testing.TB) (sink.Sink, func() []int) {
				held := []int{}
				return sink.Changes(func(ctx context.Context, changes []tailrace.ChangeOf[order]) error {
					for _, c := range changes {
						held = append(held, int(c.After.ID))
					}
					return nil
				}), func() []int { return held }
			},
			Record: func(n int) tailrace.Record { return paid(int64(n)) },
			Bad:    func() tailrace.Record { return change(0, tailrace.Value{}) },
		})
	})
	t.Run("Func", func(t *testing.T) {
		sinktest.Run(t, sinktest.Harness{
			Fresh: func(testing.TB) (sink.Sink, func() []int) {
				held := []int{}
				return sink.Func(func(_ context.Context, records []tailrace.Record) error {
					for i := range records {
						c, _ := tailrace.AsChange(&records[i])
						held = append(held, int(c.After().Get("id").Int()))
					}
					return nil
				}), func() []int { return held }
			},
			Record: func(n int) tailrace.Record { return paid(int64(n)) },
		})
	})
}

func ExampleFunc() {
	s := sink.Func(func(_ context.Context, records []tailrace.Record) error {
		for _, r := range records {
			fmt.Println(r.Topic, r.Value)
		}
		return nil
	})
	w, _ := s.Open(context.Background()) // as an engine does
	w.Write(context.Background(), []tailrace.Record{{Topic: "greetings", Value: tailrace.String("hello")}})
	// Output: greetings hello
}

func BenchmarkChanges(b *testing.B) {
	sinktest.Benchmark(b, sinktest.Harness{
		Fresh: func(testing.TB) (sink.Sink, func() []int) {
			return sink.Changes(func(context.Context, []tailrace.ChangeOf[order]) error { return nil }), nil
		},
		Record: func(n int) tailrace.Record { return paid(int64(n)) },
	}, 1000)
}
