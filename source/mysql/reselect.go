package mysql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// Reselect has columns read anew of rows that were inserted or updated, as
// Debezium's ReselectColumnsPostProcessor does: the source asks the server for
// them by the row's key, on a connection of its own, while it reads the log.
// What the server answers may be newer than the change. Rows of tables without a
// key are left as they are, and so are those of snapshots.
type Reselect struct {
	// Include and Exclude choose columns by regular expressions for names such
	// as shop.orders:note, which match as those of a Filter do. Only one of the
	// two may have elements; without any all columns are chosen.
	Include, Exclude []string

	// KeepUnchanged leaves those alone that the log did not carry, as with
	// binlog_row_image=MINIMAL, and KeepNulls those that are null.
	KeepUnchanged, KeepNulls bool

	// EventKey finds rows by the columns of the record's key, which KeyColumns
	// may have made another than the table's own.
	EventKey bool

	// Fail makes it an error of Read that a row cannot be read, or is not there
	// any more. Without it the log says so, and the change stays as it is.
	Fail bool
}

// reselectTimeout is how long one row may take to read, and the connection
// before it to make.
const reselectTimeout = time.Minute

// reselect reads columns of changed rows anew.
type reselect struct {
	src    *Source
	chosen *envelope.Reselector
	conn   *conn // nil until a row is to be read
}

// reselectPlan is what can be read of a table's rows, and how the log has the
// key that finds one: in forms that the server takes for literals.
type reselectPlan struct {
	places []int // in the table's columns
	key    []*columnDefinition
	forms  []column // of the key's columns
	rows   *binlog.RowPlan
}

func newReselect(src *Source, sel *selection) *reselect {
	if sel.anew == nil {
		return nil
	}
	return &reselect{src: src, chosen: sel.anew}
}

func (r *reselect) plan(t *table, m *binlog.TableMap) (*reselectPlan, error) {
	p := &reselectPlan{}
	if t.key == nil {
		return p, nil
	}
	for i := range t.columns {
		if (t.row == nil || slices.Contains(t.row, i)) && r.chosen.Includes(t.id.String(), t.columns[i].name) {
			p.places = append(p.places, i)
		}
	}
	literal := &Source{Decimals: DecimalString, Times: TimeISO, Binaries: BinaryBytes, UnsignedBigints: UnsignedBigintPrecise}
	specs := make([]binlog.ColumnSpec, len(t.all))
	for i, place := range t.all {
		def := &t.definition.columns[i]
		in := slices.Contains(t.definition.key, def.name)
		if r.chosen.EventKey {
			in = place >= 0 && slices.Contains(t.key, place)
		}
		if specs[i].Skip = !in; !in {
			continue
		}
		form, err := newColumn(literal, def)
		if err != nil {
			return nil, err
		}
		if !def.hasLiterals() {
			return nil, fmt.Errorf("the key's column %s is of the type %s, which a row cannot be found by", def.name, def.full)
		}
		specs[i] = form.spec
		p.key, p.forms = append(p.key, def), append(p.forms, form)
	}
	var err error
	p.rows, err = binlog.NewRowPlan(m, specs)
	return p, err
}

// complete puts what the server has by now in the place of what a new row lacks.
// at is where the log has the row. An error is that of ctx or, with Fail, one of
// the change.
func (r *reselect) complete(ctx context.Context, slab *tailrace.Slab, plan *rowPlan, at binlog.Rows, row []tailrace.Value) (err error) {
	t := plan.table
	if plan.anew == nil {
		if plan.anew, err = r.plan(t, at.Table); err != nil {
			return &refused{"read columns of " + t.id.String() + " anew", err}
		}
	}
	var missing []int
	for _, place := range plan.anew.places {
		if r.chosen.Misses(row[place]) {
			missing = append(missing, place)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err = r.read(ctx, slab, t, plan.anew, missing, at, row)
	if end := ended(ctx); err == nil || end != nil {
		return end
	}
	doing := fmt.Sprintf("read %d columns of a row of %s anew", len(missing), t.id)
	if !r.chosen.Fail {
		r.src.Log.Warn("a change stays as the log has it", "table", t.id.String(), "error", doing+": "+err.Error())
		return nil
	}
	var away *lost
	if errors.As(err, &away) {
		return &lost{doing, err}
	}
	return &refused{doing, err}
}

func (r *reselect) read(ctx context.Context, slab *tailrace.Slab, t *table, p *reselectPlan, missing []int, at binlog.Rows, row []tailrace.Value) error {
	if len(p.key) == 0 {
		return errors.New("the table has no key of its own to find the row by: set Reselect.EventKey, or give it a PRIMARY KEY")
	}
	where, err := p.find(slab, at)
	if err != nil {
		return err
	}
	names := make([]string, len(missing))
	for i, place := range missing {
		names[i] = t.columns[place].selected()
	}
	ctx, cancel := context.WithTimeout(ctx, reselectTimeout)
	defer cancel()
	rows, err := r.query(ctx, "SELECT "+strings.Join(names, ",")+" FROM "+t.id.quoted()+" WHERE "+where)
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return envelope.ErrRowGone
	}
	values := make([]tailrace.Value, len(missing))
	for i, place := range missing {
		if cell := rows[0][i]; cell.Valid {
			if values[i], err = t.columns[place].text(slab, []byte(cell.V)); err != nil {
				return fmt.Errorf("column %s: %w", t.columns[place].name, err)
			}
		}
	}
	for i, place := range missing {
		row[place] = values[i]
	}
	return nil
}

// find is the condition of the row that the log has.
func (p *reselectPlan) find(slab *tailrace.Slab, at binlog.Rows) (string, error) {
	after := make([]tailrace.Value, len(p.key))
	var before []tailrace.Value
	if at.Kind != binlog.Inserted {
		before = make([]tailrace.Value, len(p.key))
	}
	if err := at.Decode(p.rows, slab, before, after); err != nil {
		return "", err
	}
	conditions := make([]string, len(p.key))
	for i, def := range p.key {
		v := after[i]
		if v.IsUnchanged() && before != nil {
			v = before[i]
		}
		if p.forms[i].fix != nil {
			v = p.forms[i].fix(slab, v)
		}
		switch {
		case v.IsUnchanged():
			return "", fmt.Errorf("the log does not have the value of %s, which the row is found by", def.name)
		case v.IsNull():
			conditions[i] = quoteName(def.name) + " IS NULL"
		default:
			conditions[i] = def.compared() + " = " + def.sqlLiteral(def.keyText(p.forms[i].schema, v))
		}
	}
	return strings.Join(conditions, " AND "), nil
}

// keyText is a value as the keys of an order have it.
func (def *columnDefinition) keyText(schema *tailrace.Schema, v tailrace.Value) string {
	switch def.typ {
	case "bit":
		if v.Type() == tailrace.TypeBoolean {
			return map[bool]string{false: "00", true: "01"}[v.Bool()]
		}
		raw := slices.Clone(v.Bytes())
		slices.Reverse(raw)
		return hex.EncodeToString(raw)
	case "date", "time":
		return strings.TrimSuffix(v.Text(), "Z")
	case "datetime", "timestamp":
		return strings.Replace(strings.TrimSuffix(v.Text(), "Z"), "T", " ", 1)
	}
	if v.Type() == tailrace.TypeBytes && !def.isBinary() {
		return tailrace.Display(schema, v) // a decimal
	}
	if v.Type() == tailrace.TypeBytes {
		return hex.EncodeToString(v.Bytes())
	}
	return tailrace.Display(schema, v)
}

// query asks on the connection that there is or, where that is lost, on another.
func (r *reselect) query(ctx context.Context, sql string) (out [][]cell, err error) {
	for _, first := range []bool{r.conn != nil, false} {
		if r.conn == nil {
			if r.conn, err = r.src.connect(ctx); err != nil {
				return nil, err
			}
		}
		out, err = r.conn.query(ctx, sql)
		if err == nil {
			return out, nil
		}
		r.close()
		err = withoutStatement(err)
		if !first || codeOf(err) != 0 || ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// withoutStatement takes the statement out of its error, because that has the
// values of the row's key.
func withoutStatement(err error) error {
	const doing = "ask the server"
	var away *lost
	var no *refused
	switch {
	case errors.As(err, &away):
		return &lost{doing, away.err}
	case errors.As(err, &no):
		return &refused{doing, no.err}
	}
	return &lost{doing, err}
}

func (r *reselect) close() {
	if r != nil && r.conn != nil {
		r.conn.Close()
		r.conn = nil
	}
}
