package postgres

import (
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// attribute is a part of a composite type.
type attribute struct {
	Name     string
	Type     uint32
	Modifier int32
}

// compositePlan makes structs of a composite type's values, whose fields may all
// be null. Those of types that are not known are PostgreSQL's text.
func (s *Source) compositePlan(types *types, t *pgType) (plan, bool) {
	if len(t.attributes) == 0 || types.depth > 16 {
		return plan{}, false
	}
	types.depth++
	defer func() { types.depth-- }()
	names, fieldNames := envelope.Names(s.SchemaNames), envelope.Names(s.FieldNames)
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(names.Schema(s.topic(t.namespace, t.name)))
	decoders := make([]decoder, len(t.attributes))
	zero := make([]tailrace.Value, len(t.attributes))
	for i, a := range t.attributes {
		typ, modifier := types.base(a.Type, a.Modifier)
		p, ok := s.planOf(types, typ, modifier)
		if !ok {
			p, _ = text("", "")
		}
		schema, err := p.schema.Optional().Build()
		if err != nil {
			return plan{}, false
		}
		b.Field(fieldNames.Field(a.Name), schema)
		decoders[i] = p.decode
	}
	return plan{schema: b, decode: composite(decoders), zero: tailrace.StructOf(zero)}, true
}

// composite makes a struct of a composite's text, such as (1,"a b",).
func composite(fields []decoder) decoder {
	return func(slab *tailrace.Slab, text []byte) (tailrace.Value, error) {
		values := slab.Values(len(fields))
		n := 0
		err := eachAttribute(text, func(a []byte, null bool) (err error) {
			if n == len(fields) {
				return errForm
			}
			if !null {
				values[n], err = fields[n](slab, a)
			}
			n++
			return err
		})
		if err == nil && n != len(fields) {
			err = errForm
		}
		return tailrace.StructOf(values), err
	}
}

// eachAttribute calls for each part of a composite's text. Nothing between two
// commas is null; quotes and backslashes may stand anywhere in a part.
func eachAttribute(text []byte, part func(a []byte, null bool) error) error {
	inner, ok := strings.CutPrefix(view(text), "(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return errForm
	}
	text = text[1:]
	for i := 0; ; i++ {
		a, end, err := attributeAt(text, i)
		if err != nil {
			return err
		}
		if err := part(a, end == i); err != nil {
			return err
		}
		if i = end; text[i] == ')' {
			if i != len(text)-1 {
				return errForm
			}
			return nil
		}
	}
}

// attributeAt reads a part that begins at a place; end is that of the comma or
// the parenthesis behind it.
func attributeAt(text []byte, at int) (a []byte, end int, err error) {
	quoted, plain := false, true
	for i := at; i < len(text); i++ {
		c := text[i]
		switch {
		case !quoted && (c == ',' || c == ')'):
			if plain {
				a = text[at:i]
			}
			return a, i, nil
		case c == '"' || c == '\\':
			if plain {
				a, plain = append(make([]byte, 0, len(text)-at), text[at:i]...), false
			}
			doubled := c == '"' && quoted && i+1 < len(text) && text[i+1] == '"'
			if c == '"' && !doubled {
				quoted = !quoted
				continue
			}
			if i++; i == len(text) {
				return nil, 0, errForm
			}
			a = append(a, text[i])
		case !plain:
			a = append(a, c)
		}
	}
	return nil, 0, errForm
}
