package dialecttest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/sink/jdbc"
)

// declared are columns of all kinds, as schemas make them.
func (p *place) declared() []jdbc.Column {
	elem := jdbc.Column{Kind: jdbc.Int32, Nullable: true}
	all := []jdbc.Column{
		{Kind: jdbc.Boolean}, {Kind: jdbc.Int8}, {Kind: jdbc.Int16}, {Kind: jdbc.Int32}, {Kind: jdbc.Int64}, {Kind: jdbc.Float32}, {Kind: jdbc.Float64},
		{Kind: jdbc.Decimal, Precision: 20, Scale: 4}, {Kind: jdbc.Decimal, Scale: 2}, {Kind: jdbc.Decimal, Scale: -1}, {Kind: jdbc.Text}, {Kind: jdbc.Text, Length: 40},
		{Kind: jdbc.Bytes}, {Kind: jdbc.Date}, {Kind: jdbc.TimeOfDay, Scale: 6}, {Kind: jdbc.ZonedTimeOfDay, Scale: 6}, {Kind: jdbc.DateTime, Scale: 3}, {Kind: jdbc.Instant, Scale: 6},
		{Kind: jdbc.Year}, {Kind: jdbc.Interval}, {Kind: jdbc.JSON}, {Kind: jdbc.UUID}, {Kind: jdbc.XML}, {Kind: jdbc.Enum, Members: []string{"a", "b"}},
		{Kind: jdbc.Set, Members: []string{"a", "b"}}, {Kind: jdbc.Bits, Length: 12}, {Kind: jdbc.Array, Elem: &elem}, {Kind: jdbc.Geometry}, {Kind: jdbc.Point},
	}
	all = slices.DeleteFunc(all, func(c jdbc.Column) bool { return slices.Contains(p.Lacks, c.Kind) })
	for i := range all {
		all[i].Name, all[i].Nullable = fmt.Sprint("c", i), i%2 == 0
	}
	return all
}

func describes(p *place) {
	syntax := p.sink.Dialect.Syntax()
	key := jdbc.Column{Name: "id", Kind: jdbc.Text, Key: true}
	columns := append([]jdbc.Column{key}, p.declared()...)
	var lines []string
	for i, c := range columns {
		typ, err := p.sink.Dialect.Declare(c)
		p.must(err, "%v", c)
		line := syntax.Quote(c.Name) + " " + typ
		if c.Kind == jdbc.Int32 {
			columns[i].HasDefault = true
			line += " DEFAULT 7"
		}
		if !c.Nullable {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	t := jdbc.Table{Name: "kinds"}
	p.exec("CREATE TABLE " + syntax.Table(t) + " (" + strings.Join(lines, ", ") + ", PRIMARY KEY (" + syntax.Quote("id") + "))" + syntax.Options)
	got, err := p.sink.Dialect.Columns(p.Context(), p.db, t)
	p.must(err)
	p.that(len(got) == len(columns), "there are %d columns, and %d were declared", len(got), len(columns))
	for i, c := range columns {
		p.equal(c.Name, got[i].Name)
		p.equal(c.Nullable, got[i].Nullable, "column %s, %s, lets NULL in", c.Name, got[i].Declared)
		p.equal(c.HasDefault, got[i].HasDefault, "column %s, %s, has a default", c.Name, got[i].Declared)
		p.equal(c.Key, got[i].Key, "column %s is of the key", c.Name)
		p.that(!got[i].Generated, "column %s is generated", c.Name)
	}
}

func missesTable(p *place) {
	got, err := p.sink.Dialect.Columns(p.Context(), p.db, jdbc.Table{Name: "nowhere"})
	p.must(err)
	p.equal(0, len(got))
}

func inserts(p *place) {
	p.exec(p.Numbers)
	s := p.upserts()
	s.InsertMode = jdbc.InsertPlain
	w := p.open(s)
	p.write(w, numbers(0, 700, "a")...)
	p.write(w, number(700, "a"))
	p.equal([]int{701}, p.ints("SELECT count(*) FROM numbers WHERE pad = 'a'"))
	err := w.Write(p.Context(), []tailrace.Record{number(701, "b"), number(3, "b"), number(702, "b")})
	bad, ok := errors.AsType[*sink.BatchError](err)
	p.that(ok, "%v", err)
	p.equal(1, bad.Index)
	p.equal([]int{701}, p.ints("SELECT number FROM numbers WHERE pad = 'b'"))
}

func upserts(p *place) {
	p.exec(p.Numbers)
	w := p.open(p.upserts())
	p.write(w, numbers(0, 500, "a")...)
	p.write(w, numbers(250, 500, "b")...)
	p.write(w, number(0, "c"), number(750, "c"), number(0, "d"))
	p.equal([]int{249}, p.ints("SELECT count(*) FROM numbers WHERE pad = 'a'"))
	p.equal([]int{500}, p.ints("SELECT count(*) FROM numbers WHERE pad = 'b'"))
	p.equal([]int{750}, p.ints("SELECT number FROM numbers WHERE pad = 'c'"))
	p.equal([]int{0}, p.ints("SELECT number FROM numbers WHERE pad = 'd'"))
}

func updates(p *place) {
	p.exec(p.Numbers)
	p.write(p.open(p.upserts()), numbers(0, 500, "a")...)
	s := p.upserts()
	s.InsertMode = jdbc.InsertUpdate
	w := p.open(s)
	p.write(w, numbers(250, 500, "b")...)
	p.write(w, number(0, "c"))
	p.equal([]int{500}, p.ints("SELECT count(*) FROM numbers"))
	p.equal([]int{250}, p.ints("SELECT count(*) FROM numbers WHERE pad = 'b'"))
	p.equal([]int{0}, p.ints("SELECT number FROM numbers WHERE pad = 'c'"))
}

func deletes(p *place) {
	p.exec(p.Numbers)
	w := p.open(p.upserts())
	p.write(w, numbers(0, 600, "a")...)
	var records []tailrace.Record
	for n := range 599 {
		records = append(records, gone(n))
	}
	p.write(w, append(records, gone(9999))...)
	p.equal([]int{599}, p.ints("SELECT number FROM numbers"))
	p.write(w, gone(599))
	p.equal([]int{}, p.ints("SELECT number FROM numbers"))
}

func severalKeys(p *place) {
	schema := tailrace.NewSchema(tailrace.TypeStruct).Field("a", tailrace.Int32Schema).Field("b", tailrace.StringSchema).MustBuild()
	pair := func(a int32, b string) tailrace.Record {
		v := tailrace.StructOf([]tailrace.Value{tailrace.Int32(a), tailrace.String(b)})
		return tailrace.Record{Topic: "pairs", KeySchema: schema, Key: v, ValueSchema: schema, Value: v}
	}
	w := p.open(p.upserts())
	p.write(w, pair(1, "x"), pair(1, "y"), pair(2, "x"), pair(1, "x"))
	p.write(w, pair(1, "x"), pair(3, "z"))
	d1, d2 := pair(1, "y"), pair(2, "x")
	d1.ValueSchema, d1.Value, d2.ValueSchema, d2.Value = nil, tailrace.Value{}, nil, tailrace.Value{}
	p.write(w, d1, d2)
	q := p.sink.Dialect.Syntax().Quote
	p.equal([]int{1, 3}, p.ints("SELECT "+q("a")+" FROM "+q("pairs")+" ORDER BY "+q("a")))
}

func truncates(p *place) {
	p.exec(p.Numbers)
	p.write(p.open(p.upserts()), numbers(0, 10, "a")...)
	syntax := p.sink.Dialect.Syntax()
	form := syntax.Truncate
	if form == "" {
		form = "DELETE FROM %s"
	}
	tx, err := p.db.Begin()
	p.must(err)
	_, err = tx.Exec(fmt.Sprintf(form, syntax.Table(jdbc.Table{Name: "numbers"})))
	p.must(err)
	p.must(tx.Rollback())
	p.equal([]int{10}, p.ints("SELECT count(*) FROM numbers"))
}

func quotes(p *place) {
	syntax := p.sink.Dialect.Syntax()
	names := []string{"select", "a b", "Mixed", "it's", syntax.QuoteOpen + "x" + syntax.QuoteClose, "percent%d"}
	for _, name := range names {
		row := tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).Field(name, tailrace.Int32Schema).MustBuild()
		r := number(1, "")
		r.Topic = name
		r.KeySchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).MustBuild()
		r.ValueSchema, r.Value = row, tailrace.StructOf([]tailrace.Value{tailrace.Int32(1), tailrace.Int32(5)})
		w := p.open(p.upserts())
		p.write(w, r)
		p.write(w, r)
		p.equal([]int{5}, p.ints("SELECT "+syntax.Quote(name)+" FROM "+syntax.Table(jdbc.Table{Name: name})), name)
	}
}

func explains(p *place) {
	p.exec(p.Numbers)
	d := p.sink.Dialect
	const secret = 918273645
	p.exec(fmt.Sprintf("INSERT INTO numbers VALUES (%d, 'a')", secret))
	for _, c := range []struct {
		statement string
		want      jdbc.FaultKind
	}{
		{fmt.Sprintf("INSERT INTO numbers VALUES (%d, 'b')", secret), jdbc.BadRow},
		{fmt.Sprintf("INSERT INTO numbers VALUES (1, '%s %d')", tooLong, secret), jdbc.BadRow},
		{"INSERT INTO nowhere VALUES (1)", jdbc.BadTable},
		{"UPDATE numbers SET missing = 1", jdbc.BadTable},
	} {
		_, err := p.db.Exec(c.statement)
		p.that(err != nil, c.statement)
		fault := d.Explain(err)
		p.equal(c.want, fault.Kind, "%s: %v", c.statement, err)
		p.that(fault.Text != "", "the fault of %s has no text", c.statement)
		p.that(!strings.Contains(fault.Text, fmt.Sprint(secret)), "the text shows a value: %s", fault.Text)
	}
	lost := d.Explain(errors.New("broken pipe"))
	p.that(lost.Kind == jdbc.Unknown || lost.Kind == jdbc.Passing, "a lost connection is of the kind %d", lost.Kind)
	p.equal("", lost.Text)
}

func isLoader(h Harness) bool { return h.Loads }

func loads(p *place) {
	p.exec(p.Numbers)
	l, ok := p.sink.Dialect.(jdbc.Loader)
	p.that(ok, "the Dialect is no Loader")
	able, err := l.Loadable(p.Context(), p.db, jdbc.Table{Name: "numbers"})
	p.must(err)
	p.that(able, "the table cannot be loaded")
	columns, err := l.Columns(p.Context(), p.db, jdbc.Table{Name: "numbers"})
	p.must(err)
	var rows [][]tailrace.Value
	for n := range 300 {
		rows = append(rows, []tailrace.Value{tailrace.Int64(int64(n)), tailrace.String("a\t\\\n'" + fmt.Sprint(n))})
	}
	p.that(p.load(l, columns, rows), "new rows were not loaded")
	p.equal([]int{300}, p.ints("SELECT count(*) FROM numbers WHERE length(pad) > 5"))
	rows[0][0] = tailrace.Int64(9999)
	p.that(!p.load(l, columns, rows[:2]), "rows were loaded of which one is there")
	long := []tailrace.Value{tailrace.Int64(10000), tailrace.String(tooLong)}
	p.that(!p.load(l, columns, [][]tailrace.Value{long}), "a row was loaded that is too long")
}

// load loads rows in a transaction, which it ends as the answer says.
func (p *place) load(l jdbc.Loader, columns []jdbc.Column, rows [][]tailrace.Value) bool {
	// The connections are those of the Dialect, as a writer's are.
	db, err := l.Open(p.sink.URL, p.sink.User, p.sink.Password)
	p.must(err)
	defer db.Close()
	conn, err := db.Conn(p.Context())
	p.must(err)
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(p.Context()), &sql.TxOptions{})
	p.must(err)
	loaded, err := l.Load(p.Context(), conn, jdbc.Write{Op: jdbc.Insert, Table: jdbc.Table{Name: "numbers"}, Columns: columns, Keys: 1, Syntax: l.Syntax()}, rows)
	p.must(err)
	if loaded {
		p.must(tx.Commit())
	} else {
		p.must(tx.Rollback())
	}
	return loaded
}

func hidesPassword(p *place) {
	for _, url := range []string{"jdbc:wrong://u:hunter2@host/db", "wrong://u:hunter2@host:port/db", "jdbc:" + strings.ToLower(p.sink.Dialect.Name()) + "://u:hunter2@[::1/db"} {
		db, err := p.sink.Dialect.Open(url, "", "")
		if err == nil {
			p.must(db.Close())
			continue
		}
		p.that(!strings.Contains(err.Error(), "hunter2"), "the error shows the password")
	}
}
