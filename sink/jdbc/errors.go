package jdbc

import (
	"context"
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace/sink"
)

// failure is what the database answered, in words that show no value of a row.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// failed is what the database answered to doing something.
func (w *writer) failed(doing string, t Table, err error) error {
	if _, ok := errors.AsType[*failure](err); ok {
		return err // it is said already
	}
	what := doing
	if t.Name != "" {
		what += " table " + t.String()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &failure{fmt.Sprintf("jdbc sink: %s: %v", what, err), err}
	}
	fault := w.Dialect.Explain(err)
	if fault.Text == "" {
		fault.Text = "the connection failed: " + err.Error() // no answer of the database, so no value of a row
	}
	text := fmt.Sprintf("jdbc sink: %s (%s): %s", what, w.Dialect.Name(), fault.Text)
	switch fault.Kind {
	case BadTable:
		return &failure{text + "; see AutoCreate and AutoEvolve (auto.create, auto.evolve), or change the table", err}
	case Forbidden:
		return sink.Permanent(&failure{text + "; grant it to the user, or connect as another", err})
	case ReadOnly:
		return &failure{text + "; connect to the primary", err}
	}
	return &failure{text, err}
}
