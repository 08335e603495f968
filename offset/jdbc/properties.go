package jdbc

import (
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	sink "github.com/tailrace-io/tailrace/sink/jdbc"
)

// Properties is the table of the store's properties, behind "offset.storage.".
func Properties() property.Table {
	t := append(ConnectionProperties(), property.Property{Key: "jdbc.table.name", Was: []string{"jdbc.offset.table.name"}, Default: DefaultTable,
		Doc: "The table that offsets are kept in, with its schema in front where it is not the connection's own. It is made where it is not there."})
	for _, statement := range []string{"ddl", "select", "insert", "delete"} {
		t = append(t, property.Property{Key: "jdbc.table." + statement, Was: []string{"jdbc.offset.table." + statement},
			Unsupported: "a table of another form", Doc: "Not supported yet."})
	}
	const why = "the offsets are kept in a table"
	for _, key := range []string{"topic", "partitions", "replication.factor", "file.filename"} {
		t = append(t, property.Property{Key: key, Ignored: why, Doc: why})
	}
	return t
}

// ConnectionProperties are those of how to connect, which a schema history has
// too.
func ConnectionProperties() property.Table {
	return property.Table{
		{Key: "jdbc.connection.url", Was: []string{"jdbc.url"}, Required: true, Doc: "Where the database is: `jdbc:mysql://localhost/shop`, of MySQL, MariaDB, PostgreSQL or SQLite."},
		{Key: "jdbc.connection.user", Was: []string{"jdbc.user"}, Doc: "As whom to connect, where the URL does not say it."},
		{Key: "jdbc.connection.password", Was: []string{"jdbc.password"}, Type: property.Password, Doc: "The user's password."},
		{Key: "jdbc.connection.wait.retry.delay.ms", Was: []string{"jdbc.wait.retry.delay.ms"}, Type: property.Millis, Default: "3000", Check: property.AtLeast(0),
			Doc: "How long to wait before another try, where the connection is lost."},
		{Key: "jdbc.connection.retry.max.attempts", Was: []string{"jdbc.retry.max.attempts"}, Type: property.Int, Default: "5", Check: property.AtLeast(0),
			Doc: "How often another try is made."},
	}
}

// FromProperties reads the store that the configuration of Debezium's engine
// describes. The dialects are those to choose from, by the URL. What is wrong is
// left in p.
func FromProperties(p *property.Set, dialects ...sink.Dialect) *Store {
	p.Use(Properties())
	s := Connection(p, dialects...)
	s.Table = p.String("jdbc.table.name")
	return s
}

// Connection reads how to connect alone.
func Connection(p *property.Set, dialects ...sink.Dialect) *Store {
	const prefix = "jdbc.connection."
	s := &Store{URL: p.String(prefix + "url"), User: p.String(prefix + "user"), Password: p.Password(prefix + "password"),
		Wait: p.Millis(prefix + "wait.retry.delay.ms"), Attempts: 1 + p.Int(prefix+"retry.max.attempts")}
	kind, _, _ := strings.Cut(strings.TrimPrefix(s.URL, "jdbc:"), ":")
	if kind == "postgres" {
		kind = "postgresql"
	}
	var names []string
	for _, d := range dialects {
		if strings.EqualFold(d.Name(), kind) {
			s.Dialect = d
			return s
		}
		names = append(names, d.Name())
	}
	if s.URL != "" {
		p.Errorf(prefix+"url", "names the database %q, for which there is no dialect%s; there is %s", kind, property.DidYouMean(kind, names), strings.Join(names, ", "))
	}
	return s
}
