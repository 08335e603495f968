package postgres

import (
	"encoding/json"
	"fmt"
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
}

// placeBehind is the place behind a chunk of the table.
func (p *planned) placeBehind(k chunk) place {
	if k.last {
		return place{table: p.id.String(), complete: true}
	}
	return place{table: p.id.String(), page: k.to, file: p.file, xmin: p.xmin}
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
	return strconv.AppendInt(append(dst, `,"snapshot_rows":`...), p.rows, 10)
}

// parsePlace reads the place out of a position that is a JSON object.
func parsePlace(position string) (place, error) {
	var raw struct {
		Table    string `json:"snapshot_table"`
		Complete bool   `json:"snapshot_table_completed"`
		Page     uint32 `json:"snapshot_page"`
		File     string `json:"snapshot_filenode"`
		Xmin     uint64 `json:"snapshot_xmin"`
		Rows     int64  `json:"snapshot_rows"`
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
	return place{raw.Table, raw.Complete, raw.Page, raw.File, raw.Xmin, max(raw.Rows, 0)}, nil
}

// resume leaves out what an earlier reader has given. The tables are in order.
//
// Of a table of which it has given some pages, these have rows that it has not:
// what was updated since in other pages may have moved there. All of these are
// of transactions that had not ended in the view of the earlier reader.
func (s *snapshot) resume(sel *selection, from place, xmin uint64) {
	if from.table == "" {
		return
	}
	s.resumed, s.ended, s.given = from, from, from
	rest := s.tables[:0]
	for _, t := range s.tables {
		switch d := sel.compare(t.id.String(), from.table); {
		case d < 0 || d == 0 && from.complete:
			continue
		case d == 0 && from.page > 0 && t.file == from.file && xmin >= from.xmin && xmin-from.xmin < 1<<31:
			t.done, t.xmin = from.page, from.xmin
		}
		rest = append(rest, t)
	}
	s.tables = rest
}
