package dialecttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/jdbc"
)

func readsTypes(p *place) {
	for i, c := range p.h.Columns {
		table := fmt.Sprintf("t%d", i)
		p.exec("CREATE TABLE " + table + " (c " + c.Declared + ")")
		p.exec("INSERT INTO " + table + " VALUES (" + c.Literal + ")")
		s := p.in(jdbc.Bulk)
		s.Tables = []string{table}
		r := p.open(s)
		if err := r.next(); err != nil {
			if c.Shown != "!" {
				p.Errorf("%s of %s: %v", c.Declared, c.Literal, err)
			}
			continue
		}
		rec := r.records[0]
		if c.Schema == "" {
			if n := len(rec.ValueSchema.Fields()); n > 0 {
				p.Errorf("%s is not left out", c.Declared)
			}
			continue
		}
		field, ok := rec.ValueSchema.Field("c")
		if !ok {
			p.Errorf("%s is left out", c.Declared)
			continue
		}
		if have := Spell(field.Schema); have != c.Schema {
			p.Errorf("%s becomes %s and should become %s", c.Declared, have, c.Schema)
		}
		if have := tailrace.Display(field.Schema, rec.Value.Fields()[0]); have != c.Shown {
			p.Errorf("%s of %s becomes %s and should become %s", c.Declared, c.Literal, have, c.Shown)
		}
		if err := rec.ValueSchema.Validate(rec.Value); err != nil {
			p.Errorf("%s of %s: %v", c.Declared, c.Literal, err)
		}
	}
}

func readsResults(p *place) {
	for i, c := range p.h.Columns {
		table := fmt.Sprintf("t%d", i)
		p.exec("CREATE TABLE " + table + " (c " + c.Declared + ")")
		p.exec("INSERT INTO " + table + " VALUES (" + c.Literal + ")")
		s := p.in(jdbc.Bulk)
		s.Query, s.TopicPrefix, s.Catalog, s.Schema = "SELECT * FROM "+table, "answers", "", ""
		r := p.open(s)
		err := r.next()
		if err != nil && c.Shown != "!" {
			p.Errorf("%s of %s: %v", c.Declared, c.Literal, err)
		}
		if err == nil {
			rec := r.records[0]
			if err := rec.ValueSchema.Validate(rec.Value); err != nil {
				p.Errorf("%s of %s: %v", c.Declared, c.Literal, err)
			}
		}
	}
}

func findsAutoIncrement(p *place) {
	p.exec(p.h.Changes)
	p.insert(7, moment(1))
	s := p.in(jdbc.Incrementing)
	s.IncrementingColumn = ""
	r := p.open(s).until(1)
	if o := r.offsets; len(o) != 1 || o[0].Position != `{"incrementing":1}` {
		p.Errorf("behind the first row of changes the offsets are %v", o)
	}
	if rec := r.records[0]; rec.ValueStruct().Get("id").Int() != 1 || rec.Topic != "changes" || rec.ValueSchema.Name() != "changes" {
		p.Errorf("the first row of changes is %v in %s", rec.Value, rec.Topic)
	}
}

func (p *place) tables(types ...string) (names []string) {
	p.Helper()
	db, err := p.source.Dialect.Open(p.source.URL, p.source.User, p.source.Password)
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close()
	tables, err := p.source.Dialect.Tables(p.Context(), db, jdbc.Scope{Types: types, Catalog: p.source.Catalog, Schema: p.source.Schema})
	if err != nil {
		p.Fatal(err)
	}
	for _, t := range tables {
		names = append(names, t.Name)
	}
	return names
}

func listsTables(p *place) {
	p.exec(p.h.Changes)
	p.exec("CREATE VIEW seen AS SELECT * FROM changes")
	for _, c := range []struct{ types, want []string }{
		{[]string{"TABLE"}, []string{"changes"}},
		{[]string{"VIEW"}, []string{"seen"}},
		{[]string{"TABLE", "VIEW"}, []string{"changes", "seen"}},
		{[]string{"SYNONYM"}, nil},
	} {
		if have := p.tables(c.types...); !slices.Equal(have, c.want) {
			p.Errorf("the tables of the types %v are %v and should be %v", c.types, have, c.want)
		}
	}
}

func missesTable(p *place) {
	db, err := p.source.Dialect.Open(p.source.URL, p.source.User, p.source.Password)
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close()
	columns, err := p.source.Dialect.Columns(p.Context(), db, jdbc.Table{Name: "nowhere"}, time.UTC)
	if err != nil || len(columns) > 0 {
		p.Errorf("Columns of a table that is not there gives %v and the error %v", columns, err)
	}
}

func quotes(p *place) {
	syntax := p.source.Dialect.Syntax()
	quoted := func(name string) string {
		return syntax.QuoteOpen + strings.ReplaceAll(name, syntax.QuoteClose, syntax.QuoteClose+syntax.QuoteClose) + syntax.QuoteClose
	}
	table, column := "a "+syntax.QuoteClose+"' Table", "SELECT "+syntax.QuoteClose+"-- ?"
	p.exec("CREATE TABLE " + quoted(table) + " (" + quoted(column) + " BIGINT NOT NULL)")
	p.exec("INSERT INTO " + quoted(table) + " VALUES (41), (42)")
	s := p.in(jdbc.Incrementing)
	s.IncrementingColumn = column
	r := p.open(s).until(2)
	if v := r.records[1].ValueStruct().Get(column).Int(); v != 42 || r.records[1].ValueSchema.Name() != table {
		p.Errorf("the value is %d of the table %s", v, r.records[1].ValueSchema.Name())
	}
	if again := p.open(s, tailrace.Offset{Partition: r.offsets[0].Partition, Position: `{"incrementing":41}`}).until(1); len(again.records) != 1 {
		p.Errorf("behind the first row come %d", len(again.records))
	}
}

func tellsTime(p *place) {
	db, err := p.source.Dialect.Open(p.source.URL, p.source.User, p.source.Password)
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close()
	now, err := p.source.Dialect.Now(p.Context(), db)
	if err != nil {
		p.Fatal(err)
	}
	if d := time.Since(now).Abs(); d > time.Minute {
		p.Errorf("the database's clock is off by %v", d)
	}
}

func comparesInZone(p *place) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		p.Fatal(err)
	}
	p.exec(p.h.Changes)
	noon := time.Date(2024, 7, 1, 12, 0, 0, 500_000_000, time.UTC) // on the clocks of Berlin
	p.insert(1, noon)
	p.insert(2, noon.Add(2*time.Millisecond))
	s := p.in(jdbc.TimestampIncrementing)
	s.Location = berlin
	r := p.open(s).until(2)
	if at := r.records[0].ValueStruct().Get("at").Int(); at != noon.Add(-2*time.Hour).UnixMilli() {
		p.Errorf("noon in Berlin is %v", time.UnixMilli(at).UTC())
	}
	if want := `{"incrementing":2,"timestamp":1719828000502,"timestamp_nanos":502000000}`; r.offsets[0].Position != want {
		p.Errorf("the position is %s and should be %s", r.offsets[0].Position, want)
	}
	from := tailrace.Offset{Partition: r.offsets[0].Partition, Position: `{"incrementing":1,"timestamp":1719828000500,"timestamp_nanos":500000000}`}
	if have := p.open(s, from).until(1).numbers(0); !slices.Equal(have, []int{2}) {
		p.Errorf("behind the first row come %v", have)
	}
	s = p.in(jdbc.Timestamp)
	s.Location, s.StartAt = berlin, time.UnixMilli(1719828000501)
	if have := p.open(s).until(1).numbers(0); !slices.Equal(have, []int{2}) {
		p.Errorf("from between the rows come %v", have)
	}
}

func losesNothing(p *place) {
	p.exec(p.h.Changes)
	const rows = 30
	for i := range rows {
		p.insert(i, moment(2*(i/7)+1))
	}
	for _, mode := range []jdbc.Mode{jdbc.Timestamp, jdbc.TimestampIncrementing} {
		s := p.in(mode)
		s.BatchRows = 4
		for r := p.open(s); len(r.records) < rows; {
			if err := r.next(); err != nil {
				p.Fatal(err)
			}
			p.restart(s, r, rows)
		}
	}
}

// restart reads the rest behind a reading and checks that it is all of it.
func (p *place) restart(s jdbc.Source, r *reading, rows int) {
	p.Helper()
	missing := map[int]bool{}
	for n := range rows {
		missing[n] = true
	}
	for _, n := range r.numbers(0) {
		delete(missing, n)
	}
	for again := p.open(s, r.offsets...); len(missing) > 0; {
		from := len(again.records)
		if err := again.next(); err != nil {
			p.Fatal(err)
		}
		for _, n := range again.numbers(from) {
			delete(missing, n)
		}
	}
}

func givesUp(p *place) {
	p.exec(p.h.Changes)
	for what, query := range map[string]string{"no such table": "SELECT * FROM nowhere", "no such column": "SELECT nothing FROM changes", "no SQL": "SELEKT"} {
		s := p.in(jdbc.Incrementing)
		s.Query, s.TopicPrefix, s.Catalog, s.Schema = query, "answers", "", ""
		_, err := s.Open(p.Context(), nil)
		var r interface{ Retryable() bool }
		if err == nil || errors.As(err, &r) && r.Retryable() {
			p.Errorf("%s: the error %v should be one that no other try helps against", what, err)
		}
	}
}
