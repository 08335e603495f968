package testserver

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// mariadbKind is the MariaDB of this machine's own Debian release.
func mariadbKind() Kind {
	return Kind{
		Name:  "mariadb",
		Env:   "TAILRACE_MARIADB",
		needs: []need{{mariadbd, "mariadb-server"}, {mariadbInstallDB, "mariadb-server"}},
		start: startMariaDB,
	}
}

const (
	mariadbd         = "/usr/sbin/mariadbd"
	mariadbInstallDB = "/usr/bin/mariadb-install-db"
)

func startMariaDB(ctx context.Context, s *Site, options []string) (*Process, error) {
	version, err := versionOf(ctx, "", mariadbd)
	if err != nil {
		return nil, err
	}
	initialised, err := s.cache.Dir(ctx, "mariadb/data-"+version, func(dir string) error {
		return s.initMariaDB(ctx, dir)
	})
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, os.TempDir(), "mariadb")
	if err != nil {
		return nil, err
	}
	p := &Process{Name: "mariadb", dir: dir, attr: unprivileged(""), stop: syscall.SIGTERM, release: release}
	p.serveMySQL("mariadb", port)
	p.argv = slices.Concat([]string{mariadbd, "--no-defaults",
		"--datadir=" + dir + "/data",
		"--socket=socket",
		"--pid-file=" + dir + "/pid",
		"--tmpdir=" + dir,
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

// initMariaDB fills dir with the data of a new server.
func (s *Site) initMariaDB(ctx context.Context, dir string) error {
	return s.log.During("mariadb", "initialise data", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, os.TempDir(), "mariadb-init")
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
		if err := runUnprivileged(ctx, output, "", mariadbInstallDB, "--no-defaults", "--datadir="+run+"/data",
			"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
			"--extra-file="+run+"/root.sql"); err != nil {
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
