package postgres

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// position says how far the log was read. What was committed before LSN has
// been read and, of the transaction that is committed at Commit, the first
// Changes changes, whether they were captured or not.
type position struct {
	LSN     pgoutput.LSN
	Commit  pgoutput.LSN // 0 between transactions
	Changes uint64

	XID    uint32
	Micros int64 // of the last commit, since 1970-01-01; 0 for unknown

	// foreign is a position that Debezium wrote behind a change, which it knows
	// by its transaction and its place alone: that of XID at LSN.
	foreign bool

	text string // as it was stored; "" for one that was not

	// snapshot says that a snapshot was not complete, whose view was of LSN.
	snapshot bool
	place    place // how far it had come
}

// append appends the position. Its members but commit, changes and those of a
// snapshot's place are Debezium's, which goes on at the beginning of the
// transaction, and with a snapshot at its beginning.
func (p *position) append(dst []byte) []byte {
	dst = strconv.AppendUint(append(dst, `{"lsn_proc":`...), uint64(p.LSN), 10)
	dst = strconv.AppendUint(append(dst, `,"lsn_commit":`...), uint64(p.LSN), 10)
	dst = strconv.AppendUint(append(dst, `,"lsn":`...), uint64(p.LSN), 10)
	if p.snapshot {
		dst = p.place.append(append(dst, `,"snapshot":"INITIAL","snapshot_completed":false`...))
	}
	if p.XID != 0 {
		dst = strconv.AppendUint(append(dst, `,"txId":`...), uint64(p.XID), 10)
	}
	if p.Micros != 0 {
		dst = strconv.AppendInt(append(dst, `,"ts_usec":`...), p.Micros, 10)
	}
	if p.Commit != 0 {
		dst = strconv.AppendUint(append(dst, `,"commit":`...), uint64(p.Commit), 10)
		dst = strconv.AppendUint(append(dst, `,"changes":`...), p.Changes, 10)
	}
	return append(dst, '}')
}

// partition is the source partition of the server, as Debezium writes it.
func (s *Source) partition() string { return envelope.Partition(s.TopicPrefix) }

// findPosition gives the position of the source's partition among the offsets;
// ok is false where there is none.
func (s *Source) findPosition(from []tailrace.Offset) (p position, ok bool, err error) {
	o, ok, err := envelope.Stored(from, s.TopicPrefix)
	if err != nil || !ok {
		return p, false, err
	}
	if p, err = parsePosition(o.Position); err != nil {
		return p, false, fmt.Errorf("the stored offset of %s: %w", o.Partition, err)
	}
	return p, true, nil
}

// parsePosition reads a position that Debezium or this package wrote.
func parsePosition(text string) (position, error) {
	var raw struct {
		LSN       *uint64         `json:"lsn"`
		Processed uint64          `json:"lsn_proc"`
		Commit    uint64          `json:"commit"`
		Changes   uint64          `json:"changes"`
		XID       uint32          `json:"txId"`
		Micros    int64           `json:"ts_usec"`
		Message   string          `json:"messageType"`
		Snapshot  json.RawMessage `json:"snapshot"`
		Completed bool            `json:"snapshot_completed"`
		LastRow   bool            `json:"last_snapshot_record"`
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return position{}, fmt.Errorf("the position %q is not one of a PostgreSQL log: %w", text, err)
	}
	if raw.LSN == nil || *raw.LSN == 0 {
		return position{}, fmt.Errorf("the position %q has no lsn", text)
	}
	p := position{text: text, LSN: pgoutput.LSN(*raw.LSN), Commit: pgoutput.LSN(raw.Commit), Changes: raw.Changes, XID: raw.XID, Micros: raw.Micros}
	switch raw.Message {
	case "INSERT", "UPDATE", "DELETE", "TRUNCATE", "MESSAGE":
		if p.foreign = p.XID != 0; !p.foreign {
			p.LSN++ // a message outside of a transaction
		}
	}
	if kind := string(raw.Snapshot); kind != "" && kind != "null" && kind != "false" && kind != `"false"` {
		p.snapshot = !raw.Completed && !raw.LastRow
	}
	if p.snapshot {
		var err error
		if p.place, err = parsePlace(text); err != nil {
			return position{}, err
		}
	}
	return p, nil
}
