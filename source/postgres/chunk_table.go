package postgres

import (
	"context"
	"fmt"
)

// described is what chunks of a table are read by.
type described struct {
	id         tableID
	stamp      string // of what the catalog has of the table
	logged     *table // the version that the log went by then; nil for none
	table      *table
	definition *definition
	keys       uniqueness
}

// describe gives what chunks of a table are read by; nil where it is not there.
// It is read once, and again where the catalog has something else by now or the
// log goes by another version.
func (s *stream) describe(ctx context.Context, c *catalog, id tableID) (*described, error) {
	stamp, err := c.stamp(ctx, id)
	if err != nil {
		return nil, err
	}
	if k := s.described; k != nil && k.id == id && k.stamp == stamp && k.logged == s.tables[id] {
		return k, nil
	}
	d, err := c.define(ctx, id)
	if err != nil || d == nil {
		return nil, err
	}
	t, err := s.versionOf(ctx, c, d)
	if err != nil {
		return nil, &badTable{err}
	}
	u, err := c.unique(ctx, id)
	if err != nil {
		return nil, err
	}
	s.described = &described{id: id, stamp: stamp, logged: s.tables[id], table: t, definition: d, keys: u}
	return s.described, nil
}

// stamp tells by one look whether the catalog has what it had of a table: its
// columns, their defaults, its indexes and its replica identity. A statement that
// changes one of them writes its row anew, in another transaction.
func (c *catalog) stamp(ctx context.Context, id tableID) (string, error) {
	text, _, err := c.value(ctx, `SELECT concat_ws('/', c.oid, c.relreplident,
		(SELECT string_agg(a.xmin::text, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
		(SELECT string_agg(d.oid || ':' || d.xmin, ',' ORDER BY d.oid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid),
		(SELECT string_agg(i.indexrelid || ':' || i.xmin, ',' ORDER BY i.indexrelid) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid))
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = `+quoteText(id.schema)+" AND c.relname = "+quoteText(id.name))
	if err != nil {
		return "", fmt.Errorf("look whether %s is as it was: %w", id, err)
	}
	return text, nil
}
