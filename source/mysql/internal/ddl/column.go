package ddl

import "strings"

// column reads the definition of a column, up to what is not part of it.
func (p *parser) column() Column {
	c := Column{Name: p.identifier()}
	p.columnType(&c)
	p.attributes(&c)
	return c
}

// synonyms are types that have another name too.
var synonyms = map[string]string{
	"INTEGER": "INT", "INT1": "TINYINT", "INT2": "SMALLINT", "INT3": "MEDIUMINT", "INT4": "INT", "INT8": "BIGINT", "MIDDLEINT": "MEDIUMINT",
	"BOOL": "TINYINT", "BOOLEAN": "TINYINT", "DEC": "DECIMAL", "NUMERIC": "DECIMAL", "FIXED": "DECIMAL", "NUMBER": "DECIMAL",
	"REAL": "DOUBLE", "FLOAT8": "DOUBLE", "FLOAT4": "FLOAT", "CHARACTER": "CHAR", "NCHAR": "CHAR", "NVARCHAR": "VARCHAR", "VARCHARACTER": "VARCHAR",
	"VARCHAR2": "VARCHAR", "RAW": "VARBINARY", "CLOB": "LONGTEXT", "LONG": "MEDIUMTEXT", "GEOMCOLLECTION": "GEOMETRYCOLLECTION", "SERIAL": "BIGINT",
}

// columnType reads a type, its arguments, and the words that belong to it.
func (p *parser) columnType(c *Column) {
	t := p.peek(0)
	if t.kind != word {
		return
	}
	p.at++
	if t.is("NATIONAL") {
		c.National, t = true, p.next()
	}
	c.Written = strings.ToUpper(t.text)
	c.Type = c.Written
	if to, ok := synonyms[c.Type]; ok {
		c.Type = to
	}
	c.National = c.National || c.Written == "NCHAR" || c.Written == "NVARCHAR"
	switch {
	case c.Written == "DOUBLE" && p.take("PRECISION"):
		c.Written += " PRECISION"
	case c.Type == "CHAR" && p.take("VARYING", "VARCHAR", "VARCHARACTER"):
		c.Type, c.Written = "VARCHAR", c.Written+" VARYING"
	case c.Written == "LONG" && p.take("VARBINARY"):
		c.Type = "MEDIUMBLOB"
	case c.Written == "LONG":
		p.take("VARCHAR", "CHAR")
		p.take("VARYING")
	}
	if p.takeSign("(") {
		for t := p.next(); t.kind != end && !t.isSign(")"); t = p.next() {
			if !t.isSign(",") {
				c.Args = append(c.Args, t.text)
			}
		}
	}
	switch c.Written {
	case "BOOL", "BOOLEAN":
		c.Args = []string{"1"}
	case "SERIAL":
		c.Unsigned, c.NotNull, c.AutoIncrement, c.Unique = true, true, true, true
	}
}

// attributes reads what stands behind a column's type.
func (p *parser) attributes(c *Column) {
	for t := p.peek(0); t.kind != end && !t.isSign(",") && !t.isSign(")"); t = p.peek(0) {
		switch {
		case t.is("FIRST", "AFTER"):
			return
		case p.take("UNSIGNED"):
			c.Unsigned = true
		case p.take("ZEROFILL"):
			c.Zerofill, c.Unsigned = true, true
		case p.takeAll("CHARACTER", "SET"), p.takeAll("CHAR", "SET"), p.take("CHARSET"):
			p.takeSign("=")
			c.Charset = strings.ToLower(p.next().text)
		case p.take("COLLATE"):
			p.takeSign("=")
			c.Collate = strings.ToLower(p.next().text)
		case p.take("ASCII"):
			c.Charset = "latin1"
		case p.take("UNICODE"):
			c.Charset = "ucs2"
		case p.take("BYTE"):
			c.Charset = "binary"
		case p.take("BINARY"):
			c.Binary = true
		case p.takeAll("NOT", "NULL"):
			c.NotNull, c.Null = true, false
		case p.take("NULL"):
			c.Null, c.NotNull = true, false
		case p.takeAll("SERIAL", "DEFAULT", "VALUE"):
			c.NotNull, c.AutoIncrement, c.Unique = true, true, true
		case p.take("DEFAULT"):
			c.Default = p.fallback()
		case p.takeAll("ON", "UPDATE"), p.takeAll("ON", "DELETE"):
			if p.at++; p.peek(0).is("NULL", "DEFAULT", "ACTION") { // of SET NULL, SET DEFAULT, NO ACTION
				p.at++
			}
			p.parentheses()
		default:
			p.otherAttribute(c)
		}
	}
}

func (p *parser) otherAttribute(c *Column) {
	switch t := p.peek(0); {
	case p.take("AUTO_INCREMENT"):
		c.AutoIncrement = true
	case p.takeAll("PRIMARY", "KEY"), p.take("PRIMARY"):
		c.Primary = true
	case p.take("UNIQUE"):
		p.take("KEY")
		c.Unique = true
	case p.take("KEY"):
		c.Primary = true
	case p.take("COMMENT"):
		p.takeSign("=")
		comment := p.next().text
		c.Comment = &comment
	case p.take("SRID"), p.take("REF_SYSTEM_ID"):
		p.takeSign("=")
		c.SRID = p.next().text
	case p.take("INVISIBLE"):
		c.Invisible = true
	case p.take("CHECK"):
		p.parentheses()
	case p.takeAll("GENERATED", "ALWAYS", "AS"), p.take("AS"):
		c.Generated = true
		if p.take("ROW") {
			p.unsure = true
		} else {
			p.parentheses()
		}
	case p.take("REFERENCES"):
		p.name()
		p.parentheses()
	case t.isSign("("):
		p.parentheses()
	default:
		p.at++
	}
}

// fallback reads what stands behind DEFAULT.
func (p *parser) fallback() Default {
	d := Default{Set: true}
	t := p.next()
	switch {
	case t.isSign("("):
		p.at--
		d.Computed, d.Text = true, "("+p.parentheses()+")"
		return d
	case t.isSign("+"), t.isSign("-"):
		d.Text = p.next().text
		if t.text == "-" {
			d.Text = "-" + d.Text
		}
		return d
	case t.kind == text:
		d.Text, d.Quoted = t.text, true
		return d
	case t.is("NULL"):
		d.Null = true
		return d
	case p.peek(0).kind == text && p.peek(0).from == t.to && t.is("b", "x", "n"), p.peek(0).kind == text && strings.HasPrefix(t.text, "_"):
		d.Quoted = true
		if t.is("b", "x") {
			d.Base = strings.ToLower(t.text)[0]
		}
		d.Text = p.next().text
		return d
	case strings.HasPrefix(t.text, "0x") && t.kind == word:
		d.Text, d.Base = t.text[2:], 'x'
		return d
	case strings.HasPrefix(t.text, "0b") && t.kind == word:
		d.Text, d.Base = t.text[2:], 'b'
		return d
	}
	to := t.to
	if p.peek(0).isSign("(") {
		p.parentheses()
		d.Computed, to = true, p.peek(-1).to
	}
	for t.is("NEXT") && p.take("VALUE", "FOR") || p.peek(0).isSign(".") && t.kind == word && isNumber(t.text) {
		d.Computed = t.is("NEXT")
		to = p.next().to
	}
	d.Text = p.sql[t.from:to]
	d.Computed = d.Computed || t.is("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_USER")
	return d
}

// key reads a key, a check or a constraint, if one is next.
func (p *parser) key(s *Statement) bool {
	start := p.at
	var k Key
	if p.take("CONSTRAINT") && !p.peek(0).is("PRIMARY", "UNIQUE", "FOREIGN", "CHECK") {
		k.Name = p.identifier()
	}
	switch {
	case p.take("PRIMARY"):
		p.take("KEY")
		k.Primary, k.Unique, k.Name = true, true, "PRIMARY"
	case p.take("UNIQUE"):
		p.take("INDEX", "KEY")
		k.Unique = true
	case p.take("INDEX", "KEY"):
	case p.take("FULLTEXT", "SPATIAL", "VECTOR") && p.peek(0).is("INDEX", "KEY"):
		p.at++
	case p.peek(0).is("FULLTEXT", "SPATIAL", "FOREIGN", "CHECK"):
		return true
	default:
		p.at = start
		if t := p.peek(0); t.is("FULLTEXT", "SPATIAL") {
			return true
		}
		return false
	}
	p.ifExists()
	if t := p.peek(0); t.isName() && !t.is("USING") {
		if name := p.identifier(); !k.Primary {
			k.Name = name
		}
	}
	if p.take("USING") {
		p.at++
	}
	p.keyColumns(&k)
	s.Changes = append(s.Changes, Change{Op: AddKey, Key: k})
	return true
}

// keyColumns reads the columns of a key, in parentheses.
func (p *parser) keyColumns(k *Key) {
	for !p.peek(0).isSign("(") {
		if t := p.next(); t.kind == end || t.isSign(",") || t.isSign(")") {
			return
		}
	}
	p.at++
	for {
		if p.peek(0).isName() && !(p.peek(1).isSign("(") && p.peek(2).kind != word) {
			k.Columns = append(k.Columns, p.identifier())
		} else {
			k.Parts = true
		}
		if p.peek(0).isSign("(") {
			p.parentheses()
		}
		if p.skip(",)"); !p.takeSign(",") {
			p.takeSign(")")
			return
		}
	}
}
