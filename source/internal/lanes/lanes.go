// Package lanes reads rows over several connections side by side, and gives
// them in the order that they would have over one.
package lanes

import (
	"context"
	"sync"
)

// Rows says how chunks of rows are read over connections of the type C.
type Rows[C, K any] struct {
	// Cut gives the next chunk; ok is false behind the last. One call ends before
	// another begins. With an error it gives the chunk that could not be cut.
	Cut func(ctx context.Context, conn C) (chunk K, ok bool, err error)

	// Read gives the rows of a chunk to add, which copies them. When add is false
	// nobody wants more of them.
	Read func(ctx context.Context, conn C, chunk K, add func(row []byte) bool) error
}

// Lanes are what reads: a goroutine a connection, which reads the next chunk
// that nobody has begun, and keeps a bounded part of it until its turn has come.
type Lanes[C, K any] struct {
	rows Rows[C, K]
	life context.Context
	end  context.CancelFunc
	done sync.WaitGroup

	mu    sync.Mutex     // of cutting
	cut   bool           // there are no more
	queue chan *chunk[K] // those that have been begun, in order

	reading *chunk[K] // the one whose turn it is
	piece   piece     // of it
	place   int       // in the piece
}

type chunk[K any] struct {
	what   K
	pieces chan piece
}

// piece is a part of a chunk: rows, one behind the other, and where each ends.
type piece struct {
	rows []byte
	ends []int
	err  error
}

const (
	pieceBytes  = 256 << 10
	chunkPieces = 16 // that wait for their turn: up to 4 MiB a connection
)

// Start begins to read over the connections, which are nobody else's until
// Close.
func Start[C, K any](conns []C, rows Rows[C, K]) *Lanes[C, K] {
	l := &Lanes[C, K]{rows: rows, queue: make(chan *chunk[K], len(conns))}
	l.life, l.end = context.WithCancel(context.Background())
	for _, c := range conns {
		l.done.Go(func() { l.run(c) })
	}
	return l
}

// run reads chunks over a connection until there are no more.
func (l *Lanes[C, K]) run(conn C) {
	for {
		k, ok := l.begin(conn)
		if !ok {
			return
		}
		err := l.read(conn, k)
		if err != nil {
			k.put(l.life, piece{err: err})
		}
		close(k.pieces)
		if err != nil {
			return
		}
	}
}

// begin cuts the next chunk; ok is false where there are no more.
func (l *Lanes[C, K]) begin(conn C) (k *chunk[K], ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, false
	}
	what, more, err := l.rows.Cut(l.life, conn)
	k = &chunk[K]{what: what, pieces: make(chan piece, chunkPieces)}
	if err != nil {
		k.pieces <- piece{err: err}
		close(k.pieces)
	} else if !more {
		l.cut = true
		return nil, false
	}
	select {
	case l.queue <- k:
	case <-l.life.Done():
		return nil, false
	}
	l.cut = err != nil
	return k, err == nil
}

func (l *Lanes[C, K]) read(conn C, k *chunk[K]) error {
	var p piece
	err := l.rows.Read(l.life, conn, k.what, func(row []byte) bool {
		p.rows = append(p.rows, row...)
		p.ends = append(p.ends, len(p.rows))
		if len(p.rows) < pieceBytes {
			return true
		}
		put := k.put(l.life, p)
		p = piece{rows: make([]byte, 0, cap(p.rows)), ends: make([]int, 0, cap(p.ends))}
		return put
	})
	if err == nil && p.ends != nil {
		k.put(l.life, p)
	}
	return err
}

func (k *chunk[K]) put(ctx context.Context, p piece) bool {
	select {
	case k.pieces <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

// Next gives the next row, which is good until the next call; nil behind the
// last row of a chunk, which it then gives too. There must be another chunk.
func (l *Lanes[C, K]) Next(ctx context.Context) (row []byte, ended K, err error) {
	var none K
	for {
		if l.place < len(l.piece.ends) {
			start := 0
			if l.place > 0 {
				start = l.piece.ends[l.place-1]
			}
			l.place++
			return l.piece.rows[start:l.piece.ends[l.place-1]:l.piece.ends[l.place-1]], none, nil
		}
		if l.reading == nil {
			select {
			case l.reading = <-l.queue:
			case <-ctx.Done():
				return nil, none, ctx.Err()
			}
		}
		select {
		case p, more := <-l.reading.pieces:
			if p.err != nil {
				return nil, none, p.err
			}
			if more {
				l.piece, l.place = p, 0
				continue
			}
			k := l.reading.what
			l.reading = nil
			return nil, k, nil
		case <-ctx.Done():
			return nil, none, ctx.Err()
		}
	}
}

// AtHand says whether a row has come already.
func (l *Lanes[C, K]) AtHand() bool {
	return l.place < len(l.piece.ends) || l.reading != nil && len(l.reading.pieces) > 0
}

// Close ends the reading. The connections are of no use any more.
func (l *Lanes[C, K]) Close() {
	l.end()
	l.done.Wait()
}
