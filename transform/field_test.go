package transform_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

func TestBadOptionsAreNamed(t *testing.T) {
	type made struct {
		t   transform.Transform
		err error
	}
	of := func(t transform.Transform, err error) made { return made{t, err} }
	for want, m := range map[string]made{
		"Fields: must name one at least, unless Whole is there": of(transform.Cast{}.New()),
		"Whole: nothing can be cast to bytes":                   of(transform.Cast{Whole: tailrace.TypeBytes}.New()),
		"Whole: has no place beside Fields":                     of(transform.Cast{Whole: tailrace.TypeInt8, Fields: map[string]tailrace.Type{"a": tailrace.TypeInt8}}.New()),
		"Fields: a: nothing can be cast to struct":              of(transform.Cast{Fields: map[string]tailrace.Type{"a": tailrace.TypeStruct}}.New()),
		"Path: must lead to a field":                            of(transform.ExtractField{}.New()),
		"Of: part(2) is neither Value nor Key":                  of(transform.Flatten{Of: 2}.New()),
		"Headers: must name as many as Fields":                  of(transform.HeaderFrom{Fields: []string{"a"}}.New()),
		"Field: must name the field":                            of(transform.HoistField{}.New()),
		"Topic: must name a field, unless":                      of(transform.InsertField{}.New()),
		`Offset: "!" names no field`:                            of(transform.InsertField{Offset: "!"}.New()),
		"Static: must name the field for StaticValue":           of(transform.InsertField{Topic: "t", StaticValue: "x"}.New()),
		"Fields: must name one at least":                        of(transform.MaskField{}.New()),
		`Fields: "a" is there twice`:                            of(transform.MaskField{Fields: []string{"a", "a"}}.New()),
		`Rename: both "a" and "b" become "c"`:                   of(transform.ReplaceField{Rename: map[string]string{"a": "c", "b": "c"}}.New()),
		`Rename: "a" has no new name`:                           of(transform.ReplaceField{Rename: map[string]string{"a": ""}}.New()),
		"Exclude: an empty name":                                of(transform.ReplaceField{Exclude: []string{""}}.New()),
		"Name: must be there, unless Version is":                of(transform.SetSchemaMetadata{}.New()),
		"To: must be one of the forms":                          of(transform.TimestampConverter{}.New()),
		"Unix: 1m0s is neither a second nor":                    of(transform.TimestampConverter{To: transform.UnixTimestamp, Unix: 60e9}.New()),
		"Format: must be there, to write text":                  of(transform.TimestampConverter{To: transform.TextTimestamp}.New()),
		"Format: the pattern \"jj\" has the letter j":           of(transform.TimestampRouter{Format: "jj"}.New()),
		"Fields: must name one at least ":                       of(transform.ValueToKey{}.New()),
	} {
		var option *transform.OptionError
		if assert.ErrorAs(t, m.err, &option, want) {
			assert.ErrorContains(t, m.err, strings.TrimSpace(want))
		}
	}
}

// A column that the log did not carry is still one behind every transform.
func TestUnchangedColumnsPassThrough(t *testing.T) {
	schema := tailrace.NewSchema(tailrace.TypeStruct).
		Field("a", tailrace.NewSchema(tailrace.TypeString).Default(tailrace.String("x")).MustBuild()).
		Field("b", tailrace.NewSchema(tailrace.TypeStruct).Field("c", tailrace.Int8Schema).Field("d", tailrace.Int8Schema).MustBuild()).
		MustBuild()
	fields := []string{"a"}
	for name, tr := range map[string]transform.Transform{
		"Cast":               transform.Must(transform.Cast{Fields: map[string]tailrace.Type{"a": tailrace.TypeBoolean}}.New()),
		"ExtractField":       transform.Must(transform.ExtractField{Path: fields}.New()),
		"Flatten":            transform.Must(transform.Flatten{}.New()),
		"HeaderFrom":         transform.Must(transform.HeaderFrom{Fields: fields, Headers: fields}.New()),
		"InsertField":        transform.Must(transform.InsertField{Topic: "t"}.New()),
		"MaskField":          transform.Must(transform.MaskField{Fields: fields}.New()),
		"ReplaceField":       transform.Must(transform.ReplaceField{Include: []string{"a"}}.New()),
		"SetSchemaMetadata":  transform.Must(transform.SetSchemaMetadata{Name: "n"}.New()),
		"TimestampConverter": transform.Must(transform.TimestampConverter{Field: "a", To: transform.UnixTimestamp}.New()),
		"ValueToKey":         transform.Must(transform.ValueToKey{Fields: fields}.New()),
	} {
		old := []tailrace.Value{tailrace.Unchanged(), tailrace.Unchanged()}
		r := tailrace.Record{Topic: "t", ValueSchema: schema, Value: tailrace.StructOf(old)}
		keep, err := tr.Apply(&r)
		require.NoError(t, err, name)
		assert.True(t, keep, name)
		switch name {
		case "ExtractField":
			assert.True(t, r.Value.IsUnchanged(), name)
		case "HeaderFrom":
			assert.True(t, r.Headers[0].Value.IsUnchanged(), name)
		case "ValueToKey":
			assert.True(t, r.Key.Fields()[0].IsUnchanged(), name)
		case "Flatten":
			require.Len(t, r.Value.Fields(), 3)
			for _, v := range r.Value.Fields() {
				assert.True(t, v.IsUnchanged(), name)
			}
		default:
			assert.True(t, r.Value.Fields()[0].IsUnchanged(), name)
		}
	}
}

func TestTransformsLeaveTheMemoryOfOldValuesAlone(t *testing.T) {
	for _, tr := range []transform.Transform{
		transform.Must(transform.Cast{Fields: map[string]tailrace.Type{"id": tailrace.TypeString}}.New()),
		transform.Must(transform.MaskField{Fields: []string{"id"}}.New()),
		transform.Must(transform.InsertField{Topic: "id2"}.New()),
		transform.Must(transform.HeaderFrom{Fields: []string{"id"}, Headers: []string{"h"}, Move: true}.New()),
		transform.Must(transform.TimestampConverter{Field: "id", To: transform.TextTimestamp, Format: "yyyy"}.New()),
		transform.InsertHeader("h", nil, tailrace.Int8(1)),
		transform.DropHeaders("old"),
	} {
		for _, schemaless := range []bool{false, true} {
			r := order()
			if schemaless {
				r.ValueSchema, r.Value = nil, tailrace.Map([]tailrace.Value{tailrace.String("id"), tailrace.Int64(7)})
			}
			r.Headers = append(make([]tailrace.Header, 0, 4), tailrace.Header{Key: "old"}, tailrace.Header{Key: "older"})
			was, headers := r, append([]tailrace.Header{}, r.Headers[:3]...)
			value := was.Value.String()
			_, err := tr.Apply(&r)
			require.NoError(t, err)
			assert.Equal(t, value, was.Value.String())
			assert.Equal(t, headers, was.Headers[:3])
		}
	}
}

func TestAStructOfOtherFieldsThanItsSchemaHasIsAnError(t *testing.T) {
	for _, tr := range []transform.Transform{
		transform.Must(transform.Cast{Fields: map[string]tailrace.Type{"id": tailrace.TypeString}}.New()),
		transform.Must(transform.ExtractField{Path: []string{"card"}}.New()),
		transform.Must(transform.Flatten{}.New()),
		transform.Must(transform.HeaderFrom{Fields: []string{"card"}, Headers: []string{"h"}}.New()),
		transform.Must(transform.InsertField{Topic: "x"}.New()),
		transform.Must(transform.MaskField{Fields: []string{"card"}}.New()),
		transform.Must(transform.ReplaceField{Exclude: []string{"id"}}.New()),
		transform.Must(transform.SetSchemaMetadata{Name: "n"}.New()),
		transform.Must(transform.TimestampConverter{Field: "created", To: transform.UnixTimestamp}.New()),
		transform.Must(transform.ValueToKey{Fields: []string{"card"}}.New()),
	} {
		r := order()
		r.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int64(1)})
		_, err := tr.Apply(&r)
		assert.ErrorContains(t, err, "the value has 1 fields and its schema 4")
	}
}

func TestADerivedSchemaIsMadeOnce(t *testing.T) {
	tr := transform.Must(transform.ReplaceField{Exclude: []string{"card"}}.New())
	first := order()
	_, err := tr.Apply(&first)
	require.NoError(t, err)
	var wg sync.WaitGroup
	schema := order().ValueSchema
	got := make([]*tailrace.Schema, 64)
	for i := range got {
		wg.Go(func() {
			r := order()
			r.ValueSchema = schema
			_, err := tr.Apply(&r)
			assert.NoError(t, err)
			got[i] = r.ValueSchema
		})
	}
	wg.Wait()
	for _, s := range got {
		assert.Same(t, got[0], s)
	}
	assert.True(t, first.ValueSchema.Equal(got[0]))
}

func TestAFloodOfSchemasIsTransformedToo(t *testing.T) {
	tr := transform.Must(transform.HoistField{Field: "f"}.New())
	for range 3000 {
		s := tailrace.NewSchema(tailrace.TypeInt8).MustBuild()
		r := tailrace.Record{ValueSchema: s, Value: tailrace.Int8(1)}
		_, err := tr.Apply(&r)
		require.NoError(t, err)
		f, _ := r.ValueSchema.Field("f")
		require.Same(t, s, f.Schema)
	}
}

// A year of two digits lies between 80 years ago and 20 years ahead.
func TestYearsOfTwoDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // here it is 2000-01-01
		tr := transform.Must(transform.TimestampConverter{To: transform.TextTimestamp, Format: "yy-MM-dd"}.New())
		back := transform.Must(transform.TimestampConverter{To: transform.ConnectDate, Format: "yy-MM-dd"}.New())
		for text, year := range map[string]int64{"20-01-01": 1920, "19-12-31": 2019, "00-01-01": 2000, "99-01-01": 1999, "20-12-31": 1920} {
			r := tailrace.Record{ValueSchema: tailrace.StringSchema, Value: tailrace.String(text)}
			_, err := back.Apply(&r)
			require.NoError(t, err)
			at, err := tailrace.AsTime(r.ValueSchema, r.Value)
			require.NoError(t, err)
			assert.EqualValues(t, year, at.Year(), text)
			_, err = tr.Apply(&r)
			require.NoError(t, err)
			assert.Equal(t, text, r.Value.Text())
		}
	})
}
