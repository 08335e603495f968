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
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// password is that of the administrator of every server that has one.
const password = "tailrace"

// rootByPassword makes the root of MySQL and MariaDB one that comes from anywhere.
const rootByPassword = `CREATE USER 'root'@'%' IDENTIFIED BY '` + password + `';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
`

// mysqlKind is MySQL of Debian's unstable release, since the stable ones have none. It runs in a root directory of its own.
func mysqlKind() Kind {
	return Kind{
		Name:  "mysql",
		Env:   "TAILRACE_MYSQL",
		needs: []need{{"debootstrap", "debootstrap"}},
		start: startMySQL,
	}
}

func startMySQL(ctx context.Context, s *Site, options []string) (*Process, error) {
	system, err := s.unstable(ctx)
	if err != nil {
		return nil, err
	}
	h := home{name: "mysql", root: system}
	initialised, err := s.cache.Dir(ctx, "mysql/data", func(dir string) error {
		return s.initMySQL(ctx, h, dir)
	})
	if err != nil {
		return nil, err
	}
	return s.newMySQL(ctx, h, "mysql", mysqld, initialised, func(inside string) []string {
		return append([]string{
			"--socket=" + inside + "/socket",
			"--mysqlx=0",
			"--secure-file-priv=",
			"--gtid-mode=ON",
			"--enforce-gtid-consistency=ON",
			"--local-infile=ON",
		}, options...)
	})
}

const mysqld = "/usr/sbin/mysqld"

// newMySQL prepares a server of MySQL or MariaDB, whose data is copied from what was initialised. The options beside those that
// both have are given for the directory of the server as the program sees it.
func (s *Site) newMySQL(ctx context.Context, h home, scheme, program, initialised string, options func(inside string) []string) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, h.temp(), h.name)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: h.name, dir: dir, attr: unprivileged(h.root), stop: syscall.SIGTERM, release: release}
	p.serveMySQL(scheme, port)
	inside := h.inside(dir)
	p.argv = slices.Concat([]string{program, "--no-defaults",
		"--datadir=" + inside + "/data",
		"--pid-file=" + inside + "/pid",
		"--bind-address=127.0.0.1",
		"--port=" + strconv.Itoa(port),
		"--skip-name-resolve",
		"--server-id=1",
		"--log-bin=binlog",
		"--binlog-format=ROW",
		"--max-allowed-packet=1G",
		"--max-connections=500",
		"--log-bin-trust-function-creators=ON",
		"--default-time-zone=+00:00",
		// What a crash of the machine would lose does not matter here.
		"--sync-binlog=0",
		"--innodb-flush-log-at-trx-commit=2",
		"--innodb-doublewrite=OFF",
	}, options(inside))
	if err := errors.Join(copyData(filepath.Join(dir, "data"), initialised), own(dir)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// initMySQL fills dir with the data of a new server.
func (s *Site) initMySQL(ctx context.Context, h home, dir string) error {
	return s.log.During(h.name, "initialise data", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, h.temp(), h.name+"-init")
		if err != nil {
			return err
		}
		defer release()
		defer os.RemoveAll(run)
		if err := os.WriteFile(filepath.Join(run, "root.sql"), []byte("DROP USER 'root'@'localhost';\n"+rootByPassword), 0o644); err != nil {
			return err
		}
		if err := own(run); err != nil {
			return err
		}
		inside := h.inside(run)
		if err := runUnprivileged(ctx, output, h.root, mysqld, "--no-defaults", "--initialize-insecure",
			"--datadir="+inside+"/data", "--init-file="+inside+"/root.sql", "--innodb-redo-log-capacity=8M"); err != nil {
			return err
		}
		// The file holds the server's identity: each server is to make its own.
		if err := os.Remove(filepath.Join(run, "data", "auto.cnf")); err != nil {
			return err
		}
		return os.CopyFS(dir, os.DirFS(filepath.Join(run, "data")))
	})
}

// unstable brings a root directory with Debian's unstable release and MySQL.
func (s *Site) unstable(ctx context.Context) (system string, err error) {
	return s.cache.Dir(ctx, "mysql/system", func(dir string) error {
		return s.debootstrap(ctx, "mysql", dir, "mysql-server-core")
	})
}

// debootstrap fills dir with Debian's unstable release, as small as it goes, and the package.
func (s *Site) debootstrap(ctx context.Context, name, dir, pkg string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("bring %s: only root can run debootstrap; run this as root, or start a server yourself and name it by its environment variable", name)
	}
	return s.log.During(name, "bring "+pkg+" by debootstrap (about 500 MB, once)", func(output io.Writer) error {
		mirror, err := s.debianMirror(ctx, output)
		if err != nil {
			return err
		}
		cmd := command(ctx, output, &syscall.SysProcAttr{}, "debootstrap", "--variant=minbase", "--include="+pkg, "sid", dir, mirror)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("debootstrap from %s: %w", mirror, err)
		}
		return os.RemoveAll(filepath.Join(dir, "var/cache/apt/archives"))
	})
}

// serveMySQL sets what depends on the port of a server that speaks MySQL's protocol.
func (p *Process) serveMySQL(scheme string, port int) {
	p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p.URL = (&url.URL{Scheme: scheme, User: url.UserPassword("root", password), Host: p.Addr}).String()
	dsn := mysqlDSN(p.Addr, "root", password, "")
	p.ready = func(ctx context.Context) error {
		db, err := sql.Open("mysql", dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		return db.PingContext(ctx)
	}
}

func mysqlDSN(addr, user, password, database string) string {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", addr
	config.User, config.Passwd = user, password
	config.DBName = database
	config.Logger = &mysql.NopLogger{}
	return config.FormatDSN()
}

// MySQLServer is a MySQL or MariaDB server as one test sees it.
type MySQLServer struct {
	Addr     string // host:port
	User     string // may do everything
	Password string

	lifecycle
	db *sql.DB
}

// MySQL returns the MySQL server that all tests share. Its binlog holds full row images and GTIDs.
func MySQL(t testing.TB) *MySQLServer {
	t.Helper()
	return newMySQLServer(t, sharedURL(t, mysqlKind()), nil)
}

// StartMySQL starts a MySQL server for this test alone. The options are mysqld's, as in "--gtid-mode=OFF"; they override those
// of the shared server, which hold otherwise.
func StartMySQL(t testing.TB, options ...string) *MySQLServer {
	t.Helper()
	p := start(t, mysqlKind(), options)
	return newMySQLServer(t, p.URL, p)
}

func newMySQLServer(t testing.TB, rawURL string, p *Process) *MySQLServer {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil || u.User == nil || u.Port() == "" {
		t.Fatalf("the address of the server is not of the form mysql://user:password@host:port: %v", err)
	}
	s := &MySQLServer{Addr: u.Host, User: u.User.Username(), lifecycle: lifecycle{p}}
	s.Password, _ = u.User.Password()
	s.db = s.DB(t, "")
	return s
}

// DSN returns the data source name of a database, or of none, for the driver of github.com/go-sql-driver/mysql.
func (s *MySQLServer) DSN(database string) string {
	return mysqlDSN(s.Addr, s.User, s.Password, database)
}

// DB returns connections to a database, or to none, which are closed at the end of the test.
func (s *MySQLServer) DB(t testing.TB, database string) *sql.DB {
	t.Helper()
	return openDB(t, "mysql", s.DSN(database))
}

// Database makes a database of a new name, which is dropped at the end of the test.
func (s *MySQLServer) Database(t testing.TB) string {
	t.Helper()
	name := uniqueName(t)
	s.Exec(t, "CREATE DATABASE "+name)
	if s.process == nil {
		t.Cleanup(func() { s.Exec(t, "DROP DATABASE IF EXISTS "+name) })
	}
	return name
}

// Exec executes statements in order on one connection, so that a USE or a SET holds for those after it.
func (s *MySQLServer) Exec(t testing.TB, statements ...string) {
	t.Helper()
	execute(t, s.db, statements)
}
