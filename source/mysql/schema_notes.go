package mysql

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// tells says whether changes of definitions in a database are told of, whether
// or not its tables are captured.
func (r *reader) tells(db string) bool {
	if r.changes == nil {
		return false
	}
	return r.src.SchemaChangeScope == ScopeAll || r.src.SchemaChangeScope == ScopeCapturedDatabases && r.sel.database(db)
}

// others are the tables that are not captured and that are told of, without the
// server's own.
func (r *reader) others(ctx context.Context, c *conn) ([]tableID, error) {
	if r.changes == nil || r.src.SchemaChangeScope == ScopeCapturedTables {
		return nil, nil
	}
	ids, err := c.tables(ctx, &selection{system: r.sel.system})
	return slices.DeleteFunc(ids, func(id tableID) bool { return r.sel.table(id) || !r.tells(id.db) }), err
}

// surveyOthers reads the definitions of the tables that are not captured and
// that are told of. They are of later than what the log goes on with.
func (r *reader) surveyOthers(ctx context.Context, c *conn) (map[tableID]*definition, error) {
	ids, err := r.others(ctx, c)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	found, err := c.define(ctx, r.server, ids)
	if err != nil {
		return nil, err
	}
	now, err := r.server.tip(ctx, c)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(found, func(_ tableID, d *definition) bool { return d == nil || d.kind == "SEQUENCE" })
	for id, d := range found {
		r.kin[id], r.ahead[id] = d, now
		r.history.begin(d)
	}
	return found, nil
}

// statements are those that would make tables anew.
func (r *reader) statements(ctx context.Context, c *conn, definitions map[tableID]*definition) (map[tableID]string, error) {
	if r.changes == nil {
		return nil, nil
	}
	out := map[tableID]string{}
	for id, d := range definitions {
		if d == nil || d.kind == "SEQUENCE" {
			continue
		}
		rows, err := c.query(ctx, "SHOW CREATE TABLE "+id.quoted())
		if err != nil {
			return nil, err
		}
		if len(rows) != 1 || len(rows[0]) < 2 {
			return nil, fmt.Errorf("SHOW CREATE TABLE %s: the server gives no statement", id.quoted())
		}
		out[id] = rows[0][1].V
	}
	return out, nil
}

// describe gathers what a snapshot tells of the definitions of tables: the
// statements that make the captured ones, and those of the others that are told
// of, which nobody has locked.
func (r *reader) describe(ctx context.Context, c *conn, pos position, definitions map[tableID]*definition, statements map[tableID]string) error {
	if r.changes == nil {
		return nil
	}
	others, err := r.surveyOthers(ctx, c)
	if err != nil {
		return err
	}
	more, err := r.statements(ctx, c, others)
	if err != nil {
		return err
	}
	definitions, statements = maps.Clone(definitions), maps.Clone(statements)
	maps.Copy(definitions, others)
	maps.Copy(statements, more)
	ids := slices.SortedFunc(maps.Keys(statements), func(a, b tableID) int { return strings.Compare(a.String(), b.String()) })
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
		add(definitionNote{database: db, table: tailrace.Some(id.name), ddl: statements[id], changes: []tableChange{{kind: "CREATE", id: id, now: definitions[id]}}})
	}
	return nil
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
	w.source[sourceQuery], w.source[sourceRow] = tailrace.Value{}, tailrace.Int32(0)
	if !s.in {
		w.source[sourceThread] = tailrace.Value{}
	}
	for i := range notes {
		s.changes.tell(w, &notes[i])
	}
	w.source[sourceQuery], w.source[sourceThread] = query, thread
}

// notes are what is to be told of the statement: of DROP TABLE and RENAME TABLE
// each table for itself, under the names of all of them; of what changes no
// definition, such as that of an index, the statement alone.
func (c *schemaChange) notes() []definitionNote {
	told := slices.DeleteFunc(slices.Clone(c.done), func(done tableChange) bool {
		return !c.tells(done.id.db) && !c.sel.table(done.id) && (done.was == (tableID{}) || !c.sel.table(done.was))
	})
	switch st := c.st; st.Kind {
	case ddl.TruncateTable:
		return nil
	case ddl.CreateDatabase, ddl.DropDatabase:
		if !c.sel.database(st.Database) && !c.tells(st.Database) {
			return nil
		}
		return []definitionNote{{database: st.Database, ddl: c.plainDDL()}}
	case ddl.DropTable:
		return c.notesOfEach(told, func(done *tableChange) string {
			if st.IfExists {
				return "DROP TABLE IF EXISTS " + done.id.quoted()
			}
			return "DROP TABLE " + done.id.quoted()
		})
	case ddl.RenameTable:
		return c.notesOfEach(told, func(done *tableChange) string {
			i := slices.IndexFunc(st.Renames, func(r ddl.Rename) bool { return c.name(r.To) == done.id })
			return "RENAME TABLE " + st.Renames[i].Text
		})
	case ddl.CreateTable, ddl.AlterTable:
		if st.Kind == ddl.CreateTable && len(told) == 0 {
			return nil
		}
		if len(told) == 0 {
			break
		}
		last := told[len(told)-1]
		if last.before && st.Kind == ddl.CreateTable || last.before && last.now == nil && !c.sel.table(last.id) {
			break
		}
		return []definitionNote{{database: last.id.db, table: tailrace.Some(last.id.name), ddl: c.plainDDL(), changes: told[len(told)-1:]}}
	}
	if !c.tells(c.database) || untold.MatchString(ddl.Trim(c.text)) {
		return nil
	}
	return []definitionNote{{database: c.database, table: tailrace.Some(""), ddl: c.text}}
}

// notesOfEach is a note of each table.
func (c *schemaChange) notesOfEach(told []tableChange, text func(*tableChange) string) []definitionNote {
	names := map[string][]string{} // by database
	for _, n := range c.st.Tables {
		id := c.name(n)
		names[id.db] = append(names[id.db], id.name)
	}
	for _, r := range c.st.Renames {
		id := c.name(r.To)
		names[id.db] = append(names[id.db], id.name)
	}
	var out []definitionNote
	for i := range told {
		id := told[i].id
		changes := told[i : i+1]
		if told[i].kind != "DROP" && told[i].now == nil && !c.sel.table(id) {
			changes = nil
		}
		out = append(out, definitionNote{database: id.db, table: tailrace.Some(strings.Join(names[id.db], ",")), ddl: text(&told[i]), changes: changes})
	}
	return out
}

// plainDDL is the statement without the comments around it, and without the
// words that have a table's rows in its transaction.
func (c *schemaChange) plainDDL() string {
	text := ddl.Trim(c.text)
	if c.st.Transaction {
		text = strings.TrimSpace(strings.TrimSuffix(text, "START TRANSACTION"))
	}
	return text
}

// untold are statements that are not told of: about users, whose passwords are
// in them, about views and routines, and those that only tend tables.
var untold = regexp.MustCompile(`(?is)^(SET\s+STATEMENT\s.*?\sFOR\s+)?(` +
	`(GRANT|REVOKE|SAVEPOINT|SET\s+PASSWORD|FLUSH\s+(RELAY\s+LOGS|PRIVILEGES)|TRUNCATE\s+TABLE|REPLACE\s+INTO)\b` +
	`|(ANALYZE|OPTIMIZE|REPAIR)\s+((NO_WRITE_TO_BINLOG|LOCAL)\s+)?TABLE\b` +
	`|(RENAME|SET\s+DEFAULT)\s+(USER|ROLE)\b` +
	`|(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(IF\s+(NOT\s+)?EXISTS\s+)?(USER|ROLE|TEMPORARY)\b` +
	`|(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(ALGORITHM\s*=\s*\S+\s+)?(DEFINER\s*=\s*\S+\s+)?(SQL\s+SECURITY\s+\S+\s+)?(AGGREGATE\s+)?(VIEW|FUNCTION|PROCEDURE|TRIGGER|PACKAGE)\b` +
	`)`)
