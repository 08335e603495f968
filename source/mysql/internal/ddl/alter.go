package ddl

import "strings"

func (p *parser) alter(s *Statement) {
	for p.take("ONLINE", "OFFLINE", "IGNORE") {
	}
	switch {
	case p.take("TABLE"):
		s.Kind, s.IfExists = AlterTable, p.ifExists()
		s.Tables = []Name{p.name()}
		if p.take("WAIT") {
			p.at++
		}
		p.take("NOWAIT")
		for {
			p.alteration(s)
			if p.skip(","); !p.takeSign(",") {
				return
			}
		}
	case p.take("DATABASE", "SCHEMA"):
		s.Kind = AlterDatabase
		if !p.peek(0).is("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "READ") || !p.peek(1).isSign("=") && p.peek(1).is("CHARACTER", "CHARSET", "COLLATE", "DEFAULT") && !p.peek(0).is("DEFAULT") {
			s.Database = p.identifier()
		}
		p.options(s)
	}
}

// alteration reads one of the changes of ALTER TABLE.
func (p *parser) alteration(s *Statement) {
	add := func(c Change) { s.Changes = append(s.Changes, c) }
	switch t := p.peek(0); {
	case p.take("ADD"):
		p.add(s)
	case p.take("DROP"):
		p.dropPart(s)
	case p.take("MODIFY"):
		p.take("COLUMN")
		c := Change{Op: ModifyColumn, IfExists: p.ifExists()}
		c.Column = p.column()
		c.Name = c.Column.Name
		p.place(&c)
		add(c)
	case p.take("CHANGE"):
		p.take("COLUMN")
		c := Change{Op: ModifyColumn, IfExists: p.ifExists(), Name: p.identifier()}
		c.Column = p.column()
		p.place(&c)
		add(c)
	case p.take("RENAME"):
		p.renamePart(s)
	case p.take("ALTER"):
		p.alterPart(s)
	case p.takeAll("CONVERT", "TO"):
		c := Change{Op: Convert}
		if p.takeAll("CHARACTER", "SET") || p.take("CHARSET") {
			c.Column.Charset = strings.ToLower(p.next().text)
		}
		if p.take("COLLATE") {
			p.takeSign("=")
			c.Column.Collate = strings.ToLower(p.next().text)
		}
		s.Charset, s.Collate = c.Column.Charset, c.Column.Collate
		add(c)
	case t.is("PARTITION"), t.is("REORGANIZE", "COALESCE", "TRUNCATE", "REBUILD", "REPAIR", "ANALYZE", "CHECK", "OPTIMIZE", "EXCHANGE", "REMOVE",
		"DISCARD", "IMPORT", "ENABLE", "DISABLE", "FORCE", "WITH", "WITHOUT", "ORDER", "UPGRADE", "SECONDARY_LOAD", "SECONDARY_UNLOAD"):
		p.skip("") // what follows a comma is of the same
	case t.kind == end:
	default:
		p.alterOptions(s)
	}
}

// alterOptions reads options of a table, which may stand without commas, up to
// the next comma.
func (p *parser) alterOptions(s *Statement) {
	from := p.at
	p.skip(",")
	sub := &parser{sql: p.sql, tokens: p.tokens[from:p.at]}
	known := sub.peek(0).is("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "COMMENT", "ENGINE", "ALGORITHM", "LOCK", "NOWAIT", "WAIT") ||
		sub.peek(1).isSign("=") || sub.peek(0).is("AUTO_INCREMENT", "ROW_FORMAT", "KEY_BLOCK_SIZE", "STATS_PERSISTENT", "TABLESPACE", "MAX_ROWS", "MIN_ROWS", "AUTOEXTEND_SIZE", "TYPE")
	s.Unsure = s.Unsure || !known
	sub.options(s)
}

func (p *parser) place(c *Change) {
	if p.take("FIRST") {
		c.First = true
	} else if p.take("AFTER") {
		c.After = p.identifier()
	}
}

func (p *parser) add(s *Statement) {
	t := p.peek(0)
	switch {
	case t.is("PARTITION"):
		p.skip("")
		return
	case t.is("SYSTEM") && p.peek(1).is("VERSIONING"), t.is("PERIOD") && p.peek(1).is("FOR"):
		p.unsure = true
		return
	case !p.take("COLUMN") && p.key(s):
		return
	}
	c := Change{Op: AddColumn, IfExists: p.ifExists()}
	if !p.takeSign("(") {
		c.Column = p.column()
		p.place(&c)
		s.Changes = append(s.Changes, c)
		return
	}
	for {
		if !p.key(s) {
			c.Column = p.column()
			s.Changes = append(s.Changes, c)
		}
		if p.skip(",)"); !p.takeSign(",") {
			p.takeSign(")")
			return
		}
	}
}

func (p *parser) dropPart(s *Statement) {
	c := Change{Op: DropColumn}
	switch t := p.peek(0); {
	case t.is("PARTITION"):
		p.skip("")
		return
	case p.takeAll("PRIMARY", "KEY"), p.take("PRIMARY"):
		c.Op, c.Name = DropKey, "PRIMARY"
	case p.take("INDEX", "KEY", "CONSTRAINT"):
		c.Op, c.IfExists = DropKey, p.ifExists()
		c.Name = p.identifier()
	case t.is("FOREIGN"), t.is("CHECK"):
		return
	case t.is("SYSTEM") && p.peek(1).is("VERSIONING"), t.is("PERIOD") && p.peek(1).is("FOR"):
		p.unsure = true
		return
	default:
		p.take("COLUMN")
		c.IfExists = p.ifExists()
		c.Name = p.identifier()
	}
	s.Changes = append(s.Changes, c)
}

func (p *parser) renamePart(s *Statement) {
	switch {
	case p.take("COLUMN"):
		c := Change{Op: RenameColumn, IfExists: p.ifExists(), Name: p.identifier()}
		p.take("TO")
		c.Column.Name = p.identifier()
		s.Changes = append(s.Changes, c)
	case p.take("INDEX", "KEY"):
		c := Change{Op: RenameKey, IfExists: p.ifExists(), Name: p.identifier()}
		p.take("TO")
		c.Key.Name = p.identifier()
		s.Changes = append(s.Changes, c)
	default:
		if !p.take("TO", "AS") {
			p.takeSign("=")
		}
		s.Renames = append(s.Renames, Rename{From: s.Tables[0], To: p.name()})
	}
}

func (p *parser) alterPart(s *Statement) {
	if p.take("INDEX", "KEY", "CHECK", "CONSTRAINT") {
		return
	}
	p.take("COLUMN")
	c := Change{Op: SetDefault, IfExists: p.ifExists(), Name: p.identifier()}
	switch {
	case p.takeAll("SET", "DEFAULT"):
		c.Column.Default = p.fallback()
	case p.takeAll("DROP", "DEFAULT"):
		c.Column.Default = Default{Set: true, Null: true}
	default:
		return
	}
	s.Changes = append(s.Changes, c)
}
