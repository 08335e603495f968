package builtin

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/mysql"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
	"github.com/tailrace-io/tailrace/sink/jdbc/sqlite"
)

func jdbcSinkDialects() []jdbc.Dialect {
	return []jdbc.Dialect{mysql.Dialect{}, mysql.Dialect{MariaDB: true}, postgres.Dialect{}, sqlite.Dialect{}}
}

func confluentJDBCSink(p *property.Set) sink.Sink {
	return jdbc.FromProperties(p, jdbcSinkDialects()...)
}

func debeziumJDBCSink(p *property.Set) sink.Sink {
	return jdbc.FromDebeziumProperties(p, jdbcSinkDialects()...)
}
