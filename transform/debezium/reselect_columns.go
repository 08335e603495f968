package debezium

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// ReselectColumns asks the database for columns that the log did not carry, or
// that are null, and puts what it answers into the row after the change:
// Debezium's post-processor ReselectColumnsPostProcessor. The database answers
// with what the row has by then, which may be newer than the event.
type ReselectColumns struct {
	// Query reads columns of a row, and is called from several goroutines at a
	// time. It gives a value a column, in their order, as the columns' schemas
	// have it; found is false where there is no such row any more.
	Query func(RowColumns) (values []tailrace.Value, found bool, err error)

	// Include and Exclude choose columns by a name such as shop.orders:note,
	// with the schema, or the database where there are none, before the table.
	// Without Include all are, but for those that Exclude matches; Debezium's
	// lists take one of the two, and so does this.
	Include, Exclude []*regexp.Regexp

	// KeepUnchanged and KeepNulls leave columns alone that the log did not carry,
	// and those that are null. Debezium: reselect.unavailable.values and
	// reselect.null.values, the other way about.
	KeepUnchanged, KeepNulls bool

	// Fail makes it an error that Query fails or finds no row; otherwise the
	// event stays as it is. Debezium: reselect.error.handling.mode.
	Fail bool

	// Warn, if it is set, is told of what Fail is not told of.
	Warn func(r *tailrace.Record, err error)
}

// RowColumns names columns of a row.
type RowColumns struct {
	Database, Schema, Table string // Schema is empty for databases that have none
	Key                     tailrace.Struct
	Columns                 []tailrace.Field // of the row after the change
}

// New gives the transform, or everything that is wrong with its options. Events
// of a snapshot, deletions, records without a key that is a struct and records
// that are no change events pass.
func (c ReselectColumns) New() (transform.Transform, error) {
	errs := optionErrors{transform: "ReselectColumns"}
	if c.Query == nil {
		errs.add("Query", "must be set")
	}
	if len(c.Include) > 0 && len(c.Exclude) > 0 {
		errs.add("Exclude", "must be empty where Include is not")
	}
	if c.KeepUnchanged && c.KeepNulls {
		errs.add("KeepNulls", "must not go with KeepUnchanged, which leaves nothing to ask for")
	}
	return &reselect{c: c}, errs.err()
}

type reselect struct {
	c     ReselectColumns
	slabs transform.Slabs
}

// Apply implements transform.Transform.
func (t *reselect) Apply(r *tailrace.Record) (bool, error) {
	event, ok, err := changeEvent(r)
	if err != nil {
		return false, fmt.Errorf("ReselectColumns: %w", err)
	}
	after := event.Struct("after")
	if !ok || after.IsZero() || event.Get("op").Text() == string(tailrace.OpRead) || r.KeyStruct().IsZero() {
		return true, nil
	}
	row := t.row(r, event, after)
	if len(row.Columns) == 0 {
		return true, nil
	}
	if err := t.ask(r, event, after, row); err != nil {
		err = fmt.Errorf("ReselectColumns: read %d columns of a row of %s.%s anew: %w", len(row.Columns), row.Database, row.Table, err)
		if t.c.Fail {
			return false, err
		}
		if t.c.Warn != nil {
			t.c.Warn(r, err)
		}
	}
	return true, nil
}

// row names what is to be asked for; no columns for nothing.
func (t *reselect) row(r *tailrace.Record, event, after tailrace.Struct) RowColumns {
	source := event.Struct("source")
	row := RowColumns{Database: source.Get("db").Text(), Schema: source.Get("schema").Text(), Table: source.Get("table").Text(), Key: r.KeyStruct()}
	if row.Database == "" || row.Table == "" {
		return row
	}
	name := row.Schema
	if name == "" {
		name = row.Database
	}
	for i, v := range after.Values {
		if !v.IsUnchanged() && !v.IsNull() || v.IsUnchanged() && t.c.KeepUnchanged || v.IsNull() && t.c.KeepNulls {
			continue
		}
		if f := after.Schema.Fields()[i]; t.chosen(name + "." + row.Table + ":" + f.Name) {
			row.Columns = append(row.Columns, f)
		}
	}
	return row
}

func (t *reselect) chosen(column string) bool {
	matches := func(re *regexp.Regexp) bool { return re.MatchString(column) }
	if len(t.c.Include) > 0 {
		return slices.ContainsFunc(t.c.Include, matches)
	}
	return !slices.ContainsFunc(t.c.Exclude, matches)
}

func (t *reselect) ask(r *tailrace.Record, event, after tailrace.Struct, row RowColumns) error {
	values, found, err := t.c.Query(row)
	switch {
	case err != nil:
		return err
	case !found:
		return errors.New("the row is not there any more")
	case len(values) != len(row.Columns):
		return fmt.Errorf("the query gave %d values", len(values))
	}
	vs := append(t.slabs.Values(len(after.Values))[:0], after.Values...)
	for i, f := range row.Columns {
		if err := f.Schema.Validate(values[i]); err != nil {
			return fmt.Errorf("the column %s: %w", f.Name, err)
		}
		vs[f.Index] = values[i]
	}
	out := append(t.slabs.Values(len(event.Values))[:0], event.Values...)
	f, _ := event.Schema.Field("after")
	out[f.Index] = tailrace.StructOf(vs)
	r.Value = tailrace.StructOf(out)
	return nil
}
