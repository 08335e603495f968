package jsonschema

import (
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Properties are those of Confluent's JsonSchemaConverter, but for those of
// package registry.
func Properties() property.Table {
	return property.Table{
		{Key: "object.additional.properties", Type: property.Bool, Default: "true", Doc: "Whether schemas allow other fields in structs."},
		{Key: "use.optional.for.nonrequired", Type: property.Bool, Default: "false", Doc: "Whether fields that a schema does not require are read as ones that may be null."},
		{Key: "decimal.format", Type: property.Enum, Default: "BASE64", Values: []string{"BASE64", "NUMERIC"}, Doc: "Whether decimals are written as the base64 of their unscaled number, or as numbers."},
		{Key: "ignore.default.for.nullables", Type: property.Bool, Default: "false", Doc: "Whether a null that is allowed is written as it is, rather than as the default."},
		{Key: "flatten.singleton.unions", Type: property.Bool, Default: "true", Doc: "Whether a union of one branch is read as what that is, rather than as a struct of one field."},
		{Key: "generalized.sum.type.support", Type: property.Bool, Default: "false", Unsupported: "unions and enums in the form that all of Confluent's converters share", Doc: "Whether unions and enums have the form that all of Confluent's converters share."},
		{Key: "schemas.cache.size", Type: property.Int, Default: "1000", Check: property.AtLeast(1), Doc: "How many schemas are kept prepared in each direction."},
		{Key: "schemas.enable", Ignored: "the registry has the schemas", Doc: "Whether schemas are written."},
		{Key: "ignore.modern.dialects", Ignored: "schemas of any draft are read alike", Doc: "Whether newer drafts are read as older ones."},
		{Key: "json.*", Ignored: "it is about classes of Java, or about checking data that is made from its schema", Doc: "Details of Confluent's serializer."},
	}
}

// FromProperties makes the converter of a configuration, of which p is the part.
func FromProperties(p *property.Set) *Converter {
	p.Use(Properties())
	c, err := New(Config{
		Options:                registry.FromProperties(p),
		Closed:                 !p.Bool("object.additional.properties"),
		OptionalUnlessRequired: p.Bool("use.optional.for.nonrequired"),
		NumericDecimals:        p.Enum("decimal.format") == "NUMERIC",
		NoDefaults:             p.Bool("ignore.default.for.nullables"),
		KeepSingletons:         !p.Bool("flatten.singleton.unions"),
		CacheSize:              p.Int("schemas.cache.size"),
		Unavailable:            property.Unavailable(p.Root()),
	})
	if err != nil {
		return &Converter{} // the set has been told why
	}
	return c
}
