package smt

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/script"
)

const (
	scriptFilterDoc       = "An expression that gives a boolean, such as `value.op == 'u' && value.after.id > 3`: the records of which it is true are kept."
	contentBasedRouterDoc = "An expression that gives the topic, or null, with which it stays, such as `value.op == 'u' ? 'updates' : null`."
)

// scriptProperties are those of Filter and ContentBasedRouter, whose script is
// under another key in each.
func scriptProperties(key, doc string) property.Table {
	return property.Table{
		{Key: "language", Required: true, Type: property.Enum, Values: []string{"jsr223.groovy", "jsr223.graal.js"}, Doc: "What the expression is written in."},
		{Key: key, Required: true, Doc: doc},
		{Key: "topic.regex", Type: property.Regexp, Doc: "What a topic has to match as a whole; records of other topics pass."},
		{Key: "null.handling.mode", Type: property.Enum, Default: "keep", Values: []string{"keep", "drop", "evaluate"},
			Doc: "Whether records with a null value pass (keep), are dropped (drop), or are left to the expression (evaluate)."},
	}
}

func scriptLanguage(p *property.Set) script.Language {
	if p.Enum("language") == "jsr223.graal.js" {
		return script.JavaScript
	}
	return script.Groovy
}

func nullHandling(p *property.Set) script.NullHandling {
	switch p.Enum("null.handling.mode") {
	case "drop":
		return script.NullsDropped
	case "evaluate":
		return script.NullsEvaluated
	}
	return script.NullsKept
}

func scriptFilter(p *property.Set) transform.Transform {
	p.Use(scriptProperties("condition", scriptFilterDoc))
	t, err := script.Filter{Condition: p.String("condition"), Language: scriptLanguage(p), Topic: p.Regexp("topic.regex"), Nulls: nullHandling(p)}.New()
	return keys{"Condition": "condition"}.made(p, t, err)
}

func contentBasedRouter(p *property.Set) transform.Transform {
	p.Use(scriptProperties("topic.expression", contentBasedRouterDoc))
	t, err := script.ContentBasedRouter{TopicExpression: p.String("topic.expression"), Language: scriptLanguage(p), Topic: p.Regexp("topic.regex"), Nulls: nullHandling(p)}.New()
	return keys{"TopicExpression": "topic.expression"}.made(p, t, err)
}
