package smt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/engine/connect/smt"
)

// Each line is a class, its options, and the option that the error must name.
const badOptions = `
Cast$Value | spec=a:int9 | spec
Cast$Value | spec=int8,int16 | spec
Cast$Key | | spec
DropHeaders | headers=a,,b | headers
ExtractField$Value | field=a;field.syntax.version=V3 | field.syntax.version
ExtractField$Value | field=` + "`" + `a;field.syntax.version=V2 | field
Flatten$Value | delimeter=_ | delimeter
HeaderFrom$Value | fields=a,b;headers=x;operation=copy | headers
HeaderFrom$Value | fields=a;headers=x;operation=cut | operation
HoistField$Value | | field
InsertField$Value | static.field=a | static.value
InsertField$Value | | topic.field
InsertHeader | header=h | value.literal
MaskField$Value | fields=a;replacement= | replacement
RegexRouter | regex=(?=a);replacement=b | regex
RegexRouter | regex=(a);replacement=$2 | replacement
ReplaceField$Value | renames=a | renames
SetSchemaMetadata$Value | schema.version=x | schema.version
TimestampConverter$Value | target.type=date | target.type
TimestampConverter$Value | target.type=string | format
TimestampConverter$Value | target.type=string;format=yyyy-nn | format
TimestampConverter$Value | target.type=unix;unix.precision=days | unix.precision
TimestampRouter | timestamp.format=yyyy' | timestamp.format
ValueToKey | fields=a,,b | fields
ByLogicalTableRouter | topic.regex=(;topic.replacement=x | topic.regex
ByLogicalTableRouter | topic.regex=x;topic.replacement=y;schema.name.adjustment.mode=x | schema.name.adjustment.mode
CollectionNameTransformation | collection.naming.style=kebab-case | collection.naming.style
FieldNameTransformation | column.naming.style=camelCase | column.naming.style
ContentBasedRouter | language=jsr223.groovy;topic.expression=if (x) { y } | topic.expression
ContentBasedRouter | language=jsr223.ruby;topic.expression='x' | language
EnforceRecordSize | max.bytes=0 | max.bytes
EnforceRecordSize | max.bytes=1;compression.ratio=-1 | compression.ratio
EnforceRecordSize | max.bytes=1;min.field.size=-1 | min.field.size
ExtractChangedRecordState | header.change.name=x | header.change.name
ExtractNewRecordState | add.fields=op:a:b | add.fields
ExtractNewRecordState | delete.tombstone.handling.mode=keep | delete.tombstone.handling.mode
Filter | language=jsr223.groovy;condition=value.op == x | condition
Filter | language=jsr223.groovy;condition=true;null.handling.mode=x | null.handling.mode
GeometryFormatTransformer | format=wkt | format
HeaderToValue | headers=a;fields=b,c;operation=move | fields
HeaderToValue | headers=a b;fields=c;operation=move | headers
SchemaChangeEventFilter | schema.change.event.exclude.list=RENAME | schema.change.event.exclude.list
SwapGeometryCoordinates | srids=x | srids
TimezoneConverter | converted.timezone=Mars/Olympus | converted.timezone
TimezoneConverter | converted.timezone=+19:00 | converted.timezone
TimezoneConverter | converted.timezone=UTC;include.list=a | include.list
VectorToJsonConverter | x=y | x
EventRouter | table.fields.additional.placement=a:nowhere | table.fields.additional.placement
EventRouter | route.topic.regex=(a)\1 | route.topic.regex
EventRouter | route.topic.replacement=${nix} | route.topic.replacement
EventRouter | table.op.invalid.behavior=x | table.op.invalid.behavior
PartitionRouting | partition.payload.fields=a;partition.topic.num=0 | partition.topic.num
PartitionRouting | partition.topic.num=1 | partition.payload.fields
PartitionRouting | partition.payload.fields=a;partition.topic.num=1;partition.hash.function=md5 | partition.hash.function
ReadToInsertEvent | x=y | x
DecodeLogicalDecodingMessageContent | fields.null.include=maybe | fields.null.include
HasHeaderKey | | name
TopicNameMatches | pattern=( | pattern
RecordIsTombstone | x=y | x
`

// named gives the function of the class whose name ends so.
func named[T any](registry map[string]func(*property.Set) T, class string) func(*property.Set) T {
	for name, f := range registry {
		if strings.HasSuffix(name, "."+class) {
			return f
		}
	}
	return nil
}

func TestEveryBadOptionIsNamed(t *testing.T) {
	tried := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(badOptions)) {
		parts := strings.Split(strings.TrimSpace(line), " | ")
		if len(parts) == 2 { // no options
			parts = []string{strings.TrimSuffix(parts[0], " |"), "", strings.TrimPrefix(parts[1], "| ")}
		}
		class, want := parts[0], parts[2]
		config := map[string]string{}
		for option := range strings.SplitSeq(parts[1], ";") {
			if key, value, ok := strings.Cut(option, "="); ok {
				config[key] = value
			}
		}
		p := property.New(config)
		if f := named(smt.Transforms(), class); f != nil {
			f(p)
		} else if f := named(smt.Predicates(), class); assert.NotNil(t, f, class) {
			f(p)
		}
		tried[strings.TrimSuffix(strings.TrimSuffix(class, "$Value"), "$Key")] = true
		var errs property.Errors
		if assert.ErrorAs(t, p.Err(), &errs, line) {
			assert.True(t, slices.ContainsFunc(errs, func(e property.Error) bool { return e.Key == want }), "%s: %v", line, errs)
		}
	}
	for name := range smt.Transforms() {
		name = strings.TrimSuffix(strings.TrimSuffix(name, "$Value"), "$Key")
		name = name[strings.LastIndexByte(name, '.')+1:]
		if name != "Filter" {
			assert.True(t, tried[name], "%s has no bad option here", name)
		}
	}
}

// wrongValues are values that no property of the type takes.
var wrongValues = map[property.Type][]string{
	property.Bool:   {"maybe", "1", "-"},
	property.Int:    {"many", "1.5", "99999999999999999999", "-"},
	property.Float:  {"many", "-"},
	property.Enum:   {"no such word", "-"},
	property.Regexp: {"(", "*a", "a{", "(?=a)", "[", `\`},
}

func TestEveryPropertyRefusesValuesOfOtherTypes(t *testing.T) {
	const kafkas = "org.apache.kafka.connect.transforms."
	transforms, predicates := smt.Transforms(), smt.Predicates()
	tried := 0
	for _, section := range smt.Reference() {
		for _, class := range strings.Split(section.Class, " and ") {
			for _, option := range section.Properties {
				if option.Ignored != "" {
					continue
				}
				for _, wrong := range wrongValues[option.Type] {
					p := property.New(map[string]string{option.Key: wrong})
					if from, ok := transforms[class]; ok {
						from(p)
					} else if from, ok := transforms[kafkas+class]; ok {
						from(p)
					} else if from, ok := predicates[kafkas+class]; assert.True(t, ok, class) {
						from(p)
					}
					var errs property.Errors
					if assert.ErrorAs(t, p.Err(), &errs, "%s: %s=%s", class, option.Key, wrong) {
						found := slices.ContainsFunc(errs, func(e property.Error) bool { return e.Key == option.Key })
						assert.True(t, found, "%s: %s=%s: %v", class, option.Key, wrong, errs)
					}
					tried++
				}
			}
		}
	}
	assert.Greater(t, tried, 100)
}
