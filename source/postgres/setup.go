package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// server is what the server says of itself.
type server struct {
	version int          // such as 150004
	end     pgoutput.LSN // of its log
	slot    *slot        // nil where it is not there
	publication
}

// publication is what the server says of the publication.
type publication struct {
	published  bool // it is there
	publishAll bool // it is of all tables
	rootNames  bool // the changes of partitions come under the name of the table
}

// slot is what the server says of the replication slot.
type slot struct {
	plugin    string
	database  string
	confirmed pgoutput.LSN
	lost      bool // the server has removed the log that it needs
	failover  bool // standbys keep a copy
	twoPhase  bool // it sends transactions when they are prepared
	holder    string
}

// The versions from which on the server can do something, as it says them.
const (
	versionOldest    = 130000
	versionStreaming = 140000 // and logical messages
	versionTwoPhase  = 150000
	versionParallel  = 160000 // and origins
	versionFailover  = 170000
	versionAlterable = 180000 // from prepared transactions to committed ones
)

// inspect reads what has to be known of the server.
func (s *Source) inspect(ctx context.Context, c *catalog) (*server, error) {
	rows, err := c.query(ctx, "SELECT current_setting('server_version_num'), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END")
	if err != nil {
		return nil, fmt.Errorf("ask the server's version: %w", err)
	}
	sv := &server{}
	if sv.version, err = strconv.Atoi(string(rows[0][0])); err != nil {
		return nil, fmt.Errorf("the server says that its version is %q", rows[0][0])
	}
	if sv.end, err = pgoutput.ParseLSN(string(rows[0][1])); err != nil {
		return nil, err
	}
	if sv.slot, err = s.readSlot(ctx, c, sv.version); err != nil {
		return nil, err
	}
	rows, err = c.query(ctx, "SELECT puballtables, pubviaroot FROM pg_catalog.pg_publication WHERE pubname = "+quoteText(s.Publication))
	if err != nil {
		return nil, fmt.Errorf("look for the publication %s: %w", s.Publication, err)
	}
	if len(rows) > 0 {
		sv.publication = publication{published: true, publishAll: string(rows[0][0]) == "t", rootNames: string(rows[0][1]) == "t"}
	}
	return sv, nil
}

func (s *Source) readSlot(ctx context.Context, c *catalog, version int) (*slot, error) {
	failover, twoPhase := "false", "false"
	if version >= versionStreaming {
		twoPhase = "s.two_phase"
	}
	if version >= versionFailover {
		failover = "s.failover"
	}
	rows, err := c.query(ctx, `SELECT s.plugin, s.database, s.confirmed_flush_lsn, s.wal_status = 'lost', s.active_pid, a.usename, a.application_name, a.client_addr, `+failover+`, `+twoPhase+`
		FROM pg_catalog.pg_replication_slots s LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = `+quoteText(s.Slot))
	if err != nil {
		return nil, fmt.Errorf("look for the slot %s: %w", s.Slot, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	row := rows[0]
	out := &slot{plugin: string(row[0]), database: string(row[1]), lost: string(row[3]) == "t", failover: string(row[8]) == "t", twoPhase: string(row[9]) == "t"}
	if row[2] != nil {
		if out.confirmed, err = pgoutput.ParseLSN(string(row[2])); err != nil {
			return nil, err
		}
	}
	if row[4] != nil {
		out.holder = fmt.Sprintf("process %s of %s (%s) from %s", row[4], row[5], row[6], row[7])
	}
	return out, nil
}

// check says everything that is wrong with the server, each with the statement
// that mends it.
func (s *Source) checkServer(ctx context.Context, c *catalog, sv *server, tables []tableID) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	s.checkVersion(bad, sv.version)
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
	switch {
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

// checkVersion checks that the server can do what is asked of it.
func (s *Source) checkVersion(bad func(string, ...any), version int) {
	needs := func(what string, asked bool, oldest int) {
		if asked && version < oldest {
			bad("the server has the version %d, and %s needs %d or newer", version/10000, what, oldest/10000)
		}
	}
	needs("this source", true, versionOldest)
	needs("Streaming", s.Streaming == StreamingOn, versionStreaming)
	needs("Streaming parallel", s.Streaming == StreamingParallel, versionParallel)
	needs("Origin none", s.Origin == OriginNone, versionParallel)
	needs("FailoverSlot", s.FailoverSlot, versionFailover)
}

// checkPublishing checks that the publication can be made.
func (s *Source) checkPublishing(bad func(string, ...any), super, create bool, user string) {
	name := quoteName(s.Publication)
	switch {
	case s.Autocreate == PublicationDisabled:
		bad("there is no publication %s, and Autocreate is disabled: CREATE PUBLICATION %s FOR TABLE …", s.Publication, name)
	case s.Autocreate == PublicationAllTables && !super:
		bad("the publication %s of all tables can be made by a superuser alone: let one CREATE PUBLICATION %s FOR ALL TABLES, or set Autocreate to filtered", s.Publication, name)
	case !create:
		bad("the user may not make the publication %s: GRANT CREATE ON DATABASE %s TO %s", s.Publication, quoteName(s.Database), user)
	}
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

// publish makes the publication, or changes a filtered one to the tables that
// are captured now.
func (s *Source) publish(ctx context.Context, c *catalog, sv *server, tables []tableID) error {
	var list []string
	for _, id := range tables {
		list = append(list, id.quoted())
	}
	name, of := quoteName(s.Publication), strings.Join(list, ", ")
	with := ""
	if s.PartitionRoot {
		with = " WITH (publish_via_partition_root = true)"
	}
	filtered := s.Autocreate == PublicationFiltered
	switch {
	case sv.published && (!filtered || sv.publishAll):
		return nil
	case filtered && of == "":
		return errors.New("no table is captured, of which a publication could be: check Schemas and Tables")
	case sv.published:
		have, _, err := c.value(ctx, "SELECT string_agg(quote_ident(schemaname) || '.' || quote_ident(tablename), ',') FROM pg_catalog.pg_publication_tables WHERE pubname = "+quoteText(s.Publication))
		if err != nil {
			return fmt.Errorf("read the tables of the publication %s: %w", s.Publication, err)
		}
		want, _, err := c.value(ctx, "SELECT string_agg(quote_ident(n) || '.' || quote_ident(t), ',') FROM (VALUES "+values(tables)+") v(n, t)")
		if err != nil {
			return err
		}
		if sameNames(have, want) {
			return nil
		}
		return c.exec(ctx, "ALTER PUBLICATION "+name+" SET TABLE "+of)
	case filtered:
		return c.exec(ctx, "CREATE PUBLICATION "+name+" FOR TABLE "+of+with)
	case s.Autocreate == PublicationNoTables:
		return c.exec(ctx, "CREATE PUBLICATION "+name+with)
	}
	return c.exec(ctx, "CREATE PUBLICATION "+name+" FOR ALL TABLES"+with)
}

// tellUnpublished tells of captured tables whose changes the server does not
// send.
func (s *Source) tellUnpublished(ctx context.Context, c *catalog, tables []tableID) error {
	if len(tables) == 0 {
		return nil
	}
	missing, there, err := c.value(ctx, "SELECT string_agg(quote_ident(n) || '.' || quote_ident(t), ', ') FROM (VALUES "+values(tables)+`) v(n, t)
		WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_publication_tables p WHERE p.pubname = `+quoteText(s.Publication)+" AND p.schemaname = n AND p.tablename = t)")
	if err != nil {
		return fmt.Errorf("read the tables of the publication %s: %w", s.Publication, err)
	}
	if there {
		s.Log.Warn("the publication does not have all captured tables: their changes are not read", "publication", s.Publication, "tables", missing,
			"mend", "ALTER PUBLICATION "+quoteName(s.Publication)+" ADD TABLE "+missing)
	}
	return nil
}

func values(tables []tableID) string {
	var out []string
	for _, id := range tables {
		out = append(out, "("+quoteText(id.schema)+", "+quoteText(id.name)+")")
	}
	return strings.Join(out, ", ")
}

func sameNames(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// resume gives the place to go on from, of a stored one, where the server still
// has everything behind it.
func (sv *server) resume(s *Source, p position) (position, error) {
	sl := sv.slot
	switch {
	case sl == nil:
		return p, fmt.Errorf("%w: there is no slot %s any more, so that changes behind %s may be missed: begin anew with SnapshotWhenNeeded, or without the stored offset", source.ErrOffsetLost, s.Slot, p.LSN)
	case sl.lost:
		return p, fmt.Errorf("%w: the server has removed the log that the slot %s needs (see max_slot_wal_keep_size): "+
			"SELECT pg_drop_replication_slot(%s), and begin anew without the stored offset", source.ErrOffsetLost, s.Slot, quoteText(s.Slot))
	case s.Mismatch == MismatchTrustSlot && sl.confirmed != p.LSN, s.Mismatch == MismatchTrustGreater && sl.confirmed > p.LSN:
		s.Log.Warn("going on at the slot rather than at the stored offset", "slot", s.Slot, "lsn", sl.confirmed.String(), "stored", p.LSN.String())
		return position{LSN: sl.confirmed}, nil
	case sl.confirmed > p.LSN:
		return p, fmt.Errorf("%w: the slot %s is at %s, which is behind the stored offset %s: it was made anew or read by somebody else, and what lies between is missed. "+
			"Begin anew with SnapshotWhenNeeded, or without the stored offset; or set Mismatch to %s", source.ErrOffsetLost, s.Slot, sl.confirmed, p.LSN, MismatchTrustSlot)
	case sv.end < p.LSN:
		return p, fmt.Errorf("%w: the server's log ends at %s, before the stored offset %s: it is another server, or was restored or promoted without its newest changes. "+
			"Begin anew with SnapshotWhenNeeded, or without the stored offset; or set Mismatch to %s", source.ErrOffsetLost, sv.end, p.LSN, MismatchTrustSlot)
	}
	return p, nil
}

// createSlot makes a slot and gives the place where it begins. With export the
// snapshot of that place is kept for as long as nothing else is done on the
// connection.
func (s *Source) createSlot(ctx context.Context, c *catalog, version int, name string, temporary, export bool) (at pgoutput.LSN, snapshot string, err error) {
	sql := "CREATE_REPLICATION_SLOT " + quoteName(name)
	if temporary {
		sql += " TEMPORARY"
	}
	sql += " LOGICAL pgoutput"
	snapshots := map[bool]string{true: "EXPORT_SNAPSHOT", false: "NOEXPORT_SNAPSHOT"}[export]
	if version >= versionFailover {
		snapshots = map[bool]string{true: "(SNAPSHOT 'export'", false: "(SNAPSHOT 'nothing'"}[export] + fmt.Sprintf(", FAILOVER %t)", s.FailoverSlot && !temporary)
	}
	sql += " " + snapshots
	rows, err := c.query(ctx, sql)
	if err != nil {
		return 0, "", fmt.Errorf("make the replication slot %s, which waits for all transactions that are running to end: %w", name, err)
	}
	if len(rows) != 1 || len(rows[0]) < 3 {
		return 0, "", fmt.Errorf("the server gives no answer to %s", sql)
	}
	at, err = pgoutput.ParseLSN(string(rows[0][1]))
	return at, string(rows[0][2]), err
}
