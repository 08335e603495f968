package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// definition is what the server says of a table.
type definition struct {
	id      tableID
	columns []columnDefinition
	key     []string // the columns of the primary key, or of the unique index in its place
}

// columnDefinition is what the server says of a column.
type columnDefinition struct {
	name     string
	typ      uint32
	modifier int32
	required bool   // NOT NULL
	identity bool   // GENERATED … AS IDENTITY
	def      string // the expression of the default; "" for none
}

// table is one version of a captured table: its schemas and how its rows are
// made. It does not change; another definition makes another table.
type table struct {
	id    tableID
	topic string

	// columns are those that are read from a row: the captured ones and those
	// of the key. all has the place of each of the table's columns in it, or -1.
	columns []column
	all     []int

	row []int // places in columns of the value's fields; nil where they are the same
	key []int // places in columns of the key's fields; nil without a key

	masks    []placedMask // of the value's fields
	maskCopy bool         // a masked column is in the key, which shows it as it is

	keySchema *tailrace.Schema // nil without a key
	rowSchema *tailrace.Schema
	schema    *tailrace.Schema // of the envelope

	keyField string         // the name of the key's last field, which is none of the table's columns; "" for none
	inKey    tailrace.Value // its value

	namespace, name tailrace.Value
	fullName        string
	definition      *definition
	types           *types // as they were when it was planned
}

// newTable makes the version of a table that has the definition.
func newTable(s *Source, sel *selection, types *types, sourceSchema *tailrace.Schema, d *definition) (*table, error) {
	t := &table{id: d.id, definition: d, types: types, fullName: d.id.String(), namespace: tailrace.String(d.id.schema), name: tailrace.String(d.id.name)}
	t.topic, t.keyField, t.inKey = sel.topics.Of(strings.Join([]string{s.TopicPrefix, d.id.schema, d.id.name}, s.TopicDelimiter))
	t.all = make([]int, len(d.columns))
	keyColumns := sel.keyColumns(d)
	hidden := false
	var fields []int
	var plain []*tailrace.Schema // of the columns, without what only values say
	for i := range d.columns {
		def := &d.columns[i]
		captured, inKey := sel.column(d.id, def.name), slices.Contains(keyColumns, def.name)
		if t.all[i] = -1; !captured && !inKey {
			continue
		}
		col, ok, err := newColumn(s, types, def)
		if err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", d.id, def.name, err)
		}
		if !ok {
			s.Log.Warn("a column is left out, whose type is not known", "table", d.id.String(), "column", def.name, "type", types.name(def.typ))
			continue
		}
		plain = append(plain, col.schema)
		var mask envelope.Masker
		if mask, col.schema, err = sel.shown(types, d.id, def, col.schema); err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", d.id, def.name, err)
		}
		if mask != nil && captured {
			t.masks = append(t.masks, placedMask{len(fields), mask})
			t.maskCopy = t.maskCopy || inKey
		}
		t.all[i] = len(t.columns)
		if captured {
			fields = append(fields, len(t.columns))
		}
		hidden = hidden || !captured
		t.columns = append(t.columns, col)
	}
	if hidden {
		t.row = fields
	}
	return t, t.makeSchemas(s, keyColumns, plain, fields, sourceSchema)
}

// placedMask is the mask of one of a value's fields.
type placedMask struct {
	place int
	mask  envelope.Masker
}

// topic names the topic of what the parts name.
func (s *Source) topic(parts ...string) string {
	return envelope.TopicName(strings.Join(append([]string{s.TopicPrefix}, parts...), s.TopicDelimiter))
}

func (t *table) makeSchemas(s *Source, keyColumns []string, plain []*tailrace.Schema, fields []int, sourceSchema *tailrace.Schema) (err error) {
	names, fieldNames := envelope.Names(s.SchemaNames), envelope.Names(s.FieldNames)
	row := tailrace.NewSchema(tailrace.TypeStruct).Name(names.Schema(t.topic + ".Value")).Optional()
	for _, i := range fields {
		row.Field(fieldNames.Field(t.columns[i].name), t.columns[i].schema)
	}
	if t.rowSchema, err = row.Build(); err != nil {
		return fmt.Errorf("table %s: %w", t.id, err)
	}
	if len(keyColumns) > 0 || t.keyField != "" {
		key := tailrace.NewSchema(tailrace.TypeStruct).Name(names.Schema(t.topic + ".Key"))
		for _, name := range keyColumns {
			i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
			if i < 0 {
				return fmt.Errorf("table %s: the key column %s cannot be read: its type is not known; set UnknownTypes to have its bytes", t.id, name)
			}
			t.key = append(t.key, i)
			key.Field(fieldNames.Field(name), plain[i])
		}
		if t.keyField != "" {
			key.Field(t.keyField, tailrace.StringSchema)
		}
		if t.keySchema, err = key.Build(); err != nil {
			return fmt.Errorf("table %s: %w", t.id, err)
		}
	}
	if t.schema, err = envelope.Schema(names.Schema(t.topic+".Envelope"), t.rowSchema, sourceSchema); err != nil {
		return fmt.Errorf("table %s: %w", t.id, err)
	}
	return nil
}

// same says whether both versions make the same records of the same rows, so
// that the older one's schemas go on.
func (t *table) same(u *table) bool {
	return t.id == u.id && t.schema.Equal(u.schema) && t.keySchema.Equal(u.keySchema) && slices.Equal(t.key, u.key) &&
		slices.Equal(t.all, u.all) && slices.Equal(t.row, u.row) &&
		slices.EqualFunc(t.definition.columns, u.definition.columns, func(a, b columnDefinition) bool {
			return a.typ == b.typ && a.modifier == b.modifier
		})
}

// decode makes values of a tuple's columns. Those that the log did not carry
// are Unchanged.
func (t *table) decode(slab *tailrace.Slab, tuple pgoutput.Tuple) ([]tailrace.Value, error) {
	if tuple.Len() != len(t.all) {
		return nil, fmt.Errorf("a row of %s has %d columns, and the table %d", t.id, tuple.Len(), len(t.all))
	}
	values := slab.RawValues(len(t.columns)) // each is one of the tuple's columns
	for _, at := range t.all {
		form, data := tuple.Next()
		if at < 0 {
			continue
		}
		col := &t.columns[at]
		switch form {
		case pgoutput.Text:
			if col.copied {
				values[at] = slab.CopyString(data)
				continue
			}
			v, err := col.decode(slab, data)
			if err != nil {
				return nil, fmt.Errorf("table %s: column %s: %w", t.id, col.name, err)
			}
			values[at] = v
		case pgoutput.Unchanged:
			values[at] = tailrace.Unchanged()
		case pgoutput.Binary:
			if col.binary == nil {
				return nil, fmt.Errorf("table %s: column %s has a binary value, of whose type the form is not known: leave the column out, or Binary", t.id, col.name)
			}
			v, err := col.binary(slab, data)
			if err != nil {
				return nil, fmt.Errorf("table %s: column %s: %w", t.id, col.name, err)
			}
			values[at] = v
		default:
			values[at] = tailrace.Value{}
		}
	}
	return values, nil
}

// fill puts the values of required columns that are not there, because an old
// row has those of its identity alone.
func (t *table) fill(values []tailrace.Value) {
	for i := range values {
		if values[i].IsNull() {
			values[i] = t.columns[i].zero
		}
	}
}

// value is the row struct of the columns that were read.
func (t *table) value(slab *tailrace.Slab, columns []tailrace.Value) tailrace.Value {
	row := columns
	switch {
	case t.row != nil:
		row = slab.RawValues(len(t.row))
		for i, place := range t.row {
			row[i] = columns[place]
		}
	case t.maskCopy:
		row = slab.CopyValues(columns)
	}
	for _, m := range t.masks {
		row[m.place] = m.mask(slab, row[m.place])
	}
	return tailrace.StructOf(row)
}

// keyOf is the key struct of the columns that were read; null without a key.
func (t *table) keyOf(slab *tailrace.Slab, columns []tailrace.Value) tailrace.Value {
	if t.keySchema == nil {
		return tailrace.Value{}
	}
	n := len(t.key)
	if t.keyField != "" {
		n++
	}
	out := slab.RawValues(n)
	out[n-1] = t.inKey // where there is no such field, a column's value takes its place
	for i, place := range t.key {
		out[i] = columns[place]
	}
	return tailrace.StructOf(out)
}

// movedKey says whether the row has another key than before.
func (t *table) movedKey(before, after []tailrace.Value) bool {
	for _, i := range t.key {
		if !before[i].Equal(after[i]) && !after[i].IsUnchanged() {
			return true
		}
	}
	return false
}
