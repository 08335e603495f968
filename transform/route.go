package transform

import (
	"regexp"

	"github.com/tailrace-io/tailrace"
)

// RegexRouter gives records whose topic the expression matches the topic that
// the template makes of it, in the manner of regexp's Expand: $1 is the text of
// the first group. Connect's transform of that name matches the topic as a
// whole: such an expression begins with ^ and ends in $.
func RegexRouter(re *regexp.Regexp, template string) Transform {
	return Func(func(r *tailrace.Record) (bool, error) {
		if m := re.FindStringSubmatchIndex(r.Topic); m != nil {
			r.Topic = string(re.ExpandString(nil, template, r.Topic, m))
		}
		return true, nil
	})
}

// Drop drops every record: Connect's Filter, which is of use behind a
// predicate.
func Drop() Transform {
	return Func(func(*tailrace.Record) (bool, error) { return false, nil })
}
