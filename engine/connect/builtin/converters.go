package builtin

import (
	"errors"
	"maps"
	"slices"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func jsonProperties() property.Table {
	return property.Table{
		{Key: "schemas.enable", Type: property.Bool, Default: "true", Doc: "Whether each key and value is written with its schema, and read so."},
		{Key: "decimal.format", Type: property.Enum, Default: "BASE64", Values: []string{"BASE64", "NUMERIC"}, Doc: "Whether decimals are written as the base64 of their unscaled number, or as numbers."},
		{Key: "replace.null.with.default", Type: property.Bool, Default: "true", Doc: "Whether the default of a field is written in the place of its null."},
		{Key: "schema.content", Doc: "With schemas.enable, the schema, as JSON, of all that is read, which then has none itself."},
		{Key: "schemas.cache.size", Type: property.Int, Default: "1000", Check: property.AtLeast(0), Doc: "How many schemas are kept prepared in each direction."},
	}
}

func json(p *property.Set) converter.Converter { return converter.NewJSON(jsonConfig(p)) }

func jsonConfig(p *property.Set) converter.JSONConfig {
	p.Use(jsonProperties())
	config := converter.JSONConfig{
		Schemas:         p.Bool("schemas.enable"),
		NumericDecimals: p.Enum("decimal.format") == "NUMERIC",
		KeepNulls:       !p.Bool("replace.null.with.default"),
		CacheSize:       p.Int("schemas.cache.size"),
		Unavailable:     property.Unavailable(p.Root()),
	}
	if text := p.String("schema.content"); text != "" {
		schema, err := converter.ParseJSONSchema([]byte(text))
		if err != nil {
			p.Errorf("schema.content", "is not a schema: %w", err)
		}
		config.Schema = schema
	}
	return config
}

func stringProperties() property.Table {
	return property.Table{
		{Key: "schemas.enable", Ignored: "the converter writes no schemas", Doc: "Whether schemas are written."},
		{Key: "converter.encoding", Default: "UTF-8", Check: encoding, Doc: "What text is encoded in, as Java spells it."},
	}
}

func encoding(name string) error {
	if _, err := converter.ParseEncoding(name); err != nil {
		return errors.New("be one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE")
	}
	return nil
}

func text(p *property.Set) converter.Converter {
	e, _ := converter.ParseEncoding(p.Use(stringProperties()).String("converter.encoding")) // checked by the table
	return converter.String{Encoding: e}
}

func binaryProperties() property.Table {
	return property.Table{
		{Key: "delegate.converter.type", Doc: "The class of the converter of what is not bytes, such as heartbeats. Its options begin with `delegate.converter.type.`."},
	}
}

// binary makes a converter of bytes, which leaves everything else to another.
func binary(p *property.Set) converter.Converter {
	const key = "delegate.converter.type"
	class := p.Use(binaryProperties()).String(key)
	if class == "" {
		return converter.BinaryData{}
	}
	delegate, ok := converters()[class]
	if !ok {
		p.Errorf(key, "%s is no class of a converter%s", class, property.DidYouMean(class, slices.Sorted(maps.Keys(converters()))))
		return converter.BinaryData{}
	}
	return converter.BinaryData{Delegate: delegate(p.Sub(key + "."))}
}

// plain is a converter without options. Those of another converter are often
// left behind when the class is changed, and mean nothing then.
func plain(c converter.Converter) func(*property.Set) converter.Converter {
	return func(p *property.Set) converter.Converter {
		p.Use(property.Table{{Key: "schemas.enable", Ignored: "the converter writes no schemas", Doc: "Whether schemas are written."}})
		return c
	}
}
