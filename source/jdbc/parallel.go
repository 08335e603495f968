package jdbc

import (
	"context"
	"errors"
	"hash/fnv"
	"sync"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
)

// share is the part of the tables that one of several readers has: those whose
// names fall to it, so that a table that comes is one reader's and no other's.
type share struct{ number, of int }

func (s share) has(t Table) bool {
	if s.of < 2 {
		return true
	}
	hash := fnv.New32a()
	hash.Write([]byte(t.String()))
	return int(hash.Sum32()%uint32(s.of)) == s.number
}

func (s share) cut(all []Table) []Table {
	var out []Table
	for _, t := range all {
		if s.has(t) {
			out = append(out, t)
		}
	}
	return out
}

// parallel reads tables by several readers side by side, each in a goroutine of
// its own. The order of a table's rows is that of its reader.
type parallel struct {
	readers []*reader
	given   chan given
	end     context.CancelFunc
	running sync.WaitGroup
	dead    error
}

// given is what a Read of one of the readers gave.
type given struct {
	batch tailrace.Batch
	err   error
}

// openParallel opens no more readers than there are tables.
func (s Source) openParallel(ctx context.Context, from []tailrace.Offset) (source.Reader, error) {
	one, err := s.openShare(ctx, from, share{})
	if err != nil {
		return nil, err
	}
	n := min(s.Readers, len(one.tables))
	if n < 2 {
		return one, nil
	}
	if err := one.Close(); err != nil {
		return nil, err
	}
	p := &parallel{given: make(chan given)}
	for i := range n {
		r, err := s.openShare(ctx, from, share{i, n})
		if err != nil {
			for _, r := range p.readers {
				err = errors.Join(err, r.Close())
			}
			return nil, err
		}
		p.readers = append(p.readers, r)
	}
	life, end := context.WithCancel(context.Background())
	p.end = end
	for _, r := range p.readers {
		p.running.Go(func() { p.run(life, r) })
	}
	return p, nil
}

// run hands over what a reader gives, until it has failed.
func (p *parallel) run(life context.Context, r *reader) {
	for {
		b, err := r.Read(life)
		select {
		case p.given <- given{b, err}:
		case <-life.Done():
			return
		}
		var bad *source.RecordError
		if err != nil && !errors.As(err, &bad) {
			return
		}
	}
}

// Read gives what comes first.
func (p *parallel) Read(ctx context.Context) (tailrace.Batch, error) {
	if p.dead != nil {
		return tailrace.Batch{}, p.dead
	}
	if err := ctx.Err(); err != nil {
		return tailrace.Batch{}, err
	}
	select {
	case g := <-p.given:
		var bad *source.RecordError
		if g.err != nil && !errors.As(g.err, &bad) {
			p.dead = g.err
		}
		return g.batch, g.err
	case <-ctx.Done():
		return tailrace.Batch{}, ctx.Err()
	}
}

// Commit tells all readers.
func (p *parallel) Commit(ctx context.Context, offsets []tailrace.Offset) error {
	var errs []error
	for _, r := range p.readers {
		errs = append(errs, r.Commit(ctx, offsets))
	}
	return errors.Join(errs...)
}

// Close ends the readers.
func (p *parallel) Close() error {
	p.dead = errors.New("jdbc source: the reader is closed")
	p.end()
	for _, r := range p.readers {
		r.end() // a query that is waited for ends
	}
	p.running.Wait()
	var errs []error
	for _, r := range p.readers {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}
