package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// server is what the server says of itself.
type server struct {
	version int          // such as 150004
	standby bool         // it follows a primary, and cannot be written to
	end     pgoutput.LSN // of its log
	slot    *slot        // nil where it is not there
	publication
}

// The versions from which on the server can do something, as it says them.
const (
	versionOldest    = 130000
	versionStreaming = 140000 // and logical messages
	versionTwoPhase  = 150000
	versionParallel  = 160000 // and origins
	versionStandby   = 160000
	versionFailover  = 170000
	versionAlterable = 180000 // from prepared transactions to committed ones
)

// inspect reads what has to be known of the server.
func (s *Source) inspect(ctx context.Context, c *catalog) (*server, error) {
	rows, err := c.query(ctx, "SELECT current_setting('server_version_num'), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, pg_is_in_recovery()")
	if err != nil {
		return nil, fmt.Errorf("ask the server's version: %w", err)
	}
	sv := &server{standby: string(rows[0][2]) == "t"}
	if sv.version, err = strconv.Atoi(string(rows[0][0])); err != nil {
		return nil, fmt.Errorf("the server says that its version is %q", rows[0][0])
	}
	if sv.end, err = pgoutput.ParseLSN(string(rows[0][1])); err != nil {
		return nil, err
	}
	if sv.slot, err = s.readSlot(ctx, c, sv.version); err != nil {
		return nil, err
	}
	rows, err = c.query(ctx, "SELECT puballtables, pubviaroot, pubinsert, pubupdate, pubdelete, pubtruncate FROM pg_catalog.pg_publication WHERE pubname = "+quoteText(s.Publication))
	if err != nil {
		return nil, fmt.Errorf("look for the publication %s: %w", s.Publication, err)
	}
	if len(rows) > 0 {
		sv.publication = publication{published: true, publishAll: string(rows[0][0]) == "t", rootNames: string(rows[0][1]) == "t"}
		for i, op := range operations {
			if string(rows[0][2+i]) != "t" {
				sv.leavesOut = append(sv.leavesOut, op.name)
			}
		}
	}
	return sv, nil
}

// check says everything that is wrong with the server, each with the statement
// that mends it.
func (s *Source) checkServer(ctx context.Context, c *catalog, sv *server, tables []tableID) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	s.checkVersion(bad, sv.version)
	if err := (envelope.Guardrail{Max: s.MaxTables}).Check(len(tables)); err != nil && !s.MaxTablesWarns {
		bad("%w (MaxTables)", err)
	} else if err != nil {
		s.Log.Warn("more tables than MaxTables are captured", "error", err)
	}
	rows, err := c.query(ctx, `SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int,
		(SELECT count(*) FROM pg_catalog.pg_replication_slots), current_setting('max_wal_senders')::int,
		(SELECT count(*) FROM pg_catalog.pg_stat_replication), r.rolreplication OR r.rolsuper, r.rolsuper, r.rolname,
		has_database_privilege(current_database(), 'CREATE') FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`)
	if err != nil {
		return fmt.Errorf("ask the server's settings: %w", err)
	}
	if len(rows) == 0 {
		return errors.New("the server does not know the user that we are connected as")
	}
	row := rows[0]
	number := func(i int) int { n, _ := strconv.Atoi(string(row[i])); return n }
	user := quoteName(string(row[7]))
	if level := string(row[0]); level != "logical" {
		bad("wal_level is %s: ALTER SYSTEM SET wal_level = logical, and restart the server", level)
	}
	if sv.slot == nil && number(2) >= number(1) {
		bad("all %d replication slots are taken: drop one that is not needed (pg_drop_replication_slot), or ALTER SYSTEM SET max_replication_slots = %d and restart the server", number(1), number(1)+5)
	}
	if number(4) >= number(3) {
		bad("all %d senders are taken: ALTER SYSTEM SET max_wal_senders = %d, and restart the server", number(3), number(3)+5)
	}
	if string(row[5]) != "t" {
		bad("the user may not replicate: ALTER ROLE %s REPLICATION", user)
	}
	if sl := sv.slot; sl != nil && (sl.plugin != "pgoutput" || sl.database != s.Database) {
		bad("the slot %s is of the plugin %q and the database %q: set Slot to another name, or SELECT pg_drop_replication_slot(%s)", s.Slot, sl.plugin, sl.database, quoteText(s.Slot))
	}
	if sl := sv.slot; sl != nil && sl.twoPhase && sv.version < versionAlterable {
		bad("the slot %s was made with two_phase, so that it sends transactions before they are committed: set Slot to another name, or SELECT pg_drop_replication_slot(%s)", s.Slot, quoteText(s.Slot))
	}
	if sv.standby {
		s.checkStandby(bad, sv)
	}
	switch {
	case !sv.published && sv.standby:
	case !sv.published:
		s.checkPublishing(bad, string(row[6]) == "t", string(row[8]) == "t", user)
	case s.PartitionRoot && !sv.rootNames:
		bad("PartitionRoot is set, and the publication %s sends the changes of partitions under their own names: ALTER PUBLICATION %s SET (publish_via_partition_root = true)", s.Publication, quoteName(s.Publication))
	}
	if s.Snapshot != SnapshotNoData {
		if err := s.checkReading(ctx, c, tables, bad, user); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// checkStandby checks that nothing has to be written to the server, and that it
// can decode the log of its primary.
func (s *Source) checkStandby(bad func(string, ...any), sv *server) {
	if sv.version < versionStandby {
		bad("the server is a standby of the version %d, and reading a standby needs %d or newer: set Addr to its primary", sv.version/10000, versionStandby/10000)
	}
	if !sv.published {
		of := "FOR ALL TABLES"
		if s.Autocreate != PublicationAllTables {
			of = "FOR TABLE …"
		}
		bad("there is no publication %s, and the server is a standby: on its primary, CREATE PUBLICATION %s %s", s.Publication, quoteName(s.Publication), of)
	}
	if s.SignalTable != "" && !s.ReadOnly {
		bad("the server is a standby, to whose table %s nothing can be written: set ReadOnly", s.SignalTable)
	}
}

// checkVersion checks that the server can do what is asked of it.
func (s *Source) checkVersion(bad func(string, ...any), version int) {
	needs := func(what string, asked bool, oldest int) {
		if asked && version < oldest {
			bad("the server has the version %d, and %s needs %d or newer", version/10000, what, oldest/10000)
		}
	}
	needs("this source", true, versionOldest)
	needs("Binary", s.Binary, versionStreaming)
	needs("Streaming", s.Streaming == StreamingOn, versionStreaming)
	needs("Streaming parallel", s.Streaming == StreamingParallel, versionParallel)
	needs("Origin none", s.Origin == OriginNone, versionParallel)
	needs("FailoverSlot", s.FailoverSlot, versionFailover)
}

// checkReading checks that the rows of the tables can be read.
func (s *Source) checkReading(ctx context.Context, c *catalog, tables []tableID, bad func(string, ...any), user string) error {
	for chunk := range slices.Chunk(tables, 500) {
		var names []string
		for _, id := range chunk {
			names = append(names, quoteText(id.quoted()))
		}
		rows, err := c.query(ctx, "SELECT t FROM unnest(ARRAY["+strings.Join(names, ",")+"]) t WHERE to_regclass(t) IS NULL OR NOT has_any_column_privilege(t, 'SELECT')")
		if err != nil {
			return fmt.Errorf("ask which tables can be read: %w", err)
		}
		for _, row := range rows {
			bad("the user may not read %s: GRANT SELECT ON %s TO %s", row[0], row[0], user)
		}
	}
	return nil
}

// pause waits so long.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
