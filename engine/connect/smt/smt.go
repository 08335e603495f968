// Package smt reads the properties of single message transforms: what Kafka
// Connect keeps under transforms.<name>. and predicates.<name>., by the names of
// its classes. It links no driver.
package smt

import (
	"errors"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
)

const (
	kafka      = "org.apache.kafka.connect.transforms."
	predicates = kafka + "predicates."
	debeziums  = "io.debezium.transforms."
	jdbcs      = "io.debezium.connector.jdbc.transforms."
)

// Transforms gives a registry of the transforms, by their classes, that the
// caller may add to. A configuration that is wrong leaves its errors in the set.
func Transforms() map[string]func(*property.Set) transform.Transform {
	m := map[string]func(*property.Set) transform.Transform{
		kafka + "DropHeaders":     dropHeaders,
		kafka + "Filter":          drop,
		kafka + "InsertHeader":    insertHeader,
		kafka + "RegexRouter":     regexRouter,
		kafka + "TimestampRouter": timestampRouter,
		kafka + "ValueToKey":      valueToKey,

		debeziums + "ByLogicalTableRouter":        byLogicalTableRouter,
		debeziums + "ContentBasedRouter":          contentBasedRouter,
		debeziums + "EnforceRecordSize":           enforceRecordSize,
		debeziums + "ExtractChangedRecordState":   extractChangedRecordState,
		debeziums + "ExtractNewRecordState":       extractNewRecordState,
		debeziums + "Filter":                      scriptFilter,
		debeziums + "GeometryFormatTransformer":   geometryFormatTransformer,
		debeziums + "HeaderToValue":               headerToValue,
		debeziums + "SchemaChangeEventFilter":     schemaChangeEventFilter,
		debeziums + "SwapGeometryCoordinates":     swapGeometryCoordinates,
		debeziums + "TimezoneConverter":           timezoneConverter,
		debeziums + "VectorToJsonConverter":       vectorToJSONConverter,
		debeziums + "outbox.EventRouter":          eventRouter,
		debeziums + "partitions.PartitionRouting": partitionRouting,

		jdbcs + "CollectionNameTransformation": collectionName,
		jdbcs + "FieldNameTransformation":      fieldName,

		"io.debezium.connector.mysql.transforms.ReadToInsertEvent":                        readToInsertEvent,
		"io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent": decodeMessage,
	}
	for name, read := range map[string]func(*property.Set, transform.Part) transform.Transform{
		"Cast": cast, "ExtractField": extractField, "Flatten": flatten, "HeaderFrom": headerFrom,
		"HoistField": hoistField, "InsertField": insertField, "MaskField": maskField, "ReplaceField": replaceField,
		"SetSchemaMetadata": setSchemaMetadata, "TimestampConverter": timestampConverter,
	} {
		m[kafka+name+"$Key"] = func(p *property.Set) transform.Transform { return read(p, transform.Key) }
		m[kafka+name+"$Value"] = func(p *property.Set) transform.Transform { return read(p, transform.Value) }
	}
	return m
}

// Predicates gives a registry of the predicates, likewise.
func Predicates() map[string]func(*property.Set) transform.Predicate {
	return map[string]func(*property.Set) transform.Predicate{
		predicates + "HasHeaderKey":      hasHeaderKey,
		predicates + "RecordIsTombstone": recordIsTombstone,
		predicates + "TopicNameMatches":  topicNameMatches,
	}
}

// Section is the properties of a class, or of two that are alike.
type Section struct {
	Class      string // of Kafka's without its package
	Properties property.Table
}

// Reference gives the properties of all classes that have any.
func Reference() []Section {
	return []Section{
		{"Cast$Key and Cast$Value", castProperties()},
		{"DropHeaders", dropHeadersProperties()},
		{"ExtractField$Key and ExtractField$Value", extractFieldProperties()},
		{"Flatten$Key and Flatten$Value", flattenProperties()},
		{"HeaderFrom$Key and HeaderFrom$Value", headerFromProperties()},
		{"HoistField$Key and HoistField$Value", hoistFieldProperties()},
		{"InsertField$Key and InsertField$Value", insertFieldProperties()},
		{"InsertHeader", insertHeaderProperties()},
		{"MaskField$Key and MaskField$Value", maskFieldProperties()},
		{"RegexRouter", regexRouterProperties()},
		{"ReplaceField$Key and ReplaceField$Value", replaceFieldProperties()},
		{"SetSchemaMetadata$Key and SetSchemaMetadata$Value", setSchemaMetadataProperties()},
		{"TimestampConverter$Key and TimestampConverter$Value", timestampConverterProperties()},
		{"TimestampRouter", timestampRouterProperties()},
		{"ValueToKey", valueToKeyProperties()},
		{debeziums + "ByLogicalTableRouter", byLogicalTableRouterProperties()},
		{debeziums + "ContentBasedRouter", scriptProperties("topic.expression", contentBasedRouterDoc)},
		{debeziums + "EnforceRecordSize", enforceRecordSizeProperties()},
		{debeziums + "ExtractChangedRecordState", extractChangedRecordStateProperties()},
		{debeziums + "ExtractNewRecordState", extractNewRecordStateProperties()},
		{debeziums + "Filter", scriptProperties("condition", scriptFilterDoc)},
		{debeziums + "GeometryFormatTransformer", geometryFormatTransformerProperties()},
		{debeziums + "HeaderToValue", headerToValueProperties()},
		{debeziums + "SchemaChangeEventFilter", schemaChangeEventFilterProperties()},
		{debeziums + "SwapGeometryCoordinates", swapGeometryCoordinatesProperties()},
		{debeziums + "TimezoneConverter", timezoneConverterProperties()},
		{debeziums + "outbox.EventRouter", eventRouterProperties()},
		{debeziums + "partitions.PartitionRouting", partitionRoutingProperties()},
		{jdbcs + "CollectionNameTransformation", namingProperties("collection")},
		{jdbcs + "FieldNameTransformation", namingProperties("column")},
		{"io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent", decodeMessageProperties()},
		{"predicates.HasHeaderKey", hasHeaderKeyProperties()},
		{"predicates.TopicNameMatches", topicNameMatchesProperties()},
	}
}

// keys are the properties that a transform's options come from.
type keys map[string]string

// made gives the transform and leaves what is wrong with its options in the set.
func (k keys) made(p *property.Set, t transform.Transform, err error) transform.Transform {
	k.report(p, err)
	return t
}

func (k keys) report(p *property.Set, err error) {
	var wrong *transform.OptionError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			k.report(p, err)
		}
	} else if errors.As(err, &wrong) {
		p.Errorf(k[wrong.Option], "%w", wrong.Err)
	}
}

// replaceNulls is the option that most transforms have.
const replaceNulls = "replace.null.with.default"

func replaceNullsProperty() property.Property {
	return property.Property{Key: replaceNulls, Type: property.Bool, Default: "true", Doc: "Whether the default of a field takes the place of its null."}
}

// distinct gives the elements of a list without those that were there before, as
// Connect does, and says so.
func distinct(p *property.Set, key string) []string {
	var out []string
	for _, s := range p.List(key) {
		if slices.Contains(out, s) {
			p.Notef(key, "has %s twice; the second is left out", s)
			continue
		}
		out = append(out, s)
	}
	return out
}

// noGaps is a Check for lists of names.
func noGaps(value string) error {
	for s := range strings.SplitSeq(value, ",") {
		if strings.TrimSpace(s) == "" && strings.TrimSpace(value) != "" {
			return errors.New("have a name on both sides of each comma")
		}
	}
	return nil
}
