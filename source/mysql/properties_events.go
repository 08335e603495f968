package mysql

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// eventProperties takes the values of those that all connectors share.
func (s *Source) eventProperties(p *property.Set) {
	s.TopicNaming = (*TopicNaming)(envelope.TopicNamingOf(p))
	limit := envelope.GuardrailOf(p)
	s.MaxTables, s.MaxTablesWarns = limit.Max, limit.Warn && limit.Max > 0
	s.InitialStatements = envelope.StatementsOf(p, "database.initial.statements")
	s.TopicDelimiter = p.String("topic.delimiter")
	s.SchemaNames, s.FieldNames = NameMode(p.Enum("schema.name.adjustment.mode")), NameMode(p.Enum("field.name.adjustment.mode"))
	s.TransactionMetadata, s.TransactionTopic = p.Bool("provide.transaction.metadata"), p.String("topic.transaction")
	s.Heartbeat, s.HeartbeatPrefix, s.HeartbeatQuery = p.Millis("heartbeat.interval.ms"), p.String("topic.heartbeat.prefix"), p.String("heartbeat.action.query")
	for _, k := range envelope.KeyColumnsOf(p, "database.table") {
		s.KeyColumns = append(s.KeyColumns, KeyColumns(k))
	}
	s.Reselect = (*Reselect)(envelope.ReselectOf(p))
	s.SkipUnchanged = p.Bool("skip.messages.without.change")
	for _, m := range envelope.MasksOf(p) {
		s.Masks = append(s.Masks, Mask(m))
	}
	s.SourceTypeColumns, s.SourceTypes = envelope.ExprsOf(p, "column.propagate.source.type"), envelope.ExprsOf(p, "datatype.propagate.source.type")
	s.Conversions = conversionsOf(p)
	s.SchemaComments = p.Bool("include.schema.comments")
	switch {
	case p.Bool(HistoryProperties + "store.only.captured.tables.ddl"):
		s.SchemaChangeScope = ScopeCapturedTables
	case p.Bool(HistoryProperties + "store.only.captured.databases.ddl"):
		s.SchemaChangeScope = ScopeCapturedDatabases
	default:
		s.SchemaChangeScope = ScopeAll
	}
}
