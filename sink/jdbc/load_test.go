package jdbc_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// counted counts how often rows went by the database's own road, and how often
// that was in vain.
type counted struct {
	jdbc.Loader
	loaded, inVain int
}

func (c *counted) Load(ctx context.Context, conn *sql.Conn, w jdbc.Write, rows [][]tailrace.Value) (bool, error) {
	ok, err := c.Loader.Load(ctx, conn, w, rows)
	if ok {
		c.loaded++
	} else {
		c.inVain++
	}
	return ok, err
}

func eachLoader(t *testing.T, test func(t *testing.T, d *target, c *counted)) {
	for _, name := range []string{"postgres", "mysql", "mariadb"} {
		t.Run(name, func(t *testing.T) {
			d := newTarget(t, name)
			c := &counted{Loader: d.dialect.(jdbc.Loader)}
			d.dialect = c
			test(t, d, c)
		})
	}
}

// New rows go by the database's own road. Where some are there already, all of
// them are upserted by statements, and for a while nothing else is tried.
func TestNewRowsAreLoaded(t *testing.T) {
	eachLoader(t, func(t *testing.T, d *target, c *counted) {
		w := open(t, d.sink())
		rows := func(first, n int, pad string) (out []tailrace.Record) {
			for i := range n {
				out = append(out, numbered(first+i, pad))
			}
			return out
		}
		write(t, w, rows(0, 300, "a")...)
		assert.Equal(t, counted{c.Loader, 1, 0}, *c)
		write(t, w, rows(150, 300, "b")...)
		assert.Equal(t, counted{c.Loader, 1, 1}, *c)
		write(t, w, rows(1000, 300, "c")...) // by statements
		assert.Equal(t, counted{c.Loader, 1, 1}, *c)
		write(t, w, rows(2000, 300, "d")...)
		assert.Equal(t, counted{c.Loader, 2, 1}, *c)
		write(t, w, rows(3000, 10, "e")...) // too few
		assert.Equal(t, counted{c.Loader, 2, 1}, *c)
		assert.Equal(t, []string{"a 150", "b 300", "c 300", "d 300", "e 10"}, d.rows("SELECT pad, count(*) FROM numbers GROUP BY pad ORDER BY pad"))
	})
}

// A row that cannot be written is found among those that are loaded, and those
// before it are durable.
func TestABadRowAmongLoadedOnes(t *testing.T) {
	eachLoader(t, func(t *testing.T, d *target, c *counted) {
		d.exec("CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad VARCHAR(20))")
		var records []tailrace.Record
		for i := range 300 {
			records = append(records, numbered(i, "a"))
		}
		records[200] = numbered(200, "this text is longer than the column has room for")
		err := open(t, d.sink()).Write(t.Context(), records)
		require.ErrorContains(t, err, "record 200 of the batch")
		assert.ErrorContains(t, err, "too long")
		assert.Equal(t, []string{"200"}, d.rows("SELECT count(*) FROM numbers"))
	})
}

// What a loaded row holds is what a statement would have written, of every type
// and for nulls.
func TestLoadedValuesAreThoseOfStatements(t *testing.T) {
	eachLoader(t, func(t *testing.T, d *target, c *counted) {
		schema := tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema)
		var values, nulls []tailrace.Value
		for _, s := range samples {
			schema.Field(s.name, s.schema.Builder().Optional().MustBuild())
			values, nulls = append(values, s.value), append(nulls, tailrace.Value{})
		}
		whole := schema.MustBuild()
		record := func(id int32, values []tailrace.Value) tailrace.Record {
			r := row(id, tailrace.Value{}, tailrace.Value{})
			r.Topic, r.ValueSchema = "types", whole
			r.Value = tailrace.StructOf(append([]tailrace.Value{tailrace.Int32(id)}, values...))
			return r
		}
		var many []tailrace.Record
		for i := range int32(100) {
			many = append(many, record(1000+2*i, values), record(1001+2*i, nulls))
		}
		w := open(t, d.sink())
		write(t, w, record(1, values), record(2, nulls))
		write(t, w, many...)
		assert.Equal(t, 1, c.loaded)
		for _, s := range samples {
			column := s.name
			if d.name == "postgres" {
				column += "::text"
			}
			assert.Equal(t, d.rows("SELECT "+column+" FROM types WHERE id = 1"), d.rows("SELECT "+column+" FROM types WHERE id = 1000"), s.name)
			assert.Equal(t, []string{"<nil>"}, d.rows("SELECT "+column+" FROM types WHERE id = 1001"), s.name)
		}
	})
}

// COPY has a binary form of most types of PostgreSQL, and what it gives is what
// the server reads of the text.
func TestBinaryValuesAreThoseOfText(t *testing.T) {
	d := newTarget(t, "postgres")
	c := &counted{Loader: d.dialect.(jdbc.Loader)}
	d.dialect = c
	cases := map[string][]string{
		"numeric":      {"0", "-0.5", "12.50", "10000", "9999.9999", "100000000.00000001", "-123456789012345678901234567890.123456", "0.00001"},
		"numeric(8,3)": {"1.5", "-99999.999", "0"},
		"timestamp":    {"2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "0001-01-01 00:00:00", "9999-12-31 23:59:59.5", "2024-02-29 12:00:00.000001"},
		"date":         {"1970-01-01", "2000-02-29", "1900-03-01", "0001-01-01", "9999-12-31", "1582-10-15"},
		"uuid":         {"8c1ddb8f-2f3f-4f8e-9d53-0d6c6a1f1c11", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		"jsonb":        {`{"a": [1, 2.50, null]}`, `"x"`},
		"varchar(3)":   {"abc", "é"},
	}
	for typ, texts := range cases {
		t.Run(typ, func(t *testing.T) {
			c.loaded = 0
			d.exec("DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (number BIGINT PRIMARY KEY, pad " + typ + ")")
			var records []tailrace.Record
			for i := range 200 {
				records = append(records, numbered(i, texts[i%len(texts)]))
			}
			write(t, open(t, d.sink()), records...)
			assert.Equal(t, 1, c.loaded)
			for i, text := range texts {
				assert.Equal(t, []string{"true"}, d.rows(fmt.Sprintf("SELECT pad = '%s'::%s FROM numbers WHERE number = %d", text, typ, i)), text)
				assert.Equal(t, d.rows(fmt.Sprintf("SELECT '%s'::%s::text", text, typ)), d.rows(fmt.Sprintf("SELECT pad::text FROM numbers WHERE number = %d", i)), text)
			}
		})
	}
}

// Updates of many rows change each of them, and no others.
func TestManyUpdates(t *testing.T) {
	eachTarget(t, func(t *testing.T, d *target) {
		d.exec("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(20))")
		var there, updates []tailrace.Record
		for i := range int32(600) {
			if i%2 == 0 {
				there = append(there, row(i, tailrace.String("a"), tailrace.String("x")))
			}
			updates = append(updates, row(i, tailrace.String(fmt.Sprint("b", i)), tailrace.Unchanged()))
		}
		write(t, open(t, d.sink()), there...)
		s := d.sink()
		s.InsertMode = jdbc.InsertUpdate
		write(t, open(t, s), updates...)
		assert.Equal(t, []string{"300 300"}, d.rows("SELECT count(*), sum(CASE WHEN note = 'x' AND name = "+
			map[bool]string{true: "concat('b', id)", false: "'b' || id"}[d.name == "mysql" || d.name == "mariadb"]+" THEN 1 ELSE 0 END) FROM people"))
	})
}
