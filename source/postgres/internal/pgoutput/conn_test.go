package pgoutput_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// slowConn takes longer to say that it has written than pgconn is content to
// wait, and longer than the server to answer, from when it is told to.
type slowConn struct {
	net.Conn
	slow bool
}

func (c *slowConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if c.slow {
		<-time.After(40 * time.Millisecond)
	}
	return n, err
}

func TestAConnectionIsTakenOverThoughItsLastWriteWasSlow(t *testing.T) {
	s := testserver.Postgres(t)
	config, err := pgconn.ParseConfig(s.URL("postgres"))
	require.NoError(t, err)
	var conn *slowConn
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		conn = &slowConn{Conn: c}
		return conn, err
	}
	for range 20 {
		pg, err := pgconn.ConnectConfig(t.Context(), config)
		require.NoError(t, err)
		conn.slow = true
		_, err = pg.Exec(t.Context(), "SELECT 1").ReadAll()
		require.NoError(t, err)
		conn.slow = false
		c, err := pgoutput.Take(pg)
		require.NoError(t, err)
		require.NoError(t, c.Query("SELECT generate_series(1, 3)"))
		var kinds []byte
		for len(kinds) == 0 || kinds[len(kinds)-1] != 'Z' {
			kind, _, err := c.Frame()
			require.NoError(t, err)
			kinds = append(kinds, kind)
		}
		require.Equal(t, "TDDDCZ", string(kinds))
		require.NoError(t, c.Close())
	}
}
