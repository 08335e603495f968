package binlog_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

func TestAStreamGoesOnFromAPlaceInAFile(t *testing.T) {
	server := testserver.MySQL(t)
	schema := server.Database(t)
	db := server.DB(t, schema)
	server.Exec(t, "USE "+schema, "CREATE TABLE a (id INT PRIMARY KEY)")
	from := end(t, db, binlog.MySQL)
	server.Exec(t, "USE "+schema, "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)")

	r := follow(t, configOf(server, binlog.MySQL), from)
	first := r.rowsOf(schema, "a")
	assert.Equal(t, []string{"1"}, ids(t, first))
	commit := r.until(func(ev *binlog.Event) bool { return ev.Type == binlog.XIDEvent })
	again := follow(t, configOf(server, binlog.MySQL), binlog.From{File: commit.File, Pos: commit.End})
	assert.Equal(t, []string{"2"}, ids(t, again.rowsOf(schema, "a")))
}

func ids(t *testing.T, rows binlog.Rows) (values []string) {
	t.Helper()
	specs := make([]binlog.ColumnSpec, len(rows.Table.Columns))
	for i := range specs {
		specs[i].Skip = i > 0
	}
	plan, err := binlog.NewRowPlan(rows.Table, specs)
	require.NoError(t, err)
	for _, im := range decodeAll(t, rows, plan) {
		values = append(values, im.after[0].String())
	}
	return values
}

func TestAStreamGoesOnFromGTIDsEvenTaggedOnes(t *testing.T) {
	server := testserver.StartMySQL(t)
	server.Exec(t, "CREATE DATABASE d", "USE d", "CREATE TABLE a (id INT PRIMARY KEY)",
		"SET gtid_next = 'AUTOMATIC:red'", "INSERT INTO a VALUES (1)", "SET gtid_next = 'AUTOMATIC'")
	db := server.DB(t, "")
	executed, err := binlog.ParseGTIDSet(strings.ReplaceAll(column(t, db, "SELECT @@global.gtid_executed")[0], "\n", ""))
	require.NoError(t, err)
	server.Exec(t, "FLUSH BINARY LOGS", "USE d", "SET gtid_next = 'AUTOMATIC:red'", "INSERT INTO a VALUES (2)", "SET gtid_next = 'AUTOMATIC'", "INSERT INTO a VALUES (3)")

	r := follow(t, configOf(server, binlog.MySQL), binlog.From{GTIDs: &executed})
	seen := executed.Clone()
	for _, id := range []string{"2", "3"} {
		ev := r.until(func(ev *binlog.Event) bool { return ev.Type.IsGTID() })
		g, err := ev.GTID()
		require.NoError(t, err)
		assert.Equal(t, []string{id}, ids(t, r.rowsOf("d", "a")))
		seen.Add(g.Source, g.Tag, g.Number)
	}
	assert.Equal(t, strings.ReplaceAll(column(t, db, "SELECT @@global.gtid_executed")[0], "\n", ""), seen.String())
}

func TestMariaDBIsFollowedByGTID(t *testing.T) {
	server := testserver.MariaDB(t)
	schema := server.Database(t)
	db := server.DB(t, schema)
	server.Exec(t, "USE "+schema, "CREATE TABLE a (id INT PRIMARY KEY)")
	at, err := binlog.ParseMariaGTIDSet(column(t, db, "SELECT @@global.gtid_binlog_pos")[0])
	require.NoError(t, err)
	server.Exec(t, "USE "+schema, "INSERT INTO a VALUES (7)")
	r := follow(t, configOf(server, binlog.MariaDB), binlog.From{MariaGTIDs: &at})
	assert.Equal(t, []string{"7"}, ids(t, r.rowsOf(schema, "a")))
}

func TestAPurgedPlaceIsALostOffset(t *testing.T) {
	server := testserver.StartMySQL(t)
	server.Exec(t, "CREATE DATABASE d", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
	first := column(t, server.DB(t, ""), "SHOW BINARY LOGS")[0]
	server.Exec(t, "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")

	none := binlog.GTIDSet{}
	for _, from := range []binlog.From{{File: first}, {GTIDs: &none}, {File: end(t, server.DB(t, ""), binlog.MySQL).File, Pos: 1 << 31}} {
		r := follow(t, configOf(server, binlog.MySQL), from)
		var err error
		for err == nil {
			_, err = r.stream.Next(r.ctx)
		}
		assert.ErrorIs(t, err, source.ErrOffsetLost)
		_, again := r.stream.Next(r.ctx)
		assert.Equal(t, err, again)
		t.Log(err)
	}
}

func TestASecondReplicaOfTheSameServerIDIsSaid(t *testing.T) {
	server := testserver.MySQL(t)
	config := configOf(server, binlog.MySQL)
	from := end(t, server.DB(t, ""), binlog.MySQL)
	older := follow(t, config, from)
	older.until(func(ev *binlog.Event) bool { return ev.Type == binlog.HeartbeatEvent })
	newer := follow(t, config, from)
	newer.next()
	var err error
	for err == nil {
		_, err = older.stream.Next(older.ctx)
	}
	assert.ErrorIs(t, err, binlog.ErrServerIDInUse)
}

func TestAContextEndsNextAndAnotherGoesOnWithNothingLost(t *testing.T) {
	server := testserver.MySQL(t)
	schema := server.Database(t)
	server.Exec(t, "USE "+schema, "CREATE TABLE a (id INT PRIMARY KEY, c LONGTEXT)")
	from := end(t, server.DB(t, schema), binlog.MySQL)
	config := configOf(server, binlog.MySQL)
	config.Heartbeat = time.Minute
	// The connection gives a few bytes at a time, so that contexts end within packets.
	config.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &trickle{Conn: conn}, err
	}
	r := follow(t, config, from)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var err error
	for err == nil {
		_, err = r.stream.Next(ctx)
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	for i := range 50 {
		server.Exec(t, fmt.Sprintf("INSERT INTO %s.a VALUES (%d, REPEAT('x', 1000))", schema, i))
	}
	var got []string
	for len(got) < 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		ev, err := r.stream.Next(ctx)
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
			continue
		}
		switch {
		case ev.Type == binlog.TableMapEvent:
			_, err := r.tables.Map(ev)
			require.NoError(t, err)
		case ev.Type.IsRows():
			rows, err := r.tables.Rows(ev)
			require.NoError(t, err)
			if rows.Table.Schema == schema {
				got = append(got, ids(t, rows)...)
			}
		}
		cancel()
	}
	for i, id := range got {
		assert.Equal(t, fmt.Sprint(i), id)
	}
}

// trickle is a connection that gives little at a time.
type trickle struct{ net.Conn }

func (c *trickle) Read(b []byte) (int, error) { return c.Conn.Read(b[:min(len(b), 700)]) }

func TestALargeEventIsJoinedFromItsPackets(t *testing.T) {
	server := testserver.MySQL(t)
	schema := server.Database(t)
	server.Exec(t, "USE "+schema, "CREATE TABLE a (id INT PRIMARY KEY, c LONGBLOB)")
	from := end(t, server.DB(t, schema), binlog.MySQL)
	sizes := []int{1<<24 - 1 - 60, 1 << 24, 40_000_000, 5}
	for i, size := range sizes {
		server.Exec(t, fmt.Sprintf("INSERT INTO %s.a VALUES (%d, REPEAT('x', %d))", schema, i, size))
	}
	r := follow(t, configOf(server, binlog.MySQL), from)
	for _, size := range sizes {
		rows := r.rowsOf(schema, "a")
		plan, err := binlog.NewRowPlan(rows.Table, []binlog.ColumnSpec{{Skip: true}, {}})
		require.NoError(t, err)
		images := decodeAll(t, rows, plan)
		assert.Len(t, images[0].after[0].Bytes(), size)
	}
}

func TestACutConnectionIsToldFromOtherErrors(t *testing.T) {
	server := testserver.MySQL(t)
	config := configOf(server, binlog.MySQL)
	var conn net.Conn
	config.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var err error
		conn, err = new(net.Dialer).DialContext(ctx, network, addr)
		return conn, err
	}
	r := follow(t, config, end(t, server.DB(t, ""), binlog.MySQL))
	r.next()
	require.NoError(t, conn.(*net.TCPConn).CloseRead())
	var err error
	for err == nil {
		_, err = r.stream.Next(r.ctx)
	}
	assert.ErrorIs(t, err, binlog.ErrConnection)
}

func TestASilentServerIsALostConnection(t *testing.T) {
	server := testserver.MySQL(t)
	config := configOf(server, binlog.MySQL)
	var silent atomic.Bool
	config.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &muted{conn, &silent}, err
	}
	config.Stall = 300 * time.Millisecond
	config.Heartbeat = 50 * time.Millisecond
	r := follow(t, config, end(t, server.DB(t, ""), binlog.MySQL))
	for range 10 { // heartbeats keep it alive for longer than it may be silent
		r.until(func(ev *binlog.Event) bool { return ev.Type == binlog.HeartbeatEvent })
	}
	silent.Store(true)
	var err error
	for err == nil {
		_, err = r.stream.Next(r.ctx)
	}
	assert.ErrorIs(t, err, binlog.ErrConnection)
	assert.ErrorContains(t, err, "silent for 300ms")
}

// muted is a connection that swallows what comes, once it is silent.
type muted struct {
	net.Conn
	silent *atomic.Bool
}

func (c *muted) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.silent.Load() {
			return n, err
		}
	}
}

func TestCloseEndsNext(t *testing.T) {
	server := testserver.MySQL(t)
	r := follow(t, configOf(server, binlog.MySQL), end(t, server.DB(t, ""), binlog.MySQL))
	ended := make(chan error)
	go func() {
		for {
			if _, err := r.stream.Next(r.ctx); err != nil {
				ended <- err
				return
			}
		}
	}()
	require.NoError(t, r.stream.Close())
	assert.ErrorIs(t, <-ended, net.ErrClosed)
}

func TestWhatKeepsAStreamFromOpeningIsSaid(t *testing.T) {
	server := testserver.MySQL(t)
	from := end(t, server.DB(t, ""), binlog.MySQL)
	open := func(change func(*binlog.Config), from binlog.From) error {
		config := configOf(server, binlog.MySQL)
		change(&config)
		stream, err := binlog.Open(t.Context(), config, from)
		if err == nil {
			stream.Close()
		}
		return err
	}
	err := open(func(c *binlog.Config) { c.Password = "secret" }, from)
	assert.ErrorContains(t, err, "Access denied")
	assert.NotErrorIs(t, err, binlog.ErrConnection)
	assert.NotContains(t, err.Error(), "secret")
	err = open(func(c *binlog.Config) { c.Addr = "127.0.0.1:1" }, from)
	assert.ErrorIs(t, err, binlog.ErrConnection)
	err = open(func(c *binlog.Config) { c.Flavor = binlog.MariaDB }, from)
	assert.ErrorContains(t, err, "not a MariaDB")
	assert.ErrorContains(t, open(func(c *binlog.Config) { c.ServerID = 0 }, from), "server id")
	assert.ErrorContains(t, open(func(*binlog.Config) {}, binlog.From{}), "where to begin")

	server.Exec(t, "CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY 'pw'")
	err = open(func(c *binlog.Config) { c.User, c.Password = "reader", "pw" }, from)
	assert.ErrorContains(t, err, "REPLICATION SLAVE")

	// A server that accepts and says nothing.
	mute, lerr := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, lerr)
	defer mute.Close()
	err = open(func(c *binlog.Config) { c.Addr, c.ConnectTimeout = mute.Addr().String(), 50*time.Millisecond }, from)
	assert.ErrorIs(t, err, binlog.ErrConnection)
}
