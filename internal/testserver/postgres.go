package testserver

import (
	"database/sql"
	"net/url"
	"syscall"
	"testing"
)

// PostgresServer is a PostgreSQL server as one test sees it.
type PostgresServer struct {
	Addr     string // host:port
	User     string // a superuser
	Password string

	lifecycle
	url *url.URL
	db  *sql.DB
}

// Postgres18 returns the PostgreSQL 18 that all tests share. Its wal_level is logical, and it has the extension vector.
func Postgres18(t testing.TB) *PostgresServer {
	t.Helper()
	return newPostgresServer(t, sharedURL(t, postgres18Kind()), nil)
}

// StartPostgres18 is StartPostgres of PostgreSQL 18.
func StartPostgres18(t testing.TB, options ...string) *PostgresServer {
	t.Helper()
	p := start(t, postgres18Kind(), options)
	return newPostgresServer(t, p.URL, p)
}

// StartPostgres18Standby starts a physical standby of a server of PostgreSQL 18, which keeps its log for it in a slot of the
// name. It follows its primary until Promote.
func StartPostgres18Standby(t testing.TB, primary *PostgresServer, slot string, options ...string) *PostgresServer {
	t.Helper()
	p := start(t, standbyKind(primary, slot), options)
	return newPostgresServer(t, p.URL, p)
}

// Postgres returns the PostgreSQL server that all tests share. Its wal_level is logical.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	return newPostgresServer(t, sharedURL(t, postgresKind()), nil)
}

// StartPostgres starts a PostgreSQL server for this test alone. The options are settings, as in "wal_level=replica"; they
// override those of the shared server, which hold otherwise.
func StartPostgres(t testing.TB, options ...string) *PostgresServer {
	t.Helper()
	p := start(t, postgresKind(), options)
	return newPostgresServer(t, p.URL, p)
}

func newPostgresServer(t testing.TB, rawURL string, p *Process) *PostgresServer {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil || u.User == nil || u.Port() == "" {
		t.Fatalf("the address of the server is not of the form postgres://user:password@host:port/database: %v", err)
	}
	s := &PostgresServer{Addr: u.Host, User: u.User.Username(), lifecycle: lifecycle{p}, url: u}
	s.Password, _ = u.User.Password()
	s.db = openDB(t, "pgx", rawURL)
	return s
}

// Promote makes a standby a server of its own, which takes changes.
func (s *PostgresServer) Promote(t testing.TB) {
	t.Helper()
	execute(t, s.db, []string{"SELECT pg_promote()"})
}

// StopAtOnce ends the server in PostgreSQL's immediate mode: it says goodbye to nobody, and recovers at the next start.
func (s *PostgresServer) StopAtOnce(t testing.TB) {
	t.Helper()
	s.own(t)
	if err := s.process.interrupt(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// URL returns the connection string of a database.
func (s *PostgresServer) URL(database string) string {
	u := *s.url
	u.Path = "/" + database
	return u.String()
}

// DB returns connections to a database, which are closed at the end of the test.
func (s *PostgresServer) DB(t testing.TB, database string) *sql.DB {
	t.Helper()
	return openDB(t, "pgx", s.URL(database))
}

// Database makes a database of a new name. At the end of the test it is dropped, with the replication slots that are left in it.
func (s *PostgresServer) Database(t testing.TB) string {
	t.Helper()
	name := uniqueName(t)
	execute(t, s.db, []string{"CREATE DATABASE " + name})
	if s.process == nil {
		t.Cleanup(func() { s.drop(t, name) })
	}
	return name
}

func (s *PostgresServer) drop(t testing.TB, database string) {
	t.Helper()
	execute(t, s.db, []string{
		// A backend that was told to end holds its slot a moment longer, hence the wait of up to 10 s for each.
		"SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots WHERE database = '" + database + "' AND active",
		"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '" + database + "'",
		"DROP DATABASE IF EXISTS " + database + " WITH (FORCE)",
	})
}

// Exec executes statements in order on one connection to a database, so that a SET holds for those after it.
func (s *PostgresServer) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", s.URL(database))
	if err != nil {
		t.Fatalf("connect to %s on %s: %v", database, s.Addr, err)
	}
	defer db.Close()
	execute(t, db, statements)
}
