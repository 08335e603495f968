package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Filter chooses names by regular expressions, which have to match a name as a
// whole and in any case. The zero value chooses everything. Only one of the two
// lists may have elements.
type Filter struct {
	Include, Exclude []string
}

// Include is the Filter that chooses what one of the expressions matches.
func Include(exprs ...string) Filter { return Filter{Include: exprs} }

// Exclude is the Filter that chooses all but what one of the expressions
// matches.
func Exclude(exprs ...string) Filter { return Filter{Exclude: exprs} }

// matcher is a compiled Filter.
type matcher struct{ include, exclude []*regexp.Regexp }

func (f Filter) compile(field string) (m matcher, err error) {
	if len(f.Include) > 0 && len(f.Exclude) > 0 {
		err = fmt.Errorf("%s has both Include and Exclude: keep one of them", field)
	}
	var errs [2]error
	m.include, errs[0] = compileAll(field+".Include", f.Include)
	m.exclude, errs[1] = compileAll(field+".Exclude", f.Exclude)
	return m, errors.Join(err, errs[0], errs[1])
}

func compileAll(field string, exprs []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	var errs []error
	for _, expr := range exprs {
		re, err := regexp.Compile("(?i)^(?:" + strings.TrimSpace(expr) + ")$")
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %q is no regular expression: %w", field, expr, err))
			continue
		}
		out = append(out, re)
	}
	return out, errors.Join(errs...)
}

func matchesAny(exprs []*regexp.Regexp, name string) bool {
	return slices.ContainsFunc(exprs, func(re *regexp.Regexp) bool { return re.MatchString(name) })
}

func (m matcher) includes(name string) bool {
	if len(m.include) > 0 {
		return matchesAny(m.include, name)
	}
	return !matchesAny(m.exclude, name)
}

// tableID names a table.
type tableID struct{ schema, name string }

func (t tableID) String() string { return t.schema + "." + t.name }

// quoted is the table's name in SQL.
func (t tableID) quoted() string { return quoteName(t.schema) + "." + quoteName(t.name) }

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteText is a text in SQL, whatever standard_conforming_strings says.
func quoteText(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// selection is what a source captures.
type selection struct {
	schemas, tables, columns, messages matcher

	snapshot []*regexp.Regexp // of the tables whose rows are read; none for all
}

func newSelection(s *Source) (*selection, error) {
	sel := &selection{}
	var errs [5]error
	sel.schemas, errs[0] = s.Schemas.compile("Schemas")
	sel.tables, errs[1] = s.Tables.compile("Tables")
	sel.columns, errs[2] = s.Columns.compile("Columns")
	sel.messages, errs[3] = s.Messages.compile("Messages")
	sel.snapshot, errs[4] = compileAll("SnapshotTables", s.SnapshotTables)
	return sel, errors.Join(errs[:]...)
}

func isSystemSchema(schema string) bool {
	return schema == "information_schema" || strings.HasPrefix(schema, "pg_")
}

func (s *selection) table(t tableID) bool {
	return !isSystemSchema(t.schema) && s.schemas.includes(t.schema) && s.tables.includes(t.String())
}

func (s *selection) column(t tableID, column string) bool {
	return s.columns.includes(t.String() + "." + column)
}

func (s *selection) snapshotted(t tableID) bool {
	return len(s.snapshot) == 0 || matchesAny(s.snapshot, t.String())
}

// order sorts tables as Debezium reads them: by name or, where tables are
// included by expressions, by the first expression that matches.
func (s *selection) order(tables []tableID) {
	rank := func(t tableID) int {
		return slices.IndexFunc(s.tables.include, func(re *regexp.Regexp) bool { return re.MatchString(t.String()) })
	}
	slices.SortFunc(tables, func(a, b tableID) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.String(), b.String())
	})
}
