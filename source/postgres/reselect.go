package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// Reselect has columns read anew of rows that were inserted or updated, as
// Debezium's ReselectColumnsPostProcessor does: the source asks the server for
// them by the row's key, on a connection of its own, while it reads the log.
// What the server answers may be newer than the change. Rows of tables without a
// key are left as they are, and so are those of snapshots.
type Reselect struct {
	// Include and Exclude choose columns by regular expressions for names such
	// as public.orders:note, which match as those of a Filter do. Only one of
	// the two may have elements; without any all columns are chosen.
	Include, Exclude []string

	// KeepUnchanged leaves those alone that the log did not carry, such as
	// untouched TOAST values, and KeepNulls those that are null.
	KeepUnchanged, KeepNulls bool

	// EventKey finds rows by the columns of the record's key, which KeyColumns
	// may have made another than the table's own.
	EventKey bool

	// Fail makes it an error of its change that a row cannot be read, or is not
	// there any more. Without it the log says so, and the change stays as it is.
	Fail bool
}

// reselectTimeout is how long one row may take to read, and the connection
// before it to make.
const reselectTimeout = time.Minute

// errUnreachable says that the server could not be asked, which it may be later.
var errUnreachable = errors.New("the server cannot be asked")

// reselect reads columns of changed rows anew.
type reselect struct {
	src    *Source
	chosen *envelope.Reselector
	plans  map[*table]*reselectPlan
	conn   *catalog // nil until a row is to be read
}

// reselectPlan is what can be read of a table's rows.
type reselectPlan struct {
	places []int // in the table's columns
	key    []int // in the table's definition: what finds a row; none for tables whose rows are left alone
	bad    error // why none can be found
}

func newReselect(src *Source, chosen *envelope.Reselector) *reselect {
	if chosen == nil {
		return nil
	}
	return &reselect{src: src, chosen: chosen, plans: map[*table]*reselectPlan{}}
}

// plan says what is to be read of a table's rows, and by which key.
func (r *reselect) plan(t *table) *reselectPlan {
	p := r.plans[t]
	if p != nil {
		return p
	}
	p = &reselectPlan{}
	r.plans[t] = p
	if t.key == nil {
		return p
	}
	for i := range t.columns {
		if (t.row == nil || slices.Contains(t.row, i)) && r.chosen.Includes(t.id.String(), t.columns[i].name) {
			p.places = append(p.places, i)
		}
	}
	for i, place := range t.all {
		if r.chosen.EventKey && place >= 0 && slices.Contains(t.key, place) ||
			!r.chosen.EventKey && slices.Contains(t.definition.key, t.definition.columns[i].name) {
			p.key = append(p.key, i)
		}
	}
	if len(p.key) == 0 {
		p.bad = errors.New("the table has no key of its own to find the row by: set Reselect.EventKey, or give it a PRIMARY KEY")
	}
	return p
}

// complete puts what the server has by now in the place of what a new row lacks.
// An error is that of ctx or, with Fail, a *source.RecordError or that of a
// connection.
func (r *reselect) complete(ctx context.Context, slab *tailrace.Slab, t *table, tuple pgoutput.Tuple, row []tailrace.Value) error {
	p := r.plan(t)
	var missing []int
	for _, place := range p.places {
		if r.chosen.Misses(row[place]) {
			missing = append(missing, place)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err := r.read(ctx, slab, t, p, missing, tuple, row)
	switch {
	case err == nil:
		return nil
	case ended(ctx):
		return ctx.Err()
	}
	err = fmt.Errorf("read %d columns of a row of %s anew: %w", len(missing), t.id, err)
	if r.chosen.Fail && errors.Is(err, errUnreachable) {
		return err
	}
	if r.chosen.Fail {
		return &source.RecordError{Record: tailrace.Record{Topic: t.topic}, Err: err}
	}
	r.src.Log.Warn("a change stays as the log has it", "table", t.id.String(), "error", err.Error())
	return nil
}

func (r *reselect) read(ctx context.Context, slab *tailrace.Slab, t *table, p *reselectPlan, missing []int, tuple pgoutput.Tuple, row []tailrace.Value) error {
	if p.bad != nil {
		return p.bad
	}
	sql, err := r.statement(t, p, missing, tuple)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reselectTimeout)
	defer cancel()
	rows, err := r.query(ctx, sql)
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return envelope.ErrRowGone
	}
	values := make([]tailrace.Value, len(missing))
	for i, place := range missing {
		if text := rows[0][i]; text != nil {
			if values[i], err = t.columns[place].decode(slab, text); err != nil {
				return fmt.Errorf("column %s: %w", t.columns[place].name, err)
			}
		}
	}
	for i, place := range missing {
		row[place] = values[i]
	}
	return nil
}

// statement reads the columns of the row that the log has told of. Keys are
// compared with their texts, which the server takes for values of their types.
func (r *reselect) statement(t *table, p *reselectPlan, missing []int, tuple pgoutput.Tuple) (string, error) {
	var out strings.Builder
	for i, place := range missing {
		out.WriteString([]string{"SELECT r.", ", r."}[min(i, 1)] + quoteName(t.columns[place].name))
	}
	out.WriteString(" FROM ")
	if !r.src.PartitionRoot {
		out.WriteString("ONLY ") // not of the tables that inherit from it
	}
	out.WriteString(t.id.quoted() + " AS r") // "t" would be the row of a table t that has no column t any more
	head := " WHERE "
	for i := range t.all {
		form, text := tuple.Next()
		if !slices.Contains(p.key, i) {
			continue
		}
		name := t.definition.columns[i].name
		if form != pgoutput.Text {
			return "", fmt.Errorf("the log does not have the value of %s, which the row is found by", name)
		}
		out.WriteString(head + "r." + quoteName(name) + " = " + quoteText(string(text)))
		head = " AND "
	}
	return out.String(), nil
}

// query asks on the connection that there is or, where that is lost, on another.
func (r *reselect) query(ctx context.Context, sql string) ([][][]byte, error) {
	if r.conn != nil && !r.conn.conn.IsClosed() {
		rows, err := r.conn.query(ctx, sql)
		if err == nil || !r.conn.conn.IsClosed() {
			return rows, plain(err)
		}
	}
	conn, err := r.src.openCatalog(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	r.conn = conn
	rows, err := conn.query(ctx, sql)
	if err != nil && conn.conn.IsClosed() {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	return rows, plain(err)
}

// plain keeps of the server's error what has nothing of the row's values.
func plain(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && strings.HasPrefix(e.Code, "22") {
		return fmt.Errorf("the server does not take the key's values (SQLSTATE %s)", e.Code)
	}
	return err
}

func (r *reselect) close() {
	if r != nil && r.conn != nil {
		r.conn.close()
	}
}
