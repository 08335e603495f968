package postgres

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// decoder makes a value of PostgreSQL's text, of which it keeps nothing.
type decoder func(slab *tailrace.Slab, text []byte) (tailrace.Value, error)

// column is how the values of a column are made.
type column struct {
	name   string
	schema *tailrace.Schema
	decode decoder
	binary decoder // of the binary form; nil where that is not known, or not asked for
	copied bool    // decode makes a string of the text as it is

	// zero stands in an old row for a value that the log does not carry: of a
	// required column it is its type's zero, as Debezium has it.
	zero tailrace.Value
}

// plan is how the values of a type are made.
type plan struct {
	schema *tailrace.SchemaBuilder
	decode decoder
	zero   tailrace.Value
	absent tailrace.Value // in old rows, where it is another than zero

	literals bool // a default that is a literal is shown in the schema
	copied   bool // decode is copyText

	unit   int64 // of a timestamp that is a number: how many microseconds one is; 0 for others
	digits int   // of a timestamp with a zone: how many are behind the point
}

// newColumn plans a column; ok is false where its type is not known and columns
// of such types are left out.
func newColumn(s *Source, types *types, def *columnDefinition) (c column, ok bool, err error) {
	typ, modifier := types.base(def.typ, def.modifier)
	p, ok := s.planOf(types, typ, modifier)
	switch {
	case s.UnknownTypes && (!ok || !types.inDebezium(typ)):
		p = plan{schema: tailrace.NewSchema(tailrace.TypeBytes), decode: copyBytes, zero: tailrace.Bytes([]byte{})}
	case !ok:
		return c, false, nil
	}
	required := def.required || types.isRequired(def.typ)
	if typ != nil && typ.name == "numeric" && required && s.Decimals == DecimalPrecise {
		p.decode = aNumber(p.decode)
	}
	c = column{name: def.name, decode: p.decode, copied: p.copied}
	if s.Binary {
		if text := types.binaryText(types.byOID[def.typ]); text != nil {
			if c.binary = directly(typ, &p); c.binary == nil {
				c.binary = fromBinary(text, p.decode)
			}
		}
	}
	if !required {
		p.schema.Optional()
	} else if c.zero = p.zero; !p.absent.IsNull() {
		c.zero = p.absent
	}
	if v, ok := p.defaultOf(def); ok {
		p.schema.Default(v)
		if required {
			c.zero = v
		}
	}
	c.schema, err = p.schema.Build()
	return c, true, err
}

// defaultOf gives the default that the schema shows: a literal's value, and of
// defaults that are worked out by a function, the type's zero.
func (p *plan) defaultOf(def *columnDefinition) (v tailrace.Value, ok bool) {
	if def.def == "" || def.identity || !p.literals {
		return v, false
	}
	text, literal, null := literalOf(def.def)
	if null {
		return v, false
	}
	if !literal {
		return p.zero, isFunction.MatchString(def.def)
	}
	var slab tailrace.Slab
	v, err := p.decode(&slab, []byte(text))
	return v, err == nil && !v.IsNull()
}

// isFunction matches expressions that call a function, or one that goes without
// parentheses.
var isFunction = regexp.MustCompile(`^(?:[\w.]+\(.*\)|(?i:CURRENT_\w+|SESSION_USER|USER|LOCALTIME\w*))(?:::.*)?$`)

// literalOf reads the expression of a default as PostgreSQL prints it, such as
// 'new'::character varying, 7, (-5) or true.
func literalOf(expr string) (text string, literal, null bool) {
	expr = strings.TrimSpace(expr)
	if strings.HasPrefix(expr, "NULL") {
		return "", true, true
	}
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(expr, "B"), "'"); ok {
		var out strings.Builder
		for i := 0; i < len(rest); i++ {
			if rest[i] != '\'' {
				out.WriteByte(rest[i])
			} else if i+1 < len(rest) && rest[i+1] == '\'' {
				out.WriteByte('\'')
				i++
			} else {
				return out.String(), rest[i+1:] == "" || strings.HasPrefix(rest[i+1:], "::"), false
			}
		}
		return "", false, false
	}
	bare := expr
	if i := strings.Index(bare, "::"); i >= 0 {
		bare = bare[:i]
	}
	bare = strings.Trim(bare, "()")
	switch bare {
	case "true":
		return "t", true, false
	case "false":
		return "f", true, false
	}
	if f, err := strconv.ParseFloat(bare, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return bare, true, false
	}
	return "", false, false
}

func simple(t tailrace.Type, zero tailrace.Value, d decoder) (plan, bool) {
	return plan{schema: tailrace.NewSchema(t), decode: d, zero: zero, literals: true}, true
}

func text(name string, zero string) (plan, bool) {
	b := tailrace.NewSchema(tailrace.TypeString)
	if name != "" {
		b = tailrace.Semantic(name)
	}
	return plan{schema: b, decode: copyText, zero: tailrace.String(zero), absent: tailrace.String(""), literals: true, copied: true}, true
}

// bareText is for types whose defaults are not shown.
func bareText() (plan, bool) {
	return plan{schema: tailrace.NewSchema(tailrace.TypeString), decode: copyText, zero: tailrace.String(""), copied: true}, true
}

// planOf plans a type; ok is false where it is not known.
func (s *Source) planOf(types *types, t *pgType, modifier int32) (plan, bool) {
	switch {
	case t == nil:
		return plan{}, false
	case t.array && t.elem != 0 && t.name != "int2vector" && t.name != "oidvector":
		return s.arrayPlan(types, t, modifier)
	case t.kind == 'e':
		b := tailrace.Semantic(tailrace.EnumName).Parameter("allowed", strings.Join(t.labels, ","))
		zero := ""
		if len(t.labels) > 0 {
			zero = t.labels[0]
		}
		return plan{schema: b, decode: types.enum(t), zero: tailrace.String(zero), absent: tailrace.String(""), literals: true}, true
	case t.kind == 'c':
		return s.compositePlan(types, t)
	case t.kind == 'r' || t.kind == 'm':
		return bareText()
	case t.kind != 'b':
		return plan{}, false
	}
	if p, ok := s.numberPlan(t, modifier); ok {
		return p, true
	}
	if p, ok := s.timePlan(t, modifier); ok {
		return p, true
	}
	return s.textPlan(t, modifier)
}

func (s *Source) numberPlan(t *pgType, modifier int32) (plan, bool) {
	switch t.name {
	case "bool":
		return simple(tailrace.TypeBoolean, tailrace.Boolean(false), decodeBool)
	case "int2":
		return simple(tailrace.TypeInt16, tailrace.Int16(0), integer(tailrace.TypeInt16))
	case "int4":
		return simple(tailrace.TypeInt32, tailrace.Int32(0), integer(tailrace.TypeInt32))
	case "int8":
		return simple(tailrace.TypeInt64, tailrace.Int64(0), integer(tailrace.TypeInt64))
	case "oid":
		return plan{schema: tailrace.NewSchema(tailrace.TypeInt64), decode: integer(tailrace.TypeInt64), zero: tailrace.Int64(0)}, true
	case "float4":
		return simple(tailrace.TypeFloat32, tailrace.Float32(0), decodeFloat32)
	case "float8":
		return simple(tailrace.TypeFloat64, tailrace.Float64(0), decodeFloat64)
	case "numeric":
		return s.numericPlan(modifier)
	case "money":
		return s.moneyPlan()
	}
	return plan{}, false
}

func (s *Source) numericPlan(modifier int32) (plan, bool) {
	precision, scale := -1, 0
	if modifier >= 4 {
		precision = int((modifier - 4) >> 16 & 0xffff)
		scale = int((modifier-4)&0x7ff^1024) - 1024
	}
	switch {
	case s.Decimals == DecimalDouble:
		return simple(tailrace.TypeFloat64, tailrace.Float64(0), decodeFloat64)
	case s.Decimals == DecimalString:
		zero := "0"
		if scale > 0 {
			zero += "." + strings.Repeat("0", scale)
		}
		return plan{schema: tailrace.NewSchema(tailrace.TypeString), decode: numericText(scale), zero: tailrace.String(zero), literals: true}, true
	case precision < 0:
		b := tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.VariableScaleName).Version(1).Doc("Variable scaled decimal").
			Field("scale", tailrace.Int32Schema).Field("value", tailrace.BytesSchema)
		zero := tailrace.StructOf([]tailrace.Value{tailrace.Int32(0), tailrace.Bytes([]byte{0})})
		return plan{schema: b, decode: decodeVariable, zero: zero}, true
	}
	b := tailrace.DecimalSchema(scale).Parameter("connect.decimal.precision", strconv.Itoa(precision))
	return plan{schema: b, decode: decimal(scale), zero: tailrace.Bytes([]byte{0}), literals: true}, true
}

func (s *Source) moneyPlan() (plan, bool) {
	scale := max(s.MoneyScale, 0)
	switch s.Decimals {
	case DecimalDouble:
		return plan{schema: tailrace.NewSchema(tailrace.TypeFloat64), decode: moneyFloat, zero: tailrace.Float64(0)}, true
	case DecimalString:
		return plan{schema: tailrace.NewSchema(tailrace.TypeString), decode: moneyText, zero: tailrace.String("0.00")}, true
	}
	return plan{schema: tailrace.DecimalSchema(scale), decode: moneyDecimal(scale), zero: tailrace.Bytes([]byte{0})}, true
}

func (s *Source) textPlan(t *pgType, modifier int32) (plan, bool) {
	switch t.name {
	case "text", "varchar", "bpchar", "char", "name", "citext":
		return text("", "")
	case "inet", "cidr", "macaddr", "macaddr8", "isbn", "isbn13", "issn", "issn13", "ismn", "ismn13", "ean13", "upc",
		"box", "lseg", "path", "polygon", "circle", "line":
		return bareText()
	case "json", "jsonb":
		return text(tailrace.JSONName, "{}")
	case "xml":
		return text(tailrace.XMLName, "")
	case "uuid":
		return text(tailrace.UUIDName, "00000000-0000-0000-0000-000000000000")
	case "ltree":
		return text(tailrace.LtreeName, "")
	case "tsvector":
		return text(tailrace.TsvectorName, "")
	case "hstore":
		if s.Hstores == HstoreMap {
			b := tailrace.NewSchema(tailrace.TypeMap).Key(tailrace.StringSchema).Elem(tailrace.OptionalStringSchema)
			return plan{schema: b, decode: hstoreMap, zero: tailrace.Map(nil)}, true
		}
		return plan{schema: tailrace.Semantic(tailrace.JSONName), decode: hstoreJSON, zero: tailrace.String("{}")}, true
	case "bytea":
		return s.byteaPlan()
	case "geometry":
		return spatialPlan(tailrace.GeometryName, "Geometry")
	case "geography":
		return spatialPlan(tailrace.GeographyName, "Geography")
	case "vector", "halfvec", "sparsevec":
		return vectorPlan(t.name)
	case "bit", "varbit":
		return bitPlan(t.name, modifier)
	case "point":
		b := tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.PointName).Version(1).
			Field("x", tailrace.Float64Schema).Field("y", tailrace.Float64Schema).
			Field("wkb", tailrace.OptionalBytesSchema).Field("srid", tailrace.OptionalInt32Schema)
		zero, err := decodePoint(new(tailrace.Slab), []byte("(0,0)"))
		return plan{schema: b.Doc("Geometry (POINT)"), decode: decodePoint, zero: zero}, err == nil
	}
	return plan{}, false
}

func (s *Source) byteaPlan() (plan, bool) {
	if s.Binaries == BinaryBytes {
		return plan{schema: tailrace.NewSchema(tailrace.TypeBytes), decode: decodeBytea, zero: tailrace.Bytes([]byte{})}, true
	}
	return plan{schema: tailrace.NewSchema(tailrace.TypeString), decode: byteaText(s.Binaries), zero: tailrace.String("")}, true
}

func bitPlan(name string, modifier int32) (plan, bool) {
	if name == "bit" && modifier == 1 {
		return simple(tailrace.TypeBoolean, tailrace.Boolean(false), decodeBit)
	}
	length := int64(modifier)
	if length < 0 {
		length = math.MaxInt32
	}
	b := tailrace.Semantic(tailrace.BitsName).Parameter("length", strconv.FormatInt(length, 10))
	return plan{schema: b, decode: decodeBits, zero: tailrace.Bytes([]byte{}), literals: true}, true
}

func (s *Source) arrayPlan(types *types, t *pgType, modifier int32) (plan, bool) {
	elem := types.byOID[t.elem]
	if elem == nil || elem.array {
		return plan{}, false
	}
	elem, modifier = types.base(t.elem, modifier)
	p, ok := s.planOf(types, elem, modifier)
	if !ok {
		return plan{}, false
	}
	schema, err := p.schema.Optional().Build()
	if err != nil {
		return plan{}, false
	}
	b := tailrace.NewSchema(tailrace.TypeArray).Elem(schema)
	return plan{schema: b, decode: array(p.decode), zero: tailrace.Array(nil)}, true
}

// errForm says that a text is not what the type prints; it does not show it.
var errForm = errors.New("the server's text is not one of the column's type")
