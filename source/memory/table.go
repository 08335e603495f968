package memory

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// Table makes the records in which a connector would tell of the changes of a
// table whose rows are Ts, so that a test can send them. T is a struct such as
// tailrace.Struct.Decode fills; its fields are columns under the names in their
// tags, or else their own, as in customer_id for CustomerID. They are integers,
// floats, booleans, strings, []byte, time.Time, and pointers to these, which
// are columns that may be null.
type Table[T any] struct {
	topic    string
	columns  []column
	key      []int // which columns are the key
	keys     *tailrace.Schema
	rows     *tailrace.Schema
	envelope *tailrace.Schema
	source   *tailrace.Schema
}

type column struct {
	name   string
	field  int
	schema *tailrace.Schema
}

// NewTable makes a table that sends to the topic, as in "shop.orders", whose
// primary key are the columns that key names; none for a table without one.
func NewTable[T any](topic string, key ...string) (*Table[T], error) {
	t := &Table[T]{topic: topic}
	typ := reflect.TypeFor[T]()
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a table of %s: its rows should be structs", typ)
	}
	rows := tailrace.NewSchema(tailrace.TypeStruct).Name(topic + ".Value").Optional()
	keys := tailrace.NewSchema(tailrace.TypeStruct).Name(topic + ".Key")
	var errs []error
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("tailrace"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = snake(f.Name)
		}
		s, err := schemaOf(f.Type)
		if err != nil {
			errs = append(errs, fmt.Errorf("field %s: %w", f.Name, err))
			continue
		}
		rows.Field(name, s)
		t.columns = append(t.columns, column{name, i, s})
	}
	for _, name := range key {
		i := 0
		for i < len(t.columns) && t.columns[i].name != name {
			i++
		}
		if i == len(t.columns) {
			errs = append(errs, fmt.Errorf("the key has a column %s, which is no column", name))
			continue
		}
		keys.Field(name, t.columns[i].schema)
		t.key = append(t.key, i)
	}
	errs = append(errs, t.build(rows, keys))
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("a table of %s: %w", typ, err)
	}
	return t, nil
}

func (t *Table[T]) build(rows, keys *tailrace.SchemaBuilder) (err error) {
	if t.rows, err = rows.Build(); err != nil {
		return err
	}
	if t.keys, err = keys.Build(); err != nil {
		return err
	}
	t.source = tailrace.NewSchema(tailrace.TypeStruct).Name("io.tailrace.source.memory.Source").
		Field("connector", tailrace.StringSchema).Field("name", tailrace.StringSchema).
		Field("table", tailrace.StringSchema).Field("ts_ms", tailrace.Int64Schema).MustBuild()
	t.envelope, err = tailrace.NewSchema(tailrace.TypeStruct).Name(t.topic+".Envelope").
		Field("before", t.rows).Field("after", t.rows).Field("source", t.source).
		Field("op", tailrace.StringSchema).Field("ts_ms", tailrace.OptionalInt64Schema).Build()
	return err
}

// snake gives customer_id for CustomerID.
func snake(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		upper := c >= 'A' && c <= 'Z'
		word := i > 0 && (name[i-1] < 'A' || name[i-1] > 'Z' || i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z')
		if upper && word && name[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteByte(c)
	}
	return strings.ToLower(b.String())
}

// Read tells of a row that a snapshot found.
func (t *Table[T]) Read(row T) tailrace.Record { return t.record(tailrace.OpRead, nil, &row) }

// Create tells of a row that was inserted.
func (t *Table[T]) Create(row T) tailrace.Record { return t.record(tailrace.OpCreate, nil, &row) }

// Update tells of a row that was updated.
func (t *Table[T]) Update(before, after T) tailrace.Record {
	return t.record(tailrace.OpUpdate, &before, &after)
}

// Delete tells of a row that was deleted.
func (t *Table[T]) Delete(row T) tailrace.Record { return t.record(tailrace.OpDelete, &row, nil) }

// Tombstone is what follows a Delete, so that a compacted topic forgets the
// row.
func (t *Table[T]) Tombstone(row T) tailrace.Record {
	r := t.Delete(row)
	return tailrace.Record{Topic: r.Topic, KeySchema: r.KeySchema, Key: r.Key}
}

func (t *Table[T]) record(op tailrace.Op, before, after *T) tailrace.Record {
	name, table := "", t.topic
	if i := strings.IndexByte(t.topic, '.'); i >= 0 {
		name, table = t.topic[:i], t.topic[strings.LastIndexByte(t.topic, '.')+1:]
	}
	now := time.Now()
	source := tailrace.StructOf([]tailrace.Value{
		tailrace.String("memory"), tailrace.String(name), tailrace.String(table), tailrace.Int64(now.UnixMilli()),
	})
	old, new := t.row(before), t.row(after)
	r := tailrace.Record{
		Topic:       t.topic,
		ValueSchema: t.envelope,
		Value:       tailrace.StructOf([]tailrace.Value{old, new, source, tailrace.String(string(op)), tailrace.Int64(now.UnixMilli())}),
		Time:        now,
	}
	if len(t.key) > 0 {
		row := new.Fields()
		if after == nil {
			row = old.Fields()
		}
		key := make([]tailrace.Value, len(t.key))
		for i, c := range t.key {
			key[i] = row[c]
		}
		r.KeySchema, r.Key = t.keys, tailrace.StructOf(key)
	}
	return r
}

func (t *Table[T]) row(row *T) tailrace.Value {
	if row == nil {
		return tailrace.Value{}
	}
	fields := reflect.ValueOf(row).Elem()
	values := make([]tailrace.Value, len(t.columns))
	for i, c := range t.columns {
		values[i] = valueOf(fields.Field(c.field), c.schema.Type())
	}
	return tailrace.StructOf(values)
}

// schemaOf is the schema of a column for fields of a type.
func schemaOf(t reflect.Type) (*tailrace.Schema, error) {
	if t.Kind() == reflect.Pointer {
		s, err := schemaOf(t.Elem())
		if err != nil {
			return nil, err
		}
		return s.Builder().Optional().Build()
	}
	switch t.Kind() {
	case reflect.Int8:
		return tailrace.Int8Schema, nil
	case reflect.Int16, reflect.Uint8:
		return tailrace.Int16Schema, nil
	case reflect.Int32, reflect.Uint16:
		return tailrace.Int32Schema, nil
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return tailrace.Int64Schema, nil
	case reflect.Float32:
		return tailrace.Float32Schema, nil
	case reflect.Float64:
		return tailrace.Float64Schema, nil
	case reflect.Bool:
		return tailrace.BooleanSchema, nil
	case reflect.String:
		return tailrace.StringSchema, nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return tailrace.OptionalBytesSchema, nil
		}
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return tailrace.Semantic(tailrace.MicroTimestampName).Build()
		}
	}
	return nil, fmt.Errorf("a %s is no column of a memory table", t)
}

func valueOf(v reflect.Value, t tailrace.Type) tailrace.Value {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice {
		if v.IsNil() {
			return tailrace.Value{}
		}
	}
	switch {
	case v.Kind() == reflect.Pointer:
		return valueOf(v.Elem(), t)
	case v.CanInt():
		return tailrace.Integer(t, v.Int())
	case v.CanUint():
		return tailrace.Integer(t, int64(v.Uint()))
	case t == tailrace.TypeFloat32:
		return tailrace.Float32(float32(v.Float()))
	case v.CanFloat():
		return tailrace.Float64(v.Float())
	}
	switch v.Kind() {
	case reflect.Bool:
		return tailrace.Boolean(v.Bool())
	case reflect.String:
		return tailrace.String(v.String())
	case reflect.Slice:
		return tailrace.Bytes(append([]byte{}, v.Bytes()...))
	}
	return tailrace.Int64(v.Interface().(time.Time).UnixMicro())
}
