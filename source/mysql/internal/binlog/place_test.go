package binlog

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestPlacesGoOnBeyondFourGigabytes(t *testing.T) {
	const four = 1 << 32
	assert.EqualValues(t, 1000, extend(900, 1000))
	assert.EqualValues(t, four+100, extend(four-50, 100))
	assert.EqualValues(t, 2*four+7, extend(2*four+7, 7))
	assert.EqualValues(t, 3*four, extend(3*four-1, 0))
}

// A place beyond 4 GiB is asked for by the command that carries GTIDs, or read
// up to where a server has none. Logs of that size take too long to make, so both
// ways are tried with a smaller place.
func TestTheWaysToAPlaceBeyondFourGigabytesLeadToIt(t *testing.T) {
	server := testserver.StartMySQL(t) // whose log is short, and nobody else's
	schema := server.Database(t)
	server.Exec(t, "USE "+schema, "CREATE TABLE a (id INT PRIMARY KEY)", "INSERT INTO a VALUES (1)")
	var from From
	var rest [3]any
	require.NoError(t, server.DB(t, "").QueryRow("SHOW BINARY LOG STATUS").Scan(&from.File, &from.Pos, &rest[0], &rest[1], &rest[2]))
	server.Exec(t, "INSERT INTO "+schema+".a VALUES (2)")
	config := Config{Addr: server.Addr, User: server.User, Password: server.Password, ServerID: 1<<31 + 4242}

	t.Run("by the command with GTIDs", func(t *testing.T) {
		s, err := Open(t.Context(), config, from)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		conn, err := s.dial(t.Context())
		require.NoError(t, err)
		for _, statement := range s.session(from) {
			_, err := conn.Execute(statement)
			require.NoError(t, err)
		}
		conn.ResetSequence()
		require.NoError(t, conn.WritePacket(s.dumpGTID(from.File, from.Pos, &GTIDSet{})))
		s = &Stream{config: s.config, conn: conn.Conn.Conn, seq: 1, file: from.File, pos: from.Pos}
		s.read = s.readConn
		requireFirstAt(t, s, from)
		require.NoError(t, s.Close())
	})
	t.Run("by passing over what lies before it", func(t *testing.T) {
		s, err := Open(t.Context(), config, From{File: from.File})
		require.NoError(t, err)
		s.skipTo, s.skipFile = from.Pos, from.File
		requireFirstAt(t, s, from)
		require.NoError(t, s.Close())
	})
}

func requireFirstAt(t *testing.T, s *Stream, from From) {
	t.Helper()
	for {
		ev, err := s.Next(t.Context())
		require.NoError(t, err)
		if !ev.Artificial() && ev.Type != FormatEvent {
			assert.Equal(t, from.File, ev.File)
			assert.Equal(t, from.Pos, ev.Start)
			return
		}
	}
}
