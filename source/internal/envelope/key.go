package envelope

import (
	"errors"
	"fmt"
	"slices"
)

// KeyColumns gives tables another key than their own: the columns that match,
// in the order of the expressions.
type KeyColumns struct {
	Table   string
	Columns []string
}

// Keys are compiled KeyColumns.
type Keys struct{ exprs Exprs }

// CompileKeys compiles the keys of the configuration's field KeyColumns.
func CompileKeys(keys []KeyColumns) (Keys, error) {
	var out Keys
	var errs []error
	for i, k := range keys {
		field := fmt.Sprintf("KeyColumns[%d]", i)
		if k.Table == "" || len(k.Columns) == 0 {
			errs = append(errs, fmt.Errorf("%s names no table, or no columns", field))
		}
		for _, column := range k.Columns {
			exprs, err := Compile(field, []string{"(?:" + k.Table + `)\.(?:` + column + ")"})
			out.exprs, errs = append(out.exprs, exprs...), append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// Of names the columns of the key that was chosen for a table; nil where none
// was.
func (k Keys) Of(table string, columns []string) (chosen []string) {
	for _, expr := range k.exprs {
		for _, name := range columns {
			if expr.MatchString(table+"."+name) && !slices.Contains(chosen, name) {
				chosen = append(chosen, name)
			}
		}
	}
	return chosen
}
