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
func (r *reader) open(ctx context.Context, from stored) error {
	if err := r.db.PingContext(ctx); err != nil {
		return r.interrupted(ctx, "connect to "+r.place(), err)
	}
	all, err := r.Dialect.Tables(ctx, r.db, r.TableTypes)
	if err != nil {
		return r.interrupted(ctx, "list the tables of "+r.place(), err)
	}
	tables, err := r.choose(all)
	if err != nil {
		return permanent(fmt.Errorf("jdbc source: %s: %w", r.place(), err))
	}
	start, err := r.start(ctx)
	if err != nil {
		return err
	}
	for _, name := range tables {
		t := &table{Table: name, topic: r.TopicPrefix + name.Name}
		p, partition, ok := from.of(name)
		if !ok {
			p = start
		}
		t.at, t.safe, t.told, t.partition = p, p, p, partition
		if err := r.inspect(ctx, t); err != nil {
			return err
		}
		r.tables = append(r.tables, t)
	}
	return nil
}

// start is the position of tables that were never read.
func (r *reader) start(ctx context.Context) (p position, err error) {
	switch {
	case !r.Mode.timestamp():
	case r.StartNow:
		now, err := r.Dialect.Now(ctx, r.db)
		if err != nil {
			return p, r.interrupted(ctx, "ask for the time", err)
		}
		p.timestamp = tailrace.Some(now.UTC().Truncate(time.Millisecond))
	case !r.StartAt.IsZero():
		p.timestamp = tailrace.Some(r.StartAt.UTC())
	}
	return p, nil
}

// inspect checks that a table has what the mode needs.
func (r *reader) inspect(ctx context.Context, t *table) error {
	columns, err := r.Dialect.Columns(ctx, r.db, t.Table, r.Location)
	if err != nil {
		return r.interrupted(ctx, "describe table "+t.String(), err)
	}
	if len(columns) == 0 {
		return amiss(t.Table, "it has no columns that can be seen")
	}
	if err := r.describe(t, columns); err != nil {
		return err
	}
	return r.findStrays(ctx, t)
}

// findStrays looks for rows whose timestamp columns hold something and no
// moment: in the place of one the database has NULL, which no query finds.
func (r *reader) findStrays(ctx context.Context, t *table) error {
	if !r.Mode.timestamp() {
		return nil
	}
	syntax := r.Dialect.Syntax()
	var strays, forms []string
	for _, name := range r.TimestampColumns {
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
	text := "SELECT EXISTS(SELECT 1 FROM " + syntax.table(t.Table) + " WHERE " + strings.Join(strays, " OR ") + ")"
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
		include, exclude := compiled(r.Include), compiled(r.Exclude)
		for _, t := range all {
			left := slices.ContainsFunc(r.ExcludeTables, func(name string) bool { return named(t, name) })
			if !left && (include == nil || matches(include, t)) && !matches(exclude, t) {
				out = append(out, t)
			}
		}
	}
	if len(out) == 0 {
		if len(all) == 0 {
			return nil, fmt.Errorf("there are no tables of the types %s", strings.Join(r.TableTypes, ", "))
		}
		return nil, fmt.Errorf("no table is left to read by ExcludeTables, Include and Exclude%s", listed(all))
	}
	return out, nil
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
