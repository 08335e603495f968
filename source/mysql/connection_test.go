package mysql_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// requireReads checks what both connections of a source are for: the rows of a snapshot and
// those of the log.
func requireReads(t *testing.T, s *testserver.MySQLServer, src mysql.Source, database string) {
	t.Helper()
	s.Exec(t, "USE "+database, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	r := open(t, src)
	s.Exec(t, "INSERT INTO "+database+".t VALUES (2)")
	records, _ := read(t, r, 2)
	assert.Equal(t, []string{"r null → {id: 1}", "c null → {id: 2}"}, briefs(records))
	require.NoError(t, r.Close())
}

const replicates = "SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.*"

// The server knows nothing of the user's password in its cache, so that it asks
// for all of it: under the server's public key, where nothing else hides it.
func TestAPasswordThatIsNotCachedIsGivenWithAndWithoutTLS(t *testing.T) {
	s := testserver.MySQL(t)
	database := s.Database(t)
	for _, mode := range []mysql.Encryption{mysql.EncryptionDisabled, mysql.EncryptionRequired} {
		user(t, s, "uncached", replicates)
		src := over(s, database)
		src.User, src.Password, src.Encryption = "uncached", "secret word", mode
		requireReads(t, s, src, database)
		s.Exec(t, "FLUSH PRIVILEGES") // which empties the cache, for the connections that follow
		requireReads(t, s, src, database)
	}
}

func TestAServerIsReadByItsSocket(t *testing.T) {
	s := testserver.StartMariaDB(t)
	database := s.Database(t)
	var dir, socket string
	require.NoError(t, s.DB(t, "").QueryRow("SELECT @@datadir, @@socket").Scan(&dir, &socket))
	if !filepath.IsAbs(socket) {
		socket = filepath.Join(dir, socket)
	}
	src := over(s, database)
	src.Flavor, src.Addr = mysql.MariaDB, socket
	requireReads(t, s, src, database)
}

func TestAServersCertificateIsVerifiedAsAsked(t *testing.T) {
	s := testserver.StartMySQL(t)
	database := s.Database(t)
	text, err := os.ReadFile(s.Certify(t))
	require.NoError(t, err)
	authority := x509.NewCertPool()
	require.True(t, authority.AppendCertsFromPEM(text))
	for _, c := range []struct {
		mode  mysql.Encryption
		tls   *tls.Config
		wrong string
	}{
		{mode: mysql.EncryptionVerifyCA, tls: &tls.Config{RootCAs: authority}},
		{mode: mysql.EncryptionVerifyCA, tls: &tls.Config{RootCAs: authority, ServerName: "db.example.com"}}, // the name does not matter
		{mode: mysql.EncryptionVerifyIdentity, tls: &tls.Config{RootCAs: authority}},
		{mode: mysql.EncryptionVerifyIdentity, tls: &tls.Config{RootCAs: authority, ServerName: "db.example.com"}, wrong: "not db.example.com"},
		{mode: mysql.EncryptionVerifyCA, tls: &tls.Config{RootCAs: x509.NewCertPool()}, wrong: "unknown authority"},
		{mode: mysql.EncryptionVerifyIdentity, tls: &tls.Config{RootCAs: x509.NewCertPool()}, wrong: "unknown authority"},
		{mode: mysql.EncryptionRequired, tls: &tls.Config{RootCAs: x509.NewCertPool()}},
	} {
		src := over(s, database)
		src.Encryption, src.TLS = c.mode, c.tls
		if c.wrong == "" {
			requireReads(t, s, src, database)
			continue
		}
		_, err := src.Open(soon(t), nil)
		require.ErrorContains(t, err, c.wrong)
		requireRetryable(t, err, false)
	}
}
