package builtin

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
)

func drop(*property.Set) transform.Transform { return transform.Drop() }

func regexRouterProperties() property.Table {
	return property.Table{
		{Key: "regex", Required: true, Type: property.Regexp, Doc: "What a topic has to match as a whole."},
		{Key: "replacement", Required: true, Doc: "What becomes of the topic; $1 is the text of the first group."},
	}
}

func regexRouter(p *property.Set) transform.Transform {
	re := p.Use(regexRouterProperties()).Regexp("regex")
	if re == nil {
		return nil
	}
	template, err := property.Replacement(re, p.String("replacement"))
	if err != nil {
		p.Errorf("replacement", "%w", err)
	}
	return transform.RegexRouter(re, template)
}

func topicNameMatchesProperties() property.Table {
	return property.Table{{Key: "pattern", Required: true, Type: property.Regexp, Doc: "What a topic has to match as a whole."}}
}

func topicNameMatches(p *property.Set) transform.Predicate {
	return transform.TopicNameMatches(p.Use(topicNameMatchesProperties()).Regexp("pattern"))
}

func hasHeaderKeyProperties() property.Table {
	return property.Table{{Key: "name", Required: true, Doc: "The name of the header."}}
}

func hasHeaderKey(p *property.Set) transform.Predicate {
	return transform.HasHeaderKey(p.Use(hasHeaderKeyProperties()).String("name"))
}

func recordIsTombstone(*property.Set) transform.Predicate { return transform.RecordIsTombstone() }
