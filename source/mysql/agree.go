package mysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// rowPlan is what the stream makes of a table map: the version of the table
// that it is of, and the plan by which its rows are decoded.
type rowPlan struct {
	table *table // nil where the table is not captured
	rows  *binlog.RowPlan

	fixes []int         // places of the columns that have a fix
	anew  *reselectPlan // nil until columns may be read anew
}

// finish fixes the columns that a row gave.
func (p *rowPlan) finish(w *writer, columns []tailrace.Value) {
	if columns == nil {
		return
	}
	for _, i := range p.fixes {
		columns[i] = p.table.columns[i].fix(&w.slab, columns[i])
	}
}

// planOf gives the plan of a table map. It is made when the map is new, or the
// table's definition is another than the plan was made for.
func (s *stream) planOf(ctx context.Context, m *binlog.TableMap) (*rowPlan, error) {
	id := tableID{m.Schema, m.Name}
	plan, _ := m.State.(*rowPlan)
	if plan != nil && (plan.table == nil || plan.table == s.tables[id]) {
		return plan, nil
	}
	if !s.sel.table(id) {
		m.State = &rowPlan{}
		return &rowPlan{}, nil
	}
	t := s.tables[id]
	if t == nil || t.definition.agrees(m) != nil {
		var err error
		if t, err = s.settle(ctx, id, m); err != nil {
			return nil, err
		}
		if t == nil {
			m.State = &rowPlan{}
			return &rowPlan{}, nil
		}
	}
	plan, err := newRowPlan(t, m)
	if err != nil {
		return nil, &refused{"decode rows of " + id.String(), err}
	}
	m.State = plan
	return plan, nil
}

func newRowPlan(t *table, m *binlog.TableMap) (*rowPlan, error) {
	p := &rowPlan{table: t}
	specs := make([]binlog.ColumnSpec, len(t.all))
	for i, place := range t.all {
		if place < 0 {
			specs[i].Skip = true
			continue
		}
		specs[i] = t.columns[place].spec
		if t.columns[place].fix != nil {
			p.fixes = append(p.fixes, place)
		}
	}
	var err error
	p.rows, err = binlog.NewRowPlan(m, specs)
	return p, err
}

// agrees says whether the definition can be that of the table when the log was
// written, by all that the log tells of it.
func (d *definition) agrees(m *binlog.TableMap) error {
	if len(d.columns) != len(m.Columns) {
		return fmt.Errorf("the log has %d columns, the definition %d", len(m.Columns), len(d.columns))
	}
	for i := range d.columns {
		if err := d.columns[i].agrees(&m.Columns[i]); err != nil {
			return fmt.Errorf("column %d (%s): %w", i+1, d.columns[i].name, err)
		}
	}
	return nil
}

func (def *columnDefinition) agrees(col *binlog.Column) error {
	if col.Name != "" && !strings.EqualFold(col.Name, def.name) {
		return fmt.Errorf("the log has the name %s", col.Name)
	}
	differs := fmt.Errorf("the log has a %s, the definition %s", col.Type, def.full)
	if !def.isLogged(col) {
		return differs
	}
	switch col.Type {
	case binlog.TypeDecimal:
		if col.Precision() != def.precision || col.Scale() != max(def.scale, 0) {
			return fmt.Errorf("the log has a DECIMAL(%d,%d), the definition %s", col.Precision(), col.Scale(), def.full)
		}
	case binlog.TypeTime, binlog.TypeDatetime, binlog.TypeTimestamp:
		if int(col.Meta) != def.fraction {
			return fmt.Errorf("the log has a %s(%d), the definition %s", col.Type, col.Meta, def.full)
		}
	case binlog.TypeBit:
		if int(col.Meta) != def.precision {
			return fmt.Errorf("the log has a BIT(%d), the definition %s", col.Meta, def.full)
		}
	case binlog.TypeTiny, binlog.TypeShort, binlog.TypeInt24, binlog.TypeLong, binlog.TypeLongLong:
		if col.SignKnown && col.Unsigned != def.unsigned {
			return fmt.Errorf("the log and the definition, which has %s, do not agree on its sign", def.full)
		}
	case binlog.TypeEnum, binlog.TypeSet:
		// The log has the labels in the column's character set.
		for i, label := range col.Labels {
			if i >= len(def.labels) || isASCII(label) && string(label) != def.labels[i] {
				return fmt.Errorf("the log has other members than the definition, which has %s", def.full)
			}
		}
	}
	return nil
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// isLogged says whether columns of the definition's type lie in the log as ones
// of the other.
func (def *columnDefinition) isLogged(col *binlog.Column) bool {
	switch t := col.Type; def.typ {
	case "tinyint":
		return t == binlog.TypeTiny
	case "smallint":
		return t == binlog.TypeShort
	case "mediumint":
		return t == binlog.TypeInt24
	case "int", "integer":
		return t == binlog.TypeLong
	case "bigint":
		return t == binlog.TypeLongLong
	case "year":
		return t == binlog.TypeYear
	case "float":
		return t == binlog.TypeFloat
	case "double", "real":
		return t == binlog.TypeDouble
	case "decimal", "numeric":
		return t == binlog.TypeDecimal
	case "char", "binary", "uuid", "inet4", "inet6":
		return t == binlog.TypeString
	case "varchar", "varbinary":
		return t == binlog.TypeVarchar || t == binlog.TypeVarString || t == binlog.TypeVarcharCompr
	case "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob":
		return t == binlog.TypeBlob || t == binlog.TypeBlobCompressed
	case "bit":
		return t == binlog.TypeBit
	case "enum":
		return t == binlog.TypeEnum
	case "set":
		return t == binlog.TypeSet
	case "json":
		return t == binlog.TypeJSON || t == binlog.TypeBlob
	case "date":
		return t == binlog.TypeDate || t == binlog.TypeNewDate
	case "datetime":
		return t == binlog.TypeDatetime || t == binlog.TypeDatetimeOld
	case "time":
		return t == binlog.TypeTime || t == binlog.TypeTimeOld
	case "timestamp":
		return t == binlog.TypeTimestamp || t == binlog.TypeTimestampOld
	case "vector":
		return t == binlog.TypeVector || t == binlog.TypeVarchar
	}
	return col.Type == binlog.TypeGeometry
}
