package transform_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// suffix is a transform that adds to the topic.
func suffix(s string) transform.Transform {
	return transform.Func(func(r *tailrace.Record) (bool, error) {
		r.Topic += s
		return true, nil
	})
}

var (
	errApply = errors.New("cannot be applied")
	drop     = transform.Func(func(*tailrace.Record) (bool, error) { return false, nil })
	fail     = transform.Func(func(r *tailrace.Record) (bool, error) {
		r.Topic += "half-done"
		return true, errApply
	})
)

func TestAChainAppliesItsTransformsInTheirOrder(t *testing.T) {
	r := tailrace.Record{Topic: "t"}
	keep, err := transform.Chain(suffix("1"), suffix("2"), suffix("3")).Apply(&r)
	require.NoError(t, err)
	assert.True(t, keep)
	assert.Equal(t, "t123", r.Topic)

	keep, err = transform.Chain().Apply(&r)
	require.NoError(t, err)
	assert.True(t, keep, "an empty chain keeps everything")
}

func TestAChainStopsAtTheFirstThatDropsTheRecord(t *testing.T) {
	r := tailrace.Record{Topic: "t"}
	keep, err := transform.Chain(suffix("1"), drop, fail).Apply(&r)
	require.NoError(t, err)
	assert.False(t, keep)
}

func TestAChainThatFailsLeavesTheRecordAsItWas(t *testing.T) {
	was := tailrace.Record{Topic: "t", Key: tailrace.String("k"), Headers: []tailrace.Header{{Key: "h"}}}
	r := was
	_, err := transform.Chain(suffix("1"), fail, suffix("2")).Apply(&r)
	require.ErrorIs(t, err, errApply)
	assert.Equal(t, was, r)
}

func TestWhenAppliesWhereThePredicateHolds(t *testing.T) {
	undecided := transform.PredicateFunc(func(*tailrace.Record) (bool, error) { return false, errApply })
	dead := transform.When(transform.RecordIsTombstone(), suffix(".deleted"))
	for topic, v := range map[string]tailrace.Value{"t.deleted": {}, "t": tailrace.String("x")} {
		r := tailrace.Record{Topic: "t", Value: v}
		keep, err := dead.Apply(&r)
		require.NoError(t, err)
		assert.True(t, keep)
		assert.Equal(t, topic, r.Topic)
	}
	r := tailrace.Record{Topic: "t"}
	for _, p := range []transform.Predicate{undecided, transform.Not(undecided)} {
		_, err := transform.When(p, suffix("x")).Apply(&r)
		require.ErrorIs(t, err, errApply)
		assert.Equal(t, "t", r.Topic)
	}
	keep, err := transform.When(transform.RecordIsTombstone(), drop).Apply(&r)
	require.NoError(t, err)
	assert.False(t, keep)
}
