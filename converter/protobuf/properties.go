package protobuf

import (
	"github.com/tailrace-io/tailrace/converter/registry"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Properties are those of Confluent's ProtobufConverter, but for those of
// package registry.
func Properties() property.Table {
	const serializer = "it is a matter of Java's serializer"
	return property.Table{
		{Key: "optional.for.nullables", Type: property.Bool, Default: "false", Doc: "Whether fields that may be null have the label optional."},
		{Key: "wrapper.for.nullables", Type: property.Bool, Default: "false", Doc: "Whether scalars that may be null are written as messages of google/protobuf/wrappers.proto."},
		{Key: "wrapper.for.raw.primitives", Type: property.Bool, Default: "true", Doc: "Whether such a message is read as the scalar in it."},
		{Key: "enhanced.protobuf.schema.support", Type: property.Bool, Default: "false", Doc: "Whether the names of messages are read with their package."},
		{Key: "scrub.invalid.names", Type: property.Bool, Default: "false", Doc: "Whether what Protobuf does not allow in names is replaced, rather than refused."},
		{Key: "int.for.enums", Type: property.Bool, Default: "false", Doc: "Whether enums are read as numbers, rather than as texts."},
		{Key: "generate.struct.for.nulls", Type: property.Bool, Default: "false", Doc: "Whether a message that is not there is read as an empty one, rather than as null."},
		{Key: "generate.index.for.unions", Type: property.Bool, Default: "true", Doc: "Whether the field as which a oneof is read has its number in the name."},
		{Key: "flatten.unions", Type: property.Bool, Default: "false", Doc: "Whether the fields of a oneof are read as fields of the struct around it."},
		{Key: "optional.for.proto2", Type: property.Bool, Default: "true", Doc: "Whether optional fields of proto2 that are not there are read as null, rather than as their defaults."},
		{Key: "ignore.default.for.nullables", Type: property.Bool, Default: "false", Doc: "Whether a null that is allowed is written as it is, rather than as the default."},
		{Key: "generalized.sum.type.support", Type: property.Bool, Default: "false", Unsupported: "unions and enums in the form that all of Confluent's converters share", Doc: "Whether unions and enums have the form that all of Confluent's converters share."},
		{Key: "schemas.cache.config", Type: property.Int, Default: "1000", Check: property.AtLeast(1), Doc: "How many schemas are kept prepared in each direction."},
		{Key: "schemas.enable", Ignored: "the registry has the schemas", Doc: "Whether schemas are written."},
		{Key: "skip.known.types", Ignored: "what every registry knows is never registered beside a schema", Doc: "Whether files that every registry knows are left out of a schema's references."},
		{Key: "reference.*", Ignored: "what is written imports files alone that every registry knows", Doc: "How the files that a schema imports are registered."},
		{Key: "specific.protobuf.*", Ignored: serializer, Doc: "Java's class of keys or values."},
		{Key: "derive.type", Ignored: serializer, Doc: "Whether Java's class is found by the schema."},
	}
}

// FromProperties makes the converter of a configuration, of which p is the part.
func FromProperties(p *property.Set) *Converter {
	p.Use(Properties())
	c, err := New(Config{
		Options:              registry.FromProperties(p),
		OptionalForNullables: p.Bool("optional.for.nullables"),
		WrapperForNullables:  p.Bool("wrapper.for.nullables"),
		KeepWrappers:         !p.Bool("wrapper.for.raw.primitives"),
		Enhanced:             p.Bool("enhanced.protobuf.schema.support"),
		ScrubNames:           p.Bool("scrub.invalid.names"),
		IntForEnums:          p.Bool("int.for.enums"),
		StructForNulls:       p.Bool("generate.struct.for.nulls"),
		NoUnionIndex:         !p.Bool("generate.index.for.unions"),
		FlattenUnions:        p.Bool("flatten.unions"),
		NoProto2Optional:     !p.Bool("optional.for.proto2"),
		NoDefaults:           p.Bool("ignore.default.for.nullables"),
		CacheSize:            p.Int("schemas.cache.config"),
		Unavailable:          property.Unavailable(p.Root()),
	})
	if err != nil {
		return &Converter{} // the set has been told why
	}
	return c
}
