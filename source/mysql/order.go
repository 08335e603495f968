package mysql

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/incremental"
)

// order is the order of a table's rows by the columns of a key, in which they
// are read from any row on. Its keys have binary values in hexadecimal digits,
// and all others as the server writes them.
type order struct {
	table  *table
	places []int // in the table's columns
	defs   []*columnDefinition

	// unique says that no two rows have the same key, and that no key is null.
	unique bool
}

// order is that of the table's key; nil where it has none whose values can be
// told to the server.
func (t *table) order() *order { return t.orderBy(t.definition.key, true) }

// orderBy is the order of any columns.
func (t *table) orderBy(columns []string, unique bool) *order {
	o := &order{table: t, unique: unique}
	for _, name := range columns {
		i := slices.IndexFunc(t.definition.columns, func(c columnDefinition) bool { return c.name == name })
		if i < 0 || t.all[i] < 0 || !t.definition.columns[i].hasLiterals() {
			return nil
		}
		o.places, o.defs = append(o.places, t.all[i]), append(o.defs, &t.definition.columns[i])
	}
	if len(o.places) == 0 {
		return nil
	}
	return o
}

// hasLiterals says whether the column's values can be compared with what a
// statement says.
func (def *columnDefinition) hasLiterals() bool {
	switch def.typ {
	case "json", "vector", "point", "geometry", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection":
		return false
	}
	return true
}

func (def *columnDefinition) isBinary() bool {
	switch def.typ {
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit":
		return true
	}
	return false
}

// compared is the column in a comparison that follows the order of the rows:
// the labels of ENUM and SET are ordered by their numbers, and compared as text.
func (def *columnDefinition) compared() string {
	switch def.typ {
	case "enum", "set", "bit":
		return "(" + quoteName(def.name) + "+0)"
	}
	return quoteName(def.name)
}

// sqlLiteral is a value of a key in SQL.
func (def *columnDefinition) sqlLiteral(text string) string {
	switch def.typ {
	case "enum":
		return strconv.Itoa(slices.Index(def.labels, text) + 1) // 0 is the empty text that stands for what is no label
	case "set":
		var bits uint64
		for label := range strings.SplitSeq(text, ",") {
			if i := slices.Index(def.labels, label); i >= 0 {
				bits |= 1 << i
			}
		}
		return strconv.FormatUint(bits, 10)
	case "bit":
		raw, _ := hex.DecodeString(text)
		var n uint64
		for _, b := range raw {
			n = n<<8 | uint64(b)
		}
		return strconv.FormatUint(n, 10)
	case "tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year", "float", "double", "real", "decimal", "numeric":
		if text != "" && strings.Trim(text, "0123456789+-.eE") == "" {
			return text
		}
	}
	if def.isBinary() {
		if _, err := hex.DecodeString(text); err == nil {
			return "X'" + text + "'"
		}
	}
	return quoteText(text)
}

// key is that of a row's packet.
func (o *order) key(packet []byte) (incremental.Key, error) {
	out := make(incremental.Key, len(o.places))
	for i := 0; ; i++ {
		text, _, rest, ok := cutText(packet)
		if !ok {
			return nil, errMalformedRow
		}
		packet = rest
		missing := false
		for k, place := range o.places {
			switch {
			case place == i && o.defs[k].isBinary():
				out[k] = hex.EncodeToString(text)
			case place == i:
				out[k] = string(text)
			}
			missing = missing || place > i
		}
		if !missing {
			return out, nil
		}
	}
}

// by is what stands behind ORDER BY.
func (o *order) by(direction string) string {
	names := make([]string, len(o.defs))
	for i, def := range o.defs {
		names[i] = quoteName(def.name) + direction
	}
	return strings.Join(names, ", ")
}

// behind is the condition of the rows behind a key, and upTo of those up to it,
// which it belongs to. Both are spelled out for the server to find them by its
// index, which it does not for rows such as (a, b) > (1, 2).
func (o *order) behind(k incremental.Key) string { return o.compare(k, ">", ">") }
func (o *order) upTo(k incremental.Key) string   { return o.compare(k, "<", "<=") }

func (o *order) compare(k incremental.Key, before, last string) string {
	var out strings.Builder
	out.WriteByte('(')
	for i := range o.defs {
		if i > 0 {
			out.WriteString(" OR ")
		}
		out.WriteByte('(')
		for j := range i {
			out.WriteString(o.defs[j].compared() + " = " + o.defs[j].sqlLiteral(k[j]) + " AND ")
		}
		operator := before
		if i == len(o.defs)-1 {
			operator = last
		}
		out.WriteString(o.defs[i].compared() + " " + operator + " " + o.defs[i].sqlLiteral(k[i]) + ")")
	}
	out.WriteByte(')')
	return out.String()
}

// fits says whether a key that was stored can be one of this order.
func (o *order) fits(k incremental.Key) bool { return o != nil && len(k) == len(o.places) }

// scan is a statement that reads rows of a table.
type scan struct {
	table  *table
	from   string // in the place of the table's name; "" for that
	where  []string
	order  *order // nil for none
	limit  int    // 0 for none
	offset int
	last   bool // the greatest instead of the least
	keys   bool // the columns of the order alone
}

func (s scan) sql() string {
	var out strings.Builder
	out.WriteString("SELECT ")
	for i, col := range s.columns() {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(col.selected())
	}
	out.WriteString(" FROM ")
	if s.from != "" {
		out.WriteString("(" + s.from + ") AS " + quoteName(s.table.id.name))
	} else {
		out.WriteString(s.table.id.quoted())
	}
	head := " WHERE "
	for _, condition := range s.where {
		if condition != "" {
			out.WriteString(head + condition)
			head = " AND "
		}
	}
	if s.order != nil {
		direction := ""
		if s.last {
			direction = " DESC"
		}
		out.WriteString(" ORDER BY " + s.order.by(direction))
	}
	if s.limit > 0 {
		out.WriteString(" LIMIT " + strconv.Itoa(s.limit))
	}
	if s.offset > 0 {
		out.WriteString(" OFFSET " + strconv.Itoa(s.offset))
	}
	return out.String()
}

// columns are those that the statement asks for.
func (s scan) columns() []column {
	if !s.keys {
		return s.table.columns
	}
	out := make([]column, len(s.order.places))
	for i, place := range s.order.places {
		out[i] = s.table.columns[place]
	}
	return out
}

// keyRow reads a key from the cells of a statement for keys alone.
func (o *order) keyRow(row []cell) incremental.Key {
	k := make(incremental.Key, len(row))
	for i := range row {
		if k[i] = row[i].V; o.defs[i].isBinary() {
			k[i] = hex.EncodeToString([]byte(row[i].V))
		}
	}
	return k
}

// decodeRow makes values of a row's packet, which is the number-th that was
// read of the table.
func (t *table) decodeRow(slab *tailrace.Slab, packet []byte, number uint64) ([]tailrace.Value, error) {
	columns := slab.Values(len(t.columns))
	for i := range columns {
		text, null, rest, ok := cutText(packet)
		if !ok {
			return nil, fmt.Errorf("read the rows of %s: %w", t.id, errMalformedRow)
		}
		packet = rest
		if null {
			continue
		}
		v, err := t.columns[i].text(slab, text)
		if err != nil {
			return nil, fmt.Errorf("row %d of %s: column %s: %w", number, t.id, t.columns[i].name, err)
		}
		columns[i] = v
	}
	return columns, nil
}
