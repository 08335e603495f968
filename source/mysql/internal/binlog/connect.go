package binlog

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"
)

// The commands of a replica.
const (
	comBinlogDump     = 0x12
	comRegisterSlave  = 0x15
	comBinlogDumpGTID = 0x1e

	flagAnnotateRows = 0x02 // MariaDB: send the statements too
	flagHeartbeatV2  = 0x02 // MySQL, with GTIDs: heartbeats with 64 bits of position
	flagThroughGTID  = 0x04
)

// open makes the connection, says who we are and asks for the log.
func (s *Stream) open(ctx context.Context, from From) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	// What follows knows no contexts, so that the end of ctx ends its reads.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err = s.begin(conn, from)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrConnection, ctx.Err())
		}
		return err
	}
	return nil
}

func (s *Stream) dial(ctx context.Context) (*client.Conn, error) {
	dial := s.config.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	var raw net.Conn
	var interrupt func() bool
	conn, err := client.ConnectWithDialer(ctx, network(s.addr), s.addr, s.config.User, s.config.Password, "",
		func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err == nil {
				raw = c
				interrupt = context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
			}
			return c, err
		},
		func(c *client.Conn) error {
			c.SetTLSConfig(s.tlsConfig())
			return nil
		})
	if interrupt != nil {
		interrupt()
	}
	if err != nil {
		if raw != nil {
			raw.Close()
		}
		return nil, connecting(ctx, err)
	}
	s.version = strings.TrimRight(conn.GetServerVersion(), "\x00")
	return conn, nil
}

// connecting says why a connection was not made: refused by the server, which
// another try does not change, or not reached.
func connecting(ctx context.Context, err error) error {
	if e := (*mysql.MyError)(nil); errors.As(err, &e) {
		refused := &ServerError{Code: e.Code, State: e.State, Message: e.Message}
		if e.Code == 1040 || e.Code == 1053 || e.Code == 1203 { // too many connections; a shutdown
			return fmt.Errorf("connect: %w: %w", ErrConnection, refused)
		}
		return fmt.Errorf("connect: %w", refused)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("connect: %w: %w: %w", ErrConnection, ctx.Err(), err)
	}
	return fmt.Errorf("connect: %w: %w", ErrConnection, err)
}

// tlsConfig is the configuration with the host's name, where it has none.
func (s *Stream) tlsConfig() *tls.Config {
	t := s.config.TLS
	if t == nil || t.ServerName != "" {
		return t
	}
	t = t.Clone()
	if host, _, err := net.SplitHostPort(s.addr); err == nil {
		t.ServerName = host
	}
	return t
}

func network(addr string) string {
	if strings.HasPrefix(addr, "/") {
		return "unix"
	}
	return "tcp"
}

// begin sets the session up and sends the commands of a replica.
func (s *Stream) begin(conn *client.Conn, from From) error {
	if strings.Contains(s.version, "MariaDB") != (s.config.Flavor == MariaDB) {
		return fmt.Errorf("the server is of version %s, and not a %s", s.version, s.config.Flavor)
	}
	for _, statement := range s.session(from) {
		if _, err := conn.Execute(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, asServerError(err))
		}
	}
	conn.ResetSequence()
	if err := conn.WritePacket(s.register()); err != nil {
		return fmt.Errorf("register as a replica: %w: %w", ErrConnection, err)
	}
	if _, err := conn.ReadOKPacket(); err != nil {
		return fmt.Errorf("register as a replica (which takes the privilege REPLICATION SLAVE): %w", asServerError(err))
	}
	dump, err := s.dump(conn, from)
	if err != nil {
		return err
	}
	conn.ResetSequence()
	if err := conn.WritePacket(dump); err != nil {
		return fmt.Errorf("ask for the binlog: %w: %w", ErrConnection, err)
	}
	// From here on the server sends events and the packets are ours to read.
	// Its answers were read to their end, so nothing is left in conn's buffer.
	s.conn, s.seq = conn.Conn.Conn, 1
	return nil
}

// session is what a replica tells the server before it asks for the log. The
// old names are those of servers before 8.0.26 and of MariaDB; a variable that a
// server does not know does nothing.
//
// No @replica_uuid is set: servers then tell replicas apart by their server id,
// which is how a clash with Debezium and its like comes to light.
func (s *Stream) session(from From) []string {
	heartbeat := s.config.Heartbeat.Nanoseconds()
	statements := []string{
		"SET @master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32'",
		fmt.Sprintf("SET @master_heartbeat_period = %d, @source_heartbeat_period = %d", heartbeat, heartbeat),
		// A reader may be slow for as long as it likes.
		"SET SESSION net_write_timeout = 31536000, SESSION net_read_timeout = 31536000",
	}
	if s.config.Flavor == MariaDB {
		// Without this MariaDB sends other events in the place of its GTIDs.
		statements = append(statements, "SET @mariadb_slave_capability = 4")
	}
	if from.MariaGTIDs != nil {
		statements = append(statements,
			"SET @slave_connect_state = '"+from.MariaGTIDs.String()+"'",
			"SET @slave_gtid_strict_mode = 1",
			"SET @slave_gtid_ignore_duplicates = 0")
	}
	return statements
}

// register is COM_REGISTER_SLAVE, with room for the header in front. It names
// neither host nor user: all that they do is to stand in SHOW REPLICAS.
func (s *Stream) register() []byte {
	b := append(make([]byte, 4), comRegisterSlave)
	b = binary.LittleEndian.AppendUint32(b, s.config.ServerID)
	return append(b, make([]byte, 1+1+1+2+4+4)...)
}

// dump is the command that asks for the log, with room for the header in front.
func (s *Stream) dump(conn *client.Conn, from From) ([]byte, error) {
	le := binary.LittleEndian
	if s.config.Flavor == MySQL && from.GTIDs != nil {
		return s.dumpGTID("", 4, from.GTIDs), nil
	}
	if from.File != "" && s.pos < 4 {
		s.pos = 4
	}
	start := s.pos
	if start > 1<<32-1 {
		// The command has 32 bits. The other one has 64, and without any GTIDs
		// does as well; but only a server that has them on takes it.
		ok, err := s.gtidsOn(conn)
		if err != nil {
			return nil, err
		}
		if ok {
			return s.dumpGTID(from.File, start, &GTIDSet{}), nil
		}
		s.skipTo, s.skipFile, s.pos, start = start, from.File, 4, 4
	}
	flags := uint16(0)
	if s.config.Flavor == MariaDB {
		flags = flagAnnotateRows
	}
	b := append(make([]byte, 4), comBinlogDump)
	b = le.AppendUint32(b, uint32(max(start, 4)))
	b = le.AppendUint16(b, flags)
	b = le.AppendUint32(b, s.config.ServerID)
	return append(b, from.File...), nil
}

func (s *Stream) dumpGTID(file string, pos uint64, set *GTIDSet) []byte {
	le := binary.LittleEndian
	b := append(make([]byte, 4), comBinlogDumpGTID)
	b = le.AppendUint16(b, flagThroughGTID|flagHeartbeatV2)
	b = le.AppendUint32(b, s.config.ServerID)
	b = le.AppendUint32(b, uint32(len(file)))
	b = append(b, file...)
	b = le.AppendUint64(b, pos)
	gtids := set.encode(nil)
	b = le.AppendUint32(b, uint32(len(gtids)))
	return append(b, gtids...)
}

func (s *Stream) gtidsOn(conn *client.Conn) (bool, error) {
	if s.config.Flavor == MariaDB {
		return false, nil
	}
	const query = "SELECT @@global.gtid_mode"
	r, err := conn.Execute(query)
	if err != nil {
		return false, fmt.Errorf("%s: %w", query, asServerError(err))
	}
	defer r.Close()
	mode, err := r.GetString(0, 0)
	if err != nil {
		return false, fmt.Errorf("%s: %w", query, err)
	}
	return mode == "ON", nil
}

func asServerError(err error) error {
	if e := (*mysql.MyError)(nil); errors.As(err, &e) {
		return &ServerError{Code: e.Code, State: e.State, Message: e.Message}
	}
	return fmt.Errorf("%w: %w", ErrConnection, err)
}
