package smt

import (
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// namingProperties are those of the transforms of Debezium's JDBC sink
// connector, whose keys begin with collection or column.
func namingProperties(what string) property.Table {
	values := []string{}
	for _, s := range debezium.NamingStyles() {
		values = append(values, string(s))
	}
	return property.Table{
		{Key: what + ".naming.style", Type: property.Enum, Default: string(debezium.AsItIs), Values: values,
			Doc: "How names are spelt: as they are (default), `order_items_2` (snake_case), `orderItems` of `order_items` (camel_case), or all in capitals or in small letters."},
		{Key: what + ".naming.prefix", Doc: "What stands before each name."},
		{Key: what + ".naming.suffix", Doc: "What stands behind each name."},
	}
}

func naming(p *property.Set, what string) debezium.Naming {
	p.Use(namingProperties(what))
	n := debezium.Naming{Prefix: p.String(what + ".naming.prefix"), Suffix: p.String(what + ".naming.suffix")}
	for _, s := range debezium.NamingStyles() {
		if strings.EqualFold(p.Enum(what+".naming.style"), string(s)) {
			n.Style = s
		}
	}
	return n
}

func collectionName(p *property.Set) transform.Transform {
	t, err := debezium.CollectionName{Naming: naming(p, "collection")}.New()
	return keys{}.made(p, t, err)
}

func fieldName(p *property.Set) transform.Transform {
	t, err := debezium.FieldName{Naming: naming(p, "column")}.New()
	return keys{}.made(p, t, err)
}
