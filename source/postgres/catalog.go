package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// catalog is a connection on which the server is asked about itself.
type catalog struct{ conn *pgconn.PgConn }

// settings are those of every connection, so that texts have one form whatever
// the server's are, and none is ended for what it waits for.
func settings() map[string]string {
	return map[string]string{
		"application_name": "tailrace", "client_encoding": "UTF8", "timezone": "UTC", "datestyle": "ISO",
		"intervalstyle": "postgres", "extra_float_digits": "3", "bytea_output": "hex",
		"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
	}
}

// connect makes a connection; for replication, where more says so.
func (s *Source) connect(ctx context.Context, more map[string]string) (*pgconn.PgConn, error) {
	host, port, err := net.SplitHostPort(s.Addr)
	if strings.HasPrefix(s.Addr, "/") {
		host, port, err = s.Addr, "5432", nil
	}
	if err != nil {
		return nil, fmt.Errorf("the address %q: %w", s.Addr, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("the address %q has no port between 0 and 65535", s.Addr)
	}
	cfg, err := pgconn.ParseConfig(fmt.Sprintf("port=%d sslmode=prefer", number) +
		setting("host", host) + setting("user", s.User) + setting("dbname", s.Database))
	if err != nil {
		return nil, fmt.Errorf("prepare the connection: %w", err)
	}
	if s.Password != "" {
		cfg.Password = s.Password // rather than that of ~/.pgpass
	}
	cfg.ConnectTimeout = s.ConnectTimeout
	cfg.RuntimeParams = settings()
	for name, value := range more {
		cfg.RuntimeParams[name] = value
	}
	s.encrypt(cfg, host)
	ctx, cancel := context.WithTimeout(ctx, s.ConnectTimeout)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect as %s: %w", s.User, err)
	}
	if err := s.prepareConn(ctx, conn, more["replication"] == ""); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// prepareConn has the server wait for us as long as it takes, and runs the
// statements that are asked for.
func (s *Source) prepareConn(ctx context.Context, conn *pgconn.PgConn, initial bool) error {
	// Those that PostgreSQL 13 does not have.
	_, err := conn.Exec(ctx, "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout') AND setting <> '0'").ReadAll()
	if err != nil {
		return fmt.Errorf("lift the server's timeouts: %w", err)
	}
	if !initial {
		return nil
	}
	for i, statement := range s.InitialStatements {
		if _, err := conn.Exec(ctx, statement).ReadAll(); err != nil {
			return fmt.Errorf("run InitialStatements[%d]: %w", i, err)
		}
	}
	return nil
}

// setting is one of a connection string.
func setting(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}

// serve fills what is open in with what a section of the file of services says.
func (s *Source) serve() error {
	if s.Service == "" {
		return nil
	}
	cfg, err := pgconn.ParseConfig("sslmode=prefer" + setting("service", s.Service))
	if err != nil {
		return fmt.Errorf("Service: %w", err)
	}
	if s.Addr == "" {
		if s.Addr = cfg.Host; !strings.HasPrefix(cfg.Host, "/") {
			s.Addr = net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
		}
	}
	or(&s.User, cfg.User)
	or(&s.Password, cfg.Password)
	or(&s.Database, cfg.Database)
	return nil
}

// encrypt sets the attempts, with TLS and without, that the mode asks for.
func (s *Source) encrypt(cfg *pgconn.Config, host string) {
	plain := &pgconn.FallbackConfig{Host: host, Port: cfg.Port}
	secured := &pgconn.FallbackConfig{Host: host, Port: cfg.Port, TLSConfig: s.tlsConfig(host)}
	var attempts []*pgconn.FallbackConfig
	switch {
	case s.Encryption == EncryptionDisable || strings.HasPrefix(host, "/"):
		attempts = []*pgconn.FallbackConfig{plain}
	case s.Encryption == EncryptionAllow:
		attempts = []*pgconn.FallbackConfig{plain, secured}
	case s.Encryption == EncryptionPrefer:
		attempts = []*pgconn.FallbackConfig{secured, plain}
	default:
		attempts = []*pgconn.FallbackConfig{secured}
	}
	cfg.TLSConfig, cfg.Fallbacks = attempts[0].TLSConfig, attempts[1:]
}

func (s *Source) tlsConfig(host string) *tls.Config {
	config := &tls.Config{}
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	switch s.Encryption {
	case EncryptionVerifyFull:
	case EncryptionVerifyCA:
		config.InsecureSkipVerify = true
		config.VerifyConnection = verifyAuthority(config)
	default:
		config.InsecureSkipVerify = true
	}
	return config
}

func (s *Source) openCatalog(ctx context.Context) (*catalog, error) {
	conn, err := s.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &catalog{conn}, nil
}

// query gives the rows of a statement, as texts; nil for NULL.
func (c *catalog) query(ctx context.Context, sql string) ([][][]byte, error) {
	results, err := c.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, nil
	}
	return results[len(results)-1].Rows, nil
}

func (c *catalog) exec(ctx context.Context, sql string) error {
	_, err := c.query(ctx, sql)
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// value gives the only value of a statement's only row; ok is false where there
// is none.
func (c *catalog) value(ctx context.Context, sql string) (text string, ok bool, err error) {
	rows, err := c.query(ctx, sql)
	if err != nil || len(rows) == 0 || rows[0][0] == nil {
		return "", false, err
	}
	return string(rows[0][0]), true, nil
}

func (c *catalog) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return c.conn.Close(ctx)
}

// codeOf is the server's code of an error, as SQLSTATE spells it.
func codeOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// tables gives the captured tables, in the order in which they are read. Of
// partitioned tables these are the partitions or, where their changes come under
// the table's own name, that. logged are those whose changes the log has, which
// it has not of UNLOGGED ones.
func (c *catalog) tables(ctx context.Context, s *Source, sel *selection) (all, logged []tableID, err error) {
	kinds := "c.relkind = 'r'"
	if s.PartitionRoot {
		kinds = "c.relkind IN ('r', 'p') AND NOT c.relispartition"
	}
	rows, err := c.query(ctx, `SELECT n.nspname, c.relname, c.relpersistence FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relpersistence IN ('p', 'u') AND `+kinds)
	if err != nil {
		return nil, nil, fmt.Errorf("list the tables: %w", err)
	}
	for _, row := range rows {
		id := tableID{string(row[0]), string(row[1])}
		switch {
		case !sel.table(id):
			continue
		case string(row[2]) == "u":
			s.Log.Warn("a table is UNLOGGED: a snapshot reads its rows, and its changes are not in the log", "table", id.String())
		default:
			logged = append(logged, id)
		}
		all = append(all, id)
	}
	sel.order(all)
	sel.order(logged)
	return all, logged, nil
}

// define reads the definition of a table; nil where it is not there. Columns
// that are worked out from others are left out: the log does not have them.
func (c *catalog) define(ctx context.Context, id tableID) (*definition, error) {
	relation := "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = " +
		quoteText(id.schema) + " AND c.relname = " + quoteText(id.name) + ")"
	rows, err := c.query(ctx, `SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity <> '', pg_catalog.pg_get_expr(d.adbin, d.adrelid)
		FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = `+relation+` AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", id, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	d := &definition{id: id}
	for _, row := range rows {
		modifier, _ := strconv.ParseInt(string(row[2]), 10, 32)
		d.columns = append(d.columns, columnDefinition{name: string(row[0]), typ: oidOf(row[1]), modifier: int32(modifier),
			required: string(row[3]) == "t", identity: string(row[4]) == "t", def: string(row[5])})
	}
	return d, c.defineKey(ctx, relation, d)
}

// defineKey reads the columns of the primary key or, without one, of the first
// unique index by name.
func (c *catalog) defineKey(ctx context.Context, relation string, d *definition) error {
	rows, err := c.query(ctx, `SELECT i.indexrelid, a.attname
		FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
		CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
		WHERE i.indrelid = `+relation+` AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
		ORDER BY i.indisprimary DESC, c.relname, k.n`)
	if err != nil {
		return fmt.Errorf("read the key of %s: %w", d.id, err)
	}
	for _, row := range rows {
		if string(row[0]) != string(rows[0][0]) {
			break
		}
		name := string(row[1])
		if !slices.ContainsFunc(d.columns, func(c columnDefinition) bool { return c.name == name }) {
			d.key = nil
			return nil
		}
		d.key = append(d.key, name)
	}
	return nil
}
