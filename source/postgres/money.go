package postgres

import (
	"math/big"
	"strings"

	"github.com/tailrace-io/tailrace"
)

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
