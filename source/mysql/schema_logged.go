package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// logged makes the definition that a table map with binlog_row_metadata=FULL
// tells of; nil where it has no names. Columns that one of the known
// definitions has with the same name and an agreeing type are taken from there,
// with what the log does not tell: defaults, and how types were declared.
func logged(id tableID, m *binlog.TableMap, mariadb bool, known ...*definition) *definition {
	d := &definition{id: id, mariadb: mariadb}
	for i := range m.Columns {
		col := &m.Columns[i]
		if col.Name == "" {
			return nil
		}
		d.columns = append(d.columns, loggedColumn(col, mariadb, known))
	}
	for _, i := range m.PrimaryKey {
		if i < len(d.columns) {
			d.setPrimary(append(d.key, d.columns[i].name))
		}
	}
	for _, k := range known {
		if k == nil {
			continue
		}
		d.charset, d.collation = k.charset, k.collation
		if d.key == nil && k.byIndex != "" {
			d.unique = slices.Clone(k.unique)
			d.chooseKey()
		}
		break
	}
	return d
}

func loggedColumn(col *binlog.Column, mariadb bool, known []*definition) columnDefinition {
	for _, d := range known {
		if d == nil {
			continue
		}
		for i := range d.columns {
			if def := d.columns[i]; strings.EqualFold(def.name, col.Name) && def.agrees(col) == nil {
				def.nullable = col.Nullable
				return def
			}
		}
	}
	def := columnDefinition{name: col.Name, unsigned: col.Unsigned, nullable: col.Nullable, scale: -1}
	charset, _ := binlog.CharsetOf(col.Collation)
	text := func(text, binary string) string {
		if col.Collation == 63 || charset == "binary" {
			return binary
		}
		def.charset = charset
		return text
	}
	switch col.Type {
	case binlog.TypeTiny:
		def.typ = "tinyint"
	case binlog.TypeShort:
		def.typ = "smallint"
	case binlog.TypeInt24:
		def.typ = "mediumint"
	case binlog.TypeLong:
		def.typ = "int"
	case binlog.TypeLongLong:
		def.typ = "bigint"
	case binlog.TypeDecimal:
		def.typ, def.precision, def.scale = "decimal", col.Precision(), col.Scale()
		def.full = fmt.Sprintf("decimal(%d,%d)", def.precision, def.scale)
	case binlog.TypeFloat:
		def.typ = "float"
	case binlog.TypeDouble:
		def.typ = "double"
	case binlog.TypeYear:
		def.typ = "year"
	case binlog.TypeBit:
		def.typ, def.precision = "bit", int(col.Meta)
		def.full = fmt.Sprintf("bit(%d)", def.precision)
	case binlog.TypeDate, binlog.TypeNewDate:
		def.typ = "date"
	case binlog.TypeTime, binlog.TypeDatetime, binlog.TypeTimestamp:
		def.typ, def.fraction = strings.ToLower(col.Type.String()), int(col.Meta)
	case binlog.TypeTimeOld:
		def.typ = "time"
	case binlog.TypeDatetimeOld:
		def.typ = "datetime"
	case binlog.TypeTimestampOld:
		def.typ = "timestamp"
	case binlog.TypeString:
		def.typ = text("char", "binary")
	case binlog.TypeVarchar, binlog.TypeVarString, binlog.TypeVarcharCompr:
		def.typ = text("varchar", "varbinary")
	case binlog.TypeEnum, binlog.TypeSet:
		def.typ = strings.ToLower(col.Type.String())
		def.charset = charset
		def.labels, def.full = loggedLabels(def.typ, col, charset)
	case binlog.TypeJSON:
		def.typ = "json"
	case binlog.TypeVector:
		def.typ = "vector"
	case binlog.TypeGeometry:
		def.typ = geometryType(col.Geometry)
	default:
		sizes := [...]string{"tiny", "", "medium", "long"}
		size := sizes[max(1, min(int(col.Meta), 4))-1]
		def.typ = text(size+"text", size+"blob")
	}
	if def.full == "" {
		def.full = def.typ
	}
	if def.unsigned {
		def.full += " unsigned"
	}
	return def
}

func loggedLabels(typ string, col *binlog.Column, charset string) (labels []string, full string) {
	quoted := make([]string, len(col.Labels))
	for i, raw := range col.Labels {
		label := string(raw)
		if decoded, err := binlog.AppendText(nil, raw, charset); err == nil {
			label = string(decoded)
		}
		labels = append(labels, label)
		quoted[i] = "'" + strings.ReplaceAll(label, "'", "''") + "'"
	}
	return labels, typ + "(" + strings.Join(quoted, ",") + ")"
}

func geometryType(kind uint8) string {
	types := [...]string{"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"}
	if int(kind) < len(types) {
		return types[kind]
	}
	return types[0]
}
