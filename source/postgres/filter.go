package postgres

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
	schemas, tables, columns, messages envelope.Filter

	system   bool
	snapshot envelope.Exprs // of the tables whose rows are read; none for all

	signals tableID        // that signals are written to; zero for none
	added   envelope.Exprs // tables that were added while the source ran

	anew          *envelope.Reselector // nil where nothing is read anew
	topics        *envelope.Topics
	keys          envelope.Keys
	masks         envelope.Masks
	sourceColumns envelope.Exprs // whose schemas say what they are to the server
	sourceTypes   envelope.Exprs // the same by type
}

func newSelection(s *Source) (*selection, error) {
	sel := &selection{system: s.SystemTables}
	if s.SignalTable != "" {
		sel.signals = tableNamed(s.SignalTable)
	}
	var errs [11]error
	for i, f := range []struct {
		to    *envelope.Filter
		field string
		from  Filter
	}{{&sel.schemas, "Schemas", s.Schemas}, {&sel.tables, "Tables", s.Tables}, {&sel.columns, "Columns", s.Columns}, {&sel.messages, "Messages", s.Messages}} {
		*f.to, errs[i] = envelope.CompileFilter(f.field, f.from.Include, f.from.Exclude)
	}
	sel.snapshot, errs[4] = envelope.Compile("SnapshotTables", s.SnapshotTables)
	sel.sourceColumns, errs[5] = envelope.Compile("SourceTypeColumns", s.SourceTypeColumns)
	sel.sourceTypes, errs[6] = envelope.Compile("SourceTypes", s.SourceTypes)
	var masks []envelope.Mask
	for _, m := range s.Masks {
		masks = append(masks, envelope.Mask(m))
	}
	sel.masks, errs[7] = envelope.CompileMasks(masks)
	var keys []envelope.KeyColumns
	for _, k := range s.KeyColumns {
		keys = append(keys, envelope.KeyColumns(k))
	}
	sel.keys, errs[8] = envelope.CompileKeys(keys)
	sel.anew, errs[9] = envelope.CompileReselect((*envelope.Reselect)(s.Reselect))
	sel.topics, errs[10] = envelope.CompileTopics((*envelope.TopicNaming)(s.TopicNaming))
	return sel, errors.Join(errs[:]...)
}

func isSystemSchema(schema string) bool {
	return schema == "information_schema" || strings.HasPrefix(schema, "pg_")
}

func (s *selection) table(t tableID) bool {
	if t == s.signals || s.added.Match(t.String()) {
		return true
	}
	return (s.system || !isSystemSchema(t.schema)) && s.schemas.Includes(t.schema) && s.tables.Includes(t.String())
}

func (s *selection) column(t tableID, column string) bool {
	return s.columns.Includes(t.String() + "." + column)
}

func (s *selection) snapshotted(t tableID) bool {
	return t != s.signals && (len(s.snapshot) == 0 || s.snapshot.Match(t.String()))
}

// order sorts tables as Debezium reads them: by name or, where tables are
// included by expressions, by the first expression that matches.
func (s *selection) order(tables []tableID) {
	slices.SortFunc(tables, func(a, b tableID) int { return s.compare(a.String(), b.String()) })
}

// compare compares the names of tables by that order.
func (s *selection) compare(a, b string) int {
	if d := s.tables.Include.First(a) - s.tables.Include.First(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}
