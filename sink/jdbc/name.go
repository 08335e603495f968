package jdbc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// checkFormat says what is wrong with a TableFormat.
func checkFormat(format string) error {
	for rest := format; ; {
		_, after, ok := strings.Cut(rest, "${")
		if !ok {
			return nil
		}
		name, behind, closed := strings.Cut(after, "}")
		if !closed {
			return fmt.Errorf("%q has a ${ without a }", format)
		}
		if field, ok := strings.CutPrefix(name, "source."); name != "topic" && (!ok || field == "") {
			return fmt.Errorf("%q has ${%s}; there is ${topic}, and ${source.table} and the like for fields of an envelope's source", format, name)
		}
		rest = behind
	}
}

// tableName gives the name of the table that a record belongs to.
func (w *writer) tableName(r *tailrace.Record) (string, error) {
	if w.TableFormat == "${topic}" {
		return w.topic(r), nil
	}
	var name []byte
	for rest := w.TableFormat; ; {
		before, after, ok := strings.Cut(rest, "${")
		name = append(name, before...)
		if !ok {
			return string(name), nil
		}
		var what string
		what, rest, _ = strings.Cut(after, "}")
		if what == "topic" {
			name = append(name, w.topic(r)...)
			continue
		}
		c, ok := tailrace.AsChange(r)
		field := strings.TrimPrefix(what, "source.")
		text := c.Source().Get(field).Text()
		if !ok || text == "" {
			return "", fmt.Errorf("the table's name is to have ${%s}, and the record has no source.%s: let TableFormat (table.name.format) do without it, "+
				"or give envelopes, not flattened rows", what, field)
		}
		name = append(name, text...)
	}
}

// sourceNames says whether tables are named by what the source block of an
// envelope has. A tombstone has none: it says again what the delete before it
// said, and nothing is done about it.
func (w *writer) sourceNames() bool { return strings.Contains(w.TableFormat, "${source.") }

func (w *writer) topic(r *tailrace.Record) string {
	if w.QualifiedTopics || strings.IndexByte(r.Topic, '.') < 0 {
		return r.Topic
	}
	name, ok := w.topics[r.Topic]
	if !ok {
		name = strings.ReplaceAll(r.Topic, ".", "_")
		w.topics[r.Topic] = name
	}
	return name
}

// tableOf splits a qualified name.
func tableOf(name string) Table {
	parts := strings.SplitN(name, ".", 3)
	switch len(parts) {
	case 3:
		return Table{Catalog: parts[0], Schema: parts[1], Name: parts[2]}
	case 2:
		return Table{Schema: parts[0], Name: parts[1]}
	}
	return Table{Name: name}
}

// action is what a record asks for.
type action uint8

const (
	ignored action = iota
	written
	deleted
	emptied
)

// read says what a record asks for, and gives its row; of a delete that is the
// row that was there, where the record has it.
func (w *writer) read(r *tailrace.Record) (action, tailrace.Struct, error) {
	if c, ok := tailrace.AsChange(r); ok {
		return w.readChange(c)
	}
	if r.IsTombstone() {
		if !w.Deletes {
			return ignored, tailrace.Struct{}, nil
		}
		return deleted, tailrace.Struct{}, nil
	}
	row := r.ValueStruct()
	switch {
	case !row.IsZero() && strings.HasPrefix(row.Schema.Name(), "io.debezium.connector."):
		return ignored, row, nil // what Debezium's connectors tell of themselves
	case !row.IsZero():
		return written, row, nil
	case w.texts != nil && r.Value.Type() == tailrace.TypeString:
		return written, tailrace.Struct{Schema: w.texts, Values: []tailrace.Value{r.Value}}, nil
	case r.ValueSchema == nil && r.Value.Type() == tailrace.TypeBytes:
		return ignored, row, errors.New("its value is bytes: a sink into tables needs rows with a schema; leave Encode out, " +
			"or decode what comes from Kafka by a converter with schemas")
	case r.ValueSchema == nil:
		return ignored, row, fmt.Errorf("its value is a %s without a schema, which does not say what columns there are: "+
			"use a converter with schemas (value.converter.schemas.enable=true)", r.Value.Type())
	}
	return ignored, row, fmt.Errorf("its value is a %s where a struct, a field a column, is needed", r.Value.Type())
}

func (w *writer) readChange(c tailrace.Change) (action, tailrace.Struct, error) {
	switch c.Op() {
	case tailrace.OpCreate, tailrace.OpRead, tailrace.OpUpdate:
		row := c.After()
		if row.IsZero() {
			return ignored, row, fmt.Errorf("it is a %s without the row after it", c.Op())
		}
		return written, row, nil
	case tailrace.OpDelete:
		if !w.Deletes {
			return ignored, tailrace.Struct{}, nil
		}
		return deleted, c.Before(), nil
	case tailrace.OpTruncate:
		if !w.Truncates {
			return ignored, tailrace.Struct{}, nil
		}
		return emptied, tailrace.Struct{}, nil
	case tailrace.OpMessage:
		return ignored, tailrace.Struct{}, nil // it is about no row
	}
	return ignored, tailrace.Struct{}, fmt.Errorf("it is a change of the kind %s, which is not known", c.Op())
}
