package jdbc

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
)

// leastSpread is how many rows a connection must have to do, so that more than
// one is worth it.
const leastSpread = 200

// spread does the steps over several connections, each in a transaction of its
// own. What is done to a row is done by one of them, in order. It returns false
// where that is not to be: what some connections have done then stays, which a
// repeat by one makes no difference of.
func (w *writer) spread(ctx context.Context, steps []step) bool {
	n := w.connections(steps)
	if n < 2 {
		return false
	}
	errs, wg := make([]error, n), sync.WaitGroup{}
	for i, part := range partition(steps, n) {
		one := *w // with buffers of its own
		one.argBuf, one.textBuf = nil, nil
		wg.Go(func() { errs[i] = one.commit(ctx, part, transaction{}) })
	}
	wg.Wait()
	return errors.Join(errs...) == nil
}

// connections says how many the steps are worth.
func (w *writer) connections(steps []step) int {
	if w.Connections < 2 || w.InsertMode == InsertPlain {
		return 1
	}
	rows := 0
	for i := range steps {
		if steps[i].empty || steps[i].plan.keys == 0 {
			return 1
		}
		rows += len(steps[i].rows)
	}
	return min(w.Connections, rows/leastSpread)
}

// partition deals the rows out by their keys.
func partition(steps []step, n int) [][]step {
	out, seed := make([][]step, n), maphash.MakeSeed()
	var key []byte
	for i := range steps {
		s := &steps[i]
		parts := make([]step, n)
		for r, row := range s.rows {
			key = appendKey(key[:0], row[:s.plan.keys])
			p := &parts[maphash.Bytes(seed, key)%uint64(n)]
			p.rows, p.at = append(p.rows, row), append(p.at, s.at[r])
		}
		for p := range parts {
			if len(parts[p].rows) > 0 {
				rows, at := parts[p].rows, parts[p].at
				parts[p] = *s
				parts[p].rows, parts[p].at = rows, at
				out[p] = append(out[p], parts[p])
			}
		}
	}
	return out
}
