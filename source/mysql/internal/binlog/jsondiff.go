package binlog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// With binlog_row_value_options=PARTIAL_JSON an update logs what changed within
// a JSON column in the place of its value. This is rare, and what is here may
// allocate.

// decodePartial decodes the image after such an update: what lies in front of it
// says which of the JSON columns come as differences.
func (p *RowPlan) decodePartial(slab *tailrace.Slab, row, b []byte, r *Rows, dst []tailrace.Value) ([]byte, error) {
	c := cursor{b: b}
	const partialJSON = 1
	if options := c.packed(); options&partialJSON == 0 {
		if c.short {
			return nil, p.short()
		}
		return p.decode(slab, c.b, &r.after, dst)
	}
	columns := 0
	for i := range p.ops {
		if p.ops[i].json {
			columns++
		}
	}
	partial := c.take((columns + 7) / 8)
	if c.short {
		return nil, p.short()
	}
	differs := func(nth int) bool { return partial[nth/8]&(1<<(nth%8)) != 0 }

	// Decode the rest as if it were values, then put the JSON right.
	quiet := *p
	quiet.ops = slices.Clone(p.ops)
	nth := 0
	for i := range quiet.ops {
		if o := &quiet.ops[i]; o.json {
			if differs(nth) && o.out >= 0 {
				o.code = opBytes
			}
			nth++
		}
	}
	rest, err := quiet.decode(slab, c.b, &r.after, dst)
	if err != nil || dst == nil {
		return rest, err
	}
	nth = 0
	for i := range p.ops {
		o := &p.ops[i]
		if !o.json {
			continue
		}
		if differs(nth) && o.out >= 0 && dst[o.out].Type() == tailrace.TypeBytes {
			if err := p.applyDiff(slab, row, r, i, &dst[o.out]); err != nil {
				return nil, fmt.Errorf("%s of %s.%s: %w", columnName(p.table, i), p.table.Schema, p.table.Name, err)
			}
		}
		nth++
	}
	return rest, nil
}

// applyDiff makes the differences in v the new value, with the value that the
// row's image before the update has.
func (p *RowPlan) applyDiff(slab *tailrace.Slab, row []byte, r *Rows, column int, v *tailrace.Value) error {
	before, err := p.rawColumn(row, &r.before, column)
	if err != nil {
		return err
	}
	root, err := parseJSON(before)
	if err != nil {
		return err
	}
	c := cursor{b: v.Bytes()}
	for len(c.b) > 0 {
		op, path := c.uint8(), c.packedBytes()
		var value []byte
		if op != jsonRemove {
			value = c.packedBytes()
		}
		if c.short {
			return fmt.Errorf("%w: the difference of a JSON ends too early", ErrMalformed)
		}
		if err := root.apply(op, string(path), value); err != nil {
			return err
		}
	}
	text, err := root.append(nil)
	*v = slab.CopyString(text)
	return err
}

// errNoBefore is the error of a difference to a value that the log lacks.
var errNoBefore = errors.New("the log has the change of a JSON but not the value before it; set binlog_row_image=FULL, or binlog_row_value_options=''")

// rawColumn finds a column's bytes in a row image.
func (p *RowPlan) rawColumn(b []byte, im *image, column int) ([]byte, error) {
	if im.present[column/8]&(1<<(column%8)) == 0 {
		return nil, errNoBefore
	}
	only := *p
	only.ops = slices.Clone(p.ops)
	only.wanted = 1
	for i := range only.ops {
		only.ops[i].out = -1
	}
	only.ops[column].out, only.ops[column].code = 0, opBytes
	var slab tailrace.Slab
	dst := make([]tailrace.Value, 1)
	if _, err := only.decode(&slab, b, im, dst); err != nil {
		return nil, err
	}
	if dst[0].IsNull() {
		return nil, fmt.Errorf("%w: a JSON that was NULL comes as a difference", ErrMalformed)
	}
	return dst[0].Bytes(), nil
}

// The operations of a difference.
const (
	jsonReplace = 0
	jsonInsert  = 1
	jsonRemove  = 2
)

// jsonNode is a JSON value that can be changed.
type jsonNode struct {
	raw     []byte // of a scalar: the type and the value, in binary
	object  bool
	members []jsonMember // of an object or an array
}

type jsonMember struct {
	key   []byte
	value *jsonNode
}

func parseJSON(raw []byte) (*jsonNode, error) {
	if len(raw) == 0 {
		return &jsonNode{raw: []byte{jsonLiteral, 0}}, nil
	}
	budget := len(raw) + 1
	n := parseJSONValue(raw[0], raw[1:], 0, &budget)
	if n == nil {
		return nil, fmt.Errorf("%w: the JSON is damaged", ErrMalformed)
	}
	return n, nil
}

// parseJSONValue gives nil where the value is damaged.
func parseJSONValue(typ byte, b []byte, depth int, budget *int) *jsonNode {
	if *budget--; *budget < 0 || depth > jsonDepth {
		return nil
	}
	if typ > jsonLargeArray {
		n := jsonLeafSize(typ, b)
		if n > len(b) {
			return nil
		}
		return &jsonNode{raw: append([]byte{typ}, b[:n]...)}
	}
	width := 2
	if typ == jsonLargeObject || typ == jsonLargeArray {
		width = 4
	}
	n := &jsonNode{object: typ == jsonSmallObject || typ == jsonLargeObject}
	if len(b) < 2*width {
		return nil
	}
	count, size := jsonUint(b, width), jsonUint(b[width:], width)
	head := 2 * width
	if n.object {
		head += count * (width + 2)
	}
	if size > len(b) || count > len(b) || head+count*(width+1) > size {
		return nil
	}
	b = b[:size]
	for i := range count {
		var m jsonMember
		if n.object {
			entry := b[2*width+i*(width+2):]
			at, length := jsonUint(entry, width), int(entry[width])|int(entry[width+1])<<8
			if at+length > size {
				return nil
			}
			m.key = b[at : at+length]
		}
		entry := b[head+i*(width+1):]
		inner := entry[1 : width+1]
		if !jsonInlined(entry[0], width) {
			at := jsonUint(inner, width)
			if at >= size {
				return nil
			}
			inner = b[at:]
		}
		if m.value = parseJSONValue(entry[0], inner, depth+1, budget); m.value == nil {
			return nil
		}
		n.members = append(n.members, m)
	}
	return n
}

// jsonLeafSize is how many bytes a value takes that is no object or array; more
// than there are where it is damaged.
func jsonLeafSize(typ byte, b []byte) int {
	head := 0
	switch typ {
	case jsonOpaque:
		head = 1
	case jsonString:
	default:
		return jsonScalarSize(typ)
	}
	if len(b) < head {
		return len(b) + 1
	}
	text, ok := jsonVarlen(b[head:])
	if !ok {
		return len(b) + 1
	}
	for i := head; ; i++ {
		if b[i]&0x80 == 0 {
			return i + 1 + len(text)
		}
	}
}

func (n *jsonNode) append(dst []byte) ([]byte, error) {
	if n.raw != nil {
		return AppendJSON(dst, n.raw)
	}
	open, end := byte('['), byte(']')
	if n.object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i, m := range n.members {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if n.object {
			dst = append(appendJSONString(dst, m.key), ": "...)
		}
		var err error
		if dst, err = m.value.append(dst); err != nil {
			return dst, err
		}
	}
	return append(dst, end), nil
}

// apply does one operation of a difference.
func (n *jsonNode) apply(op uint8, path string, raw []byte) error {
	var value *jsonNode
	if op != jsonRemove {
		v, err := parseJSON(raw)
		if err != nil {
			return err
		}
		value = v
	}
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || rest == "" {
		return fmt.Errorf("%w: the difference of a JSON has the path of %d characters that does not lead into it", ErrMalformed, len(path))
	}
	for {
		key, index, member, next, ok := jsonLeg(rest)
		if !ok || member != n.object || n.raw != nil {
			break
		}
		at, found := n.find(key, index, member)
		if next != "" {
			if !found {
				break
			}
			n, rest = n.members[at].value, next
			continue
		}
		switch {
		case op == jsonReplace && found:
			n.members[at].value = value
		case op == jsonRemove && found:
			n.members = slices.Delete(n.members, at, at+1)
		case op == jsonInsert && (!member || !found):
			n.members = slices.Insert(n.members, at, jsonMember{key: []byte(key), value: value})
		default:
			return fmt.Errorf("%w: the difference of a JSON does not fit the value before it", ErrMalformed)
		}
		return nil
	}
	return fmt.Errorf("%w: the difference of a JSON leads to a place that the value before it lacks", ErrMalformed)
}

// find gives the place of a key or an index, or the one where it would be.
func (n *jsonNode) find(key string, index int, member bool) (int, bool) {
	if !member {
		return min(index, len(n.members)), index < len(n.members)
	}
	// The server sorts keys by length first.
	return slices.BinarySearchFunc(n.members, []byte(key), func(m jsonMember, key []byte) int {
		return cmp.Or(cmp.Compare(len(m.key), len(key)), bytes.Compare(m.key, key))
	})
}

// jsonLeg takes the first leg off a path: .key, ."key" or [index].
func jsonLeg(path string) (key string, index int, member bool, rest string, ok bool) {
	switch {
	case strings.HasPrefix(path, "["):
		end := strings.IndexByte(path, ']')
		if end < 0 {
			return
		}
		index, err := strconv.Atoi(path[1:end])
		return "", index, false, path[end+1:], err == nil && index >= 0
	case strings.HasPrefix(path, `."`):
		end := 2
		for end < len(path) && path[end] != '"' {
			if path[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(path) || json.Unmarshal([]byte(path[1:end+1]), &key) != nil {
			return
		}
		return key, 0, true, path[end+1:], true
	case strings.HasPrefix(path, "."):
		end := strings.IndexAny(path[1:], ".[")
		if end < 0 {
			end = len(path) - 1
		}
		return path[1 : 1+end], 0, true, path[1+end:], end > 0
	}
	return
}
