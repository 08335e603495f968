package smt

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

func byLogicalTableRouterProperties() property.Table {
	return property.Table{
		{Key: "topic.regex", Required: true, Type: property.Regexp, Doc: "What a topic has to match as a whole."},
		{Key: "topic.replacement", Required: true, Doc: "What becomes of the topic; $1 is the text of the first group."},
		{Key: "key.enforce.uniqueness", Type: property.Bool, Default: "true", Doc: "Whether keys get a field that tells the tables apart."},
		{Key: "key.field.name", Default: "__dbz__physicalTableIdentifier", Check: notEmpty, Doc: "The name of this field."},
		{Key: "key.field.regex", Type: property.Regexp, Doc: "What the old topic has to match as a whole for the field to hold `key.field.replacement`, and not that topic."},
		{Key: "key.field.replacement", Doc: "What the field holds; $1 is the text of the first group."},
		{Key: "schema.name.adjustment.mode", Type: property.Enum, Default: "none", Values: nameModes(),
			Doc: "How the names of schemas are made to fit Avro: not at all (none), with an underscore for what it does not allow (avro), or with _u and its number (avro_unicode)."},
		{Key: "logical.table.cache.size", Ignored: "what is kept is bounded anyway", Doc: "How many schemas are kept."},
	}
}

func byLogicalTableRouter(p *property.Set) transform.Transform {
	p.Use(byLogicalTableRouterProperties())
	c := debezium.ByLogicalTableRouter{
		Topic: p.RegexpWithin("topic.regex"), SharedKeys: !p.Bool("key.enforce.uniqueness"),
		KeyField: p.String("key.field.name"), KeyTopic: p.RegexpWithin("key.field.regex"),
		SchemaNames: nameMode(p.Enum("schema.name.adjustment.mode")),
	}
	var err error
	if c.Topic != nil {
		if c.Replacement, err = property.Replacement(c.Topic, p.String("topic.replacement")); err != nil {
			p.Errorf("topic.replacement", "%w", err)
		}
	}
	if c.KeyTopic != nil {
		if c.KeyReplacement, err = property.Replacement(c.KeyTopic, p.String("key.field.replacement")); err != nil {
			p.Errorf("key.field.replacement", "%w", err)
		}
	}
	t, err := c.New()
	return keys{"Topic": "topic.regex", "KeyReplacement": "key.field.replacement"}.made(p, t, err)
}

func nameModes() []string { return []string{"none", "avro", "avro_unicode"} }

func nameMode(name string) debezium.NameMode {
	switch name {
	case "avro":
		return debezium.NamesAvro
	case "avro_unicode":
		return debezium.NamesAvroUnicode
	}
	return debezium.NamesAsTheyAre
}
