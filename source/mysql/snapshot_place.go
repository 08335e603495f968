package mysql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/source/internal/incremental"
)

// place is how far a snapshot has come: the rows of a table up to a key have
// been given, and all of the tables before it. Its members of an offset are not
// Debezium's, which begins an interrupted snapshot anew.
type place struct {
	table string          // "" for the beginning
	key   incremental.Key // nil where the table has none: it is read again
	done  []string        // the tables before it, where they are not those whose names come before
	rows  int64
}

// place is where another reader goes on.
func (s *snapshot) place() (place, error) {
	p := s.resumed
	p.done = slices.Clip(p.done)
	if s.given.table == nil {
		return p, nil
	}
	p.table, p.key = s.given.table.id.String(), nil
	if o := s.given.table.scan.order; o != nil {
		key, err := o.key(s.given.packet)
		if err != nil {
			return p, fmt.Errorf("read the rows of %s: %w", p.table, err)
		}
		p.key = key
	}
	if s.src.SnapshotOrder != "" {
		for i := range s.tables {
			if &s.tables[i] == s.given.table {
				break
			}
			p.done = append(p.done, s.tables[i].fullName) // resume has left out those that were there
		}
	}
	p.rows += int64(s.total)
	if s.held.there {
		p.rows--
	}
	return p, nil
}

// append appends the members of a JSON object that have the place, each with a
// comma in front.
func (p *place) append(dst []byte) []byte {
	dst = appendJSONText(append(dst, `,"snapshot_table":`...), p.table)
	if p.key != nil {
		dst = appendJSONList(append(dst, `,"snapshot_key":`...), p.key)
	}
	if p.done != nil {
		dst = appendJSONList(append(dst, `,"snapshot_done":`...), p.done)
	}
	return fmt.Appendf(dst, `,"snapshot_rows":%d`, p.rows)
}

func appendJSONList(dst []byte, texts []string) []byte {
	list, _ := json.Marshal(texts) // texts alone
	return append(dst, list...)
}

// parsePlace reads the place out of a position that is a JSON object.
func parsePlace(position string) (p place, err error) {
	if !strings.Contains(position, `"snapshot_table"`) {
		return p, nil
	}
	var raw struct {
		Table string   `json:"snapshot_table"`
		Key   []string `json:"snapshot_key"`
		Done  []string `json:"snapshot_done"`
		Rows  int64    `json:"snapshot_rows"`
	}
	if err := json.Unmarshal([]byte(position), &raw); err != nil {
		return p, fmt.Errorf("the snapshot in the stored offset: %w", err)
	}
	return place{raw.Table, raw.Key, raw.Done, max(raw.Rows, 0)}, nil
}

// resume leaves out what an earlier reader has given. The tables are in order.
func (s *snapshot) resume(from place) {
	if from.table == "" {
		return
	}
	s.resumed = from
	s.tables = slices.DeleteFunc(s.tables, func(t planned) bool {
		name := t.id.String()
		if from.done != nil {
			return slices.Contains(from.done, name)
		}
		return s.sel.compare(t.id, tableNamed(from.table)) < 0
	})
	for i := range s.tables {
		if t := &s.tables[i]; t.id.String() == from.table && t.scan.order.fits(from.key) {
			t.after = from.key
		}
	}
}

// tableNamed is the table of a name such as shop.orders. The name of the
// database ends at the first dot.
func tableNamed(name string) tableID {
	db, table, _ := strings.Cut(name, ".")
	return tableID{db, table}
}
