package postgres

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// needsQuotes says whether a part of a value is to stand in quotes: an empty
// one, and one with white space or one of the characters.
func needsQuotes(part []byte, chars string) bool {
	for _, c := range part {
		if c == ' ' || c >= '\t' && c <= '\r' || strings.IndexByte(chars, c) >= 0 {
			return true
		}
	}
	return len(part) == 0
}

// appendEscaped appends a part in quotes. Before a quote in it stands mark, and
// before a backslash another one.
func appendEscaped(dst, part []byte, mark byte) []byte {
	dst = append(dst, '"')
	for _, c := range part {
		switch c {
		case '"':
			dst = append(dst, mark)
		case '\\':
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// nested makes the text of a part.
func nested(text binaryText, b []byte) ([]byte, error) { return text(nil, b) }

// arrayText makes a text such as {1,NULL,"a b"}. The elements of arrays of BOX
// have semicolons between them.
func arrayText(elem binaryText, ofBoxes bool) binaryText {
	if elem == nil {
		return nil
	}
	comma, chars := byte(','), `"\{},`
	if ofBoxes {
		comma, chars = ';', `"\{};`
	}
	return func(dst, b []byte) ([]byte, error) {
		r := bytesReader{b: b}
		n := int(r.int32())
		r.take(8) // whether there are nulls, and the type of the elements
		if n < 0 || n > 6 {
			return dst, errBinary
		}
		if n == 0 {
			return r.end(append(dst, "{}"...))
		}
		var lengths, first [6]int32
		bounds := false
		for i := range n {
			lengths[i], first[i] = r.int32(), r.int32()
			bounds = bounds || first[i] != 1
			if lengths[i] <= 0 || int(lengths[i]) > len(b) {
				return dst, errBinary
			}
		}
		if bounds {
			for i := range n {
				dst = append(strconv.AppendInt(append(dst, '['), int64(first[i]), 10), ':')
				dst = append(strconv.AppendInt(dst, int64(first[i])+int64(lengths[i])-1, 10), ']')
			}
			dst = append(dst, '=')
		}
		a := arrayWriter{r: &r, elem: elem, comma: comma, chars: chars, lengths: lengths[:n]}
		dst, err := a.dimension(dst, 0)
		if err != nil {
			return dst, err
		}
		return r.end(dst)
	}
}

type arrayWriter struct {
	r       *bytesReader
	elem    binaryText
	comma   byte
	chars   string // that have an element stand in quotes
	lengths []int32
}

func (a *arrayWriter) dimension(dst []byte, n int) (_ []byte, err error) {
	dst = append(dst, '{')
	for i := range a.lengths[n] {
		if i > 0 {
			dst = append(dst, a.comma)
		}
		if n+1 < len(a.lengths) {
			dst, err = a.dimension(dst, n+1)
		} else {
			dst, err = a.element(dst)
		}
		if err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (a *arrayWriter) element(dst []byte) ([]byte, error) {
	b, null := a.r.sized()
	if a.r.bad {
		return dst, errBinary
	}
	if null {
		return append(dst, "NULL"...), nil
	}
	part, err := nested(a.elem, b)
	switch {
	case err != nil:
		return dst, err
	case needsQuotes(part, a.chars) || strings.EqualFold(view(part), "NULL"):
		return appendEscaped(dst, part, '\\'), nil
	}
	return append(dst, part...), nil
}

// The flags of a range.
const (
	rangeEmpty     = 1 << 0
	rangeLowerIn   = 1 << 1
	rangeUpperIn   = 1 << 2
	rangeLowerNone = 1 << 3
	rangeUpperNone = 1 << 4
)

// rangeText makes a text such as [1,5).
func rangeText(bound binaryText) binaryText {
	if bound == nil {
		return nil
	}
	return func(dst, b []byte) (_ []byte, err error) {
		r := bytesReader{b: b}
		flags := r.uint8()
		if flags&rangeEmpty != 0 {
			return r.end(append(dst, "empty"...))
		}
		one := func(none byte) {
			if flags&none != 0 || err != nil {
				return
			}
			b, null := r.sized()
			if r.bad || null {
				err = errBinary
				return
			}
			var part []byte
			if part, err = nested(bound, b); needsQuotes(part, `"\()[],`) {
				dst = appendEscaped(dst, part, '"')
			} else {
				dst = append(dst, part...)
			}
		}
		dst = append(dst, "(["[flags&rangeLowerIn/rangeLowerIn])
		one(rangeLowerNone)
		dst = append(dst, ',')
		one(rangeUpperNone)
		if err != nil {
			return dst, err
		}
		return r.end(append(dst, ")]"[flags&rangeUpperIn/rangeUpperIn]))
	}
}

// multirangeText makes a text such as {[1,5),[7,9)}.
func multirangeText(one binaryText) binaryText {
	if one == nil {
		return nil
	}
	return func(dst, b []byte) (_ []byte, err error) {
		r := bytesReader{b: b}
		n := r.int32()
		dst = append(dst, '{')
		for i := int32(0); i < n && !r.bad; i++ {
			if i > 0 {
				dst = append(dst, ',')
			}
			b, _ := r.sized()
			if dst, err = one(dst, b); err != nil {
				return dst, err
			}
		}
		return r.end(append(dst, '}'))
	}
}

// compositeText makes a text such as (1,"a b",).
func compositeText(parts []binaryText) binaryText {
	return func(dst, b []byte) ([]byte, error) {
		r := bytesReader{b: b}
		if r.int32() != int32(len(parts)) {
			return dst, errBinary
		}
		dst = append(dst, '(')
		for i, text := range parts {
			if i > 0 {
				dst = append(dst, ',')
			}
			r.int32() // the type of the part
			b, null := r.sized()
			switch {
			case r.bad || null:
				continue
			case text == nil:
				return dst, errBinary
			}
			part, err := nested(text, b)
			if err != nil {
				return dst, err
			}
			if needsQuotes(part, `"\(),`) {
				dst = appendEscaped(dst, part, '"')
			} else {
				dst = append(dst, part...)
			}
		}
		return r.end(append(dst, ')'))
	}
}

// hstoreText makes a text such as "a"=>"1", "b"=>NULL.
func hstoreText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n := r.int32()
	for i := int32(0); i < n && !r.bad; i++ {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		key, _ := r.sized()
		dst = append(appendEscaped(dst, key, '\\'), "=>"...)
		if value, null := r.sized(); null {
			dst = append(dst, "NULL"...)
		} else {
			dst = appendEscaped(dst, value, '\\')
		}
	}
	return r.end(dst)
}

// tsvectorText makes a text such as 'a':1A,2 'b'.
func tsvectorText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n := r.int32()
	for i := int32(0); i < n && !r.bad; i++ {
		if i > 0 {
			dst = append(dst, ' ')
		}
		end := strings.IndexByte(view(r.b), 0)
		if end < 0 {
			return dst, errBinary
		}
		dst = append(dst, '\'')
		for _, c := range r.take(end + 1)[:end] {
			if c == '\'' || c == '\\' {
				dst = append(dst, c)
			}
			dst = append(dst, c)
		}
		dst = append(dst, '\'')
		for j := range int(uint16(r.int16())) {
			place := r.take(2)
			if r.bad {
				return dst, errBinary
			}
			at := binary.BigEndian.Uint16(place)
			dst = strconv.AppendUint(append(dst, ":,"[min(j, 1)]), uint64(at&0x3fff), 10)
			if weight := at >> 14; weight > 0 {
				dst = append(dst, "DCBA"[weight])
			}
		}
	}
	return r.end(dst)
}

// vectorText makes a text such as [1,2.5].
func vectorText(dst, b []byte) ([]byte, error) {
	r := bytesReader{b: b}
	n := int(r.int16())
	r.int16()
	dst = append(dst, '[')
	for i := 0; i < n && !r.bad; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, float64(r.float32()), 32)
	}
	return r.end(append(dst, ']'))
}
