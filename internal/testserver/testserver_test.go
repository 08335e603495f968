package testserver_test

import (
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestSharedMySQL(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name   string
		server func(testing.TB) *testserver.MySQLServer
	}{
		{"MySQL", testserver.MySQL},
		{"MariaDB", testserver.MariaDB},
		{"MariaDB 11", testserver.MariaDB11},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			var database string
			t.Run("a database of its own", func(t *testing.T) {
				server := kind.server(t)
				database = server.Database(t)
				if other := server.Database(t); other == database {
					t.Errorf("two databases have the name %s", other)
				}
				server.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
				if n := queryInt(t, server.DB(t, database), "SELECT count(*) FROM t"); n != 2 {
					t.Errorf("the table has %d rows, want 2", n)
				}
			})
			db := kind.server(t).DB(t, "")
			if n := queryInt(t, db, "SELECT count(*) FROM information_schema.schemata WHERE schema_name = '"+database+"'"); n != 0 {
				t.Errorf("database %s outlived its test", database)
			}
			if format := queryString(t, db, "SELECT @@global.binlog_format"); format != "ROW" {
				t.Errorf("the binlog's format is %s, want ROW", format)
			}
		})
	}
}

func TestSharedPostgres(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name   string
		server func(testing.TB) *testserver.PostgresServer
	}{
		{"the machine's", testserver.Postgres},
		{"18", testserver.Postgres18},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			var database string
			t.Run("a database of its own", func(t *testing.T) {
				server := kind.server(t)
				database = server.Database(t)
				server.Exec(t, database,
					"CREATE TABLE t (id INT PRIMARY KEY)",
					"INSERT INTO t VALUES (1), (2)",
					"SELECT pg_create_logical_replication_slot('"+database+"', 'pgoutput')")
				if n := queryInt(t, server.DB(t, database), "SELECT count(*) FROM t"); n != 2 {
					t.Errorf("the table has %d rows, want 2", n)
				}
			})
			db := kind.server(t).DB(t, "postgres")
			if n := queryInt(t, db, "SELECT count(*) FROM pg_database WHERE datname = '"+database+"'"); n != 0 {
				t.Errorf("database %s outlived its test", database)
			}
			if n := queryInt(t, db, "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '"+database+"'"); n != 0 {
				t.Errorf("replication slot %s outlived its test", database)
			}
		})
	}
}

func TestSharedKafka(t *testing.T) {
	t.Parallel()
	var topic string
	t.Run("a topic of its own", func(t *testing.T) {
		server := testserver.Kafka(t)
		topic = server.Topic(t, 3, "cleanup.policy=compact")
		if n := len(partitions(t, server.Brokers[0], topic)); n != 3 {
			t.Errorf("the topic has %d partitions, want 3", n)
		}
		produceAndFetch(t, server, topic)
	})
	if n := len(partitions(t, testserver.Kafka(t).Brokers[0], topic)); n != 0 {
		t.Errorf("topic %s outlived its test", topic)
	}
}

func TestSharedRegistry(t *testing.T) {
	t.Parallel()
	server := testserver.Registry(t)
	subject := server.URL + "/subjects/" + server.Topic(t) + "-value/versions"
	for _, call := range []struct {
		method, body string
		status       int
	}{
		{http.MethodGet, "", http.StatusNotFound},
		{http.MethodPost, `{"schema": "\"string\""}`, http.StatusOK},
		{http.MethodGet, "", http.StatusOK},
	} {
		request, err := http.NewRequestWithContext(t.Context(), call.method, subject, strings.NewReader(call.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != call.status {
			t.Errorf("%s of a new subject: %s, want %d", call.method, response.Status, call.status)
		}
	}
}

func TestPrivateMySQL(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name  string
		start func(testing.TB, ...string) *testserver.MySQLServer
	}{
		{"MySQL", testserver.StartMySQL},
		{"MariaDB", testserver.StartMariaDB},
		{"MariaDB 11", testserver.StartMariaDB11},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			server := kind.start(t, "--binlog-row-image=MINIMAL")
			database := server.Database(t)
			db := server.DB(t, database)
			if image := queryString(t, db, "SELECT @@global.binlog_row_image"); image != "MINIMAL" {
				t.Errorf("the option was not heeded: binlog_row_image is %s", image)
			}
			server.Exec(t, "USE "+database, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
			endAndStart(t, server.Addr, server, func() {
				if n := queryInt(t, db, "SELECT count(*) FROM t"); n != 1 {
					t.Errorf("the table has %d rows, want 1", n)
				}
			})
		})
	}
}

func TestPrivatePostgres(t *testing.T) {
	t.Parallel()
	server := testserver.StartPostgres(t, "wal_level=replica")
	database := server.Database(t)
	db := server.DB(t, database)
	if level := queryString(t, db, "SHOW wal_level"); level != "replica" {
		t.Errorf("the option was not heeded: wal_level is %s", level)
	}
	server.Exec(t, database, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	endAndStart(t, server.Addr, server, func() {
		if n := queryInt(t, server.DB(t, database), "SELECT count(*) FROM t"); n != 1 {
			t.Errorf("the table has %d rows, want 1", n)
		}
	})
}

func TestPrivateKafka(t *testing.T) {
	t.Parallel()
	proxy := testserver.StartProxy(t, "")
	server := testserver.StartKafka(t, "advertised.listeners=PLAINTEXT://"+proxy.Addr)
	proxy.SetTarget(server.Brokers[0])
	topic := server.Topic(t, 1)
	produceAndFetch(t, server, topic)
	if proxy.Accepted() == 0 {
		t.Error("the option was not heeded: clients do not come through the advertised address")
	}
	endAndStart(t, server.Brokers[0], server, func() {
		if n := len(partitions(t, server.Brokers[0], topic)); n != 1 {
			t.Errorf("the topic has %d partitions, want 1", n)
		}
	})
}

// endAndStart ends a server in both ways, and checks that it is gone and then back with its data.
func endAndStart(t *testing.T, addr string, server interface {
	Stop(testing.TB)
	Kill(testing.TB)
	Start(testing.TB)
}, holdsData func()) {
	t.Helper()
	for _, end := range []func(testing.TB){server.Kill, server.Stop} {
		end(t)
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Errorf("something listens on %s after the server ended", addr)
		}
		server.Start(t)
		holdsData()
	}
}

func TestSharedServerMustBeNamed(t *testing.T) {
	t.Setenv("TAILRACE_MYSQL", "")
	said := fatal(t, func(t testing.TB) { testserver.MySQL(t) })
	for _, word := range []string{"make test", "TAILRACE_MYSQL"} {
		if !strings.Contains(said, word) {
			t.Errorf("the failure does not tell of %q: %s", word, said)
		}
	}
}

func TestSharedServerIsNotStopped(t *testing.T) {
	t.Parallel()
	server := testserver.Postgres(t)
	for _, end := range []func(testing.TB){server.Stop, server.Kill} {
		if said := fatal(t, end); !strings.Contains(said, "StartPostgres") {
			t.Errorf("stopping a shared server: %q, want a failure that names StartPostgres", said)
		}
	}
}

func TestServerThatDoesNotStartTellsWhy(t *testing.T) {
	t.Parallel()
	said := fatal(t, func(t testing.TB) { testserver.StartPostgres(t, "no_such_setting=1") })
	for _, word := range []string{"start postgres", "no_such_setting"} {
		if !strings.Contains(said, word) {
			t.Errorf("the failure does not tell of %q: %s", word, said)
		}
	}
}

// recorder is a test that may fail without failing the one that runs it.
type recorder struct {
	testing.TB
	said strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(args ...any) {
	r.said.WriteString(fmt.Sprint(args...))
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said.WriteString(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// fatal runs a part of a test and returns what it said when it failed for good.
func fatal(t testing.TB, part func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	var done sync.WaitGroup
	done.Go(func() { part(r) })
	done.Wait()
	return r.said.String()
}

func queryInt(t testing.TB, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func queryString(t testing.TB, db *sql.DB, query string) (s string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func TestPrivatePostgres18(t *testing.T) {
	t.Parallel()
	server := testserver.StartPostgres18(t, "ssl=on")
	database := server.Database(t)
	server.Exec(t, database, "CREATE EXTENSION vector", "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "CREATE ROLE "+testserver.Certified+" LOGIN")
	if version := queryInt(t, server.DB(t, database), "SELECT current_setting('server_version_num')::int / 10000"); version != 18 {
		t.Errorf("its version is %d, want 18", version)
	}
	certificates := server.Certificates(t)
	tls := fmt.Sprintf("host=localhost port=%s dbname=%s user=%s sslmode=verify-full sslrootcert=%s sslcert=%s sslkey=%s",
		server.Addr[strings.LastIndexByte(server.Addr, ':')+1:], database, testserver.Certified, certificates.Authority, certificates.Client, certificates.ClientKey)
	certified, err := sql.Open("pgx", tls)
	if err != nil {
		t.Fatal(err)
	}
	defer certified.Close()
	if user := queryString(t, certified, "SELECT current_user"); user != testserver.Certified {
		t.Errorf("the certificate is of %s, want %s", user, testserver.Certified)
	}
	standby := testserver.StartPostgres18Standby(t, server, "standby")
	server.StopAtOnce(t)
	server.Start(t)
	standby.Promote(t)
	if n := queryInt(t, standby.DB(t, database), "SELECT count(*) FROM t"); n != 1 {
		t.Errorf("the standby has %d rows, want 1", n)
	}
	standby.Exec(t, database, "INSERT INTO t VALUES (2)")
	if n := queryInt(t, server.DB(t, database), "SELECT count(*) FROM t"); n != 1 {
		t.Errorf("the server that was one's primary has %d rows, want 1", n)
	}
}
