package mysql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace/source"
)

// server is what is known of the server.
type server struct {
	version   string
	mariadb   bool
	gtids     bool // transactions have GTIDs
	login     login
	variables map[string]string
	user      string // as the server knows it, quoted
	grants    []string
}

// inspect asks the server what it is and what the user may do there.
func (s *Source) inspect(ctx context.Context, c *conn) (*server, error) {
	sv := &server{login: c.login, variables: map[string]string{}}
	rows, err := c.query(ctx, "SELECT VERSION(), CURRENT_USER()")
	if err != nil {
		return nil, err
	}
	sv.version = rows[0][0].V
	sv.mariadb = strings.Contains(strings.ToLower(sv.version), "mariadb")
	name, host, _ := strings.Cut(rows[0][1].V, "@")
	sv.user = quoteText(name) + "@" + quoteText(host)
	rows, err = c.query(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin','binlog_format','binlog_row_image','server_id','gtid_mode',"+
		"'binlog_row_metadata','binlog_expire_logs_seconds','character_set_server','collation_server','lower_case_table_names')")
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		sv.variables[strings.ToLower(row[0].V)] = row[1].V
	}
	sv.gtids = sv.mariadb || strings.EqualFold(sv.variables["gtid_mode"], "ON")
	if rows, err = c.query(ctx, "SHOW GRANTS"); err != nil {
		return nil, err
	}
	for _, row := range rows {
		sv.grants = append(sv.grants, row[0].V)
	}
	return sv, nil
}

// globalGrant finds the privileges that hold for everything.
var globalGrant = regexp.MustCompile(`^GRANT (.*) ON \*\.\* TO `)

// may says whether the user has one of the privileges for everything.
func (sv *server) may(privileges ...string) bool {
	for _, grant := range sv.grants {
		m := globalGrant.FindStringSubmatch(grant)
		if m == nil {
			continue
		}
		for p := range strings.SplitSeq(m[1], ",") {
			if p = strings.TrimSpace(p); p == "ALL PRIVILEGES" || slices.Contains(privileges, p) {
				return true
			}
		}
	}
	return false
}

// check says everything that is wrong with the server for what the source is
// to do, with the statement that mends it.
func (sv *server) check(s *Source) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if sv.mariadb != (s.Flavor == MariaDB) {
		other := MariaDB
		if !sv.mariadb {
			other = MySQL
		}
		bad("the server is %s and Flavor is %q: set it to %q", sv.version, s.Flavor, other)
	}
	is := func(variable string, values ...string) bool {
		v, known := sv.variables[variable]
		return !known || slices.ContainsFunc(values, func(w string) bool { return strings.EqualFold(v, w) })
	}
	if !is("log_bin", "ON", "1") {
		bad("the server writes no binary log: start it with --log-bin and a --server-id")
	} else if !is("binlog_format", "ROW") {
		bad("binlog_format is %s, so that the log has statements and not the rows they change: SET GLOBAL binlog_format='ROW', and let clients connect anew", sv.variables["binlog_format"])
	}
	if !is("binlog_row_image", "FULL", "NOBLOB") {
		bad("binlog_row_image is %s, so that the log lacks columns of the rows: SET GLOBAL binlog_row_image='FULL', and let clients connect anew", sv.variables["binlog_row_image"])
	}
	if sv.variables["server_id"] == "0" {
		bad("the server has the server_id 0, with which it serves no replicas: SET GLOBAL server_id=1")
	}
	if n, err := strconv.ParseFloat(sv.variables["binlog_expire_logs_seconds"], 64); err == nil && n > 0 && n < 3600 {
		bad("the server keeps its log for less than an hour (%v s), and a source that was stopped for longer loses changes: SET GLOBAL binlog_expire_logs_seconds=604800", n)
	}
	if s.Snapshot != SnapshotInitialOnly && !sv.may("REPLICATION SLAVE") {
		bad("the user may not read the log: GRANT REPLICATION SLAVE ON *.* TO %s", sv.user)
	}
	if !sv.may("REPLICATION CLIENT", "BINLOG MONITOR", "SUPER") {
		bad("the user may not ask for the position of the log: GRANT REPLICATION CLIENT ON *.* TO %s", sv.user)
	}
	return errors.Join(errs...)
}

// checkCapture says what is wrong for reading rows: a database that is named and
// is not there, tables that may not be read, or not be locked as it is asked for.
func (sv *server) checkCapture(ctx context.Context, c *conn, s *Source, tables []tableID) error {
	var errs []error
	for _, name := range s.Databases.Include {
		if name = strings.TrimSpace(name); regexp.QuoteMeta(name) != name {
			continue // an expression, of which nobody knows what it should match
		}
		there, err := c.query(ctx, "SELECT 1 FROM information_schema.SCHEMATA WHERE LOWER(SCHEMA_NAME) = LOWER("+quoteText(name)+")")
		if err != nil {
			return err
		}
		if len(there) == 0 {
			errs = append(errs, fmt.Errorf("the database %s is not there, or the user may not see it: create it, or GRANT SELECT ON %s.* TO %s",
				name, quoteName(name), sv.user))
		}
	}
	if s.Snapshot == SnapshotNever || s.Snapshot == SnapshotNoData || s.Snapshot == SnapshotRecovery {
		return errors.Join(errs...)
	}
	unreadable, err := sv.unreadable(ctx, c, tables)
	if err != nil {
		return err
	}
	errs = append(errs, unreadable...)
	if s.SnapshotLocking == LockNone && !sv.gtids {
		errs = append(errs, errWithoutGTIDs)
	}
	// Only the server knows for sure, so that a grant of some database is enough
	// for a try.
	locks := s.SnapshotLocking == LockMinimal || s.SnapshotLocking == LockExtended
	if locks && !sv.may("RELOAD", "FLUSH_TABLES") && !slices.ContainsFunc(sv.grants, mayLock) {
		errs = append(errs, fmt.Errorf("the user may not lock the tables for the snapshot: %s", sv.letLock()))
	}
	return errors.Join(errs...)
}

// unreadable are the errors of the tables that the user may not read.
func (sv *server) unreadable(ctx context.Context, c *conn, tables []tableID) (errs []error, err error) {
	if sv.may("SELECT") {
		return nil, nil
	}
	for _, t := range tables {
		switch _, err := c.query(ctx, "SELECT 1 FROM "+t.quoted()+" LIMIT 0"); codeOf(err) {
		case 0:
			if err != nil {
				return nil, err
			}
		case codeTableDenied:
			errs = append(errs, fmt.Errorf("the user may not read %s: GRANT SELECT ON %s.* TO %s", t, quoteName(t.db), sv.user))
		case codeNoSuchTable: // dropped since it was listed
		default:
			return nil, err
		}
	}
	return errs, nil
}

// mayLock says whether a grant lets the user lock tables of some database, or
// take on a role that may.
func mayLock(grant string) bool {
	return strings.Contains(grant, "LOCK TABLES") || strings.HasPrefix(grant, "GRANT ALL PRIVILEGES ON") || strings.HasPrefix(grant, "GRANT `")
}

// letLock says how the user is let lock tables.
func (sv *server) letLock() string {
	return "GRANT RELOAD ON *.* TO " + sv.user + ", or GRANT LOCK TABLES on the captured databases, or set SnapshotLocking to none"
}

var errWithoutGTIDs = errors.New("a snapshot without locks needs GTIDs, which the server has off: set gtid_mode=ON there, or SnapshotLocking to minimal")

// tip reads where the log ends now.
func (sv *server) tip(ctx context.Context, c *conn) (position, error) {
	rows, err := c.query(ctx, "SHOW BINARY LOG STATUS") // since 8.2
	if err != nil && ctx.Err() == nil && codeOf(err) == codeSyntax {
		rows, err = c.query(ctx, "SHOW MASTER STATUS")
	}
	if err != nil {
		return position{}, err
	}
	if len(rows) == 0 || len(rows[0]) < 4 {
		return position{}, errors.New("the server writes no binary log: start it with --log-bin")
	}
	p := position{File: rows[0][0].V}
	if _, err := fmt.Sscan(rows[0][1].V, &p.Pos); err != nil {
		return position{}, fmt.Errorf("the server says that its log ends at %q, which is no position", rows[0][1].V)
	}
	switch {
	case sv.mariadb:
		if rows, err = c.query(ctx, "SELECT @@GLOBAL.gtid_binlog_pos"); err != nil {
			return position{}, err
		}
		p.GTIDs = rows[0][0].V
	case len(rows[0]) > 4:
		p.GTIDs = strings.ReplaceAll(rows[0][4].V, "\n", "")
	}
	return p, nil
}

const codeSyntax = 1064

// logs are the files of the log that the server has, the oldest first.
func (sv *server) logs(ctx context.Context, c *conn) ([]string, error) {
	rows, err := c.query(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return nil, err
	}
	files := make([]string, len(rows))
	for i := range rows {
		files[i] = rows[i][0].V
	}
	return files, nil
}

// has says whether the server still has the log from a position on; where it
// has not, the error wraps source.ErrOffsetLost and says what is left.
func (sv *server) has(ctx context.Context, c *conn, p position) error {
	files, err := sv.logs(ctx, c)
	if err != nil {
		return err
	}
	left := "no log at all"
	if len(files) > 0 {
		left = "the files " + files[0] + " to " + files[len(files)-1]
	}
	if p.GTIDs == "" || !sv.gtids {
		if !slices.Contains(files, p.File) {
			return fmt.Errorf("%w: it is %s:%d, and the server has %s: begin anew with a snapshot, or restore the log", source.ErrOffsetLost, p.File, p.Pos, left)
		}
		return nil
	}
	if sv.mariadb {
		return nil // the server itself says so when it is asked for the log
	}
	set := quoteText(p.GTIDs)
	rows, err := c.query(ctx, "SELECT GTID_SUBTRACT(@@GLOBAL.gtid_purged, "+set+"), GTID_SUBTRACT("+set+", @@GLOBAL.gtid_executed), @@GLOBAL.gtid_executed")
	if err != nil {
		return err
	}
	if missing := strings.ReplaceAll(rows[0][0].V, "\n", ""); missing != "" {
		return fmt.Errorf("%w: it is behind %s, and the server has purged the transactions %s, so that it has %s: begin anew with a snapshot, or restore the log",
			source.ErrOffsetLost, p.GTIDs, missing, left)
	}
	if unknown := strings.ReplaceAll(rows[0][1].V, "\n", ""); unknown != "" {
		return fmt.Errorf("%w: it is behind %s, of which the server has never executed %s; it has executed %s, and has %s: it is another server, or was restored from a backup: begin anew with a snapshot",
			source.ErrOffsetLost, p.GTIDs, unknown, strings.ReplaceAll(rows[0][2].V, "\n", ""), left)
	}
	return nil
}
