package binlog_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// replica reads the log of a test's server.
type replica struct {
	t      testing.TB
	ctx    context.Context
	stream *binlog.Stream
	tables binlog.Tables
}

func configOf(server *testserver.MySQLServer, flavor binlog.Flavor) binlog.Config {
	return binlog.Config{
		Addr: server.Addr, User: server.User, Password: server.Password,
		Flavor: flavor, ServerID: 1<<31 | rand.Uint32(), Heartbeat: time.Second,
	}
}

func follow(t testing.TB, config binlog.Config, from binlog.From) *replica {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	stream, err := binlog.Open(ctx, config, from)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stream.Close()) })
	return &replica{t: t, ctx: ctx, stream: stream, tables: binlog.Tables{Flavor: config.Flavor}}
}

// next gives the next event; table maps are remembered on the way.
func (r *replica) next() *binlog.Event {
	r.t.Helper()
	ev, err := r.stream.Next(r.ctx)
	require.NoError(r.t, err)
	if ev.Type == binlog.TableMapEvent {
		_, err := r.tables.Map(ev)
		require.NoError(r.t, err)
	}
	return ev
}

// until passes over events up to the first that is looked for.
func (r *replica) until(is func(*binlog.Event) bool) *binlog.Event {
	r.t.Helper()
	for {
		if ev := r.next(); is(ev) {
			return ev
		}
	}
}

// rowsOf passes over events up to the next rows of a table.
func (r *replica) rowsOf(schema, table string) binlog.Rows {
	r.t.Helper()
	for {
		ev := r.next()
		if !ev.Type.IsRows() {
			continue
		}
		rows, err := r.tables.Rows(ev)
		require.NoError(r.t, err)
		if rows.Table.Schema == schema && rows.Table.Name == table {
			return rows
		}
	}
}

// image is a row before and after what happened to it.
type image struct{ before, after []tailrace.Value }

func decodeAll(t testing.TB, rows binlog.Rows, plan *binlog.RowPlan) (images []image) {
	t.Helper()
	slab := new(tailrace.Slab)
	for rows.More() {
		im := image{slab.Values(plan.Width()), slab.Values(plan.Width())}
		require.NoError(t, rows.Decode(plan, slab, im.before, im.after))
		images = append(images, im)
	}
	return images
}

// end is where the server's log ends.
func end(t testing.TB, db *sql.DB, flavor binlog.Flavor) binlog.From {
	t.Helper()
	statement := "SHOW BINARY LOG STATUS"
	if flavor == binlog.MariaDB {
		statement = "SHOW MASTER STATUS"
	}
	rows, err := db.Query(statement)
	require.NoError(t, err)
	defer rows.Close()
	require.True(t, rows.Next(), "the server has no binlog")
	columns, err := rows.Columns()
	require.NoError(t, err)
	var from binlog.From
	dst := []any{&from.File, &from.Pos}
	for range columns[2:] {
		dst = append(dst, new(sql.NullString))
	}
	require.NoError(t, rows.Scan(dst...))
	return from
}

// column is the value of the first column of each row of a query.
func column(t testing.TB, db *sql.DB, query string) (values []string) {
	t.Helper()
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		var v sql.NullString
		dst := []any{&v}
		for range columns[1:] {
			dst = append(dst, new(any))
		}
		require.NoError(t, rows.Scan(dst...))
		if !v.Valid {
			v.String = "NULL"
		}
		values = append(values, v.String)
	}
	require.NoError(t, rows.Err())
	return values
}
