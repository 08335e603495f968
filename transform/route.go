package transform

import (
	"regexp"

	"github.com/tailrace-io/tailrace"
)

// RegexRouter gives records whose topic the expression matches another one: see
// Rewrite.
func RegexRouter(re *regexp.Regexp, template string) Transform {
	rewrite := Rewrite(re, template)
	return Func(func(r *tailrace.Record) (bool, error) {
		if topic, ok := rewrite(r.Topic); ok {
			r.Topic = topic
		}
		return true, nil
	})
}

// Rewrite gives the function by which the routers of Connect and Debezium make
// one topic of another; ok is false where the expression does not match it as a
// whole. In its place, or rather in that of the first match that a search in it
// finds, comes what the template says in the manner of regexp's Expand: $1 is
// the text of the first group. The two differ for expressions that may match
// less, too: with a|ab and the template x the topic ab becomes xb.
func Rewrite(re *regexp.Regexp, template string) func(topic string) (_ string, ok bool) {
	whole := regexp.MustCompile(`^(?:` + re.String() + `)$`)
	return func(topic string) (string, bool) {
		if !whole.MatchString(topic) {
			return "", false
		}
		m := re.FindStringSubmatchIndex(topic)
		if m == nil {
			return topic, true
		}
		return topic[:m[0]] + string(re.ExpandString(nil, template, topic, m)) + topic[m[1]:], true
	}
}

// Drop drops every record: Connect's Filter, which is of use behind a
// predicate.
func Drop() Transform {
	return Func(func(*tailrace.Record) (bool, error) { return false, nil })
}
