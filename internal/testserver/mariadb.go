package testserver

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// mariadbHome is where the programs of one MariaDB are.
type mariadbHome struct {
	name string // of the kind
	root string // the root directory that the programs see; "" for the machine's own
}

const (
	mariadbd         = "/usr/sbin/mariadbd"
	mariadbInstallDB = "/usr/bin/mariadb-install-db"
)

// mariadbKind is the MariaDB of this machine's own Debian release.
func mariadbKind() Kind {
	return Kind{
		Name:  "mariadb",
		Env:   "TAILRACE_MARIADB",
		needs: []need{{mariadbd, "mariadb-server"}, {mariadbInstallDB, "mariadb-server"}},
		start: func(ctx context.Context, s *Site, options []string) (*Process, error) {
			return s.newMariaDB(ctx, mariadbHome{name: "mariadb"}, options)
		},
	}
}

// mariadb11Kind is MariaDB 11 of Debian's unstable release. Its root directory is its own: it and MySQL displace each other.
func mariadb11Kind() Kind {
	return Kind{
		Name:  "mariadb11",
		Env:   "TAILRACE_MARIADB11",
		needs: []need{{"debootstrap", "debootstrap"}},
		start: func(ctx context.Context, s *Site, options []string) (*Process, error) {
			home, err := s.mariadb11(ctx)
			if err != nil {
				return nil, err
			}
			return s.newMariaDB(ctx, home, options)
		},
	}
}

// mariadb11 brings MariaDB 11, with the plugins of its server package. That is unpacked and not installed: it wants a system
// with users and services of its own.
func (s *Site) mariadb11(ctx context.Context) (mariadbHome, error) {
	home := mariadbHome{name: "mariadb11"}
	var err error
	home.root, err = s.cache.Dir(ctx, "mariadb11/system", func(dir string) error {
		if err := s.debootstrap(ctx, home.name, dir, "mariadb-server-core"); err != nil {
			return err
		}
		return s.unpack(ctx, home.name, dir, "mariadb-server")
	})
	return home, err
}

func (s *Site) newMariaDB(ctx context.Context, home mariadbHome, options []string) (*Process, error) {
	version, err := versionOf(ctx, home.root, mariadbd)
	if err != nil {
		return nil, err
	}
	initialised, err := s.cache.Dir(ctx, home.name+"/data-"+version, func(dir string) error {
		return s.initMariaDB(ctx, home, dir)
	})
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, home.temp(), home.name)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: home.name, dir: dir, attr: unprivileged(home.root), stop: syscall.SIGTERM, release: release}
	p.serveMySQL("mariadb", port)
	inside := home.inside(dir)
	p.argv = slices.Concat([]string{mariadbd, "--no-defaults",
		"--datadir=" + inside + "/data",
		"--socket=socket",
		"--pid-file=" + inside + "/pid",
		"--tmpdir=" + inside,
		"--bind-address=127.0.0.1",
		"--port=" + strconv.Itoa(port),
		"--skip-name-resolve",
		"--server-id=1",
		"--log-bin=binlog",
		"--binlog-format=ROW",
		"--character-set-server=utf8mb4",
		"--max-allowed-packet=1G",
		"--max-connections=500",
		"--log-bin-trust-function-creators=ON",
		"--default-time-zone=+00:00",
		// What a crash of the machine would lose does not matter here.
		"--sync-binlog=0",
		"--innodb-flush-log-at-trx-commit=2",
		"--innodb-doublewrite=OFF",
	}, options)
	if err := errors.Join(copyData(filepath.Join(dir, "data"), initialised), own(dir)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// temp is where the data of servers is.
func (h mariadbHome) temp() string {
	if h.root == "" {
		return os.TempDir()
	}
	return filepath.Join(h.root, "srv")
}

// inside is a path as the programs see it.
func (h mariadbHome) inside(path string) string { return strings.TrimPrefix(path, h.root) }

// initMariaDB fills dir with the data of a new server.
func (s *Site) initMariaDB(ctx context.Context, home mariadbHome, dir string) error {
	return s.log.During(home.name, "initialise data", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, home.temp(), home.name+"-init")
		if err != nil {
			return err
		}
		defer release()
		defer os.RemoveAll(run)
		if err := os.WriteFile(filepath.Join(run, "root.sql"), []byte("DELETE FROM mysql.global_priv WHERE User IN ('', 'root');\nFLUSH PRIVILEGES;\n"+rootByPassword), 0o644); err != nil {
			return err
		}
		if err := own(run); err != nil {
			return err
		}
		inside := home.inside(run)
		if err := runUnprivileged(ctx, output, home.root, mariadbInstallDB, "--no-defaults", "--datadir="+inside+"/data",
			"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--force",
			"--extra-file="+inside+"/root.sql"); err != nil {
			return err
		}
		return os.CopyFS(dir, os.DirFS(filepath.Join(run, "data")))
	})
}

// MariaDB returns the MariaDB server that all tests share. Its binlog holds full row images.
func MariaDB(t testing.TB) *MySQLServer {
	t.Helper()
	return newMySQLServer(t, sharedURL(t, mariadbKind()), nil)
}

// StartMariaDB starts a MariaDB server for this test alone. The options are mariadbd's, as in "--gtid-strict-mode=ON"; they
// override those of the shared server, which hold otherwise.
func StartMariaDB(t testing.TB, options ...string) *MySQLServer {
	t.Helper()
	p := start(t, mariadbKind(), options)
	return newMySQLServer(t, p.URL, p)
}

// MariaDB11 returns the MariaDB 11 that all tests share. Its binlog holds full row images.
func MariaDB11(t testing.TB) *MySQLServer {
	t.Helper()
	return newMySQLServer(t, sharedURL(t, mariadb11Kind()), nil)
}

// StartMariaDB11 is StartMariaDB of MariaDB 11.
func StartMariaDB11(t testing.TB, options ...string) *MySQLServer {
	t.Helper()
	p := start(t, mariadb11Kind(), options)
	return newMySQLServer(t, p.URL, p)
}
