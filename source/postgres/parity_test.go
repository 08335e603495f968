package postgres_test

import (
	"flag"
	"net"
	"os"
	"testing"

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

func parityDatabase(t *testing.T, _ string) parity.Database {
	server := testserver.Postgres(t)
	name := server.Database(t)
	host, port, err := net.SplitHostPort(server.Addr)
	require.NoError(t, err)
	return parity.Database{
		Name: name,
		Exec: func(t testing.TB, statements ...string) { server.Exec(t, name, statements...) },
		Properties: map[string]string{
			"name": "parity", "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
			"offset.storage":    "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
			"database.hostname": host, "database.port": port, "database.user": server.User, "database.password": server.Password,
			"topic.prefix": "srv", "plugin.name": "pgoutput", "database.dbname": name, "slot.name": "slot_" + name,
		},
		Varies: []string{"txId", "lsn", "sequence"},
		Schema: "public",
	}
}
