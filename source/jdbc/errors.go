package jdbc

import "fmt"

// failure is an error that knows whether another try may help.
type failure struct {
	err   error
	retry bool
}

func (f *failure) Error() string   { return f.err.Error() }
func (f *failure) Unwrap() error   { return f.err }
func (f *failure) Retryable() bool { return f.retry }

// permanent wraps an error that stays until somebody does something.
func permanent(err error) error { return &failure{err: err} }

// failed is what the database answered to doing something.
func (r *reader) failed(doing string, err error) error {
	return &failure{
		err:   fmt.Errorf("jdbc source: %s (%s): %w", doing, r.Dialect.Name(), err),
		retry: r.Dialect.Retryable(err),
	}
}

// amiss is something about a table that somebody has to put right.
func amiss(t Table, format string, args ...any) error {
	return permanent(fmt.Errorf("jdbc source: table %s: %w", t, fmt.Errorf(format, args...)))
}
