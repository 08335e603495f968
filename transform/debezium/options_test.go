package debezium_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

func TestBadOptionsAreNamed(t *testing.T) {
	any := regexp.MustCompile(".*")
	for want, c := range map[string]interface {
		New() (transform.Transform, error)
	}{
		"ByLogicalTableRouter: KeyReplacement: must go with KeyTopic":               debezium.ByLogicalTableRouter{Topic: any, KeyTopic: any},
		"ByLogicalTableRouter: SchemaNames: 9 is none":                              debezium.ByLogicalTableRouter{Topic: any, SchemaNames: 9},
		"ByLogicalTableRouter: Topic: must choose topics":                           debezium.ByLogicalTableRouter{},
		"EnforceRecordSize: CompressionRatio: -1 must be above 0":                   debezium.EnforceRecordSize{MaxBytes: 1, CompressionRatio: -1},
		"EnforceRecordSize: MaxBytes: 0 must be above 0":                            debezium.EnforceRecordSize{},
		"EnforceRecordSize: MinFieldSize: -1 must not be":                           debezium.EnforceRecordSize{MaxBytes: 1, MinFieldSize: tailrace.Some(-1)},
		"EventRouter: Additional: 7 is no place for type":                           debezium.EventRouter{Additional: []debezium.AdditionalField{{Field: "type", Place: 7}}},
		"EventRouter: Additional: a column without a name":                          debezium.EventRouter{Additional: []debezium.AdditionalField{{}}},
		"EventRouter: FieldNames: 9 is none":                                        debezium.EventRouter{FieldNames: 9},
		"EventRouter: RouteReplacement: must go with":                               debezium.EventRouter{RouteReplacement: "x"},
		`ExtractChangedRecordState: ChangedHeader: " " is no name`:                  debezium.ExtractChangedRecordState{ChangedHeader: " "},
		"ExtractNewRecordState: Deletes: 9 is none of the ways":                     debezium.ExtractNewRecordState{Deletes: 9},
		`ExtractNewRecordState: AddFields: ".b" must have`:                          debezium.ExtractNewRecordState{AddFields: []string{"op", ".b"}},
		`ExtractNewRecordState: AddFields: "" must have the form`:                   debezium.ExtractNewRecordState{AddFields: []string{""}},
		`ExtractNewRecordState: AddHeaders: "op:a:b" must have`:                     debezium.ExtractNewRecordState{AddHeaders: []string{"op:a:b"}},
		"GeometryFormatTransformer: Format: 2 is neither":                           debezium.GeometryFormatTransformer{Format: 2},
		"HeaderToValue: Fields: must name as many as Headers: there are 0 and 1":    debezium.HeaderToValue{Headers: []string{"h"}},
		`HeaderToValue: Headers: "a b" must be a name`:                              debezium.HeaderToValue{Headers: []string{"a b"}, Fields: []string{"f"}},
		"HeaderToValue: Headers: must name one at least":                            debezium.HeaderToValue{},
		"PartitionRouting: Fields: must name one at least":                          debezium.PartitionRouting{Partitions: 1},
		`PartitionRouting: Fields: "." is no path`:                                  debezium.PartitionRouting{Partitions: 1, Fields: []string{"."}},
		"PartitionRouting: Hash: 9 is neither":                                      debezium.PartitionRouting{Partitions: 1, Fields: []string{"op"}, Hash: 9},
		"PartitionRouting: Partitions: 0 must be above 0":                           debezium.PartitionRouting{Fields: []string{"op"}},
		"ReselectColumns: Query: must be set":                                       debezium.ReselectColumns{},
		"ReselectColumns: KeepNulls: must not go":                                   debezium.ReselectColumns{KeepNulls: true, KeepUnchanged: true},
		"ReselectColumns: Exclude: must be empty":                                   debezium.ReselectColumns{Include: []*regexp.Regexp{any}, Exclude: []*regexp.Regexp{any}},
		"SchemaChangeEventFilter: Exclude: must have one at least":                  debezium.SchemaChangeEventFilter{},
		`SchemaChangeEventFilter: Exclude: "drop" is none of`:                       debezium.SchemaChangeEventFilter{Exclude: []debezium.SchemaChange{"drop"}},
		"TimezoneConverter: Exclude: must be empty where Include is not":            debezium.TimezoneConverter{Zone: time.UTC, Include: []string{"source:a"}, Exclude: []string{"source:b"}},
		`TimezoneConverter: Include: ["a"] must be rules of the forms source:table`: debezium.TimezoneConverter{Zone: time.UTC, Include: []string{"a"}},
		"TimezoneConverter: Zone: must be set":                                      debezium.TimezoneConverter{},
	} {
		_, err := c.New()
		var option *transform.OptionError
		require.ErrorAs(t, err, &option, want)
		assert.ErrorContains(t, err, want)
	}
}
