package jdbc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// table is a table that is being read.
type table struct {
	Table
	topic     string
	partition string

	// The columns that the mode goes by, as the configuration names them.
	incrementing string
	timestamps   []string

	columns []Column // as they were when plan was made
	plan    *plan
	wide    map[string]bool // integer columns that had a number greater than their type

	deletes *deletes // nil where nobody looks for them

	at   position // behind the last row that was given
	safe position // behind the last row that need not be given again
	told position // the position that was last given with a batch
}

// plan is how the rows of one version of a table become records.
type plan struct {
	schema   *tailrace.Schema // of rows
	value    *tailrace.Schema // of records: that of rows, or an envelope's
	columns  []*Column        // those that have a field, in the fields' order
	decoders []Decoder
	id       int // the field of the incrementing column; -1 without

	keySchema *tailrace.Schema // nil where records have no key
	key       []int            // the fields of the key

	query query
}

// describe takes what the table's columns are now. The plan, and with it the
// schema, stays where nothing changed.
func (r *reader) describe(t *table, columns []Column) error {
	if t.plan != nil && slices.EqualFunc(t.columns, columns, sameColumn) {
		return nil
	}
	p, err := r.newPlan(t, columns)
	if err != nil {
		return err
	}
	if t.deletes != nil && !slices.EqualFunc(t.plan.key, p.key, func(was, is int) bool { return t.plan.columns[was].Name == p.columns[is].Name }) {
		return amiss(t.Table, "its primary key has changed, by which deletes are found: start again, without the file %s of the old keys", t.deletes.keys.path)
	}
	t.columns, t.plan = columns, p
	return nil
}

// sameColumn compares what a dialect says in words and numbers.
func sameColumn(a, b Column) bool {
	return a.Name == b.Name && a.Declared == b.Declared && a.Type == b.Type && a.Precision == b.Precision && a.Scale == b.Scale &&
		a.Unsigned == b.Unsigned && a.Nullable == b.Nullable && a.NeverNull == b.NeverNull && a.AutoIncrement == b.AutoIncrement &&
		a.Key == b.Key && a.Select == b.Select && a.Moment.Expr == b.Moment.Expr
}

func (r *reader) newPlan(t *table, columns []Column) (*plan, error) {
	p := &plan{id: -1}
	incrementing, err := r.incrementing(t, columns)
	if err != nil {
		return nil, err
	}
	moment, err := r.moment(t, columns)
	if err != nil {
		return nil, err
	}
	b := tailrace.NewSchema(tailrace.TypeStruct)
	switch {
	case r.Envelope:
		b.Name(t.topic + ".Value").Optional()
	case r.Query == "":
		b.Name(t.Name)
	}
	for i := range columns {
		c := &columns[i]
		field := c.schema(&r.Source)
		if field == nil {
			r.Log.Warn("a column is left out, because its type has no counterpart", "table", t.String(), "column", c.Name, "type", c.Declared)
			continue
		}
		if t.wide[c.Name] {
			field = tailrace.NewSchema(tailrace.TypeInt64)
		}
		if c.Nullable {
			field.Optional()
		}
		schema, err := field.Build()
		if err != nil {
			return nil, amiss(t.Table, "column %s: %w", c.Name, err)
		}
		if incrementing != nil && c.Name == incrementing.Name {
			p.id = len(p.columns)
		}
		b.Field(c.Name, schema)
		p.columns = append(p.columns, c)
		p.decoders = append(p.decoders, c.decoder(&r.Source, t.wide[c.Name]))
	}
	if p.schema, err = b.Build(); err != nil {
		return nil, amiss(t.Table, "%w", err)
	}
	p.value = p.schema
	if r.Envelope {
		if p.value, err = envelopeSchema(t.topic, p.schema); err != nil {
			return nil, amiss(t.Table, "%w", err)
		}
	}
	if err := r.addKey(p, t); err != nil {
		return nil, err
	}
	name := ""
	if incrementing != nil {
		name = incrementing.Name
	}
	p.query = r.writeQuery(t, p.columns, name, moment)
	return p, nil
}

// addKey makes the schema of the key, where there is to be one.
func (r *reader) addKey(p *plan, t *table) error {
	if !r.Keys {
		return nil
	}
	for place := 1; ; place++ {
		i := slices.IndexFunc(p.columns, func(c *Column) bool { return c.Key == place })
		if i < 0 {
			break
		}
		p.key = append(p.key, i)
	}
	if len(p.key) == 0 {
		return nil
	}
	name := t.Name
	if r.Envelope {
		name = t.topic
	}
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(name + ".Key")
	for _, i := range p.key {
		b.Field(p.columns[i].Name, p.schema.Fields()[i].Schema)
	}
	var err error
	if p.keySchema, err = b.Build(); err != nil {
		return amiss(t.Table, "the key: %w", err)
	}
	return nil
}

// keyOf cuts the key out of a row.
func (p *plan) keyOf(slab *tailrace.Slab, row tailrace.Value) tailrace.Value {
	if p.keySchema == nil {
		return tailrace.Value{}
	}
	values, fields := slab.Values(len(p.key)), row.Fields()
	for k, i := range p.key {
		values[k] = fields[i]
	}
	return tailrace.StructOf(values)
}

// incrementing finds the incrementing column and checks it; nil where the mode
// has none.
func (r *reader) incrementing(t *table, columns []Column) (*Column, error) {
	if !r.Mode.incrementing() {
		return nil, nil
	}
	var c *Column
	if t.incrementing == "" {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.AutoIncrement })
		if i < 0 {
			return nil, amiss(t.Table, "mode %s needs an incrementing column and the table has no auto-increment column: "+
				"name the column by IncrementingColumn (incrementing.column.name)", r.Mode)
		}
		c = &columns[i]
	} else {
		var err error
		if c, err = findColumn(columns, t.incrementing); err != nil {
			return nil, amiss(t.Table, "the incrementing column %w: see IncrementingColumn (incrementing.column.name)", err)
		}
	}
	whole := c.Type == Numeric || c.Type == Decimal
	if plain := c.plain(r.Numeric); plain >= tailrace.TypeInt8 && plain <= tailrace.TypeInt64 {
		whole = true
	}
	if !whole {
		return nil, amiss(t.Table, "the incrementing column %s is %s, which is no whole number: "+
			"see IncrementingColumn (incrementing.column.name)", c.Name, c.Declared)
	}
	if c.Nullable && !c.NeverNull && !r.AllowNull && r.Query == "" {
		return nil, amiss(t.Table, "the incrementing column %s may be NULL, and a row where it is would never be seen: "+
			"declare it NOT NULL, or set AllowNull (validate.non.null=false)", c.Name)
	}
	return c, nil
}

// moment gives how the timestamp columns are compared; the zero Moment where
// the mode has none.
func (r *reader) moment(t *table, columns []Column) (Moment, error) {
	if !r.Mode.timestamp() {
		return Moment{}, nil
	}
	var out Moment
	var exprs, names []string
	some := false   // some column is never NULL
	coarse := false // some column's resolution is not known
	for _, name := range t.timestamps {
		c, err := findColumn(columns, name)
		if err != nil {
			return out, amiss(t.Table, "the timestamp column %w: see TimestampColumns (timestamp.column.name)", err)
		}
		m, ok := c.moment(r.Dialect.Syntax().quote(c.Name), r.Location)
		if !ok {
			return out, amiss(t.Table, "the timestamp column %s is %s, which is no timestamp: "+
				"see TimestampColumns (timestamp.column.name)", c.Name, c.Declared)
		}
		if out.Expr == "" {
			out = m
		}
		if out.Tick = max(out.Tick, m.Tick); m.Tick == 0 {
			coarse = true
		}
		if m.Zoned != out.Zoned && r.Location != time.UTC {
			return out, amiss(t.Table, "of the timestamp columns %s some keep instants and some what clocks show, which cannot be put "+
				"into one order with Location (db.timezone) %s: choose columns of one kind, or UTC", strings.Join(t.timestamps, ", "), r.Location)
		}
		exprs, names = append(exprs, m.Expr), append(names, c.Name)
		some = some || !c.Nullable || c.NeverNull
	}
	if !some && !r.AllowNull && r.Query == "" {
		return out, amiss(t.Table, "the timestamp column %s may be NULL, and a row where it is would never be seen: "+
			"declare it NOT NULL, or set AllowNull (validate.non.null=false)", strings.Join(names, " or "))
	}
	if coarse {
		out.Tick = 0
	}
	if len(exprs) > 1 {
		out.Expr = "COALESCE(" + strings.Join(exprs, ",") + ")"
	}
	return out, nil
}

// findColumn looks a column up by its name, or by the one name that differs
// from it by upper and lower case alone.
func findColumn(columns []Column, name string) (*Column, error) {
	var near []*Column
	var names []string
	for i := range columns {
		c := &columns[i]
		if c.Name == name {
			return c, nil
		}
		if strings.EqualFold(c.Name, name) {
			near = append(near, c)
		}
		names = append(names, c.Name)
	}
	if len(near) == 1 {
		return near[0], nil
	}
	if len(near) > 1 {
		return nil, fmt.Errorf("%s could be any of several that differ by upper and lower case", name)
	}
	return nil, fmt.Errorf("%s does not exist: the table has %s", name, strings.Join(names, ", "))
}

// widen makes an integer column INT64 from now on: its declared type holds
// smaller numbers than the database let in.
func (r *reader) widen(t *table, column int) error {
	c := t.plan.columns[column]
	if t.wide == nil {
		t.wide = map[string]bool{}
	}
	t.wide[c.Name] = true
	p, err := r.newPlan(t, t.columns)
	if err == nil {
		p.query = t.plan.query
		t.plan = p
	}
	return err
}

// cell takes what the driver gave for a column, without a copy.
type cell struct{ src any }

// Scan makes it a sql.Scanner.
func (c *cell) Scan(src any) error { c.src = src; return nil }

// columnError says which column of a row cannot be read.
type columnError struct {
	column int
	err    error
}

func (e *columnError) Error() string { return e.err.Error() }
func (e *columnError) Unwrap() error { return e.err }

// row makes a record's value of what the driver gave. The size is what the
// value holds on to outside of the slab.
func (p *plan) row(slab *tailrace.Slab, cells []cell) (v tailrace.Value, size int, err error) {
	values := slab.Values(len(p.decoders))
	for i, decode := range p.decoders {
		src := cells[i].src
		if src == nil {
			if !p.columns[i].Nullable {
				return v, 0, &columnError{i, errors.New("holds NULL, though it is declared NOT NULL")}
			}
			continue
		}
		if values[i], err = decode(slab, src); err != nil {
			return v, 0, &columnError{i, err}
		}
		if s, ok := src.(string); ok {
			size += len(s)
		}
	}
	return tailrace.StructOf(values), size, nil
}

// advance gives the position behind a row: its id, its moment or both.
func (p *plan) advance(at position, cells []cell) (position, error) {
	if p.query.mode.timestamp() {
		t, err := p.query.moment.Scan(cells[len(p.columns)].src)
		if err != nil {
			return at, fmt.Errorf("the timestamp of a row cannot be read: it %w", err)
		}
		at.timestamp = tailrace.Some(t.UTC())
	}
	if p.id < 0 {
		return at, nil
	}
	c := p.columns[p.id]
	if cells[p.id].src == nil {
		return at, fmt.Errorf("the incrementing column %s is NULL in a row, which has no place in the order then: "+
			"give it a value, or choose mode %s", c.Name, Timestamp)
	}
	n, err := whole(cells[p.id].src)
	if err != nil {
		return at, fmt.Errorf("the incrementing column %s, %s, has a row that cannot be put into the order: it %w", c.Name, c.Declared, err)
	}
	at.incrementing = tailrace.Some(n)
	return at, nil
}
