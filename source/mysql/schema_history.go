package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source"
)

// history keeps the definitions that tables had, by where in the log they were
// made: for each table one or a few versions, from the newest on that the
// committed offset has behind it. It is stored as one entry a table, which a
// change of the table replaces.
type history struct {
	store  offset.Store // nil keeps nothing
	name   string
	prefix string // of topics

	versions map[tableID][]tableVersion
	unsaved  map[tableID]bool
	metrics  source.DefinitionMetrics
}

// tableVersion is a definition, and the place behind the statement that made it.
type tableVersion struct {
	at         milestone
	definition *definition // nil for a table that is gone, or whose definition is not known
}

// milestone is a place in the log. The zero value is before all others.
type milestone struct {
	File string `json:"file,omitempty"`
	Pos  uint64 `json:"pos,omitempty"`
	GTID string `json:"gtid,omitempty"` // of the statement
}

func newHistory(s *Source) *history {
	return &history{store: s.SchemaHistory, name: s.TopicPrefix + ".schema-history", prefix: s.TopicPrefix,
		versions: map[tableID][]tableVersion{}, unsaved: map[tableID]bool{}}
}

// after says whether a place of a server's log comes behind another.
func (p position) after(q position) bool {
	if p.File != q.File {
		return len(p.File) > len(q.File) || len(p.File) == len(q.File) && p.File > q.File
	}
	return p.Pos > q.Pos
}

// isBehind says whether a stream that begins at the position has the mark
// behind it.
func (m milestone) isBehind(p position, mariadb bool) bool {
	if m.GTID != "" && p.GTIDs != "" {
		set, err := parseGTIDs(mariadb, p.GTIDs)
		if one, err2 := parseGTIDs(mariadb, m.GTID); err == nil && err2 == nil {
			return set.containsAll(&one)
		}
	}
	return m.File == "" || !(position{File: m.File, Pos: m.Pos}).after(p)
}

// containsAll says whether all transactions of the other set are in this one.
func (g *gtidSet) containsAll(other *gtidSet) bool {
	if !g.mariadb {
		return g.mysql.ContainsSet(other.mysql)
	}
	return g.maria.ContainsSet(other.maria)
}

// begin forgets all versions of the tables but the ones that a snapshot found.
func (h *history) begin(d *definition) {
	h.versions[d.id] = []tableVersion{{definition: d}}
	h.learned(d.id)
	h.unsaved[d.id] = true
}

// add adds a version.
func (h *history) add(id tableID, at milestone, d *definition) {
	h.versions[id] = append(h.versions[id], tableVersion{at, d})
	h.learned(id)
	h.unsaved[id] = true
}

// at gives the definition that a table had at a position, and forgets those
// that came later: they will come again. It is nil where it is not known.
func (h *history) at(id tableID, p position, mariadb bool) *definition {
	all := h.versions[id]
	n := len(all)
	for n > 0 && !all[n-1].at.isBehind(p, mariadb) {
		n--
	}
	h.versions[id] = all[:n]
	if n == 0 {
		return nil
	}
	return all[n-1].definition
}

// compact forgets the versions of a table that no stream will ask for any more,
// once one has got as far as the position.
func (h *history) compact(id tableID, committed *position, mariadb bool) {
	if committed == nil {
		return
	}
	all := h.versions[id]
	for len(all) > 1 && all[1].at.isBehind(*committed, mariadb) {
		all = all[1:]
	}
	h.versions[id] = slices.Clone(all)
}

// load reads what is stored.
func (h *history) load(ctx context.Context) error {
	if h.store == nil {
		return nil
	}
	entries, err := h.store.Load(ctx, h.name)
	if err != nil {
		return fmt.Errorf("read the schema history: %w", err)
	}
	for _, e := range entries {
		var p storedTable
		if err := json.Unmarshal([]byte(e.Partition), &p); err != nil {
			return fmt.Errorf("the schema history has an entry for %q, which is no table: %w", e.Partition, err)
		}
		if p.Server != h.prefix {
			continue
		}
		var stored storedVersions
		if err := json.Unmarshal([]byte(e.Position), &stored); err != nil {
			return fmt.Errorf("the schema history of %s.%s cannot be read: %w: remove it, and begin anew with a snapshot", p.Database, p.Table, err)
		}
		id := tableID{p.Database, p.Table}
		for _, v := range stored.Versions {
			h.versions[id] = append(h.versions[id], tableVersion{v.milestone, v.Table.definition(id)})
		}
	}
	return nil
}

// save stores what has changed.
func (h *history) save(ctx context.Context, committed *position, mariadb bool) error {
	if h.store == nil || len(h.unsaved) == 0 {
		return nil
	}
	var entries []tailrace.Offset
	for id := range h.unsaved {
		h.compact(id, committed, mariadb)
		key, err := json.Marshal(storedTable{h.prefix, id.db, id.name})
		if err != nil {
			return fmt.Errorf("store the schema history of %s: %w", id, err)
		}
		var stored storedVersions
		for _, v := range h.versions[id] {
			stored.Versions = append(stored.Versions, storedVersion{v.at, v.definition.stored()})
		}
		text, err := json.Marshal(stored)
		if err != nil {
			return fmt.Errorf("store the schema history of %s: %w", id, err)
		}
		entries = append(entries, tailrace.Offset{Partition: string(key), Position: string(text)})
	}
	slices.SortFunc(entries, func(a, b tailrace.Offset) int { return strings.Compare(a.Partition, b.Partition) })
	if err := h.store.Save(ctx, h.name, entries); err != nil {
		return fmt.Errorf("store the schema history: %w", err)
	}
	clear(h.unsaved)
	return nil
}

// keep notes the definitions that a statement made.
func (c *schemaChange) keep() {
	at := milestone{File: c.ev.File, Pos: c.ev.End, GTID: c.w.source[sourceGTID].Text()}
	for _, done := range c.done {
		if done.before {
			continue
		}
		c.history.add(done.id, at, c.definitionOf(done.id))
		if done.was != (tableID{}) {
			c.history.add(done.was, at, c.definitionOf(done.was))
		}
	}
}

// remember makes the definitions that tables had at a position those that are
// known.
func (r *reader) remember(ctx context.Context, p position) error {
	if err := r.history.load(ctx); err != nil {
		return err
	}
	if len(r.history.versions) == 0 && r.src.DebeziumHistory != nil {
		if err := r.history.importDebezium(ctx, r.src.DebeziumHistory, p, r.server.mariadb); err != nil {
			return err
		}
	}
	r.history.metrics.RecoveredAt = time.Now()
	for id := range r.history.versions {
		r.history.metrics.Recovered += int64(len(r.history.versions[id]))
		d := r.history.at(id, p, r.server.mariadb)
		if d == nil || !r.sel.database(id.db) && !r.tells(id.db) {
			continue
		}
		d.mariadb = r.server.mariadb
		if !r.sel.table(id) {
			r.kin[id] = d
			continue
		}
		r.tryLearn(d)
	}
	return nil
}

// tryLearn takes a definition, if records can be made of it. Where they cannot,
// as for a column of a type that is not supported, that is an error once there
// are rows: they may never come.
func (r *reader) tryLearn(d *definition) {
	if _, err := r.learn(d); err != nil {
		delete(r.tables, d.id)
		r.meter.Relist()
	}
}

// survey reads the definitions of the captured tables that are not known yet,
// where no snapshot does: as they are now, which may be ahead of where the log
// is read from. With tell, they are told of as those of a snapshot are.
func (r *reader) survey(ctx context.Context, c *conn, pos position, tell bool) error {
	ids, err := c.tables(ctx, r.sel)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id tableID) bool { return r.tables[id] != nil })
	found, err := c.define(ctx, r.server, ids)
	if err != nil {
		return err
	}
	now, err := r.server.tip(ctx, c)
	if err != nil {
		return err
	}
	if tell {
		statements, err := r.statements(ctx, c, found)
		if err == nil {
			err = r.describe(ctx, c, pos, found, statements)
		}
		if err != nil {
			return err
		}
	} else if _, err := r.surveyOthers(ctx, c); err != nil {
		return err
	}
	for _, id := range ids {
		d := found[id]
		if d == nil || d.kind == "SEQUENCE" {
			continue
		}
		r.tryLearn(d)
		r.ahead[id] = now
		r.history.add(id, milestone{File: now.File, Pos: now.Pos}, d)
	}
	return nil
}

// The form in which tables are stored.
type (
	storedTable struct {
		Server   string `json:"server"`
		Database string `json:"database"`
		Table    string `json:"table"`
	}
	storedVersions struct {
		Versions []storedVersion `json:"versions"`
	}
	storedVersion struct {
		milestone
		Table *storedDefinition `json:"table"`
	}
	storedDefinition struct {
		Columns   []storedColumn `json:"columns"`
		Key       []string       `json:"key,omitempty"`
		ByIndex   string         `json:"index,omitempty"`
		Unique    []storedIndex  `json:"unique,omitempty"`
		Charset   string         `json:"charset,omitempty"`
		Collation string         `json:"collation,omitempty"`
		Kind      string         `json:"kind,omitempty"`
		Comment   *string        `json:"comment,omitempty"`
	}
	storedIndex struct {
		Name    string   `json:"name"`
		Columns []string `json:"columns"`
	}
	storedColumn struct {
		Name      string   `json:"name"`
		Type      string   `json:"type"`
		Full      string   `json:"declared"`
		Written   string   `json:"written,omitempty"`
		Charset   string   `json:"charset,omitempty"`
		Collation string   `json:"collation,omitempty"`
		Precision int      `json:"precision,omitempty"`
		Scale     int      `json:"scale"`
		Fraction  int      `json:"fraction,omitempty"`
		Length    int      `json:"length,omitempty"`
		Unsigned  bool     `json:"unsigned,omitempty"`
		Nullable  bool     `json:"nullable,omitempty"`
		SRID      int      `json:"srid,omitempty"`
		Labels    []string `json:"labels,omitempty"`
		Period    period   `json:"period,omitempty"`
		Hidden    bool     `json:"hidden,omitempty"`
		Counted   bool     `json:"auto_increment,omitempty"`
		Default   *string  `json:"default,omitempty"`
		Comment   *string  `json:"comment,omitempty"`
		Computed  bool     `json:"computed,omitempty"`
	}
)

func (d *definition) stored() *storedDefinition {
	if d == nil {
		return nil
	}
	s := &storedDefinition{Key: d.key, ByIndex: d.byIndex, Charset: d.charset, Collation: d.collation, Kind: d.kind, Comment: storedText(d.comment)}
	for _, x := range d.unique {
		s.Unique = append(s.Unique, storedIndex{x.name, x.columns})
	}
	for _, c := range d.columns {
		col := storedColumn{Name: c.name, Type: c.typ, Full: c.full, Written: c.written, Charset: c.charset, Collation: c.collation,
			Precision: c.precision, Scale: c.scale, Fraction: c.fraction, Length: c.length, Unsigned: c.unsigned, Nullable: c.nullable,
			SRID: c.srid, Labels: c.labels, Period: c.period, Hidden: c.hidden, Counted: c.counted, Computed: c.computed,
			Default: storedText(c.fallback), Comment: storedText(c.comment)}
		s.Columns = append(s.Columns, col)
	}
	return s
}

func (s *storedDefinition) definition(id tableID) *definition {
	if s == nil {
		return nil
	}
	d := &definition{id: id, key: s.Key, byIndex: s.ByIndex, charset: s.Charset, collation: s.Collation, kind: s.Kind, comment: textOf(s.Comment)}
	for _, x := range s.Unique {
		d.unique = append(d.unique, index{x.Name, x.Columns})
	}
	for _, c := range s.Columns {
		col := columnDefinition{name: c.Name, typ: c.Type, full: c.Full, written: c.Written, charset: c.Charset, collation: c.Collation,
			precision: c.Precision, scale: c.Scale, fraction: c.Fraction, length: c.Length, unsigned: c.Unsigned, nullable: c.Nullable,
			srid: c.SRID, labels: c.Labels, period: c.Period, hidden: c.Hidden, counted: c.Counted, computed: c.Computed,
			fallback: textOf(c.Default), comment: textOf(c.Comment)}
		d.columns = append(d.columns, col)
	}
	return d
}

// storedText is a text that may be none.
func storedText(t tailrace.Null[string]) *string {
	if !t.Valid {
		return nil
	}
	return &t.V
}

func textOf(stored *string) (t tailrace.Null[string]) {
	if stored != nil {
		t = tailrace.Some(*stored)
	}
	return t
}
