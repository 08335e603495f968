package jdbc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

// deletes finds which rows of a table are gone: those whose keys were given and
// that the table has no longer.
type deletes struct {
	keys      *keyFile
	coder     *converter.JSON // reads lines
	plain     *converter.JSON // writes them
	partition string
	number    int // of comparisons that found some

	next time.Time // of comparing
	gone []string  // found and not given yet
}

// deletesOf is the partition under which comparisons are committed.
func deletesOf(t Table) string {
	name, _ := json.Marshal(t.String()) // a string always has a JSON form
	return `{"deletes":` + string(name) + `}`
}

// watchDeletes begins to look for deletes in a table.
func (r *reader) watchDeletes(t *table) error {
	p := t.plan
	r.watched.Lock()
	defer r.watched.Unlock()
	for _, d := range r.watching { // of a table that has gone and come again
		if d.partition == deletesOf(t.Table) {
			t.deletes = d
			return nil
		}
	}
	if p.keySchema == nil {
		return amiss(t.Table, "it has no primary key, by which alone deletes can be found: leave out the table, or DeletesDir (tailrace.deletes.directory)")
	}
	header := []string{t.String()}
	for _, i := range p.key {
		header = append(header, p.columns[i].Name)
	}
	first, _ := json.Marshal(header) // texts always have a JSON form
	keys, err := openKeyFile(filepath.Join(r.DeletesDir, url.PathEscape(t.String())+".keys"), string(first))
	if err != nil {
		return permanent(fmt.Errorf("jdbc source: the keys of table %s: %w", t, err))
	}
	t.deletes = &deletes{
		keys: keys, partition: deletesOf(t.Table),
		coder: converter.NewJSON(converter.JSONConfig{Schemas: true, Schema: wideKey(p.keySchema)}),
		plain: converter.NewJSON(converter.JSONConfig{}),
	}
	r.watching = append(r.watching, t.deletes)
	return nil
}

// wideKey is the schema of keys in a file, in which all whole numbers have 64
// bits: a column becomes that wide with the first number that is too great.
func wideKey(key *tailrace.Schema) *tailrace.Schema {
	b := tailrace.NewSchema(tailrace.TypeStruct)
	for _, f := range key.Fields() {
		if f.Schema.Name() == "" && f.Schema.Type() >= tailrace.TypeInt8 && f.Schema.Type() <= tailrace.TypeInt64 {
			b.Field(f.Name, tailrace.Int64Schema)
		} else {
			b.Field(f.Name, f.Schema)
		}
	}
	return b.MustBuild()
}

// narrow gives the whole numbers of a key the types that the table's columns
// have now, which become wider where that takes it.
func (r *reader) narrow(t *table, key tailrace.Value) error {
	for k, v := range key.Fields() {
		column := t.plan.key[k]
		if v.Type() != tailrace.TypeInt64 || t.plan.keySchema.Fields()[k].Schema.Name() != "" {
			continue
		}
		n, fits := v.Int(), true
		switch t.plan.keySchema.Fields()[k].Schema.Type() {
		case tailrace.TypeInt8:
			v, fits = tailrace.Int8(int8(n)), int64(int8(n)) == n
		case tailrace.TypeInt16:
			v, fits = tailrace.Int16(int16(n)), int64(int16(n)) == n
		case tailrace.TypeInt32:
			v, fits = tailrace.Int32(int32(n)), int64(int32(n)) == n
		}
		if !fits {
			if err := r.widen(t, column); err != nil {
				return err
			}
			v = tailrace.Int64(n)
		}
		key.Fields()[k] = v
	}
	return nil
}

// deleted gives the next rows that are gone. It compares when it is time to,
// and when what the comparison before has found is committed.
func (r *reader) deleted(ctx context.Context, t *table) (b tailrace.Batch, err error) {
	d := t.deletes
	if d == nil {
		return b, nil
	}
	if len(d.gone) == 0 {
		if time.Now().Before(d.next) || d.keys.waits() {
			return b, nil
		}
		if err := r.compare(ctx, t); err != nil || len(d.gone) == 0 {
			return b, err
		}
	}
	n := min(r.BatchRows, len(d.gone))
	if b, err = r.tombstones(t, d.gone[:n]); err != nil {
		return b, err
	}
	if d.gone = d.gone[n:]; len(d.gone) == 0 {
		b.Offsets = []tailrace.Offset{{Partition: d.partition, Position: fmt.Sprintf(`{"comparison":%d}`, d.number)}}
	}
	return b, nil
}

// compare asks for the keys of all rows.
func (r *reader) compare(ctx context.Context, t *table) error {
	d, p := t.deletes, t.plan
	var names []string
	for _, i := range p.key {
		c := p.columns[i]
		if c.Select != "" {
			names = append(names, c.Select)
		} else {
			names = append(names, r.Dialect.Syntax().quote(c.Name))
		}
	}
	rows, err := r.db.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+r.from(t))
	if err != nil {
		return r.interrupted(ctx, "ask for the keys of table "+t.String(), err)
	}
	defer rows.Close()
	cells, dest := make([]cell, len(names)), make([]any, len(names))
	for i := range cells {
		dest[i] = &cells[i]
	}
	here := make(map[string]struct{})
	var line []byte
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return r.interrupted(ctx, "read a key of table "+t.String(), err)
		}
		var slab tailrace.Slab
		values := slab.Values(len(cells))
		for k, i := range p.key {
			values[k], err = p.decoders[i](&slab, cells[k].src)
			if errors.Is(err, errTooWide) && r.widens(t, i) {
				if err := r.widen(t, i); err != nil {
					return err
				}
				p = t.plan
				values[k], err = p.decoders[i](&slab, cells[k].src)
			}
			if err != nil {
				return amiss(t.Table, "the column %s of its key %w", p.columns[i].Name, err)
			}
		}
		if line, err = d.line(line[:0], p, tailrace.StructOf(values)); err != nil {
			return amiss(t.Table, "a key: %w", err)
		}
		here[string(line)] = struct{}{}
	}
	if err := rows.Err(); err != nil {
		return r.interrupted(ctx, "read the keys of table "+t.String(), err)
	}
	d.next = time.Now().Add(r.DeletesInterval)
	if d.gone = d.keys.missing(here); len(d.gone) > 0 {
		d.number++
	}
	return nil
}

// line is a key as text, which is the same for the same key.
func (d *deletes) line(dst []byte, p *plan, key tailrace.Value) ([]byte, error) {
	return d.plain.Append(dst, "", p.keySchema, key)
}

// tombstones makes the records of rows that are gone.
func (r *reader) tombstones(t *table, gone []string) (b tailrace.Batch, err error) {
	var slab tailrace.Slab
	for _, line := range gone {
		_, key, err := t.deletes.coder.Decode("", []byte(line))
		if err == nil && key.Type() != tailrace.TypeStruct {
			err = errors.New("it is no object")
		}
		if err != nil {
			return b, amiss(t.Table, "the file %s has a key that is none: %w", t.deletes.keys.path, err)
		}
		if err := r.narrow(t, key); err != nil {
			return b, err
		}
		p := t.plan
		rec := tailrace.Record{Topic: t.topic, KeySchema: p.keySchema, Key: key}
		if r.Envelope {
			rec.ValueSchema, rec.Value = p.value, r.wrap(&slab, t, tailrace.Value{}, tailrace.OpDelete, time.Time{})
			b.Records = append(b.Records, rec)
		}
		b.Records = append(b.Records, tailrace.Record{Topic: t.topic, KeySchema: p.keySchema, Key: key})
		b.Size += 2*len(line) + 400
	}
	return b, nil
}

// remember keeps the keys of rows before they are given.
func (t *table) remember(records []tailrace.Record) error {
	d := t.deletes
	if d == nil || len(records) == 0 {
		return nil
	}
	var text []byte
	lines := make([]string, 0, len(records))
	for i := range records {
		var err error
		if text, err = d.plain.Append(text[:0], "", records[i].KeySchema, records[i].Key); err != nil {
			return amiss(t.Table, "a key: %w", err)
		}
		lines = append(lines, string(text))
	}
	if err := d.keys.add(lines); err != nil {
		return fmt.Errorf("jdbc source: keep the keys of table %s: %w", t, err)
	}
	return nil
}

// commitDeletes lets go of the keys whose deletes are durable.
func (r *reader) commitDeletes(offsets []tailrace.Offset) error {
	r.watched.Lock()
	defer r.watched.Unlock()
	var errs []error
	for _, d := range r.watching {
		if slices.ContainsFunc(offsets, func(o tailrace.Offset) bool { return o.Partition == d.partition }) {
			if err := d.keys.settle(); err != nil {
				errs = append(errs, fmt.Errorf("jdbc source: let go of keys that were deleted, in the file %s: %w", d.keys.path, err))
			}
		}
	}
	return errors.Join(errs...)
}
