package jdbc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/source/memory"
)

type order struct {
	ID     int64
	Status string
	Total  *float64
}

func orders(t testing.TB) *memory.Table[order] {
	table, err := memory.NewTable[order]("shop.sales.orders", "id")
	require.NoError(t, err)
	return table
}

func ptr[T any](v T) *T { return &v }

// Envelopes need no transform: creates, reads and updates write the row, deletes
// remove it, and the tombstone behind a delete changes nothing more.
func TestEnvelopesAreWritten(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		o := orders(t)
		w := open(t, d.sink())
		write(t, w, o.Read(order{1, "new", ptr(9.5)}), o.Create(order{2, "new", nil}), o.Create(order{3, "new", nil}))
		assert.Equal(t, []string{"1 new 9.5", "2 new <nil>", "3 new <nil>"}, d.rows("SELECT id, status, total FROM shop_sales_orders ORDER BY id"))
		write(t, w,
			o.Update(order{1, "new", ptr(9.5)}, order{1, "paid", nil}),
			o.Delete(order{2, "new", nil}), o.Tombstone(order{2, "new", nil}),
			o.Delete(order{3, "new", nil}), o.Tombstone(order{3, "new", nil}), o.Create(order{3, "again", nil}),
			o.Create(order{4, "new", nil}), o.Delete(order{4, "new", nil}))
		assert.Equal(t, []string{"1 paid <nil>", "3 again <nil>"}, d.rows("SELECT id, status, total FROM shop_sales_orders ORDER BY id"))
	})
}

// A tombstone cannot say what table it is of where names are of the source
// block; the delete before it has.
func TestATombstoneBehindADeleteNeedsNoSource(t *testing.T) {
	d := newTarget(t, "sqlite")
	s := d.sink()
	s.TableFormat = "${source.table}"
	o := orders(t)
	write(t, open(t, s), o.Create(order{1, "new", nil}), o.Create(order{2, "new", nil}), o.Delete(order{1, "new", nil}), o.Tombstone(order{1, "new", nil}))
	assert.Equal(t, []string{"2"}, d.rows("SELECT id FROM orders"))
}

// Without Deletes and Truncates, rows stay.
func TestDeletesAreOptional(t *testing.T) {
	d := newTarget(t, "sqlite")
	s := d.sink()
	s.Deletes, s.Truncates = false, false
	o := orders(t)
	write(t, open(t, s), o.Create(order{1, "new", nil}), o.Delete(order{1, "new", nil}), o.Tombstone(order{1, "new", nil}), truncate(o))
	assert.Equal(t, []string{"1"}, d.rows("SELECT id FROM shop_sales_orders"))
}

// truncate is the envelope of a table that was emptied.
func truncate(o *memory.Table[order]) tailrace.Record {
	r := o.Create(order{})
	fields := append([]tailrace.Value(nil), r.Value.Fields()...)
	env := tailrace.Struct{Schema: r.ValueSchema, Values: fields}
	_ = env.Set("op", tailrace.String("t"))
	f, _ := r.ValueSchema.Field("after")
	fields[f.Index] = tailrace.Value{}
	return tailrace.Record{Topic: r.Topic, ValueSchema: r.ValueSchema, Value: tailrace.StructOf(fields)}
}

// A truncate empties what came before it, in the batch too, and nothing behind.
func TestATruncateEmptiesTheTable(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		o := orders(t)
		w := open(t, d.sink())
		write(t, w, o.Create(order{1, "new", nil}))
		write(t, w, o.Create(order{2, "new", nil}), truncate(o), o.Create(order{3, "new", nil}))
		assert.Equal(t, []string{"3"}, d.rows("SELECT id FROM shop_sales_orders"))
	})
}

// Flattened rows and envelopes are written alike; a record without a value is a
// delete.
func TestFlattenedRowsAreWritten(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		w := open(t, d.sink())
		write(t, w, numbered(1, "a"), numbered(2, "b"), numbered(1, "c"))
		assert.Equal(t, []string{"1 c", "2 b"}, d.rows("SELECT number, pad FROM numbers ORDER BY number"))
		gone := numbered(2, "")
		gone.ValueSchema, gone.Value = nil, tailrace.Value{}
		write(t, w, numbered(2, "d"), gone, numbered(3, "e"))
		assert.Equal(t, []string{"1 c", "3 e"}, d.rows("SELECT number, pad FROM numbers ORDER BY number"))
		gone.Key = tailrace.StructOf([]tailrace.Value{tailrace.Int64(3)})
		write(t, w, numbered(4, "f"), gone)
		assert.Equal(t, []string{"1 c", "4 f"}, d.rows("SELECT number, pad FROM numbers ORDER BY number"))
	})
}

// Columns that the log did not carry stay as they are, whether the row was
// written before or in the same batch.
func TestUnchangedColumnsStay(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		w := open(t, d.sink())
		write(t, w, row(1, tailrace.String("a"), tailrace.String("x")), row(2, tailrace.String("b"), tailrace.String("y")))
		write(t, w,
			row(1, tailrace.String("a2"), tailrace.Unchanged()),
			row(2, tailrace.Unchanged(), tailrace.String("y2")),
			row(3, tailrace.String("c"), tailrace.String("z")),
			row(3, tailrace.Unchanged(), tailrace.String("z2")),
			row(2, tailrace.String("b2"), tailrace.Unchanged()))
		assert.Equal(t, []string{"1 a2 x", "2 b2 y2", "3 c z2"}, d.rows("SELECT id, name, note FROM people ORDER BY id"))
		// A row that is not there is inserted as far as it is known.
		write(t, w, row(4, tailrace.String("d"), tailrace.Unchanged()))
		assert.Equal(t, []string{"4 d <nil>"}, d.rows("SELECT id, name, note FROM people WHERE id = 4"))
	})
}

var (
	personKey = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).MustBuild()
	person    = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).
			Field("name", tailrace.StringSchema).Field("note", tailrace.OptionalStringSchema).MustBuild()
)

func row(id int32, name, note tailrace.Value) tailrace.Record {
	return tailrace.Record{Topic: "people", KeySchema: personKey, Key: tailrace.StructOf([]tailrace.Value{tailrace.Int32(id)}),
		ValueSchema: person, Value: tailrace.StructOf([]tailrace.Value{tailrace.Int32(id), name, note})}
}

// Insert keeps every record in order, without a key too; update changes rows
// that are there, and no others.
func TestInsertModes(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		s := d.sink()
		s.InsertMode, s.PKMode, s.Deletes = jdbc.InsertPlain, jdbc.KeyNone, false
		write(t, open(t, s), numbered(1, "a"), numbered(1, "b"), numbered(2, "c"))
		assert.Equal(t, []string{"1 a", "1 b", "2 c"}, d.rows("SELECT number, pad FROM numbers ORDER BY pad"))

		s = d.sink()
		s.InsertMode = jdbc.InsertUpdate
		d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(20))")
		d.exec("INSERT INTO people VALUES (1, 'a', 'x')")
		write(t, open(t, s), row(1, tailrace.String("b"), tailrace.Unchanged()), row(2, tailrace.String("c"), tailrace.Value{}))
		assert.Equal(t, []string{"1 b x"}, d.rows("SELECT id, name, note FROM people"))
		s.Fields = []string{"note"} // without the column name, which is NOT NULL
		write(t, open(t, s), row(1, tailrace.String("c"), tailrace.String("y")))
		assert.Equal(t, []string{"1 b y"}, d.rows("SELECT id, name, note FROM people"))
	})
}

// In insert mode deletes and inserts of a row take turns as the records do.
func TestInsertsAndDeletesKeepTheirOrder(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		o := orders(t)
		s := d.sink()
		s.InsertMode = jdbc.InsertPlain
		write(t, open(t, s), o.Create(order{1, "a", nil}), o.Delete(order{1, "a", nil}), o.Create(order{1, "b", nil}),
			o.Create(order{2, "c", nil}), o.Delete(order{1, "b", nil}))
		assert.Equal(t, []string{"2 c"}, d.rows("SELECT id, status FROM shop_sales_orders"))
	})
}

// The key comes from where PKMode says.
func TestPrimaryKeyModes(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		r := numbered(7, "a")
		r.Partition, r.Offset = tailrace.Some[int32](3), tailrace.Some[int64](42)
		r.Headers = []tailrace.Header{{Key: "tenant", Schema: tailrace.StringSchema, Value: tailrace.String("acme")}}
		r.KeySchema, r.Key = tailrace.StringSchema, tailrace.String("k7")
		for _, c := range []struct {
			mode   jdbc.PKMode
			fields []string
			query  string
			want   string
		}{
			{jdbc.KeyKafka, nil, "SELECT __connect_topic, __connect_partition, __connect_offset, number FROM by_kafka", "numbers 3 42 7"},
			{jdbc.KeyKafka, []string{"t", "p", "o"}, "SELECT t, p, o, number FROM by_kafka2", "numbers 3 42 7"},
			{jdbc.KeyRecordKey, []string{"code"}, "SELECT code, number FROM by_record_key", "k7 7"},
			{jdbc.KeyRecordValue, []string{"number"}, "SELECT number, pad FROM by_record_value", "7 a"},
			{jdbc.KeyRecordHeader, []string{"tenant"}, "SELECT tenant, number FROM by_record_header", "acme 7"},
		} {
			s := d.sink()
			s.PKMode, s.PKFields, s.Deletes, s.TableFormat = c.mode, c.fields, false, "by_"+string(c.mode)
			if c.fields != nil && c.mode == jdbc.KeyKafka {
				s.TableFormat += "2"
			}
			w := open(t, s)
			write(t, w, r)
			write(t, w, r)
			assert.Equal(t, []string{c.want}, d.rows(c.query), c.mode)
		}
	})
}

// Fields chooses columns; a table's name may come of the envelope's source.
func TestFieldsAndTableNames(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		o := orders(t)
		s := d.sink()
		s.TableFormat, s.Fields = "copy_of_${source.table}", []string{"status"}
		write(t, open(t, s), o.Create(order{1, "new", ptr(2.0)}))
		assert.Equal(t, []string{"1 new"}, d.rows("SELECT * FROM copy_of_orders"))
	})
}

// Fields may be those of one topic, and others may be left out.
func TestFieldsOfATopic(t *testing.T) {
	d := newTarget(t, "sqlite")
	s := d.sink()
	s.Fields = []string{"people:name", "pad"}
	write(t, open(t, s), row(1, tailrace.String("a"), tailrace.String("x")), numbered(1, "p"))
	assert.Equal(t, []string{"1 a"}, d.rows("SELECT * FROM people"))
	assert.Equal(t, []string{"1 p"}, d.rows("SELECT * FROM numbers"))

	s.Fields, s.ExceptFields, s.TableFormat = nil, []string{"note", "people:pad"}, "other_${topic}"
	write(t, open(t, s), row(1, tailrace.String("a"), tailrace.String("x")), numbered(1, "p"))
	assert.Equal(t, []string{"1 a"}, d.rows("SELECT * FROM other_people"))
	assert.Equal(t, []string{"1 p"}, d.rows("SELECT * FROM other_numbers"))

	s.ExceptFields, s.PKMode, s.InsertMode, s.Deletes = []string{"number", "pad"}, jdbc.KeyNone, jdbc.InsertPlain, false
	err := open(t, s).Write(t.Context(), []tailrace.Record{numbered(1, "p")})
	assert.ErrorContains(t, err, "field.exclude.list")
}

// Numbers and texts of TimestampFields become timestamps, in the database's
// zone.
func TestTimestampFields(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		s := d.sink()
		s.TimestampFields = []string{"at", "text"}
		r := row(1, tailrace.Value{}, tailrace.Value{})
		r.ValueSchema = tailrace.NewSchema(tailrace.TypeStruct).Field("at", tailrace.Int64Schema).Field("text", tailrace.OptionalStringSchema).MustBuild()
		r.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int64(moment.UnixMicro()), tailrace.String("2026-01-31T17:04:05.678901+02:00")})
		write(t, open(t, s), r)
		s.NanoTimestamps = true
		r.Key = tailrace.StructOf([]tailrace.Value{tailrace.Int32(2)})
		r.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int64(moment.UnixNano()), {}})
		write(t, open(t, s), r)
		assert.Equal(t, []string{"1 2026-01-31 15:04:05.678901 2026-01-31 15:04:05.678901", "2 2026-01-31 15:04:05.678901 <nil>"},
			d.rows("SELECT id, at, text FROM people ORDER BY id"))
	})
}

// What AutoEvolve would not do is said, and what to do instead.
func TestWhatAutoEvolveWillNotDo(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL)")
		w := open(t, d.sink())
		strict := row(1, tailrace.String("a"), tailrace.Value{})
		strict.ValueSchema = person.Builder().Field("rank", tailrace.Int32Schema).MustBuild()
		strict.Value = tailrace.StructOf(append(append([]tailrace.Value(nil), strict.Value.Fields()...), tailrace.Int32(1)))
		err := w.Write(t.Context(), []tailrace.Record{strict})
		assert.ErrorContains(t, err, "no column rank, and its field is neither optional nor has a default for the rows that are there: add the column by hand")
		keyed := row(1, tailrace.String("a"), tailrace.Value{})
		keyed.KeySchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).Field("tenant", tailrace.Int32Schema).MustBuild()
		keyed.Key = tailrace.StructOf([]tailrace.Value{tailrace.Int32(1), tailrace.Int32(2)})
		err = w.Write(t.Context(), []tailrace.Record{keyed})
		assert.ErrorContains(t, err, "no column tenant, which is of the record's key: a key is never changed by itself")
		assert.Equal(t, []string{"0"}, d.rows("SELECT count(*) FROM people"))
		write(t, w, row(1, tailrace.String("a"), tailrace.String("x")))
		assert.Equal(t, []string{"1 a x"}, d.rows("SELECT id, name, note FROM people"))
	})
}

// Columns are added when the records begin to have them, never dropped. Rows of
// before and after may share a batch.
func TestTablesEvolve(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		wider := person.Builder().Field("age", tailrace.OptionalInt32Schema).
			Field("rank", tailrace.NewSchema(tailrace.TypeInt32).Default(tailrace.Int32(5)).MustBuild()).MustBuild()
		w := open(t, d.sink())
		narrow := row(1, tailrace.String("a"), tailrace.Value{})
		wide := row(2, tailrace.String("b"), tailrace.Value{})
		wide.ValueSchema = wider
		wide.Value = tailrace.StructOf(append(append([]tailrace.Value(nil), wide.Value.Fields()...), tailrace.Int32(30), tailrace.Int32(6)))
		write(t, w, narrow, wide, row(3, tailrace.String("c"), tailrace.Value{}))
		rank := "rank"
		if d.name == "mysql" || d.name == "mariadb" {
			rank = "`rank`"
		}
		assert.Equal(t, []string{"1 a <nil> 5", "2 b 30 6", "3 c <nil> 5"}, d.rows("SELECT id, name, age, "+rank+" FROM people ORDER BY id"))
	})
}

// A table that changes under the writer is looked at anew.
func TestATableThatIsAlteredMidwayIsSeen(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		w := open(t, d.sink())
		write(t, w, numbered(1, "a"))
		d.exec("DROP TABLE numbers")
		write(t, w, numbered(2, "b"))
		assert.Equal(t, []string{"2 b"}, d.rows("SELECT number, pad FROM numbers"))
	})
}

// A message of {schema, payload} that an application wrote itself reaches its
// table, schemas read anew each time included.
func TestMessagesWithSchemasAreWritten(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		s := d.sink()
		s.PKMode, s.PKFields, s.Deletes = jdbc.KeyRecordValue, []string{"id"}, false
		w := open(t, s)
		for id, note := range []string{`"first"`, "null"} {
			schema, value, err := converter.NewJSON(converter.JSONConfig{Schemas: true}).Decode("orders", fmt.Appendf(nil, `{"schema": {"type": "struct", "fields": [
				{"field": "id", "type": "int32", "optional": false}, {"field": "note", "type": "string", "optional": true},
				{"field": "at", "type": "int64", "name": "org.apache.kafka.connect.data.Timestamp", "version": 1, "optional": true}]},
				"payload": {"id": %d, "note": %s, "at": 1769871845000}}`, id, note))
			require.NoError(t, err)
			write(t, w, tailrace.Record{Topic: "orders", ValueSchema: schema, Value: value})
		}
		assert.Equal(t, []string{"0 first", "1 <nil>"}, d.rows("SELECT id, note FROM orders ORDER BY id"))
	})
}

// Without quotes the database spells names as it likes, and they are found.
func TestNamesWithoutQuotes(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		s := d.sink()
		s.Unquoted = true
		r := numbered(1, "a")
		r.Topic = "Mixed_Case"
		for range 2 {
			write(t, open(t, s), r)
		}
		assert.Equal(t, []string{"a 1"}, d.rows("SELECT Pad, 1 FROM Mixed_Case"))
	})
}

// Texts that are no structs, such as the lines of a file, have a column of their
// own where they are wanted.
func TestTextsHaveAColumn(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		line := func(key int32, text tailrace.Value, schema *tailrace.Schema) tailrace.Record {
			return tailrace.Record{Topic: "texts", KeySchema: tailrace.Int32Schema, Key: tailrace.Int32(key), ValueSchema: schema, Value: text}
		}
		s := d.sink()
		s.PKFields, s.StringColumn = []string{"id"}, "record_value"
		w := open(t, s)
		write(t, w, line(1, tailrace.String("a"), tailrace.StringSchema), line(2, tailrace.String("b 'c'"), nil),
			line(3, tailrace.String("d"), tailrace.OptionalStringSchema), line(1, tailrace.String("e"), tailrace.StringSchema), line(3, tailrace.Value{}, nil))
		assert.Equal(t, []string{"1 e", "2 b 'c'"}, d.rows("SELECT id, record_value FROM texts ORDER BY id"))

		s.StringColumn = ""
		assert.ErrorContains(t, open(t, s).Write(t.Context(), []tailrace.Record{line(4, tailrace.String("f"), tailrace.StringSchema)}), "its value is a string where a struct")
	})
}
