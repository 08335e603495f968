package mysql

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/source/internal/envelope"
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
type tableID struct{ db, name string }

func (t tableID) String() string { return t.db + "." + t.name }

// quoted is the table's name in SQL.
func (t tableID) quoted() string { return quoteName(t.db) + "." + quoteName(t.name) }

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x00", `\0`).Replace(text) + "'"
}

// selection is what a source captures.
type selection struct {
	databases, tables, columns, gtids matcher

	snapshot []*regexp.Regexp // of the tables whose rows are read; none for all
	system   bool

	signals tableID          // that signals are written to; zero for none
	added   []*regexp.Regexp // tables that were added while the source ran

	anew          *envelope.Reselector // nil where nothing is read anew
	keys          []*regexp.Regexp     // of the columns that are keys instead of the tables' own
	masks         []maskRule
	sourceColumns []*regexp.Regexp // whose schemas say what they are to the server
	sourceTypes   []*regexp.Regexp // the same by type
}

func newSelection(s *Source) (*selection, error) {
	sel := &selection{system: s.SystemTables}
	var errs [10]error
	if s.SignalTable != "" {
		sel.signals = tableNamed(s.SignalTable)
	}
	sel.databases, errs[0] = s.Databases.compile("Databases")
	sel.tables, errs[1] = s.Tables.compile("Tables")
	sel.columns, errs[2] = s.Columns.compile("Columns")
	sel.snapshot, errs[3] = compileAll("SnapshotTables", s.SnapshotTables)
	sel.keys, errs[4] = compileKeys(s.KeyColumns)
	sel.masks, errs[5] = compileMasks(s.Masks)
	sel.sourceColumns, errs[6] = compileAll("SourceTypeColumns", s.SourceTypeColumns)
	sel.sourceTypes, errs[7] = compileAll("SourceTypes", s.SourceTypes)
	sel.anew, errs[9] = envelope.CompileReselect((*envelope.Reselect)(s.Reselect))
	sel.gtids, errs[8] = s.GTIDSources.compile("GTIDSources")
	return sel, errors.Join(errs[:]...)
}

func isSystemDatabase(db string) bool {
	switch strings.ToLower(db) {
	case "mysql", "sys", "information_schema", "performance_schema":
		return true
	}
	return false
}

func (s *selection) database(db string) bool {
	return (s.system || !isSystemDatabase(db)) && s.databases.includes(db)
}

func (s *selection) table(t tableID) bool {
	return s.database(t.db) && s.tables.includes(t.String()) || t == s.signals || matchesAny(s.added, t.String())
}

// allGTIDs says whether transactions of all servers are wanted.
func (s *selection) allGTIDs() bool { return len(s.gtids.include) == 0 && len(s.gtids.exclude) == 0 }

func (s *selection) column(t tableID, column string) bool {
	return s.columns.includes(t.String() + "." + column)
}

func (s *selection) snapshotted(t tableID) bool {
	return t != s.signals && (len(s.snapshot) == 0 || matchesAny(s.snapshot, t.String()))
}

// order sorts tables as Debezium reads them: by name or, where tables are
// included by expressions, by the first expression that matches.
func (s *selection) order(tables []tableID) { slices.SortFunc(tables, s.compare) }

func (s *selection) compare(a, b tableID) int {
	rank := func(t tableID) int {
		return slices.IndexFunc(s.tables.include, func(re *regexp.Regexp) bool { return re.MatchString(t.String()) })
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a.String(), b.String())
}
