package postgres

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unsafe"

	"github.com/tailrace-io/tailrace"
)

// view is the text without a copy: for functions that keep nothing of it.
func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

func copyText(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	return slab.CopyString(text), nil
}

func copyBytes(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	return slab.CopyBytes(text), nil
}

func decodeBool(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	if len(text) != 1 || text[0] != 't' && text[0] != 'f' {
		return tailrace.Value{}, errForm
	}
	return tailrace.Boolean(text[0] == 't'), nil
}

func integer(t tailrace.Type) decoder {
	return func(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
		n, ok := parseInt(text)
		if !ok {
			return tailrace.Value{}, errForm
		}
		return tailrace.Integer(t, n), nil
	}
}

// parseInt reads digits, with a sign before them or without.
func parseInt(text []byte) (int64, bool) {
	digits, neg := text, false
	if len(text) > 0 && text[0] == '-' {
		digits, neg = text[1:], true
	}
	if len(digits) == 0 || len(digits) > 18 {
		n, err := strconv.ParseInt(view(text), 10, 64)
		return n, err == nil
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

func decodeFloat32(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	f, err := strconv.ParseFloat(view(text), 32)
	if err != nil {
		return tailrace.Value{}, errForm
	}
	return tailrace.Float32(float32(f)), nil
}

func decodeFloat64(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	f, err := strconv.ParseFloat(view(text), 64)
	if err != nil {
		return tailrace.Value{}, errForm
	}
	return tailrace.Float64(f), nil
}

// special gives the name of a number that is none; "" for others.
func special(text []byte) string {
	switch view(text) {
	case "NaN":
		return "NAN"
	case "Infinity":
		return "POSITIVE_INFINITY"
	case "-Infinity":
		return "NEGATIVE_INFINITY"
	}
	return ""
}

// numericText copies the number, with as many digits behind the point as the
// scale says.
func numericText(scale int) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if name := special(text); name != "" {
			return tailrace.String(name), nil
		}
		point := strings.IndexByte(view(text), '.')
		have := 0
		if point >= 0 {
			have = len(text) - point - 1
		}
		if scale <= have {
			return slab.CopyString(text), nil
		}
		out := append(make([]byte, 0, len(text)+1+scale), text...) // a default, or one of no precision
		if point < 0 {
			out = append(out, '.')
		}
		for range scale - have {
			out = append(out, '0')
		}
		return slab.CopyString(out), nil
	}
}

// errNoNumber says that there is nothing to put into a required column.
var errNoNumber = errors.New("the value is NaN or infinite, for which a decimal has no form, and the column cannot be null: choose another form of decimals than precise, such as string")

// aNumber is for columns that cannot be null.
func aNumber(d decoder) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		v, err := d(slab, text)
		if err == nil && v.IsNull() {
			err = errNoNumber
		}
		return v, err
	}
}

// decimal makes an unscaled number of the scale. What is not a number is null,
// as in Debezium.
func decimal(scale int) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if special(text) != "" {
			return tailrace.Value{}, nil
		}
		return unscaled(slab, text, scale)
	}
}

// unscaled makes the unscaled number of a decimal's text.
func unscaled(slab *tailrace.Slab, text []byte, scale int) (tailrace.Value, error) {
	var n int64
	digits, behind, neg, point := 0, 0, false, false
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
			if digits++; point {
				behind++
			}
		case c == '-' && i == 0:
			neg = true
		case c == '.' && !point:
			point = true
		default:
			return tailrace.Value{}, errForm
		}
	}
	if digits == 0 {
		return tailrace.Value{}, errForm
	}
	if digits > 18 || behind > scale || digits+scale-behind > 18 {
		return bigUnscaled(slab, text, scale-behind)
	}
	for range scale - behind {
		n *= 10
	}
	if neg {
		n = -n
	}
	var buf [8]byte
	return slab.CopyBytes(tailrace.AppendUnscaled(buf[:0], n)), nil
}

// bigUnscaled makes the number of the text's digits, with more zeros behind
// them or, where zeros is negative, fewer: those that are left out must be 0.
func bigUnscaled(slab *tailrace.Slab, text []byte, zeros int) (tailrace.Value, error) {
	digits := make([]byte, 0, len(text)+max(zeros, 0))
	for _, c := range text {
		if c != '.' {
			digits = append(digits, c)
		}
	}
	for ; zeros > 0; zeros-- {
		digits = append(digits, '0')
	}
	for ; zeros < 0 && len(digits) > 1 && digits[len(digits)-1] == '0'; zeros++ {
		digits = digits[:len(digits)-1]
	}
	n, ok := new(big.Int).SetString(string(digits), 10)
	if !ok || zeros < 0 && n.Sign() != 0 {
		return tailrace.Value{}, errForm
	}
	return slab.CopyBytes(tailrace.AppendBigUnscaled(nil, n)), nil
}

// decodeVariable makes a number with its own scale, without zeros at its end.
func decodeVariable(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	if special(text) != "" {
		return tailrace.Value{}, nil
	}
	scale := 0
	if point := strings.IndexByte(view(text), '.'); point >= 0 {
		for text[len(text)-1] == '0' {
			text = text[:len(text)-1]
		}
		if scale = len(text) - point - 1; scale == 0 {
			text = text[:point]
		}
	}
	v, err := unscaled(slab, text, scale)
	if err != nil {
		return v, err
	}
	fields := slab.Values(2)
	fields[0], fields[1] = tailrace.Int32(int32(scale)), v
	return tailrace.StructOf(fields), nil
}

// moneyNumber gives the number that a locale writes, such as -$1,234.56 or
// 1.234,56 €, as 1234.56: the last mark before one or two digits is the point.
func moneyNumber(dst, text []byte) []byte {
	point := -1
	if i := strings.LastIndexAny(view(text), ".,"); i >= 0 {
		n := 0
		for _, c := range text[i+1:] {
			if c >= '0' && c <= '9' {
				n++
			}
		}
		if n < 3 {
			point = i
		}
	}
	for i, c := range text {
		switch {
		case (c == '-' || c == '(') && len(dst) == 0:
			dst = append(dst, '-')
		case c >= '0' && c <= '9':
			dst = append(dst, c)
		case i == point:
			dst = append(dst, '.')
		}
	}
	return dst
}

func moneyDecimal(scale int) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		var buf [40]byte
		number := moneyNumber(buf[:0], text)
		return rounded(slab, number, scale)
	}
}

// rounded makes the unscaled number of a decimal that may have more digits than
// the scale; a half is rounded away from zero.
func rounded(slab *tailrace.Slab, number []byte, scale int) (tailrace.Value, error) {
	point := strings.IndexByte(view(number), '.')
	if point < 0 || len(number)-point-1 <= scale {
		return unscaled(slab, number, scale)
	}
	n, ok := new(big.Int).SetString(string(number[:point])+string(number[point+1:point+1+scale]), 10)
	if !ok {
		return tailrace.Value{}, errForm
	}
	if number[point+1+scale] >= '5' {
		if number[0] == '-' {
			n.Sub(n, big.NewInt(1))
		} else {
			n.Add(n, big.NewInt(1))
		}
	}
	return slab.CopyBytes(tailrace.AppendBigUnscaled(nil, n)), nil
}

func moneyText(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	var buf [40]byte
	return slab.CopyString(moneyNumber(buf[:0], text)), nil
}

func moneyFloat(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	var buf [40]byte
	return decodeFloat64(slab, moneyNumber(buf[:0], text))
}

func decodeBytea(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	if len(text) < 2 || text[0] != '\\' || text[1] != 'x' {
		return tailrace.Value{}, errForm
	}
	out := slab.Bytes((len(text) - 2) / 2)
	if _, err := hex.Decode(out, text[2:]); err != nil {
		return tailrace.Value{}, errForm
	}
	return tailrace.Bytes(out), nil
}

// binaryForm gives bytes the form of a mode.
func binaryForm(mode BinaryMode) func(slab *tailrace.Slab, b []byte) tailrace.Value {
	encode := func(encoding *base64.Encoding) func(slab *tailrace.Slab, b []byte) tailrace.Value {
		return func(slab *tailrace.Slab, b []byte) tailrace.Value {
			out := slab.Bytes(encoding.EncodedLen(len(b)))
			encoding.Encode(out, b)
			return tailrace.String(view(out))
		}
	}
	switch mode {
	case BinaryBase64:
		return encode(base64.StdEncoding)
	case BinaryBase64URLSafe:
		return encode(base64.URLEncoding)
	case BinaryHex:
		return func(slab *tailrace.Slab, b []byte) tailrace.Value {
			out := slab.Bytes(hex.EncodedLen(len(b)))
			hex.Encode(out, b)
			return tailrace.String(view(out))
		}
	}
	return func(slab *tailrace.Slab, b []byte) tailrace.Value { return slab.CopyBytes(b) }
}

// byteaText makes BYTEA in the form of a mode that is text.
func byteaText(mode BinaryMode) decoder {
	form := binaryForm(mode)
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		v, err := decodeBytea(slab, text)
		if err != nil {
			return v, err
		}
		return form(slab, v.Bytes()), nil
	}
}

func decodeBit(_ *tailrace.Slab, text []byte) (tailrace.Value, error) {
	if len(text) != 1 || text[0] != '0' && text[0] != '1' {
		return tailrace.Value{}, errForm
	}
	return tailrace.Boolean(text[0] == '1'), nil
}

// decodeBits makes the bytes of a bit string, the last bit first, without zero
// bytes at their end.
func decodeBits(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	out := slab.Bytes((len(text) + 7) / 8)
	clear(out)
	for i, c := range text {
		if c != '0' && c != '1' {
			return tailrace.Value{}, errForm
		}
		at := len(text) - 1 - i
		out[at/8] |= (c - '0') << (at % 8)
	}
	for len(out) > 0 && out[len(out)-1] == 0 {
		out = out[:len(out)-1]
	}
	return tailrace.Bytes(out), nil
}

// decodePoint makes a point with its well-known binary form.
func decodePoint(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	inner, ok := strings.CutPrefix(view(text), "(")
	inner, ok2 := strings.CutSuffix(inner, ")")
	first, second, ok3 := strings.Cut(inner, ",")
	x, err1 := strconv.ParseFloat(first, 64)
	y, err2 := strconv.ParseFloat(second, 64)
	if !ok || !ok2 || !ok3 || err1 != nil || err2 != nil {
		return tailrace.Value{}, errForm
	}
	wkb := slab.Bytes(21)
	wkb[0] = 1
	binary.LittleEndian.PutUint32(wkb[1:], 1)
	binary.LittleEndian.PutUint64(wkb[5:], math.Float64bits(x))
	binary.LittleEndian.PutUint64(wkb[13:], math.Float64bits(y))
	fields := slab.Values(4)
	fields[0], fields[1], fields[2] = tailrace.Float64(x), tailrace.Float64(y), tailrace.Bytes(wkb)
	return tailrace.StructOf(fields), nil
}

// array makes an array of its text, such as {1,NULL,"a b"}. More than one
// dimension becomes one, in the order of the text.
func array(elem decoder) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		if i := strings.IndexByte(view(text), '='); i >= 0 && text[0] == '[' {
			text = text[i+1:] // its bounds
		}
		var out []tailrace.Value
		err := eachElement(text, func(e []byte, null bool) (err error) {
			var v tailrace.Value
			if !null {
				v, err = elem(slab, e)
			}
			out = append(out, v)
			return err
		})
		return tailrace.Array(out), err
	}
}

// eachElement calls for each element of an array's text.
func eachElement(text []byte, element func(e []byte, null bool) error) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 || depth == 0 && i != len(text)-1 {
				return errForm
			}
		case ',', ' ':
		case '"':
			e, next, ok := quotedElement(text, i+1)
			if !ok || depth == 0 {
				return errForm
			}
			if err := element(e, false); err != nil {
				return err
			}
			i = next
		default:
			if depth == 0 {
				return errForm
			}
			end := i
			for end < len(text) && text[end] != ',' && text[end] != '}' {
				end++
			}
			if err := element(text[i:end], view(text[i:end]) == "NULL"); err != nil {
				return err
			}
			i = end - 1
		}
	}
	if depth != 0 || len(text) == 0 {
		return errForm
	}
	return nil
}

// quotedElement reads a text in quotes from behind the first of them; end is
// the place of the last.
func quotedElement(text []byte, at int) (e []byte, end int, ok bool) {
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"':
			if e == nil {
				return text[at:i], i, true
			}
			return e, i, true
		case '\\':
			if e == nil {
				e = append(make([]byte, 0, len(text)-at), text[at:i]...)
			}
			if i++; i == len(text) {
				return nil, 0, false
			}
			e = append(e, text[i])
		default:
			if e != nil {
				e = append(e, text[i])
			}
		}
	}
	return nil, 0, false
}

// eachPair calls for each pair of an hstore's text, such as "a"=>"1", "b"=>NULL.
func eachPair(text []byte, pair func(key, value []byte, null bool)) error {
	for i := 0; i < len(text); {
		if text[i] != '"' {
			return errForm
		}
		key, end, ok := quotedElement(text, i+1)
		if !ok || !strings.HasPrefix(view(text[end+1:]), "=>") {
			return errForm
		}
		i = end + 3
		switch {
		case strings.HasPrefix(view(text[i:]), "NULL"):
			pair(key, nil, true)
			i += 4
		case i < len(text) && text[i] == '"':
			value, end, ok := quotedElement(text, i+1)
			if !ok {
				return errForm
			}
			pair(key, value, false)
			i = end + 1
		default:
			return errForm
		}
		for i < len(text) && (text[i] == ',' || text[i] == ' ') {
			i++
		}
	}
	return nil
}

func hstoreMap(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	var entries []tailrace.Value
	err := eachPair(text, func(key, value []byte, null bool) {
		v := tailrace.Value{}
		if !null {
			v = slab.CopyString(value)
		}
		entries = append(entries, slab.CopyString(key), v)
	})
	return tailrace.Map(entries), err
}

func hstoreJSON(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
	out := []byte{'{'}
	quote := func(b []byte) {
		var buf strings.Builder
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		e.Encode(string(b)) // a text is always valid
		out = append(out, strings.TrimSuffix(buf.String(), "\n")...)
	}
	err := eachPair(text, func(key, value []byte, null bool) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		quote(key)
		out = append(out, ':')
		if null {
			out = append(out, "null"...)
		} else {
			quote(value)
		}
	})
	return slab.CopyString(append(out, '}')), err
}
