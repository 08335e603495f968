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
	version    int   // such as 150004
	slot       *slot // nil where it is not there
	published  bool  // the publication is there
	publishAll bool  // it is of all tables
}

// slot is what the server says of the replication slot.
type slot struct {
	plugin    string
	database  string
	confirmed pgoutput.LSN
	lost      bool // the server has removed the log that it needs
	holder    string
}

// inspect reads what has to be known of the server.
func (s *Source) inspect(ctx context.Context, c *catalog) (*server, error) {
	v, _, err := c.value(ctx, "SHOW server_version_num")
	if err != nil {
		return nil, fmt.Errorf("ask the server's version: %w", err)
	}
	sv := &server{}
	if sv.version, err = strconv.Atoi(v); err != nil {
		return nil, fmt.Errorf("the server says that its version is %q", v)
	}
	if sv.slot, err = s.readSlot(ctx, c); err != nil {
		return nil, err
	}
	all, there, err := c.value(ctx, "SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = "+quoteText(s.Publication))
	if err != nil {
		return nil, fmt.Errorf("look for the publication %s: %w", s.Publication, err)
	}
	sv.published, sv.publishAll = there, all == "t"
	return sv, nil
}

func (s *Source) readSlot(ctx context.Context, c *catalog) (*slot, error) {
	rows, err := c.query(ctx, `SELECT s.plugin, s.database, s.confirmed_flush_lsn, s.wal_status = 'lost', s.active_pid, a.usename, a.application_name, a.client_addr
		FROM pg_catalog.pg_replication_slots s LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = `+quoteText(s.Slot))
	if err != nil {
		return nil, fmt.Errorf("look for the slot %s: %w", s.Slot, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	row := rows[0]
	out := &slot{plugin: string(row[0]), database: string(row[1]), lost: string(row[3]) == "t"}
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
	if sv.version < 130000 {
		bad("the server has the version %d: 13 or newer is needed", sv.version/10000)
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
	if !sv.published {
		s.checkPublishing(bad, string(row[6]) == "t", string(row[8]) == "t", user)
	}
	if s.Snapshot != SnapshotNoData {
		if err := s.checkReading(ctx, c, tables, bad, user); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
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

// serves says whether the slot still has everything behind the position.
func (sv *server) serves(s *Source, p position) error {
	switch sl := sv.slot; {
	case sl == nil:
		return fmt.Errorf("%w: there is no slot %s any more, so that changes behind %s may be missed: begin anew with SnapshotWhenNeeded, or without the stored offset", source.ErrOffsetLost, s.Slot, p.LSN)
	case sl.lost:
		return fmt.Errorf("%w: the server has removed the log that the slot %s needs (see max_slot_wal_keep_size): "+
			"SELECT pg_drop_replication_slot(%s), and begin anew without the stored offset", source.ErrOffsetLost, s.Slot, quoteText(s.Slot))
	case sl.confirmed > p.LSN:
		return fmt.Errorf("%w: the slot %s is at %s, which is behind the stored offset %s: it was made anew or read by somebody else, and what lies between is missed. "+
			"Begin anew with SnapshotWhenNeeded, or without the stored offset", source.ErrOffsetLost, s.Slot, sl.confirmed, p.LSN)
	}
	return nil
}

// createSlot makes a slot and gives the place where it begins. With export the
// snapshot of that place is kept for as long as nothing else is done on the
// connection.
func createSlot(ctx context.Context, c *catalog, name string, temporary, export bool) (at pgoutput.LSN, snapshot string, err error) {
	sql := "CREATE_REPLICATION_SLOT " + quoteName(name)
	if temporary {
		sql += " TEMPORARY"
	}
	sql += " LOGICAL pgoutput"
	if export {
		sql += " EXPORT_SNAPSHOT"
	} else {
		sql += " NOEXPORT_SNAPSHOT"
	}
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
