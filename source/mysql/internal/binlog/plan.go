package binlog

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// Form says which of its possible values a column becomes.
type Form uint8

const (
	// Natural is what Debezium does by default:
	//
	//	TINYINT … BIGINT, YEAR     an integer of ColumnSpec.Type
	//	BIGINT UNSIGNED            the same, a number from 2^63 on wrapped to a negative one
	//	FLOAT, DOUBLE              TypeFloat32, TypeFloat64; either of them by ColumnSpec.Type
	//	DECIMAL                    TypeBytes: unscaled, big-endian two's complement, the shortest form
	//	CHAR, VARCHAR, TEXT        TypeString
	//	BINARY                     TypeBytes, padded with zeros to its length
	//	VARBINARY, BLOB            TypeBytes
	//	ENUM, SET                  TypeString: the label, the labels joined by commas
	//	JSON                       TypeString: the text that the server prints
	//	BIT(1), BIT(n)             TypeBoolean; TypeBytes, little-endian, as many as n bits need
	//	DATE                       TypeInt32: days since 1970-01-01
	//	TIME                       TypeInt64: microseconds, negative ones and those beyond a day included
	//	DATETIME(0 … 3)            TypeInt64: milliseconds since 1970-01-01, as if in UTC
	//	DATETIME(4 … 6)            TypeInt64: microseconds
	//	TIMESTAMP                  TypeString: 2026-01-31T15:04:05.120Z, as many digits as the column has
	//	GEOMETRY                   TypeStruct: the well-known binary (TypeBytes) and the SRID (TypeInt32, null for 0)
	//	POINT                      TypeStruct: x and y (TypeFloat64), the well-known binary and the SRID
	//	VECTOR                     TypeArray of TypeFloat32
	Natural Form = iota

	// Text makes DECIMAL and BIGINT UNSIGNED decimal digits without an exponent.
	Text

	// Float makes DECIMAL a TypeFloat64.
	Float

	// Unscaled makes BIGINT UNSIGNED the bytes of a decimal of scale 0.
	Unscaled

	// Millis, Micros and Nanos make TIME, DATETIME and TIMESTAMP a number of
	// them, since midnight and since 1970-01-01: TypeInt64, or ColumnSpec.Type
	// where that is TypeInt32. Finer digits are cut off. A moment that 64 bits of
	// nanoseconds do not reach (before 1677-09-21, after 2262-04-11) is an error.
	Millis
	Micros
	Nanos

	// ISO makes DATE 2026-01-31Z, TIME 15:04:05.12Z and DATETIME
	// 2026-01-31T15:04:05.12Z: no zeros at the end of a second's fraction, and no
	// point without one.
	ISO

	// Raw makes any column TypeBytes as they lie in the log, without the length.
	Raw
)

// ColumnSpec is what a column is to become. The zero value takes the column in
// its Natural form, as a signed number or as binary.
type ColumnSpec struct {
	// Skip leaves the column out: nothing of it is decoded, and it has no place
	// among the values.
	Skip bool

	Form Form

	// Type is the type of a number's value; 0 is TypeInt64 for integers,
	// TypeInt32 for YEAR, and what the column has for FLOAT and DOUBLE.
	Type tailrace.Type

	Unsigned bool

	// Charset is the name of the character set of CHAR, VARCHAR and TEXT as the
	// server spells it, such as utf8mb4. "" and "binary" make them TypeBytes.
	Charset string

	// Labels are the values of ENUM and SET, in their order, as TypeString.
	Labels []tailrace.Value

	// Zero is what a date that there is not becomes: 0000-00-00, and one whose
	// month or day is 0. The zero Zero is null.
	Zero tailrace.Value
}

// RowPlan decodes the rows of one table by what was asked for of each column.
// It keeps buffers and belongs to one goroutine.
type RowPlan struct {
	table   *TableMap
	ops     []op
	wanted  int
	scratch []byte
}

// op is the plan of one column.
type op struct {
	code   opcode
	prefix uint8  // bytes of the length in front of the value; 0 for a fixed length
	size   uint16 // bytes of the value where its length is fixed
	out    int32  // the value's place; -1 where nobody wants it
	typ    tailrace.Type
	digits uint8 // of a second's fraction; a decimal's scale
	whole  uint8 // a decimal's digits in front of the point
	bits   uint8
	labels []tailrace.Value
	text   *charset
	zero   tailrace.Value
	json   bool // the column is JSON, which may come as a difference
}

// NewRowPlan makes the plan of a table: one spec a column of the table map.
func NewRowPlan(table *TableMap, specs []ColumnSpec) (*RowPlan, error) {
	if len(specs) != len(table.Columns) {
		return nil, fmt.Errorf("the log has %d columns of the table %s.%s, where %d are known: the table's definition is not the one that the log was written with",
			len(table.Columns), table.Schema, table.Name, len(specs))
	}
	p := &RowPlan{table: table, ops: make([]op, len(specs))}
	for i := range specs {
		o := &p.ops[i]
		if err := o.compile(&table.Columns[i], &specs[i]); err != nil {
			return nil, fmt.Errorf("%s of %s.%s: %w", columnName(table, i), table.Schema, table.Name, err)
		}
		o.out = -1
		if !specs[i].Skip {
			o.out = int32(p.wanted)
			p.wanted++
		}
	}
	return p, nil
}

// Width is how many values a row has: the columns that are not skipped.
func (p *RowPlan) Width() int { return p.wanted }

func columnName(table *TableMap, i int) string {
	if name := table.Columns[i].Name; name != "" {
		return "column " + name
	}
	return fmt.Sprintf("column %d", i+1)
}

// compile chooses how long the value is and what becomes of it.
func (o *op) compile(col *Column, spec *ColumnSpec) error {
	if err := o.layout(col); err != nil {
		return err
	}
	o.zero, o.json = spec.Zero, col.Type == TypeJSON
	if spec.Skip {
		return nil
	}
	if spec.Form == Raw {
		o.code = opBytes
		return nil
	}
	var err error
	switch col.Type {
	case TypeTiny, TypeShort, TypeInt24, TypeLong, TypeLongLong, TypeYear:
		err = o.compileInteger(col, spec)
	case TypeFloat, TypeDouble:
		err = o.compileFloat(col, spec)
	case TypeDecimal:
		err = o.compileDecimal(col, spec)
	case TypeString, TypeVarchar, TypeVarString, TypeBlob, TypeVarcharCompr, TypeBlobCompressed:
		err = o.compileText(col, spec)
	case TypeEnum, TypeSet:
		o.labels, o.code = spec.Labels, opEnum
		if col.Type == TypeSet {
			o.code = opSet
		}
	case TypeJSON:
		o.code = opJSON
	case TypeBit:
		o.code, o.bits = opBits, uint8(col.Meta)
		if col.Meta == 1 {
			o.code = opBoolean
		}
	case TypeGeometry:
		o.code = opGeometry
		if col.Geometry == 1 {
			o.code = opPoint
		}
	case TypeVector:
		o.code = opVector
	case TypeNull:
		o.code = opNull
	default:
		err = o.compileTemporal(col, spec)
	}
	return err
}

// layout says how long the column's value is in a row.
func (o *op) layout(col *Column) error {
	fixed := func(n int) error { o.size = uint16(n); return nil }
	prefix := func(n int) error { o.prefix = uint8(n); return nil }
	switch col.Type {
	case TypeNull:
		return fixed(0)
	case TypeTiny, TypeYear:
		return fixed(1)
	case TypeShort:
		return fixed(2)
	case TypeInt24, TypeDate, TypeNewDate, TypeTimeOld:
		return fixed(3)
	case TypeLong, TypeFloat, TypeTimestampOld:
		return fixed(4)
	case TypeLongLong, TypeDouble, TypeDatetimeOld:
		return fixed(8)
	case TypeTime:
		return fixed(3 + int(col.Meta+1)/2)
	case TypeTimestamp:
		return fixed(4 + int(col.Meta+1)/2)
	case TypeDatetime:
		return fixed(5 + int(col.Meta+1)/2)
	case TypeDecimal:
		return fixed(decimalSize(col.Precision(), col.Scale()))
	case TypeBit:
		return fixed(int(col.Meta+7) / 8)
	case TypeEnum, TypeSet:
		return fixed(int(col.Meta))
	case TypeString, TypeVarchar, TypeVarString, TypeVarcharCompr:
		if col.Meta > 255 {
			return prefix(2)
		}
		return prefix(1)
	case TypeBlob, TypeBlobCompressed, TypeJSON, TypeGeometry, TypeVector:
		return prefix(int(col.Meta))
	}
	return fmt.Errorf("%s cannot be read", col.Type)
}

func (o *op) compileInteger(col *Column, spec *ColumnSpec) error {
	o.typ = spec.Type
	if o.typ == 0 {
		o.typ = tailrace.TypeInt64
		if col.Type == TypeYear {
			o.typ = tailrace.TypeInt32
		}
	}
	if o.typ < tailrace.TypeInt8 || o.typ > tailrace.TypeInt64 {
		return notPossible(col, spec)
	}
	signed := map[ColumnType]opcode{TypeTiny: opInt8, TypeShort: opInt16, TypeInt24: opInt24, TypeLong: opInt32, TypeLongLong: opInt64}
	unsigned := map[ColumnType]opcode{TypeTiny: opUint8, TypeShort: opUint16, TypeInt24: opUint24, TypeLong: opUint32, TypeLongLong: opInt64}
	switch {
	case col.Type == TypeYear:
		o.code = opYear
	case spec.Unsigned:
		o.code = unsigned[col.Type]
	default:
		o.code = signed[col.Type]
	}
	switch {
	case spec.Form == Natural:
		return nil
	case spec.Form == Text && col.Type == TypeLongLong && spec.Unsigned:
		o.code = opUint64Text
		return nil
	case spec.Form == Unscaled && col.Type == TypeLongLong && spec.Unsigned:
		o.code = opUint64Unscaled
		return nil
	}
	return notPossible(col, spec)
}

func (o *op) compileFloat(col *Column, spec *ColumnSpec) error {
	if spec.Form != Natural && spec.Form != Float {
		return notPossible(col, spec)
	}
	o.code, o.typ = opFloat32, tailrace.TypeFloat32
	if col.Type == TypeDouble {
		o.code, o.typ = opFloat64, tailrace.TypeFloat64
	}
	switch spec.Type {
	case 0:
	case tailrace.TypeFloat32, tailrace.TypeFloat64:
		o.typ = spec.Type
	default:
		return notPossible(col, spec)
	}
	return nil
}

func (o *op) compileDecimal(col *Column, spec *ColumnSpec) error {
	o.digits, o.whole = uint8(col.Scale()), uint8(col.Precision()-col.Scale())
	small := col.Precision() <= 18
	switch spec.Form {
	case Natural, Unscaled:
		o.code = opDecimal
		if small {
			o.code = opSmallDecimal
		}
	case Text:
		o.code = opDecimalText
	case Float:
		o.code = opDecimalFloat
	default:
		return notPossible(col, spec)
	}
	return nil
}

func (o *op) compileText(col *Column, spec *ColumnSpec) error {
	if spec.Form != Natural && spec.Form != Text {
		return notPossible(col, spec)
	}
	compressed := col.Type == TypeVarcharCompr || col.Type == TypeBlobCompressed
	if spec.Charset == "" || spec.Charset == "binary" {
		o.code = opBytes
		if col.Type == TypeString {
			o.code, o.size = opBinary, col.Meta
		}
	} else {
		cs, err := lookUpCharset(spec.Charset)
		if err != nil {
			return err
		}
		o.code = opString
		if !cs.utf8 {
			o.code, o.text = opCharset, cs
		}
	}
	if compressed {
		o.bits = uint8(o.code) // what to do once it is inflated
		o.code = opInflate
	}
	return nil
}

func (o *op) compileTemporal(col *Column, spec *ColumnSpec) error {
	o.digits = uint8(col.Meta)
	if spec.Type != 0 && spec.Type != tailrace.TypeInt32 && spec.Type != tailrace.TypeInt64 && spec.Form != ISO {
		return notPossible(col, spec)
	}
	o.typ = spec.Type
	if o.typ == 0 {
		o.typ = tailrace.TypeInt64
		if col.Type == TypeDate || col.Type == TypeNewDate {
			o.typ = tailrace.TypeInt32
		}
	}
	form := spec.Form
	if form == Text {
		form = ISO
	}
	if form != Natural && (form < Millis || form > ISO) {
		return notPossible(col, spec)
	}
	base, ok := temporalBase(col.Type)
	if !ok {
		return notPossible(col, spec)
	}
	if form == Natural {
		form = naturalForm(col)
	}
	o.code, o.bits = base, uint8(form)
	return nil
}

// naturalForm is what Natural means for a date or time.
func naturalForm(col *Column) Form {
	switch col.Type {
	case TypeTime, TypeTimeOld:
		return Micros
	case TypeDatetime, TypeDatetimeOld:
		if col.Meta > 3 {
			return Micros
		}
		return Millis
	}
	return Natural
}

func temporalBase(t ColumnType) (opcode, bool) {
	switch t {
	case TypeDate, TypeNewDate:
		return opDate, true
	case TypeTime:
		return opTime, true
	case TypeDatetime:
		return opDatetime, true
	case TypeTimestamp:
		return opTimestamp, true
	case TypeTimeOld:
		return opTimeOld, true
	case TypeDatetimeOld:
		return opDatetimeOld, true
	case TypeTimestampOld:
		return opTimestampOld, true
	}
	return 0, false
}

func notPossible(col *Column, spec *ColumnSpec) error {
	return fmt.Errorf("a %s cannot become form %d of %s", col.Type, spec.Form, spec.Type)
}
