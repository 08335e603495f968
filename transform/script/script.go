// Package script has Debezium's transforms that take a condition or a topic from
// a script: Filter and ContentBasedRouter. Scripts are expressions in Groovy or
// JavaScript, of the kind that such configurations have: members of the record
// and methods of text, comparisons, && || !, in, ?., ?: and arithmetic. They are
// compiled when the transform is made; what cannot be run is an error then, by
// name.
//
// The names are those of Debezium: key, value, keySchema, valueSchema, topic and
// header, as in
//
//	value.op == 'u' && value.before.id == 2
//	value.after?.status in ['paid', 'shipped'] || header.origin?.value == 'web'
//
// It is a package of its own because it links a parser of expressions.
package script

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// Language is what a script is written in.
type Language uint8

const (
	Groovy     Language = iota // Debezium: jsr223.groovy
	JavaScript                 // Debezium: jsr223.graal.js
)

// NullHandling says what becomes of records with a null value.
type NullHandling uint8

const (
	NullsKept      NullHandling = iota // they pass: "keep"
	NullsDropped                       // they are dropped: "drop"
	NullsEvaluated                     // the script decides: "evaluate"
)

// Filter keeps the records of which a condition is true: Debezium's transform of
// that name.
type Filter struct {
	// Condition is the script. It must give a boolean, and the transform fails
	// where it does not, null included.
	Condition string
	Language  Language

	// Topic chooses the records by their topic, as a whole; the others pass. Nil
	// chooses all. An expression that must match as a whole begins with ^ and
	// ends in $.
	Topic *regexp.Regexp

	Nulls NullHandling
}

// New gives the transform, or everything that is wrong with its options.
func (c Filter) New() (transform.Transform, error) {
	var errs []error
	s, err := compile(c.Condition, c.Language)
	if err != nil {
		errs = append(errs, &transform.OptionError{Transform: "Filter", Option: "Condition", Err: err})
	}
	errs = append(errs, checkNulls("Filter", c.Nulls)...)
	t := scripted{topic: c.Topic, nulls: c.Nulls, apply: func(r *tailrace.Record) (bool, error) {
		v, err := s.eval(r)
		if err != nil {
			return false, fmt.Errorf("Filter: %w", err)
		}
		keep, ok := v.(bool)
		if !ok {
			return false, fmt.Errorf("Filter: the condition gives %s and must give a boolean", typeName(v))
		}
		return keep, nil
	}}
	return transform.Func(t.Apply), errors.Join(errs...)
}

// ContentBasedRouter gives records the topic that a script names: Debezium's
// transform of that name.
type ContentBasedRouter struct {
	// TopicExpression is the script. It must give text, or null, with which the
	// topic stays; the transform fails where it gives anything else.
	TopicExpression string
	Language        Language

	// Topic and Nulls choose records as those of a Filter do.
	Topic *regexp.Regexp
	Nulls NullHandling
}

// New gives the transform, or everything that is wrong with its options.
func (c ContentBasedRouter) New() (transform.Transform, error) {
	var errs []error
	s, err := compile(c.TopicExpression, c.Language)
	if err != nil {
		errs = append(errs, &transform.OptionError{Transform: "ContentBasedRouter", Option: "TopicExpression", Err: err})
	}
	errs = append(errs, checkNulls("ContentBasedRouter", c.Nulls)...)
	t := scripted{topic: c.Topic, nulls: c.Nulls, apply: func(r *tailrace.Record) (bool, error) {
		v, err := s.eval(r)
		if err != nil {
			return false, fmt.Errorf("ContentBasedRouter: %w", err)
		}
		switch v := v.(type) {
		case nil:
		case string:
			r.Topic = strings.Clone(v) // which outlives the record
		default:
			return false, fmt.Errorf("ContentBasedRouter: the expression gives %s and must give text", typeName(v))
		}
		return true, nil
	}}
	return transform.Func(t.Apply), errors.Join(errs...)
}

func checkNulls(name string, n NullHandling) []error {
	if n > NullsEvaluated {
		return []error{&transform.OptionError{Transform: name, Option: "Nulls", Err: fmt.Errorf("%d is none of the ways", n)}}
	}
	return nil
}

// scripted is what both have in common.
type scripted struct {
	topic *regexp.Regexp
	nulls NullHandling
	apply func(*tailrace.Record) (bool, error)
}

func (t scripted) Apply(r *tailrace.Record) (bool, error) {
	if t.topic != nil && !t.topic.MatchString(r.Topic) {
		return true, nil
	}
	if r.Value.IsNull() && t.nulls != NullsEvaluated {
		return t.nulls == NullsKept, nil
	}
	return t.apply(r)
}
