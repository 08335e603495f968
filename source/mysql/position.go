package mysql

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

// position says how far the log was read, in the terms of Debezium's offsets.
// File, Pos and GTIDs are those of the beginning of a transaction: GTIDs has
// the transactions before it alone. Of that transaction, Events events, the
// first of which is the one at Pos, and then Rows rows of the next one, have
// been read.
type position struct {
	Seconds  int64 // when the last change happened, since 1970-01-01; 0 for unknown
	File     string
	Pos      uint64
	GTIDs    string
	Events   uint64
	Rows     uint64
	ServerID uint32

	// Snapshot is the kind of the snapshot that is running, as "INITIAL"; ""
	// for none.
	Snapshot string

	text string // of a position that was stored; "" for others

	// transaction is the name of the transaction, and counts are its changes a
	// table so far, where transactions are told of.
	transaction string
	counts      []envelope.TableCount

	// prepared are the XA transactions that are prepared and not committed yet.
	prepared []preparedXA

	// annotated says, of MariaDB, whether Events has the events with the text of
	// statements too. Debezium counts them where it asks for them.
	annotated tailrace.Null[bool]
}

// append appends the position as Debezium writes it.
func (p *position) append(dst []byte) []byte {
	dst = append(dst, '{')
	if p.Seconds != 0 {
		dst = append(strconv.AppendInt(append(dst, `"ts_sec":`...), p.Seconds, 10), ',')
	}
	dst = appendJSONText(append(dst, `"file":`...), p.File)
	dst = strconv.AppendUint(append(dst, `,"pos":`...), p.Pos, 10)
	if p.GTIDs != "" {
		dst = appendJSONText(append(dst, `,"gtids":`...), p.GTIDs)
	}
	if p.Snapshot != "" {
		dst = appendJSONText(append(dst, `,"snapshot":`...), p.Snapshot)
	}
	if p.Rows != 0 {
		dst = strconv.AppendUint(append(dst, `,"row":`...), p.Rows, 10)
	}
	if p.ServerID != 0 {
		dst = strconv.AppendUint(append(dst, `,"server_id":`...), uint64(p.ServerID), 10)
	}
	if p.Events != 0 {
		dst = strconv.AppendUint(append(dst, `,"event":`...), p.Events, 10)
	}
	if p.annotated.Valid {
		dst = strconv.AppendBool(append(dst, `,"annotated":`...), p.annotated.V)
	}
	if p.transaction != "" {
		dst = appendJSONText(append(dst, `,"transaction_id":`...), p.transaction)
		for _, c := range p.counts {
			dst = appendJSONText(append(dst, ','), countKey+c.Name)
			dst = strconv.AppendInt(append(dst, ':'), c.Count, 10)
		}
	}
	if len(p.prepared) > 0 {
		list, _ := json.Marshal(p.prepared) // texts and numbers are always valid
		dst = append(append(dst, `,"xa_prepared":`...), list...)
	}
	return append(dst, '}')
}

// countKey begins the members that have the counts of a transaction's changes.
const countKey = "transaction_data_collection_order_"

func appendJSONText(dst []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // a string is always valid
	return append(dst, quoted...)
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
		Seconds   *int64          `json:"ts_sec"`
		File      *string         `json:"file"`
		Pos       *uint64         `json:"pos"`
		GTIDs     string          `json:"gtids"`
		Events    uint64          `json:"event"`
		Rows      uint64          `json:"row"`
		ServerID  uint32          `json:"server_id"`
		Snapshot  json.RawMessage `json:"snapshot"`
		Completed bool            `json:"snapshot_completed"`
		Prepared  []preparedXA    `json:"xa_prepared"`
		Annotated *bool           `json:"annotated"`
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return position{}, fmt.Errorf("the position %q is not one of a MySQL binary log: %w", text, err)
	}
	if raw.File == nil || *raw.File == "" || raw.Pos == nil {
		return position{}, fmt.Errorf("the position %q has no file and pos", text)
	}
	p := position{text: text, File: *raw.File, Pos: *raw.Pos, GTIDs: raw.GTIDs, Events: raw.Events, Rows: raw.Rows, ServerID: raw.ServerID, prepared: raw.Prepared}
	p.counts = parseCounts(text)
	if raw.Annotated != nil {
		p.annotated = tailrace.Some(*raw.Annotated)
	}
	if raw.Seconds != nil {
		p.Seconds = *raw.Seconds
	}
	if kind := snapshotKind(raw.Snapshot); !raw.Completed {
		p.Snapshot = kind
	}
	return p, nil
}

// parseCounts reads the counts of a transaction's changes out of a position
// that is a JSON object.
func parseCounts(text string) []envelope.TableCount {
	if !strings.Contains(text, countKey) {
		return nil
	}
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil {
		return nil
	}
	var out []envelope.TableCount
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if name, ok := strings.CutPrefix(key, countKey); ok {
			n, _ := members[key].(float64)
			out = append(out, envelope.TableCount{Name: name, Count: int64(n)})
		}
	}
	return out
}

// snapshotKind reads the member snapshot: a text since Debezium 3, true or
// false before.
func snapshotKind(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "false" || text == "FALSE" {
			return ""
		}
		return text
	}
	if string(raw) == "true" {
		return "INITIAL"
	}
	return ""
}
