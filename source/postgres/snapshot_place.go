package postgres

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// place is how far a snapshot has come: the tables before the one it names have
// been given, and of that one the pages before one of them, or all. Its members
// of an offset are not Debezium's, which begins an interrupted snapshot anew.
type place struct {
	table    string // "" for the beginning
	complete bool   // the table has been given as a whole
	page     uint32
	file     string // that the pages are of
	xmin     uint64 // below which transactions had ended when the table was begun
	rows     int64  // that were given in all

	// done are the names of the tables before it, as a list in JSON, where they
	// are not those that come before by themselves.
	done string
}

// placeBehind is the place behind a chunk of the table.
func (p *planned) placeBehind(k chunk) place {
	if k.last {
		return place{table: p.id.String(), complete: true, done: p.before}
	}
	return place{table: p.id.String(), page: k.to, file: p.file, xmin: p.xmin, done: p.before}
}

// append appends the members of a JSON object that have the place, each with a
// comma in front.
func (p *place) append(dst []byte) []byte {
	if p.table == "" {
		return dst
	}
	name, _ := json.Marshal(p.table) // a string is always valid
	dst = append(append(dst, `,"snapshot_table":`...), name...)
	if p.complete {
		dst = append(dst, `,"snapshot_table_completed":true`...)
	} else {
		dst = strconv.AppendUint(append(dst, `,"snapshot_page":`...), uint64(p.page), 10)
		dst = append(append(append(dst, `,"snapshot_filenode":"`...), p.file...), '"')
		dst = strconv.AppendUint(append(dst, `,"snapshot_xmin":`...), p.xmin, 10)
	}
	if p.done != "" {
		dst = append(append(dst, `,"snapshot_done":`...), p.done...)
	}
	return strconv.AppendInt(append(dst, `,"snapshot_rows":`...), p.rows, 10)
}

// parsePlace reads the place out of a position that is a JSON object.
func parsePlace(position string) (place, error) {
	var raw struct {
		Table    string   `json:"snapshot_table"`
		Complete bool     `json:"snapshot_table_completed"`
		Page     uint32   `json:"snapshot_page"`
		File     string   `json:"snapshot_filenode"`
		Xmin     uint64   `json:"snapshot_xmin"`
		Rows     int64    `json:"snapshot_rows"`
		Done     []string `json:"snapshot_done"`
	}
	if err := json.Unmarshal([]byte(position), &raw); err != nil {
		return place{}, fmt.Errorf("the snapshot in the position %q: %w", position, err)
	}
	if raw.Table == "" {
		return place{}, nil
	}
	if _, err := strconv.ParseUint(raw.File, 10, 32); err != nil || raw.Complete {
		raw.Page, raw.File, raw.Xmin = 0, "", 0
	}
	return place{raw.Table, raw.Complete, raw.Page, raw.File, raw.Xmin, max(raw.Rows, 0), listOf(raw.Done)}, nil
}

// listOf is a list of names in JSON; "" for none at all.
func listOf(names []string) string {
	if names == nil {
		return ""
	}
	text, _ := json.Marshal(names) // texts alone
	return string(text)
}

// sortBySize puts the tables into the order that is asked for.
func (s *snapshot) sortBySize() {
	if s.src.SnapshotOrder == "" {
		return
	}
	slices.SortStableFunc(s.tables, func(a, b planned) int {
		if s.src.SnapshotOrder == OrderDescending {
			a, b = b, a
		}
		return cmp.Compare(a.expected, b.expected)
	})
}

// noteBefore notes for each table which come before it: those that were left out
// because they have been given, and those of the list.
func (s *snapshot) noteBefore(before []string) {
	for i := range s.tables {
		s.tables[i].before = listOf(before)
		before = append(before, s.tables[i].id.String())
	}
}

// namesOf reads what listOf has written.
func namesOf(list string) []string {
	names := []string{}
	_ = json.Unmarshal([]byte(list), &names) // it is none, or was written by listOf
	return names
}

// resume leaves out what an earlier reader has given. The tables are in order.
//
// Of a table of which it has given some pages, these have rows that it has not:
// what was updated since in other pages may have moved there. All of these are
// of transactions that had not ended in the view of the earlier reader.
//
// It gives the names of the tables that are left out.
func (s *snapshot) resume(sel *selection, from place, xmin uint64) []string {
	given := []string{}
	if from.table == "" {
		return given
	}
	s.resumed, s.ended, s.given = from, from, from
	done := namesOf(from.done)
	compare := func(name string) int {
		switch {
		case from.done == "":
			return sel.compare(name, from.table)
		case name == from.table:
			return 0
		case slices.Contains(done, name):
			return -1
		}
		return 1
	}
	rest := s.tables[:0]
	for _, t := range s.tables {
		switch d := compare(t.id.String()); {
		case d < 0 || d == 0 && from.complete:
			given = append(given, t.id.String())
			continue
		case d == 0 && from.page > 0 && t.file == from.file && xmin >= from.xmin && xmin-from.xmin < 1<<31:
			t.done, t.xmin = from.page, from.xmin
		}
		rest = append(rest, t)
	}
	if i := slices.IndexFunc(rest, func(t planned) bool { return t.done > 0 }); i > 0 { // by another size it is later now
		begun := rest[i]
		copy(rest[1:i+1], rest[:i])
		rest[0] = begun
	}
	s.tables = rest
	return given
}
