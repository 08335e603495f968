package transform

import (
	"regexp"
	"slices"

	"github.com/tailrace-io/tailrace"
)

// TopicNameMatches holds of records whose topic the expression matches.
// Connect's predicate of that name matches the topic as a whole: such an
// expression begins with ^ and ends in $.
func TopicNameMatches(re *regexp.Regexp) Predicate {
	return PredicateFunc(func(r *tailrace.Record) (bool, error) { return re.MatchString(r.Topic), nil })
}

// HasHeaderKey holds of records that have a header of the name.
func HasHeaderKey(name string) Predicate {
	return PredicateFunc(func(r *tailrace.Record) (bool, error) {
		return slices.ContainsFunc(r.Headers, func(h tailrace.Header) bool { return h.Key == name }), nil
	})
}

// RecordIsTombstone holds of records with a null value.
func RecordIsTombstone() Predicate {
	return PredicateFunc(func(r *tailrace.Record) (bool, error) { return r.IsTombstone(), nil })
}
