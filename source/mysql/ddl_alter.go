package mysql

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// clone gives a definition that can be altered while others use this one.
func (d *definition) clone() *definition {
	c := *d
	c.columns, c.key, c.unique = slices.Clone(d.columns), slices.Clone(d.key), slices.Clone(d.unique)
	return &c
}

// created is the definition of a table that a statement makes. charset and
// collation are what its database gives tables.
func created(id tableID, st *ddl.Statement, charset, collation string, mariadb bool) (*definition, error) {
	d := &definition{id: id, charset: charset, collation: collation, mariadb: mariadb}
	return d, d.alter(st)
}

// alter makes the changes of a statement, as the server makes them: first it
// goes through the columns that were there, by the names that they had, and
// then it puts the new ones and those that move in their places. The error says
// what does not fit what was known of the table.
func (d *definition) alter(st *ddl.Statement) error {
	d.setCharset(st)
	if st.Comment != nil {
		d.comment = tailrace.Some(*st.Comment)
	}
	a := alteration{d: d, names: make([]string, len(d.columns)), renamed: map[string]string{}}
	for i := range d.columns {
		a.names[i] = d.columns[i].name
	}
	for i := range st.Changes {
		a.change(&st.Changes[i])
	}
	for i := range st.Changes {
		a.place(&st.Changes[i])
	}
	a.renameInKeys()
	for _, drops := range []bool{true, false} { // whatever order they have in the statement
		for i := range st.Changes {
			if c := &st.Changes[i]; (c.Op == ddl.DropKey) == drops {
				a.changeKey(c)
			}
		}
	}
	d.chooseKey()
	if st.Unsure {
		a.wrong("part of the statement is not understood")
	}
	return a.err
}

// alteration is the altering of a definition.
type alteration struct {
	d       *definition
	names   []string          // the names that d's columns had; "" for new ones
	renamed map[string]string // columns' old names, in lower case, to new ones
	err     error
}

func (a *alteration) wrong(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, args...)
	}
}

// was finds a column by the name that it had before the statement.
func (a *alteration) was(name string) int {
	return slices.IndexFunc(a.names, func(n string) bool { return n != "" && strings.EqualFold(n, name) })
}

// is finds a column by the name that it has.
func (a *alteration) is(name string) int {
	return slices.IndexFunc(a.d.columns, func(c columnDefinition) bool { return strings.EqualFold(c.name, name) })
}

// find finds a column that a change needs.
func (a *alteration) find(c *ddl.Change) int {
	i := a.was(c.Name)
	if i < 0 && !c.IfExists {
		a.wrong("the table has no column %s", c.Name)
	}
	return i
}

// change makes a change of a column that was there.
func (a *alteration) change(c *ddl.Change) {
	d := a.d
	switch c.Op {
	case ddl.DropColumn:
		if i := a.find(c); i >= 0 {
			d.columns, a.names = slices.Delete(d.columns, i, i+1), slices.Delete(a.names, i, i+1)
			d.forget(c.Name)
		}
	case ddl.ModifyColumn:
		if i := a.find(c); i >= 0 {
			a.renamed[strings.ToLower(c.Name)] = c.Column.Name
			d.columns[i] = d.newColumn(&c.Column)
		}
	case ddl.RenameColumn:
		if i := a.find(c); i >= 0 {
			a.renamed[strings.ToLower(c.Name)] = c.Column.Name
			d.columns[i].name = c.Column.Name
		}
	case ddl.SetDefault:
		if i := a.find(c); i >= 0 {
			d.columns[i].fallback, d.columns[i].computed = tailrace.Null[string]{}, false
			d.columns[i].setDefault(&c.Column.Default)
		}
	case ddl.Convert:
		for i := range d.columns {
			if col := &d.columns[i]; col.charset != "" {
				col.charset, col.collation = d.charset, d.collation
			}
		}
	}
}

// place puts a column that is new, or that moves, in its place.
func (a *alteration) place(c *ddl.Change) {
	d := a.d
	var col columnDefinition
	var name string
	switch {
	case c.Op == ddl.AddColumn:
		if a.is(c.Column.Name) >= 0 {
			if !c.IfExists {
				a.wrong("the table has a column %s already", c.Column.Name)
			}
			return
		}
		col = d.newColumn(&c.Column)
	case c.Op == ddl.ModifyColumn && (c.First || c.After != ""):
		i := a.is(c.Column.Name)
		if i < 0 {
			return
		}
		col, name = d.columns[i], a.names[i]
		d.columns, a.names = slices.Delete(d.columns, i, i+1), slices.Delete(a.names, i, i+1)
	default:
		return
	}
	at := len(d.columns)
	for at > 0 && d.columns[at-1].hidden {
		at--
	}
	if c.First {
		at = 0
	} else if c.After != "" {
		if i := a.is(c.After); i >= 0 {
			at = i + 1
		} else {
			a.wrong("the table has no column %s", c.After)
		}
	}
	d.columns, a.names = slices.Insert(d.columns, at, col), slices.Insert(a.names, at, name)
}

// changeKey makes a change of a key, or one of a column that has to do with
// keys.
func (a *alteration) changeKey(c *ddl.Change) {
	d := a.d
	switch c.Op {
	case ddl.AddColumn, ddl.ModifyColumn:
		if c.Column.Primary {
			d.setPrimary([]string{c.Column.Name})
		} else if c.Column.Unique {
			d.unique = append(d.unique, index{c.Column.Name, []string{c.Column.Name}})
		}
	case ddl.AddKey:
		switch k := &c.Key; {
		case k.Primary:
			d.setPrimary(k.Columns)
		case k.Unique && !k.Parts && len(k.Columns) > 0:
			name := k.Name
			if name == "" {
				name = k.Columns[0]
			}
			d.unique = append(d.unique, index{name, k.Columns})
		}
	case ddl.DropKey:
		if strings.EqualFold(c.Name, "PRIMARY") {
			if d.byIndex == "" {
				d.key = nil
			}
			return
		}
		d.unique = slices.DeleteFunc(d.unique, func(x index) bool { return strings.EqualFold(x.name, c.Name) })
	case ddl.RenameKey:
		for i := range d.unique {
			if strings.EqualFold(d.unique[i].name, c.Name) {
				d.unique[i].name = c.Key.Name
			}
		}
	}
}

// renameInKeys gives the columns of keys the names that they have now.
func (a *alteration) renameInKeys() {
	rename := func(columns []string) []string {
		out := slices.Clone(columns)
		for i, name := range out {
			if to, ok := a.renamed[strings.ToLower(name)]; ok {
				out[i] = to
			}
		}
		return out
	}
	a.d.key = rename(a.d.key)
	for i := range a.d.unique {
		a.d.unique[i].columns = rename(a.d.unique[i].columns)
	}
}

// forget takes a column out of the keys.
func (d *definition) forget(column string) {
	is := func(name string) bool { return strings.EqualFold(name, column) }
	d.key = slices.DeleteFunc(d.key, is)
	for i := range d.unique {
		d.unique[i].columns = slices.DeleteFunc(slices.Clone(d.unique[i].columns), is)
	}
	d.unique = slices.DeleteFunc(d.unique, func(x index) bool { return len(x.columns) == 0 })
}

// setPrimary makes columns the primary key, which cannot be null.
func (d *definition) setPrimary(columns []string) {
	d.key, d.byIndex = nil, ""
	for _, name := range columns {
		i := slices.IndexFunc(d.columns, func(c columnDefinition) bool { return strings.EqualFold(c.name, name) })
		if i >= 0 {
			d.columns[i].nullable = false
			name = d.columns[i].name
		}
		d.key = append(d.key, name)
	}
}

// chooseKey gives a table without a primary key the first unique index whose
// columns cannot be null.
func (d *definition) chooseKey() {
	if d.byIndex == "" && len(d.key) > 0 {
		return
	}
	d.key, d.byIndex = nil, ""
	for _, x := range d.unique {
		usable := !slices.ContainsFunc(x.columns, func(name string) bool {
			i := slices.IndexFunc(d.columns, func(c columnDefinition) bool { return strings.EqualFold(c.name, name) })
			return i < 0 || d.columns[i].nullable
		})
		if usable {
			d.key, d.byIndex = slices.Clone(x.columns), x.name
			return
		}
	}
}

// setCharset takes the character set that a statement gives the table.
func (d *definition) setCharset(st *ddl.Statement) {
	switch {
	case st.Collate != "" && st.Collate != "default":
		d.charset, d.collation = charsetOf(st.Collate), st.Collate
	case st.Charset != "" && st.Charset != "default":
		d.charset, d.collation = plainCharset(st.Charset), ""
	}
}

// plainCharset is the name that the servers give a character set now.
func plainCharset(name string) string {
	if name == "utf8" {
		return "utf8mb3"
	}
	return name
}

// newColumn makes the definition that the catalog has of a column.
func (d *definition) newColumn(c *ddl.Column) columnDefinition {
	col := columnDefinition{name: c.Name, typ: strings.ToLower(c.Type), unsigned: c.Unsigned, nullable: !c.NotNull && !c.Primary, scale: -1, counted: c.AutoIncrement}
	if c.Comment != nil {
		col.comment = tailrace.Some(*c.Comment)
	}
	if c.Written != c.Type {
		col.written = c.Written
	}
	if col.typ == "json" && d.mariadb { // which has it for a text
		col.typ, col.charset, col.collation = "longtext", "utf8mb4", "utf8mb4_bin"
	}
	arg := func(i, missing int) int {
		if i < len(c.Args) {
			if n, err := strconv.Atoi(c.Args[i]); err == nil {
				return n
			}
		}
		return missing
	}
	col.full = col.typ
	if len(c.Args) > 0 {
		col.full += "(" + strings.Join(c.Args, ",") + ")"
	}
	switch col.typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		col.scale = 0
	case "decimal":
		col.precision, col.scale = arg(0, 10), arg(1, 0)
		col.full = fmt.Sprintf("decimal(%d,%d)", col.precision, col.scale)
	case "float", "double":
		col.scale = arg(1, -1)
		if col.typ == "float" && len(c.Args) == 1 { // digits of the mantissa
			if col.full = "float"; arg(0, 0) > 24 {
				col.typ, col.full = "double", "double"
			}
		}
	case "bit":
		col.precision = arg(0, 1)
		col.full = fmt.Sprintf("bit(%d)", col.precision)
	case "time", "datetime", "timestamp":
		col.fraction = arg(0, 0)
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "binary", "varbinary":
		if c.Type == "JSON" {
			break
		}
		d.setText(&col, c, arg(0, 1))
	}
	if c.Unsigned {
		col.full += " unsigned"
	}
	if c.Zerofill {
		col.full += " zerofill"
	}
	if n, err := strconv.Atoi(c.SRID); err == nil {
		col.srid = n
	}
	if !c.Generated {
		col.setDefault(&c.Default)
	}
	return col
}

// setText sets what a column of text has more than others.
func (d *definition) setText(col *columnDefinition, c *ddl.Column, length int) {
	switch {
	case c.Collate != "" && c.Collate != "default":
		col.charset, col.collation = charsetOf(c.Collate), c.Collate
	case c.National:
		col.charset = "utf8mb3"
	case c.Charset != "" && c.Charset != "default":
		col.charset = plainCharset(c.Charset)
	default:
		col.charset, col.collation = d.charset, d.collation
	}
	binary := map[string]string{"char": "binary", "varchar": "varbinary", "tinytext": "tinyblob", "text": "blob", "mediumtext": "mediumblob", "longtext": "longblob"}
	switch to, ok := binary[col.typ]; {
	case col.typ == "enum" || col.typ == "set":
		col.labels = slices.Clone(c.Args)
		quoted := make([]string, len(c.Args))
		for i, label := range c.Args {
			if col.charset != "binary" {
				col.labels[i] = strings.TrimRight(label, " ")
			}
			quoted[i] = "'" + strings.ReplaceAll(col.labels[i], "'", "''") + "'"
		}
		col.full = col.typ + "(" + strings.Join(quoted, ",") + ")"
		return
	case ok && (c.Charset == "binary" || c.Collate == "binary" || col.charset == "binary"):
		col.full = to + strings.TrimPrefix(col.full, col.typ)
		col.typ = to
	}
	if strings.HasSuffix(col.typ, "char") || strings.HasSuffix(col.typ, "binary") {
		col.length = length
		col.full = fmt.Sprintf("%s(%d)", col.typ, length)
	}
	if strings.HasSuffix(col.typ, "binary") || strings.HasSuffix(col.typ, "blob") {
		col.charset, col.collation = "", ""
	}
}

// setDefault takes a default in the form that the catalog gives it.
func (col *columnDefinition) setDefault(d *ddl.Default) {
	switch {
	case !d.Set || d.Null:
		return
	case d.Computed:
		col.computed = true
		return
	}
	text := d.Text
	switch col.typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double":
		text = col.number(d)
	case "bit":
		text = col.bitsDefault(d)
	case "timestamp", "datetime":
		text = completeDatetime(text, col.fraction)
	case "binary", "varbinary":
		if d.Base != 'x' {
			text = "0x" + hex.EncodeToString([]byte(text))
		} else {
			text = "0x" + text
		}
	default:
		if raw, err := hex.DecodeString(text); d.Base == 'x' && err == nil {
			text = string(raw)
		}
	}
	col.fallback = tailrace.Some(text)
}

// number is the default of a number, as the catalog has it.
func (col *columnDefinition) number(d *ddl.Default) string {
	text := strings.TrimSpace(d.Text)
	switch {
	case strings.EqualFold(text, "TRUE"):
		text = "1"
	case strings.EqualFold(text, "FALSE"):
		text = "0"
	case d.Base == 'x', d.Base == 'b':
		base := map[byte]int{'x': 16, 'b': 2}[d.Base]
		if n, err := strconv.ParseUint(text, base, 64); err == nil {
			text = strconv.FormatUint(n, 10)
		}
	}
	if col.typ != "decimal" {
		return text
	}
	whole, part, _ := strings.Cut(text, ".")
	if whole == "" || whole == "-" {
		whole += "0"
	}
	if len(part) > col.scale || strings.ContainsAny(part, "eE") || strings.ContainsAny(whole, "eE") {
		return text
	}
	if col.scale == 0 {
		return whole
	}
	return whole + "." + part + strings.Repeat("0", col.scale-len(part))
}

func (col *columnDefinition) bitsDefault(d *ddl.Default) string {
	base := 10
	switch d.Base {
	case 'b':
		return "b'" + d.Text + "'"
	case 'x':
		base = 16
	}
	n, err := strconv.ParseUint(d.Text, base, 64)
	if err != nil {
		return d.Text
	}
	return "b'" + strconv.FormatUint(n, 2) + "'"
}

// completeDatetime gives a moment the time and the fraction that it lacks.
func completeDatetime(text string, fraction int) string {
	if len(text) == len("2006-01-02") {
		text += " 00:00:00"
	}
	if fraction > 0 {
		whole, part, _ := strings.Cut(text, ".")
		if len(part) < fraction {
			text = whole + "." + part + strings.Repeat("0", fraction-len(part))
		}
	}
	return text
}
