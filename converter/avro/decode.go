package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/tailrace-io/tailrace"
)

// opLong is opInt of 64 bits, to be read.
const opLong = opAny + 1

// decoder is what is worked out once about how data is read.
type decoder struct {
	op       op
	typ      tailrace.Type
	decimal  bool
	size     int
	symbols  []string
	fields   []decoderField
	branches []decoderBranch
	width    int // of a union that is a struct: how many fields that has
	key      *decoder
	elem     *decoder
	fixed    int // how many values its structs have, arrays left out
}

type decoderField struct {
	name string
	node *decoder
}

// decoderBranch is a branch of a union: null where it has no node, the field at
// a place of a struct, or, where at is negative, the value itself.
type decoderBranch struct {
	node *decoder
	at   int
}

// input is data that is being read.
type input struct {
	data  []byte
	slab  []tailrace.Value
	depth int
}

var errShort = errors.New("the data ends too early")

// take cuts n values off the slab.
func (in *input) take(n int) []tailrace.Value {
	if n > len(in.slab) {
		in.slab = make([]tailrace.Value, max(n, 16))
	}
	vs := in.slab[:n:n]
	in.slab = in.slab[n:]
	return vs
}

func (in *input) long() (int64, error) {
	u, n := binary.Uvarint(in.data)
	if n <= 0 {
		if n == 0 {
			return 0, errShort
		}
		return 0, errors.New("a whole number of more than 64 bits")
	}
	in.data = in.data[n:]
	return int64(u>>1) ^ -int64(u&1), nil
}

func (in *input) cut(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(in.data)) {
		return nil, errShort
	}
	b := in.data[:n:n]
	in.data = in.data[n:]
	return b, nil
}

func (in *input) bytes() ([]byte, error) {
	n, err := in.long()
	if err != nil {
		return nil, err
	}
	return in.cut(n)
}

func (in *input) text() (tailrace.Value, error) {
	b, err := in.bytes()
	if err != nil {
		return tailrace.Value{}, err
	}
	if !utf8.Valid(b) {
		return tailrace.Value{}, errors.New("a text that is not UTF-8")
	}
	return tailrace.String(unsafe.String(unsafe.SliceData(b), len(b))), nil
}

// read reads a value.
func (n *decoder) read(in *input) (v tailrace.Value, err error) {
	switch n.op {
	case opInt, opLong, opTimeOfDay:
		i, err := in.long()
		if err == nil && !inRange(n.typ, i) {
			err = fmt.Errorf("a number beyond %s", n.typ)
		}
		return tailrace.Integer(n.typ, i), err
	case opString:
		return in.text()
	case opStruct:
		return n.readStruct(in)
	case opUnion:
		return n.readUnion(in)
	case opBytes:
		b, err := in.bytes()
		if err == nil && n.decimal && len(b) == 0 {
			err = errors.New("a decimal of no bytes, which stands for no number")
		}
		return tailrace.Bytes(b), err
	case opFixed:
		b, err := in.cut(int64(n.size))
		return tailrace.Bytes(b), err
	case opBoolean:
		b, err := in.cut(1)
		if err == nil && b[0] > 1 {
			err = fmt.Errorf("the byte %#02x, which is no boolean", b[0])
		}
		return tailrace.Boolean(err == nil && b[0] == 1), err
	case opFloat:
		b, err := in.cut(4)
		if err != nil {
			return v, err
		}
		return tailrace.Float32(math.Float32frombits(binary.LittleEndian.Uint32(b))), nil
	case opDouble:
		b, err := in.cut(8)
		if err != nil {
			return v, err
		}
		return tailrace.Float64(math.Float64frombits(binary.LittleEndian.Uint64(b))), nil
	case opEnum:
		i, err := in.long()
		if err == nil && (i < 0 || i >= int64(len(n.symbols))) {
			err = fmt.Errorf("symbol %d of an enum that has %d", i, len(n.symbols))
		}
		if err != nil {
			return v, err
		}
		return tailrace.String(n.symbols[i]), nil
	case opAny:
		return in.any()
	}
	return n.readList(in)
}

func (n *decoder) readStruct(in *input) (tailrace.Value, error) {
	vs := in.take(len(n.fields))
	for i := range n.fields {
		v, err := n.fields[i].node.read(in)
		if err != nil {
			return tailrace.Value{}, fmt.Errorf("field %s: %w", n.fields[i].name, err)
		}
		vs[i] = v
	}
	return tailrace.StructOf(vs), nil
}

func (n *decoder) readUnion(in *input) (v tailrace.Value, err error) {
	i, err := in.long()
	if err != nil {
		return v, err
	}
	if i < 0 || i >= int64(len(n.branches)) {
		return v, fmt.Errorf("branch %d of a union that has %d", i, len(n.branches))
	}
	b := n.branches[i]
	if b.node == nil {
		return v, nil
	}
	if v, err = b.node.read(in); err != nil || b.at < 0 {
		return v, err
	}
	vs := in.take(n.width)
	vs[b.at] = v
	return tailrace.StructOf(vs), nil
}

// readList reads the blocks of an array or a map.
func (n *decoder) readList(in *input) (tailrace.Value, error) {
	var vs []tailrace.Value
	err := in.blocks(func() error {
		if n.op == opMap {
			k, err := n.key.read(in)
			if err != nil {
				return fmt.Errorf("key of a map: %w", err)
			}
			vs = append(vs, k)
		}
		v, err := n.elem.read(in)
		if err != nil {
			return fmt.Errorf("element %d: %w", len(vs), err)
		}
		vs = append(vs, v)
		return nil
	})
	if n.op == opMap {
		return tailrace.Map(vs), err
	}
	return tailrace.Array(vs), err
}

// maxEmpty bounds how many elements may come out of no bytes at all.
const maxEmpty = 1 << 16

// blocks reads the elements of an array or a map.
func (in *input) blocks(element func() error) error {
	empty := 0
	for {
		count, err := in.long()
		if err != nil || count == 0 {
			return err
		}
		if count < 0 {
			if _, err := in.long(); err != nil { // the size of the block
				return err
			}
			if count = -count; count < 0 {
				return errShort
			}
		}
		for ; count > 0; count-- {
			before := len(in.data)
			if err := element(); err != nil {
				return err
			}
			if len(in.data) == before {
				if empty++; empty > maxEmpty {
					return fmt.Errorf("an array of more than %d elements of no bytes", maxEmpty)
				}
			}
		}
	}
}

// any reads schemaless data.
func (in *input) any() (v tailrace.Value, err error) {
	if in.depth++; in.depth > maxDepth {
		return v, errDeep
	}
	defer func() { in.depth-- }()
	for at := range anyFields {
		branch, err := in.long()
		if err != nil {
			return v, err
		}
		if branch != 0 && branch != 1 {
			return v, fmt.Errorf("branch %d of a union that has 2", branch)
		}
		if branch == 0 {
			continue
		}
		one, err := in.anyField(at)
		if err != nil {
			return v, err
		}
		if v.IsNull() {
			v = one
		}
	}
	return v, nil
}

// anyField reads the field that is not null.
func (in *input) anyField(at int) (tailrace.Value, error) {
	var vs []tailrace.Value
	one := func() error {
		v, err := in.any()
		vs = append(vs, v)
		return err
	}
	switch at {
	case anyArray:
		err := in.blocks(one)
		return tailrace.Array(vs), err
	case anyMap:
		err := in.blocks(func() error { return errors.Join(one(), one()) })
		return tailrace.Map(vs), err
	}
	n := [...]decoder{
		anyBoolean: {op: opBoolean}, anyBytes: {op: opBytes}, anyDouble: {op: opDouble}, anyFloat: {op: opFloat},
		anyInt: {op: opInt, typ: tailrace.TypeInt32}, anyLong: {op: opLong, typ: tailrace.TypeInt64}, anyString: {op: opString},
	}[at]
	return n.read(in)
}
