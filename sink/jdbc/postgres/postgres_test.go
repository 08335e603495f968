package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/sink/jdbc/postgres"
)

// A statement takes all rows, as arrays of its columns; a column of arrays comes
// as text, and one that nobody may change is left out of updates.
func TestStatements(t *testing.T) {
	d := postgres.Dialect{}
	id := jdbc.Column{Name: "id", Declared: "pg_catalog.int4"}
	tags := jdbc.Column{Name: "tags", Kind: jdbc.Array, Declared: "pg_catalog._text"}
	serial := jdbc.Column{Name: "n", Declared: "pg_catalog.int8", Fixed: true}
	for _, c := range []struct {
		op      jdbc.Op
		columns []jdbc.Column
		want    string
	}{
		{jdbc.Upsert, []jdbc.Column{id, tags, serial}, `INSERT INTO "s"."t" ("id", "tags", "n") OVERRIDING SYSTEM VALUE SELECT u.c1, u.c2::pg_catalog._text, u.c3 ` +
			`FROM unnest($1::pg_catalog.int4[], $2::text[], $3::pg_catalog.int8[]) AS u (c1, c2, c3) ON CONFLICT ("id") DO UPDATE SET "tags" = EXCLUDED."tags"`},
		{jdbc.Upsert, []jdbc.Column{id}, `INSERT INTO "s"."t" ("id") OVERRIDING SYSTEM VALUE SELECT u.c1 FROM unnest($1::pg_catalog.int4[]) AS u (c1) ON CONFLICT ("id") DO NOTHING`},
		{jdbc.Update, []jdbc.Column{tags, id}, `UPDATE "s"."t" AS t SET "tags" = u.c1::pg_catalog._text FROM unnest($1::text[], $2::pg_catalog.int4[]) AS u (c1, c2) WHERE t."id" = u.c2`},
		{jdbc.Delete, []jdbc.Column{id}, `DELETE FROM "s"."t" AS t USING unnest($1::pg_catalog.int4[]) AS u (c1) WHERE t."id" = u.c1`},
	} {
		query, n := d.Statement(jdbc.Write{Op: c.op, Table: jdbc.Table{Schema: "s", Name: "t"}, Columns: c.columns, Keys: 1, Syntax: d.Syntax()}, 7)
		assert.Equal(t, c.want, query)
		assert.Equal(t, 7, n)
	}
}
