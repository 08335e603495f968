package binlog

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tailrace-io/tailrace"
)

// opcode is what becomes of a column's bytes.
type opcode uint8

const (
	opNull opcode = iota
	opInt8
	opUint8
	opInt16
	opUint16
	opInt24
	opUint24
	opInt32
	opUint32
	opInt64
	opString
	opBytes
	opSmallDecimal
	opEnum
	opDatetime
	opTimestamp

	// The rarer ones, which convert does.
	opBinary
	opFloat32
	opFloat64
	opDecimal
	opDecimalText
	opDecimalFloat
	opUint64Text
	opUint64Unscaled
	opYear
	opSet
	opBits
	opBoolean
	opCharset
	opInflate
	opJSON
	opGeometry
	opPoint
	opVector
	opDate
	opTime
	opTimeOld
	opDatetimeOld
	opTimestampOld
)

// decode decodes one row image into dst, which may be nil, and gives what
// follows it. This is the innermost loop of all.
func (p *RowPlan) decode(slab *tailrace.Slab, b []byte, im *image, dst []tailrace.Value) ([]byte, error) {
	n := (im.count + 7) / 8
	if len(b) < n {
		return nil, p.short()
	}
	nulls := b[:n]
	b = b[n:]
	if dst != nil && len(dst) < p.wanted {
		return nil, fmt.Errorf("there is room for %d values, where %s.%s has %d", len(dst), p.table.Schema, p.table.Name, p.wanted)
	}
	at := 0
	for i := range p.ops {
		o := &p.ops[i]
		wanted := o.out >= 0 && dst != nil
		if !im.full && im.present[i/8]&(1<<(i%8)) == 0 {
			if wanted {
				dst[o.out] = tailrace.Unchanged()
			}
			continue
		}
		null := nulls[at/8]&(1<<(at%8)) != 0
		at++
		if null {
			if wanted {
				dst[o.out] = tailrace.Value{}
			}
			continue
		}
		size := int(o.size)
		if o.prefix != 0 {
			if len(b) < int(o.prefix) {
				return nil, p.short()
			}
			switch o.prefix {
			case 1:
				size = int(b[0])
			case 2:
				size = int(binary.LittleEndian.Uint16(b))
			default:
				size = int(littleEndian(b[:o.prefix]))
			}
			b = b[o.prefix:]
		}
		if size > len(b) {
			return nil, p.short()
		}
		raw := b[:size:size]
		b = b[size:]
		if !wanted {
			continue
		}
		if err := p.value(o, slab, raw, &dst[o.out]); err != nil {
			return nil, fmt.Errorf("%s of %s.%s: %w", columnName(p.table, i), p.table.Schema, p.table.Name, err)
		}
	}
	return b, nil
}

func (p *RowPlan) short() error {
	return fmt.Errorf("%w: a row of %s.%s ends before its columns do", ErrMalformed, p.table.Schema, p.table.Name)
}

// value makes a column's bytes a value, where that is simple.
func (p *RowPlan) value(o *op, slab *tailrace.Slab, raw []byte, dst *tailrace.Value) error {
	switch o.code {
	case opInt8:
		*dst = tailrace.Integer(o.typ, int64(int8(raw[0])))
	case opUint8:
		*dst = tailrace.Integer(o.typ, int64(raw[0]))
	case opInt16:
		*dst = tailrace.Integer(o.typ, int64(int16(binary.LittleEndian.Uint16(raw))))
	case opUint16:
		*dst = tailrace.Integer(o.typ, int64(binary.LittleEndian.Uint16(raw)))
	case opInt24:
		*dst = tailrace.Integer(o.typ, int64(int32(uint32(raw[0])<<8|uint32(raw[1])<<16|uint32(raw[2])<<24)>>8))
	case opUint24:
		*dst = tailrace.Integer(o.typ, int64(uint32(raw[0])|uint32(raw[1])<<8|uint32(raw[2])<<16))
	case opInt32:
		*dst = tailrace.Integer(o.typ, int64(int32(binary.LittleEndian.Uint32(raw))))
	case opUint32:
		*dst = tailrace.Integer(o.typ, int64(binary.LittleEndian.Uint32(raw)))
	case opInt64:
		*dst = tailrace.Integer(o.typ, int64(binary.LittleEndian.Uint64(raw)))
	case opString:
		*dst = slab.CopyString(raw)
	case opBytes:
		*dst = slab.CopyBytes(raw)
	case opSmallDecimal:
		*dst = copyUnscaled(slab, smallDecimal(raw, int(o.whole), int(o.digits)))
	case opEnum:
		return o.enum(raw, dst)
	case opDatetime:
		return p.moment(o, slab, unpackDatetime(raw, int(o.digits)), dst)
	case opTimestamp:
		return p.timestamp(o, slab, raw, dst)
	default:
		return p.convert(o, slab, raw, dst)
	}
	return nil
}

// convert makes a column's bytes a value where that takes more.
func (p *RowPlan) convert(o *op, slab *tailrace.Slab, raw []byte, dst *tailrace.Value) error {
	var err error
	switch o.code {
	case opNull:
		*dst = tailrace.Value{}
	case opBinary:
		c := slab.Bytes(max(int(o.size), len(raw)))
		clear(c[copy(c, raw):])
		*dst = tailrace.Bytes(c)
	case opFloat32:
		*dst = o.float(float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
	case opFloat64:
		*dst = o.float(math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	case opDecimal:
		*dst = copyLargeUnscaled(slab, raw, int(o.whole), int(o.digits))
	case opDecimalText:
		p.scratch = AppendDecimal(p.scratch[:0], raw, int(o.whole), int(o.digits))
		*dst = slab.CopyString(p.scratch)
	case opDecimalFloat:
		*dst, err = p.decimalFloat(raw, int(o.whole), int(o.digits))
	case opUint64Text, opUint64Unscaled:
		*dst = p.uint64(o, slab, binary.LittleEndian.Uint64(raw))
	case opYear:
		*dst = tailrace.Integer(o.typ, year(raw[0]))
	case opSet:
		err = p.set(o, slab, raw, dst)
	case opBoolean:
		*dst = tailrace.Boolean(raw[0] != 0)
	case opBits:
		*dst = bitsValue(slab, raw)
	case opCharset:
		*dst, err = p.text(o, slab, raw)
	case opInflate:
		err = p.inflate(o, slab, raw, dst)
	case opJSON:
		p.scratch, err = AppendJSON(p.scratch[:0], raw)
		*dst = slab.CopyString(p.scratch)
	case opGeometry, opPoint:
		*dst, err = geometry(slab, raw, o.code == opPoint)
	case opVector:
		*dst, err = vector(slab, raw)
	default:
		return p.temporal(o, slab, raw, dst)
	}
	return err
}

func (o *op) float(v float64) tailrace.Value {
	if o.typ == tailrace.TypeFloat32 {
		return tailrace.Float32(float32(v))
	}
	return tailrace.Float64(v)
}

func year(b byte) int64 {
	if b == 0 {
		return 0
	}
	return 1900 + int64(b)
}

// enum gives the label of a number; 0 is the empty text that a bad value became
// when the server was not strict.
func (o *op) enum(raw []byte, dst *tailrace.Value) error {
	n := int(raw[0])
	if len(raw) == 2 {
		n = int(binary.LittleEndian.Uint16(raw))
	}
	switch {
	case n == 0:
		*dst = tailrace.String("")
	case n > len(o.labels):
		return fmt.Errorf("%w: it holds label %d of an ENUM that is known to have %d", ErrSchema, n, len(o.labels))
	default:
		*dst = o.labels[n-1]
	}
	return nil
}

// set joins the labels of a SET by commas.
func (p *RowPlan) set(o *op, slab *tailrace.Slab, raw []byte, dst *tailrace.Value) error {
	members := littleEndian(raw)
	if members>>min(len(o.labels), 63)>>max(0, len(o.labels)-63) != 0 {
		return fmt.Errorf("%w: it holds a label of a SET that is known to have %d", ErrSchema, len(o.labels))
	}
	if members != 0 && members&(members-1) == 0 {
		for i := range o.labels {
			if members == 1<<i {
				*dst = o.labels[i]
			}
		}
		return nil
	}
	p.scratch = p.scratch[:0]
	for i := range o.labels {
		if members&(1<<i) != 0 {
			if len(p.scratch) > 0 {
				p.scratch = append(p.scratch, ',')
			}
			p.scratch = append(p.scratch, o.labels[i].Text()...)
		}
	}
	*dst = slab.CopyString(p.scratch)
	return nil
}

// bitsValue turns the big-endian bytes of a BIT around.
func bitsValue(slab *tailrace.Slab, raw []byte) tailrace.Value {
	c := slab.Bytes(len(raw))
	for i, b := range raw {
		c[len(raw)-1-i] = b
	}
	return tailrace.Bytes(c)
}

// inflate decompresses a MariaDB column and does with it what its type asks for.
func (p *RowPlan) inflate(o *op, slab *tailrace.Slab, raw []byte, dst *tailrace.Value) error {
	plain, err := inflateColumn(raw)
	if err != nil {
		return err
	}
	inner := *o
	inner.code = opcode(o.bits)
	return p.value(&inner, slab, plain, dst)
}
