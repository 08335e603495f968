package envelope

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// TopicNaming names the topics of tables otherwise than by their own names.
type TopicNaming struct {
	Unicode bool

	Regex, Replacement string

	NoKeyField               bool
	KeyField                 string
	KeyRegex, KeyReplacement string
}

// Topics are a compiled TopicNaming, or nil.
type Topics struct {
	unicode     bool
	name, inKey *route
	keyField    string // "" for none
}

// route gives the names that an expression matches as a whole other ones.
type route struct {
	expr     *regexp.Regexp
	template string
}

// CompileTopics compiles what the configuration's field TopicNaming says.
func CompileTopics(n *TopicNaming) (*Topics, error) {
	if n == nil {
		return nil, nil
	}
	t := &Topics{unicode: n.Unicode}
	var errs [2]error
	t.name, errs[0] = compileRoute("Regex", n.Regex, "Replacement", n.Replacement)
	t.inKey, errs[1] = compileRoute("KeyRegex", n.KeyRegex, "KeyReplacement", n.KeyReplacement)
	if t.name != nil && !n.NoKeyField {
		if t.keyField = n.KeyField; t.keyField == "" {
			t.keyField = "__dbz__physicalTableIdentifier"
		}
	}
	return t, errors.Join(errs[:]...)
}

func compileRoute(regexField, regex, replacementField, replacement string) (*route, error) {
	switch {
	case regex == "" && replacement == "":
		return nil, nil
	case regex == "" || replacement == "":
		return nil, fmt.Errorf("TopicNaming: %s and %s are of use together alone", regexField, replacementField)
	}
	expr, err := property.CompileJava(regex, property.Anchored)
	if err != nil {
		return nil, fmt.Errorf("TopicNaming: %s: %w", regexField, err)
	}
	template, err := property.Replacement(expr, replacement)
	if err != nil {
		return nil, fmt.Errorf("TopicNaming: %s %q %w", replacementField, replacement, err)
	}
	return &route{expr, template}, nil
}

func (r *route) of(name string) string {
	if r == nil {
		return name
	}
	match := r.expr.FindStringSubmatchIndex(name)
	if match == nil {
		return name
	}
	if other := string(r.expr.ExpandString(nil, r.template, name, match)); other != "" {
		return other
	}
	return name
}

// Of names the topic of a table whose own name has the parts. Where the keys of
// its rows have one field more than the table's, keyField names that, and inKey
// is its value.
func (t *Topics) Of(name string) (topic, keyField string, inKey tailrace.Value) {
	switch {
	case t == nil:
		return TopicName(name), "", inKey
	case t.unicode:
		name = unicodeName(name)
	default:
		name = TopicName(name)
	}
	if t.keyField != "" {
		inKey = tailrace.String(t.inKey.of(name))
	}
	return t.name.of(name), t.keyField, inKey
}

// unicodeName gives each character that is not for topics, and underscores, as
// _u and four hexadecimal digits.
func unicodeName(name string) string {
	var out strings.Builder
	for _, r := range name {
		switch {
		case r != '_' && !NotInTopic(r):
			out.WriteRune(r)
		case r > 0xffff: // two of Java's characters
			r -= 0x10000
			fmt.Fprintf(&out, "_u%04x_u%04x", 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, "_u%04x", r)
		}
	}
	return out.String()
}

// TopicProperties are those of the names of tables' topics. kind is what the
// connector's own strategy begins with: Schema or Default.
func TopicProperties(kind string) property.Table {
	class := "io.debezium.schema." + kind
	return property.Table{
		{Key: "topic.naming.strategy", Type: property.Enum, Default: class + "TopicNamingStrategy",
			Values: []string{class + "TopicNamingStrategy", class + "RegexTopicNamingStrategy", class + "UnicodeTopicNamingStrategy"},
			Doc:    "How the topics of tables are named: by the tables' names; by `topic.regex` and `topic.replacement`; or with all that topics do not have in their names, and underscores, as `_u` and four hexadecimal digits."},
		{Key: "topic.regex", Doc: "With the strategy by expressions: what has to match the whole name of a topic for it to have another one."},
		{Key: "topic.replacement", Doc: "With the strategy by expressions: the other name, in which $1 is the first group of `topic.regex`."},
		{Key: "topic.key.enforce.uniqueness", Type: property.Bool, Default: "true", Doc: "With the strategy by expressions: whether keys say of which table they are."},
		{Key: "topic.key.field.name", Default: "__dbz__physicalTableIdentifier", Doc: "The field of keys that says so."},
		{Key: "topic.key.field.regex", Doc: "What has to match the topic's own name for the field to have another value than that name."},
		{Key: "topic.key.field.replacement", Doc: "The other value, in which $1 is the first group of `topic.key.field.regex`."},
	}
}

// TopicNamingOf reads TopicProperties; nil where nothing is asked for.
func TopicNamingOf(p *property.Set) *TopicNaming {
	n := &TopicNaming{Regex: p.String("topic.regex"), Replacement: p.String("topic.replacement"), NoKeyField: !p.Bool("topic.key.enforce.uniqueness"),
		KeyField: p.String("topic.key.field.name"), KeyRegex: p.String("topic.key.field.regex"), KeyReplacement: p.String("topic.key.field.replacement")}
	strategy := p.Enum("topic.naming.strategy")
	switch {
	case strings.HasSuffix(strategy, "UnicodeTopicNamingStrategy"):
		n = &TopicNaming{Unicode: true}
	case !strings.HasSuffix(strategy, "RegexTopicNamingStrategy"):
		n = nil
	case n.Regex == "" || n.Replacement == "":
		p.Errorf("topic.naming.strategy", "needs topic.regex and topic.replacement")
		return nil
	}
	if n == nil || n.Regex == "" {
		for _, key := range []string{"topic.regex", "topic.replacement"} {
			if p.Has(key) {
				p.Notef(key, "has no effect without the topic.naming.strategy by expressions")
			}
		}
	}
	if _, err := CompileTopics(n); err != nil {
		p.Errorf("topic.regex", "cannot be used: %w", err)
	}
	return n
}
