package jdbc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// step is one kind of thing to do to rows of one table.
type step struct {
	plan  *plan
	op    Op
	mask  string // of the columns that are left out, where some are
	empty bool   // the table is emptied
	rows  [][]tailrace.Value
	at    []int // which record each row is of
}

// batch is what is to be done in a transaction. Of several changes to a row
// only what they come to is done.
type batch struct {
	*writer
	steps   []step
	pending []*pending // by table, in the order in which they came first
	slab    []tailrace.Value
	key     []byte
	seed    maphash.Seed
}

// pending is what is to be done to a table and may still change.
type pending struct {
	name    string
	plan    *plan
	entries []entry
	byKey   map[uint64]int // which entry has a key of the hash
}

type entry struct {
	args    []tailrace.Value // of a delete the key alone
	at      int
	deleted bool
	masked  bool // some columns are unchanged
}

// collect makes steps of the records. With singly each record is one of its
// own. A *sink.BatchError names a record that cannot be written; the steps are
// those of the records before it.
func (w *writer) collect(ctx context.Context, records []tailrace.Record, singly bool) (*batch, error) {
	b := &batch{writer: w, seed: maphash.MakeSeed()}
	for i := range records {
		if err := b.add(ctx, i, &records[i]); err != nil {
			b.flushAll()
			var m misfit
			if errors.As(err, &m) {
				return b, &sink.BatchError{Index: i, Err: sink.Permanent(fmt.Errorf("jdbc sink: a record of topic %s: %w", records[i].Topic, err))}
			}
			return b, err
		}
		if singly {
			b.flushAll()
		}
	}
	b.flushAll()
	return b, nil
}

// add puts a record to what is pending.
func (b *batch) add(ctx context.Context, i int, r *tailrace.Record) error {
	what, row, err := b.read(r)
	if err != nil {
		return misfit{err}
	}
	if what == ignored || r.IsTombstone() && b.sourceNames() {
		return nil
	}
	name, err := b.tableName(r)
	if err != nil {
		return misfit{err}
	}
	schema := row.Schema
	if what == deleted && b.PKMode != KeyRecordValue {
		schema = nil // the key is enough
	}
	var p *plan
	if what == emptied {
		p, err = b.emptyPlan(ctx, name)
	} else {
		p, err = b.plan(ctx, name, r, schema)
	}
	if err != nil {
		var f *failure
		if m := (misfit{}); !errors.As(err, &m) && !errors.As(err, &f) {
			err = misfit{err}
		}
		return err
	}
	t := b.of(name)
	switch what {
	case emptied:
		b.flush(t)
		b.steps = append(b.steps, step{plan: p, empty: true, at: []int{i}})
		return nil
	case deleted:
		return b.remove(t, p, i, r, row)
	}
	return b.write(t, p, i, r, row)
}

func (b *batch) of(name string) *pending {
	for _, t := range b.pending {
		if t.name == name {
			return t
		}
	}
	t := &pending{name: name, byKey: map[uint64]int{}}
	b.pending = append(b.pending, t)
	return t
}

// reduces says whether changes of one row are put together.
func (b *batch) reduces() bool { return b.InsertMode != InsertPlain }

func (b *batch) write(t *pending, p *plan, i int, r *tailrace.Record, row tailrace.Struct) error {
	args := b.cut(len(p.columns))
	masked, err := b.args(args, p, r, row.Values)
	if err != nil {
		return misfit{err}
	}
	if masked && p.keys == 0 {
		return misfit{fmt.Errorf("it leaves columns of table %s as they are, and without PKMode (pk.mode) its row cannot be found", p.Table)}
	}
	if t.plan != nil && !t.plan.leadsTo(p) || !b.reduces() && len(t.entries) > 0 && t.entries[0].deleted {
		b.flush(t)
	}
	t.plan = p
	if !b.reduces() {
		if masked { // of two updates of a row in one statement only one would count
			b.flush(t)
			t.plan = p
			defer b.flush(t)
		}
		t.entries = append(t.entries, entry{args: args, at: i, masked: masked})
		return nil
	}
	e, hash := b.find(t, args[:p.keys])
	if e == nil {
		t.plan, t.byKey[hash] = p, len(t.entries)
		t.entries = append(t.entries, entry{args: args, at: i, masked: masked})
		return nil
	}
	switch {
	case e.deleted && b.InsertMode == InsertUpdate: // there is nothing left to update
	case e.deleted && masked:
		return misfit{fmt.Errorf("it changes a row of table %s that was deleted before", p.Table)}
	case masked:
		e.at, e.masked = i, false
		for c := range args {
			if !args[c].IsUnchanged() {
				e.args[c] = args[c]
			}
			e.masked = e.masked || e.args[c].IsUnchanged()
		}
	default:
		*e = entry{args: args, at: i}
	}
	return nil
}

func (b *batch) remove(t *pending, p *plan, i int, r *tailrace.Record, row tailrace.Struct) error {
	args := b.cut(p.keys)
	if _, err := b.args(args, p, r, row.Values); err != nil {
		return misfit{err}
	}
	if t.plan == nil {
		t.plan = p
	}
	if !sameKey(t.plan, p) || !b.reduces() && len(t.entries) > 0 && !t.entries[0].deleted {
		b.flush(t)
		t.plan = p
	}
	e := entry{args: args, at: i, deleted: true}
	if !b.reduces() {
		t.entries = append(t.entries, e)
		return nil
	}
	old, hash := b.find(t, args)
	if old != nil {
		*old = e
		return nil
	}
	if t.plan == nil { // else it is that of the rows that are to be written
		t.plan = p
	}
	t.byKey[hash] = len(t.entries)
	t.entries = append(t.entries, e)
	return nil
}

// find gives what is pending for the row of a key. Where another key has the
// same hash, nothing is left pending.
func (b *batch) find(t *pending, key []tailrace.Value) (e *entry, hash uint64) {
	hash = maphash.Bytes(b.seed, b.keyText(key))
	at, ok := t.byKey[hash]
	if !ok {
		return nil, hash
	}
	e = &t.entries[at]
	if slices.EqualFunc(e.args[:len(key)], key, tailrace.Value.Equal) {
		return e, hash
	}
	b.flush(t)
	return nil, hash
}

// leadsTo says whether what is pending by p can stay when q comes.
func (p *plan) leadsTo(q *plan) bool {
	return p == q || p.keys == len(p.columns) && sameKey(p, q)
}

func sameKey(p, q *plan) bool {
	if p == q {
		return true
	}
	if p.keys != q.keys {
		return false
	}
	for i := range p.keys {
		if p.columns[i].Name != q.columns[i].Name {
			return false
		}
	}
	return true
}

// flush makes steps of what is pending for a table: deletes first, so that they
// make room for what is unique.
func (b *batch) flush(t *pending) {
	if len(t.entries) == 0 {
		t.plan = nil
		return
	}
	op := map[InsertMode]Op{InsertPlain: Insert, InsertUpsert: Upsert, InsertUpdate: Update}[b.InsertMode]
	deletes, writes := step{plan: t.plan, op: Delete}, step{plan: t.plan, op: op}
	writes.rows, writes.at = make([][]tailrace.Value, 0, len(t.entries)), make([]int, 0, len(t.entries))
	var masked []step
	for _, e := range t.entries {
		s := &writes
		switch {
		case e.deleted:
			s = &deletes
		case e.masked:
			s = maskedStep(&masked, t.plan, e.args)
		}
		s.rows, s.at = append(s.rows, e.args), append(s.at, e.at)
	}
	for _, s := range append([]step{deletes, writes}, masked...) {
		if len(s.rows) > 0 {
			b.steps = append(b.steps, s)
		}
	}
	t.entries, t.plan = t.entries[:0], nil
	clear(t.byKey)
}

// maskedStep gives the step of rows with these columns unchanged. Such a row is
// there, or could not be written.
func maskedStep(steps *[]step, p *plan, args []tailrace.Value) *step {
	mask := make([]byte, len(args))
	for i := range args {
		mask[i] = '1'
		if args[i].IsUnchanged() {
			mask[i] = '0'
		}
	}
	for i := range *steps {
		if (*steps)[i].mask == string(mask) {
			return &(*steps)[i]
		}
	}
	*steps = append(*steps, step{plan: p, op: Update, mask: string(mask)})
	return &(*steps)[len(*steps)-1]
}

func (b *batch) flushAll() {
	for _, t := range b.pending {
		b.flush(t)
	}
}

// cut gives room for n arguments.
func (b *batch) cut(n int) []tailrace.Value {
	if n > len(b.slab) {
		b.slab = make([]tailrace.Value, max(n, 4096))
	}
	args := b.slab[:n:n]
	b.slab = b.slab[n:]
	return args
}

// keyText writes the arguments of a key, so that different ones differ.
func (b *batch) keyText(args []tailrace.Value) []byte {
	b.key = appendKey(b.key[:0], args)
	return b.key
}

func appendKey(dst []byte, args []tailrace.Value) []byte {
	for _, v := range args {
		switch v.Type() {
		case tailrace.TypeFloat32, tailrace.TypeFloat64:
			dst = binary.BigEndian.AppendUint64(append(dst, 'f'), math.Float64bits(v.Float()))
		case tailrace.TypeBoolean:
			dst = strconv.AppendBool(append(dst, 'b'), v.Bool())
		case tailrace.TypeString:
			dst = append(binary.AppendUvarint(append(dst, 's'), uint64(len(v.Text()))), v.Text()...)
		case tailrace.TypeBytes:
			dst = append(binary.AppendUvarint(append(dst, 'x'), uint64(len(v.Bytes()))), v.Bytes()...)
		default:
			dst = binary.BigEndian.AppendUint64(append(dst, 'i'), uint64(v.Int()))
		}
	}
	return dst
}
