package mysql

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// DebeziumHistoryFile reads the file in which Debezium's FileSchemaHistory
// keeps its records, a line each, for Source.DebeziumHistory. Where there is no
// such file there are no records.
func DebeziumHistoryFile(path string) func(ctx context.Context, record func(text []byte) error) error {
	return func(ctx context.Context, record func(text []byte) error) error {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		r := bufio.NewReader(f)
		for line := 1; ; line++ {
			text, err := r.ReadBytes('\n')
			if len(text) > 0 && len(strings.TrimSpace(string(text))) > 0 {
				if err := errors.Join(ctx.Err(), record(text)); err != nil {
					return fmt.Errorf("%s: line %d: %w", path, line, err)
				}
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// debeziumRecord is a record of Debezium's schema history.
type debeziumRecord struct {
	Source   map[string]any  `json:"source"`
	Position json.RawMessage `json:"position"`
	Database string          `json:"databaseName"`
	DDL      string          `json:"ddl"`
	Changes  []struct {
		Type     string         `json:"type"`
		ID       string         `json:"id"`
		Previous string         `json:"previousId"`
		Table    *debeziumTable `json:"table"`
	} `json:"tableChanges"`
}

type debeziumTable struct {
	Charset *string          `json:"defaultCharsetName"`
	Key     []string         `json:"primaryKeyColumnNames"`
	Columns []debeziumColumn `json:"columns"`
	Comment *string          `json:"comment"`
}

type debeziumColumn struct {
	Name       string   `json:"name"`
	Type       string   `json:"typeName"`
	Charset    *string  `json:"charsetName"`
	Length     *int     `json:"length"`
	Scale      *int     `json:"scale"`
	Optional   bool     `json:"optional"`
	Counted    bool     `json:"autoIncremented"`
	HasDefault bool     `json:"hasDefaultValue"`
	Default    *string  `json:"defaultValueExpression"`
	Comment    *string  `json:"comment"`
	Labels     []string `json:"enumValues"`
}

// importDebezium takes the definitions that tables had at a position from
// Debezium's records. Those behind the position are not looked at: the log has
// their statements.
func (h *history) importDebezium(ctx context.Context, read func(context.Context, func([]byte) error) error, p position, mariadb bool) error {
	known := map[tableID]*definition{}
	err := read(ctx, func(text []byte) error {
		var rec debeziumRecord
		if err := json.Unmarshal(text, &rec); err != nil {
			return fmt.Errorf("a record is none of a schema history: %w", err)
		}
		if server, ok := rec.Source["server"]; ok && server != h.prefix {
			return nil
		}
		at, err := parsePosition(string(rec.Position))
		if err != nil {
			return err
		}
		if !at.isBehind(p, mariadb) {
			return nil
		}
		rec.apply(known, mariadb)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read Debezium's schema history: %w", err)
	}
	for _, d := range known {
		h.begin(d)
	}
	return nil
}

// isBehind says whether a stream that begins at p has the statement of a record
// behind it, by the record's position. Its GTIDs are those before the statement,
// so that a stream that has no more has not read it; those of a snapshot are
// all that it has seen.
func (at *position) isBehind(p position, mariadb bool) bool {
	if !(milestone{File: at.File, Pos: at.Pos, GTID: at.GTIDs}).isBehind(p, mariadb) {
		return false
	}
	if at.Snapshot != "" || at.GTIDs == "" || p.GTIDs == "" {
		return true
	}
	return !(milestone{GTID: p.GTIDs}).isBehind(*at, mariadb)
}

// apply makes the record's changes of the definitions that are known.
func (rec *debeziumRecord) apply(known map[tableID]*definition, mariadb bool) {
	for _, change := range rec.Changes {
		id, ok := parseTableID(change.ID)
		if !ok {
			continue
		}
		if was, ok := parseTableID(change.Previous); ok {
			delete(known, was)
		}
		delete(known, id)
		if change.Table != nil && change.Type != "DROP" {
			known[id] = change.Table.definition(id, mariadb)
		}
	}
	if len(rec.Changes) > 0 {
		return
	}
	st := ddl.Parse(rec.DDL)
	id := func(n ddl.Name) tableID {
		if n.Database == "" {
			n.Database = rec.Database
		}
		return tableID{n.Database, n.Table}
	}
	switch st.Kind {
	case ddl.DropDatabase:
		for id := range known {
			if id.db == st.Database {
				delete(known, id)
			}
		}
	case ddl.DropTable:
		for _, n := range st.Tables {
			delete(known, id(n))
		}
	case ddl.CreateTable:
		if d, err := created(id(st.Tables[0]), &st, "", "", mariadb); err == nil && st.Like == nil {
			known[d.id] = d
		}
	case ddl.AlterTable, ddl.CreateIndex, ddl.DropIndex:
		if d := known[id(st.Tables[0])]; d != nil && d.alter(&st) != nil {
			delete(known, d.id)
		}
	}
	for _, r := range st.Renames {
		if d := known[id(r.From)]; d != nil {
			delete(known, d.id)
			d.id = id(r.To)
			known[d.id] = d
		}
	}
}

// parseTableID reads "database"."table".
func parseTableID(text string) (tableID, bool) {
	db, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`), `"."`)
	return tableID{db, name}, ok
}

func (t *debeziumTable) definition(id tableID, mariadb bool) *definition {
	d := &definition{id: id, mariadb: mariadb}
	if t.Charset != nil {
		d.charset = *t.Charset
	}
	d.comment = importedComment(t.Comment)
	for i := range t.Columns {
		column := d.newColumn(t.Columns[i].column())
		column.comment = importedComment(t.Columns[i].Comment)
		d.columns = append(d.columns, column)
	}
	if len(t.Key) > 0 {
		d.setPrimary(t.Key)
	}
	return d
}

// importedComment is a comment of Debezium's, which has it as it was written
// between quotes.
func importedComment(written *string) (comment tailrace.Null[string]) {
	if written == nil {
		return comment
	}
	if st := ddl.Parse("ALTER TABLE t COMMENT '" + *written + "'"); st.Comment != nil {
		return tailrace.Some(*st.Comment)
	}
	return tailrace.Some(*written)
}

// column is the column as a statement would have it.
func (c *debeziumColumn) column() *ddl.Column {
	out := &ddl.Column{Name: c.Name, NotNull: !c.Optional, AutoIncrement: c.Counted}
	words := strings.Fields(strings.ToUpper(c.Type))
	has := func(word string) bool { return slices.Contains(words, word) }
	out.Unsigned, out.Zerofill = has("UNSIGNED") || has("ZEROFILL"), has("ZEROFILL")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "UNSIGNED" || w == "ZEROFILL" || w == "SIGNED" })
	typ := strings.Join(words, " ")
	if c.Length != nil && typ != "ENUM" && typ != "SET" {
		out.Args = append(out.Args, strconv.Itoa(*c.Length))
		if c.Scale != nil {
			out.Args = append(out.Args, strconv.Itoa(*c.Scale))
		}
		typ += "(" + strings.Join(out.Args, ",") + ")"
	}
	if len(c.Labels) > 0 {
		typ += "(" + strings.Join(c.Labels, ",") + ")"
	}
	// The parser of statements knows what types are called.
	st := ddl.Parse("CREATE TABLE t (c " + typ + ")")
	if len(st.Changes) == 1 {
		parsed := st.Changes[0].Column
		out.Type, out.Written, out.Args = parsed.Type, parsed.Written, parsed.Args
	}
	if c.Charset != nil {
		out.Charset = *c.Charset
	}
	if c.Default != nil {
		out.Default = ddl.Default{Set: true, Text: *c.Default, Quoted: true}
		if out.Type == "BIT" {
			out.Default.Base = 'b'
		}
	}
	return out
}
