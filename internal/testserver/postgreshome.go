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
	"strings"
	"syscall"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of database/sql
)

// postgresPrograms is where Debian puts the programs of each major version.
const postgresPrograms = "/usr/lib/postgresql/*/bin"

// postgresHome is where the programs of one PostgreSQL are.
type postgresHome struct {
	home
	programs string // their directory, as seen from the root
}

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
	home := postgresHome{home: home{name: "postgres"}, programs: found[len(found)-1]}
	return s.newPostgres(ctx, home, s.initialised(home), options)
}

// postgres18Kind is PostgreSQL 18 of Debian's unstable release. It shares the root directory of MySQL.
func postgres18Kind() Kind {
	return Kind{
		Name:  "postgres18",
		Env:   "TAILRACE_POSTGRES18",
		needs: []need{{"debootstrap", "debootstrap"}},
		start: func(ctx context.Context, s *Site, options []string) (*Process, error) {
			home, err := s.postgres18(ctx)
			if err != nil {
				return nil, err
			}
			return s.newPostgres(ctx, home, s.initialised(home), options)
		},
	}
}

// standbyKind is a physical standby of a PostgreSQL 18 that serves at the address.
func standbyKind(primary *PostgresServer, slot string) Kind {
	return Kind{
		Name:  "postgres18 standby",
		needs: postgres18Kind().needs,
		start: func(ctx context.Context, s *Site, options []string) (*Process, error) {
			home, err := s.postgres18(ctx)
			if err != nil {
				return nil, err
			}
			return s.newPostgres(ctx, home, s.backup(home, primary, slot), options)
		},
	}
}

// postgres18 brings PostgreSQL 18, with pgvector. Its packages are unpacked and not installed: their scripts want a system with
// users and services of its own, and more packages than the programs need.
func (s *Site) postgres18(ctx context.Context) (postgresHome, error) {
	system, err := s.unstable(ctx)
	if err != nil {
		return postgresHome{}, err
	}
	home := postgresHome{home: home{name: "postgres18", root: system}, programs: "/usr/lib/postgresql/18/bin"}
	// The entry says that all of them were unpacked, in this system.
	_, err = s.cache.Dir(ctx, strings.TrimPrefix(system, s.cache.root)+"/srv/postgresql-18", func(string) error {
		return s.unpack(ctx, "postgres18", system, "postgresql-18", "postgresql-18-pgvector")
	})
	return home, err
}

// unpack brings Debian packages, and those that they depend on, into a root directory made by debootstrap.
func (s *Site) unpack(ctx context.Context, name, system string, packages ...string) error {
	list := strings.Join(packages, " ")
	return s.log.During(name, "bring "+list, func(output io.Writer) error {
		mirror, err := s.debianMirror(ctx, output)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(system, "etc/apt/sources.list"), []byte("deb "+mirror+" sid main\n"), 0o644); err != nil {
			return err
		}
		if resolver, err := os.ReadFile("/etc/resolv.conf"); err == nil {
			if err := os.WriteFile(filepath.Join(system, "etc/resolv.conf"), resolver, 0o644); err != nil {
				return err
			}
		}
		// Like debootstrap, it takes a mirror that is behind.
		script := `set -e
apt-get -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false update
apt-get install -y --no-install-recommends --download-only "$@"
for deb in /var/cache/apt/archives/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C /; done
ldconfig
apt-get clean
rm -rf /var/lib/apt/lists/*`
		argv := append([]string{"/bin/bash", "-o", "pipefail", "-c", script, "unpack"}, packages...)
		cmd := command(ctx, output, &syscall.SysProcAttr{Chroot: system}, argv...)
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("unpack %s from %s: %w", list, mirror, err)
		}
		return nil
	})
}

// newPostgres prepares a server, whose data is made by fill.
func (s *Site) newPostgres(ctx context.Context, home postgresHome, fill func(ctx context.Context, dir string) error, options []string) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, release, err := s.runDir(ctx, home.temp(), home.name)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: home.name, dir: dir, attr: unprivileged(home.root), stop: syscall.SIGINT, release: release}
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
	p.argv = []string{home.programs + "/postgres", "-D", home.inside(dir) + "/data"}
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
		"dynamic_shared_memory_type=mmap", // a root directory of debootstrap has no shared memory
		"ssl_cert_file=" + serverCertificate,
		"ssl_key_file=" + serverKey,
		"ssl_ca_file=" + authority,
		// What a crash of the machine would lose does not matter here.
		"fsync=off",
		"full_page_writes=off",
	}, options...) {
		p.argv = append(p.argv, "-c", option)
	}
	data := filepath.Join(dir, "data")
	if err := errors.Join(own(dir), fill(ctx, data), certify(data), allowCertified(filepath.Join(data, "pg_hba.conf")), own(dir)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// initialised gives what makes the data of a new server.
func (s *Site) initialised(home postgresHome) func(context.Context, string) error {
	return func(ctx context.Context, data string) error {
		version, err := versionOf(ctx, home.root, home.programs+"/postgres")
		if err != nil {
			return err
		}
		from, err := s.cache.Dir(ctx, home.name+"/data-"+version, func(dir string) error {
			return s.initPostgres(ctx, home, dir)
		})
		if err != nil {
			return err
		}
		return copyData(data, from)
	}
}

// initPostgres fills dir with the data of a new server.
func (s *Site) initPostgres(ctx context.Context, home postgresHome, dir string) error {
	return s.log.During(home.name, "initialise data", func(output io.Writer) error {
		run, release, err := s.runDir(ctx, home.temp(), home.name+"-init")
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
		inside := home.inside(run)
		if err := runUnprivileged(ctx, output, home.root, home.programs+"/initdb", "--pgdata="+inside+"/data", "--username=postgres",
			"--pwfile="+inside+"/password", "--auth-host=scram-sha-256", "--auth-local=trust",
			"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
			return err
		}
		return os.CopyFS(dir, os.DirFS(filepath.Join(run, "data")))
	})
}

// backup gives what makes the data of a standby, whose primary keeps its log for it in a slot.
func (s *Site) backup(home postgresHome, primary *PostgresServer, slot string) func(context.Context, string) error {
	return func(ctx context.Context, data string) error {
		return s.log.During("postgres18", "copy the data of the server on "+primary.Addr, func(output io.Writer) error {
			return runUnprivileged(ctx, output, home.root, home.programs+"/pg_basebackup", "--pgdata="+home.inside(data),
				"--dbname="+primary.URL("postgres"), "--write-recovery-conf", "--create-slot", "--slot="+slot, "--checkpoint=fast", "--no-sync")
		})
	}
}
