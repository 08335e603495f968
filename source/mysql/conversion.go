package mysql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// Conversion gives values of columns another type than the column's own, in keys
// too. Of several that choose a column the first counts.
type Conversion struct {
	// Columns are regular expressions for names such as shop.orders.paid. They
	// match as those of a Filter do. Nil chooses all columns.
	Columns []string

	// To is what values become.
	To ConversionType

	// AnyWidth has ConvertFlag take every TINYINT, and not only TINYINT(1).
	AnyWidth bool
}

// ConversionType is what a Conversion makes of values.
type ConversionType string

const (
	// ConvertFlag makes booleans of TINYINT(1): true above 0. It leaves other
	// columns alone. Debezium's TinyIntOneToBooleanConverter.
	ConvertFlag ConversionType = "flag"

	// ConvertInt16, ConvertFloat64, ConvertFloat32 and ConvertString are
	// Debezium's JdbcSinkDataTypesConverter. Columns that they cannot convert are
	// an error.
	ConvertInt16   ConversionType = "int16"   // 1 of numbers above 0, of BIT(1) and of the texts true and 1; else 0
	ConvertFloat64 ConversionType = "float64" // of numbers
	ConvertFloat32 ConversionType = "float32" // of numbers
	ConvertString  ConversionType = "string"  // of texts, ENUM, SET and JSON; the schema names the character set
)

// conversion is a Conversion that is ready for use.
type conversion struct {
	columns  envelope.Exprs
	all      bool
	to       ConversionType
	anyWidth bool
}

func compileConversions(all []Conversion) (out []conversion, err error) {
	for _, c := range all {
		if err := oneOf("Conversions: To", c.To, ConvertFlag, ConvertInt16, ConvertFloat64, ConvertFloat32, ConvertString); err != nil {
			return nil, err
		}
		exprs, err := envelope.Compile("Conversions", c.Columns)
		if err != nil {
			return nil, err
		}
		out = append(out, conversion{exprs, c.Columns == nil, c.To, c.AnyWidth})
	}
	return out, nil
}

// conversion is what becomes of a column's values; "" for what its type says.
func (s *selection) conversion(id tableID, def *columnDefinition) ConversionType {
	for _, c := range s.conversions {
		if !c.all && !c.columns.Match(id.String()+"."+def.name) {
			continue
		}
		if length, _ := def.declaredLength(); c.to == ConvertFlag && (def.typ != "tinyint" || length != 1 && !c.anyWidth) {
			continue
		}
		return c.to
	}
	return ""
}

// convertedColumn chooses what becomes of a column whose values are converted.
func convertedColumn(s *Source, def *columnDefinition, to ConversionType) (column, error) {
	if to == "" {
		return newColumn(s, def)
	}
	plain := *s
	plain.Decimals, plain.UnsignedBigints = DecimalDouble, UnsignedBigintLong
	bare := *def
	bare.fallback, bare.computed = tailrace.Null[string]{}, false
	col, err := newColumn(&plain, &bare)
	if err != nil {
		return column{}, err
	}
	b, convert := to.of(col.schema, def)
	if b == nil {
		return column{}, fmt.Errorf("a %s cannot be converted to %s: leave the column out of Conversions", def.full, to)
	}
	col.converted = to == ConvertFlag || to == ConvertInt16
	read, fix := col.text, col.fix
	col.text = func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		v, err := read(slab, text)
		return convert(v), err
	}
	col.fix = func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value {
		if fix != nil {
			v = fix(slab, v)
		}
		return convert(v)
	}
	if def.nullable {
		b.Optional()
	}
	if err := col.fallback(b, def); err != nil {
		return column{}, err
	}
	col.schema, err = b.Build()
	return col, err
}

// of gives the schema and the values of columns of a schema, or nil where these
// cannot be converted.
func (to ConversionType) of(schema *tailrace.Schema, def *columnDefinition) (*tailrace.SchemaBuilder, func(tailrace.Value) tailrace.Value) {
	var number func(tailrace.Value) float64
	text := schema.Type() == tailrace.TypeString
	switch t := schema.Type(); {
	case schema.Name() != "" && !text:
	case t == tailrace.TypeFloat32, t == tailrace.TypeFloat64:
		number = tailrace.Value.Float
	case t == tailrace.TypeInt16, t == tailrace.TypeInt32, t == tailrace.TypeInt64:
		number = func(v tailrace.Value) float64 { return float64(v.Int()) }
	case t == tailrace.TypeBoolean:
		number = func(v tailrace.Value) float64 { return float64(truth(v.Bool())) }
	}
	given := func(convert func(tailrace.Value) tailrace.Value) func(tailrace.Value) tailrace.Value {
		return func(v tailrace.Value) tailrace.Value {
			if v.IsNull() || v.IsUnchanged() {
				return v
			}
			return convert(v)
		}
	}
	switch {
	case to == ConvertFlag && number != nil:
		return tailrace.NewSchema(tailrace.TypeBoolean), given(func(v tailrace.Value) tailrace.Value { return tailrace.Boolean(number(v) > 0) })
	case to == ConvertInt16 && number != nil:
		return tailrace.NewSchema(tailrace.TypeInt16), given(func(v tailrace.Value) tailrace.Value { return tailrace.Int16(truth(number(v) >= 1)) })
	case to == ConvertInt16 && text:
		return tailrace.NewSchema(tailrace.TypeInt16), given(func(v tailrace.Value) tailrace.Value { return tailrace.Int16(truth(isTrue(v.Text()))) })
	case to == ConvertFloat64 && number != nil:
		return tailrace.NewSchema(tailrace.TypeFloat64), given(func(v tailrace.Value) tailrace.Value { return tailrace.Float64(number(v)) })
	case to == ConvertFloat32 && number != nil:
		return tailrace.NewSchema(tailrace.TypeFloat32), given(func(v tailrace.Value) tailrace.Value { return tailrace.Float32(float32(number(v))) })
	case to == ConvertString && text:
		b := tailrace.NewSchema(tailrace.TypeString)
		if def.charset != "" {
			b.Parameter("__debezium.source.column.character_set", def.charset)
		}
		return b, given(func(v tailrace.Value) tailrace.Value { return v })
	}
	return nil, nil
}

func truth(b bool) int16 {
	if b {
		return 1
	}
	return 0
}

func isTrue(text string) bool {
	if n, err := strconv.Atoi(text); err == nil {
		return n > 0
	}
	return strings.EqualFold(text, "true")
}

// The classes of Debezium's converters, without their packages.
const (
	flagConverter = "TinyIntOneToBooleanConverter"
	sinkConverter = "JdbcSinkDataTypesConverter"
)

func converterProperties() property.Table {
	return property.Table{{Key: "converters", Type: property.List,
		Doc: "Names of converters of columns. `NAME.type` is `io.debezium.connector.binlog.converters." + flagConverter + "`, which makes booleans of TINYINT(1), " +
			"with `NAME.selector` (all) and `NAME.length.checker` (true), or `io.debezium.connector.binlog.converters." + sinkConverter + "`, " +
			"with `NAME.selector.boolean`, `NAME.selector.real`, `NAME.selector.string` (none) and `NAME.treat.real.as.double` (true)."}}
}

// conversionsOf reads converters and what belongs to them.
func conversionsOf(p *property.Set) (out []Conversion) {
	for _, name := range p.List("converters") {
		of := p.Sub(name + ".").Use(property.Table{
			{Key: "type", Required: true, Doc: "The converter's class."},
			{Key: "selector", Type: property.Regexps, Doc: "The columns that become booleans."},
			{Key: "length.checker", Type: property.Bool, Default: "true", Doc: "Whether only TINYINT(1) does."},
			{Key: "selector.boolean", Type: property.Regexps, Doc: "The columns that become 0 or 1."},
			{Key: "selector.real", Type: property.Regexps, Doc: "The columns that become floating-point numbers."},
			{Key: "selector.string", Type: property.Regexps, Doc: "The columns that become strings."},
			{Key: "treat.real.as.double", Type: property.Bool, Default: "true", Doc: "Whether such numbers have 64 bits."},
		})
		class := of.String("type")
		in, simple, _ := strings.Cut(class, "converters.")
		known := slices.Contains([]string{"io.debezium.connector.binlog.", "io.debezium.connector.mysql."}, in)
		switch {
		case class == "": // which is said already
		case known && simple == flagConverter:
			out = append(out, Conversion{Columns: envelope.ExprsOf(of, "selector"), To: ConvertFlag, AnyWidth: !of.Bool("length.checker")})
		case known && simple == sinkConverter:
			real := ConvertFloat64
			if !of.Bool("treat.real.as.double") {
				real = ConvertFloat32
			}
			for _, c := range []Conversion{
				{Columns: envelope.ExprsOf(of, "selector.boolean"), To: ConvertInt16},
				{Columns: envelope.ExprsOf(of, "selector.real"), To: real},
				{Columns: envelope.ExprsOf(of, "selector.string"), To: ConvertString},
			} {
				if c.Columns != nil {
					out = append(out, c)
				}
			}
		default:
			of.Errorf("type", "%s: no such converter; there are %s and %s in io.debezium.connector.binlog.converters; do what a class of your own does in a transform", class, flagConverter, sinkConverter)
			of.Take()
		}
	}
	return out
}
