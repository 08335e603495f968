package mysql

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

func snapshotProperties() property.Table {
	flag := func(key, doc string) property.Property {
		return property.Property{Key: "snapshot.mode.configuration.based." + key, Type: property.Bool, Default: "false", Doc: "With the mode configuration_based: " + doc}
	}
	return property.Table{
		{Key: "snapshot.mode", Type: property.Enum, Default: "initial",
			Values: []string{"initial", "always", "initial_only", "no_data", "recovery", "never", "when_needed", "configuration_based"},
			Later:  []string{"custom"}, Doc: "Which rows are read before the log. A snapshot that is interrupted goes on where it was."},
		flag("snapshot.data", "whether to read all rows at every start."),
		{Key: "snapshot.mode.configuration.based.snapshot.schema", Ignored: "definitions of tables are read whenever they are needed", Doc: "Definitions."},
		flag("start.stream", "whether to read the log."),
		{Key: "snapshot.mode.configuration.based.snapshot.on.schema.error", Ignored: "definitions of tables are read whenever they are needed", Doc: "Definitions."},
		flag("snapshot.on.data.error", "whether to read all rows where the server no longer has the offset."),
		{Key: "snapshot.locking.mode", Type: property.Enum, Default: "minimal", Values: []string{"minimal", "minimal_percona", "minimal_percona_no_table_locks", "extended", "none"},
			Later: []string{"minimal_at_least_once", "custom"}, Doc: "How a snapshot is kept consistent with the log."},
		{Key: "snapshot.lock.timeout.ms", Type: property.Millis, Default: "10000", Check: property.AtLeast(1), Doc: "How long a snapshot waits for its locks."},
		{Key: "streaming.delay.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How long to wait behind a snapshot before the log is read."},
		{Key: "snapshot.delay.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How long to wait before a snapshot."},
		{Key: "snapshot.max.threads", Type: property.Int, Default: "1", Check: property.Between(1, 64), Doc: "How many connections read rows side by side; tables are cut into chunks."},
		{Key: "snapshot.max.threads.multiplier", Ignored: "the size of chunks is fixed", Doc: "Chunks a thread."},
		{Key: "legacy.snapshot.max.threads", Ignored: "tables are always cut into chunks", Doc: "A thread a table."},
		{Key: "snapshot.tables.order.by.row.count", Type: property.Enum, Default: "disabled", Values: []string{"disabled", "ascending", "descending"}, Doc: "The order in which tables are read, by the server's estimate of their rows."},
		{Key: "snapshot.select.statement.overrides", Type: property.List, Doc: "The tables whose rows are read by statements of one's own, as database.table."},
		{Key: "snapshot.select.statement.overrides.*", Doc: "The statement that reads the rows of a table, `snapshot.select.statement.overrides.database.table`."},
	}
}

// snapshotProperties takes the values of snapshotProperties.
func (s *Source) snapshotProperties(p *property.Set) {
	s.Snapshot = SnapshotMode(p.Enum("snapshot.mode"))
	const steps = "snapshot.mode.configuration.based."
	s.SnapshotSteps = SnapshotSteps{Data: p.Bool(steps + "snapshot.data"), Stream: p.Bool(steps + "start.stream"), OnDataError: p.Bool(steps + "snapshot.on.data.error")}
	s.SnapshotTables = envelope.ExprsOf(p, "snapshot.include.collection.list")
	if s.SnapshotLocking = SnapshotLocking(p.Enum("snapshot.locking.mode")); s.SnapshotLocking == "minimal_percona_no_table_locks" {
		s.SnapshotLocking = LockMinimalPercona // which never locks tables one by one
	}
	s.SnapshotLockTimeout, s.SnapshotDelay, s.StreamingDelay = p.Millis("snapshot.lock.timeout.ms"), p.Millis("snapshot.delay.ms"), p.Millis("streaming.delay.ms")
	s.SnapshotThreads = p.Int("snapshot.max.threads")
	if order := p.Enum("snapshot.tables.order.by.row.count"); order != "disabled" {
		s.SnapshotOrder = SnapshotOrder(order)
	}
	const overrides = "snapshot.select.statement.overrides"
	for _, table := range p.List(overrides) {
		statement := p.String(overrides + "." + table)
		if statement == "" {
			p.Errorf(overrides, "names %s, and there is no %s.%s with the statement", table, overrides, table)
			continue
		}
		if s.SnapshotSelects == nil {
			s.SnapshotSelects = map[string]string{}
		}
		s.SnapshotSelects[table] = statement
	}
}

// signalProperties takes the values of signals and notifications.
func (s *Source) signalProperties(p *property.Set, channels []func(*property.Set) signal.Channel) {
	in := inbox.FromProperties(p, channels...)
	s.Signals, s.SignalTable, s.ReadOnly, s.ChunkRows = in.Channels, in.Table, in.ReadOnly, in.ChunkRows
	s.Watermarks, s.Notify, s.NotificationTopic = Watermarks(in.Watermarks), in.Notify, in.NotificationTopic
}
