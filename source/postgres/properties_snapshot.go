package postgres

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/internal/inbox"
	"github.com/tailrace-io/tailrace/source/signal"
)

// The properties of the mode configuration_based end so.
const configurationBased = "snapshot.mode.configuration.based."

func snapshotProperties() property.Table {
	part := func(name, doc string) property.Property {
		return property.Property{Key: configurationBased + name, Type: property.Bool, Default: "false", Doc: "With `snapshot.mode=configuration_based`: " + doc}
	}
	return property.Table{
		{Key: "snapshot.max.threads", Type: property.Int, Default: "1", Check: property.Between(1, 64), Doc: "How many connections read rows side by side; tables are cut into chunks."},
		{Key: "snapshot.max.threads.multiplier", Ignored: "the size of chunks is fixed", Doc: "Chunks a thread."},
		{Key: "legacy.snapshot.max.threads", Ignored: "tables are always cut into chunks", Doc: "A thread a table."},
		{Key: "snapshot.tables.order.by.row.count", Type: property.Enum, Default: "disabled", Values: []string{"disabled", "ascending", "descending"},
			Doc: "The order in which tables are read, by the server's estimate of their rows."},
		{Key: "snapshot.select.statement.overrides", Type: property.List, Doc: "The tables, as schema.table, that a snapshot reads by a statement of one's own."},
		{Key: "snapshot.select.statement.overrides.*", Doc: "`snapshot.select.statement.overrides.schema.table`: the SELECT for a table."},
		{Key: "snapshot.delay.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How long to wait before a snapshot."},
		{Key: "streaming.delay.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How long to wait behind a snapshot before the log is read."},
		part("snapshot.data", "whether the rows are read."),
		part("snapshot.schema", "whether the tables' definitions are read, which they always are."),
		part("start.stream", "whether the log is read."),
		part("snapshot.on.schema.error", "has no effect: definitions are read from the server."),
		part("snapshot.on.data.error", "whether the rows are read again where the server no longer has the stored offset."),
	}
}

// snapshotMode gives the mode, or the one that its parts come to.
func snapshotMode(p *property.Set) SnapshotMode {
	mode := p.Enum("snapshot.mode")
	part := func(name string) bool { return p.Bool(configurationBased + name) }
	data, stream, again := part("snapshot.data"), part("start.stream"), part("snapshot.on.data.error")
	part("snapshot.schema")
	part("snapshot.on.schema.error")
	switch {
	case mode != "configuration_based":
		return SnapshotMode(mode)
	case data && stream && again:
		return SnapshotWhenNeeded
	case data && stream:
		return SnapshotInitial
	case data:
		return SnapshotInitialOnly
	case stream && again:
		p.Errorf(configurationBased+"snapshot.on.data.error", "is true without snapshot.data, which is not supported yet: set both, or none")
	case !stream:
		p.Errorf("snapshot.mode", "is configuration_based, with neither snapshot.data nor start.stream, so that there is nothing to read")
	}
	return SnapshotNoData
}

func snapshotOrder(p *property.Set) SnapshotOrder {
	if order := p.Enum("snapshot.tables.order.by.row.count"); order != "disabled" {
		return SnapshotOrder(order)
	}
	return ""
}

// snapshotQueries gives the statements of the tables that are listed.
func snapshotQueries(p *property.Set) map[string]string {
	const key = "snapshot.select.statement.overrides"
	said := map[string]string{}
	for _, m := range p.Matches(key + ".*") {
		said[m.Args[0]] = p.String(m.Key)
	}
	var out map[string]string
	for _, table := range p.List(key) {
		query := said[table]
		if query == "" {
			p.Errorf(key, "names %s, and there is no %s.%s", table, key, table)
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[table] = query
	}
	return out
}

// signalProperties takes the values of signals and notifications.
func (s *Source) signalProperties(p *property.Set, channels []func(*property.Set) signal.Channel) {
	in := inbox.FromProperties(p, channels...)
	s.Signals, s.SignalTable, s.ReadOnly, s.ChunkRows = in.Channels, in.Table, in.ReadOnly, in.ChunkRows
	s.Watermarks, s.Notify, s.NotificationTopic = Watermarks(in.Watermarks), in.Notify, in.NotificationTopic
}
