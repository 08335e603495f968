package mysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// query reads a statement that is in the log as text: the beginnings and ends
// of transactions, and changes of tables' definitions.
func (s *stream) query(ctx context.Context, w *writer, ev *binlog.Event) error {
	q, err := ev.Query()
	if err != nil {
		return &refused{"read the log", err}
	}
	if string(q.Text) == "BEGIN" {
		s.begin(ev)
		w.source[sourceThread] = tailrace.Int64(int64(q.Thread))
		s.tellBegin(w, ev)
		return nil
	}
	words := splitWords(string(q.Text[:min(len(q.Text), 1<<16)]), 4)
	switch first, second := words.at(0), words.at(1); {
	case first == "XA":
		w.source[sourceThread] = tailrace.Int64(int64(q.Thread))
		return s.xaStatement(ctx, ev, words, string(q.Text))
	case first == "SAVEPOINT", first == "RELEASE", first == "ROLLBACK" && second == "TO":
		return nil
	case first == "COMMIT", first == "ROLLBACK":
		s.end(ev)
		return nil
	case first == "CREATE", first == "ALTER", first == "DROP", first == "RENAME", first == "TRUNCATE":
		s.define(w, ev, &q)
		return nil
	case changesRows(first):
		if err := s.refuseStatement(&q, ev, first); err != nil {
			return err
		}
	default:
		s.tellSchema(w, &schemaChange{stream: s, ev: ev, st: &ddl.Statement{}, database: string(q.Schema), text: string(q.Text)})
	}
	if !s.in {
		s.end(ev)
	}
	return nil
}

// changesRows says of a statement's first word whether it changes rows. Where
// such a statement is in the log, its rows are not.
func changesRows(word string) bool {
	switch word {
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "CALL":
		return true
	}
	return false
}

// refuseStatement is the error of a statement that changed captured rows that
// the log does not have.
func (s *stream) refuseStatement(q *binlog.Query, ev *binlog.Event, what string) error {
	concerned := s.sel.database(string(q.Schema))
	for id := range s.tables {
		concerned = concerned || mentions(q.Text, id.name)
	}
	if !concerned {
		return nil
	}
	return &refused{"read the log", fmt.Errorf("%s:%d has the text of a statement (%s …, in the database %s), and not the rows that it changed: a client has set binlog_format to STATEMENT or MIXED; "+
		"have it set to ROW, and begin anew with a snapshot", ev.File, ev.Start, what, q.Schema)}
}

// mentions says whether a text has a name in it, in any case.
func mentions(text []byte, name string) bool {
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || c == '`' || c == '"' {
			return true
		}
	}
	for i := 0; i+len(name) <= len(text); i++ {
		if strings.EqualFold(string(text[i:i+len(name)]), name) {
			return true
		}
	}
	return false
}

// truncated makes the record of a TRUNCATE TABLE.
func (s *stream) truncated(w *writer, ev *binlog.Event, id tableID) {
	t := s.tables[id]
	if s.asked.Incremental.Concerns(id.String()) {
		s.asked.Incremental.Drop()
	}
	if t == nil || !s.wants(tailrace.OpTruncate) {
		return
	}
	s.meter.Stream.Truncated++
	w.begin()
	s.stampOf(w, ev)
	w.source[sourceDB], w.source[sourceTable], w.source[sourceRow] = t.db, t.name, tailrace.Int32(0)
	w.stamp(floorDiv(s.micros, 1000) * 1000) // Debezium has it to the millisecond
	w.add(t, opTruncate, tailrace.Value{}, tailrace.Value{}, tailrace.Value{}, w.block(), w.headers)
}

// words are the first words, names and signs of a statement, without comments.
type words []string

// at gives a word in upper case; "" where there is none.
func (w words) at(i int) string {
	if i >= len(w) {
		return ""
	}
	return strings.ToUpper(w[i])
}

// splitWords splits off up to n words more than two of a statement.
func splitWords(text string, n int) words {
	var out words
	for len(out) < n+2 {
		text = skipBlanks(text)
		if text == "" {
			break
		}
		end := wordEnd(text)
		out, text = append(out, text[:end]), text[end:]
	}
	return out
}

func wordEnd(text string) int {
	if text[0] == '`' {
		for i := 1; i < len(text); i++ {
			if text[i] == '`' {
				if i+1 < len(text) && text[i+1] == '`' {
					i++
					continue
				}
				return i + 1
			}
		}
		return len(text)
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return !(r == '_' || r == '$' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80)
	})
	switch end {
	case -1:
		return len(text)
	case 0:
		return 1
	}
	return end
}

// skipBlanks skips white space and comments. What a comment for servers holds,
// /*! … */, is not skipped.
func skipBlanks(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n\f\v;(")
		switch {
		case strings.HasPrefix(text, "/*!"), strings.HasPrefix(text, "/*M!"):
			text = strings.TrimLeft(text[strings.IndexByte(text, '!')+1:], "0123456789")
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text[2:], "*/")
		case strings.HasPrefix(text, "*/"):
			text = text[2:]
		case strings.HasPrefix(text, "#"), strings.HasPrefix(text, "-- "), strings.HasPrefix(text, "--\t"), strings.HasPrefix(text, "--\n"):
			_, text, _ = strings.Cut(text, "\n")
		default:
			return text
		}
	}
}
