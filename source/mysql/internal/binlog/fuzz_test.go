package binlog

import (
	"bytes"
	"context"
	"encoding/json"
	"math/big"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

// FuzzEvent takes any bytes for an event of any type: it may be an error, and
// never a panic.
func FuzzEvent(f *testing.F) {
	for _, r := range recordings {
		played(f, r.name, r.flavor, func(ev *Event, _ *Tables) {
			if r.name == "features" || r.name == "mariadb" || ev.End < 2000 {
				f.Add(uint8(ev.Type), uint8(r.flavor), bytes.Clone(ev.Body))
			}
		})
	}
	f.Fuzz(func(t *testing.T, typ, flavor uint8, body []byte) {
		ev := Event{Type: EventType(typ), Body: body}
		_ = ev.Type.String()
		_, _ = ev.Format()
		_, _ = ev.Rotate()
		_, _ = ev.Heartbeat()
		_ = ev.Incident()
		_, _ = ev.GTID()
		_, _ = ev.MariaGTID()
		_, _ = ev.Query()
		_, _ = ev.XID()
		_, _ = ev.XAPrepare()
		_, _ = ev.RowsQuery()
		_, _ = ev.PreviousGTIDs()
		_, _ = ev.MariaGTIDList()
		tables := Tables{Flavor: Flavor(flavor)}
		if m, err := tables.Map(&ev); err == nil {
			again, err := tables.Map(&ev)
			require.NoError(t, err)
			assert.Same(t, m, again)
			_, _ = NewRowPlan(m, make([]ColumnSpec, len(m.Columns)))
		}
		var p payload
		if p.begin(&ev) == nil {
			for {
				var inner Event
				if ok, err := p.next(&inner); !ok || err != nil {
					break
				}
			}
		}
	})
}

// FuzzRows takes any bytes for rows of any table.
func FuzzRows(f *testing.F) {
	for _, r := range recordings {
		var tableMap []byte
		n := 0
		played(f, r.name, r.flavor, func(ev *Event, _ *Tables) {
			if ev.Type == TableMapEvent {
				tableMap = bytes.Clone(ev.Body)
			} else if ev.Type.IsRows() && n < 20 && len(ev.Body) < 3000 {
				n++
				f.Add(uint8(ev.Type), uint8(n), tableMap, bytes.Clone(ev.Body))
			}
		})
	}
	f.Fuzz(func(t *testing.T, typ, form uint8, tableMap, body []byte) {
		var tables Tables
		m, err := tables.Map(&Event{Type: TableMapEvent, Body: tableMap})
		if err != nil || len(m.Columns) > 100 {
			return
		}
		rows, err := tables.Rows(&Event{Type: EventType(typ), Body: body})
		if err != nil || rows.Table != m {
			return
		}
		specs := make([]ColumnSpec, len(m.Columns))
		for i := range specs {
			specs[i] = ColumnSpec{Form: Form(form) % (Raw + 1), Charset: [...]string{"", "utf8mb4", "latin1", "gbk", "utf16"}[form%5], Unsigned: form%2 == 0}
			if _, err := NewRowPlan(m, []ColumnSpec{specs[i]}); len(m.Columns) == 1 && err != nil {
				specs[i].Form = Natural
			}
		}
		plan, err := NewRowPlan(m, specs)
		if err != nil {
			for i := range specs {
				specs[i].Form = Natural
			}
			if plan, err = NewRowPlan(m, specs); err != nil {
				return
			}
		}
		var slab tailrace.Slab
		for n := 0; rows.More() && n < 100; n++ {
			before, after := slab.Values(plan.Width()), slab.Values(plan.Width())
			if rows.Decode(plan, &slab, before, after) != nil {
				return
			}
			_ = tailrace.StructOf(before).String() + tailrace.StructOf(after).String()
		}
	})
}

// FuzzJSON takes any bytes for binary JSON. What can be printed is JSON, and is
// the same when it was a tree in between.
func FuzzJSON(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x0d\x00\x0b\x00\x02\x00\x05\x01\x00ab"))
	f.Add([]byte("\x02\x02\x00\x10\x00\x04\x01\x00\x0c\x0a\x00\x05hello"))
	f.Add([]byte("\x0f\x0c\x08\x00\x00\x00\x00\x00\x00\x00\x80"))
	f.Add([]byte("\x0f\xf6\x04\x05\x02\x81\x02\x03"))
	f.Add([]byte{0x0b, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f})
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := AppendJSON(nil, raw)
		if err != nil {
			return
		}
		if utf8.Valid(text) {
			assert.True(t, json.Valid(text), "%q", text)
		}
		if tree, err := parseJSON(raw); err == nil {
			again, err := tree.append(nil)
			require.NoError(t, err)
			assert.Equal(t, string(text), string(again))
		}
	})
}

// FuzzJSONPath takes any text for the path of a difference.
func FuzzJSONPath(f *testing.F) {
	for _, p := range []string{"$.a", "$[1].b", `$."a b"[0]`, `$."q\"x"`, "$"} {
		f.Add(p, uint8(jsonReplace))
		f.Add(p, uint8(jsonInsert))
		f.Add(p, uint8(jsonRemove))
	}
	f.Fuzz(func(t *testing.T, path string, op uint8) {
		root := &jsonNode{object: true, members: []jsonMember{{[]byte("a"), &jsonNode{members: []jsonMember{{nil, &jsonNode{raw: []byte{jsonLiteral, 1}}}}}}}}
		if root.apply(op, path, []byte{jsonLiteral, 0}) == nil {
			_, err := root.append(nil)
			require.NoError(t, err)
		}
	})
}

// FuzzGTIDSet: what can be read is written in a form that reads as the same.
func FuzzGTIDSet(f *testing.F) {
	f.Add("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7:tag:1-3, 4e11fa47-71ca-11e1-9e33-c80aa9429562:1")
	f.Add("0-1-5,1-2-3")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseGTIDSet(text); err == nil {
			again, err := ParseGTIDSet(s.String())
			require.NoError(t, err)
			assert.True(t, s.Equal(again))
			assert.True(t, s.ContainsSet(again))
			ev := Event{Body: s.encode(nil)}
			sent, err := ev.PreviousGTIDs()
			require.NoError(t, err)
			assert.Equal(t, s.String(), sent.String())
			again.Subtract(s)
			assert.True(t, again.IsEmpty())
		}
		if s, err := ParseMariaGTIDSet(text); err == nil {
			again, err := ParseMariaGTIDSet(s.String())
			require.NoError(t, err)
			assert.True(t, s.Equal(again))
		}
	})
}

// FuzzStream takes any bytes for what a server sends.
func FuzzStream(f *testing.F) {
	f.Add(packets(recorded(f, "features"), 1))
	f.Add(packets(recorded(f, "mariadb")[:4], 1))
	f.Add([]byte("\x09\x00\x00\x01\xff\xd4\x04#HY000no"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.NewReader(b)
		s := &Stream{seq: 1, file: "binlog.000001", pos: 4, read: in.Read}
		for {
			ev, err := s.Next(context.Background())
			if err != nil {
				return
			}
			assert.LessOrEqual(t, ev.Start, ev.End)
		}
	})
}

// FuzzUnscaledDigits compares with big numbers.
func FuzzUnscaledDigits(f *testing.F) {
	f.Add("-12.50")
	f.Add("99999999999999999999999999999999999999999999999999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := AppendUnscaledDigits(nil, []byte(text))
		if err != nil {
			return
		}
		want, ok := new(big.Int).SetString(string(bytes.ReplaceAll([]byte(text), []byte("."), nil)), 10)
		require.True(t, ok, text)
		assert.Equal(t, tailrace.AppendBigUnscaled(nil, want), got, text)
	})
}
