package incremental

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The members of an offset that have the state, by Debezium's names. Debezium
// has the keys as Java objects, which nobody else reads; here they are JSON
// lists of texts. incremental_snapshot_paused is not Debezium's, which forgets
// at a restart that it was paused.
const (
	memberCollections = "incremental_snapshot_collections"
	memberSignal      = "incremental_snapshot_correlation_id"
	memberMax         = "incremental_snapshot_maximum_key"
	memberSent        = "incremental_snapshot_primary_key"
	memberPaused      = "incremental_snapshot_paused"
)

// stored is a collection as Debezium stores it.
type stored struct {
	ID           string  `json:"incremental_snapshot_collections_id"`
	Where        *string `json:"incremental_snapshot_collections_additional_condition"`
	SurrogateKey *string `json:"incremental_snapshot_collections_surrogate_key"`
	Signal       *string `json:"incremental_snapshot_collections_correlation_id,omitempty"`
}

// Append appends the members of a JSON object that have the state, each with a
// comma in front; nothing where the snapshot is not running.
func (s *Snapshot[R]) Append(dst []byte) []byte {
	if !s.Running() {
		return dst
	}
	queue := make([]stored, len(s.queue))
	for i, c := range s.queue {
		queue[i] = stored{ID: c.ID, Where: orNull(c.Where), SurrogateKey: orNull(c.SurrogateKey), Signal: orNull(c.Signal)}
	}
	dst = appendText(dst, memberCollections, queue)
	if s.signal != "" {
		text, _ := json.Marshal(s.signal)
		dst = append(append(dst, `,"`+memberSignal+`":`...), text...)
	}
	if s.max != nil {
		dst = appendText(dst, memberMax, s.max)
	}
	if s.sent != nil {
		dst = appendText(dst, memberSent, s.sent)
	}
	if s.paused {
		dst = append(dst, `,"`+memberPaused+`":true`...)
	}
	return dst
}

// appendText appends a member whose value is a text that has JSON.
func appendText(dst []byte, member string, value any) []byte {
	inner, _ := json.Marshal(value) // texts alone
	text, _ := json.Marshal(string(inner))
	return append(append(dst, `,"`+member+`":`...), text...)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Restore takes the state over that a position has, which is a JSON object. A
// key that Debezium has stored is not understood: the table is read from its
// beginning again.
func (s *Snapshot[R]) Restore(position string) error {
	if !strings.Contains(position, memberCollections) {
		return nil
	}
	var raw struct {
		Collections string  `json:"incremental_snapshot_collections"`
		Signal      *string `json:"incremental_snapshot_correlation_id"`
		Max         *string `json:"incremental_snapshot_maximum_key"`
		Sent        *string `json:"incremental_snapshot_primary_key"`
		Paused      bool    `json:"incremental_snapshot_paused"`
	}
	if err := json.Unmarshal([]byte(position), &raw); err != nil {
		return fmt.Errorf("the incremental snapshot in it: %w", err)
	}
	var queue []stored
	if err := json.Unmarshal([]byte(raw.Collections), &queue); err != nil {
		return fmt.Errorf("the incremental snapshot in it: %s: %w", memberCollections, err)
	}
	for _, c := range queue {
		if c.ID == "" {
			return fmt.Errorf("the incremental snapshot in it: %s has one without a name", memberCollections)
		}
		s.queue = append(s.queue, Collection{ID: c.ID, Where: plain(text(c.Where)), SurrogateKey: text(c.SurrogateKey), Signal: text(c.Signal)})
	}
	s.signal, s.paused = text(raw.Signal), raw.Paused
	max, sent := parseKey(raw.Max), parseKey(raw.Sent)
	if s.Running() && max != nil && (sent == nil || len(sent) == len(max)) {
		s.max, s.sent = max, sent
	}
	s.rest()
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// plain takes the parentheses off that Debezium stores around a condition, and
// puts around it anew with every restart.
func plain(where string) string {
	for len(where) > 1 && where[0] == '(' && closes(where) == len(where)-1 {
		where = where[1 : len(where)-1]
	}
	return where
}

// closes is where the parenthesis that a text begins with is closed; -1 where
// that is not to be told without reading SQL.
func closes(text string) int {
	if strings.ContainsAny(text, "'\"`") {
		return -1
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func parseKey(text *string) Key {
	var k Key
	if text == nil || json.Unmarshal([]byte(*text), &k) != nil || len(k) == 0 {
		return nil
	}
	return k
}
