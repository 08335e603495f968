package jdbc_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

// sample is a value of a schema, the type of the column that is made for it, and
// what the column then holds, by database.
type sample struct {
	name   string
	schema *tailrace.Schema
	value  tailrace.Value

	// In the order sqlite, postgres, mysql; MariaDB as MySQL.
	columns [3]string
	want    [3]string
}

func same(text string) [3]string { return [3]string{text, text, text} }

func named(name string) *tailrace.Schema { return tailrace.Semantic(name).MustBuild() }

var moment = time.Date(2026, 1, 31, 15, 4, 5, 678_901_000, time.UTC)

var samples = []sample{
	{"c_int8", tailrace.Int8Schema, tailrace.Int8(-8), [3]string{"SMALLINT", "smallint", "tinyint"}, same("-8")},
	{"c_int16", tailrace.Int16Schema, tailrace.Int16(-16), [3]string{"SMALLINT", "smallint", "smallint"}, same("-16")},
	{"c_int32", tailrace.Int32Schema, tailrace.Int32(1 << 30), [3]string{"INTEGER", "integer", "int"}, same("1073741824")},
	{"c_int64", tailrace.Int64Schema, tailrace.Int64(1 << 62), [3]string{"BIGINT", "bigint", "bigint"}, same("4611686018427387904")},
	{"c_float32", tailrace.Float32Schema, tailrace.Float32(1.5), [3]string{"REAL", "real", "float"}, same("1.5")},
	{"c_float64", tailrace.Float64Schema, tailrace.Float64(0.1), [3]string{"DOUBLE", "double precision", "double"}, same("0.1")},
	{"c_bool", tailrace.BooleanSchema, tailrace.Boolean(true), [3]string{"BOOLEAN", "boolean", "tinyint"}, [3]string{"1", "true", "1"}},
	{"c_text", tailrace.StringSchema, tailrace.String("a 'b' \"c\" \\ \n é 😀 {NULL}"), [3]string{"TEXT", "text", "longtext"}, same("a 'b' \"c\" \\ \n é 😀 {NULL}")},
	{"c_bytes", tailrace.BytesSchema, tailrace.Bytes([]byte("\x00'\\\xff")), [3]string{"BLOB", "bytea", "longblob"}, same("\x00'\\\xff")},
	{"c_decimal", tailrace.DecimalSchema(2).MustBuild(), tailrace.Decimal(big.NewInt(-1250)), [3]string{"NUMERIC(38,2)", "numeric", "decimal"}, [3]string{"-12.5", "-12.50", "-12.50"}},
	{"c_date", named(tailrace.DateName), tailrace.Int32(20484), [3]string{"DATE", "date", "date"}, same("2026-01-31")},
	{"c_time", named(tailrace.TimeName), tailrace.Int32(54245678), [3]string{"TEXT", "time without time zone", "time"}, same("15:04:05.678")},
	{"c_stamp", named(tailrace.TimestampName), tailrace.Int64(moment.UnixMilli()), [3]string{"DATETIME", "timestamp without time zone", "datetime"}, same("2026-01-31 15:04:05.678")},
	{"c_micro_time", named(tailrace.MicroTimeName), tailrace.Int64(54245678901), [3]string{"TEXT", "time without time zone", "time"}, same("15:04:05.678901")},
	{"c_micro_stamp", named(tailrace.MicroTimestampName), tailrace.Int64(moment.UnixMicro()), [3]string{"DATETIME", "timestamp without time zone", "datetime"}, same("2026-01-31 15:04:05.678901")},
	{"c_nano_stamp", named(tailrace.NanoTimestampName), tailrace.Int64(moment.UnixNano()), [3]string{"DATETIME", "timestamp without time zone", "datetime"}, same("2026-01-31 15:04:05.678901")},
	{"c_zoned", named(tailrace.ZonedTimestampName), tailrace.String("2026-01-31T17:04:05.678901+02:00"), [3]string{"DATETIME", "timestamp with time zone", "datetime"}, [3]string{"2026-01-31 15:04:05.678901", "2026-01-31 15:04:05.678901+00", "2026-01-31 15:04:05.678901"}},
	{"c_year_of", named(tailrace.YearName), tailrace.Int32(2026), [3]string{"INTEGER", "integer", "year"}, same("2026")},
	{"c_duration", named(tailrace.MicroDurationName), tailrace.Int64(93_784_000_000), [3]string{"TEXT", "interval", "varchar"}, [3]string{"93784000000 microseconds", "26:03:04", "93784000000 microseconds"}},
	{"c_json", named(tailrace.JSONName), tailrace.String(`{"a": [1, "x\"y"]}`), [3]string{"TEXT", "jsonb", "json"}, same(`{"a": [1, "x\"y"]}`)},
	{"c_xml_of", named(tailrace.XMLName), tailrace.String(`<a b="c"/>`), [3]string{"TEXT", "xml", "longtext"}, same(`<a b="c"/>`)},
	{"c_uuid", named(tailrace.UUIDName), tailrace.String("8c1ddb8f-2f3f-4f8e-9d53-0d6c6a1f1c11"), [3]string{"TEXT", "uuid", "char"}, same("8c1ddb8f-2f3f-4f8e-9d53-0d6c6a1f1c11")},
	{"c_enum_of", tailrace.Semantic(tailrace.EnumName).Parameter("allowed", "small,large").MustBuild(), tailrace.String("large"), [3]string{"TEXT", "text", "enum"}, same("large")},
	{"c_set_of", tailrace.Semantic(tailrace.EnumSetName).Parameter("allowed", "a,b,c").MustBuild(), tailrace.String("a,c"), [3]string{"TEXT", "text", "set"}, same("a,c")},
	{"c_bits", tailrace.Semantic(tailrace.BitsName).Parameter("length", "10").MustBuild(), tailrace.Bytes([]byte{5, 2}), [3]string{"TEXT", "bit varying", "bit"}, [3]string{"1000000101", "1000000101", "\x02\x05"}},
	{"c_strings", array(tailrace.OptionalStringSchema), tailrace.Array([]tailrace.Value{tailrace.String(`a "b",`), {}, tailrace.String("NULL")}),
		[3]string{"TEXT", "ARRAY", "json"}, [3]string{`["a \"b\",",null,"NULL"]`, `{"a \"b\",",NULL,"NULL"}`, `["a \"b\",", null, "NULL"]`}},
	{"c_numbers", array(tailrace.Int32Schema), tailrace.Array([]tailrace.Value{tailrace.Int32(1), tailrace.Int32(2)}),
		[3]string{"TEXT", "ARRAY", "json"}, [3]string{"[1,2]", "{1,2}", "[1, 2]"}},
	{"c_geometry", geometry, tailrace.StructOf([]tailrace.Value{tailrace.Bytes([]byte(pointWKB)), {}}), [3]string{"BLOB", "bytea", "geometry"}, [3]string{pointWKB, pointWKB, "\x00\x00\x00\x00" + pointWKB}},
	{"c_nested", tailrace.NewSchema(tailrace.TypeStruct).Field("a", tailrace.Int32Schema).Field("b", tailrace.OptionalStringSchema).MustBuild(),
		tailrace.StructOf([]tailrace.Value{tailrace.Int32(1), {}}), [3]string{"TEXT", "jsonb", "json"}, [3]string{`{"a":1,"b":null}`, `{"a": 1, "b": null}`, `{"a": 1, "b": null}`}},
}

const pointWKB = "\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"

var geometry = tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.GeometryName).
	Field("wkb", tailrace.BytesSchema).Field("srid", tailrace.OptionalInt32Schema).MustBuild()

func array(elem *tailrace.Schema) *tailrace.Schema {
	return tailrace.NewSchema(tailrace.TypeArray).Elem(elem).MustBuild()
}

// Each schema becomes the column that suits it, and its values come out of the
// database as they went in.
func TestTypes(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		schema := tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema)
		values := []tailrace.Value{tailrace.Int32(1)}
		nulls := []tailrace.Value{tailrace.Int32(2)}
		for _, s := range samples {
			schema.Field(s.name, s.schema.Builder().Optional().MustBuild())
			values, nulls = append(values, s.value), append(nulls, tailrace.Value{})
		}
		w := open(t, d.sink())
		r := row(1, tailrace.Value{}, tailrace.Value{})
		r.Topic, r.ValueSchema, r.Value = "types", schema.MustBuild(), tailrace.StructOf(values)
		null := r
		null.Key, null.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int32(2)}), tailrace.StructOf(nulls)
		write(t, w, r, null)
		write(t, w, r)
		kind := map[string]int{"sqlite": 0, "postgres": 1, "mysql": 2, "mariadb": 2}[d.name]
		for _, s := range samples {
			want := s.want[kind]
			query := s.name
			switch {
			case d.name == "postgres" && s.columns[1] != "bytea", d.name == "sqlite" && s.columns[0] == "DATE", d.name == "sqlite" && s.columns[0] == "DATETIME":
				query = "CAST(" + s.name + " AS TEXT)"
			case d.name == "mariadb" && (s.name == "c_strings" || s.name == "c_numbers" || s.name == "c_nested"):
				want = s.want[0] // MariaDB keeps JSON as it was written
			}
			assert.Equal(t, []string{want}, d.rows("SELECT "+query+" FROM types WHERE id = 1"), s.name)
			assert.Equal(t, []string{"<nil>"}, d.rows("SELECT "+query+" FROM types WHERE id = 2"), s.name)
			assert.Equal(t, []string{s.columns[kind]}, d.columnType("types", s.name), s.name)
		}
	})
}

func (d *target) columnType(table, column string) []string {
	switch d.name {
	case "sqlite":
		return d.rows("SELECT type FROM pragma_table_info('" + table + "') WHERE name = '" + column + "'")
	case "postgres":
		return d.rows("SELECT data_type FROM information_schema.columns WHERE table_name = '" + table + "' AND column_name = '" + column + "'")
	case "mariadb":
		return d.rows("SELECT CASE WHEN DATA_TYPE = 'longtext' AND COLLATION_NAME = 'utf8mb4_bin' THEN 'json' ELSE DATA_TYPE END FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME = '" + table + "' AND COLUMN_NAME = '" + column + "'")
	}
	return d.rows("SELECT DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME = '" + table + "' AND COLUMN_NAME = '" + column + "'")
}

// native is a column of a database's own type, and what a value becomes in it.
type native struct {
	declared string
	schema   *tailrace.Schema
	value    tailrace.Value
	query    string // what shows the column, with c for its name
	want     string
}

// Tables that are there keep their own types, and values take their form: what
// Debezium's connectors give for a column goes back into such a column.
func TestNativeTypes(t *testing.T) {
	point := tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.PointName).
		Field("x", tailrace.Float64Schema).Field("y", tailrace.Float64Schema).
		Field("wkb", tailrace.OptionalBytesSchema).Field("srid", tailrace.OptionalInt32Schema).MustBuild()
	at := tailrace.StructOf([]tailrace.Value{tailrace.Float64(1), tailrace.Float64(2), tailrace.Bytes([]byte(pointWKB)), {}})
	variable := tailrace.NewSchema(tailrace.TypeStruct).Name(tailrace.VariableScaleName).
		Field("scale", tailrace.Int32Schema).Field("value", tailrace.BytesSchema).MustBuild()
	mysqls := []native{
		{"INT UNSIGNED", tailrace.Int64Schema, tailrace.Int64(4294967295), "c", "4294967295"},
		{"TINYINT(1)", tailrace.BooleanSchema, tailrace.Boolean(true), "c", "1"},
		{"BIT(1)", tailrace.BooleanSchema, tailrace.Boolean(true), "c + 0", "1"},
		{"BIT(12)", tailrace.Semantic(tailrace.BitsName).Parameter("length", "12").MustBuild(), tailrace.Bytes([]byte{5, 8}), "c + 0", "2053"},
		{"DECIMAL(20,4)", tailrace.DecimalSchema(4).MustBuild(), tailrace.Decimal(big.NewInt(123456789)), "c", "12345.6789"},
		{"TIME(6)", named(tailrace.MicroTimeName), tailrace.Int64(-(100*3600*1e6 + 5e5)), "CAST(c AS CHAR)", "-100:00:00.500000"},
		{"TIMESTAMP(6)", named(tailrace.ZonedTimestampName), tailrace.String("2026-01-31T17:04:05.678901+02:00"), "CAST(c AS CHAR)", "2026-01-31 15:04:05.678901"},
		{"DATETIME(6)", named(tailrace.ZonedTimestampName), tailrace.String("2026-01-31T15:04:05Z"), "CAST(c AS CHAR)", "2026-01-31 15:04:05.000000"},
		{"YEAR", named(tailrace.YearName), tailrace.Int32(1999), "c", "1999"},
		{"ENUM('a','b''c')", named(tailrace.EnumName), tailrace.String("b'c"), "c", "b'c"},
		{"SET('a','b')", named(tailrace.EnumSetName), tailrace.String("a,b"), "c", "a,b"},
		{"POINT", point, at, "ST_AsText(c)", "POINT(1 2)"},
		{"VARBINARY(8)", tailrace.BytesSchema, tailrace.Bytes([]byte("\x00\xfe")), "HEX(c)", "00FE"},
		{"BIGINT", named(tailrace.TimestampName), tailrace.Int64(1234), "c", "1234"},
		{"VARCHAR(10) CHARACTER SET latin1", tailrace.StringSchema, tailrace.String("é"), "HEX(c)", "E9"},
	}
	for name, natives := range map[string][]native{
		"mysql": mysqls, "mariadb": mysqls,
		"postgres": {
			{"mood", named(tailrace.EnumName), tailrace.String("glad"), "c::text", "glad"},
			{"mood[]", array(tailrace.StringSchema), tailrace.Array([]tailrace.Value{tailrace.String("sad"), tailrace.String("glad")}), "c::text", "{sad,glad}"},
			{"text[]", array(tailrace.OptionalStringSchema), tailrace.Array([]tailrace.Value{tailrace.String(`a\"b`), {}, tailrace.String("")}), "c::text", `{"a\\\"b",NULL,""}`},
			{"timestamptz[]", array(named(tailrace.ZonedTimestampName)), tailrace.Array([]tailrace.Value{tailrace.String("2026-01-31T15:04:05Z")}), "c::text", `{"2026-01-31 15:04:05+00"}`},
			{"bytea[]", array(tailrace.BytesSchema), tailrace.Array([]tailrace.Value{tailrace.Bytes([]byte{0, 255})}), "c::text", `{"\\x00ff"}`},
			{"bit(3)", tailrace.Semantic(tailrace.BitsName).Parameter("length", "3").MustBuild(), tailrace.Bytes([]byte{5}), "c::text", "101"},
			{"bit varying(9)", tailrace.Semantic(tailrace.BitsName).Parameter("length", "9").MustBuild(), tailrace.Bytes([]byte{5}), "c::text", "101"},
			{"bit(1)", tailrace.BooleanSchema, tailrace.Boolean(true), "c::text", "1"},
			{"char(4)", tailrace.StringSchema, tailrace.String("ab"), "c::text || '.'", "ab."},
			{"numeric", variable, tailrace.StructOf([]tailrace.Value{tailrace.Int32(3), tailrace.Decimal(big.NewInt(1234567))}), "c::text", "1234.567"},
			{"numeric(6,2)", tailrace.DecimalSchema(2).MustBuild(), tailrace.Decimal(big.NewInt(1250)), "c::text", "12.50"},
			{"float8", tailrace.Float64Schema, tailrace.Float64(-1e300), "c::text", "-1e+300"},
			{"interval", named(tailrace.IntervalName), tailrace.String("P1Y2M3DT4H5M6.78S"), "c::text", "1 year 2 mons 3 days 04:05:06.78"},
			{"interval", named(tailrace.MicroDurationName), tailrace.Int64(1_500_000), "c::text", "00:00:01.5"},
			{"timetz", named(tailrace.ZonedTimeName), tailrace.String("15:04:05.5Z"), "c::text", "15:04:05.5+00"},
			{"timestamptz", named(tailrace.ZonedTimestampName), tailrace.String("infinity"), "c::text", "infinity"},
			{"timestamp", named(tailrace.MicroTimestampName), tailrace.Int64(9223372036825200000), "c::text", "infinity"},
			{"timestamp", named(tailrace.DebeziumTimestampName), tailrace.Int64(-9223372036832400), "c::text", "-infinity"},
			{"date", named(tailrace.DebeziumDateName), tailrace.Int32(math.MaxInt32), "c::text", "infinity"},
			{"date", named(tailrace.DebeziumDateName), tailrace.Int32(-735160), "c::text", "0044-03-15 BC"},
			{"timestamp", named(tailrace.MicroTimestampName), tailrace.Int64(-62135596800_000_000 - 1), "c::text", "0001-12-31 23:59:59.999999 BC"},
			{"timestamp", named(tailrace.MicroTimestampName), tailrace.Int64(400_000_000_000_000_000), "c::text", "14645-06-30 15:06:40"},
			{"json", named(tailrace.JSONName), tailrace.String(`{"a" :1}`), "c::text", `{"a" :1}`},
			{"inet", tailrace.StringSchema, tailrace.String("10.0.0.1"), "c::text", "10.0.0.1/32"},
			{"int4range", tailrace.StringSchema, tailrace.String("[1,5)"), "c::text", "[1,5)"},
			{"point", point, at, "c::text", "(1,2)"},
			{"bigint GENERATED ALWAYS AS IDENTITY", tailrace.Int64Schema, tailrace.Int64(77), "c::text", "77"},
			{"oid", tailrace.Int64Schema, tailrace.Int64(9), "c::text", "9"},
			{"money", tailrace.DecimalSchema(2).MustBuild(), tailrace.Decimal(big.NewInt(1250)), "c::text", "$12.50"},
			{"positive", tailrace.Int32Schema, tailrace.Int32(3), "c::text", "3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			if name == "postgres" {
				d.exec("CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN positive AS integer CHECK (value > 0)")
			}
			w := open(t, d.sink())
			for i, n := range natives {
				table := fmt.Sprintf("native_%d", i)
				d.exec("CREATE TABLE " + table + " (id INT PRIMARY KEY, c " + n.declared + ")")
				r := row(1, tailrace.Value{}, tailrace.Value{})
				r.Topic = table
				r.ValueSchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).Field("c", n.schema).MustBuild()
				r.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int32(1), n.value})
				if assert.NoError(t, w.Write(t.Context(), []tailrace.Record{r}), n.declared) {
					assert.Equal(t, []string{n.want}, d.rows("SELECT "+n.query+" FROM "+table), n.declared)
				}
			}
		})
	}
}

// Moments show the clock of the zone; what has no zone stays as it is.
func TestZones(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		berlin, err := time.LoadLocation("Europe/Berlin")
		require.NoError(t, err)
		s := d.sink()
		s.Location = berlin
		r := row(1, tailrace.Value{}, tailrace.Value{})
		r.ValueSchema = tailrace.NewSchema(tailrace.TypeStruct).
			Field("instant", named(tailrace.TimestampName)).Field("clock", named(tailrace.DebeziumTimestampName)).MustBuild()
		r.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int64(moment.UnixMilli()), tailrace.Int64(moment.UnixMilli())})
		write(t, open(t, s), r)
		as := map[string]string{"mysql": "CHAR", "mariadb": "CHAR"}[d.name]
		if as == "" {
			as = "TEXT"
		}
		assert.Equal(t, []string{"2026-01-31 16:04:05.678 2026-01-31 15:04:05.678"}, d.rows("SELECT CAST(instant AS "+as+"), CAST(clock AS "+as+") FROM people"))
	})
}
