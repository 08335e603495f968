package smt

import (
	"fmt"
	"slices"
	"strings"
	"time"

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
	re := p.Use(regexRouterProperties()).RegexpWithin("regex")
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
	re := p.Use(topicNameMatchesProperties()).Regexp("pattern")
	if re == nil {
		return nil
	}
	return transform.TopicNameMatches(re)
}

func timestampRouterProperties() property.Table {
	return property.Table{
		{Key: "topic.format", Check: notEmpty, Default: "${topic}-${timestamp}", Doc: "The new topic, in which `${topic}` is the old one and `${timestamp}` the record's timestamp."},
		{Key: "timestamp.format", Check: notEmpty, Default: "yyyyMMdd", Doc: "The form of the timestamp, as a pattern of Java's SimpleDateFormat. The zone is UTC."},
	}
}

func timestampRouter(p *property.Set) transform.Transform {
	p.Use(timestampRouterProperties())
	t, err := transform.TimestampRouter{Topic: p.String("topic.format"), Format: p.String("timestamp.format")}.New()
	return keys{"Topic": "topic.format", "Format": "timestamp.format"}.made(p, t, err)
}

func timestampForms() []string { return []string{"string", "unix", "Date", "Time", "Timestamp"} }

func unixPrecisions() []string {
	return []string{"nanoseconds", "microseconds", "milliseconds", "seconds"}
}

// exactly is a Check for words of which the case counts, as it does to Connect.
func exactly(words []string) func(string) error {
	return func(value string) error {
		if !slices.Contains(words, strings.TrimSpace(value)) {
			return fmt.Errorf("be one of %s, in that case", strings.Join(words, ", "))
		}
		return nil
	}
}

func timestampConverterProperties() property.Table {
	return property.Table{
		{Key: "field", Doc: "The name of the field; without it the whole is a timestamp."},
		{Key: "target.type", Required: true, Type: property.Enum, Values: timestampForms(), Check: exactly(timestampForms()), Doc: "What it becomes."},
		{Key: "format", Doc: "The form of timestamps that are text, as a pattern of Java's SimpleDateFormat. The zone is UTC. Required with target.type=string."},
		{Key: "unix.precision", Type: property.Enum, Default: "milliseconds", Values: unixPrecisions(), Check: exactly(unixPrecisions()),
			Doc: "What timestamps that are numbers count."},
		replaceNullsProperty(),
	}
}

func timestampConverter(p *property.Set, part transform.Part) transform.Transform {
	p.Use(timestampConverterProperties())
	c := transform.TimestampConverter{Of: part, Field: p.String("field"), Format: p.String("format"), KeepNulls: !p.Bool(replaceNulls)}
	switch p.Enum("target.type") {
	case "string":
		c.To = transform.TextTimestamp
	case "unix":
		c.To = transform.UnixTimestamp
	case "Date":
		c.To = transform.ConnectDate
	case "Time":
		c.To = transform.ConnectTime
	case "Timestamp":
		c.To = transform.ConnectTimestamp
	}
	c.Unix = map[string]time.Duration{
		"nanoseconds": time.Nanosecond, "microseconds": time.Microsecond, "milliseconds": time.Millisecond, "seconds": time.Second,
	}[p.Enum("unix.precision")]
	t, err := c.New()
	return keys{"To": "target.type", "Format": "format", "Unix": "unix.precision"}.made(p, t, err)
}
