package jdbc_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
)

// Over several connections each row ends as its last change says: upserts,
// partial updates and deletes of any order, in batches of any size.
func TestSeveralConnectionsKeepTheOrderOfARow(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(20))")
		s := d.sink()
		s.Connections = 3
		w := open(t, s)
		random := rand.New(rand.NewPCG(1, 2))
		model := map[int32][2]string{}
		for n := range 6 {
			var batch []tailrace.Record
			for i := range 300 + random.IntN(1500) {
				id, name, note := int32(random.IntN(2000)), fmt.Sprintf("%d.%d", n, i), fmt.Sprintf("note %d", i)
				r := row(id, tailrace.String(name), tailrace.String(note))
				was, there := model[id]
				switch random.IntN(6) {
				case 0:
					r.ValueSchema, r.Value = nil, tailrace.Value{}
					delete(model, id)
					batch = append(batch, r)
					continue
				case 1:
					if there {
						r.Value = tailrace.StructOf([]tailrace.Value{tailrace.Int32(id), tailrace.String(name), tailrace.Unchanged()})
						note = was[1]
					}
				}
				model[id] = [2]string{name, note}
				batch = append(batch, r)
			}
			write(t, w, batch...)
			want := []string{}
			for _, id := range slices.Sorted(maps.Keys(model)) {
				want = append(want, fmt.Sprintf("%d %s %s", id, model[id][0], model[id][1]))
			}
			require.Equal(t, want, d.rows("SELECT id, name, note FROM people ORDER BY id"), "batch %d", n)
		}
	})
}

// A row that is refused is named, whichever connection has it, and those before
// it are durable.
func TestABadRowAmongSeveralConnections(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		d.exec("CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad VARCHAR(20) CHECK (length(pad) <= 20))")
		s := d.sink()
		s.Connections = 3
		var records []tailrace.Record
		for i := range 1000 {
			records = append(records, numbered(i, "a"))
		}
		records[700] = numbered(700, strings.Repeat("too long ", 5))
		err := open(t, s).Write(t.Context(), records)
		bad, ok := errors.AsType[*sink.BatchError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 700, bad.Index)
		assert.Equal(t, []string{"700"}, d.rows("SELECT count(*) FROM numbers WHERE number < 700"))
	})
}
