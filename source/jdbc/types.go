package jdbc

import (
	"strconv"

	"github.com/tailrace-io/tailrace"
)

// Type is the type of a column among those that Java's java.sql.Types tells
// apart, in as far as they become different fields.
type Type uint8

const (
	Unsupported Type = iota // left out of records
	Bit                     // INT8
	Boolean                 // BOOLEAN
	TinyInt                 // INT8; INT16 unsigned
	SmallInt                // INT16; INT32 unsigned
	Integer                 // INT32; INT64 unsigned
	BigInt                  // INT64
	Real                    // FLOAT32
	Double                  // FLOAT64
	Numeric                 // by NumericMapping
	Decimal                 // Connect's Decimal
	AnyScale                // Debezium's VariableScaleDecimal; FLOAT64 by the mappings that fit
	Text                    // STRING
	Binary                  // BYTES
	Date                    // Connect's Date
	Time                    // Connect's Time
	Instant                 // Connect's Timestamp
	Array                   // ARRAY of Column.Elem
)

// NumericMapping says what columns of type Numeric become.
type NumericMapping string

const (
	// NumericNone makes them Connect's Decimal, as does the zero value.
	NumericNone NumericMapping = "none"

	// NumericBestFit makes those of up to 18 digits integers of the size that
	// holds them or, with a scale, FLOAT64.
	NumericBestFit NumericMapping = "best_fit"

	// NumericBestFitEagerDouble makes every one with a scale FLOAT64.
	NumericBestFitEagerDouble NumericMapping = "best_fit_eager_double"

	// NumericPrecisionOnly makes those without a scale, of up to 18 digits,
	// integers.
	NumericPrecisionOnly NumericMapping = "precision_only"
)

func (m NumericMapping) valid() bool {
	switch m {
	case "", NumericNone, NumericBestFit, NumericBestFitEagerDouble, NumericPrecisionOnly:
		return true
	}
	return false
}

const (
	integerDigits = 18  // what surely fits an INT64
	leastScale    = -84 // below, a scale is not taken for that of a whole number
	unsetScale    = -127
	precisionName = "connect.decimal.precision"
)

// plain gives the type of a field without a name: TypeNull for those that need
// one, and for columns that are left out.
func (c *Column) plain(m NumericMapping) tailrace.Type {
	switch c.Type {
	case Bit:
		return tailrace.TypeInt8
	case Boolean:
		return tailrace.TypeBoolean
	case TinyInt, SmallInt, Integer:
		t := tailrace.TypeInt8 + tailrace.Type(c.Type-TinyInt)
		if c.Unsigned {
			t++
		}
		return t
	case BigInt:
		return tailrace.TypeInt64
	case Real:
		return tailrace.TypeFloat32
	case Double:
		return tailrace.TypeFloat64
	case Numeric:
		return m.fit(c.Precision, c.Scale)
	case AnyScale:
		if m == NumericBestFit || m == NumericBestFitEagerDouble {
			return tailrace.TypeFloat64
		}
	case Text:
		return tailrace.TypeString
	case Binary:
		return tailrace.TypeBytes
	}
	return tailrace.TypeNull
}

// fit gives the plain type of a NUMERIC; TypeNull leaves it a Decimal.
func (m NumericMapping) fit(precision, scale int) tailrace.Type {
	whole := scale < 1 && scale >= leastScale
	switch {
	case m == NumericPrecisionOnly && scale == 0 && precision <= integerDigits,
		(m == NumericBestFit || m == NumericBestFitEagerDouble) && whole && precision <= integerDigits:
		switch {
		case precision > 9:
			return tailrace.TypeInt64
		case precision > 4:
			return tailrace.TypeInt32
		case precision > 2:
			return tailrace.TypeInt16
		}
		return tailrace.TypeInt8
	case m == NumericBestFit && scale > 0 && precision <= integerDigits,
		m == NumericBestFitEagerDouble && scale > 0:
		return tailrace.TypeFloat64
	}
	return tailrace.TypeNull
}

// schema starts the schema of the column's field; nil where the column is left
// out.
func (c *Column) schema(s *Source) *tailrace.SchemaBuilder {
	if t := c.plain(s.Numeric); t != tailrace.TypeNull {
		return tailrace.NewSchema(t)
	}
	switch c.Type {
	case Numeric, Decimal:
		return tailrace.DecimalSchema(c.decimalScale()).Parameter(precisionName, strconv.Itoa(c.Precision))
	case AnyScale:
		return tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.VariableScaleName).Version(1).Doc("Variable scaled decimal").
			Field("scale", tailrace.Int32Schema).Field("value", tailrace.BytesSchema)
	case Date:
		return tailrace.Semantic(tailrace.DateName)
	case Time:
		return s.Granularity.clock()
	case Instant:
		return s.Granularity.schema()
	case Array:
		if elem := c.Elem.schema(s); elem != nil {
			return tailrace.NewSchema(tailrace.TypeArray).Elem(elem.Optional().MustBuild())
		}
	}
	return nil
}

func (c *Column) decimalScale() int {
	if c.Scale == unsetScale {
		return -unsetScale
	}
	return c.Scale
}
