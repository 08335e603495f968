package mysql

import (
	"errors"
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
	databases, tables, columns, gtids envelope.Filter

	snapshot envelope.Exprs // of the tables whose rows are read; none for all
	system   bool
	comments bool // of columns are in their schemas

	signals tableID        // that signals are written to; zero for none
	added   envelope.Exprs // tables that were added while the source ran

	anew          *envelope.Reselector // nil where nothing is read anew
	keys          envelope.Keys        // instead of the tables' own
	masks         envelope.Masks
	conversions   []conversion
	sourceColumns envelope.Exprs // whose schemas say what they are to the server
	sourceTypes   envelope.Exprs // the same by type
	topics        *envelope.Topics
}

func newSelection(s *Source) (*selection, error) {
	sel := &selection{system: s.SystemTables, comments: s.SchemaComments}
	var errs [12]error
	if s.SignalTable != "" {
		sel.signals = tableNamed(s.SignalTable)
	}
	sel.databases, errs[0] = envelope.CompileFilter("Databases", s.Databases.Include, s.Databases.Exclude)
	sel.tables, errs[1] = envelope.CompileFilter("Tables", s.Tables.Include, s.Tables.Exclude)
	sel.columns, errs[2] = envelope.CompileFilter("Columns", s.Columns.Include, s.Columns.Exclude)
	sel.snapshot, errs[3] = envelope.Compile("SnapshotTables", s.SnapshotTables)
	var keys []envelope.KeyColumns
	for _, k := range s.KeyColumns {
		keys = append(keys, envelope.KeyColumns(k))
	}
	sel.keys, errs[4] = envelope.CompileKeys(keys)
	var masks []envelope.Mask
	for _, m := range s.Masks {
		masks = append(masks, envelope.Mask(m))
	}
	sel.masks, errs[5] = envelope.CompileMasks(masks)
	sel.sourceColumns, errs[6] = envelope.Compile("SourceTypeColumns", s.SourceTypeColumns)
	sel.sourceTypes, errs[7] = envelope.Compile("SourceTypes", s.SourceTypes)
	sel.gtids, errs[8] = envelope.CompileFilter("GTIDSources", s.GTIDSources.Include, s.GTIDSources.Exclude)
	sel.anew, errs[9] = envelope.CompileReselect((*envelope.Reselect)(s.Reselect))
	sel.topics, errs[10] = envelope.CompileTopics((*envelope.TopicNaming)(s.TopicNaming))
	sel.conversions, errs[11] = compileConversions(s.Conversions)
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
	return (s.system || !isSystemDatabase(db)) && s.databases.Includes(db)
}

func (s *selection) table(t tableID) bool {
	return s.database(t.db) && s.tables.Includes(t.String()) || t == s.signals || s.added.Match(t.String())
}

// allGTIDs says whether transactions of all servers are wanted.
func (s *selection) allGTIDs() bool { return len(s.gtids.Include) == 0 && len(s.gtids.Exclude) == 0 }

func (s *selection) column(t tableID, column string) bool {
	return s.columns.Includes(t.String() + "." + column)
}

func (s *selection) snapshotted(t tableID) bool {
	return t != s.signals && (len(s.snapshot) == 0 || s.snapshot.Match(t.String()))
}

// order sorts tables as Debezium reads them: by name or, where tables are
// included by expressions, by the first expression that matches.
func (s *selection) order(tables []tableID) { slices.SortFunc(tables, s.compare) }

func (s *selection) compare(a, b tableID) int {
	rank := func(t tableID) int { return s.tables.Include.First(t.String()) }
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a.String(), b.String())
}
