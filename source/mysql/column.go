package mysql

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// column is what becomes of a column: its schema, how its value is decoded from
// the log, and how from the text of a statement's row.
type column struct {
	name   string
	schema *tailrace.Schema
	spec   binlog.ColumnSpec
	text   textReader

	// exact has statements ask for all digits of a FLOAT: of one as it is the
	// server sends six.
	exact bool

	// converted says that values of different rows may have become the same.
	converted bool

	// fix changes what the log gave; nil leaves values as they are.
	fix func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value
}

// selected is what a statement asks for to read the column.
func (col *column) selected() string {
	if col.exact {
		return "1e0*" + quoteName(col.name)
	}
	return quoteName(col.name)
}

// newColumn chooses what becomes of a column. This is the one table of types.
func newColumn(s *Source, def *columnDefinition) (column, error) {
	col := column{name: def.name}
	var b *tailrace.SchemaBuilder
	switch def.typ {
	case "tinyint", "smallint", "mediumint", "int", "integer", "bigint":
		b = col.integer(s, def)
	case "year":
		b, col.text = tailrace.Semantic(tailrace.YearName), readInteger(tailrace.TypeInt32)
	case "float", "double", "real":
		b = col.floating(def)
	case "decimal", "numeric":
		b = col.decimal(s, def)
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		b, col.text, col.spec.Charset = tailrace.NewSchema(tailrace.TypeString), readString, def.charset
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		b = col.bytes(s.Binaries)
	case "bit":
		b = col.bits(def)
	case "enum", "set":
		b = col.labels(def)
	case "json":
		b, col.text = tailrace.Semantic(tailrace.JSONName), readString
	case "date", "datetime", "time", "timestamp":
		b = col.temporal(s.Times, def)
	case "point":
		b, col.text = pointSchema(), readPoint
	case "geometry", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection":
		b, col.text = geometrySchema(), readGeometry
	case "vector":
		b, col.text, col.fix = tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.Float32Schema).Name(tailrace.FloatVectorName).Version(1), readVector, fixVector
	case "uuid":
		b = col.own(tailrace.Semantic(tailrace.UUIDName), 16, appendUUID)
	case "inet4":
		b = col.own(tailrace.NewSchema(tailrace.TypeString), 4, appendINET4)
	case "inet6":
		b = col.own(tailrace.NewSchema(tailrace.TypeString), 16, appendINET6)
	default:
		return column{}, fmt.Errorf("columns of type %s are not supported yet: leave it out by Columns", def.full)
	}
	if def.nullable {
		b.Optional()
	}
	if err := col.fallback(b, def); err != nil {
		return column{}, err
	}
	var err error
	col.schema, err = b.Build()
	return col, err
}

// integer chooses the smallest type that holds the column's numbers, with
// TINYINT as int16.
func (col *column) integer(s *Source, def *columnDefinition) *tailrace.SchemaBuilder {
	t := tailrace.TypeInt64
	switch {
	case def.typ == "tinyint", def.typ == "smallint" && !def.unsigned:
		t = tailrace.TypeInt16
	case def.typ == "smallint", def.typ == "mediumint", def.typ != "bigint" && !def.unsigned:
		t = tailrace.TypeInt32
	}
	col.spec.Type, col.spec.Unsigned = t, def.unsigned
	if def.typ == "bigint" && def.unsigned && s.UnsignedBigints == UnsignedBigintPrecise {
		col.spec.Form, col.spec.Type, col.text = binlog.Unscaled, 0, readDecimal
		return tailrace.DecimalSchema(0).Parameter("connect.decimal.precision", "20")
	}
	col.text = readInteger(t)
	return tailrace.NewSchema(t)
}

// floating gives float32 for a FLOAT that the server keeps in 32 bits without a
// precision of its own, and float64 for all others.
func (col *column) floating(def *columnDefinition) *tailrace.SchemaBuilder {
	switch {
	case def.typ != "float":
		col.text, col.spec.Type = readFloat(tailrace.TypeFloat64), tailrace.TypeFloat64
	case def.scale >= 0:
		col.text, col.spec.Type = readFloatAsDouble, tailrace.TypeFloat64
	default:
		col.exact = true
		col.text, col.spec.Type = readFloat(tailrace.TypeFloat32), tailrace.TypeFloat32
	}
	return tailrace.NewSchema(col.spec.Type)
}

func (col *column) decimal(s *Source, def *columnDefinition) *tailrace.SchemaBuilder {
	switch s.Decimals {
	case DecimalDouble:
		col.text, col.spec.Form = readFloat(tailrace.TypeFloat64), binlog.Float
		return tailrace.NewSchema(tailrace.TypeFloat64)
	case DecimalString:
		col.text, col.spec.Form = readString, binlog.Text
		return tailrace.NewSchema(tailrace.TypeString)
	}
	col.text = readDecimal
	return tailrace.DecimalSchema(max(def.scale, 0)).Parameter("connect.decimal.precision", strconv.Itoa(def.precision))
}

func (col *column) bytes(mode BinaryMode) *tailrace.SchemaBuilder {
	if mode == BinaryBytes {
		col.text = readBytes
		return tailrace.NewSchema(tailrace.TypeBytes)
	}
	col.fix = func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value {
		if v.Type() != tailrace.TypeBytes {
			return v
		}
		return mode.encoded(slab, v.Bytes())
	}
	col.text = func(slab *tailrace.Slab, raw []byte) (tailrace.Value, error) { return mode.encoded(slab, raw), nil }
	return tailrace.NewSchema(tailrace.TypeString)
}

func (col *column) bits(def *columnDefinition) *tailrace.SchemaBuilder {
	if def.precision == 1 {
		col.text = readBoolean
		return tailrace.NewSchema(tailrace.TypeBoolean)
	}
	col.text = readBits
	return tailrace.Semantic(tailrace.BitsName).Parameter("length", strconv.Itoa(def.precision))
}

func (col *column) labels(def *columnDefinition) *tailrace.SchemaBuilder {
	allowed := make([]string, len(def.labels))
	col.spec.Labels = make([]tailrace.Value, len(def.labels))
	for i, label := range def.labels {
		allowed[i] = strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(label)
		col.spec.Labels[i] = tailrace.String(label)
	}
	col.text = readString
	name := tailrace.EnumName
	if def.typ == "set" {
		name = tailrace.EnumSetName
	}
	return tailrace.Semantic(name).Parameter("allowed", strings.Join(allowed, ","))
}

// The geometry's schemas, whose docs are Debezium's.
func geometrySchema() *tailrace.SchemaBuilder {
	return tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.GeometryName).Version(1).Doc("Geometry").
		Field("wkb", tailrace.BytesSchema).Field("srid", tailrace.OptionalInt32Schema)
}

func pointSchema() *tailrace.SchemaBuilder {
	return tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.PointName).Version(1).Doc("Geometry (POINT)").
		Field("x", tailrace.Float64Schema).Field("y", tailrace.Float64Schema).
		Field("wkb", tailrace.OptionalBytesSchema).Field("srid", tailrace.OptionalInt32Schema)
}

// fallback sets the schema's default to the column's. One that the server
// computes, such as CURRENT_TIMESTAMP, is the epoch where the column is a
// DATETIME, or a TIMESTAMP that must not be null, and none otherwise.
func (col *column) fallback(b *tailrace.SchemaBuilder, def *columnDefinition) error {
	text := def.fallback.V
	switch {
	case def.computed && (def.typ == "datetime" || def.typ == "timestamp" && !def.nullable):
		text = "1970-01-01 00:00:00"
	case !def.fallback.Valid, def.typ == "uuid": // of which Debezium has none
		return nil
	}
	raw, err := def.literal(text)
	if err != nil {
		return fmt.Errorf("column %s: the default: %w", def.name, err)
	}
	var slab tailrace.Slab
	read := col.text
	if def.typ == "timestamp" {
		read = readZoned(def.zero(tailrace.String("1970-01-01T00:00:00Z")))
	}
	v, err := read(&slab, raw)
	if err != nil {
		return fmt.Errorf("column %s: the default: %w", def.name, err)
	}
	if !v.IsNull() {
		b.Default(v)
	}
	return nil
}

// literal gives the bytes that a row has for the text of a default.
func (def *columnDefinition) literal(text string) ([]byte, error) {
	switch {
	case def.typ == "bit":
		digits := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(text), "b'"), "'")
		n, err := strconv.ParseUint(digits, 2, 64)
		if err != nil {
			return nil, errNoNumber
		}
		out := make([]byte, (def.precision+7)/8)
		for i := range out {
			out[len(out)-1-i] = byte(n >> (8 * i))
		}
		return out, nil
	case (def.typ == "binary" || def.typ == "varbinary") && strings.HasPrefix(text, "0x"):
		out, err := hex.DecodeString(text[2:])
		if err != nil {
			return nil, errNoNumber
		}
		if def.typ == "binary" && len(out) < def.length {
			out = append(out, make([]byte, def.length-len(out))...)
		}
		return out, nil
	}
	return []byte(text), nil
}
