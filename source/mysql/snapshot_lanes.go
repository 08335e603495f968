package mysql

import (
	"context"
	"fmt"
	"sync"

	"github.com/tailrace-io/tailrace/source/internal/incremental"
)

// lanes read the rows of tables over several connections that have the same
// view. Tables are cut into chunks by their keys; each connection reads the next
// chunk that nobody has begun, and keeps a bounded part of it until its turn
// has come: the rows come in the same order as over one connection.
type lanes struct {
	conns  []*conn
	tables []planned
	life   context.Context
	end    context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex // of what follows: cutting goes on chunk after chunk
	table  int        // the place of the one that is being cut
	after  incremental.Key
	within bool        // that table has been begun, and goes on behind after
	queue  chan *chunk // those that have been begun, in order

	reading *chunk // the one whose turn it is
	piece   piece  // of it
	place   int    // in the piece
}

// chunk is a part of a table's rows.
type chunk struct {
	table  *planned
	sql    string
	last   bool // of its table
	pieces chan piece
}

// piece is a part of a chunk: packets of rows, one behind the other, and where
// each ends.
type piece struct {
	packets []byte
	ends    []int
	err     error
}

const (
	chunkRows   = 16384
	pieceBytes  = 256 << 10
	chunkPieces = 16 // that wait for their turn: up to 4 MiB a connection
)

func newLanes(conns []*conn, tables []planned) *lanes {
	l := &lanes{conns: conns, tables: tables, queue: make(chan *chunk, len(conns))}
	l.life, l.end = context.WithCancel(context.Background())
	for _, c := range conns {
		l.done.Go(func() { l.run(c) })
	}
	return l
}

// run reads chunks over a connection until there are no more.
func (l *lanes) run(c *conn) {
	for {
		k := l.begin(c)
		if k == nil {
			return
		}
		err := k.read(l.life, c)
		if err != nil {
			k.put(l.life, piece{err: err})
		}
		close(k.pieces)
		if err != nil {
			return
		}
	}
}

// begin cuts the next chunk; nil where there are no more.
func (l *lanes) begin(c *conn) *chunk {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.table == len(l.tables) {
		return nil
	}
	k, err := l.cut(c)
	if err != nil {
		k.pieces <- piece{err: err}
		close(k.pieces)
		l.table = len(l.tables)
	}
	select {
	case l.queue <- k:
	case <-l.life.Done():
		return nil
	}
	if err != nil {
		return nil
	}
	return k
}

// cut finds the end of the next chunk by a look into the index.
func (l *lanes) cut(c *conn) (*chunk, error) {
	t := &l.tables[l.table]
	k := &chunk{table: t, last: true, pieces: make(chan piece, chunkPieces)}
	after := l.after
	if !l.within {
		after = t.after
	}
	s := t.scan
	if after != nil {
		s.where = append(s.where[:len(s.where):len(s.where)], s.order.behind(after))
	}
	if s.order != nil && (l.within || t.expected > chunkRows/2) {
		bound := s
		bound.keys, bound.limit, bound.offset = true, 1, chunkRows-1
		rows, err := c.query(l.life, bound.sql())
		if err != nil {
			return k, fmt.Errorf("cut %s into chunks: %w", t.id, err)
		}
		if len(rows) > 0 {
			l.after, k.last = s.order.keyRow(rows[0]), false
			s.where = append(s.where[:len(s.where):len(s.where)], s.order.upTo(l.after))
		}
	}
	k.sql = s.sql()
	if l.within = !k.last; k.last {
		l.table, l.after = l.table+1, nil
	}
	return k, nil
}

// read reads the chunk over a connection.
func (k *chunk) read(ctx context.Context, c *conn) error {
	defer watch(ctx, c.net)()
	rows, err := c.send(k.sql)
	if err != nil {
		return err
	}
	var p piece
	for {
		packet, err := rows.next(ctx)
		if err != nil {
			return err
		}
		if packet != nil {
			p.packets = append(p.packets, packet...)
			p.ends = append(p.ends, len(p.packets))
		}
		if len(p.packets) >= pieceBytes || packet == nil && p.ends != nil {
			if !k.put(ctx, p) {
				return ctx.Err()
			}
			p = piece{packets: make([]byte, 0, cap(p.packets)), ends: make([]int, 0, cap(p.ends))}
		}
		if packet == nil {
			return nil
		}
	}
}

func (k *chunk) put(ctx context.Context, p piece) bool {
	select {
	case k.pieces <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

// next gives the next row of the table whose turn it is.
func (l *lanes) next(ctx context.Context) ([]byte, error) {
	for {
		if l.place < len(l.piece.ends) {
			start := 0
			if l.place > 0 {
				start = l.piece.ends[l.place-1]
			}
			l.place++
			return l.piece.packets[start:l.piece.ends[l.place-1]], nil
		}
		if l.reading == nil {
			select {
			case l.reading = <-l.queue:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		select {
		case p, more := <-l.reading.pieces:
			if p.err != nil {
				return nil, p.err
			}
			if more {
				l.piece, l.place = p, 0
				continue
			}
			last := l.reading.last
			if l.reading = nil; last {
				return nil, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// atHand says whether a row has come already.
func (l *lanes) atHand() bool {
	return l.place < len(l.piece.ends) || l.reading != nil && len(l.reading.pieces) > 0
}

// close ends the reading. The connections are of no use any more.
func (l *lanes) close() {
	l.end()
	l.done.Wait()
}
