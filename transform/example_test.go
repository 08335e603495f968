package transform_test

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// Any function of a record is a transform.
func ExampleFunc() {
	upper := transform.Func(func(r *tailrace.Record) (keep bool, err error) {
		r.Topic = strings.ToUpper(r.Topic)
		return true, nil
	})
	r := tailrace.Record{Topic: "orders"}
	keep, err := upper.Apply(&r)
	fmt.Println(r.Topic, keep, err)
	// Output: ORDERS true <nil>
}

// Tombstones are dropped, and what is left of the shop gets a header.
func ExampleChain() {
	chain := transform.Chain(
		transform.When(transform.RecordIsTombstone(), transform.Func(func(*tailrace.Record) (bool, error) { return false, nil })),
		transform.When(transform.TopicNameMatches(regexp.MustCompile(`^shop\.`)), transform.Func(func(r *tailrace.Record) (bool, error) {
			r.Headers = append(r.Headers[:len(r.Headers):len(r.Headers)], tailrace.Header{Key: "from", Value: tailrace.String("shop")})
			return true, nil
		})),
	)
	for _, r := range []tailrace.Record{
		{Topic: "shop.orders", Value: tailrace.String("paid")},
		{Topic: "shop.orders"},
		{Topic: "bank.accounts", Value: tailrace.String("open")},
	} {
		keep, err := chain.Apply(&r)
		fmt.Println(r.Topic, r.Value, len(r.Headers), keep, err)
	}
	// Output:
	// shop.orders paid 1 true <nil>
	// shop.orders null 0 false <nil>
	// bank.accounts open 0 true <nil>
}
