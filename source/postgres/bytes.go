package postgres

import (
	"encoding/base64"
	"encoding/hex"

	"github.com/tailrace-io/tailrace"
)

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
