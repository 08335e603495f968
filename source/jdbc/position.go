package jdbc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
)

// position is how far a table has been read: Confluent's
// {"incrementing":7,"timestamp":1769871845123,"timestamp_nanos":123000000}, in
// which timestamp is in milliseconds and timestamp_nanos are the nanoseconds of
// its second.
type position struct {
	incrementing tailrace.Null[int64]
	timestamp    tailrace.Null[time.Time]
}

// id is the incrementing value to go on behind.
func (p position) id() int64 {
	if p.incrementing.Valid {
		return p.incrementing.V
	}
	return -1
}

// moment is the timestamp to go on behind.
func (p position) moment() time.Time {
	if p.timestamp.Valid {
		return p.timestamp.V
	}
	return time.Unix(0, 0).UTC()
}

func (p position) equal(q position) bool {
	return p.incrementing == q.incrementing && p.timestamp.Valid == q.timestamp.Valid && p.timestamp.V.Equal(q.timestamp.V)
}

// text is the position as it is stored.
func (p position) text() string {
	b := []byte{'{'}
	member := func(name string, n int64) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), '"', ':')
		b = strconv.AppendInt(b, n, 10)
	}
	if p.incrementing.Valid {
		member("incrementing", p.incrementing.V)
	}
	if p.timestamp.Valid {
		member("timestamp", p.timestamp.V.UnixMilli())
		member("timestamp_nanos", int64(p.timestamp.V.Nanosecond()))
	}
	return string(append(b, '}'))
}

// parsePosition reads what text wrote, or Confluent's connector did.
func parsePosition(text string) (p position, err error) {
	var m struct {
		Incrementing *int64 `json:"incrementing"`
		Timestamp    *int64 `json:"timestamp"`
		Nanos        *int64 `json:"timestamp_nanos"`
	}
	if err := strictJSON(text, &m); err != nil {
		return p, err
	}
	if m.Incrementing != nil {
		p.incrementing = tailrace.Some(*m.Incrementing)
	}
	if m.Nanos != nil && (m.Timestamp == nil || *m.Nanos < 0 || *m.Nanos >= int64(time.Second)) {
		return p, errors.New("timestamp_nanos must be from 0 to 999999999, beside a timestamp")
	}
	if m.Timestamp != nil {
		t := time.UnixMilli(*m.Timestamp).UTC()
		if m.Nanos != nil {
			t = time.Unix(t.Unix(), *m.Nanos).UTC()
		}
		p.timestamp = tailrace.Some(t)
	}
	return p, nil
}

// partitionOf is the source partition of a table, in the form of version 1 of
// Confluent's protocol.
func partitionOf(t Table) string {
	name, _ := json.Marshal(t.String()) // a string always has a JSON form
	return `{"protocol":"1","table":` + string(name) + `}`
}

// stored are the positions of earlier readers, by table: those of version 1 of
// the protocol by the qualified name, those of version 0 by the bare one.
type stored struct {
	qualified, bare map[string]storedPosition
	query           *storedPosition
}

// storedPosition has the partition as it was spelt, so that a store that keys
// on the text has one position of a table and not two.
type storedPosition struct {
	position
	partition string
}

// of gives a table's position, and the partition to store later ones under.
func (s stored) of(t Table) (p position, partition string, ok bool) {
	if q, ok := s.qualified[t.String()]; ok {
		return q.position, q.partition, true
	}
	// Newer versions of PostgreSQL's driver for Java tell of the catalogue too,
	// which is the database that the connection is in.
	for name, q := range s.qualified {
		if t.Schema != "" && t.Catalog == "" && strings.HasSuffix(name, "."+t.String()) {
			return q.position, q.partition, true
		}
	}
	q, ok := s.bare[t.Name]
	return q.position, partitionOf(t), ok
}

// ofQuery is of for a query.
func (s stored) ofQuery() (p position, partition string, ok bool) {
	if s.query == nil {
		return p, `{"query":"query"}`, false
	}
	return s.query.position, s.query.partition, true
}

// readOffsets reads what an earlier reader gave, or Confluent's connector.
func readOffsets(from []tailrace.Offset) (stored, error) {
	s := stored{qualified: map[string]storedPosition{}, bare: map[string]storedPosition{}}
	for _, o := range from {
		var part struct {
			Protocol, Table, Query, Deletes *string
		}
		if err := strictJSON(o.Partition, &part); err != nil {
			return s, fmt.Errorf("the stored partition %s cannot be read: %w", o.Partition, err)
		}
		if part.Deletes != nil {
			continue // it only says when keys can be let go
		}
		p, err := parsePosition(o.Position)
		if err != nil {
			return s, fmt.Errorf("the stored position %s of %s cannot be read: %w", o.Position, o.Partition, err)
		}
		switch {
		case part.Table == nil && part.Query != nil:
			s.query = &storedPosition{p, o.Partition}
		case part.Table == nil:
			return s, fmt.Errorf("the stored partition %s names no table", o.Partition)
		case part.Protocol == nil:
			s.bare[*part.Table] = storedPosition{p, o.Partition}
		case *part.Protocol == "1":
			s.qualified[*part.Table] = storedPosition{p, o.Partition}
		default:
			return s, fmt.Errorf("the stored partition %s is of the protocol %q; 1 is known", o.Partition, *part.Protocol)
		}
	}
	return s, nil
}

// strictJSON reads one JSON object and refuses members that are not known and
// text behind its end.
func strictJSON(text string, to any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if tok := bytes.TrimLeft([]byte(text), " \t\r\n"); len(tok) == 0 || tok[0] != '{' {
		return errors.New("it is no JSON object")
	}
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is text behind the end of the JSON object")
	}
	return nil
}
