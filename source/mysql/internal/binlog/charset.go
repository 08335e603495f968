package binlog

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/tailrace-io/tailrace"
)

// charset turns the text of one of the servers' character sets into UTF-8.
type charset struct {
	name    string
	utf8    bool // nothing is to be done
	table   []rune
	from    byte              // the byte that the table begins at: those below are ASCII
	decoder *encoding.Decoder // of character sets of several bytes
}

func lookUpCharset(name string) (*charset, error) {
	name = strings.ToLower(name)
	cs := &charset{name: name}
	if table, ok := singleByte(name); ok {
		cs.table, cs.from = []rune(table), 0x80
		if name == "swe7" {
			cs.from = 0
		}
		return cs, nil
	}
	switch name {
	case "utf8mb4", "utf8mb3", "utf8", "ascii":
		cs.utf8 = true
	case "utf16", "utf16le", "utf32", "ucs2":
	case "sjis", "cp932":
		cs.decoder = japanese.ShiftJIS.NewDecoder()
	case "ujis", "eucjpms":
		cs.decoder = japanese.EUCJP.NewDecoder()
	case "euckr":
		cs.decoder = korean.EUCKR.NewDecoder()
	case "gb2312", "gbk":
		cs.decoder = simplifiedchinese.GBK.NewDecoder()
	case "gb18030":
		cs.decoder = simplifiedchinese.GB18030.NewDecoder()
	case "big5":
		cs.decoder = traditionalchinese.Big5.NewDecoder()
	default:
		return nil, fmt.Errorf("texts of the character set %s cannot be decoded", name)
	}
	return cs, nil
}

// AppendText appends a text of the character set, named as the server spells it,
// in UTF-8. "binary" and what is UTF-8 already are copied. What stands for no
// character becomes U+FFFD.
func AppendText(dst, text []byte, charset string) ([]byte, error) {
	if charset == "binary" {
		return append(dst, text...), nil
	}
	cs, err := lookUpCharset(charset)
	if err != nil {
		return dst, err
	}
	if cs.utf8 {
		return append(dst, text...), nil
	}
	return cs.append(dst, text)
}

func (cs *charset) append(dst, text []byte) ([]byte, error) {
	switch {
	case cs.table != nil:
		for _, b := range text {
			switch {
			case b < cs.from:
				dst = append(dst, b)
			case int(b-cs.from) < len(cs.table):
				dst = utf8.AppendRune(dst, cs.table[b-cs.from])
			default:
				dst = utf8.AppendRune(dst, utf8.RuneError)
			}
		}
	case cs.decoder != nil:
		cs.decoder.Reset()
		at := len(dst)
		dst = append(dst, make([]byte, 4*len(text)+8)...)
		n, _, err := cs.decoder.Transform(dst[at:], text, true)
		dst = dst[:at+n]
		if err != nil {
			return dst, fmt.Errorf("a text of the character set %s cannot be decoded: %w", cs.name, err)
		}
		if cs.name == "gb2312" { // the two characters that differ from GBK
			fixed := bytes.ReplaceAll(dst[at:], []byte("·"), []byte("\u30fb"))
			return append(dst[:at], bytes.ReplaceAll(fixed, []byte("—"), []byte("―"))...), nil
		}
	default:
		return cs.appendWide(dst, text), nil
	}
	return dst, nil
}

// appendWide decodes the character sets of two and four bytes.
func (cs *charset) appendWide(dst, text []byte) []byte {
	if cs.name == "utf32" {
		for ; len(text) >= 4; text = text[4:] {
			dst = utf8.AppendRune(dst, rune(text[0])<<24|rune(text[1])<<16|rune(text[2])<<8|rune(text[3]))
		}
		return dst
	}
	unit := func() rune {
		r := rune(text[0])<<8 | rune(text[1])
		if cs.name == "utf16le" {
			r = rune(text[1])<<8 | rune(text[0])
		}
		text = text[2:]
		return r
	}
	for len(text) >= 2 {
		r := unit()
		if utf16.IsSurrogate(r) && len(text) >= 2 {
			r = utf16.DecodeRune(r, unit())
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// text makes a text in another character set a String.
func (p *RowPlan) text(o *op, slab *tailrace.Slab, raw []byte) (tailrace.Value, error) {
	if o.text.from == 0x80 && isASCII(raw) {
		return slab.CopyString(raw), nil
	}
	var err error
	p.scratch, err = o.text.append(p.scratch[:0], raw)
	return slab.CopyString(p.scratch), err
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// CharsetOf names the character set of a collation, by the number that table
// maps and the servers' INFORMATION_SCHEMA.COLLATIONS have for it.
func CharsetOf(collation uint16) (name string, ok bool) {
	switch {
	case collation >= 3328: // none yet
		return "", false
	case collation >= 2048: // MariaDB: of Unicode 14, 256 a character set
		return [...]string{"utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32"}[collation/256-8], true
	case collation >= 1024: // MariaDB: the same without padding
		collation -= 1024
	}
	for _, r := range collations {
		if collation >= r.first && collation <= r.last {
			return r.charset, true
		}
	}
	return "", false
}
