package testserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of database/sql
)

// postgresPrograms is where Debian puts the programs of each major version.
const postgresPrograms = "/usr/lib/postgresql/*/bin"

// postgresKind is the PostgreSQL of this machine's own Debian release.
func postgresKind() Kind {
	return Kind{
		Name:  "postgres",
		Env:   "TAILRACE_POSTGRES",
		needs: []need{{postgresPrograms + "/postgres", "postgresql"}},
		start: startPostgres,
	}
}

func startPostgres(ctx context.Context, s *Site, options []string) (*Process, error) {
	found, _ := filepath.Glob(postgresPrograms)
	if len(found) == 0 {
		return nil, fmt.Errorf("start postgres: there is no %s", postgresPrograms)
	}
	programs := found[len(found)-1]
	version, err := versionOf(ctx, programs+"/postgres")
	if err != nil {
		return nil, err
	}
	initialised, err := s.cache.Dir(ctx, "postgres/data-"+version, func(dir string) error {
		return s.initPostgres(ctx, programs, dir)
	})
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, os.TempDir(), "postgres")
	if err != nil {
		return nil, err
	}
	p := &Process{Name: "postgres", dir: dir, attr: unprivileged(""), stop: syscall.SIGINT, release: release}
	p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p.URL = (&url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", password), Host: p.Addr,
		Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()
	p.ready = func(ctx context.Context) error {
		db, err := sql.Open("pgx", p.URL)
		if err != nil {
			return err
		}
		defer db.Close()
		return db.PingContext(ctx)
	}
	p.argv = []string{programs + "/postgres", "-D", dir + "/data"}
	for _, option := range append([]string{
		"unix_socket_directories=",
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(port),
		"wal_level=logical",
		"max_connections=300",
		"max_replication_slots=200",
		"max_wal_senders=200",
		"max_prepared_transactions=50",
		"timezone=UTC",
		// What a crash of the machine would lose does not matter here.
		"fsync=off",
		"full_page_writes=off",
	}, options...) {
		p.argv = append(p.argv, "-c", option)
	}
	if err := errors.Join(copyData(filepath.Join(dir, "data"), initialised), own(dir)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// initPostgres fills dir with the data of a new server.
func (s *Site) initPostgres(ctx context.Context, programs, dir string) error {
	return s.log.During("postgres", "initialise data", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, os.TempDir(), "postgres-init")
		if err != nil {
			return err
		}
		defer release()
		defer os.RemoveAll(run)
		if err := os.WriteFile(filepath.Join(run, "password"), []byte(password+"\n"), 0o644); err != nil {
			return err
		}
		if err := own(run); err != nil {
			return err
		}
		if err := runUnprivileged(ctx, output, "", programs+"/initdb", "--pgdata="+run+"/data", "--username=postgres",
			"--pwfile="+run+"/password", "--auth-host=scram-sha-256", "--auth-local=trust",
			"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
			return err
		}
		return os.CopyFS(dir, os.DirFS(filepath.Join(run, "data")))
	})
}

// PostgresServer is a PostgreSQL server as one test sees it.
type PostgresServer struct {
	Addr     string // host:port
	User     string // a superuser
	Password string

	lifecycle
	url *url.URL
	db  *sql.DB
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
