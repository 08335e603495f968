package mysql

import (
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// schemaChanges makes the records of what happens to definitions.
type schemaChanges struct {
	topic     string
	keySchema *tailrace.Schema
	schema    *tailrace.Schema
	comments  bool // of tables and columns are told

	// waiting are what a snapshot tells of definitions, which comes before its
	// first row.
	waiting []definitionNote
}

// definitionNote is a statement, and what became of tables by it.
type definitionNote struct {
	database string
	table    tailrace.Null[string]
	ddl      string
	changes  []tableChange
	pos      position // of the snapshot
}

// newSchemaChanges makes the schemas of the connector's records.
func newSchemaChanges(s *Source, source *tailrace.Schema) *schemaChanges {
	name := "io.debezium.connector." + string(s.Flavor)
	texts := tailrace.NewSchema(tailrace.TypeArray).Elem(tailrace.StringSchema).Optional().MustBuild()
	column := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.schema.Column").Version(1).
		Field("name", tailrace.StringSchema).
		Field("jdbcType", tailrace.Int32Schema).
		Field("nativeType", tailrace.OptionalInt32Schema).
		Field("typeName", tailrace.StringSchema).
		Field("typeExpression", tailrace.OptionalStringSchema).
		Field("charsetName", tailrace.OptionalStringSchema).
		Field("length", tailrace.OptionalInt32Schema).
		Field("scale", tailrace.OptionalInt32Schema).
		Field("position", tailrace.Int32Schema).
		Field("optional", tailrace.OptionalBooleanSchema).
		Field("autoIncremented", tailrace.OptionalBooleanSchema).
		Field("generated", tailrace.OptionalBooleanSchema).
		Field("comment", tailrace.OptionalStringSchema).
		Field("defaultValueExpression", tailrace.OptionalStringSchema).
		Field("enumValues", texts).
		MustBuild()
	table := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.schema.Table").Version(1).Optional().
		Field("defaultCharsetName", tailrace.OptionalStringSchema).
		Field("primaryKeyColumnNames", texts).
		Field("columns", tailrace.NewSchema(tailrace.TypeArray).Elem(column).MustBuild()).
		Field("comment", tailrace.OptionalStringSchema).
		MustBuild()
	change := tailrace.NewSchema(tailrace.TypeStruct).Name("io.debezium.connector.schema.Change").Version(1).
		Field("type", tailrace.StringSchema).
		Field("id", tailrace.StringSchema).
		Field("table", table).
		MustBuild()
	return &schemaChanges{
		topic:    envelope.TopicName(s.TopicPrefix),
		comments: s.SchemaComments,
		keySchema: tailrace.NewSchema(tailrace.TypeStruct).Name(name+".SchemaChangeKey").Version(1).
			Field("databaseName", tailrace.StringSchema).MustBuild(),
		schema: tailrace.NewSchema(tailrace.TypeStruct).Name(name+".SchemaChangeValue").Version(1).
			Field("source", source).
			Field("ts_ms", tailrace.Int64Schema).
			Field("databaseName", tailrace.OptionalStringSchema).
			Field("schemaName", tailrace.OptionalStringSchema).
			Field("ddl", tailrace.OptionalStringSchema).
			Field("tableChanges", tailrace.NewSchema(tailrace.TypeArray).Elem(change).MustBuild()).
			MustBuild(),
	}
}

// tellSnapshot adds the records of what a snapshot found.
func (r *reader) tellSnapshot() {
	if r.changes == nil || len(r.changes.waiting) == 0 {
		return
	}
	w := r.w
	w.source[sourceSnapshot] = markTrue
	for i := range r.changes.waiting {
		n := &r.changes.waiting[i]
		if r.snapshot == nil && i == len(r.changes.waiting)-1 {
			w.source[sourceSnapshot] = markLast
		}
		now := time.Now()
		w.stamp(now.UnixMicro())
		w.source[sourceNanos] = tailrace.Int64(now.UnixNano())
		w.place(tailrace.String(n.pos.File), n.pos.Pos)
		r.changes.tell(w, n)
	}
	r.changes.waiting = nil
	w.newest = 0
	if r.snapshot == nil {
		w.source[sourceSnapshot] = markFalse
	}
}

// tell adds a record.
func (c *schemaChanges) tell(w *writer, n *definitionNote) {
	w.begin()
	w.source[sourceDB], w.source[sourceTable] = w.slab.CopyString([]byte(n.database)), tailrace.Value{}
	if n.table.Valid {
		w.source[sourceTable] = w.slab.CopyString([]byte(n.table.V))
	}
	changes := w.slab.Values(len(n.changes))
	for i, change := range n.changes {
		fields := w.slab.Values(3)
		fields[0], fields[1] = tailrace.String(change.kind), tailrace.String(`"`+change.id.db+`"."`+change.id.name+`"`)
		if change.now != nil {
			fields[2] = change.now.described(&w.slab, c.comments)
		}
		changes[i] = tailrace.StructOf(fields)
	}
	key, value := w.slab.Values(1), w.slab.Values(6)
	key[0] = tailrace.String(n.database)
	value[0], value[1], value[2], value[4], value[5] = tailrace.StructOf(w.block()), w.millis, tailrace.String(n.database), tailrace.String(n.ddl), tailrace.Array(changes)
	w.records = append(w.records, tailrace.Record{Topic: c.topic, KeySchema: c.keySchema, Key: tailrace.StructOf(key),
		ValueSchema: c.schema, Value: tailrace.StructOf(value), Headers: w.headers})
}

// described is the table as the records have it.
func (d *definition) described(slab *tailrace.Slab, comments bool) tailrace.Value {
	fields := slab.Values(4)
	if d.charset != "" {
		fields[0] = tailrace.String(d.charset)
	}
	var key []string
	if d.byIndex == "" {
		key = d.key
	}
	fields[1] = textsOf(slab, key)
	columns := make([]tailrace.Value, 0, len(d.columns))
	for i := range d.columns {
		if !d.columns[i].hidden {
			columns = append(columns, d.columns[i].described(slab, len(columns)+1, comments))
		}
	}
	fields[2] = tailrace.Array(columns)
	if comments && d.comment.Valid {
		fields[3] = tailrace.String(d.comment.V)
	}
	return tailrace.StructOf(fields)
}

func textsOf(slab *tailrace.Slab, texts []string) tailrace.Value {
	out := slab.Values(len(texts))
	for i, text := range texts {
		out[i] = tailrace.String(text)
	}
	return tailrace.Array(out)
}

// jdbcTypes are the numbers of java.sql.Types that Debezium gives columns.
var jdbcTypes = map[string]int32{
	"tinyint": 5, "smallint": 5, "mediumint": 4, "int": 4, "bigint": -5, "float": 6, "double": 8, "decimal": 3, "bit": -7,
	"char": 1, "varchar": 12, "tinytext": 12, "text": 12, "mediumtext": 12, "longtext": 12, "enum": 1, "set": 1,
	"binary": -2, "varbinary": -3, "tinyblob": 2004, "blob": 2004, "mediumblob": 2004, "longblob": 2004,
	"date": 91, "time": 92, "datetime": 93, "timestamp": 2014, "year": 4,
}

// described is the column as the records have it.
func (def *columnDefinition) described(slab *tailrace.Slab, position int, comments bool) tailrace.Value {
	f := slab.Values(15)
	jdbc, ok := jdbcTypes[def.typ]
	if !ok {
		jdbc = 1111
	}
	typ := strings.ToUpper(def.typ)
	if def.written != "" {
		typ = def.written
	}
	if def.unsigned {
		typ += " UNSIGNED"
	}
	if strings.Contains(def.full, "zerofill") {
		typ += " ZEROFILL"
	}
	f[0], f[1], f[3], f[4] = tailrace.String(def.name), tailrace.Int32(jdbc), tailrace.String(typ), tailrace.String(typ)
	if def.charset != "" {
		f[5] = tailrace.String(def.charset)
	}
	if length, scale := def.declaredLength(); length >= 0 {
		f[6] = tailrace.Int32(int32(length))
		if scale >= 0 {
			f[7] = tailrace.Int32(int32(scale))
		}
	}
	f[8], f[9], f[10], f[11] = tailrace.Int32(int32(position)), tailrace.Boolean(def.nullable), tailrace.Boolean(def.counted), tailrace.Boolean(def.counted)
	if comments && def.comment.Valid {
		f[12] = tailrace.String(def.comment.V)
	}
	switch {
	case def.computed && (def.typ == "timestamp" || def.typ == "datetime"):
		f[13] = tailrace.String("1970-01-01 00:00:00")
	case def.fallback.Valid:
		f[13] = tailrace.String(def.fallback.V)
	}
	if len(def.labels) > 0 {
		quoted := make([]string, len(def.labels))
		for i, label := range def.labels {
			quoted[i] = "'" + strings.ReplaceAll(label, "'", "''") + "'"
		}
		f[14] = textsOf(slab, quoted)
	}
	return tailrace.StructOf(f)
}
