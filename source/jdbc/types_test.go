package jdbc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

// spell writes a field's schema down.
func spell(s *tailrace.Schema) string {
	out := s.Type().String()
	if s.Name() != "" {
		out = s.Name()[strings.LastIndexByte(s.Name(), '.')+1:]
	}
	for _, p := range s.Parameters() {
		out += fmt.Sprintf(" %s=%s", p.Name, p.Value)
	}
	if s.Optional() {
		out += "?"
	}
	return out
}

func TestWhatEachDeclaredTypeBecomes(t *testing.T) {
	for _, c := range []struct{ declared, stored, schema, shown string }{
		{"INTEGER NOT NULL", "-7", "int32", "-7"},
		{"integer", "7", "int32?", "7"},
		{"INT", "5000000000", "int64?", "5000000000"},
		{"BIGINT", "9223372036854775807", "int64?", "9223372036854775807"},
		{"INT UNSIGNED", "7", "int64?", "7"},
		{"TINYINT", "200", "int16?", "200"},
		{"SMALLINT", "40000", "int32?", "40000"},
		{"INT2", "7", "int32?", "7"},
		{"BOOLEAN", "1", "boolean?", "true"},
		{"BOOL", "1", "int64?", "1"},
		{"REAL", "1.5", "float32?", "1.5"},
		{"DOUBLE PRECISION", "0.1", "float64?", "0.1"},
		{"FLOAT(8,2)", "3", "float64?", "3"},
		{"DECIMAL(12,2)", "12.5", "Decimal scale=2 connect.decimal.precision=12?", "12.50"},
		{"DECIMAL(12,2)", "-3", "Decimal scale=2 connect.decimal.precision=12?", "-3.00"},
		{"DECIMAL(12,2)", "0.1+0.2", "Decimal scale=2 connect.decimal.precision=12?", "0.30"},
		{"DECIMAL(12,2)", "-1.005", "Decimal scale=2 connect.decimal.precision=12?", "-1.01"},
		{"DECIMAL(30,10)", "'12345678901234567890.0123456789'", "Decimal scale=10 connect.decimal.precision=30?", "12345678901234567000.0000000000"},
		{"NUMERIC(10)", "42", "Decimal scale=0 connect.decimal.precision=10?", "42"},
		{"NUMERIC(10,3)", "1e-3", "Decimal scale=3 connect.decimal.precision=10?", "0.001"},
		{"NUMERIC", "1.25", "float64?", "1.25"},
		{"DECIMAL", "3", "float64?", "3"},
		{"TEXT", "'ä'", "string?", "ä"},
		{"VARCHAR(20) NOT NULL", "''", "string", ""},
		{"NATIVE CHARACTER(70)", "'x'", "string?", "x"},
		{"CLOB", "'x'", "string?", "x"},
		{"JSON", `'{"a":1}'`, "string?", `{"a":1}`},
		{"UUID", "'u'", "string?", "u"},
		{"", "7", "string?", "7"},
		{"BLOB", "x'00ff'", "bytes?", "AP8="},
		{"VARBINARY(10)", "x'00'", "bytes?", "AA=="},
		{"DATE", "'2024-02-29'", "Date?", "2024-02-29"},
		{"DATETIME", "'2024-02-29 23:59:58'", "Timestamp?", "2024-02-29T23:59:58Z"},
		{"TIMESTAMP", "'2024-02-29T23:59:58.123456+02:00'", "Timestamp?", "2024-02-29T21:59:58.123Z"},
		{"TIMESTAMP", "1709251198123", "Timestamp?", "2024-02-29T23:59:58.123Z"},
		{"TIMESTAMP", "2460370.5", "Timestamp?", "2024-03-01T00:00:00Z"},
		{"TIMESTAMP", "'0001-01-01 00:00'", "Timestamp?", "0001-01-01T00:00:00Z"},
		{"TIMESTAMP", "'9999-12-31 23:59:59.999'", "Timestamp?", "9999-12-31T23:59:59.999Z"},
		{"TIME", "'12:34:56'", "string?", "12:34:56"},
		{"INTEGER", "NULL", "int32?", "null"},
		{"TIMESTAMP", "NULL", "Timestamp?", "null"},
	} {
		t.Run(c.declared+" "+c.stored, func(t *testing.T) {
			db := newDatabase(t, "CREATE TABLE t (c "+c.declared+")")
			db.exec("INSERT INTO t VALUES (" + c.stored + ")")
			r := open(t, db.source(jdbc.Bulk)).until(1)
			s := r.records[0].ValueSchema
			assert.Equal(t, "t", s.Name())
			assert.Equal(t, c.schema, spell(s.Fields()[0].Schema))
			assert.Equal(t, c.shown, r.values("c")[0])
			assert.NoError(t, s.Validate(r.records[0].Value))
		})
	}
}

func TestWhatNumericColumnsBecomeByTheMapping(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE t (a NUMERIC(2,0), b NUMERIC(9), c NUMERIC(18), d NUMERIC(19), e NUMERIC(9,2), f NUMERIC(20,2), g DECIMAL(9,0))")
	db.exec("INSERT INTO t VALUES (1, 2, 3, 4, 5.25, 6.5, 7)")
	for mapping, want := range map[jdbc.NumericMapping]string{
		"":                             "Decimal Decimal Decimal Decimal Decimal Decimal Decimal",
		jdbc.NumericBestFit:            "int8 int32 int64 Decimal float64 Decimal Decimal",
		jdbc.NumericBestFitEagerDouble: "int8 int32 int64 Decimal float64 float64 Decimal",
		jdbc.NumericPrecisionOnly:      "int8 int32 int64 Decimal Decimal Decimal Decimal",
	} {
		s := db.source(jdbc.Bulk)
		s.Numeric = mapping
		r := open(t, s).until(1)
		var got []string
		for _, f := range r.records[0].ValueSchema.Fields() {
			word, _, _ := strings.Cut(spell(f.Schema), " ")
			got = append(got, strings.TrimSuffix(word, "?"))
		}
		assert.Equal(t, want, strings.Join(got, " "), "%q", mapping)
		assert.NoError(t, r.records[0].ValueSchema.Validate(r.records[0].Value))
	}
}

func TestAnIntegerColumnWidensAtTheFirstNumberThatIsTooGreat(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, n INTEGER, m TINYINT)")
	db.exec("INSERT INTO t (n, m) VALUES (1, 1), (5000000000, 70000), (3, 3)")
	r := open(t, db.source(jdbc.Incrementing)).until(3)
	db.exec("INSERT INTO t (n) VALUES (4)")
	r.until(4)
	assert.Equal(t, []string{"1", "5000000000", "3", "4"}, r.values("n"))
	var types []string
	for i := range r.records {
		fields := r.records[i].ValueSchema.Fields()
		types = append(types, spell(fields[1].Schema)+" "+spell(fields[2].Schema))
		assert.NoError(t, r.records[i].ValueSchema.Validate(r.records[i].Value))
	}
	assert.Equal(t, []string{"int32? int16?", "int64? int64?", "int64? int64?", "int64? int64?"}, types)
}

func TestAValueThatItsColumnCannotHaveIsARecordErrorAndTheRestComes(t *testing.T) {
	for declared, bad := range map[string]string{
		"INTEGER": "'secret'", "DOUBLE": "'secret'", "DATE": "'secret'", "TIMESTAMP": "'secret'", "DECIMAL(5,2)": "'secret'",
		"BOOLEAN": "'secret'", "BLOB": "7", "TEXT": "x'ff'", "NUMERIC(5,1)": "9e999",
	} {
		t.Run(declared, func(t *testing.T) {
			db := newDatabase(t, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, c "+declared+")")
			db.exec("INSERT INTO t (c) VALUES (NULL), (" + bad + "), (NULL)")
			r := open(t, db.source(jdbc.Incrementing)).until(1)
			_, err := r.Read(t.Context())
			var re *source.RecordError
			require.ErrorAs(t, err, &re)
			assert.Equal(t, "t", re.Record.Topic)
			assert.ErrorContains(t, err, "the column c, declared "+declared)
			assert.NotContains(t, err.Error(), "secret")
			assert.Equal(t, []string{"1", "3"}, r.until(2).values("id"))
			assert.Contains(t, r.offsets[0].Position, "3")
		})
	}
}

func TestTextThatIsNoUTF8IsARecordError(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE t (c TEXT)")
	db.exec("INSERT INTO t VALUES (CAST(x'61ff' AS TEXT))")
	r := open(t, db.source(jdbc.Bulk))
	_, err := r.Read(t.Context())
	var re *source.RecordError
	require.ErrorAs(t, err, &re)
	assert.ErrorContains(t, err, "UTF-8")
}

func TestALongTableComesInBatchesBoundedInRowsAndInBytes(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, c BLOB)")
	db.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2500) INSERT INTO t (c) SELECT x'00' FROM n")
	r := open(t, db.source(jdbc.Incrementing))
	var sizes []int
	for len(r.records) < 2500 {
		b := r.next()
		sizes = append(sizes, len(b.Records))
		assert.Positive(t, b.Size)
	}
	assert.Equal(t, []int{1000, 1000, 500}, sizes)

	db.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20) INSERT INTO t (c) SELECT zeroblob(1000000) FROM n")
	for len(r.records) < 2520 {
		assert.LessOrEqual(t, r.next().Size, 8<<20)
	}
}

func TestACancelledReadEndsALongQueryAndLosesNothing(t *testing.T) {
	db := newDatabase(t, "CREATE TABLE n (i INTEGER PRIMARY KEY)",
		"CREATE VIEW slow AS SELECT count(*) AS c FROM n a, n b, n c, n d WHERE a.i + b.i + c.i + d.i > 5")
	db.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) INSERT INTO n SELECT i FROM n")
	s := db.source(jdbc.Bulk)
	s.TableTypes = []string{"VIEW"}
	r := open(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := r.Read(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	db.exec("DELETE FROM n WHERE i > 10")
	r.until(1)
}
