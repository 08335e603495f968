package mysql

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// KeyColumns gives tables another key than their primary key: the columns that
// match, in the order of the expressions.
type KeyColumns struct {
	// Table is a regular expression for names such as shop.orders, and Columns
	// are ones for the names of columns. They match as those of a Filter do.
	Table   string
	Columns []string
}

// compileKeys gives expressions for names such as shop.orders.id.
func compileKeys(keys []KeyColumns) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	var errs []error
	for i, k := range keys {
		if k.Table == "" || len(k.Columns) == 0 {
			errs = append(errs, fmt.Errorf("KeyColumns[%d] names no table, or no columns", i))
		}
		for _, column := range k.Columns {
			res, err := compileAll(fmt.Sprintf("KeyColumns[%d]", i), []string{"(?:" + k.Table + `)\.(?:` + column + ")"})
			out, errs = append(out, res...), append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// keyColumns names the columns of the table's key: those that were chosen or,
// where none were, those that the definition has.
func (s *selection) keyColumns(d *definition) []string {
	var chosen []string
	for _, key := range s.keys {
		for i := range d.columns {
			if name := d.columns[i].name; key.MatchString(d.id.String()+"."+name) && !slices.Contains(chosen, name) {
				chosen = append(chosen, name)
			}
		}
	}
	if chosen == nil {
		return slices.Clone(d.key)
	}
	return chosen
}
