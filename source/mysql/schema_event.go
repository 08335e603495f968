package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// schemaChanges makes the records of what happens to definitions.
type schemaChanges struct {
	topic     string
	keySchema *tailrace.Schema
	schema    *tailrace.Schema

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
		topic: envelope.TopicName(s.TopicPrefix),
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

// describe gathers what a snapshot tells of the definitions of the captured
// tables: the statements that would make them anew. A definition that is not
// known yet is not told.
func (r *reader) describe(ctx context.Context, c *conn, pos position, definitions map[tableID]*definition) error {
	if r.changes == nil {
		return nil
	}
	var ids []tableID
	for id, d := range definitions {
		if d != nil && d.kind != "SEQUENCE" {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b tableID) int { return strings.Compare(a.String(), b.String()) })
	add := func(n definitionNote) {
		n.pos = pos
		r.changes.waiting = append(r.changes.waiting, n)
	}
	add(definitionNote{ddl: fmt.Sprintf("SET character_set_server=%s, collation_server=%s", r.server.variables["character_set_server"], r.server.variables["collation_server"])})
	for _, id := range ids {
		add(definitionNote{database: id.db, table: tailrace.Some(id.name), ddl: "DROP TABLE IF EXISTS " + id.quoted(), changes: []tableChange{{kind: "DROP", id: id}}})
	}
	var db string
	for i, id := range ids {
		if i == 0 || id.db != db {
			db = id.db
			rows, err := c.query(ctx, "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = "+quoteText(db))
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				return fmt.Errorf("the database %s is not there any more", db)
			}
			for _, text := range []string{"DROP DATABASE IF EXISTS " + quoteName(db),
				"CREATE DATABASE " + quoteName(db) + " CHARSET " + rows[0][0].V + " COLLATE " + rows[0][1].V, "USE " + quoteName(db)} {
				add(definitionNote{database: db, ddl: text})
			}
		}
		rows, err := c.query(ctx, "SHOW CREATE TABLE "+id.quoted())
		if err != nil {
			return err
		}
		if len(rows) != 1 || len(rows[0]) < 2 {
			return fmt.Errorf("SHOW CREATE TABLE %s: the server gives no statement", id.quoted())
		}
		add(definitionNote{database: db, table: tailrace.Some(id.name), ddl: rows[0][1].V, changes: []tableChange{{kind: "CREATE", id: id, now: definitions[id]}}})
	}
	return nil
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

// tellSchema adds the records of a statement of the log.
func (s *stream) tellSchema(w *writer, c *schemaChange) {
	if s.changes == nil {
		return
	}
	notes := c.notes()
	if len(notes) == 0 {
		return
	}
	w.begin()
	s.stampOf(w, c.ev)
	w.stamp(floorDiv(s.micros, 1000) * 1000)
	query, thread := w.source[sourceQuery], w.source[sourceThread]
	w.source[sourceQuery], w.source[sourceThread], w.source[sourceRow] = tailrace.Value{}, tailrace.Value{}, tailrace.Int32(0)
	for i := range notes {
		s.changes.tell(w, &notes[i])
	}
	w.source[sourceQuery], w.source[sourceThread] = query, thread
}

// notes are what is to be told of the statement: of DROP TABLE and RENAME TABLE
// each table for itself, under the names of all of them.
func (c *schemaChange) notes() []definitionNote {
	var captured []tableChange
	var names []string
	for _, done := range c.done {
		if c.sel.table(done.id) || done.was != (tableID{}) && c.sel.table(done.was) {
			captured = append(captured, done)
		}
	}
	switch st := c.st; st.Kind {
	default: // as for indexes, of which records do not tell
		return nil
	case ddl.CreateDatabase, ddl.DropDatabase:
		if !c.sel.database(st.Database) {
			return nil
		}
		return []definitionNote{{database: st.Database, ddl: plainDDL(c.text)}}
	case ddl.DropTable, ddl.RenameTable:
		if len(captured) == 0 {
			return nil
		}
		for _, n := range st.Tables {
			names = append(names, n.Table)
		}
		for _, r := range st.Renames {
			names = append(names, r.To.Table)
		}
	case ddl.CreateTable, ddl.AlterTable:
		if len(captured) == 0 || st.Kind == ddl.CreateTable && captured[0].before {
			return nil
		}
		return []definitionNote{{database: captured[0].id.db, table: tailrace.Some(captured[len(captured)-1].id.name), ddl: plainDDL(c.text), changes: captured[len(captured)-1:]}}
	}
	var out []definitionNote
	for i, done := range captured {
		text := "DROP TABLE "
		if c.st.Kind == ddl.RenameTable {
			text = "RENAME TABLE " + done.was.name + " TO " + done.id.name
		} else {
			if c.st.IfExists {
				text += "IF EXISTS "
			}
			text += done.id.quoted()
		}
		out = append(out, definitionNote{database: done.id.db, table: tailrace.Some(strings.Join(names, ",")), ddl: text, changes: captured[i : i+1]})
	}
	return out
}

// plainDDL is a statement without its comments, as Debezium gives it.
func plainDDL(text string) string { return strings.TrimSpace(ddl.WithoutComments(text)) }

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
			fields[2] = change.now.described(&w.slab)
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
func (d *definition) described(slab *tailrace.Slab) tailrace.Value {
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
			columns = append(columns, d.columns[i].described(slab, len(columns)+1))
		}
	}
	fields[2] = tailrace.Array(columns)
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
func (def *columnDefinition) described(slab *tailrace.Slab, position int) tailrace.Value {
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
