package postgres

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestChunksHaveEveryPageOnce(t *testing.T) {
	const most = 1<<32 - 2 // pages of a table
	for _, p := range []planned{{}, {pages: 1}, {pages: 256}, {pages: 257}, {pages: 1000}, {pages: 1000, done: 512}, {pages: 100, done: 700}, {pages: most, done: most - 300}} {
		c := &cutter{tables: []planned{p, {}}, page: p.done &^ 255}
		next := c.page
		for {
			k, ok := c.next()
			require.True(t, ok)
			require.Equal(t, next, k.from)
			require.Equal(t, k.from < p.done, k.again, "%+v", p)
			if k.last {
				require.Zero(t, k.to, "the rest")
				break
			}
			require.Greater(t, k.to, k.from)
			require.True(t, k.to <= p.done || k.from >= p.done, "a chunk was given, or was not")
			next = k.to
		}
		k, ok := c.next()
		assert.True(t, ok)
		assert.True(t, k.last, "a table without pages is one chunk")
		_, ok = c.next()
		assert.False(t, ok)
	}
}

func TestTablesAreReadOnDemandByTheirConditions(t *testing.T) {
	server := testserver.Postgres(t)
	database := server.Database(t)
	server.Exec(t, database, "CREATE TABLE a (n INT)", "INSERT INTO a SELECT generate_series(1, 9)", "CREATE TABLE b (n INT)", "INSERT INTO b VALUES (1), (2)",
		"CREATE TABLE c (n INT)", "INSERT INTO c VALUES (1), (2), (3)", "CREATE TABLE d (n INT)", "INSERT INTO d VALUES (1)")
	src := Source{Addr: server.Addr, User: server.User, Password: server.Password, Database: database, TopicPrefix: "srv", Slot: "slot_" + database,
		Snapshot: SnapshotNoData, SnapshotTables: []string{"public.d"}}
	for _, src.SnapshotThreads = range []int{1, 2} {
		opened, err := src.Open(t.Context(), nil)
		require.NoError(t, err)
		r := opened.(*reader)
		s, err := r.adHocSnapshot(t.Context(), []asked{{id: tableID{"public", "a"}, condition: "n > 7 -- the last"}, {id: tableID{"public", "b"}},
			{id: tableID{"public", "c"}, condition: "SELECT * FROM c WHERE n < 3 ORDER BY n DESC;"}})
		require.NoError(t, err)
		var got []string
		for err == nil {
			err = s.read(context.Background(), r.w)
			for _, rec := range r.w.batch().Records {
				c, _ := tailrace.AsChange(&rec)
				got = append(got, rec.Topic+" "+c.Row().Get("n").String()+" "+c.Source().Get("snapshot").Text())
			}
		}
		require.Equal(t, io.EOF, err)
		assert.Equal(t, []string{"srv.public.a 8 first", "srv.public.a 9 last_in_data_collection", "srv.public.b 1 first_in_data_collection", "srv.public.b 2 last_in_data_collection",
			"srv.public.c 2 first_in_data_collection", "srv.public.c 1 last"}, got)
		require.NoError(t, s.close())
		require.NoError(t, r.Close())
	}
}
