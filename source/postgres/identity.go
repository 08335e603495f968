package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// identities gives the replica identities of tables, by expressions for their
// names.
type identities []struct {
	table *regexp.Regexp
	kind  byte   // as pg_class.relreplident spells it
	index string // of kind i
}

var identityKinds = map[string]byte{"DEFAULT": 'd', "NOTHING": 'n', "FULL": 'f'}

func compileIdentities(list []ReplicaIdentity) (identities, error) {
	out := make(identities, len(list))
	var errs []error
	for i, r := range list {
		re, err := regexp.Compile("(?i)^(?:" + strings.TrimSpace(r.Table) + ")$")
		if err != nil {
			errs = append(errs, fmt.Errorf("ReplicaIdentities: %q is no regular expression: %w", r.Table, err))
		}
		out[i].table = re
		word, index, _ := strings.Cut(strings.TrimSpace(r.Identity), " ")
		kind, known := identityKinds[strings.ToUpper(word)]
		switch index = strings.TrimSpace(index); {
		case known && index == "":
			out[i].kind = kind
		case strings.EqualFold(word, "INDEX") && index != "":
			out[i].kind, out[i].index = 'i', index
		default:
			errs = append(errs, fmt.Errorf("ReplicaIdentities: the identity %q of %s must be DEFAULT, FULL, NOTHING or INDEX and the name of an index", r.Identity, r.Table))
		}
	}
	return out, errors.Join(errs...)
}

// clause is the identity in SQL.
func clause(kind byte, index string) string {
	if kind == 'i' {
		return "USING INDEX " + quoteName(index)
	}
	for word, k := range identityKinds {
		if k == kind {
			return word
		}
	}
	return ""
}

// identify sets the replica identities that are asked for, and tells of tables
// that have none.
func (s *Source) identify(ctx context.Context, c *catalog, tables []tableID) error {
	wanted, err := compileIdentities(s.ReplicaIdentities)
	if err != nil || len(tables) == 0 {
		return err
	}
	rows, err := c.query(ctx, `SELECT v.n, v.t, c.relreplident, x.relname, p.indexrelid IS NOT NULL
		FROM (VALUES `+values(tables)+`) v(n, t) JOIN pg_catalog.pg_namespace n ON n.nspname = v.n
		JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = v.t
		LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisreplident LEFT JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
		LEFT JOIN pg_catalog.pg_index p ON p.indrelid = c.oid AND p.indisprimary`)
	if err != nil {
		return fmt.Errorf("ask the tables' replica identities: %w", err)
	}
	var errs []error
	for _, row := range rows {
		id, kind, index, primary := tableID{string(row[0]), string(row[1])}, row[2][0], string(row[3]), string(row[4]) == "t"
		want, wantIndex := kind, index
		for _, w := range wanted {
			if w.table.MatchString(id.String()) {
				want, wantIndex = w.kind, w.index
				break
			}
		}
		if want != kind || want == 'i' && wantIndex != index {
			if err := c.exec(ctx, "ALTER TABLE "+id.quoted()+" REPLICA IDENTITY "+clause(want, wantIndex)); err != nil {
				errs = append(errs, err)
				continue
			}
			s.Log.Info("the replica identity of a table was set", "table", id.String(), "identity", clause(want, wantIndex))
		}
		if want == 'n' || want == 'd' && !primary {
			s.Log.Warn("the server refuses to update and to delete rows of a table that is published without a replica identity",
				"table", id.String(), "mend", "ALTER TABLE "+id.quoted()+" REPLICA IDENTITY FULL")
		}
	}
	return errors.Join(errs...)
}
