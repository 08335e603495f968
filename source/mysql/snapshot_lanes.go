package mysql

import (
	"context"
	"fmt"

	"github.com/tailrace-io/tailrace/source/internal/incremental"
	shared "github.com/tailrace-io/tailrace/source/internal/lanes"
)

// lanes read the rows of tables over several connections that have the same
// view. Tables are cut into chunks by their keys; the rows come in the same
// order as over one connection.
type lanes struct{ *shared.Lanes[*conn, chunk] }

// chunk is a part of a table's rows.
type chunk struct {
	table *planned
	sql   string
	last  bool // of its table
}

const chunkRows = 16384

func newLanes(conns []*conn, tables []planned) *lanes {
	c := &cutter{tables: tables}
	return &lanes{shared.Start(conns, shared.Rows[*conn, chunk]{Cut: c.cut, Read: readChunk})}
}

// cutter cuts chunk after chunk.
type cutter struct {
	tables []planned
	table  int // the place of the one that is being cut
	after  incremental.Key
	within bool // that table has been begun, and goes on behind after
}

// cut finds the end of the next chunk by a look into the index.
func (l *cutter) cut(ctx context.Context, c *conn) (k chunk, ok bool, err error) {
	if l.table == len(l.tables) {
		return k, false, nil
	}
	t := &l.tables[l.table]
	k = chunk{table: t, last: true}
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
		rows, err := c.query(ctx, bound.sql())
		if err != nil {
			return k, true, fmt.Errorf("cut %s into chunks: %w", t.id, err)
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
	return k, true, nil
}

// readChunk reads a chunk over a connection.
func readChunk(ctx context.Context, c *conn, k chunk, add func(row []byte) bool) error {
	defer watch(ctx, c.net)()
	rows, err := c.send(k.sql)
	if err != nil {
		return err
	}
	for {
		packet, err := rows.next(ctx)
		if packet == nil || err != nil {
			return err
		}
		if !add(packet) {
			return ctx.Err()
		}
	}
}

// next gives the next row of the table whose turn it is.
func (l *lanes) next(ctx context.Context) ([]byte, error) {
	for {
		packet, ended, err := l.Next(ctx)
		if packet != nil || err != nil || ended.last {
			return packet, err
		}
	}
}

func (l *lanes) atHand() bool { return l.AtHand() }

func (l *lanes) close() { l.Close() }
