package ddl

import "strings"

// Kind is what a statement does.
type Kind uint8

// The kinds of statements that are told apart.
const (
	Other Kind = iota
	CreateTable
	AlterTable
	DropTable
	RenameTable
	TruncateTable
	CreateIndex
	DropIndex
	CreateDatabase
	AlterDatabase
	DropDatabase
)

// Statement is what a statement says.
type Statement struct {
	Kind Kind

	// Tables are those that the statement names: one of CREATE, ALTER, TRUNCATE
	// and the indexes, any number of DROP; those of RENAME are in Renames.
	// Database is the database of a statement about one, "" for the current.
	Tables   []Name
	Renames  []Rename
	Database string

	IfExists    bool // IF EXISTS, or IF NOT EXISTS
	Replace     bool // CREATE OR REPLACE
	Temporary   bool
	Select      bool // CREATE TABLE … SELECT: what the query gives is not told
	Transaction bool // CREATE TABLE … START TRANSACTION: its rows follow in the same transaction
	Like        *Name

	Changes []Change // of ALTER, and of CREATE the columns and keys, which are added
	Charset string   // the table's or database's default; "" for not told
	Collate string
	Comment *string // of the table

	Unsure bool // there is more in it that may change what the table is made of
}

// Name is a table's name. Database is "" for the current one.
type Name struct{ Database, Table string }

// Rename is a pair of RENAME TABLE, or of ALTER TABLE … RENAME.
type Rename struct {
	From, To Name
	Text     string // as it was written, without what comes around it
}

// Op is what a change does to a table.
type Op uint8

// The changes of a table.
const (
	AddColumn    Op = iota // Column, First, After
	DropColumn             // Name
	ModifyColumn           // Name, Column with its new name, First, After
	RenameColumn           // Name, Column.Name
	SetDefault             // Name, Column.Default
	AddKey                 // Key
	DropKey                // Name; "PRIMARY" for the primary key
	RenameKey              // Name, Key.Name
	Convert                // Column.Charset, Column.Collate of all texts
)

// Change is one change of a table.
type Change struct {
	Op     Op
	Name   string // of what is changed
	Column Column
	Key    Key

	First    bool
	After    string
	IfExists bool // also IF NOT EXISTS
}

// Column is what a statement says of a column.
type Column struct {
	Name    string
	Type    string   // in upper case and of one word: INT, DOUBLE, VARCHAR
	Written string   // as it was written, in upper case: INTEGER, DOUBLE PRECISION
	Args    []string // in parentheses behind the type

	Unsigned, Zerofill, National bool
	Binary                       bool // the attribute BINARY of a text

	Charset, Collate string
	NotNull, Null    bool
	Default          Default
	AutoIncrement    bool
	Generated        bool
	Primary, Unique  bool
	Comment          *string
	SRID             string
	Invisible        bool
}

// Default is a column's default.
type Default struct {
	Set      bool
	Null     bool
	Computed bool   // by the server, when a row is written
	Text     string // of a literal; of a computed one the SQL
	Quoted   bool   // the literal is in quotes
	Base     byte   // 'b' or 'x': Text has binary or hexadecimal digits
}

// Key is a primary key, or an index.
type Key struct {
	Name            string
	Primary, Unique bool
	Columns         []string
	Parts           bool // it has something else than columns
}

// Parse reads a statement.
func Parse(sql string) Statement {
	p := &parser{sql: sql, tokens: split(sql)}
	var s Statement
	switch {
	case p.take("CREATE"):
		p.create(&s)
	case p.take("ALTER"):
		p.alter(&s)
	case p.take("DROP"):
		p.drop(&s)
	case p.take("RENAME"):
		if p.take("TABLE", "TABLES") {
			p.rename(&s)
		}
	case p.take("TRUNCATE"):
		p.take("TABLE")
		s.Kind, s.Tables = TruncateTable, []Name{p.name()}
	}
	s.Unsure = s.Unsure || p.unsure
	return s
}

// parser walks over the tokens of a statement.
type parser struct {
	sql    string
	tokens []token
	at     int
	unsure bool // a column is one of a period, which has columns that are not named
}

// peek is the token n ahead.
func (p *parser) peek(n int) token {
	if p.at+n < len(p.tokens) {
		return p.tokens[p.at+n]
	}
	return token{from: len(p.sql), to: len(p.sql)}
}

func (p *parser) next() token {
	t := p.peek(0)
	p.at = min(p.at+1, len(p.tokens))
	return t
}

// take takes one of the keywords, if it is next.
func (p *parser) take(keywords ...string) bool {
	if p.peek(0).is(keywords...) {
		p.at++
		return true
	}
	return false
}

// takeAll takes the keywords if they are next, one behind the other.
func (p *parser) takeAll(keywords ...string) bool {
	for i, k := range keywords {
		if !p.peek(i).is(k) {
			return false
		}
	}
	p.at += len(keywords)
	return true
}

func (p *parser) takeSign(c string) bool {
	if p.peek(0).isSign(c) {
		p.at++
		return true
	}
	return false
}

// name reads the name of a table.
func (p *parser) name() Name {
	if p.takeSign(".") { // in the current database
		return Name{Table: p.identifier()}
	}
	n := Name{Table: p.identifier()}
	if p.takeSign(".") {
		n = Name{Database: n.Table, Table: p.identifier()}
	}
	return n
}

// identifier reads a name, and takes nothing where there is none.
func (p *parser) identifier() string {
	if p.peek(0).isName() {
		return p.next().text
	}
	return ""
}

// skip passes over everything up to a sign of the list that stands outside of
// parentheses, or to the end. That sign is not taken.
func (p *parser) skip(until string) {
	depth := 0
	for t := p.peek(0); t.kind != end; t = p.peek(0) {
		if t.kind == sign {
			if depth == 0 && strings.Contains(until, t.text) {
				return
			}
			switch t.text {
			case "(":
				depth++
			case ")":
				depth--
			}
		}
		p.at++
	}
}

// parentheses reads what stands in parentheses, as it was written.
func (p *parser) parentheses() string {
	if !p.takeSign("(") {
		return ""
	}
	from := p.peek(0).from
	p.skip(")")
	to := p.next().from
	return strings.TrimSpace(p.sql[from:max(from, to)])
}

func (p *parser) ifExists() bool {
	return p.takeAll("IF", "NOT", "EXISTS") || p.takeAll("IF", "EXISTS")
}

func (p *parser) create(s *Statement) {
	s.Replace = p.takeAll("OR", "REPLACE")
	s.Temporary = p.take("TEMPORARY")
	unique := p.take("UNIQUE")
	p.take("ONLINE", "OFFLINE", "FULLTEXT", "SPATIAL", "VECTOR")
	switch {
	case p.take("TABLE"):
		p.createTable(s)
	case p.take("INDEX"):
		s.Kind, s.IfExists = CreateIndex, p.ifExists()
		key := Key{Unique: unique}
		if !p.peek(0).is("ON") || p.peek(1).is("ON") {
			key.Name = p.identifier()
		}
		for p.peek(0).kind != end && !p.take("ON") {
			p.at++
		}
		s.Tables = []Name{p.name()}
		p.keyColumns(&key)
		s.Changes = []Change{{Op: AddKey, Key: key, IfExists: s.IfExists}}
	case p.take("DATABASE", "SCHEMA"):
		s.Kind, s.IfExists = CreateDatabase, p.ifExists()
		s.Database = p.identifier()
		p.options(s)
	}
}

func (p *parser) createTable(s *Statement) {
	s.Kind, s.IfExists = CreateTable, p.ifExists()
	s.Tables = []Name{p.name()}
	inside := p.peek(0).isSign("(") && p.peek(1).is("LIKE")
	if inside {
		p.at++
	}
	if p.take("LIKE") {
		like := p.name()
		s.Like = &like
		return
	}
	if p.peek(0).isSign("(") && !p.peek(1).is("SELECT", "WITH") && !p.peek(1).isSign("(") {
		p.at++
		for {
			p.item(s)
			if p.skip(",)"); !p.takeSign(",") {
				break
			}
		}
		p.takeSign(")")
	}
	p.options(s)
}

// item reads a column or a key in the parentheses of CREATE TABLE.
func (p *parser) item(s *Statement) {
	if p.key(s) {
		return
	}
	if p.peek(0).is("PERIOD") && p.peek(1).is("FOR") {
		return
	}
	s.Changes = append(s.Changes, Change{Op: AddColumn, Column: p.column()})
}

// options reads those of a table or a database.
func (p *parser) options(s *Statement) {
	for t := p.peek(0); t.kind != end; t = p.peek(0) {
		switch {
		case p.takeAll("CHARACTER", "SET"), p.take("CHARSET"):
			p.takeSign("=")
			s.Charset = strings.ToLower(p.next().text)
		case p.take("COLLATE"):
			p.takeSign("=")
			s.Collate = strings.ToLower(p.next().text)
		case p.take("COMMENT"):
			p.takeSign("=")
			comment := p.next().text
			s.Comment = &comment
		case p.takeAll("START", "TRANSACTION"):
			s.Transaction = true
		case p.takeAll("WITH", "SYSTEM"):
			s.Unsure = true // the log has columns that the statement does not name
		case t.is("SELECT", "WITH", "VALUES") && !p.peek(1).is("SYSTEM"), t.is("AS") && !p.peek(1).is("OF"):
			s.Select = true
			return
		case t.is("PARTITION") && p.peek(1).is("BY"):
			for p.peek(0).kind != end && !p.peek(0).is("SELECT") && !p.peek(0).is("START") {
				p.partition()
			}
		case t.isSign("("):
			p.parentheses()
		default:
			p.at++
		}
	}
}

// partition passes over a word of what tells of partitions.
func (p *parser) partition() {
	if p.peek(0).isSign("(") {
		p.parentheses()
		return
	}
	p.at++
}

func (p *parser) drop(s *Statement) {
	s.Temporary = p.take("TEMPORARY")
	switch {
	case p.take("TABLE", "TABLES"):
		s.Kind, s.IfExists = DropTable, p.ifExists()
		for {
			s.Tables = append(s.Tables, p.name())
			if p.skip(","); !p.takeSign(",") {
				return
			}
		}
	case p.take("DATABASE", "SCHEMA"):
		s.Kind, s.IfExists = DropDatabase, p.ifExists()
		s.Database = p.identifier()
	case p.take("INDEX"):
		s.Kind, s.IfExists = DropIndex, p.ifExists()
		key := p.identifier()
		p.take("ON")
		s.Tables = []Name{p.name()}
		s.Changes = []Change{{Op: DropKey, Name: key, IfExists: s.IfExists}}
	}
}

func (p *parser) rename(s *Statement) {
	s.Kind, s.IfExists = RenameTable, p.ifExists()
	for {
		from := p.peek(0).from
		r := Rename{From: p.name()}
		for p.peek(0).kind != end && !p.take("TO") {
			p.at++
		}
		r.To = p.name()
		if p.at > 0 {
			r.Text = p.sql[from:max(from, p.tokens[p.at-1].to)]
		}
		s.Renames = append(s.Renames, r)
		if p.skip(","); !p.takeSign(",") {
			return
		}
	}
}
