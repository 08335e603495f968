package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace/source/internal/incremental"
)

// order is the order of a table's rows by columns, in which they are read from
// any row on. The server itself compares, each column by its own collation, so
// that it does not matter what that is. Its keys have the values as the server
// writes them.
type order struct {
	columns []string

	// unique says that no two rows have the same key, and that no key is null.
	unique bool
}

// list is what stands behind ORDER BY, or between parentheses.
func (o *order) list(suffix string) string {
	names := make([]string, len(o.columns))
	for i, name := range o.columns {
		names[i] = quoteName(name) + suffix
	}
	return strings.Join(names, ", ")
}

// compare compares the rows' keys with one.
func (o *order) compare(operator string, k incremental.Key) string {
	literals := make([]string, len(k))
	for i, text := range k {
		literals[i] = quoteText(text)
	}
	if len(k) == 1 {
		return quoteName(o.columns[0]) + " " + operator + " " + literals[0]
	}
	return "(" + o.list("") + ") " + operator + " (" + strings.Join(literals, ", ") + ")"
}

// fits says whether a key that was stored can be one of this order.
func (o *order) fits(k incremental.Key) bool { return len(k) == len(o.columns) }

// uniqueness are the keys of a table by which its rows can be told apart: that
// by which they are read in order, and that by which the log names old rows.
type uniqueness struct {
	order    []string // of the primary key or, without one, of the first unique index by name that has no null; nil for none
	identity replica
}

// replica is the replica identity of a table.
type replica struct {
	kind    byte // as pg_class.relreplident spells it
	columns []string
}

func (a replica) equal(b replica) bool {
	return a.kind == b.kind && slices.Equal(a.columns, b.columns)
}

// errNoTable says that there is no such table.
var errNoTable = errors.New("there is no such table")

// unique reads the keys of a table. Of the indexes those count whose columns are
// compared as the table's are.
func (c *catalog) unique(ctx context.Context, id tableID) (u uniqueness, err error) {
	rows, err := c.query(ctx, `SELECT c.relreplident, i.indexrelid, a.attname, i.indisprimary, i.indisreplident,
		i.indpred IS NULL AND i.indexprs IS NULL AND bool_and(a.attnotnull AND i.indcollation[k.n - 1] = a.attcollation) OVER (PARTITION BY i.indexrelid)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
		LEFT JOIN (pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
			CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, n)) ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND k.n <= i.indnkeyatts
		LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
		WHERE s.nspname = `+quoteText(id.schema)+` AND c.relname = `+quoteText(id.name)+` ORDER BY i.indisprimary DESC, x.relname, k.n`)
	if err != nil {
		return u, fmt.Errorf("read the keys of %s: %w", id, err)
	}
	if len(rows) == 0 {
		return u, errNoTable
	}
	u.identity.kind = rows[0][0][0]
	var first []byte
	for _, row := range rows {
		if row[1] == nil {
			continue // it has no index
		}
		is := func(i int) bool { return string(row[i]) == "t" }
		if is(5) && (first == nil || string(first) == string(row[1])) {
			first, u.order = row[1], append(u.order, string(row[2]))
		}
		if u.identity.kind == 'd' && is(3) || u.identity.kind == 'i' && is(4) {
			u.identity.columns = append(u.identity.columns, string(row[2]))
		}
	}
	slices.Sort(u.identity.columns)
	return u, nil
}

// scan is a statement that reads rows of a table.
type scan struct {
	from    string // the table, or a statement in parentheses and its name
	columns []string
	where   []string
	by      string // what stands behind ORDER BY; "" for nothing
	limit   int    // 0 for none
	offset  int
}

func (s scan) sql() string {
	names := make([]string, len(s.columns))
	for i, name := range s.columns {
		names[i] = quoteName(name)
	}
	var out strings.Builder
	out.WriteString("SELECT " + strings.Join(names, ", ") + " FROM " + s.from)
	for i, condition := range s.where {
		out.WriteString(map[bool]string{true: " WHERE ", false: " AND "}[i == 0] + condition)
	}
	if s.by != "" {
		out.WriteString(" ORDER BY " + s.by)
	}
	if s.limit > 0 {
		out.WriteString(" LIMIT " + strconv.Itoa(s.limit))
	}
	if s.offset > 0 {
		out.WriteString(" OFFSET " + strconv.Itoa(s.offset))
	}
	return out.String()
}
