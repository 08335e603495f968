package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
)

// over is a source over one database of a server.
func over(s *testserver.PostgresServer, database string) postgres.Source {
	return postgres.Source{Addr: s.Addr, User: s.User, Password: s.Password, Database: database, TopicPrefix: "srv",
		Slot: "slot_" + database, SlotWait: 20 * time.Second}
}

// soon is a context for what should happen soon.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func open(t testing.TB, src source.Source, from ...tailrace.Offset) source.Reader {
	t.Helper()
	r, err := src.Open(soon(t), from)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// read reads batches until there are n records, and gives them with the offsets
// behind the last.
func read(t testing.TB, r source.Reader, n int) ([]tailrace.Record, []tailrace.Offset) {
	t.Helper()
	var records []tailrace.Record
	var offsets []tailrace.Offset
	for len(records) < n {
		b, err := r.Read(soon(t))
		require.NoError(t, err, "after %d of %d records", len(records), n)
		records = append(records, b.Records...)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
	}
	require.Len(t, records, n)
	return records, offsets
}

// tip opens the source where the log is now, and gives the offset of that.
func tip(t testing.TB, src postgres.Source) []tailrace.Offset {
	t.Helper()
	src.Snapshot = postgres.SnapshotNoData
	r := open(t, src)
	b, err := r.Read(soon(t))
	require.NoError(t, err)
	require.Empty(t, b.Records)
	require.Len(t, b.Offsets, 1)
	require.NoError(t, r.Close())
	return b.Offsets
}

// dropSlot drops the slot of a source, once nobody reads it any more.
func dropSlot(t testing.TB, s *testserver.PostgresServer, src postgres.Source) {
	t.Helper()
	db := s.DB(t, src.Database)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := db.Exec("SELECT pg_drop_replication_slot($1)", src.Slot)
		assert.NoError(c, err)
	}, 20*time.Second, 50*time.Millisecond)
}

// brief tells of a change in a few words: "c 7", "u 7→8".
func brief(r *tailrace.Record) string {
	c, ok := tailrace.AsChange(r)
	if !ok {
		return fmt.Sprintf("tombstone %s", r.KeyStruct())
	}
	return fmt.Sprintf("%s %s → %s", string(c.Op()), c.Before(), c.After())
}

func briefs(records []tailrace.Record) []string {
	out := make([]string, len(records))
	for i := range records {
		out[i] = brief(&records[i])
	}
	return out
}
