package transform_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

func TestPredicatesHold(t *testing.T) {
	r := tailrace.Record{Topic: "shop.orders", Value: tailrace.String("x"), Headers: []tailrace.Header{{Key: "trace"}}}
	gone := tailrace.Record{Topic: "shop.orders"}
	for name, c := range map[string]struct {
		predicate transform.Predicate
		record    tailrace.Record
		want      bool
	}{
		"a topic that matches":    {transform.TopicNameMatches(regexp.MustCompile(`^shop\.`)), r, true},
		"a topic that does not":   {transform.TopicNameMatches(regexp.MustCompile(`^orders`)), r, false},
		"a header that is there":  {transform.HasHeaderKey("trace"), r, true},
		"a header that is not":    {transform.HasHeaderKey("Trace"), r, false},
		"a value is no tombstone": {transform.RecordIsTombstone(), r, false},
		"a null value is":         {transform.RecordIsTombstone(), gone, true},
		"not turns it round":      {transform.Not(transform.RecordIsTombstone()), gone, false},
	} {
		got, err := c.predicate.Test(&c.record)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}

func ExampleRegexRouter() {
	route := transform.RegexRouter(regexp.MustCompile(`^server\.(.*)$`), "lake-$1")
	for _, topic := range []string{"server.orders", "other.orders"} {
		r := tailrace.Record{Topic: topic}
		keep, err := route.Apply(&r)
		fmt.Println(r.Topic, keep, err)
	}
	// Output:
	// lake-orders true <nil>
	// other.orders true <nil>
}

func ExampleDrop() {
	t := transform.When(transform.RecordIsTombstone(), transform.Drop())
	for _, r := range []tailrace.Record{{Value: tailrace.String("x")}, {}} {
		keep, err := t.Apply(&r)
		fmt.Println(keep, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}
