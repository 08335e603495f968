package mysql_test

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/internal/parity"
)

// record has the parity tests write down anew what Debezium answers. The
// environment variable TAILRACE_ORACLE is the command that runs Debezium's
// engine: `COMMAND debezium FILE.properties dump IDLE_MS` prints its events.
var record = flag.Bool("record", false, "write testdata/parity anew, by the Debezium of TAILRACE_ORACLE")

func TestEventsAreThoseOfDebezium(t *testing.T) {
	parity.Suite{Database: parityDatabase, Record: *record, Oracle: os.Getenv("TAILRACE_ORACLE")}.Run(t, "testdata/parity")
}

// parityDatabase is one of MariaDB or MariaDB 11 if the scenario's name begins
// so. Statements may name it, and others whose names begin with it, as DATABASE.
func parityDatabase(t *testing.T, scenario string) parity.Database {
	server, class := testserver.MySQL, "io.debezium.connector.mysql.MySqlConnector"
	const mariadb = "io.debezium.connector.mariadb.MariaDbConnector"
	switch kind, _, _ := strings.Cut(scenario, "-"); kind {
	case "mariadb":
		server, class = testserver.MariaDB, mariadb
	case "mariadb11":
		server, class = testserver.MariaDB11, mariadb
	}
	s := server(t)
	name := s.Database(t)
	host, port, err := net.SplitHostPort(s.Addr)
	require.NoError(t, err)
	named := strings.NewReplacer("DATABASE.", name+".", "DATABASE_", name+"_")
	return parity.Database{
		Name: name,
		Exec: func(t testing.TB, statements ...string) {
			all := []string{"SET NAMES utf8mb4", "USE " + name}
			for _, statement := range statements {
				all = append(all, named.Replace(statement))
			}
			s.Exec(t, all...)
		},
		Properties: map[string]string{
			"name": "parity", "connector.class": class,
			"offset.storage":          "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
			"schema.history.internal": "io.debezium.relational.history.MemorySchemaHistory",
			"database.hostname":       host, "database.port": port, "database.user": s.User, "database.password": s.Password,
			"database.server.id": fmt.Sprint(time.Now().UnixNano()%1_000_000_000 + 1_000_000_000), "topic.prefix": "srv",
			"include.schema.changes": "false", "database.include.list": name,
		},
		Varies: []string{"gtid", "file", "pos", "thread"},
		Schema: name,
	}
}
