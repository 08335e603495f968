package avro

import (
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Properties are those of Confluent's AvroConverter, but for those of package
// registry.
func Properties() property.Table {
	return property.Table{
		{Key: "enhanced.avro.schema.support", Type: property.Bool, Default: "false", Doc: "Whether enums stay enums, and branches of unions are called by their full names."},
		{Key: "connect.meta.data", Type: property.Bool, Default: "true", Doc: "Whether the schemas say what only Connect understands: names, versions, parameters, defaults and the small integer types."},
		{Key: "scrub.invalid.names", Type: property.Bool, Default: "false", Doc: "Whether what Avro does not allow in names is replaced, rather than an error."},
		{Key: "discard.type.doc.default", Type: property.Bool, Default: "false", Doc: "Whether the docs of fields and records are those of schemas, and defaults of fields are not kept apart."},
		{Key: "allow.optional.map.keys", Type: property.Bool, Default: "false", Doc: "Whether maps whose keys are texts that may be null are maps of Avro, rather than arrays of entries."},
		{Key: "ignore.default.for.nullables", Type: property.Bool, Default: "false", Doc: "Whether a null that is allowed is written as it is, rather than as the default."},
		{Key: "flatten.singleton.unions", Type: property.Bool, Default: "true", Doc: "Whether a union of one branch is read as what that is, rather than as a struct of one field."},
		{Key: "generalized.sum.type.support", Type: property.Bool, Default: "false", Unsupported: "unions and enums in the form that all of Confluent's converters share", Doc: "Whether unions and enums have the form that all of Confluent's converters share."},
		{Key: "schemas.cache.config", Type: property.Int, Default: "1000", Check: property.AtLeast(1), Doc: "How many schemas are kept prepared in each direction."},
		{Key: "schemas.enable", Ignored: "the registry has the schemas", Doc: "Whether schemas are written."},
		{Key: "specific.avro.reader", Ignored: "there are no classes to read into", Doc: "Whether data is read into classes of Java."},
		{Key: "avro.*", Ignored: "it is a matter of Java's Avro", Doc: "Details of Java's Avro."},
	}
}

// FromProperties makes the converter of a configuration, of which p is the part.
func FromProperties(p *property.Set) *Converter {
	p.Use(Properties())
	c := Config{
		Options:         registry.FromProperties(p),
		Enhanced:        p.Bool("enhanced.avro.schema.support"),
		NoMetaData:      !p.Bool("connect.meta.data"),
		ScrubNames:      p.Bool("scrub.invalid.names"),
		PlainDocs:       p.Bool("discard.type.doc.default"),
		OptionalMapKeys: p.Bool("allow.optional.map.keys"),
		NoDefaults:      p.Bool("ignore.default.for.nullables"),
		KeepSingletons:  !p.Bool("flatten.singleton.unions"),
		CacheSize:       p.Int("schemas.cache.config"),
		Unavailable:     property.Unavailable(p.Root()),
	}
	converter, err := New(c)
	if err != nil {
		return &Converter{} // the set has been told why
	}
	return converter
}
