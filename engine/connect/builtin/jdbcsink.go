package builtin

import (
	"github.com/tailrace-io/tailrace/engine"
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
	return retriedAs(p, "max.retries", "retry.backoff.ms", jdbc.FromProperties(p, jdbcSinkDialects()...))
}

func debeziumJDBCSink(p *property.Set) sink.Sink {
	return retriedAs(p, "flush.max.retries", "flush.retry.delay.ms", jdbc.FromDebeziumProperties(p, jdbcSinkDialects()...))
}

// retried is a sink whose own properties say how the engine tries a batch again.
type retried struct {
	jdbc.Sink
	retry engine.Retry
}

// Retry tells it to the builder of the engine's configuration.
func (r retried) Retry() engine.Retry { return r.retry }

// retriedAs gives the sink with its number of tries and the delay between them,
// where the configuration has one of the two.
func retriedAs(p *property.Set, retries, delay string, s jdbc.Sink) sink.Sink {
	if !p.Has(retries) && !p.Has(delay) {
		return s
	}
	wait := p.Millis(delay)
	return retried{s, engine.Retry{Timeout: -1, Attempts: 1 + p.Int(retries), Delay: wait, MaxDelay: wait}}
}
