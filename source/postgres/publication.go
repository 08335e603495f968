package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// publication is what the server says of the publication.
type publication struct {
	published  bool // it is there
	publishAll bool // it is of all tables
	rootNames  bool // the changes of partitions come under the name of the table

	leavesOut []string // the operations that it does not have, as its option publish names them
}

// operations are those that a publication may have.
var operations = []struct {
	name string
	op   tailrace.Op
}{{"insert", tailrace.OpCreate}, {"update", tailrace.OpUpdate}, {"delete", tailrace.OpDelete}, {"truncate", tailrace.OpTruncate}}

// tellOperations tells of operations that the publication does not have, though
// they are not to be left out.
func (s *Source) tellOperations(sv *server) {
	var missing, all []string
	for _, op := range operations {
		left := slices.Contains(sv.leavesOut, op.name)
		asked := !slices.Contains(s.Skip, op.op)
		if left && asked {
			missing = append(missing, op.name)
		}
		if asked || !left {
			all = append(all, op.name)
		}
	}
	if missing != nil {
		s.Log.Warn("the publication does not have all operations: changes by them are not read", "publication", s.Publication, "operations", strings.Join(missing, ", "),
			"mend", fmt.Sprintf("ALTER PUBLICATION %s SET (publish = %s)", quoteName(s.Publication), quoteText(strings.Join(all, ", "))))
	}
}

// checkPublishing checks that the publication can be made.
func (s *Source) checkPublishing(bad func(string, ...any), super, create bool, user string) {
	name := quoteName(s.Publication)
	switch {
	case s.Autocreate == PublicationDisabled:
		bad("there is no publication %s, and Autocreate is disabled: CREATE PUBLICATION %s FOR TABLE …", s.Publication, name)
	case s.Autocreate == PublicationAllTables && !super:
		bad("the publication %s of all tables can be made by a superuser alone: let one CREATE PUBLICATION %s FOR ALL TABLES, or set Autocreate to filtered", s.Publication, name)
	case !create:
		bad("the user may not make the publication %s: GRANT CREATE ON DATABASE %s TO %s", s.Publication, quoteName(s.Database), user)
	}
}

// publish makes the publication, or changes a filtered one to the tables that
// are captured now.
func (s *Source) publish(ctx context.Context, c *catalog, sv *server, tables []tableID) error {
	var list []string
	for _, id := range tables {
		list = append(list, id.quoted())
	}
	s.tellOperations(sv)
	name, of := quoteName(s.Publication), strings.Join(list, ", ")
	with := ""
	if s.PartitionRoot {
		with = " WITH (publish_via_partition_root = true)"
	}
	filtered := s.Autocreate == PublicationFiltered
	switch {
	case sv.published && (!filtered || sv.publishAll):
		return nil
	case filtered && of == "":
		return errors.New("no table is captured, of which a publication could be: check Schemas and Tables")
	case sv.published:
		have, _, err := c.value(ctx, "SELECT string_agg(quote_ident(schemaname) || '.' || quote_ident(tablename), ',') FROM pg_catalog.pg_publication_tables WHERE pubname = "+quoteText(s.Publication))
		if err != nil {
			return fmt.Errorf("read the tables of the publication %s: %w", s.Publication, err)
		}
		want, _, err := c.value(ctx, "SELECT string_agg(quote_ident(n) || '.' || quote_ident(t), ',') FROM (VALUES "+values(tables)+") v(n, t)")
		if err != nil {
			return err
		}
		if sameNames(have, want) {
			return nil
		}
		return c.exec(ctx, "ALTER PUBLICATION "+name+" SET TABLE "+of)
	case filtered:
		return c.exec(ctx, "CREATE PUBLICATION "+name+" FOR TABLE "+of+with)
	case s.Autocreate == PublicationNoTables:
		return c.exec(ctx, "CREATE PUBLICATION "+name+with)
	}
	return c.exec(ctx, "CREATE PUBLICATION "+name+" FOR ALL TABLES"+with)
}

// tellUnpublished tells of captured tables whose changes the server does not
// send.
func (s *Source) tellUnpublished(ctx context.Context, c *catalog, tables []tableID) error {
	missing, err := s.unpublished(ctx, c, tables)
	if missing != "" {
		s.Log.Warn("the publication does not have all captured tables: their changes are not read", "publication", s.Publication, "tables", missing,
			"mend", "ALTER PUBLICATION "+quoteName(s.Publication)+" ADD TABLE "+missing)
	}
	return err
}

// unpublished gives those of the tables, in SQL, whose changes the server does
// not send.
func (s *Source) unpublished(ctx context.Context, c *catalog, tables []tableID) (missing string, err error) {
	if len(tables) == 0 {
		return "", nil
	}
	missing, _, err = c.value(ctx, "SELECT string_agg(quote_ident(n) || '.' || quote_ident(t), ', ') FROM (VALUES "+values(tables)+`) v(n, t)
		WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_publication_tables p WHERE p.pubname = `+quoteText(s.Publication)+" AND p.schemaname = n AND p.tablename = t)")
	if err != nil {
		err = fmt.Errorf("read the tables of the publication %s: %w", s.Publication, err)
	}
	return missing, err
}

func values(tables []tableID) string {
	var out []string
	for _, id := range tables {
		out = append(out, "("+quoteText(id.schema)+", "+quoteText(id.name)+")")
	}
	return strings.Join(out, ", ")
}

func sameNames(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
