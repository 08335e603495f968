package postgres

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// keyColumns names the columns of the table's key: those that were chosen or,
// where none were, those that the definition has.
func (s *selection) keyColumns(d *definition) []string {
	names := make([]string, len(d.columns))
	for i := range d.columns {
		names[i] = d.columns[i].name
	}
	if chosen := s.keys.Of(d.id.String(), names); chosen != nil {
		return chosen
	}
	return slices.Clone(d.key)
}

// shown gives the schema of a column in values, with all that it says beyond
// its type, and the mask of its values; nil for none.
func (s *selection) shown(types *types, id tableID, def *columnDefinition, schema *tailrace.Schema) (envelope.Masker, *tailrace.Schema, error) {
	name := id.String() + "." + def.name
	typ, modifier := types.base(def.typ, def.modifier)
	column := envelope.MaskedColumn{Name: name, Text: isMaskable(typ)}
	if length, _ := declaredLength(typ, modifier); column.Text && length > 0 && length != unbounded {
		column.Room = length
	}
	mask, schema, err := s.masks.Of(column, schema)
	if err != nil || len(s.sourceColumns) == 0 && len(s.sourceTypes) == 0 {
		return mask, schema, err
	}
	typeName := types.name(def.typ)
	if !s.sourceColumns.Match(name) && !s.sourceTypes.Match(id.String()+"."+typeName) {
		return mask, schema, nil
	}
	b := schema.Builder()
	b.Parameter("__debezium.source.column.type", strings.ToUpper(typeName))
	length, scale := declaredLength(types.element(typ), modifier)
	b.Parameter("__debezium.source.column.length", strconv.Itoa(length))
	b.Parameter("__debezium.source.column.scale", strconv.Itoa(scale))
	b.Parameter("__debezium.source.column.name", def.name)
	schema, err = b.Build()
	return mask, schema, err
}

// isMaskable says whether the columns are ones of text, to Debezium.
func isMaskable(t *pgType) bool {
	if t == nil {
		return false
	}
	switch t.name {
	case "text", "varchar", "bpchar", "char", "name":
		return true
	}
	return t.kind == 'e'
}

// unbounded is the length of types that have no bound.
const unbounded = 1<<31 - 1

// declaredLength gives the length and the scale of a type, as PostgreSQL's Java
// driver tells them.
func declaredLength(t *pgType, modifier int32) (length, scale int) {
	if t == nil {
		return unbounded, 0
	}
	switch t.name {
	case "bool", "char":
		return 1, 0
	case "int2":
		return 5, 0
	case "int4", "oid":
		return 10, 0
	case "int8":
		return 19, 0
	case "float4":
		return 8, 8
	case "float8":
		return 17, 17
	case "varchar", "bpchar":
		if modifier >= 4 {
			return int(modifier) - 4, 0
		}
	case "bit", "varbit":
		if modifier >= 0 {
			return int(modifier), 0
		}
	case "numeric":
		if modifier >= 4 {
			return int((modifier - 4) >> 16 & 0xffff), int((modifier-4)&0x7ff^1024) - 1024
		}
		return 131089, 0
	case "date":
		return 13, 0
	case "time", "timetz", "timestamp", "timestamptz", "interval":
		return declaredTime(t.name, modifier)
	}
	return unbounded, 0
}

// declaredTime is for types with fractions of seconds: the length is that of
// their texts.
func declaredTime(name string, modifier int32) (length, scale int) {
	digits := 6
	if modifier >= 0 {
		digits = int(modifier & 0xffff)
	}
	seconds := digits + 1
	switch digits {
	case 0:
		seconds = 0
	case 1:
		seconds = 3
	}
	switch name {
	case "time":
		return 8 + seconds, digits
	case "timetz":
		return 14 + seconds, digits
	case "timestamp":
		return 22 + seconds, digits
	case "timestamptz":
		return 28 + seconds, digits
	}
	return 49, digits
}
