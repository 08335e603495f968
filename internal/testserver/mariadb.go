package testserver

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
)

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
			return s.newMariaDB(ctx, home{name: "mariadb"}, options)
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
			h, err := s.mariadb11(ctx)
			if err != nil {
				return nil, err
			}
			return s.newMariaDB(ctx, h, options)
		},
	}
}

// mariadb11 brings MariaDB 11, with the plugins of its server package. That is unpacked and not installed: it wants a system
// with users and services of its own.
func (s *Site) mariadb11(ctx context.Context) (home, error) {
	h := home{name: "mariadb11"}
	var err error
	h.root, err = s.cache.Dir(ctx, "mariadb11/system", func(dir string) error {
		if err := s.debootstrap(ctx, h.name, dir, "mariadb-server-core"); err != nil {
			return err
		}
		return s.unpack(ctx, h.name, dir, "mariadb-server")
	})
	return h, err
}

func (s *Site) newMariaDB(ctx context.Context, h home, options []string) (*Process, error) {
	version, err := versionOf(ctx, h.root, mariadbd)
	if err != nil {
		return nil, err
	}
	initialised, err := s.cache.Dir(ctx, h.name+"/data-"+version, func(dir string) error {
		return s.initMariaDB(ctx, h, dir)
	})
	if err != nil {
		return nil, err
	}
	return s.newMySQL(ctx, h, "mariadb", mariadbd, initialised, func(inside string) []string {
		return append([]string{"--socket=socket", "--tmpdir=" + inside, "--character-set-server=utf8mb4"}, options...)
	})
}

// initMariaDB fills dir with the data of a new server.
func (s *Site) initMariaDB(ctx context.Context, h home, dir string) error {
	return s.log.During(h.name, "initialise data", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, h.temp(), h.name+"-init")
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
		inside := h.inside(run)
		if err := runUnprivileged(ctx, output, h.root, mariadbInstallDB, "--no-defaults", "--datadir="+inside+"/data",
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
