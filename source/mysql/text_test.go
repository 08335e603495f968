package mysql

import (
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

func TestTextsBecomeValues(t *testing.T) {
	null := tailrace.Value{}
	for _, c := range []struct {
		what string
		read textReader
		text string
		want tailrace.Value
	}{
		{"int", readInteger(tailrace.TypeInt32), "-17", tailrace.Int32(-17)},
		{"bigint", readInteger(tailrace.TypeInt64), "-9223372036854775808", tailrace.Int64(math.MinInt64)},
		{"bigint unsigned", readInteger(tailrace.TypeInt64), "18446744073709551615", tailrace.Int64(-1)},
		{"decimal", readDecimal, "12.50", tailrace.Decimal(big.NewInt(1250))},
		{"negative decimal", readDecimal, "-0.01", tailrace.Decimal(big.NewInt(-1))},
		{"decimal of 18 digits", readDecimal, "-99999999.9999999999", tailrace.Decimal(big.NewInt(-999999999999999999))},
		{"large decimal", readDecimal, "1234567890123456789.5", tailrace.Decimal(bigNumber("12345678901234567895"))},
		{"bits", readBits, "\x01\x02", tailrace.Bytes([]byte{2, 1})},
		{"date", readDate(null), "1970-01-02", tailrace.Int32(1)},
		{"zero date", readDate(null), "0000-00-00", null},
		{"date without a day", readDate(tailrace.Int32(0)), "2020-02-00", tailrace.Int32(0)},
		{"datetime", readDatetime(binlog.Micros, null), "1969-12-31 23:59:59.999999", tailrace.Int64(-1)},
		{"datetime(3)", readDatetime(binlog.Millis, null), "1969-12-31 23:59:59.999", tailrace.Int64(-1)},
		{"time", readTime(binlog.Micros), "-838:59:59", tailrace.Int64(-3020399000000)},
		{"timestamp", readISODatetime(null), "2026-01-31 15:04:05", tailrace.String("2026-01-31T15:04:05Z")},
		{"timestamp(3)", readISODatetime(null), "2026-01-31 15:04:05.120", tailrace.String("2026-01-31T15:04:05.12Z")},
		{"timestamp(6)", readISODatetime(null), "2026-01-31 15:04:05.000000", tailrace.String("2026-01-31T15:04:05Z")},
		{"datetime in nanoseconds", readDatetime(binlog.Nanos, null), "1969-12-31 23:59:59.999999", tailrace.Int64(-1000)},
		{"datetime in ISO 8601", readISODatetime(null), "1000-01-01 00:00:00.100", tailrace.String("1000-01-01T00:00:00.1Z")},
		{"date in ISO 8601", readISODate(null), "2026-01-31", tailrace.String("2026-01-31Z")},
		{"time in nanoseconds", readTime(binlog.Nanos), "-00:00:01", tailrace.Int64(-1000000000)},
		{"zero timestamp", readISODatetime(null), "0000-00-00 00:00:00", null},
	} {
		v, err := c.read(new(tailrace.Slab), []byte(c.text))
		require.NoError(t, err, c.what)
		assert.True(t, c.want.Equal(v), "%s: %s becomes %s, not %s", c.what, c.text, v, c.want)
	}
}

func bigNumber(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func TestTextsThatAreNoValuesAreErrorsThatDoNotShowThem(t *testing.T) {
	for what, read := range readers() {
		for _, text := range []string{"", "secret", "12secret", "2026-01-31secret", "2026-01-31 15:04:secret", "15:04:05.secret", "1.2.secret"} {
			if _, err := read(new(tailrace.Slab), []byte(text)); assert.Error(t, err, "%s: %q", what, text) {
				assert.NotContains(t, err.Error(), "secret")
			}
		}
	}
}

// readers are those that do not take every text.
func readers() map[string]textReader {
	null := tailrace.Value{}
	return map[string]textReader{
		"int": readInteger(tailrace.TypeInt32), "float": readFloat(tailrace.TypeFloat32), "double": readFloat(tailrace.TypeFloat64),
		"decimal": readDecimal, "date": readDate(null), "datetime": readDatetime(binlog.Micros, null), "time": readTime(binlog.Micros), "timestamp": readISODatetime(null),
		"point": readPoint, "geometry": readGeometryOrFail,
	}
}

func readGeometryOrFail(slab *tailrace.Slab, raw []byte) (tailrace.Value, error) {
	if len(raw) >= 9 {
		return tailrace.Value{}, errNoShape
	}
	return readGeometry(slab, raw)
}

func FuzzTexts(f *testing.F) {
	for _, seed := range []string{"", "-", "12.50", "-838:59:59.999999", "2026-01-31 15:04:05.120", "0000-00-00", "18446744073709551615", "1e5", "\xff\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, read := range readers() {
			read(new(tailrace.Slab), text)
		}
		readVector(new(tailrace.Slab), text)
		readGeometry(new(tailrace.Slab), text)
		if v, err := readDecimal(new(tailrace.Slab), text); err == nil {
			assert.NotEmpty(t, v.Bytes())
		}
		if v, err := readInteger(tailrace.TypeInt64)(nil, text); err == nil {
			if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
				assert.Equal(t, n, v.Int())
			}
		}
	})
}

func FuzzDates(f *testing.F) {
	f.Add(2026, 1, 31)
	f.Add(0, 3, 1)
	f.Add(9999, 12, 31)
	f.Fuzz(func(t *testing.T, year, month, day int) {
		if year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
			return
		}
		c := clock{year: year, month: month, day: day}
		assert.Equal(t, time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix()/86400, c.days())
	})
}

func FuzzPackets(f *testing.F) {
	f.Add([]byte("\x03abc\xfb\xfc\x01\x00x"))
	f.Add([]byte("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		for len(packet) > 0 {
			text, null, rest, ok := cutText(packet)
			if !ok {
				return
			}
			assert.Less(t, len(rest), len(packet))
			assert.False(t, null && text != nil)
			packet = rest
		}
		parseError(packet)
	})
}

func FuzzPositions(f *testing.F) {
	f.Add(`{"ts_sec":1795256166,"file":"binlog.000001","pos":7922,"gtids":"57eee09e-e594-11f1-90ef-02fc00000001:1-22","row":4,"server_id":1,"event":4}`)
	f.Add(`{"ts_sec":1795256751,"file":"binlog.000001","pos":4433979,"snapshot":"INITIAL"}`)
	f.Add(`{"file":"a","pos":4,"snapshot":true,"snapshot_completed":false}`)
	f.Add(`{"file":"a","pos":4,"snapshot":"INITIAL","snapshot_table":"shop.t","snapshot_key":["1","é"],"snapshot_done":["shop.u"],"snapshot_rows":12}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePosition(text)
		if err != nil {
			return
		}
		again, err := parsePosition(string(p.append(nil)))
		require.NoError(t, err)
		p.text, again.text = "", ""
		assert.Equal(t, p, again)
		at, err := parsePlace(text)
		if err != nil || at.table == "" {
			return
		}
		same, err := parsePlace(string(append(at.append([]byte(`{"file":"a"`)), '}')))
		require.NoError(t, err)
		assert.Equal(t, at, same)
	})
}

func TestPositionsAreWrittenAsDebeziumWritesThem(t *testing.T) {
	for _, text := range []string{
		`{"ts_sec":1795256166,"file":"binlog.000001","pos":7922,"gtids":"57eee09e-e594-11f1-90ef-02fc00000001:1-22","row":4,"server_id":1,"event":4}`,
		`{"ts_sec":1795256751,"file":"binlog.000001","pos":4433979,"gtids":"57eee09e-e594-11f1-90ef-02fc00000001:1-42","snapshot":"INITIAL"}`,
		`{"file":"mysql-bin.000003","pos":8589934592}`,
	} {
		p, err := parsePosition(text)
		require.NoError(t, err)
		assert.Equal(t, text, string(p.append(nil)))
	}
}

func FuzzStatements(f *testing.F) {
	f.Add("TRUNCATE TABLE `a``b`.c /* xid=4 */")
	f.Add("/*!40000 TRUNCATE */ /* x */ t")
	f.Add("enum('a','b''c')")
	f.Fuzz(func(t *testing.T, text string) {
		assert.LessOrEqual(t, len(splitWords(text, 4)), 6)
		parseLabels(text)
		cutQuoted(text)
		mentions([]byte(text), "orders")
	})
}

func TestTheFirstWordsOfAStatementAreFoundBehindComments(t *testing.T) {
	w := splitWords("# a\n-- b\n/* c */ /*!50000 truncate */ Table `od``d`.`t` /* xid=4 */", 4)
	assert.Equal(t, "TRUNCATE", w.at(0))
	assert.Equal(t, "TABLE", w.at(1))
	assert.Equal(t, ".", w.at(3))
}

func TestTheMembersOfAnEnumMayHaveAnyCharacter(t *testing.T) {
	labels, err := parseLabels(`enum('a','b,c','d''e','\',')')`)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b,c", "d'e", `\`, ")"}, labels)
	_, err = parseLabels("enum('a'")
	assert.Error(t, err)
}

func TestTheDefaultsOfBinaryColumnsKeepTheirZeros(t *testing.T) {
	statement := "CREATE TABLE `b` (\n  `id` int NOT NULL,\n  `a``b` binary(4) DEFAULT 'a''\\0\\0',\n  `c` varbinary(8) NOT NULL DEFAULT 0x00FF10 COMMENT ' DEFAULT 1',\n  `d` varbinary(8)\n)"
	for column, want := range map[string]string{"a`b": "0x61270000", "c": "0x00FF10", "d": "", "e": ""} {
		have, ok := binaryDefault(statement, column)
		assert.Equal(t, want, have, column)
		assert.Equal(t, want != "", ok, column)
	}
}
