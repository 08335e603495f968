package mysql

import "slices"

// KeyColumns gives tables another key than their primary key: the columns that
// match, in the order of the expressions.
type KeyColumns struct {
	// Table is a regular expression for names such as shop.orders, and Columns
	// are ones for the names of columns. They match as those of a Filter do.
	Table   string
	Columns []string
}

// keyColumns names the columns of the table's key: those that were chosen or,
// where none were, those that the definition has.
func (s *selection) keyColumns(d *definition) []string {
	names := make([]string, len(d.columns))
	for i := range d.columns {
		names[i] = d.columns[i].name
	}
	if chosen := s.keys.Of(d.id.String(), names); chosen != nil {
		return chosen
	}
	return slices.Clone(d.key)
}
