package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

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

	keyField string         // the name of the key's last field, which is none of the table's columns; "" for none
	inKey    tailrace.Value // its value

	rowEnd int // the place in columns of the hidden one that ends a row; -1 without one

	masks    []placedMask // of the value's fields
	maskCopy bool         // a masked column is in the key, which shows it as it is

	keySchema *tailrace.Schema // nil without a key
	rowSchema *tailrace.Schema
	schema    *tailrace.Schema // of the envelope

	db, name   tailrace.Value
	fullName   string // database.table
	definition *definition
}

// placedMask is the mask of one of a value's fields.
type placedMask struct {
	place int
	mask  envelope.Masker
}

// newTable makes the version of a table that has the definition.
func newTable(s *Source, sel *selection, sourceSchema *tailrace.Schema, d *definition) (*table, error) {
	t := &table{id: d.id, definition: d,
		db: tailrace.String(d.id.db), name: tailrace.String(d.id.name), fullName: d.id.String(), rowEnd: -1}
	t.topic, t.keyField, t.inKey = sel.topics.Of(strings.Join([]string{s.TopicPrefix, d.id.db, d.id.name}, s.TopicDelimiter))
	t.all = make([]int, len(d.columns))
	keyColumns := sel.keyColumns(d)
	hidden := false
	var fields []int
	var plain []*tailrace.Schema // of the columns, without what only values say
	for i := range d.columns {
		def := &d.columns[i]
		captured, inKey := !def.hidden && sel.column(d.id, def.name), slices.Contains(keyColumns, def.name)
		ends := def.hidden && def.period == rowEnd
		if t.all[i] = -1; !captured && !inKey && !ends && !slices.Contains(d.key, def.name) {
			continue // the table's own key tells where a snapshot is, whatever is captured
		}
		if ends {
			t.rowEnd = len(t.columns)
		}
		col, err := convertedColumn(s, def, sel.conversion(d.id, def))
		var mask envelope.Masker
		if err == nil && sel.comments && def.comment.V != "" {
			col.schema, err = col.schema.Builder().Doc(def.comment.V).Build()
		}
		if err == nil {
			plain = append(plain, col.schema)
			mask, col.schema, err = sel.shown(d.id, def, col.schema)
		}
		if err != nil {
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

func (t *table) makeSchemas(s *Source, keyColumns []string, plain []*tailrace.Schema, fields []int, sourceSchema *tailrace.Schema) (err error) {
	name := func(part string) string { return s.SchemaNames.schema(t.topic + part) }
	row := tailrace.NewSchema(tailrace.TypeStruct).Name(name(".Value")).Optional()
	for _, i := range fields {
		row.Field(s.FieldNames.field(t.columns[i].name), t.columns[i].schema)
	}
	if t.rowSchema, err = row.Build(); err != nil {
		return fmt.Errorf("table %s: %w", t.id, err)
	}
	if len(keyColumns) > 0 || t.keyField != "" {
		key := tailrace.NewSchema(tailrace.TypeStruct).Name(name(".Key"))
		for _, name := range keyColumns {
			i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
			if i < 0 {
				return fmt.Errorf("table %s: the catalog names a key column %s that the table does not have", t.id, name)
			}
			t.key = append(t.key, i)
			key.Field(s.FieldNames.field(name), plain[i])
		}
		if t.keyField != "" {
			key.Field(t.keyField, tailrace.StringSchema)
		}
		if t.keySchema, err = key.Build(); err != nil {
			return fmt.Errorf("table %s: %w", t.id, err)
		}
	}
	if t.schema, err = envelope.Schema(name(".Envelope"), t.rowSchema, sourceSchema); err != nil {
		return fmt.Errorf("table %s: %w", t.id, err)
	}
	return nil
}

// same says whether both versions make the same records of the same rows, so
// that the older one's schemas go on.
func (t *table) same(u *table) bool {
	return t.id == u.id && t.schema.Equal(u.schema) && t.keySchema.Equal(u.keySchema) && slices.Equal(t.key, u.key) &&
		slices.Equal(t.all, u.all) && t.definition.comment == u.definition.comment && slices.EqualFunc(t.definition.columns, u.definition.columns, func(a, b columnDefinition) bool {
		return a.full == b.full && a.charset == b.charset && a.comment == b.comment
	})
}

// completeKey fills the key of a row's second image where it was left out, as
// the server does with what has not changed.
func (t *table) completeKey(before, after []tailrace.Value) {
	for _, i := range t.key {
		if after[i].IsUnchanged() {
			after[i] = before[i]
		}
	}
}

// value is the row struct of the columns that were read.
func (t *table) value(slab *tailrace.Slab, columns []tailrace.Value) tailrace.Value {
	row := columns
	switch {
	case t.row != nil:
		row = slab.Values(len(t.row))
		for i, place := range t.row {
			row[i] = columns[place]
		}
	case t.maskCopy:
		row = slab.Values(len(columns))
		copy(row, columns)
	}
	for _, m := range t.masks {
		if v := row[m.place]; !v.IsUnchanged() {
			row[m.place] = m.mask(slab, v)
		}
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
	out := slab.Values(n)
	out[n-1] = t.inKey // where there is no such field, a column's value takes its place
	for i, place := range t.key {
		out[i] = columns[place]
	}
	return tailrace.StructOf(out)
}
