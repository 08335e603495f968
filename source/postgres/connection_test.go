package postgres_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres"
)

func TestConnectionsAreEncryptedAndVerifiedAsAsked(t *testing.T) {
	s := testserver.StartPostgres18(t, "ssl=on")
	database := s.Database(t)
	files := s.Certificates(t)
	s.Exec(t, database, "CREATE ROLE "+testserver.Certified+" LOGIN SUPERUSER")
	authority, err := os.ReadFile(files.Authority)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	known, unknown, misnamed := &tls.Config{RootCAs: roots}, &tls.Config{RootCAs: x509.NewCertPool()}, &tls.Config{RootCAs: roots, ServerName: "elsewhere"}
	for _, test := range []struct {
		mode  postgres.Encryption
		tls   *tls.Config
		error string
		plain bool
	}{
		{mode: "", plain: false},
		{mode: postgres.EncryptionDisable, plain: true},
		{mode: postgres.EncryptionAllow, plain: true},
		{mode: postgres.EncryptionRequire},
		{mode: postgres.EncryptionVerifyCA, tls: known},
		{mode: postgres.EncryptionVerifyCA, tls: misnamed},
		{mode: postgres.EncryptionVerifyCA, tls: unknown, error: "certificate signed by unknown authority"},
		{mode: postgres.EncryptionVerifyFull, tls: known},
		{mode: postgres.EncryptionVerifyFull, tls: misnamed, error: "elsewhere"},
		{mode: postgres.EncryptionVerifyFull, tls: unknown, error: "certificate signed by unknown authority"},
	} {
		t.Run(fmt.Sprintf("%s %s", test.mode, test.error), func(t *testing.T) {
			src := over(s, database)
			src.Snapshot, src.Encryption, src.TLS, src.DropSlot = postgres.SnapshotNoData, test.mode, test.tls, true
			r, err := src.Open(soon(t), nil)
			if test.error != "" {
				require.ErrorContains(t, err, test.error)
				return
			}
			require.NoError(t, err)
			var secured bool
			require.NoError(t, s.DB(t, database).QueryRow("SELECT ssl FROM pg_stat_ssl JOIN pg_replication_slots ON active_pid = pid WHERE slot_name = $1", src.Slot).Scan(&secured))
			assert.Equal(t, !test.plain, secured)
			require.NoError(t, r.Close())
		})
	}
	t.Run("a certificate in place of a password", func(t *testing.T) {
		key, err := os.ReadFile(files.ClientKey)
		require.NoError(t, err)
		block, _ := pem.Decode(key)
		der := filepath.Join(t.TempDir(), "client.pk8")
		require.NoError(t, os.WriteFile(der, block.Bytes, 0o600))
		host, port, err := net.SplitHostPort(s.Addr)
		require.NoError(t, err)
		for _, file := range []string{files.ClientKey, der} {
			p := property.New(map[string]string{"topic.prefix": "srv", "database.hostname": host, "database.port": port, "database.user": testserver.Certified,
				"database.dbname": database, "database.sslmode": "verify-full", "database.sslrootcert": files.Authority, "database.sslcert": files.Client,
				"database.sslkey": file, "snapshot.mode": "no_data", "slot.drop.on.stop": "true"})
			src := postgres.FromProperties(p)
			require.NoError(t, p.Err())
			r, err := src.Open(soon(t), nil)
			require.NoError(t, err)
			require.NoError(t, r.Close())
		}
	})
}

func TestPasswordsAndServicesAreThoseOfPostgreSQLsFiles(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	host, port, err := net.SplitHostPort(s.Addr)
	require.NoError(t, err)
	dir := t.TempDir()
	passwords, services := filepath.Join(dir, "pgpass"), filepath.Join(dir, "services")
	require.NoError(t, os.WriteFile(passwords, fmt.Appendf(nil, "%s:%s:*:%s:%s\n", host, port, s.User, s.Password), 0o600))
	require.NoError(t, os.WriteFile(services, fmt.Appendf(nil, "[shop]\nhost=%s\nport=%s\nuser=%s\ndbname=%s\n", host, port, s.User, database), 0o600))
	t.Setenv("PGPASSFILE", passwords)
	t.Setenv("PGSERVICEFILE", services)
	src := postgres.Source{Service: "shop", TopicPrefix: "srv", Slot: "slot_" + database, Snapshot: postgres.SnapshotNoData}
	require.NoError(t, open(t, src).Close())
	src.Service = "nowhere"
	_, err = src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "nowhere")
}

func TestAServerThatEndsAtOnceAndComesBackLosesAndRepeatsNothing(t *testing.T) {
	s := testserver.StartPostgres18(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
	src := over(s, database)
	src.BatchRows = 10
	offsets := tip(t, src)
	var got []int
	for round := range 5 {
		s.Exec(t, database, fmt.Sprintf("INSERT INTO t SELECT generate_series(%d, %d)", round*100, round*100+99))
		r := open(t, src, offsets...)
		for len(got) < round*100+50 {
			b, err := r.Read(soon(t))
			require.NoError(t, err)
			got = append(got, numbersOf(b.Records)...)
			offsets = tailrace.MergeOffsets(offsets, b.Offsets)
			require.NoError(t, r.Commit(context.Background(), offsets))
		}
		if round%2 == 0 {
			s.StopAtOnce(t)
		} else {
			s.Kill(t)
		}
		for { // what had come before is still there
			b, err := r.Read(soon(t))
			if err != nil {
				break
			}
			got = append(got, numbersOf(b.Records)...)
			offsets = tailrace.MergeOffsets(offsets, b.Offsets)
		}
		r.Close()
		s.Start(t)
	}
	rest, _ := readNumbers(t, open(t, src, offsets...), 500-len(got))
	assert.Equal(t, span(0, 500), append(got, rest...))
}

func TestPreparedTransactionsComeWhenTheyAreCommitted(t *testing.T) {
	s := testserver.StartPostgres18(t) // where nobody waits for them to make a slot
	for _, twoPhase := range []bool{false, true} {
		t.Run(fmt.Sprint("of a slot with two_phase ", twoPhase), func(t *testing.T) {
			database := s.Database(t)
			s.Exec(t, database, "CREATE TABLE t (n INT PRIMARY KEY)")
			src := over(s, database)
			s.Exec(t, database, fmt.Sprintf("SELECT pg_create_logical_replication_slot('%s', 'pgoutput', false, %t)", src.Slot, twoPhase))
			offsets := tip(t, src)
			s.Exec(t, database, "BEGIN", "INSERT INTO t VALUES (3)", "PREPARE TRANSACTION '"+database+"'")
			s.Exec(t, database, "BEGIN", "INSERT INTO t VALUES (100)", "PREPARE TRANSACTION '"+database+"_not'")
			s.Exec(t, database, "INSERT INTO t VALUES (1), (2)")
			r := open(t, src, offsets...)
			rows, offsets := readNumbers(t, r, 2)
			assert.Equal(t, []int{1, 2}, rows)
			require.NoError(t, r.Commit(soon(t), offsets)) // beyond the PREPARE
			require.NoError(t, r.Close())
			s.Exec(t, database, "COMMIT PREPARED '"+database+"'", "ROLLBACK PREPARED '"+database+"_not'", "INSERT INTO t VALUES (4)")
			rows, _ = readNumbers(t, open(t, src, offsets...), 2)
			assert.Equal(t, []int{3, 4}, rows)
		})
	}
}

func TestASlotThatSendsPreparedTransactionsIsRefusedWhereItCannotBeChanged(t *testing.T) {
	s := testserver.Postgres(t)
	database := s.Database(t)
	src := over(s, database)
	s.Exec(t, database, fmt.Sprintf("SELECT pg_create_logical_replication_slot('%s', 'pgoutput', false, true)", src.Slot))
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "was made with two_phase")
	assert.ErrorContains(t, err, "pg_drop_replication_slot('"+src.Slot+"')")
}
