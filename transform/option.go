package transform

import (
	"errors"
	"fmt"
)

// OptionError is what is wrong with one option of a transform. The New methods
// report all of them, joined by errors.Join.
type OptionError struct {
	Transform string // its name, such as "Cast"
	Option    string // the name of the struct's field
	Err       error
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("transform %s: %s: %v", e.Transform, e.Option, e.Err)
}

func (e *OptionError) Unwrap() error { return e.Err }

// options gathers what is wrong with those of a transform.
type options struct {
	transform string
	errs      []error
}

func (o *options) wrong(option, format string, args ...any) {
	o.errs = append(o.errs, &OptionError{o.transform, option, fmt.Errorf(format, args...)})
}

func (o *options) err() error { return errors.Join(o.errs...) }

// names checks a list that must name something, each thing once.
func (o *options) names(option string, names []string) {
	if len(names) == 0 {
		o.wrong(option, "must name one at least")
	}
	o.distinct(option, names)
}

func (o *options) distinct(option string, names []string) {
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			o.wrong(option, "%q is there twice", n)
		}
		if n == "" {
			o.wrong(option, "an empty name")
		}
		seen[n] = true
	}
}

// Must gives the transform of a constant configuration, and panics where that is
// wrong:
//
//	var slim = transform.Must(transform.ReplaceField{Exclude: []string{"note"}}.New())
func Must(t Transform, err error) Transform {
	if err != nil {
		panic(err)
	}
	return t
}
