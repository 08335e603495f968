package jdbc

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// open connects, finds the tables and the positions to read them from.
func (r *reader) open(ctx context.Context) error {
	if err := r.db.PingContext(ctx); err != nil {
		return r.interrupted(ctx, "connect to "+r.place(), err)
	}
	if err := r.start(ctx); err != nil {
		return err
	}
	if r.Query != "" {
		return r.add(ctx, Table{Name: "of the query"})
	}
	tables, err := r.find(ctx)
	if err != nil {
		return err
	}
	for _, name := range tables {
		if err := r.add(ctx, name); err != nil {
			return err
		}
	}
	r.nextLook = time.Now().Add(r.TablePoll)
	return nil
}

// find lists the tables that the configuration chooses.
func (r *reader) find(ctx context.Context) ([]Table, error) {
	all, err := r.Dialect.Tables(ctx, r.db, Scope{Types: r.TableTypes, Catalog: r.Catalog, Schema: r.Schema})
	if err != nil {
		return nil, r.interrupted(ctx, "list the tables of "+r.place(), err)
	}
	tables, err := r.choose(all)
	if err != nil {
		return nil, permanent(fmt.Errorf("jdbc source: %s: %w", r.place(), err))
	}
	return r.share.cut(tables), nil
}

// add begins to read a table, or the query.
func (r *reader) add(ctx context.Context, name Table) error {
	t := &table{Table: name, topic: r.TopicPrefix + name.Name}
	p, partition, ok := r.stored.of(name)
	if r.Query != "" {
		t.topic = r.TopicPrefix
		p, partition, ok = r.stored.ofQuery()
	}
	if !ok {
		p = r.first
	}
	t.at, t.safe, t.told, t.partition = p, p, p, partition
	if r.StartNow {
		t.told = position{} // without it a restart before the first row would start later
	}
	if err := r.nameColumns(t); err != nil {
		return err
	}
	if err := r.inspect(ctx, t); err != nil {
		return err
	}
	if r.DeletesDir != "" {
		if err := r.watchDeletes(t); err != nil {
			return err
		}
	}
	r.tables = append(r.tables, t)
	return nil
}

// nameColumns finds the columns that the mode goes by for a table.
func (r *reader) nameColumns(t *table) (err error) {
	t.incrementing, t.timestamps = r.IncrementingColumn, r.TimestampColumns
	if r.Mode.incrementing() && len(r.IncrementingFor) > 0 {
		names, err := columnsFor(t, r.IncrementingFor, "IncrementingFor (incrementing.column.mapping)")
		if err != nil {
			return err
		}
		t.incrementing = names[0]
	}
	if r.Mode.timestamp() && len(r.TimestampsFor) > 0 {
		t.timestamps, err = columnsFor(t, r.TimestampsFor, "TimestampsFor (timestamp.columns.mapping)")
	}
	return err
}

// columnsFor finds the one rule that matches a table.
func columnsFor(t *table, rules []ColumnsFor, option string) (names []string, err error) {
	for _, rule := range rules {
		if re, err := wholeName(rule.Tables); err != nil || !re.MatchString(t.String()) && !re.MatchString(t.Name) {
			continue
		}
		if names != nil {
			return nil, amiss(t.Table, "several rules of %s match it: let exactly one", option)
		}
		names = rule.Columns
	}
	if names == nil {
		return nil, amiss(t.Table, "no rule of %s matches it: add one, or leave the table out", option)
	}
	return names, nil
}

// start finds the position of tables that were never read.
func (r *reader) start(ctx context.Context) error {
	switch {
	case !r.Mode.timestamp():
	case r.StartNow:
		now, err := r.Dialect.Now(ctx, r.db)
		if err != nil {
			return r.interrupted(ctx, "ask for the time", err)
		}
		r.first.timestamp = tailrace.Some(now.UTC().Truncate(time.Millisecond))
	case !r.StartAt.IsZero():
		r.first.timestamp = tailrace.Some(r.StartAt.UTC())
	}
	return nil
}

// inspect checks that a table has what the mode needs.
func (r *reader) inspect(ctx context.Context, t *table) error {
	if r.Query != "" && r.Mode == Bulk {
		return nil // the answer describes itself, and the query may be dear
	}
	columns, err := r.columnsOf(ctx, t)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return amiss(t.Table, "it has no columns that can be seen")
	}
	if err := r.describe(t, columns); err != nil {
		return err
	}
	return r.findStrays(ctx, t)
}

// review looks for tables that have come or gone since the last look.
func (r *reader) review(ctx context.Context) error {
	if r.Query != "" || r.TablePoll < 0 || time.Now().Before(r.nextLook) {
		return nil
	}
	all, err := r.Dialect.Tables(ctx, r.db, Scope{Types: r.TableTypes, Catalog: r.Catalog, Schema: r.Schema})
	if err != nil {
		return r.interrupted(ctx, "list the tables of "+r.place(), err)
	}
	if len(r.Tables) == 0 {
		chosen := r.share.cut(r.chosen(all))
		r.tables = slices.DeleteFunc(r.tables, func(t *table) bool {
			gone := !slices.Contains(chosen, t.Table)
			if gone {
				r.Log.Warn("a table is read no longer, because it is not there any more", "table", t.String())
			}
			return gone
		})
		for _, name := range chosen {
			if slices.ContainsFunc(r.tables, func(t *table) bool { return t.Table == name }) {
				continue
			}
			if err := r.add(ctx, name); err != nil {
				return err
			}
			r.Log.Info("a table has come and is read", "table", name.String())
		}
	}
	r.nextLook = time.Now().Add(r.TablePoll)
	return nil
}

// findStrays looks for rows whose timestamp columns hold something and no
// moment: in the place of one the database has NULL, which no query finds.
func (r *reader) findStrays(ctx context.Context, t *table) error {
	if !r.Mode.timestamp() {
		return nil
	}
	syntax := r.Dialect.Syntax()
	var strays, forms []string
	for _, name := range t.timestamps {
		c, err := findColumn(t.columns, name)
		if err != nil {
			return err // newPlan found it
		}
		if c.Moment.Expr != "" {
			strays = append(strays, syntax.quote(c.Name)+" IS NOT NULL AND "+c.Moment.Expr+" IS NULL")
			forms = append(forms, c.Name+" "+c.Moment.Form)
		}
	}
	if len(strays) == 0 {
		return nil
	}
	var stray bool
	text := "SELECT EXISTS(SELECT 1 FROM " + r.from(t) + " WHERE " + strings.Join(strays, " OR ") + ")"
	if err := r.db.QueryRowContext(ctx, text).Scan(&stray); err != nil {
		return r.interrupted(ctx, "check the timestamps of table "+t.String(), err)
	}
	if stray {
		return amiss(t.Table, "the timestamp column holds something in a row that is no timestamp, and the row would never be seen: %s",
			strings.Join(forms, ", "))
	}
	return nil
}

// choose picks the tables that the configuration names.
func (r *reader) choose(all []Table) ([]Table, error) {
	var out []Table
	switch {
	case len(r.Tables) > 0:
		for _, name := range r.Tables {
			found := false
			for _, t := range all {
				if named(t, name) {
					found = true
					if !slices.Contains(out, t) {
						out = append(out, t)
					}
				}
			}
			if !found {
				return nil, fmt.Errorf("there is no table %s, which Tables (table.whitelist) names%s", name, listed(all))
			}
		}
	default:
		out = r.chosen(all)
	}
	if len(out) == 0 {
		if len(all) == 0 {
			return nil, fmt.Errorf("there are no tables of the types %s", strings.Join(r.TableTypes, ", "))
		}
		return nil, fmt.Errorf("no table is left to read by ExcludeTables, Include and Exclude%s", listed(all))
	}
	return out, nil
}

// chosen picks the tables that no list of names leaves out.
func (r *reader) chosen(all []Table) (out []Table) {
	include, exclude := compiled(r.Include), compiled(r.Exclude)
	for _, t := range all {
		left := slices.ContainsFunc(r.ExcludeTables, func(name string) bool { return named(t, name) })
		if !left && (include == nil || matches(include, t)) && !matches(exclude, t) {
			out = append(out, t)
		}
	}
	return out
}

func named(t Table, name string) bool { return name == t.Name || name == t.String() }

func matches(exprs []*regexp.Regexp, t Table) bool {
	return slices.ContainsFunc(exprs, func(e *regexp.Regexp) bool { return e.MatchString(t.String()) })
}

// compiled are expressions that check found to be right.
func compiled(exprs []string) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, e := range exprs {
		if re, err := wholeName(e); err == nil {
			out = append(out, re)
		}
	}
	return out
}

// listed names some tables for a message.
func listed(all []Table) string {
	const most = 10
	if len(all) == 0 {
		return "; there are none of the wanted types"
	}
	var names []string
	for _, t := range all[:min(most, len(all))] {
		names = append(names, t.String())
	}
	if len(all) > most {
		names = append(names, fmt.Sprintf("and %d more", len(all)-most))
	}
	return "; there are " + strings.Join(names, ", ")
}
