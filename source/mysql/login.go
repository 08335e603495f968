package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	gomysql "github.com/go-mysql-org/go-mysql/mysql"
)

// login is how a connection is let in.
type login struct {
	encrypted bool // by TLS
	parsec    bool // by the plugin of this name
}

// connect makes a connection whose session reads and writes UTF-8, has UTC as
// its time zone, and is not closed by the server for being slow or idle.
func (s *Source) connect(ctx context.Context) (*conn, error) {
	login := login{encrypted: s.Encryption != EncryptionDisabled && !strings.Contains(s.Addr, "/")}
	c, err := s.handshake(ctx, login)
	if err != nil && s.Encryption == EncryptionPreferred && strings.Contains(err.Error(), "does not support TLS") {
		login.encrypted = false
		c, err = s.handshake(ctx, login)
	}
	if err != nil && asksParsec(err) {
		login.parsec = true
		c, err = s.handshake(ctx, login)
	}
	if err != nil {
		return nil, err
	}
	err = c.exec(ctx, "SET NAMES utf8mb4, time_zone='+00:00', net_write_timeout=31536000, wait_timeout=2147483, sql_mode=''")
	if err != nil {
		c.Close()
		return nil, err
	}
	for _, statement := range s.InitialStatements {
		if err := c.exec(ctx, statement); err != nil {
			c.Close()
			return nil, fmt.Errorf("InitialStatements: %w", err)
		}
	}
	return c, nil
}

// handshake dials and logs in.
func (s *Source) handshake(ctx context.Context, login login) (*conn, error) {
	doing := "connect to " + s.Addr + " as " + s.User
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, s.ConnectTimeout)
	defer cancel()
	// late says whether it was the time that was over.
	late := func(err error) error {
		switch {
		case ended(caller) != nil:
			return ended(caller)
		case ended(ctx) != nil:
			return &lost{doing, fmt.Errorf("no answer within %v", s.ConnectTimeout)}
		}
		return err
	}
	network := "tcp"
	if strings.Contains(s.Addr, "/") {
		network = "unix"
	}
	raw, err := dialWire(ctx, network, s.Addr)
	if err != nil {
		return nil, late(&lost{doing, err})
	}
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	lower := s.lower(raw, login)
	dial := func(context.Context, string, string) (net.Conn, error) { return lower, nil }
	c, err := client.ConnectWithDialer(ctx, network, s.Addr, s.User, s.Password, "", dial, func(c *client.Conn) error {
		// Plain packets: statements without attributes, rows that end in EOF.
		c.UnsetCapability(gomysql.CLIENT_QUERY_ATTRIBUTES | gomysql.CLIENT_DEPRECATE_EOF)
		c.SetAttributes(map[string]string{"program_name": "tailrace"})
		c.SetTLSConfig(s.upperTLS(login))
		return c.SetCollation("utf8mb4_general_ci")
	})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, late(explain(doing, err))
	}
	if login.encrypted {
		raw.secured()
	}
	upper := c.Conn.Conn
	if p, ok := lower.(*parsec); ok {
		upper = p.upper
	}
	return &conn{Conn: c, net: upper, wire: raw, login: login, buf: make([]byte, readBuffer)}, nil
}

// lower is what the client library writes to and reads from.
func (s *Source) lower(raw *wire, login login) net.Conn {
	if !login.parsec {
		return raw
	}
	p := &parsec{Conn: raw, upper: raw, password: s.Password}
	if login.encrypted {
		p.tls = s.tlsConfig()
	}
	return p
}

// upperTLS is what the client library encrypts by; nil where it does not.
func (s *Source) upperTLS(login login) *tls.Config {
	if !login.encrypted || login.parsec {
		return nil
	}
	return s.tlsConfig()
}

// explain adds what to do about a refused connection.
func explain(doing string, err error) error {
	switch codeOf(err) {
	case codeAccessDenied:
		return failed(doing, fmt.Errorf("%w; check User and Password", err))
	case codeHostBlocked, codeHostNotPrivileged:
		return failed(doing, fmt.Errorf("%w; let this machine's address in on the server", err))
	}
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	if errors.As(err, &authority) || errors.As(err, &name) || strings.Contains(err.Error(), "does not support TLS") ||
		strings.Contains(err.Error(), "auth plugin") {
		return &refused{doing, err}
	}
	return failed(doing, err)
}

// tlsConfig is the configuration of TLS for the mode of encryption.
func (s *Source) tlsConfig() *tls.Config {
	cfg := s.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if host, _, err := net.SplitHostPort(s.Addr); err == nil && cfg.ServerName == "" {
		cfg.ServerName = host
	}
	switch s.Encryption {
	case EncryptionVerifyIdentity:
	case EncryptionVerifyCA:
		cfg.InsecureSkipVerify = true // the name is not verified; the authority is, below
		roots := cfg.RootCAs
		cfg.VerifyConnection = func(state tls.ConnectionState) error {
			options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, cert := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(cert)
			}
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}
	default:
		cfg.InsecureSkipVerify = true
	}
	return cfg
}
