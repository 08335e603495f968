package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/tailrace-io/tailrace"
)

// pgType is a type of the database.
type pgType struct {
	oid      uint32
	name     string
	kind     byte // b for a base type, d for a domain, e for an enum, r for a range, m for a multirange, c for a composite
	elem     uint32
	array    bool
	base     uint32 // of a domain
	modifier int32  // of a domain's base; -1 for none
	required bool   // a domain that is NOT NULL
	labels   []string

	of uint32 // the type of a range's bounds, and of a multirange's ranges

	namespace  string
	attributes []attribute // of a composite
}

// types are those of the database, by their OIDs.
type types struct {
	byOID map[uint32]*pgType
	depth int // how far composites are within one another, while they are planned

	moneyDigits int // behind MONEY's point, in its binary form

	strange strangeLabels
}

// strangeLabels are the labels of enums that came in the log and that the types
// do not have: they were added since, or have another name by now.
type strangeLabels struct {
	fresh atomic.Bool // there is one for which the types have not been read anew
	mu    sync.Mutex
	known map[label]bool
}

type label struct {
	typ  uint32
	text string
}

// enum copies labels, and keeps those that are strange.
func (t *types) enum(typ *pgType) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		for _, l := range typ.labels {
			if l == view(text) {
				return slab.CopyString(text), nil
			}
		}
		t.strange.add(label{typ.oid, string(text)})
		return slab.CopyString(text), nil
	}
}

func (s *strangeLabels) add(l label) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[label]bool{}
	}
	if !s.known[l] {
		s.known[l] = true
		s.fresh.Store(true)
	}
}

// all gives a copy.
func (s *strangeLabels) all() map[label]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.known)
}

func (t *types) name(oid uint32) string {
	if typ := t.byOID[oid]; typ != nil {
		return typ.name
	}
	return strconv.FormatUint(uint64(oid), 10)
}

// isRequired says whether a domain lets no null through.
func (t *types) isRequired(oid uint32) bool {
	for range 32 {
		typ := t.byOID[oid]
		if typ == nil || typ.kind != 'd' {
			break
		}
		if typ.required {
			return true
		}
		oid = typ.base
	}
	return false
}

// inDebezium says whether Debezium has a form of its own for values of a type.
func (t *types) inDebezium(typ *pgType) bool {
	if typ == nil {
		return false
	}
	if elem := t.element(typ); elem != typ {
		if elem == nil || elem.kind == 'd' {
			return false
		}
		switch elem.name {
		case "money", "name", "interval", "varbit", "xml", "point":
			return false
		}
		typ = elem
	}
	switch typ.name {
	case "box", "lseg", "path", "polygon", "circle", "line", "isbn13", "issn13", "ismn13", "ismn", "issn", "ean13", "upc":
		return false
	}
	return typ.kind != 'c' && typ.kind != 'm'
}

// element gives what an array has elements of, and another type as it is.
func (t *types) element(typ *pgType) *pgType {
	if typ != nil && typ.array && typ.elem != 0 {
		return t.byOID[typ.elem]
	}
	return typ
}

// has says whether all types of a table are known.
func (t *types) has(d *definition) bool {
	for i := range d.columns {
		if t.byOID[d.columns[i].typ] == nil {
			return false
		}
	}
	return true
}

// base gives the type and the modifier that a domain stands for.
func (t *types) base(oid uint32, modifier int32) (*pgType, int32) {
	typ := t.byOID[oid]
	for range 32 { // domains of domains
		if typ == nil || typ.kind != 'd' {
			break
		}
		modifier = typ.modifier
		typ = t.byOID[typ.base]
	}
	return typ, modifier
}

// readTypes reads the types of the database.
func (c *catalog) readTypes(ctx context.Context) (*types, error) {
	rows, err := c.query(ctx, `SELECT t.oid, t.typname, t.typtype, t.typelem, t.typcategory, t.typbasetype, t.typtypmod,
		(SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), n.nspname,
		CASE WHEN t.typtype = 'c' THEN (SELECT json_agg(json_build_object('name', a.attname, 'type', a.atttypid::bigint, 'modifier', a.atttypmod) ORDER BY a.attnum)
			FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END, t.typnotnull,
		CASE t.typtype WHEN 'r' THEN (SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
			WHEN 'm' THEN (SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE to_jsonb(r) ->> 'rngmultitypid' = t.oid::text) END
		FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype <> 'p' AND (t.typtype <> 'c' OR EXISTS (
			SELECT 1 FROM pg_catalog.pg_class r WHERE r.oid = t.typrelid AND r.relkind = 'c'))`)
	if err != nil {
		return nil, fmt.Errorf("read the types of the database: %w", err)
	}
	digits, _, err := c.value(ctx, "SELECT pg_catalog.scale(1::pg_catalog.money::pg_catalog.numeric)")
	if err != nil {
		return nil, fmt.Errorf("ask how many digits MONEY has behind its point: %w", err)
	}
	out := &types{byOID: make(map[uint32]*pgType, len(rows)), moneyDigits: int(oidOf([]byte(digits)))}
	for _, row := range rows {
		t := &pgType{name: string(row[1]), kind: row[2][0], array: row[4][0] == 'A'}
		t.oid, t.elem, t.base = oidOf(row[0]), oidOf(row[3]), oidOf(row[5])
		modifier, _ := strconv.ParseInt(string(row[6]), 10, 32)
		t.modifier = int32(modifier)
		if row[7] != nil {
			if err := json.Unmarshal(row[7], &t.labels); err != nil {
				return nil, fmt.Errorf("read the labels of the enum %s: %w", t.name, err)
			}
		}
		t.namespace, t.required, t.of = string(row[8]), string(row[10]) == "t", oidOf(row[11])
		if row[9] != nil {
			if err := json.Unmarshal(row[9], &t.attributes); err != nil {
				return nil, fmt.Errorf("read the attributes of the type %s: %w", t.name, err)
			}
		}
		out.byOID[t.oid] = t
	}
	return out, nil
}

func oidOf(text []byte) uint32 {
	n, _ := strconv.ParseUint(string(text), 10, 32)
	return uint32(n)
}
