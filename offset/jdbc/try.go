package jdbc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sink "github.com/tailrace-io/tailrace/sink/jdbc"
)

// damaged is what no other try mends.
type damaged struct{ error }

// tooLong is the error of a statement with a position, which may not fit.
type tooLong struct {
	bytes int
	err   error
}

func (e *tooLong) Error() string { return e.err.Error() }
func (e *tooLong) Unwrap() error { return e.err }

func (s *Store) check() error {
	var errs []error
	if s.Dialect == nil {
		errs = append(errs, errors.New("Dialect is nil: say what kind of database it is"))
	}
	if (s.URL == "") == (s.DB == nil) {
		errs = append(errs, errors.New("one of URL and DB has to be set, and not both"))
	}
	if s.Attempts < 0 || s.Wait < 0 {
		errs = append(errs, errors.New("Attempts or Wait is negative"))
	}
	return errors.Join(errs...)
}

// try does something with the database until it succeeds, or has no prospect.
func (s *Store) try(ctx context.Context, do func(*sql.DB) error) error {
	if err := errors.Join(ctx.Err(), s.check()); err != nil {
		return err
	}
	attempts, wait := s.Attempts, s.Wait
	if attempts == 0 {
		attempts = 6
	}
	if wait == 0 {
		wait = 3 * time.Second
	}
	db := s.DB
	if db == nil {
		var err error
		if db, err = s.Dialect.Open(s.URL, s.User, s.Password); err != nil {
			return err
		}
		defer db.Close()
	}
	for n := 1; ; n++ {
		err := do(db)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		explained, again := s.explain(err)
		switch {
		case !again || n >= attempts:
			return explained
		case n == 1: // as after a clash with another process
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w, after %d tries: %w", ctx.Err(), n, explained)
		}
	}
}

// explain says of an error what it is about, and whether another try may help.
func (s *Store) explain(err error) (error, bool) {
	if bad, ok := errors.AsType[*damaged](err); ok {
		return bad.error, false
	}
	f := s.Dialect.Explain(err)
	if f.Text != "" {
		long, ok := errors.AsType[*tooLong](err)
		err = fmt.Errorf("table %s: %s", s.tableName(), f.Text)
		if ok && f.Kind == sink.BadRow && long.bytes > 1255 {
			err = fmt.Errorf("%w; the position has %d bytes: give the column offset_val, which Debezium makes for 1255, a type with room for more, such as TEXT", err, long.bytes)
		}
	} else {
		err = fmt.Errorf("table %s: %w", s.tableName(), err)
	}
	return err, f.Kind == sink.Passing || f.Kind == sink.Unknown || f.Kind == sink.BadRow
}
