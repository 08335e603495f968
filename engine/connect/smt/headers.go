package smt

import (
	"errors"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
)

func notEmpty(value string) error {
	if value == "" {
		return errors.New("not be empty")
	}
	return nil
}

func dropHeadersProperties() property.Table {
	return property.Table{{Key: "headers", Required: true, Type: property.List, Check: noGaps, Doc: "The names of the headers."}}
}

func dropHeaders(p *property.Set) transform.Transform {
	return transform.DropHeaders(distinct(p.Use(dropHeadersProperties()), "headers")...)
}

func insertHeaderProperties() property.Table {
	return property.Table{
		{Key: "header", Required: true, Doc: "The name of the header."},
		{Key: "value.literal", Required: true, Doc: "Its value: null, a boolean, a number, a date, time or timestamp in ISO 8601, a list in [], a map in {}, or text."},
	}
}

func insertHeader(p *property.Set) transform.Transform {
	p.Use(insertHeaderProperties())
	schema, v, err := transform.ParseLiteral(p.String("value.literal"))
	if err != nil {
		p.Errorf("value.literal", "%w", err)
	}
	return transform.InsertHeader(p.String("header"), schema, v)
}

func headerFromProperties() property.Table {
	return property.Table{
		{Key: "fields", Required: true, Type: property.List, Doc: "The names of the fields."},
		{Key: "headers", Required: true, Type: property.List, Doc: "The names of the headers that they become, in the same order."},
		{Key: "operation", Required: true, Type: property.Enum, Values: []string{"move", "copy"}, Check: exactly([]string{"move", "copy"}), Doc: "Whether the fields go away (move) or stay (copy)."},
		replaceNullsProperty(),
	}
}

func headerFrom(p *property.Set, part transform.Part) transform.Transform {
	p.Use(headerFromProperties())
	t, err := transform.HeaderFrom{
		Of: part, Fields: p.List("fields"), Headers: p.List("headers"), Move: p.Enum("operation") == "move", KeepNulls: !p.Bool(replaceNulls),
	}.New()
	return keys{"Fields": "fields", "Headers": "headers"}.made(p, t, err)
}

func hasHeaderKeyProperties() property.Table {
	return property.Table{{Key: "name", Required: true, Doc: "The name of the header."}}
}

func hasHeaderKey(p *property.Set) transform.Predicate {
	return transform.HasHeaderKey(p.Use(hasHeaderKeyProperties()).String("name"))
}

func recordIsTombstone(*property.Set) transform.Predicate { return transform.RecordIsTombstone() }
