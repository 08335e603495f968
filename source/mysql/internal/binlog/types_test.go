package binlog_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// typeCase is a column type, values of it in SQL, and how to compare what is
// decoded with what the server says that it holds.
type typeCase struct {
	typ    string
	spec   binlog.ColumnSpec
	values string                      // separated by |
	query  string                      // what to select; c where it is empty
	show   func(tailrace.Value) string // what must equal the selected text
	expect []string                    // in the place of the query's answer
}

func labels(names ...string) (v []tailrace.Value) {
	for _, n := range names {
		v = append(v, tailrace.String(n))
	}
	return v
}

func inHex(v tailrace.Value) string { return strings.ToUpper(hex.EncodeToString(v.Bytes())) }

func decimalOf(scale int) func(tailrace.Value) string {
	return func(v tailrace.Value) string { return string(tailrace.AppendDecimal(nil, v.Bytes(), scale)) }
}

func integers(typ tailrace.Type, unsigned bool) binlog.ColumnSpec {
	return binlog.ColumnSpec{Type: typ, Unsigned: unsigned}
}

const micros = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', c)"

var typeCases = []typeCase{
	{typ: "TINYINT", spec: integers(tailrace.TypeInt16, false), values: "-128|127|0|-1"},
	{typ: "TINYINT UNSIGNED", spec: integers(tailrace.TypeInt16, true), values: "0|255|128"},
	{typ: "SMALLINT", spec: integers(tailrace.TypeInt16, false), values: "-32768|32767|-1"},
	{typ: "SMALLINT UNSIGNED", spec: integers(tailrace.TypeInt32, true), values: "0|65535"},
	{typ: "MEDIUMINT", spec: integers(tailrace.TypeInt32, false), values: "-8388608|8388607|-1"},
	{typ: "MEDIUMINT UNSIGNED", spec: integers(tailrace.TypeInt32, true), values: "0|16777215"},
	{typ: "INT", spec: integers(tailrace.TypeInt32, false), values: "-2147483648|2147483647|-1"},
	{typ: "INT UNSIGNED", spec: integers(tailrace.TypeInt64, true), values: "0|4294967295"},
	{typ: "BIGINT", spec: integers(tailrace.TypeInt64, false), values: "-9223372036854775808|9223372036854775807|-1"},
	{typ: "BIGINT UNSIGNED", spec: integers(tailrace.TypeInt64, true), values: "0|18446744073709551615", expect: []string{"0", "-1", "NULL"}},
	{typ: "BIGINT UNSIGNED", spec: binlog.ColumnSpec{Unsigned: true, Form: binlog.Text}, values: "0|18446744073709551615"},
	{typ: "BIGINT UNSIGNED", spec: binlog.ColumnSpec{Unsigned: true, Form: binlog.Unscaled}, values: "0|127|128|18446744073709551615|9223372036854775808", show: decimalOf(0)},
	{typ: "YEAR", values: "0|1901|2155|2000"},
	{typ: "FLOAT", values: "0|1.5|-3.25|3.4e38", show: func(v tailrace.Value) string {
		f, _ := strconv.ParseFloat(strconv.FormatFloat(v.Float(), 'g', 6, 32), 64)
		return strconv.FormatFloat(f, 'g', -1, 64)
	}, query: "CAST(c AS CHAR)", expect: []string{"0", "1.5", "-3.25", "3.4e+38", "NULL"}},
	{typ: "FLOAT", spec: binlog.ColumnSpec{Type: tailrace.TypeFloat64}, values: "0.5|-2", expect: []string{"0.5", "-2", "NULL"}},
	{typ: "DOUBLE", values: "0|0.1|-1e-300|1.7976931348623157e308", show: func(v tailrace.Value) string {
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}},
	{typ: "DECIMAL(12,2)", values: "0|0.01|-0.01|12.50|-12.50|9999999999.99|-9999999999.99|1|-128|1.27|1.28|-1.28|-1.29", show: decimalOf(2)},
	{typ: "DECIMAL(18,0)", values: "0|-1|999999999999999999|-999999999999999999", show: decimalOf(0)},
	{typ: "DECIMAL(18,9)", values: "0|-0.000000001|999999999.999999999|-999999999.999999999|123456789.000000001", show: decimalOf(9)},
	{typ: "DECIMAL(10,10)", values: "0|0.0000000001|-0.9999999999", show: decimalOf(10)},
	{typ: "DECIMAL(1,0)", values: "0|9|-9", show: decimalOf(0)},
	{typ: "DECIMAL(65,30)", values: "0|99999999999999999999999999999999999.999999999999999999999999999999|-99999999999999999999999999999999999.999999999999999999999999999999|-0.000000000000000000000000000001|1", show: decimalOf(30)},
	{typ: "DECIMAL(30,30)", values: "0|0.000000000000000000000000000001|-0.1", show: decimalOf(30)},
	{typ: "DECIMAL(20,3)", values: "0|18446744073709551.615|-92233720368547758.08", show: decimalOf(3)},
	{typ: "DECIMAL(12,2)", spec: binlog.ColumnSpec{Form: binlog.Text}, values: "0|-0.01|12.5|-9999999999.99|100"},
	{typ: "DECIMAL(65,30)", spec: binlog.ColumnSpec{Form: binlog.Text}, values: "0|-0.01|12.5|-99999999999999999999999999999999999.99|10000000000"},
	{typ: "DECIMAL(5,5)", spec: binlog.ColumnSpec{Form: binlog.Text}, values: "0|-0.01|0.99999"},
	{typ: "DECIMAL(12,2)", spec: binlog.ColumnSpec{Form: binlog.Float}, values: "0|-0.01|12.5", expect: []string{"0", "-0.01", "12.5", "NULL"}},
	{typ: "BIT(1)", values: "b'0'|b'1'", expect: []string{"false", "true", "NULL"}},
	{typ: "BIT(12)", values: "b'0'|b'110000000001'", show: inHex, expect: []string{"0000", "010C", "NULL"}},
	{typ: "BIT(64)", values: "0x0102030405060708", show: inHex, expect: []string{"0807060504030201", "NULL"}},

	{typ: "CHAR(10) CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Charset: "utf8mb4"}, values: "''|'a'|'größer 𝄞'"},
	{typ: "CHAR(255) CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Charset: "utf8mb4"}, values: "''|'a'|REPEAT('𝄞', 255)"},
	{typ: "VARCHAR(20) CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Charset: "utf8mb4"}, values: "''|'a '|'größer 𝄞'"},
	{typ: "VARCHAR(2000) CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Charset: "utf8mb4"}, values: "''|REPEAT('ab', 1000)"},
	{typ: "VARCHAR(20) CHARACTER SET latin1", spec: binlog.ColumnSpec{Charset: "latin1"}, values: "''|'plain'|'größer €'"},
	{typ: "TINYTEXT CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Charset: "utf8mb4"}, values: "''|REPEAT('x', 255)"},
	{typ: "TEXT CHARACTER SET koi8r", spec: binlog.ColumnSpec{Charset: "koi8r"}, values: "''|'Привет'"},
	{typ: "MEDIUMTEXT CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Charset: "utf8mb4"}, values: "''|REPEAT('x', 70000)"},
	{typ: "LONGTEXT CHARACTER SET utf16", spec: binlog.ColumnSpec{Charset: "utf16"}, values: "''|'größer 𝄞'"},
	{typ: "BINARY(4)", query: "HEX(c)", values: "''|'a'|x'00010203'|x'61000000'", show: inHex},
	{typ: "VARBINARY(300)", query: "HEX(c)", values: "''|'a'|x'00010203'|x'6100'", show: inHex},
	{typ: "TINYBLOB", query: "HEX(c)", values: "''|'a'", show: inHex},
	{typ: "BLOB", query: "HEX(c)", values: "''|x'00ff'", show: inHex},
	{typ: "MEDIUMBLOB", query: "HEX(c)", values: "''|x'00ff'", show: inHex},
	{typ: "LONGBLOB", query: "HEX(c)", values: "''|REPEAT('y', 100000)", show: inHex},

	{typ: "ENUM('new','a,b','ü') CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Labels: labels("new", "a,b", "ü")}, values: "'new'|'a,b'|'ü'|3"},
	{typ: "SET('r','w','x y') CHARACTER SET utf8mb4", spec: binlog.ColumnSpec{Labels: labels("r", "w", "x y")}, values: "''|'w'|'x y,r'|'r,w,x y'"},

	{typ: "DATE", query: "DATEDIFF(c, '1970-01-01')", values: "'1970-01-01'|'1969-12-31'|'9999-12-31'|'1000-01-01'|'2024-02-29'|'1900-03-01'|'0001-01-01'"},
	{typ: "DATE", spec: binlog.ColumnSpec{Form: binlog.ISO}, query: "CONCAT(c, 'Z')", values: "'1970-01-01'|'0001-02-03'"},
	{typ: "DATE", spec: binlog.ColumnSpec{Zero: tailrace.Int32(0)}, values: "'0000-00-00'|'2024-00-10'|'2024-02-00'", expect: []string{"0", "0", "0", "NULL"}},
	{typ: "TIME", values: "'00:00:00'|'23:59:59'|'-00:00:01'|'838:59:59'|'-838:59:59'", query: "CAST(TIME_TO_SEC(c) * 1000000 AS SIGNED)"},
	{typ: "TIME(1)", spec: binlog.ColumnSpec{Form: binlog.ISO}, values: "'00:00:00.1'|'-00:00:00.1'|'-12:34:56.7'|'838:59:59'", expect: []string{"00:00:00.1Z", "-00:00:00.1Z", "-12:34:56.7Z", "838:59:59Z", "NULL"}},
	{typ: "TIME(3)", spec: binlog.ColumnSpec{Form: binlog.Millis, Type: tailrace.TypeInt32}, values: "'00:00:00.001'|'-00:00:00.001'|'-12:34:56.789'", expect: []string{"1", "-1", "-45296789", "NULL"}},
	{typ: "TIME(6)", values: "'00:00:00.000001'|'-00:00:00.000001'|'-838:59:58.999999'|'-01:00:00.500000'", expect: []string{"1", "-1", "-3020398999999", "-3600500000", "NULL"}},
	{typ: "TIME(4)", spec: binlog.ColumnSpec{Form: binlog.Nanos}, values: "'00:00:01.0001'", expect: []string{"1000100000", "NULL"}},
	{typ: "DATETIME", query: micros + " DIV 1000", values: "'1970-01-01 00:00:00'|'1969-12-31 23:59:59'|'9999-12-31 23:59:59'|'1000-01-01 00:00:00'|'2024-02-29 12:34:56'"},
	{typ: "DATETIME(3)", query: micros + " DIV 1000", values: "'1970-01-01 00:00:00.001'|'1969-12-31 23:59:59.123'|'2024-02-29 12:34:56.789'"},
	{typ: "DATETIME(4)", query: micros, values: "'1970-01-01 00:00:00.0001'|'1969-12-31 23:59:59.1234'"},
	{typ: "DATETIME(6)", query: micros, values: "'1970-01-01 00:00:00.000001'|'1969-12-31 23:59:59.999999'|'9999-12-31 23:59:59.999999'|'2024-02-29 12:34:56.789012'"},
	{typ: "DATETIME(6)", spec: binlog.ColumnSpec{Form: binlog.Nanos}, query: micros + " * 1000", values: "'1970-01-01 00:00:00.000001'|'1677-09-22 00:00:00'|'2262-04-11 00:00:00'"},
	{typ: "DATETIME(6)", spec: binlog.ColumnSpec{Form: binlog.ISO}, values: "'2024-02-29 12:34:56.789000'|'2024-02-29 12:34:56'", expect: []string{"2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56Z", "NULL"}},
	{typ: "DATETIME", values: "'0000-00-00 00:00:00'|'2024-00-01 10:00:00'", expect: []string{"NULL", "NULL", "NULL"}},
	{typ: "TIMESTAMP", values: "'1970-01-01 00:00:01'|'2038-01-19 03:14:07'|'2024-02-29 12:34:56'", query: "DATE_FORMAT(c, '%Y-%m-%dT%H:%i:%sZ')"},
	{typ: "TIMESTAMP(3)", values: "'1970-01-01 00:00:01.120'|'2024-02-29 12:34:56'", expect: []string{"1970-01-01T00:00:01.120Z", "2024-02-29T12:34:56.000Z", "NULL"}},
	{typ: "TIMESTAMP(6)", values: "'2024-12-31 23:59:59.000001'", query: "DATE_FORMAT(c, '%Y-%m-%dT%H:%i:%s.%fZ')"},
	{typ: "TIMESTAMP(6)", spec: binlog.ColumnSpec{Form: binlog.Micros}, values: "'2024-12-31 23:59:59.000001'", query: micros},
	{typ: "TIMESTAMP", spec: binlog.ColumnSpec{Zero: tailrace.String("zero")}, values: "'0000-00-00 00:00:00'", expect: []string{"zero", "NULL"}},

	{typ: "JSON", query: "CAST(c AS CHAR)", values: strings.Join([]string{
		`'{}'`, `'[]'`, `'null'`, `'true'`, `'"text"'`, `'-1'`, `'65535'`, `'-2147483648'`, `'4294967295'`, `'18446744073709551615'`, `'-9223372036854775808'`,
		`'{"b": 1, "aa": [1, 2.5, null, true, "x\\"y\\\\z\\n\\u0001"], "a": {"n": {"m": []}}}'`,
		`'[0.1, 1.0, 100000000000000.0, 1000000000000000.0, 1e15, 1e16, 123456789012345680.0, 1e-5, 1e-14, 1e-15, 1e-16, 1.5e300, -0.0, 5e-324, 3.141592653589793]'`,
		`JSON_OBJECT('d', CAST(12.50 AS DECIMAL(10,2)), 'neg', CAST(-0.07 AS DECIMAL(30,20)), 'date', CAST('2024-02-29' AS DATE), 'dt', CAST('2024-02-29 12:34:56.5' AS DATETIME(6)))`,
		`JSON_ARRAY(CAST('-12:34:56.7' AS TIME(3)), CAST('838:59:59' AS TIME), x'00ff10', b'101', CAST('9999-12-31 23:59:59' AS DATETIME))`,
		`JSON_ARRAY(REPEAT('x', 70000), JSON_OBJECT(REPEAT('k', 300), 'größer 𝄞'), 70000, -70000, 3000000000)`,
	}, "|")},
	{typ: "GEOMETRY", values: "ST_GeomFromText('LINESTRING(0 0, 1 2)')|ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))', 4326)", query: "CONCAT(HEX(ST_AsBinary(c, 'axis-order=long-lat')), '/', ST_SRID(c))",
		show: func(v tailrace.Value) string {
			return inHex(v.Fields()[0]) + "/" + strconv.FormatInt(v.Fields()[1].Int(), 10)
		}},
	{typ: "POINT", values: "ST_GeomFromText('POINT(1.5 -2)')", query: "CONCAT(ST_X(c), ' ', ST_Y(c), ' ', HEX(ST_AsBinary(c)), ' null')", show: func(v tailrace.Value) string {
		f := v.Fields()
		return fmt.Sprintf("%g %g %s %s", f[0].Float(), f[1].Float(), inHex(f[2]), f[3].Type())
	}},
	{typ: "VECTOR(3)", values: "STRING_TO_VECTOR('[1.5, -2, 3]')", expect: []string{"[1.5, -2, 3]", "NULL"}},
}

func TestEveryTypeOfMySQLIsDecodedToWhatTheServerSelects(t *testing.T) {
	server := testserver.MySQL(t)
	schema := server.Database(t)
	db := server.DB(t, schema)
	from := end(t, db, binlog.MySQL)
	statements := []string{"USE " + schema, "SET NAMES utf8mb4", "SET sql_mode = '', time_zone = '+00:00'"}
	for i, c := range typeCases {
		name := fmt.Sprintf("t%d", i)
		statements = append(statements, fmt.Sprintf("CREATE TABLE %s (id INT AUTO_INCREMENT PRIMARY KEY, c %s NULL)", name, c.typ))
		for _, v := range append(strings.Split(c.values, "|"), "NULL") {
			statements = append(statements, fmt.Sprintf("INSERT INTO %s (c) VALUES (%s)", name, v))
		}
	}
	server.Exec(t, statements...)
	r := follow(t, configOf(server, binlog.MySQL), from)
	for i, c := range typeCases {
		name := fmt.Sprintf("t%d", i)
		want := c.expect
		if want == nil {
			query := c.query
			if query == "" {
				query = "c"
			}
			want = column(t, db, "SELECT "+query+" FROM "+name+" ORDER BY id")
		}
		var got []string
		for range want {
			got = append(got, showRow(t, r.rowsOf(schema, name), c))
		}
		for j := range want {
			assert.Equal(t, shorten(want[j]), shorten(got[j]), "%s, value %d", c.typ, j+1)
		}
	}
}

func showRow(t *testing.T, rows binlog.Rows, c typeCase) string {
	t.Helper()
	plan, err := binlog.NewRowPlan(rows.Table, []binlog.ColumnSpec{{Skip: true}, c.spec})
	require.NoError(t, err, c.typ)
	images := decodeAll(t, rows, plan)
	require.Len(t, images, 1)
	v := images[0].after[0]
	switch {
	case v.IsNull():
		return "NULL"
	case c.show != nil:
		return c.show(v)
	}
	return v.String()
}

// shorten makes long texts readable when they differ.
func shorten(s string) string {
	if len(s) <= 500 {
		return s
	}
	sum := uint64(math.MaxUint32)
	for _, b := range []byte(s) {
		sum = sum*31 + uint64(b)
	}
	return fmt.Sprintf("%s… (%d bytes, %x)", s[:200], len(s), sum)
}
