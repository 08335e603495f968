package tailrace_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	. "github.com/tailrace-io/tailrace"
)

// person builds a schema with everything that a schema can have.
func person() *SchemaBuilder {
	return NewSchema(TypeStruct).Name("shop.people.Value").Version(3).Doc("people").Optional().
		Parameter("a", "1").Parameter("b", "2").
		Field("id", Int64Schema).
		Field("name", NewSchema(TypeString).Default(String("nobody")).MustBuild()).
		Field("tags", NewSchema(TypeArray).Elem(OptionalStringSchema).Optional().MustBuild()).
		Field("counts", NewSchema(TypeMap).Key(StringSchema).Elem(Int32Schema).Optional().MustBuild())
}

func TestASchemaHasWhatItWasBuiltWith(t *testing.T) {
	s := person().MustBuild()
	assert.Equal(t, TypeStruct, s.Type())
	assert.True(t, s.Optional())
	assert.Equal(t, "shop.people.Value", s.Name())
	version, ok := s.Version()
	assert.Equal(t, 3, version)
	assert.True(t, ok)
	assert.Equal(t, "people", s.Doc())
	assert.Equal(t, []Parameter{{"a", "1"}, {"b", "2"}}, s.Parameters())
	b, ok := s.Parameter("b")
	assert.Equal(t, "2", b)
	assert.True(t, ok)
	_, ok = s.Parameter("c")
	assert.False(t, ok)
	require.Len(t, s.Fields(), 4)
	for i, f := range s.Fields() {
		assert.Equal(t, i, f.Index)
	}
	name, ok := s.Field("name")
	require.True(t, ok)
	def, ok := name.Schema.Default()
	assert.Equal(t, "nobody", def.Text())
	assert.True(t, ok)
	_, ok = s.Field("Name")
	assert.False(t, ok)
	counts, _ := s.Field("counts")
	assert.Same(t, StringSchema, counts.Schema.Key())
	assert.Same(t, Int32Schema, counts.Schema.Elem())
	_, ok = Int8Schema.Version()
	assert.False(t, ok)
	_, ok = Int8Schema.Default()
	assert.False(t, ok)
}

func TestAWideSchemaFindsItsFieldsToo(t *testing.T) {
	b := NewSchema(TypeStruct)
	for i := range 100 {
		b.Field(fmt.Sprint("c", i), Int64Schema)
	}
	s := b.MustBuild()
	for i := range 100 {
		f, ok := s.Field(fmt.Sprint("c", i))
		require.True(t, ok)
		require.Equal(t, i, f.Index)
	}
	_, ok := s.Field("c100")
	assert.False(t, ok)
}

func TestSchemasAreEqualInEveryRespectOrNotAtAll(t *testing.T) {
	s := person().MustBuild()
	assert.True(t, s.Equal(s))
	assert.True(t, s.Equal(person().MustBuild()))
	assert.True(t, (*Schema)(nil).Equal(nil))
	assert.False(t, s.Equal(nil))
	assert.False(t, (*Schema)(nil).Equal(s))
	for what, b := range map[string]*SchemaBuilder{
		"optional": person().Required(), "name": person().Name("x"), "version": person().Version(4), "doc": person().Doc(""),
		"parameter": person().Parameter("b", "3"), "more parameters": person().Parameter("c", "3"), "field": person().Field("x", Int8Schema),
		"default": person().Default(Value{}),
	} {
		other := b.MustBuild()
		assert.False(t, s.Equal(other), what)
		assert.False(t, other.Equal(s), what)
	}
	field := func(name string, s *Schema) *Schema { return NewSchema(TypeStruct).Field(name, s).MustBuild() }
	assert.False(t, field("a", Int8Schema).Equal(field("b", Int8Schema)))
	assert.False(t, field("a", Int8Schema).Equal(field("a", OptionalInt8Schema)))
	swapped := NewSchema(TypeInt8).Parameter("b", "2").Parameter("a", "1").MustBuild()
	assert.True(t, swapped.Equal(NewSchema(TypeInt8).Parameter("a", "1").Parameter("b", "2").MustBuild()), "the order of parameters does not count")
}

func TestABuilderOfASchemaStartsFromAllOfIt(t *testing.T) {
	s := person().MustBuild()
	assert.True(t, s.Equal(s.Builder().MustBuild()))
	more := s.Builder().Field("age", Int8Schema).Parameter("a", "9").MustBuild()
	assert.Len(t, more.Fields(), 5)
	assert.Len(t, s.Fields(), 4, "the schema itself is as it was")
	assert.Equal(t, "1", s.Parameters()[0].Value)
}

func TestOneBuilderCanBuildTwice(t *testing.T) {
	b := NewSchema(TypeStruct).Field("a", Int8Schema)
	first := b.MustBuild()
	second := b.Field("b", Int8Schema).MustBuild()
	assert.Len(t, first.Fields(), 1)
	assert.Len(t, second.Fields(), 2)
}

func TestBuildSaysEverythingThatIsWrongAtOnce(t *testing.T) {
	for says, b := range map[string]*SchemaBuilder{
		"cannot have the type null":                          NewSchema(TypeNull),
		"cannot have the type unchanged":                     NewSchema(TypeUnchanged),
		"cannot have the type type(99)":                      NewSchema(Type(99)),
		"of type int8 has no fields":                         NewSchema(TypeInt8).Field("a", Int8Schema),
		"an element schema belongs to an array":              NewSchema(TypeArray),
		"and to nothing else; the type is string":            NewSchema(TypeString).Elem(Int8Schema),
		"a key schema belongs to a map":                      NewSchema(TypeMap).Elem(Int8Schema),
		`the field "a" is there twice`:                       NewSchema(TypeStruct).Field("a", Int8Schema).Field("a", Int8Schema),
		`the field "a" has no schema`:                        NewSchema(TypeStruct).Field("a", nil),
		"the default: string where the schema requires int8": NewSchema(TypeInt8).Default(String("x")),
	} {
		_, err := b.Build()
		assert.ErrorContains(t, err, says)
		assert.Panics(t, func() { b.MustBuild() })
	}
	_, err := NewSchema(TypeStruct).Name("shop").Field("a", nil).Elem(Int8Schema).Build()
	require.ErrorContains(t, err, "schema shop: ")
	assert.ErrorContains(t, err, "has no schema")
	assert.ErrorContains(t, err, "an element schema")
}

func TestValidateAcceptsWhatTheSchemaDescribesAndSaysWhereItIsNotSo(t *testing.T) {
	s := person().MustBuild()
	good := []Value{Int64(1), String("ann"), Array([]Value{String("x"), {}}), Map([]Value{String("k"), Int32(1)})}
	with := func(i int, v Value) Value {
		vs := append([]Value{}, good...)
		vs[i] = v
		return StructOf(vs)
	}
	for _, v := range []Value{StructOf(good), {}, Unchanged(), with(0, Unchanged()), with(1, Value{}), with(2, Value{})} {
		assert.NoError(t, s.Validate(v), v)
	}
	for says, v := range map[string]Value{
		"int8 where the schema shop.people.Value requires struct":      Int8(1),
		"1 fields where the schema shop.people.Value has 4":            StructOf([]Value{Int64(1)}),
		"field id: null where the schema requires int64":               with(0, Value{}),
		"field id: int32 where the schema requires int64":              with(0, Int32(1)),
		"field tags: element 1: int8 where the schema requires string": with(2, Array([]Value{{}, Int8(1)})),
		"field counts: entry 0: null where the schema requires int32":  with(3, Map([]Value{String("k"), {}})),
		"field counts: entry 1: null where the schema requires string": with(3, Map([]Value{String("k"), Int32(1), {}, Int32(1)})),
	} {
		assert.EqualError(t, s.Validate(v), says)
	}
	assert.NoError(t, (*Schema)(nil).Validate(Int8(1)), "schemaless data is not described")
}

func TestASchemaCanBeUsedFromManyGoroutines(t *testing.T) {
	row := orderRow()
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 100 {
				var dst order
				assert.NoError(t, row.Decode(&dst))
			}
		})
	}
	running.Wait()
}
