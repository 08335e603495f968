// Package binlog reads MySQL's and MariaDB's binary log: a Stream gives the
// events of a server as they lie in its log, an Event's methods take them
// apart, and a RowPlan makes the columns of row events values, straight from
// the packet that they came in.
//
// A reader's loop looks like this:
//
//	for {
//		ev, err := stream.Next(ctx)
//		…
//		switch ev.Type {
//		case binlog.TableMapEvent:
//			table, err := tables.Map(ev)        // the same *TableMap while nothing changed
//			if table.State == nil { … }         // what the reader makes of the table, a RowPlan among it
//		case binlog.WriteRowsEvent, …:
//			rows, err := tables.Rows(ev)
//			for rows.More() {
//				err := rows.Decode(plan, slab, before, after)
//			}
//		}
//	}
//
// Nothing that a Stream or an Event gives outlives the next call of Next,
// except values that were decoded into a Slab, table maps and what is said to
// be a copy. Nothing here is safe for use by several goroutines at a time,
// except Stream.Close; a RowPlan belongs to one goroutine too, for it has
// buffers of its own.
package binlog
