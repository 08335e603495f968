package postgres_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres"
)

func TestAFailoverSlotGoesOnAfterThePromotionOfAStandby(t *testing.T) {
	primary := testserver.StartPostgres18(t)
	database := primary.Database(t)
	primary.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	standby := testserver.StartPostgres18Standby(t, primary, "physical", "hot_standby_feedback=on")
	src := over(primary, database)
	src.FailoverSlot = true
	r := open(t, src, tip(t, src)...)
	ctx := soon(t)
	primary.Exec(t, database, "INSERT INTO t SELECT generate_series(0, 9)")
	rows, offsets := readNumbers(t, r, 10)
	require.Equal(t, span(0, 10), rows)
	const n = 10
	db := standby.DB(t, database)
	for ready := false; !ready; {
		// The slot goes on behind what the standby still has. Where it is ahead of
		// the standby for a moment, the copy is refused, and made the next time.
		primary.Exec(t, database, "SELECT pg_log_standby_snapshot()")
		b, err := r.Read(ctx)
		require.NoError(t, err)
		require.Empty(t, b.Records)
		offsets = tailrace.MergeOffsets(offsets, b.Offsets)
		require.NoError(t, r.Commit(ctx, offsets))
		_, refused := db.ExecContext(ctx, "SELECT pg_sync_replication_slots()")
		require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM pg_replication_slots WHERE slot_name = $1 AND synced AND NOT temporary AND invalidation_reason IS NULL", src.Slot).Scan(&ready),
			"the copy of the slot was refused: %v", refused)
	}
	require.NoError(t, r.Close())

	primary.Exec(t, database, fmt.Sprintf("INSERT INTO t SELECT generate_series(%d, %d)", n, n+9))
	var end string
	require.NoError(t, primary.DB(t, database).QueryRow("SELECT pg_current_wal_lsn()::text").Scan(&end))
	for replayed := false; !replayed; {
		require.NoError(t, db.QueryRowContext(ctx, "SELECT pg_sleep(0.05), pg_last_wal_replay_lsn() >= $1::pg_lsn", end).Scan(new(any), &replayed))
	}
	primary.Kill(t)
	standby.Promote(t)
	standby.Exec(t, database, fmt.Sprintf("INSERT INTO t SELECT generate_series(%d, %d)", n+10, n+19))
	src.Addr = standby.Addr
	rows, _ = readNumbers(t, open(t, src, offsets...), 20)
	assert.Equal(t, span(n, n+20), rows)
}

func TestASlotIsMadeToFailOverOrNoLonger(t *testing.T) {
	s := testserver.Postgres18(t)
	database := s.Database(t)
	src := over(s, database)
	for _, failover := range []bool{false, true, false} {
		src.FailoverSlot = failover
		tip(t, src)
		var is bool
		require.NoError(t, s.DB(t, database).QueryRow("SELECT failover FROM pg_replication_slots WHERE slot_name = $1", src.Slot).Scan(&is))
		assert.Equal(t, failover, is)
	}
}

func TestWhatTheServerIsTooOldForIsSaid(t *testing.T) {
	s := testserver.Postgres(t)
	src := over(s, s.Database(t))
	src.FailoverSlot, src.Streaming, src.Origin = true, postgres.StreamingParallel, postgres.OriginNone
	_, err := src.Open(soon(t), nil)
	require.Error(t, err)
	for _, want := range []string{"FailoverSlot needs 17", "Streaming parallel needs 16", "Origin none needs 16"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestASlotThatIsElsewhereThanTheOffsetIsGoneOnFromAsAsked(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	src := over(s, database)
	behind := tip(t, src)
	s.Exec(t, database, "INSERT INTO t VALUES (1)")
	r := open(t, src, behind...)
	_, ahead := read(t, r, 1)
	require.NoError(t, r.Close())
	// The slot is behind the later offset: where the offset is, by default.
	s.Exec(t, database, "INSERT INTO t VALUES (2)")
	for _, test := range []struct {
		mismatch postgres.Mismatch
		want     []int
	}{{"", span(2, 3)}, {postgres.MismatchTrustGreater, span(2, 3)}, {postgres.MismatchTrustSlot, span(1, 3)}} {
		src.Mismatch = test.mismatch
		r := open(t, src, ahead...)
		rows, _ := readNumbers(t, r, len(test.want))
		assert.Equal(t, test.want, rows, "%q", test.mismatch)
		require.NoError(t, r.Close())
	}
	// The slot goes beyond the earlier offset.
	require.EventuallyWithT(t, func(c *assert.CollectT) { // a slot is free a moment after its reader has ended
		_, err := s.DB(t, database).Exec("SELECT pg_replication_slot_advance('" + src.Slot + "', pg_current_wal_lsn())")
		assert.NoError(c, err)
	}, 30*time.Second, 50*time.Millisecond)
	s.Exec(t, database, "INSERT INTO t VALUES (3)")
	for _, mismatch := range []postgres.Mismatch{postgres.MismatchTrustGreater, postgres.MismatchTrustSlot} {
		var said bytes.Buffer
		src.Mismatch, src.Log = mismatch, slog.New(slog.NewTextHandler(&said, nil))
		r := open(t, src, behind...)
		rows, _ := readNumbers(t, r, 1)
		assert.Equal(t, []int{3}, rows, "%q", mismatch)
		assert.Contains(t, said.String(), "rather than at the stored offset")
		require.NoError(t, r.Close())
	}
	src.Mismatch = ""
	_, err := src.Open(soon(t), behind)
	require.ErrorIs(t, err, source.ErrOffsetLost)
	// The offset is one of a log that this server does not have.
	beyond := tailrace.Offset{Partition: behind[0].Partition, Position: fmt.Sprintf(`{"lsn":%d}`, uint64(1)<<60)}
	_, err = src.Open(soon(t), []tailrace.Offset{beyond})
	require.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "another server, or was restored")
}

func TestALogThatTheServerHasRemovedIsSaid(t *testing.T) {
	s := testserver.StartPostgres18(t, "max_slot_wal_keep_size=0", "min_wal_size=32MB", "max_wal_size=32MB")
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	src := over(s, database)
	offsets := tip(t, src)
	s.Exec(t, database, "SELECT pg_switch_wal()", "INSERT INTO t VALUES (2)", "SELECT pg_switch_wal()", "INSERT INTO t VALUES (3)", "SELECT pg_switch_wal()", "CHECKPOINT")
	_, err := src.Open(soon(t), offsets)
	require.ErrorIs(t, err, source.ErrOffsetLost)
	assert.ErrorContains(t, err, "max_slot_wal_keep_size")
	src.Snapshot = postgres.SnapshotWhenNeeded
	rows, _ := readNumbers(t, open(t, src, offsets...), 3)
	assert.Equal(t, span(1, 4), rows)
}

func TestReplicaIdentitiesAreSetAndTablesWithoutOneSaid(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (n INT PRIMARY KEY)", "CREATE TABLE b (n INT PRIMARY KEY, u INT NOT NULL UNIQUE)", "CREATE TABLE c (n INT)", "CREATE TABLE d (n INT)")
	src := over(s, database)
	var said bytes.Buffer
	src.Log = slog.New(slog.NewTextHandler(&said, nil))
	src.ReplicaIdentities = []postgres.ReplicaIdentity{{Table: `public\.[ac]`, Identity: "full"}, {Table: "public.b", Identity: "INDEX b_u_key"}}
	tip(t, src)
	var have string
	require.NoError(t, s.DB(t, database).QueryRow("SELECT string_agg(relname || relreplident::text, ' ' ORDER BY relname) FROM pg_class WHERE relname IN ('a', 'b', 'c', 'd')").Scan(&have))
	assert.Equal(t, "af bi cf dd", have)
	assert.Contains(t, said.String(), `ALTER TABLE \"public\".\"d\" REPLICA IDENTITY FULL`)
	assert.NotContains(t, said.String(), `ALTER TABLE \"public\".\"c\"`)

	src.ReplicaIdentities = []postgres.ReplicaIdentity{{Table: "(", Identity: "FULL"}, {Table: "a", Identity: "INDEX"}}
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, `"(" is no regular expression`)
	assert.ErrorContains(t, err, `the identity "INDEX" of a must be`)
}

func TestPublicationsAreMadeAndUsedAsAsked(t *testing.T) {
	s := testserver.Postgres(t)
	for _, test := range []struct {
		name       string
		autocreate postgres.Autocreate
		before     string
		want       string // the tables of the publication
		error      string
	}{
		{name: "all tables", want: "a,b"},
		{name: "filtered", autocreate: postgres.PublicationFiltered, want: "a"},
		{name: "filtered, there is another", autocreate: postgres.PublicationFiltered, before: "CREATE PUBLICATION dbz_publication FOR TABLE b", want: "a"},
		{name: "no tables", autocreate: postgres.PublicationNoTables, want: ""},
		{name: "disabled", autocreate: postgres.PublicationDisabled, error: "CREATE PUBLICATION"},
		{name: "disabled, there is one", autocreate: postgres.PublicationDisabled, before: "CREATE PUBLICATION dbz_publication FOR TABLE b", want: "b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			database := s.Database(t)
			s.Exec(t, database, "CREATE TABLE a (n INT PRIMARY KEY)", "CREATE TABLE b (n INT PRIMARY KEY)", test.before)
			src := over(s, database)
			src.Tables, src.Autocreate, src.Snapshot = postgres.Include("public.a"), test.autocreate, postgres.SnapshotNoData
			var said bytes.Buffer
			src.Log = slog.New(slog.NewTextHandler(&said, nil))
			r, err := src.Open(soon(t), nil)
			if test.error != "" {
				require.ErrorContains(t, err, test.error)
				return
			}
			require.NoError(t, err)
			require.NoError(t, r.Close())
			var have string
			require.NoError(t, s.DB(t, database).QueryRow("SELECT coalesce(string_agg(tablename, ',' ORDER BY tablename), '') FROM pg_publication_tables").Scan(&have))
			assert.Equal(t, test.want, have)
			assert.Equal(t, !strings.HasPrefix(test.want, "a"), strings.Contains(said.String(), "ADD TABLE public.a"), "%s", &said)
		})
	}
}

func TestRowFiltersAndColumnListsOfAPublicationHold(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY, shown TEXT, hidden TEXT)",
		"CREATE PUBLICATION dbz_publication FOR TABLE t (n, shown) WHERE (n > 10)")
	src := over(s, database)
	src.Autocreate = postgres.PublicationDisabled
	begin := tip(t, src)
	s.Exec(t, database, "INSERT INTO t VALUES (1, 'a', 'x'), (11, 'b', 'y')", "UPDATE t SET shown = 'c' WHERE n = 11", "UPDATE t SET n = 2 WHERE n = 11")
	records, _ := read(t, open(t, src, begin...), 4)
	assert.Equal(t, []int{11, 11}, numbersOf(records))
	c, _ := tailrace.AsChange(&records[0])
	assert.Len(t, c.After().Schema.Fields(), 2)
	c, _ = tailrace.AsChange(&records[2])
	assert.Equal(t, tailrace.OpDelete, c.Op(), "a row that leaves the filter is a delete")
}

func TestThePublicationAndTheSourceAgreeOnPartitions(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY) PARTITION BY RANGE (n)", "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100)")
	src := over(s, database)
	topicOf := func(n int) string {
		begin := tip(t, src)
		s.Exec(t, database, fmt.Sprintf("INSERT INTO t VALUES (%d)", n))
		r := open(t, src, begin...)
		records, _ := read(t, r, 1)
		require.NoError(t, r.Close())
		return records[0].Topic
	}
	assert.Equal(t, "srv.public.t1", topicOf(1))
	src.PartitionRoot, src.Slot = true, src.Slot+"_root"
	_, err := src.Open(soon(t), nil)
	require.ErrorContains(t, err, "ALTER PUBLICATION \"dbz_publication\" SET (publish_via_partition_root = true)")
	s.Exec(t, database, "DROP PUBLICATION dbz_publication")
	assert.Equal(t, "srv.public.t", topicOf(2))
}
