package smt

import (
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
)

func castProperties() property.Table {
	return property.Table{
		{Key: "spec", Required: true, Type: property.List, Check: noGaps,
			Doc: "The fields and their new types, as field:type; or one type alone, of the whole. Types are int8, int16, int32, int64, float32, float64, boolean and string."},
		replaceNullsProperty(),
	}
}

func cast(p *property.Set, part transform.Part) transform.Transform {
	p.Use(castProperties())
	c := transform.Cast{Of: part, Fields: map[string]tailrace.Type{}, KeepNulls: !p.Bool(replaceNulls)}
	spec := p.List("spec")
	for _, s := range spec {
		field, name, ofField := strings.Cut(s, ":")
		if !ofField {
			name = field
		}
		to, ok := typeNamed(strings.TrimSpace(name))
		switch {
		case !ok:
			p.Errorf("spec", "%q must end in the name of a type, such as int32", s)
		case ofField:
			c.Fields[strings.TrimSpace(field)] = to
		case len(spec) > 1:
			p.Errorf("spec", "%q, a type of the whole, must stand alone", s)
		default:
			c.Whole = to
		}
	}
	t, err := c.New()
	return keys{"Fields": "spec", "Whole": "spec"}.made(p, t, err)
}

func typeNamed(name string) (tailrace.Type, bool) {
	for t := tailrace.TypeInt8; t <= tailrace.TypeStruct; t++ {
		if strings.EqualFold(t.String(), name) {
			return t, true
		}
	}
	return tailrace.TypeNull, false
}

func extractFieldProperties() property.Table {
	return property.Table{
		{Key: "field", Required: true, Doc: "The name of the field, or, in V2, the path to it."},
		{Key: "field.syntax.version", Type: property.Enum, Default: "V1", Values: []string{"V1", "V2"},
			Doc: "Whether `field` is a name (V1) or a path (V2), with dots between the names, and backticks around a name that has dots itself."},
		replaceNullsProperty(),
	}
}

func extractField(p *property.Set, part transform.Part) transform.Transform {
	p.Use(extractFieldProperties())
	c := transform.ExtractField{Of: part, Path: []string{p.String("field")}, KeepNulls: !p.Bool(replaceNulls)}
	if p.Enum("field.syntax.version") == "V2" {
		path, err := transform.ParsePath(p.String("field"))
		if err != nil {
			p.Errorf("field", "%w", err)
		}
		c.Path = path
	}
	t, err := c.New()
	return keys{"Path": "field"}.made(p, t, err)
}

func flattenProperties() property.Table {
	return property.Table{{Key: "delimiter", Default: ".", Doc: "What stands between the names of the fields."}}
}

func flatten(p *property.Set, part transform.Part) transform.Transform {
	p.Use(flattenProperties())
	t, err := transform.Flatten{Of: part, Delimiter: tailrace.Some(p.String("delimiter"))}.New()
	return keys{"Delimiter": "delimiter"}.made(p, t, err)
}

func hoistFieldProperties() property.Table {
	return property.Table{{Key: "field", Required: true, Doc: "The name of the field that the whole becomes."}}
}

func hoistField(p *property.Set, part transform.Part) transform.Transform {
	t, err := transform.HoistField{Of: part, Field: p.Use(hoistFieldProperties()).String("field")}.New()
	return keys{"Field": "field"}.made(p, t, err)
}

func insertFieldProperties() property.Table {
	const optional = " A ! behind the name makes it a required field, a ? an optional one, which it is without any."
	return property.Table{
		{Key: "topic.field", Doc: "The name of the field for the topic." + optional},
		{Key: "partition.field", Doc: "The name of the field for the partition." + optional},
		{Key: "offset.field", Doc: "The name of the field for the offset, which records that were read from Kafka have." + optional},
		{Key: "timestamp.field", Doc: "The name of the field for the record's timestamp." + optional},
		{Key: "static.field", Doc: "The name of the field for `static.value`." + optional},
		{Key: "static.value", Doc: "The text that `static.field` holds."},
		replaceNullsProperty(),
	}
}

func insertField(p *property.Set, part transform.Part) transform.Transform {
	p.Use(insertFieldProperties())
	c := transform.InsertField{
		Of: part, Topic: p.String("topic.field"), Partition: p.String("partition.field"), Offset: p.String("offset.field"),
		Timestamp: p.String("timestamp.field"), Static: p.String("static.field"), StaticValue: p.String("static.value"),
		KeepNulls: !p.Bool(replaceNulls),
	}
	if c.Static == "" {
		c.StaticValue = "" // to Connect it is no mistake
	} else if !p.Has("static.value") {
		p.Errorf("static.value", "is required with static.field")
	}
	t, err := c.New()
	return keys{
		"Topic": "topic.field", "Partition": "partition.field", "Offset": "offset.field", "Timestamp": "timestamp.field", "Static": "static.field",
	}.made(p, t, err)
}

func maskFieldProperties() property.Table {
	return property.Table{
		{Key: "fields", Required: true, Type: property.List, Check: noGaps, Doc: "The names of the fields."},
		{Key: "replacement", Check: notEmpty, Doc: "What stands in numbers and text, in the place of 0 and the empty one."},
		replaceNullsProperty(),
	}
}

func maskField(p *property.Set, part transform.Part) transform.Transform {
	p.Use(maskFieldProperties())
	t, err := transform.MaskField{Of: part, Fields: distinct(p, "fields"), Replacement: p.String("replacement"), KeepNulls: !p.Bool(replaceNulls)}.New()
	return keys{"Fields": "fields"}.made(p, t, err)
}

func replaceFieldProperties() property.Table {
	return property.Table{
		{Key: "exclude", Type: property.List, Check: noGaps, Doc: "The names of fields to leave out."},
		{Key: "include", Type: property.List, Check: noGaps, Doc: "The names of the fields to keep; all of them without it. `exclude` has the last word."},
		{Key: "renames", Type: property.List, Check: noGaps, Doc: "Fields and their new names, as old:new."},
		{Key: "blacklist", Type: property.List, Doc: "What `exclude` was called before Kafka 4.0."},
		{Key: "whitelist", Type: property.List, Doc: "What `include` was called before Kafka 4.0."},
		replaceNullsProperty(),
	}
}

func replaceField(p *property.Set, part transform.Part) transform.Transform {
	p.Use(replaceFieldProperties())
	c := transform.ReplaceField{
		Of: part, Exclude: distinct(p, "exclude"), Include: distinct(p, "include"), Rename: map[string]string{}, KeepNulls: !p.Bool(replaceNulls),
	}
	if !p.Has("exclude") {
		c.Exclude = distinct(p, "blacklist")
	}
	if !p.Has("include") {
		c.Include = distinct(p, "whitelist")
	}
	for _, s := range p.List("renames") {
		from, to, ok := strings.Cut(s, ":")
		if !ok || to == "" || strings.Contains(to, ":") {
			p.Errorf("renames", "%q must have the form old:new", s)
			continue
		}
		c.Rename[from] = to
	}
	t, err := c.New()
	return keys{"Exclude": "exclude", "Include": "include", "Rename": "renames"}.made(p, t, err)
}

func setSchemaMetadataProperties() property.Table {
	return property.Table{
		{Key: "schema.name", Doc: "The schema's new name."},
		{Key: "schema.version", Type: property.Int, Doc: "The schema's new version."},
		replaceNullsProperty(),
	}
}

func setSchemaMetadata(p *property.Set, part transform.Part) transform.Transform {
	p.Use(setSchemaMetadataProperties())
	c := transform.SetSchemaMetadata{Of: part, Name: p.String("schema.name"), KeepNulls: !p.Bool(replaceNulls)}
	if p.Has("schema.version") {
		c.Version = tailrace.Some(p.Int("schema.version"))
	}
	t, err := c.New()
	return keys{"Name": "schema.name"}.made(p, t, err)
}

func valueToKeyProperties() property.Table {
	return property.Table{
		{Key: "fields", Required: true, Type: property.List, Check: noGaps, Doc: "The names of the value's fields that make the key, in its order."},
		replaceNullsProperty(),
	}
}

func valueToKey(p *property.Set) transform.Transform {
	p.Use(valueToKeyProperties())
	t, err := transform.ValueToKey{Fields: distinct(p, "fields"), KeepNulls: !p.Bool(replaceNulls)}.New()
	return keys{"Fields": "fields"}.made(p, t, err)
}
