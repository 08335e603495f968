package postgres

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

// quoteElement writes a text as an element of an array, or a part of a
// composite.
func quoteElement(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func FuzzArray(f *testing.F) {
	for _, text := range []string{`{}`, `{1,NULL,"a b"}`, `{{1,2},{3,NULL}}`, `[0:1]={a,b}`, `{"a\"b","\\"}`, `{`, `{"a}`, `{a}}`, ``} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		decode := array(copyText)
		v, err := decode(new(tailrace.Slab), text)
		if err != nil {
			return
		}
		var parts []string
		for _, e := range v.Elems() {
			if e.IsNull() {
				parts = append(parts, "NULL")
			} else {
				parts = append(parts, quoteElement(e.Text()))
			}
		}
		again, err := decode(new(tailrace.Slab), []byte("{"+strings.Join(parts, ",")+"}"))
		require.NoError(t, err)
		assert.True(t, v.Equal(again))
	})
}

func FuzzComposite(f *testing.F) {
	for _, text := range []string{`(1,"a b",)`, `(,,)`, `("a""b",c\,d,x"y"z)`, `(1`, `(1,2)`, `("`, `("a\`, ``, `(1,2,3)x`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		decode := composite([]decoder{copyText, copyText, copyText})
		v, err := decode(new(tailrace.Slab), text)
		if err != nil {
			return
		}
		var parts []string
		for _, a := range v.Fields() {
			if a.IsNull() {
				parts = append(parts, "")
			} else {
				parts = append(parts, quoteElement(a.Text()))
			}
		}
		again, err := decode(new(tailrace.Slab), []byte("("+strings.Join(parts, ",")+")"))
		require.NoError(t, err)
		assert.True(t, v.Equal(again))
	})
}

func FuzzHstore(f *testing.F) {
	for _, text := range []string{`"a"=>"1", "b"=>NULL`, `"a\"b"=>"\\"`, `"a"=>`, `"a"`, ``, `"a"=>"1",,`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := hstoreMap(new(tailrace.Slab), text)
		_, errJSON := hstoreJSON(new(tailrace.Slab), text)
		assert.Equal(t, err == nil, errJSON == nil)
		if err != nil {
			return
		}
		var pairs []string
		entries := v.Entries()
		for i := 0; i < len(entries); i += 2 {
			value := "NULL"
			if !entries[i+1].IsNull() {
				value = quoteElement(entries[i+1].Text())
			}
			pairs = append(pairs, quoteElement(entries[i].Text())+"=>"+value)
		}
		again, err := hstoreMap(new(tailrace.Slab), []byte(strings.Join(pairs, ", ")))
		require.NoError(t, err)
		assert.True(t, v.Equal(again))
	})
}

func FuzzInterval(f *testing.F) {
	for _, text := range []string{"1 year 2 mons -3 days 04:05:06.78", "00:00:00", "-1 mons", "1 day -00:00:00.5", "1", "1 year 1", ""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := parseInterval(text)
		_, errText := intervalText(new(tailrace.Slab), text)
		_, errMicros := intervalMicros(new(tailrace.Slab), text)
		assert.Equal(t, err, errText)
		assert.Equal(t, err, errMicros)
	})
}

// Whatever a server may send, each decoder gives a value or an error.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{"2026-02-03 04:05:06.789012+02", "0044-03-15 BC", "infinity", "24:00:00", "01:02:03-15:30", `\xdead`, "101", "(1.5,-2)",
		"0101000020E6100000000000000000F03F0000000000000040", "[1,2.5]", "{1:1.5,3:2}/5", "-$1,234.56", "12.50", "NaN", "9223372036854775807"} {
		f.Add([]byte(text))
	}
	decoders := []decoder{decodeDate, timeMicros, timeMillis, timeNanos, isoTime, isoDate, isoTimestamp, timestamp(1), timestamp(1000), timestampNanos,
		zonedTimestamp(3), decodeZonedTime, decodeBytea, byteaText(BinaryHex), decodeBits, decodeBit, decodePoint, decodeSpatial, vector(decodeFloat64),
		decodeSparse, moneyDecimal(2), moneyText, moneyFloat, decimal(2), decodeVariable, numericText(2), decodeBool, integer(tailrace.TypeInt64)}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := string(text)
		for _, d := range decoders {
			d(new(tailrace.Slab), text)
		}
		assert.Equal(t, before, string(text), "a decoder changes what it reads")
	})
}

// Whatever bytes a server may send, they become a text or an error, and a text
// of several parts has as many of them.
func FuzzBinary(f *testing.F) {
	known := &types{byOID: map[uint32]*pgType{
		1: {oid: 1, name: "int4", kind: 'b'}, 2: {oid: 2, name: "_text", kind: 'b', array: true, elem: 3}, 3: {oid: 3, name: "text", kind: 'b'},
		4: {oid: 4, name: "int4range", kind: 'r', of: 1}, 5: {oid: 5, name: "int4multirange", kind: 'm', of: 4},
		6: {oid: 6, name: "pair", kind: 'c', attributes: []attribute{{"a", 3, -1}, {"b", 2, -1}}},
	}}
	texts, pair := known.binaryText(known.byOID[2]), known.binaryText(known.byOID[6])
	others := []binaryText{known.binaryText(known.byOID[4]), known.binaryText(known.byOID[5]), moneyBinary(2), moneyBinary(0)}
	for _, text := range binaryTexts() {
		others = append(others, text)
	}
	for _, b := range []string{"", "\x01", "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01a\xff\xff\xff\xff",
		"\x00\x02\x00\x00\x00\x00\x00\x02\x04\xd2\x16\x2e", "\x06\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x05",
		"\x02\x20\x00\x04\x0a\x00\x00\x01", "\x00\x00\x00\x02\x00\x00\x00\x03\xff\xff\xff\xff\x00\x00\x00\x02\xff\xff\xff\xff"} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		for _, text := range others {
			text(nil, b)
		}
		if text, err := texts(nil, b); err == nil {
			_, err := array(copyText)(new(tailrace.Slab), text)
			require.NoError(t, err, "%q", text)
		}
		if text, err := pair(nil, b); err == nil {
			n := 0
			require.NoError(t, eachAttribute(text, func([]byte, bool) error { n++; return nil }), "%q", text)
			assert.Equal(t, 2, n, "%q", text)
		}
		assert.Equal(t, before, string(b))
	})
}
