package binlog

import (
	"bytes"
	"fmt"
)

// The kinds of optional metadata of a table map.
const (
	metaSignedness           = 1
	metaDefaultCharset       = 2
	metaColumnCharset        = 3
	metaColumnName           = 4
	metaSetLabels            = 5
	metaEnumLabels           = 6
	metaGeometryType         = 7
	metaPrimaryKey           = 8
	metaPrimaryKeyPrefix     = 9
	metaEnumSetDefault       = 10
	metaEnumSetCharset       = 11
	metaColumnVisibility     = 12
	metaVectorDimensionality = 13
)

// readOptional reads the fields behind the columns: kind, length, content.
// Kinds that are unknown are left alone, which is what they are made for.
func (m *TableMap) readOptional(c *cursor, flavor Flavor) error {
	for len(c.b) > 0 {
		kind := c.uint8()
		field := cursor{b: c.packedBytes()}
		if c.short {
			return fmt.Errorf("%w: the metadata of %s.%s ends too early", ErrMalformed, m.Schema, m.Name)
		}
		if ok := m.readField(kind, &field, flavor); !ok || field.short {
			return fmt.Errorf("%w: metadata %d of %s.%s does not fit the table's columns", ErrMalformed, kind, m.Schema, m.Name)
		}
	}
	return nil
}

func (m *TableMap) readField(kind uint8, f *cursor, flavor Flavor) (ok bool) {
	isText := isText
	if flavor == MariaDB {
		isText = isMariaText
	}
	switch kind {
	case metaSignedness:
		return m.eachBit(f, isNumber, func(col *Column, set bool) { col.Unsigned, col.SignKnown = set, true })
	case metaDefaultCharset:
		return m.defaultCharset(f, isText)
	case metaColumnCharset:
		return m.each(f, isText, func(col *Column) { col.Collation = uint16(f.packed()) })
	case metaEnumSetDefault:
		return m.defaultCharset(f, isEnumOrSet)
	case metaEnumSetCharset:
		return m.each(f, isEnumOrSet, func(col *Column) { col.Collation = uint16(f.packed()) })
	case metaColumnName:
		return m.each(f, isAny, func(col *Column) { col.Name = string(f.take(int(f.uint8()))) })
	case metaSetLabels:
		return m.each(f, func(t ColumnType) bool { return t == TypeSet }, func(col *Column) { col.readLabels(f) })
	case metaEnumLabels:
		return m.each(f, func(t ColumnType) bool { return t == TypeEnum }, func(col *Column) { col.readLabels(f) })
	case metaGeometryType:
		return m.each(f, func(t ColumnType) bool { return t == TypeGeometry }, func(col *Column) { col.Geometry = uint8(f.packed()) })
	case metaVectorDimensionality:
		return m.each(f, func(t ColumnType) bool { return t == TypeVector }, func(col *Column) { col.Dimension = uint32(f.packed()) })
	case metaColumnVisibility:
		return m.eachBit(f, isAny, func(col *Column, set bool) { col.Invisible = !set })
	case metaPrimaryKey, metaPrimaryKeyPrefix:
		return m.readKey(f, kind == metaPrimaryKeyPrefix)
	}
	return true
}

// each calls read for the columns of the types that is says yes to, in order,
// while there is something to read.
func (m *TableMap) each(f *cursor, is func(ColumnType) bool, read func(*Column)) bool {
	for i := range m.Columns {
		if is(m.Columns[i].Type) {
			if len(f.b) == 0 {
				// MariaDB leaves out what it takes for no text, such as JSON.
				return true
			}
			read(&m.Columns[i])
		}
	}
	return len(f.b) == 0
}

// eachBit calls set with a bit a column of the types, the highest first.
func (m *TableMap) eachBit(f *cursor, is func(ColumnType) bool, set func(*Column, bool)) bool {
	n := 0
	for i := range m.Columns {
		if !is(m.Columns[i].Type) {
			continue
		}
		if n/8 >= len(f.b) {
			return false
		}
		set(&m.Columns[i], f.b[n/8]&(0x80>>(n%8)) != 0)
		n++
	}
	return true
}

// defaultCharset reads a collation that holds for all columns of the types, and
// pairs of a column and a collation for those that have another.
func (m *TableMap) defaultCharset(f *cursor, is func(ColumnType) bool) bool {
	var columns []*Column
	for i := range m.Columns {
		if is(m.Columns[i].Type) {
			columns = append(columns, &m.Columns[i])
		}
	}
	common := uint16(f.packed())
	for _, col := range columns {
		col.Collation = common
	}
	for len(f.b) > 0 {
		i, collation := f.packed(), f.packed()
		if i >= uint64(len(columns)) {
			return false
		}
		columns[i].Collation = uint16(collation)
	}
	return true
}

func (m *TableMap) readKey(f *cursor, prefixes bool) bool {
	m.PrimaryKey = nil
	for len(f.b) > 0 {
		i := f.packed()
		if prefixes {
			f.packed()
		}
		if i >= uint64(len(m.Columns)) {
			return false
		}
		m.PrimaryKey = append(m.PrimaryKey, int(i))
	}
	return true
}

func (col *Column) readLabels(f *cursor) {
	n := f.packed()
	if n > uint64(len(f.b)) {
		f.short = true
		return
	}
	col.Labels = make([][]byte, n)
	for i := range col.Labels {
		col.Labels[i] = bytes.Clone(f.packedBytes())
	}
}

func isAny(ColumnType) bool { return true }

func isNumber(t ColumnType) bool {
	switch t {
	case TypeTiny, TypeShort, TypeInt24, TypeLong, TypeLongLong, TypeFloat, TypeDouble, TypeDecimal, TypeDecimalOld, TypeYear:
		return true
	}
	return false
}

func isEnumOrSet(t ColumnType) bool { return t == TypeEnum || t == TypeSet }

// isText says whether MySQL keeps a collation for the type.
func isText(t ColumnType) bool {
	switch t {
	case TypeString, TypeVarString, TypeVarchar, TypeBlob, TypeTinyBlob, TypeMediumBlob, TypeLongBlob, TypeBlobCompressed, TypeVarcharCompr:
		return true
	}
	return false
}

// isMariaText says whether MariaDB keeps a collation for the type.
func isMariaText(t ColumnType) bool { return isText(t) || t == TypeGeometry }
