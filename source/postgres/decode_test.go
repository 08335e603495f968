package postgres

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

func TestTextsOfPostgreSQLBecomeValues(t *testing.T) {
	text := array(copyText)
	for _, c := range []struct {
		decode decoder
		text   string
		want   string
	}{
		{decodeDate, "0001-01-01 BC", "-719528"},
		{decodeDate, "0044-03-15 BC", "-735160"},
		{decodeDate, "5874897-12-31", "2145042905"},
		{timestamp(1), "0001-12-31 23:59:59.5 BC", "-62135596800500000"},
		{timestamp(1000), "1969-12-31 23:59:59.9999", "-1"},
		{zonedTimestamp(6), "2026-01-02 03:04:05.1+05:30", "2026-01-01T21:34:05.100000Z"},
		{zonedTimestamp(0), "2026-01-02 03:04:05-00:00:10", "2026-01-02T03:04:15Z"},
		{zonedTimestamp(3), "12026-01-02 03:04:05.12+00", "+12026-01-02T03:04:05.120Z"},
		{zonedTimestamp(0), "0044-03-15 12:00:00+00 BC", "-0043-03-15T12:00:00Z"},
		{decodeZonedTime, "00:30:00.25+01", "23:30:00.25Z"},
		{intervalMicros, "1 mon", "2629800000000"},
		{intervalMicros, "-1 days +02:03:00", "-79020000000"},
		{intervalText, "-1 mons -2 days -26:00:00.000001", "P0Y-1M-2DT-26H0M-0.000001S"},
		{numericText(2), "1", "1.00"},
		{numericText(0), "-Infinity", "NEGATIVE_INFINITY"},
		{moneyText, "-$1,234.56", "-1234.56"},
		{moneyText, "1.234,56 €", "1234.56"},
		{moneyText, "￥1,234", "1234"},
		{text, `{}`, "[]"},
		{text, `{{a,NULL},{"b, \"c\"","NULL"}}`, `[a, null, b, "c", NULL]`},
		{text, `[0:1]={a,b}`, "[a, b]"},
		{hstoreJSON, `"a\"b"=>"<1>", "c"=>NULL`, `{"a\"b":"<1>","c":null}`},
		{hstoreMap, `"a"=>"1", "b"=>NULL`, `{a: 1, b: null}`},
		{byteaText(BinaryBase64URLSafe), `\xfbff`, "-_8="},
	} {
		v, err := c.decode(new(tailrace.Slab), []byte(c.text))
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, v.String(), c.text)
	}
}

func TestDecimalsKeepTheirDigits(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale int
		want  string
	}{
		{"12.34", 2, "12.34"}, {"-0.01", 2, "-0.01"}, {"1", 5, "1.00000"}, {"999999999999999999", 0, "999999999999999999"},
		{"12345678901234567890123456789.5", 3, "12345678901234567890123456789.500"}, {"1200", -2, "1200"}, {"0", -2, "0"},
	} {
		v, err := decimal(c.scale)(new(tailrace.Slab), []byte(c.text))
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, string(tailrace.AppendDecimal(nil, v.Bytes(), c.scale)))
	}
	v, err := decodeVariable(new(tailrace.Slab), []byte("100.500"))
	require.NoError(t, err)
	assert.Equal(t, int64(1), v.Fields()[0].Int())
	v, err = decimal(2)(new(tailrace.Slab), []byte("NaN"))
	require.NoError(t, err)
	assert.True(t, v.IsNull())
}

func TestDefaultsAreReadAsPostgreSQLPrintsThem(t *testing.T) {
	for expr, want := range map[string]string{
		"'it''s'::character varying": "it's", "7": "7", "'-5'::integer": "-5", "(-5)": "-5", "true": "t", "1.5": "1.5", "'{}'::jsonb": "{}", "''::text": "",
	} {
		text, literal, null := literalOf(expr)
		assert.True(t, literal && !null, expr)
		assert.Equal(t, want, text)
	}
	for _, expr := range []string{"now()", "nextval('a_seq'::regclass)", "CURRENT_TIMESTAMP", "('a'::text || 'b'::text)"} {
		_, literal, _ := literalOf(expr)
		assert.False(t, literal, expr)
	}
	_, _, null := literalOf("NULL::character varying")
	assert.True(t, null)
}

func TestPositionsAreReadAsTheyAreWritten(t *testing.T) {
	for _, p := range []position{{LSN: 5}, {LSN: 1 << 63, Commit: 9, Changes: 3, XID: 7, Micros: -1}} {
		p.text = string(p.append(nil))
		again, err := parsePosition(p.text)
		require.NoError(t, err)
		assert.Equal(t, p, again)
	}
	for _, bad := range []string{"", "{}", "[]", `{"lsn":"x"}`, `{"lsn":0}`, `{"lsn":-1}`} {
		_, err := parsePosition(bad)
		assert.Error(t, err, bad)
	}
}

// FuzzDecode holds that no text makes a decoder panic.
func FuzzDecode(f *testing.F) {
	decoders := []decoder{
		decodeBool, integer(tailrace.TypeInt64), decodeFloat32, decodeFloat64, decimal(2), decimal(-3), numericText(2), decodeVariable, moneyDecimal(2),
		moneyText, decodeBytea, byteaText(BinaryHex), decodeBits, decodePoint, array(copyText), array(array(decimal(1))), hstoreMap, hstoreJSON, decodeDate, timeMicros,
		timestamp(1000), zonedTimestamp(6), decodeZonedTime, intervalMicros, intervalText,
	}
	for i, text := range []string{"t", "-12", "1.5", "NaN", "1.25", "1200", "1", "1.50", "$1.2", "(1.00)", `\xab`, `\x`, "0101", "(1,2)", `{a,"b\"",NULL}`, `{{1}}`,
		`"a"=>"b"`, `"a"=>NULL`, "2026-01-02 BC", "01:02:03.5", "2026-01-02 03:04:05.1", "2026-01-02 03:04:05+05:30:15", "01:02:03-05", "1 year -2 mons", "1 day 01:02:03"} {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		d := decoders[int(which)%len(decoders)]
		d(new(tailrace.Slab), []byte(text))
		unescapeCopy([]byte(text))
		literalOf(text)
		if p, err := parsePosition(text); err == nil && !p.snapshot {
			p.foreign = false
			again, err := parsePosition(string(p.append(nil)))
			assert.NoError(t, err)
			assert.Equal(t, p, again)
		}
	})
}
