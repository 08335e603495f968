package script_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/script"
)

// change is an update of a small table.
func change() tailrace.Record {
	row := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Value").Optional().
		Field("id", tailrace.Int32Schema).Field("status", tailrace.OptionalStringSchema).MustBuild()
	event := tailrace.NewSchema(tailrace.TypeStruct).Name("shop.orders.Envelope").
		Field("before", row).Field("after", row).Field("op", tailrace.StringSchema).MustBuild()
	return tailrace.Record{
		Topic: "shop.orders", ValueSchema: event,
		Value: tailrace.StructOf([]tailrace.Value{
			{}, tailrace.StructOf([]tailrace.Value{tailrace.Int32(7), tailrace.String("paid")}), tailrace.String("u"),
		}),
		Headers: []tailrace.Header{{Key: "origin", Schema: tailrace.StringSchema, Value: tailrace.String("web")}},
	}
}

func ExampleFilter() {
	updates := transform.Must(script.Filter{Condition: "value.op == 'u' && value.after.id > 3"}.New())
	r := change()
	fmt.Println(updates.Apply(&r))
	// Output: true <nil>
}

func ExampleContentBasedRouter() {
	t := transform.Must(script.ContentBasedRouter{TopicExpression: "value.after.status in ['paid', 'shipped'] ? topic + '.' + value.after.status : null"}.New())
	r := change()
	_, err := t.Apply(&r)
	fmt.Println(r.Topic, err)
	// Output: shop.orders.paid <nil>
}

func TestConditionsInJavaScript(t *testing.T) {
	for condition, want := range map[string]bool{
		"value.op === 'u' && value.after.id > 3":                   true,
		"value.op !== 'u'":                                         false,
		"value.after.id == '7'":                                    true,
		"value.before === null":                                    true,
		"value.before?.status.length === undefined":                true,
		"(value.before?.id ?? 1) === 1":                            true,
		"value.after.status.length === 4":                          true,
		"value.after.status.includes('ai')":                        true,
		"['paid', 'shipped'].includes(value.after.status)":         true,
		"header.origin.value == \"web\"":                           true,
		"!header.nix":                                              true,
		"topic.startsWith('shop') ? value.after.id / 2 == 3.5 : 1": true,
		"value.before == null || value.before.id > 3;":             true,
	} {
		f, err := script.Filter{Condition: condition, Language: script.JavaScript}.New()
		require.NoError(t, err, condition)
		r := change()
		keep, err := f.Apply(&r)
		require.NoError(t, err, condition)
		assert.Equal(t, want, keep, condition)
	}
}

func TestWhatCannotBeRunIsNamed(t *testing.T) {
	for condition, want := range map[string]string{
		"":                                 "is empty",
		"value.op == nix":                  "names nix, which is none of key, value,",
		"if (value.op == 'u') { true }":    "has if, which cannot be run here",
		"def x = 1":                        "has def, which cannot be run here",
		"value.op instanceof String":       "has instanceof",
		"value.after.list.any { it > 1 }":  "has '{'",
		"value.op.reverse() == 'u'":        "calls the method reverse with 0 arguments",
		"value.op.trim(1) == 'u'":          "calls the method trim with 1 arguments",
		"value.op == 'u' & true":           "has '&'",
		"value.op === 'u'":                 "has the operator ===",
		"value.op ==~ /(?=x)/":             "has a look-ahead",
		"value.op.matches(topic)":          "has a regular expression that is no literal",
		`"${value.op}" == 'u'`:             "has ${…} in a text",
		"value.op == 'u":                   "has a text without its closing '",
		"(value.op == 'u'":                 "is no expression",
		"value.id == 99999999999999999999": "has more than 64 bits",
	} {
		_, err := script.Filter{Condition: condition}.New()
		var option *transform.OptionError
		require.ErrorAs(t, err, &option, condition)
		assert.Equal(t, "Condition", option.Option)
		assert.ErrorContains(t, err, want, condition)
		_, err = script.ContentBasedRouter{TopicExpression: condition}.New()
		require.ErrorAs(t, err, &option, condition)
		assert.Equal(t, "TopicExpression", option.Option)
	}
	_, err := script.Filter{Condition: "true", Nulls: 9}.New()
	require.EqualError(t, err, "transform Filter: Nulls: 9 is none of the ways")
	_, err = script.Filter{Condition: "true", Language: 9}.New()
	require.ErrorContains(t, err, "must be in Groovy or JavaScript")
}

// Whatever the script, it is compiled or refused, and what is compiled ends.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		"value.op == 'u'", "value.after?.id in [1, 2L, 3.5]", "header['origin'].value ==~ /w.b/", "!(topic =~ /x/) ?: 1e3", "value.after.status.substring(1, 3) + -1 * 2 / 3",
		`"a\u0041\n" < '''b'''`, "return topic; // x", "/* */ value.get('op').length() % 0",
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, js bool) {
		c := script.ContentBasedRouter{TopicExpression: s}
		if js {
			c.Language = script.JavaScript
		}
		tr, err := c.New()
		if err != nil {
			return
		}
		r := change()
		_, _ = tr.Apply(&r)
	})
}

func BenchmarkFilter(b *testing.B) {
	f := transform.Must(script.Filter{Condition: "value.op == 'u' && value.after.id > 3 && value.after.status in ['paid', 'shipped']"}.New())
	r := change()
	b.ReportAllocs()
	for b.Loop() {
		if keep, err := f.Apply(&r); !keep || err != nil {
			b.Fatal(keep, err)
		}
	}
}
