package mysql

import (
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// propagated gives the schema with the column's type of the server in its
// parameters, where the source is to have it.
func (s *selection) propagated(id tableID, def *columnDefinition, schema *tailrace.Schema) (*tailrace.Schema, error) {
	if len(s.sourceColumns) == 0 && len(s.sourceTypes) == 0 {
		return schema, nil
	}
	typ := strings.ToUpper(strings.TrimSpace(def.typ))
	if def.unsigned {
		typ += " UNSIGNED"
	}
	if strings.Contains(def.full, "zerofill") {
		typ += " ZEROFILL"
	}
	if !s.sourceColumns.Match(id.String()+"."+def.name) && !s.sourceTypes.Match(id.String()+"."+typ) {
		return schema, nil
	}
	b := schema.Builder()
	b.Parameter("__debezium.source.column.type", typ)
	if n, scale := def.declaredLength(); n >= 0 {
		b.Parameter("__debezium.source.column.length", strconv.Itoa(n))
		if scale >= 0 {
			b.Parameter("__debezium.source.column.scale", strconv.Itoa(scale))
		}
	}
	if s.comments && def.comment.V != "" {
		b.Parameter("__debezium.source.column.comment", def.comment.V)
	}
	b.Parameter("__debezium.source.column.name", def.name)
	return b.Build()
}

// shown gives the schema of a column in values, with all that it says beyond
// its type, and the mask of its values.
func (s *selection) shown(id tableID, def *columnDefinition, schema *tailrace.Schema) (envelope.Masker, *tailrace.Schema, error) {
	mask, schema, err := s.masks.Of(envelope.MaskedColumn{Name: id.String() + "." + def.name, Text: isMaskable(def), Room: def.length}, schema)
	if err != nil {
		return nil, nil, err
	}
	schema, err = s.propagated(id, def, schema)
	return mask, schema, err
}

// declaredLength gives the numbers in the parentheses of the column's type; -1
// where it has none.
func (def *columnDefinition) declaredLength() (length, scale int) {
	length, scale = -1, -1
	_, inner, ok := strings.Cut(def.full, "(")
	inner, _, _ = strings.Cut(inner, ")")
	switch {
	case def.typ == "enum":
		return 1, -1
	case def.typ == "set":
		return max(0, 2*len(def.labels)-1), -1 // of their letters, had each one, and the commas
	case !ok:
		return length, scale
	}
	first, second, two := strings.Cut(inner, ",")
	if n, err := strconv.Atoi(first); err == nil {
		length = n
	}
	if n, err := strconv.Atoi(second); two && err == nil {
		scale = n
	}
	return length, scale
}
