package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// schemas is what is known of tables beside the definitions of those that are
// captured, which are in reader.tables: each as it is at the place of the log
// that has been read.
type schemas struct {
	// kin are tables that are not captured and that may become so by a new name:
	// the copies that pt-online-schema-change, gh-ost and their like fill and
	// then put in the place of a table. Those that are told of are among them.
	kin map[tableID]*definition

	// ahead says up to where in the log the catalog had come when a table's
	// definition was read from it: statements before that are in it.
	ahead map[tableID]position

	// databases are what these give tables that do not name theirs.
	databases map[string]charsets

	history *history
}

// definitionOf is what is known of a table.
func (s *stream) definitionOf(id tableID) *definition {
	if t := s.tables[id]; t != nil {
		return t.definition
	}
	return s.kin[id]
}

// follows says whether changes of a table's definition are followed: it is
// captured, or may take the place of one that is.
func (s *stream) follows(id tableID) bool {
	if s.sel.table(id) || s.kin[id] != nil || s.tells(id.db) || s.changes != nil && s.src.SchemaChangeScope == ScopeCapturedDatabases {
		return true
	}
	if !s.sel.database(id.db) {
		return false
	}
	for known := range s.tables {
		if known.db == id.db && strings.Contains(id.name, known.name) {
			return true
		}
	}
	return false
}

// define follows a statement that defines tables. Where it concerns none that
// is followed, nothing but the position changes.
func (s *stream) define(w *writer, ev *binlog.Event, q *binlog.Query) {
	st := ddl.Parse(string(q.Text))
	c := &schemaChange{stream: s, ev: ev, st: &st, database: string(q.Schema), text: string(q.Text)}
	if !st.Temporary {
		c.follow()
	}
	c.keep()
	s.tellSchema(w, c)
	if st.Kind == ddl.TruncateTable {
		s.truncated(w, ev, c.name(st.Tables[0]))
	}
	switch {
	case st.Transaction && !s.in: // its rows follow, and the commit
		s.begin(ev)
		s.tellBegin(w, ev)
	case !s.in:
		s.end(ev)
	}
}

// schemaChange is a statement of the log, and what it did to the tables that
// are followed.
type schemaChange struct {
	*stream
	ev       *binlog.Event
	st       *ddl.Statement
	database string // the current one
	text     string

	done []tableChange
}

// name is the table that the statement names so.
func (c *schemaChange) name(n ddl.Name) tableID {
	if n.Database == "" {
		n.Database = c.database
	}
	return tableID{n.Database, n.Table}
}

// tableChange is what a statement did to a table.
type tableChange struct {
	kind string // as Debezium spells it: CREATE, ALTER, DROP
	id   tableID
	was  tableID // where the table has another name now
	now  *definition

	before bool // the definition that is known is of later: it had the change already
}

// follow brings the definitions of the tables up to date.
func (c *schemaChange) follow() {
	switch st := c.st; st.Kind {
	case ddl.CreateTable:
		c.create(c.name(st.Tables[0]))
	case ddl.CreateDatabase, ddl.AlterDatabase:
		c.setDefaults()
	case ddl.AlterTable:
		id := c.name(st.Tables[0])
		if c.follows(id) {
			c.alter(id)
		}
		for _, r := range st.Renames {
			c.rename(c.name(r.From), c.name(r.To))
		}
	case ddl.CreateIndex, ddl.DropIndex:
		if id := c.name(st.Tables[0]); c.follows(id) {
			c.alter(id)
		}
	case ddl.RenameTable:
		for _, r := range st.Renames {
			c.rename(c.name(r.From), c.name(r.To))
		}
	case ddl.DropTable:
		for _, n := range st.Tables {
			c.drop(c.name(n))
		}
	case ddl.DropDatabase:
		delete(c.databases, st.Database)
		for id := range c.tables {
			if id.db == st.Database {
				c.drop(id)
			}
		}
		for id := range c.kin {
			if id.db == st.Database {
				c.drop(id)
			}
		}
	}
}

// set makes a definition that of a table.
func (c *schemaChange) set(id tableID, d *definition) {
	if c.sel.table(id) {
		c.tryLearn(d)
		return
	}
	c.kin[id] = d
}

// forget forgets a table's definition, so that the log and the catalog are
// asked for it when there are rows.
func (s *stream) forget(id tableID) {
	delete(s.tables, id)
	s.meter.Relist()
	delete(s.kin, id)
	delete(s.ahead, id)
}

// isAhead says whether what is known of a table is of later than the statement.
func (c *schemaChange) isAhead(id tableID) bool {
	at, ok := c.ahead[id]
	return ok && c.definitionOf(id) != nil && !(position{File: c.ev.File, Pos: c.ev.End}).after(at)
}

func (c *schemaChange) did(kind string, id tableID, now *definition) {
	c.done = append(c.done, tableChange{kind: kind, id: id, now: now})
}

// had is for a change that the definition that is known has already.
func (c *schemaChange) had(kind string, id tableID) {
	c.done = append(c.done, tableChange{kind: kind, id: id, now: c.definitionOf(id), before: true})
}

func (c *schemaChange) create(id tableID) {
	var like *definition
	if c.st.Like != nil {
		like = c.definitionOf(c.name(*c.st.Like))
	}
	if !c.follows(id) && (like == nil || !c.sel.database(id.db)) {
		return
	}
	known := c.definitionOf(id)
	if known != nil && c.st.IfExists && !c.st.Replace {
		c.had("CREATE", id)
		return
	}
	var d *definition
	var err error
	switch {
	case like != nil:
		d = like.clone()
		d.id = id
	case c.st.Like != nil:
		err = errors.New("it is made like a table that is not known")
	case c.st.Select:
		err = errors.New("it is made of the result of a query")
	default:
		of := c.defaultsOf(id.db)
		d, err = created(id, c.st, of.charset, of.collation, c.server.mariadb)
	}
	if err != nil {
		c.unsure(id, err)
		d = nil
	} else {
		delete(c.ahead, id)
		c.set(id, d)
	}
	c.did("CREATE", id, d)
}

// unsure is for a table of which a statement made something that is not known.
func (c *schemaChange) unsure(id tableID, why error) {
	c.src.Log.Info("a definition is not understood, and asked for again when there are rows", "table", id.String(), "file", c.ev.File, "pos", c.ev.Start, "why", why)
	c.forget(id)
}

func (c *schemaChange) alter(id tableID) {
	d := c.definitionOf(id)
	if d == nil || c.isAhead(id) {
		c.had("ALTER", id)
		return
	}
	d = d.clone()
	if err := d.alter(c.st); err != nil {
		c.unsure(id, err)
		c.did("ALTER", id, nil)
		return
	}
	c.set(id, d)
	c.did("ALTER", id, d)
}

func (c *schemaChange) rename(from, to tableID) {
	if !c.follows(from) && !c.follows(to) {
		return
	}
	d := c.definitionOf(from)
	if d != nil && c.isAhead(from) {
		d = nil // what has that name later is another table
	} else {
		c.forget(from)
	}
	if d == nil {
		if c.definitionOf(to) != nil && c.isAhead(to) {
			c.had("ALTER", to)
			return
		}
		c.forget(to)
		c.did("ALTER", to, nil)
		return
	}
	c.forget(to)
	d = d.clone()
	d.id = to
	c.set(to, d)
	c.done = append(c.done, tableChange{kind: "ALTER", id: to, was: from, now: d})
}

func (c *schemaChange) drop(id tableID) {
	if !c.follows(id) {
		return
	}
	c.forget(id)
	c.did("DROP", id, nil)
}

// settle finds the definition that a table had when rows of it were logged,
// where what is known does not agree with what the log says of the table: the
// one that the catalog has now, if that agrees; else, with
// binlog_row_metadata=FULL, what the log itself says, completed by what is
// known of columns of the same name and type. It gives nil for what has no rows
// of a table, as a sequence.
func (s *stream) settle(ctx context.Context, id tableID, m *binlog.TableMap) (*table, error) {
	var found map[tableID]*definition
	var at position
	err := s.ask(ctx, func(c *conn) (err error) {
		if found, err = c.define(ctx, s.server, []tableID{id}); err == nil {
			at, err = s.server.tip(ctx, c)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	now, known := found[id], s.definitionOf(id)
	why := errors.New("the table is not there any more")
	if now != nil {
		if now.kind == "SEQUENCE" {
			return nil, nil
		}
		why = now.agrees(m)
	}
	if why == nil {
		s.ahead[id] = at
		s.history.add(id, milestone{File: at.File, Pos: at.Pos}, now)
		return s.learn(now)
	}
	if d := logged(id, m, s.server.mariadb, known, now); d != nil {
		if err := d.agrees(m); err != nil {
			return nil, &refused{"decode rows of " + id.String(), err}
		}
		delete(s.ahead, id)
		s.history.add(id, milestone{File: s.pos.File, Pos: s.pos.Pos}, d)
		return s.learn(d)
	}
	return nil, &refused{"decode rows of " + id.String(), fmt.Errorf("%w: the table has been altered since these rows were logged, and the definition that it had then is not known: "+
		"set binlog_row_metadata=FULL and SchemaHistory, so that it will be another time; now leave the table out, or begin anew with a snapshot", why)}
}
