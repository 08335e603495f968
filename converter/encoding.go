package converter

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is how String turns text into bytes.
type Encoding uint8

const (
	UTF8    Encoding = iota // the default
	ASCII                   // US-ASCII: a byte a character, below 128
	Latin1                  // ISO-8859-1: a byte a character
	UTF16                   // big-endian with a byte order mark; either order is read
	UTF16BE                 // big-endian, without a byte order mark
	UTF16LE                 // little-endian, without a byte order mark
)

var encodingNames = [...]string{"UTF-8", "US-ASCII", "ISO-8859-1", "UTF-16", "UTF-16BE", "UTF-16LE"}

// String gives the encoding's name in IANA's registry, such as "UTF-8".
func (e Encoding) String() string {
	if int(e) < len(encodingNames) {
		return encodingNames[e]
	}
	return fmt.Sprintf("encoding(%d)", uint8(e))
}

// ParseEncoding gives the encoding of a name, in upper or lower case, as Java
// spells it: UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE or UTF-16LE, or UTF8,
// ASCII and latin1 for the first three.
func ParseEncoding(name string) (Encoding, error) {
	switch strings.ToUpper(name) {
	case "UTF8":
		return UTF8, nil
	case "ASCII":
		return ASCII, nil
	case "LATIN1", "ISO8859_1":
		return Latin1, nil
	}
	for i, n := range encodingNames {
		if strings.EqualFold(name, n) {
			return Encoding(i), nil
		}
	}
	return 0, fmt.Errorf("the encoding %q is not supported; there are %s", name, strings.Join(encodingNames[:], ", "))
}

// append writes text, which is UTF-8.
func (e Encoding) append(dst, text []byte) ([]byte, error) {
	if e == UTF8 {
		return append(dst, text...), nil
	}
	if e == UTF16 && len(text) > 0 {
		dst = append(dst, 0xFE, 0xFF)
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch e {
		case ASCII, Latin1:
			if r > 0xFF || e == ASCII && r > 0x7F {
				return dst, fmt.Errorf("the character %U, which %s does not have", r, e)
			}
			dst = append(dst, byte(r))
		default:
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				dst = e.appendUnit(e.appendUnit(dst, uint16(high)), uint16(low))
			} else {
				dst = e.appendUnit(dst, uint16(r))
			}
		}
	}
	return dst, nil
}

func (e Encoding) appendUnit(dst []byte, unit uint16) []byte {
	if e == UTF16LE {
		return binary.LittleEndian.AppendUint16(dst, unit)
	}
	return binary.BigEndian.AppendUint16(dst, unit)
}

// decode gives the text, as UTF-8, that data stands for. It may be data itself.
func (e Encoding) decode(data []byte) ([]byte, error) {
	switch e {
	case UTF8:
		for i := 0; i < len(data); {
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size == 1 {
				return nil, fmt.Errorf("byte %d: the text is not UTF-8; bytes of any kind are Bytes' (ByteArrayConverter)", i)
			}
			i += size
		}
		return data, nil
	case ASCII, Latin1:
		text := make([]byte, 0, len(data))
		for i, c := range data {
			if e == ASCII && c >= utf8.RuneSelf {
				return nil, fmt.Errorf("byte %d: the text is not US-ASCII", i)
			}
			text = utf8.AppendRune(text, rune(c))
		}
		return text, nil
	}
	return e.decode16(data)
}

func (e Encoding) decode16(data []byte) ([]byte, error) {
	if len(data)%2 != 0 {
		return nil, fmt.Errorf("%d bytes, which is not a whole number of %s's two-byte units", len(data), e)
	}
	var order binary.ByteOrder = binary.BigEndian
	if e == UTF16LE {
		order = binary.LittleEndian
	}
	i := 0
	if e == UTF16 && len(data) > 0 {
		switch binary.BigEndian.Uint16(data) {
		case 0xFFFE:
			order, i = binary.LittleEndian, 2
		case 0xFEFF:
			i = 2
		}
	}
	text := make([]byte, 0, len(data))
	for ; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+4 <= len(data) {
				low = rune(order.Uint16(data[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, fmt.Errorf("byte %d: half a surrogate pair, which stands for no character", i)
			}
			i += 2
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}
