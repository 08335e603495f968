package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace/source/internal/lanes"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// planned is a table, and how its rows are read.
type planned struct {
	*table
	from  string // what is read: the table's name, or a statement in parentheses
	where string // the condition of its rows; "" for none
	plain bool   // from is a table of its own, whose rows COPY gives without a SELECT

	// pages are how many the table had when the snapshot began, and file is the
	// name of what holds them. 0 and "" are of a table that is read as a whole.
	pages uint32
	file  string

	// done are the pages that an earlier reader has given, from a view in which
	// transactions below xmin had ended. Of these pages the rows are read that
	// are newer.
	done uint32
	xmin uint64

	expected int64 // about how many rows it has behind the done pages

	before string // the place's done, of this table; "" where names have an order
}

// chunk is a part of a table: the pages from one on up to another, that not
// among them.
type chunk struct {
	table    *planned
	from, to uint32 // to is 0 for the rest of the table
	again    bool   // an earlier reader has given them: only newer rows are read
	last     bool   // of the table
}

const chunkPages = 256 // 2 MiB

// cutter cuts tables into chunks, one after the other.
type cutter struct {
	tables []planned
	table  int
	page   uint32 // where the next chunk of the table begins
}

// next gives the next chunk; ok is false behind the last.
func (c *cutter) next() (k chunk, ok bool) {
	if c.table == len(c.tables) {
		return k, false
	}
	t := &c.tables[c.table]
	k = chunk{table: t, from: c.page}
	switch k.again = c.page < t.done; {
	case k.again:
		k.to = c.page + min(chunkPages, t.done-c.page)
	case c.page < t.pages && t.pages-c.page > chunkPages:
		k.to = c.page + chunkPages
	default:
		k.last = true
	}
	if c.page = k.to; k.last {
		c.table++
	}
	return k, true
}

// sql is the statement that reads the chunk. Behind the first of a table, from
// which on it is locked, it makes sure that the table is what the view had: rows
// that were written anew in between, as ALTER TABLE does, cannot be seen there.
func (k chunk) sql() string {
	t := k.table
	var out strings.Builder
	names := make([]string, len(t.columns))
	for i, col := range t.columns {
		names[i] = quoteName(col.name)
	}
	columns := strings.Join(names, ", ")
	var where []string
	if t.where != "" {
		where = append(where, "("+t.where+"\n)")
	}
	if k.from > 0 {
		where = append(where, fmt.Sprintf("ctid >= '(%d,0)'", k.from))
	}
	if k.to > 0 {
		where = append(where, fmt.Sprintf("ctid < '(%d,0)'", k.to))
	}
	if k.again { // transactions are counted modulo 2^32
		where = append(where, fmt.Sprintf("((xmin::text::bigint - %d) & 4294967295) < 2147483648", uint32(t.xmin)))
	}
	switch {
	case t.plain && where == nil && columns != "":
		fmt.Fprintf(&out, "COPY %s (%s) TO STDOUT", t.id.quoted(), columns)
	case where == nil:
		fmt.Fprintf(&out, "COPY (SELECT %s FROM %s) TO STDOUT", columns, t.from)
	default:
		fmt.Fprintf(&out, "COPY (SELECT %s FROM %s WHERE %s) TO STDOUT", columns, t.from, strings.Join(where, " AND "))
	}
	if k.from == 0 && t.file != "" {
		name := quoteText(t.id.quoted()) + "::pg_catalog.regclass"
		fmt.Fprintf(&out, "; SELECT pg_catalog.pg_relation_filenode(%s) = %s OR pg_catalog.pg_relation_size(%[1]s) = 0", name, t.file)
	}
	return out.String()
}

// receive takes a frame of the answer to sql: a row, or the end.
func (k chunk) receive(c *pgoutput.Conn) (row []byte, end bool, err error) {
	for {
		kind, body, err := c.Frame()
		switch {
		case err != nil:
			return nil, false, err
		case kind == 'd':
			return body, false, nil
		case kind == 'Z':
			return nil, true, nil
		case kind == 'D' && (len(body) == 0 || body[len(body)-1] != 't'):
			return nil, false, fmt.Errorf("the table was written anew after the view of it was taken, by ALTER TABLE, TRUNCATE, CLUSTER or VACUUM FULL, " +
				"and its rows are no longer in that view: start again, from the stored offset, to go on with another view")
		}
	}
}

// oneByOne reads chunks over one connection. It asks for the next one before
// the rows of one have come, so that the server need not wait.
type oneByOne struct {
	conn   *pgoutput.Conn
	chunks *cutter
	asked  []chunk
}

func (o *oneByOne) next(context.Context) (row []byte, ended chunk, err error) {
	for len(o.asked) < 2 {
		k, ok := o.chunks.next()
		if !ok {
			break
		}
		if err := o.conn.Query(k.sql()); err != nil {
			return nil, k, err
		}
		o.asked = append(o.asked, k)
	}
	k := o.asked[0]
	row, end, err := k.receive(o.conn)
	if end {
		o.asked = append(o.asked[:0], o.asked[1:]...)
	}
	return row, k, err
}

func (o *oneByOne) atHand() bool { return o.conn.Buffered() }

// sideBySide reads chunks over several connections.
type sideBySide struct {
	*lanes.Lanes[*pgoutput.Conn, chunk]
}

func newSideBySide(conns []*pgoutput.Conn, chunks *cutter) *sideBySide {
	return &sideBySide{lanes.Start(conns, lanes.Rows[*pgoutput.Conn, chunk]{
		Cut: func(context.Context, *pgoutput.Conn) (chunk, bool, error) {
			k, ok := chunks.next()
			return k, ok, nil
		},
		Read: func(ctx context.Context, c *pgoutput.Conn, k chunk, add func(row []byte) bool) error {
			defer c.Watch(ctx)()
			if err := c.Query(k.sql()); err != nil {
				return err
			}
			for {
				row, end, err := k.receive(c)
				if end || err != nil {
					return err
				}
				if !add(row) {
					return ctx.Err()
				}
			}
		},
	})}
}

func (l *sideBySide) next(ctx context.Context) ([]byte, chunk, error) { return l.Next(ctx) }

func (l *sideBySide) atHand() bool { return l.AtHand() }
