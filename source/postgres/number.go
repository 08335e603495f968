package postgres

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

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
