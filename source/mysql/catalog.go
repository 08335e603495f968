package mysql

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// definition is what the server's catalog says of a table.
type definition struct {
	id      tableID
	columns []columnDefinition
	kind    string   // of MariaDB's tables: "SYSTEM VERSIONED", "SEQUENCE"
	key     []string // the columns of the primary key, or else of the first unique index without nullable ones

	// unique has the unique indexes that are known, and byIndex is the name of
	// the one that key is of; "" where key is the primary one.
	unique  []index
	byIndex string

	charset, collation string // of columns that do not name theirs; "" for not known

	comment tailrace.Null[string]

	mariadb bool
}

// index is a unique index.
type index struct {
	name    string
	columns []string
}

// columnDefinition is what the catalog says of a column.
type columnDefinition struct {
	name      string
	typ       string // the type's name alone, in lower case: decimal
	full      string // the type in SQL: decimal(12,2) unsigned
	charset   string
	collation string
	precision int // of DECIMAL; of BIT its bits
	scale     int // of DECIMAL; -1 where a FLOAT or DOUBLE has none
	fraction  int // digits of a second's fraction
	length    int // of a text, in characters
	unsigned  bool
	nullable  bool
	srid      int
	labels    []string // of ENUM and SET
	period    period   // of MariaDB's system-versioned tables
	hidden    bool     // the log has it, and it is no column to anybody else
	counted   bool     // AUTO_INCREMENT
	comment   tailrace.Null[string]
	written   string // the type's name as a statement has it, where that is another: INTEGER

	// fallback is the column's default: a literal as text. computed says that
	// there is one that the server computes.
	fallback tailrace.Null[string]
	computed bool
}

// tables lists the tables that the source captures, in the order of Debezium's
// snapshots.
func (c *conn) tables(ctx context.Context, sel *selection) ([]tableID, error) {
	rows, err := c.query(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE','SYSTEM VERSIONED')")
	if err != nil {
		return nil, err
	}
	var out []tableID
	for _, row := range rows {
		if t := (tableID{row[0].V, row[1].V}); sel.table(t) {
			out = append(out, t)
		}
	}
	sel.order(out)
	return out, nil
}

// manyTables is from how many tables of one database on their definitions are
// read with one statement for all of its tables.
const manyTables = 8

// define reads the definitions of tables. Those that are not there are left
// out.
func (c *conn) define(ctx context.Context, sv *server, ids []tableID) (map[tableID]*definition, error) {
	byDatabase := map[string][]tableID{}
	for _, id := range ids {
		byDatabase[id.db] = append(byDatabase[id.db], id)
	}
	out := make(map[tableID]*definition, len(ids))
	for db, ids := range byDatabase {
		where := " WHERE TABLE_SCHEMA = " + quoteText(db)
		if len(ids) < manyTables {
			names := make([]string, len(ids))
			for i, id := range ids {
				names[i] = quoteText(id.name)
			}
			where += " AND TABLE_NAME IN (" + strings.Join(names, ",") + ")"
		}
		if err := c.defineColumns(ctx, sv, where, out); err != nil {
			return nil, err
		}
		if err := c.defineKeys(ctx, where, out); err != nil {
			return nil, err
		}
		if err := c.defineCharsets(ctx, where, out); err != nil {
			return nil, err
		}
		if !sv.mariadb {
			continue
		}
		if err := c.defineKinds(ctx, where, out); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		if d := out[id]; d != nil {
			if err := c.defineBinaryDefaults(ctx, d); err != nil {
				return nil, err
			}
		}
		if d := out[id]; d != nil && d.key == nil {
			if err := c.defineUniqueKey(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (c *conn) defineColumns(ctx context.Context, sv *server, where string, out map[tableID]*definition) error {
	srid, expression := "SRS_ID", "NULL"
	if sv.mariadb {
		srid, expression = "NULL", "GENERATION_EXPRESSION"
	}
	rows, err := c.query(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME,"+
		" NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, "+srid+", "+expression+", COLUMN_COMMENT"+
		" FROM information_schema.COLUMNS"+where+" ORDER BY TABLE_NAME, ORDINAL_POSITION")
	if err != nil {
		return err
	}
	for _, row := range rows {
		id := tableID{row[0].V, row[1].V}
		d := out[id]
		if d == nil {
			d = &definition{id: id, mariadb: sv.mariadb}
			out[id] = d
		}
		col := columnDefinition{
			name: row[2].V, typ: strings.ToLower(row[3].V), full: row[4].V, charset: row[5].V, collation: row[6].V,
			precision: number(row[7], 0), scale: number(row[8], -1), fraction: number(row[9], 0), length: number(row[10], 0),
			nullable: row[11].V == "YES", srid: number(row[14], 0),
		}
		col.unsigned = strings.Contains(strings.ToLower(col.full), "unsigned")
		if col.typ == "enum" || col.typ == "set" {
			if col.labels, err = parseLabels(col.full); err != nil {
				return fmt.Errorf("column %s of %s: %w", col.name, id, err)
			}
		}
		col.period, col.comment = period(row[15].V), commentOf(row[16].V)
		col.counted = strings.Contains(strings.ToLower(row[13].V), "auto_increment")
		col.setFallback(row[12], strings.ToUpper(row[13].V), sv.mariadb)
		d.columns = append(d.columns, col)
	}
	return nil
}

// commentOf is a comment; the catalog has an empty one for none.
func commentOf(comment string) tailrace.Null[string] {
	return tailrace.Null[string]{V: comment, Valid: comment != ""}
}

func number(c cell, missing int) int {
	if n, err := strconv.Atoi(c.V); c.Valid && err == nil {
		return n
	}
	return missing
}

// setFallback reads the column's default. MySQL gives the text of a literal,
// MariaDB the SQL that makes it.
func (col *columnDefinition) setFallback(def cell, extra string, mariadb bool) {
	if strings.Contains(extra, "GENERATED") && !strings.Contains(extra, "DEFAULT_GENERATED") || !def.Valid {
		return
	}
	upper := strings.ToUpper(def.V)
	ofTime := col.typ == "timestamp" || col.typ == "datetime"
	if strings.Contains(extra, "DEFAULT_GENERATED") || ofTime && strings.HasPrefix(upper, "CURRENT_TIMESTAMP") {
		col.computed = true
		return
	}
	if mariadb {
		switch {
		case upper == "NULL":
			return
		case strings.HasPrefix(def.V, "'"):
			text, rest, err := cutQuoted(def.V)
			if err != nil || rest != "" {
				col.computed = true
				return
			}
			def.V = text
		case strings.ContainsAny(def.V, "(`"):
			col.computed = true
			return
		}
	}
	col.fallback = def
}

// parseLabels reads the members of enum('a','b') or set('a','b').
func parseLabels(full string) ([]string, error) {
	_, list, ok := strings.Cut(full, "(")
	for labels := []string(nil); ok; {
		label, rest, err := cutQuoted(list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", full, err)
		}
		labels = append(labels, label)
		if strings.HasPrefix(rest, ")") {
			return labels, nil
		}
		list, ok = strings.CutPrefix(rest, ",")
	}
	return nil, fmt.Errorf("%s is not a list of members", full)
}

// cutQuoted cuts a text in quotes, in which two quotes stand for one, off the
// front of s.
func cutQuoted(s string) (text, rest string, err error) {
	if !strings.HasPrefix(s, "'") {
		return "", "", fmt.Errorf("%q does not begin with a quote", s)
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			out.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			out.WriteByte('\'')
			i++
		default:
			return out.String(), s[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("%q does not end with a quote", s)
}

// defineKeys reads the primary keys.
func (c *conn) defineKeys(ctx context.Context, where string, out map[tableID]*definition) error {
	rows, err := c.query(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS"+where+
		" AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_NAME, SEQ_IN_INDEX")
	if err != nil {
		return err
	}
	for _, row := range rows {
		if d := out[tableID{row[0].V, row[1].V}]; d != nil {
			d.key = append(d.key, row[2].V)
		}
	}
	return nil
}

// defineCharsets reads the character sets that tables give columns that do not
// name theirs, and the tables' comments.
func (c *conn) defineCharsets(ctx context.Context, where string, out map[tableID]*definition) error {
	rows, err := c.query(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_COLLATION, TABLE_COMMENT FROM information_schema.TABLES"+where)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if d := out[tableID{row[0].V, row[1].V}]; d != nil {
			d.charset, d.collation, d.comment = charsetOf(row[2].V), row[2].V, commentOf(row[3].V)
		}
	}
	return nil
}

// charsetOf is the character set of a collation, whose name begins with it.
func charsetOf(collation string) string {
	name, _, _ := strings.Cut(collation, "_")
	return name
}

// defineUniqueKey finds, for a table without a primary key, the first unique
// index whose columns cannot be null.
func (c *conn) defineUniqueKey(ctx context.Context, d *definition) error {
	rows, err := c.query(ctx, "SHOW INDEX FROM "+d.id.quoted())
	if err != nil {
		if codeOf(err) == codeNoSuchTable {
			return nil
		}
		return err
	}
	var name string
	var key []string
	usable := false
	for _, row := range append(rows, nil) { // the last one ends the last index
		if row == nil || row[2].V != name {
			if usable {
				d.key, d.byIndex, d.unique = key, name, []index{{name, key}}
				return nil
			}
			if row == nil {
				return nil
			}
			name, key, usable = row[2].V, nil, row[1].V == "0"
		}
		column := row[4].V
		i := slices.IndexFunc(d.columns, func(col columnDefinition) bool { return col.name == column })
		usable = usable && row[4].Valid && i >= 0 && !d.columns[i].nullable
		key = append(key, column)
	}
	return nil
}
