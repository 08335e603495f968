package postgres

import (
	"context"
	"slices"

	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// relation learns the form of the rows of a table. When ctx ends it, another
// call goes on.
func (s *stream) relation(ctx context.Context, m *pgoutput.Message) error {
	id := tableID{string(m.Namespace), string(m.Name)}
	if !s.sel.table(id) {
		s.relations[m.Table] = nil
		s.passBy(m)
		return nil
	}
	c, err := s.ask(ctx)
	if err != nil {
		return err
	}
	known, err := c.define(ctx, id)
	if err != nil {
		return err
	}
	t, err := s.learn(ctx, c, defined(id, m, known))
	if err != nil {
		return err
	}
	s.relations[m.Table], s.identities[m.Table] = t, identityOf(m)
	return nil
}

// identityOf is what the log has of old rows.
func identityOf(m *pgoutput.Message) replica {
	r := replica{kind: m.Identity}
	for _, c := range m.Columns {
		if c.InKey && r.kind != 'f' {
			r.columns = append(r.columns, string(c.Name))
		}
	}
	slices.Sort(r.columns)
	return r
}

// renew reads the types anew, because an enum has labels that they do not have,
// and makes another version of the table that has it. Labels that the server
// does not have either, because they were renamed, are taken as they are.
func (s *stream) renew(ctx context.Context, oid uint32, t *table) (*table, error) {
	c, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	now, err := c.readTypes(ctx)
	if err != nil {
		return nil, err
	}
	now.strange.known = t.types.strange.all()
	s.types = now
	renewed, err := s.learn(ctx, c, t.definition)
	if err != nil {
		return nil, err
	}
	t.types.strange.fresh.Store(false)
	s.relations[oid] = renewed
	return renewed, nil
}

// defined gives the definition that a table had when its rows were changed. The
// log has the columns; what it does not have is known of the table as it is now,
// which may be another, or gone.
func defined(id tableID, m *pgoutput.Message, now *definition) *definition {
	d := &definition{id: id}
	for _, c := range m.Columns {
		d.columns = append(d.columns, columnDefinition{name: string(c.Name), typ: c.Type, modifier: c.Modifier})
	}
	has := func(name string) int {
		return slices.IndexFunc(d.columns, func(c columnDefinition) bool { return c.name == name })
	}
	if now != nil {
		for _, c := range now.columns {
			if i := has(c.name); i >= 0 && d.columns[i].typ == c.typ {
				d.columns[i].required, d.columns[i].identity, d.columns[i].def = c.required, c.identity, c.def
			}
		}
		if !slices.ContainsFunc(now.key, func(name string) bool { return has(name) < 0 }) {
			d.key = now.key
			return d
		}
	}
	if m.Identity != 'f' {
		for i, c := range m.Columns {
			if c.InKey {
				d.key = append(d.key, d.columns[i].name)
				d.columns[i].required = true
			}
		}
	}
	return d
}
