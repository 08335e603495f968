package envelope

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Exprs are regular expressions that have to match a name as a whole and in any
// case.
type Exprs []*regexp.Regexp

// Compile compiles the expressions of a configuration's field.
func Compile(field string, exprs []string) (Exprs, error) {
	var out Exprs
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

// Match says whether one of the expressions matches.
func (e Exprs) Match(name string) bool { return e.First(name) >= 0 }

// First is the place of the first expression that matches, or -1.
func (e Exprs) First(name string) int {
	return slices.IndexFunc(e, func(re *regexp.Regexp) bool { return re.MatchString(name) })
}

// Filter chooses names. Only one of the two lists may have elements; the zero
// value chooses everything.
type Filter struct{ Include, Exclude Exprs }

// CompileFilter compiles the filter of a configuration's field.
func CompileFilter(field string, include, exclude []string) (f Filter, err error) {
	if len(include) > 0 && len(exclude) > 0 {
		err = fmt.Errorf("%s has both Include and Exclude: keep one of them", field)
	}
	var errs [2]error
	f.Include, errs[0] = Compile(field+".Include", include)
	f.Exclude, errs[1] = Compile(field+".Exclude", exclude)
	return f, errors.Join(err, errs[0], errs[1])
}

// Includes says whether the filter chooses a name.
func (f Filter) Includes(name string) bool {
	if len(f.Include) > 0 {
		return f.Include.Match(name)
	}
	return !f.Exclude.Match(name)
}
