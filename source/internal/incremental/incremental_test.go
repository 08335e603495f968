package incremental_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/internal/incremental"
	"github.com/tailrace-io/tailrace/source/signal"
)

// told gathers notifications, in short.
type told []string

func (l *told) snapshot() *incremental.Snapshot[string] {
	return &incremental.Snapshot[string]{Server: "srv", Notify: func(n signal.Notification) {
		*l = append(*l, strings.TrimSpace(fmt.Sprintf("%s %s %s%s %s", n.ID, n.Status, n.Data["scanned_collection"], n.Data["current_collection_in_progress"],
			n.Data["status"]+n.Data["last_processed_key"])))
	}}
}

func TestRowsThatTheLogChangesWithinTheWindowAreDropped(t *testing.T) {
	var l told
	s := l.snapshot()
	assert.False(t, s.Due())
	s.Add("one", []incremental.Collection{{ID: "shop.a"}, {ID: "shop.b"}, {ID: "shop.c"}})
	require.True(t, s.Due())
	assert.False(t, s.Bounded())
	s.Bound(incremental.Key{"9"})
	s.Fill([]string{"row 1", "row 2", "row 3"}, []string{"1", "2", "3"}, incremental.Key{"3"})
	assert.False(t, s.Due(), "a window is open")
	assert.True(t, s.Concerns("shop.a"))
	assert.False(t, s.Concerns("shop.b"))
	s.Seen("2")
	s.Seen("8")
	assert.Equal(t, []string{"row 1", "row 3"}, s.Close())
	assert.Equal(t, incremental.Key{"3"}, s.After())
	assert.Empty(t, s.Close())

	s.Fill([]string{"row 9"}, []string{"9"}, incremental.Key{"9"})
	s.Drop()
	assert.Empty(t, s.Close())
	s.Finish()
	s.Skip(signal.TableNoKey)
	assert.Equal(t, "shop.c", s.Current().ID)
	assert.Nil(t, s.After())
	s.Skip(signal.TableEmpty)
	assert.False(t, s.Running())
	assert.Equal(t, told{"one STARTED", "one IN_PROGRESS shop.a 3", "one IN_PROGRESS shop.a 9", "one TABLE_SCAN_COMPLETED shop.a SUCCEEDED",
		"one TABLE_SCAN_COMPLETED shop.b NO_PRIMARY_KEY", "one TABLE_SCAN_COMPLETED shop.c EMPTY", "one COMPLETED"}, l)
}

func TestASnapshotIsPausedResumedAndStopped(t *testing.T) {
	var l told
	s := l.snapshot()
	s.Pause() // nothing runs
	s.Add("one", []incremental.Collection{{ID: "shop.a"}, {ID: "shop.b"}, {ID: "shop.c"}})
	s.Pause()
	s.Pause()
	assert.False(t, s.Due())
	s.Resume()
	assert.True(t, s.Due())
	s.Bound(incremental.Key{"9"})
	s.Fill([]string{"row 1"}, []string{"1"}, incremental.Key{"1"})
	s.Stop([]string{"shop.c"})
	assert.True(t, s.Open(), "the current one goes on")
	s.Stop([]string{"shop.a"})
	assert.False(t, s.Open())
	assert.Equal(t, "shop.b", s.Current().ID)
	assert.False(t, s.Bounded())
	s.Stop(nil)
	assert.False(t, s.Running())
	s.Stop(nil)
	assert.Equal(t, told{"one STARTED", "one PAUSED", "one RESUMED", "one IN_PROGRESS shop.a 1", "one ABORTED", "one ABORTED", "one ABORTED"}, l)
}

func TestAChunkIsReadAgainWhereItsTableHasChanged(t *testing.T) {
	s := new(told).snapshot()
	s.Add("one", []incremental.Collection{{ID: "shop.a"}})
	s.Bound(incremental.Key{"9"})
	s.Fill([]string{"row 1"}, []string{"1"}, incremental.Key{"1"})
	s.Reread()
	assert.False(t, s.Concerns("shop.a"))
	assert.False(t, s.Due(), "the log has to get to where it has changed first")
	assert.Empty(t, s.Close())
	assert.True(t, s.Due())
	assert.Nil(t, s.After())
}

func TestRowsOfOneContentAreDroppedOneByOne(t *testing.T) {
	s := new(told).snapshot()
	s.Add("one", []incremental.Collection{{ID: "shop.a"}})
	s.Bound(incremental.Key{"9"})
	s.Fill([]string{"x", "y", "x", "x"}, []string{"x", "y", "x", "x"}, incremental.Key{"1"})
	assert.True(t, s.SeenOne("x"))
	assert.False(t, s.SeenOne("z"))
	assert.Equal(t, []string{"x", "y", "x"}, s.Close())
}

func TestARowOfWhichTheLogDoesNotSayAllIsRenewed(t *testing.T) {
	s := new(told).snapshot()
	s.Add("one", []incremental.Collection{{ID: "shop.a"}})
	s.Bound(incremental.Key{"9"})
	s.Fill([]string{"1 old", "2 old", "3 old"}, []string{"1", "2", "3"}, incremental.Key{"3"})
	row, ok := s.Row("2")
	assert.True(t, ok)
	assert.Equal(t, "2 old", row)
	s.Renew("2", "2", "2 new")
	s.Renew("3", "7", "7 new")
	s.Renew("4", "5", "not there")
	_, ok = s.Row("3")
	assert.False(t, ok)
	s.Seen("2")
	assert.Equal(t, []string{"1 old", "7 new"}, s.Close())
}

func TestTheStateOutlivesARestart(t *testing.T) {
	s := new(told).snapshot()
	assert.Empty(t, s.Append(nil))
	s.Add("one", []incremental.Collection{{ID: "shop.a", Where: `note = "x"`, SurrogateKey: "number"}, {ID: "shop.b"}})
	s.Bound(incremental.Key{"9", "é\x00"})
	s.Fill([]string{"row 1"}, []string{"1"}, incremental.Key{"1", ""})
	again := new(told).snapshot()
	require.NoError(t, again.Restore(position(t, s)))
	assert.Nil(t, again.After(), "rows that were not given are read again")
	s.Close()
	s.Pause()
	again = new(told).snapshot()
	require.NoError(t, again.Restore(position(t, s)))
	assert.Equal(t, incremental.Collection{ID: "shop.a", Where: `note = "x"`, SurrogateKey: "number", Signal: "one"}, again.Current())
	assert.Equal(t, incremental.Key{"1", ""}, again.After())
	assert.Equal(t, incremental.Key{"9", "é\x00"}, again.Max())
	assert.True(t, again.IsPaused())
	assert.Equal(t, position(t, s), position(t, again))
}

func position(t *testing.T, s *incremental.Snapshot[string]) string {
	text := string(s.Append([]byte(`{"file":"f"`))) + "}"
	require.True(t, json.Valid([]byte(text)), text)
	return text
}

func TestAnOffsetOfDebeziumIsGoneOnFrom(t *testing.T) {
	const offset = `{"file":"binlog.000001","pos":4,"incremental_snapshot_signal_offset":null,"incremental_snapshot_correlation_id":"s1",` +
		`"incremental_snapshot_maximum_key":"aced0005757200135b4c6a6176612e6c616e672e4f626a6563743b90ce589f1073296c0200007870000000017372","incremental_snapshot_collections":` +
		`"[{\"incremental_snapshot_collections_id\":\"shop.a\",\"incremental_snapshot_collections_additional_condition\":\"(id > 5)\",\"incremental_snapshot_collections_surrogate_key\":null}]",` +
		`"incremental_snapshot_primary_key":"aced00057572"}`
	s := new(told).snapshot()
	require.NoError(t, s.Restore(offset))
	assert.Equal(t, incremental.Collection{ID: "shop.a", Where: "id > 5"}, s.Current())
	assert.False(t, s.Bounded(), "the table is read from its beginning")
}

func FuzzRestore(f *testing.F) {
	f.Add(`{"incremental_snapshot_collections":"[{\"incremental_snapshot_collections_id\":\"shop.a\"}]","incremental_snapshot_maximum_key":"[\"1\"]"}`)
	f.Add(`{"incremental_snapshot_collections":"[]"}`)
	f.Add(`{"incremental_snapshot_collections":"[{\"incremental_snapshot_collections_id\":\"a\",\"incremental_snapshot_collections_additional_condition\":\"((a)(b))\"}]","incremental_snapshot_paused":true}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := new(told).snapshot()
		if s.Restore(text) != nil || !s.Running() {
			return
		}
		again := new(told).snapshot()
		require.NoError(t, again.Restore(position(t, s)))
		require.Equal(t, position(t, s), position(t, again))
	})
}
