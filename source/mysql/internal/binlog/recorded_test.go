package binlog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

// played gives all events of a recorded log to see, those of compressed
// transactions among them.
func played(t testing.TB, name string, flavor Flavor, see func(ev *Event, tables *Tables)) {
	t.Helper()
	s := &Stream{file: name, pos: 4}
	tables := &Tables{Flavor: flavor}
	for _, raw := range recorded(t, name) {
		var ev Event
		require.NoError(t, s.header(&ev, raw))
		see(&ev, tables)
		if ev.Type != PayloadEvent {
			continue
		}
		require.NoError(t, s.payload.begin(&ev))
		for {
			ok, err := s.payload.next(&s.event)
			require.NoError(t, err)
			if !ok {
				break
			}
			see(&s.event, tables)
		}
	}
}

// changes are the rows of a recorded log as text, with the columns that specs
// ask for.
func changes(t testing.TB, name string, flavor Flavor, specs func(*TableMap) []ColumnSpec) (lines []string) {
	t.Helper()
	slab := new(tailrace.Slab)
	played(t, name, flavor, func(ev *Event, tables *Tables) {
		if ev.Type == TableMapEvent {
			_, err := tables.Map(ev)
			require.NoError(t, err)
		}
		if !ev.Type.IsRows() {
			return
		}
		rows, err := tables.Rows(ev)
		require.NoError(t, err)
		plan, err := NewRowPlan(rows.Table, specs(rows.Table))
		require.NoError(t, err)
		for rows.More() {
			before, after := slab.Values(plan.Width()), slab.Values(plan.Width())
			require.NoError(t, rows.Decode(plan, slab, before, after))
			lines = append(lines, fmt.Sprintf("%d %v %v", rows.Kind, before, after))
		}
	})
	return lines
}

func only(wanted map[string]ColumnSpec) func(*TableMap) []ColumnSpec {
	return func(m *TableMap) []ColumnSpec {
		specs := make([]ColumnSpec, len(m.Columns))
		for i, col := range m.Columns {
			spec, ok := wanted[col.Name]
			spec.Skip = !ok
			specs[i] = spec
		}
		return specs
	}
}

func TestARowImageThatLacksColumnsLeavesThemUnchanged(t *testing.T) {
	got := changes(t, "features", MySQL, only(map[string]ColumnSpec{"id": {}, "u": {}, "e": {Labels: []tailrace.Value{tailrace.String("x"), tailrace.String("y")}}}))
	assert.Equal(t, []string{
		"0 [null null null] [1 -1 y]",
		"1 [1 -1 y] [1 1 y]",
		"1 [1 unchanged unchanged] [unchanged 2 unchanged]",
		"1 [1 2 y] [1 2 y]",
		"1 [1 2 y] [1 3 y]", // out of a compressed transaction
		"1 [1 3 y] [1 4 y]", // of an XA transaction
		"2 [1 4 y] [null null null]",
	}, got)
}

func TestAPartialUpdateOfJSONIsAppliedWithAllItsDifferences(t *testing.T) {
	got := changes(t, "features", MySQL, only(map[string]ColumnSpec{"j": {}}))
	assert.Equal(t, `1 [{"a": [1, {"b": "c"}], "n": 1.5}] [{"a": [1, {"b": "d"}], "n": 2}]`, got[3])
	assert.Equal(t, `1 [{"a": [1, {"b": "d"}], "n": 2}] [{"a": [1, {"b": "d"}], "n": 2}]`, got[4])
}

func TestATableMapTellsItsColumns(t *testing.T) {
	var m *TableMap
	played(t, "features", MySQL, func(ev *Event, tables *Tables) {
		if ev.Type == TableMapEvent && m == nil {
			var err error
			m, err = tables.Map(ev)
			require.NoError(t, err)
		}
	})
	var told []string
	for _, c := range m.Columns {
		charset := ""
		if c.Collation != 0 {
			charset, _ = CharsetOf(c.Collation)
		}
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s %s %#x unsigned=%t %s%s", c.Name, c.Type, c.Meta, c.Unsigned, charset, fmt.Sprintf("%s", c.Labels))))
	}
	assert.Equal(t, "shop.f", m.Schema+"."+m.Name)
	assert.Equal(t, []int{0}, m.PrimaryKey)
	assert.Equal(t, []string{
		"id INT 0x0 unsigned=false []",
		"u BIGINT 0x0 unsigned=true []",
		"d DECIMAL 0x1e06 unsigned=false []",
		"e ENUM 0x1 unsigned=false utf8mb4[x y]",
		"s SET 0x1 unsigned=false utf8mb4[r w]",
		"t TIME 0x6 unsigned=false []",
		"j JSON 0x4 unsigned=false []",
		"b CHAR 0x4 unsigned=false binary[]",
		"v VARCHAR 0x12c unsigned=false binary[]",
		"p GEOMETRY 0x4 unsigned=false []",
		"g GEOMETRY 0x4 unsigned=false []",
		"y YEAR 0x0 unsigned=true []",
		"x BIT 0xc unsigned=false []",
		"l VARCHAR 0x14 unsigned=false latin1[]",
		"vec VECTOR 0x4 unsigned=false []",
		"h INT 0x0 unsigned=false []",
	}, told)
	assert.True(t, m.Columns[15].Invisible)
	assert.False(t, m.Columns[0].Nullable)
	assert.True(t, m.Columns[1].Nullable)
	assert.EqualValues(t, 1, m.Columns[9].Geometry)
	assert.EqualValues(t, 2, m.Columns[14].Dimension)
}

func TestTransactionsAreTold(t *testing.T) {
	var told []string
	var previous GTIDSet
	played(t, "features", MySQL, func(ev *Event, _ *Tables) {
		switch ev.Type {
		case GTIDEvent, GTIDTaggedEvent:
			g, err := ev.GTID()
			require.NoError(t, err)
			assert.NotZero(t, g.ImmediateCommit)
			assert.Equal(t, g.ImmediateCommit, g.OriginalCommit)
			assert.EqualValues(t, 90704, g.ImmediateVersion)
			assert.NotZero(t, g.Length)
			told = append(told, fmt.Sprintf("gtid %s %d", g.Tag, g.Number))
		case QueryEvent:
			q, err := ev.Query()
			require.NoError(t, err)
			first, _, _ := strings.Cut(string(q.Text), " (")
			told = append(told, fmt.Sprintf("query %s %s", q.Schema, first))
			assert.EqualValues(t, 255, q.Collation)
		case XIDEvent:
			_, err := ev.XID()
			require.NoError(t, err)
			told = append(told, "commit")
		case XAPrepareEvent:
			x, err := ev.XAPrepare()
			require.NoError(t, err)
			told = append(told, fmt.Sprintf("prepare %d %s %s %t", x.Format, x.Global, x.Branch, x.OnePhase))
		case RowsQueryEvent:
			text, err := ev.RowsQuery()
			require.NoError(t, err)
			told = append(told, "statement "+string(text))
		case PreviousGTIDsEvent:
			var err error
			previous, err = ev.PreviousGTIDs()
			require.NoError(t, err)
		}
	})
	assert.NotEmpty(t, previous.String())
	for i, line := range told {
		t.Log(i, line)
	}
	assert.Contains(t, told, "prepare 7 global branch false")
	assert.Contains(t, told, "statement UPDATE f SET u = 1 WHERE id = 1")
	assert.Contains(t, told, "query shop CREATE TABLE f")
	assert.Contains(t, told, "gtid red 1")
}

func TestEventsKnowTheirPlace(t *testing.T) {
	for _, r := range recordings {
		at, payload := uint64(4), uint64(0)
		played(t, r.name, r.flavor, func(ev *Event, _ *Tables) {
			if ev.Compressed {
				assert.Equal(t, payload, ev.Start)
				return
			}
			assert.Equal(t, at, ev.Start, "%s of %s", ev.Type, r.name)
			payload, at = ev.Start, ev.End
		})
	}
}

func TestMariaDBIsRead(t *testing.T) {
	got := changes(t, "mariadb", MariaDB, func(m *TableMap) []ColumnSpec {
		if m.Name == "orders" {
			specs := specsOf(m)
			specs[7] = ColumnSpec{Charset: "utf8mb4"}
			return specs
		}
		text := ColumnSpec{Charset: "utf8mb4"}
		return []ColumnSpec{{}, {}, text, {}, {}, {}}
	})
	for _, line := range got {
		t.Logf("%.300s", line)
	}
	require.Len(t, got, 4)
	assert.Equal(t, `0 [null null null null null null null null] [1 1 paid BOI= x 1769862896789000 null {"a": 1}]`, got[0])
	var told []string
	played(t, "mariadb", MariaDB, func(ev *Event, tables *Tables) {
		switch ev.Type {
		case MariaGTIDEvent:
			g, err := ev.MariaGTID()
			require.NoError(t, err)
			told = append(told, fmt.Sprintf("%s standalone=%t ddl=%t", g.String(), g.Standalone, g.DDL))
		case MariaGTIDListEvent:
			s, err := ev.MariaGTIDList()
			require.NoError(t, err)
			told = append(told, "list "+s.String())
		case MariaAnnotateRowsEvent:
			text, err := ev.RowsQuery()
			require.NoError(t, err)
			told = append(told, string(text[:6]))
		case QueryEvent, MariaQueryCompressedEvent:
			q, err := ev.Query()
			require.NoError(t, err)
			told = append(told, fmt.Sprintf("%.12s", q.Text))
		}
	})
	t.Log(strings.Join(told, "\n"))
}
