package mysql

import (
	"context"

	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// charsets are the character set and the collation that a database gives its
// tables; the collation is "" for the character set's own.
type charsets struct{ charset, collation string }

// surveyDatabases reads what databases give their tables. From there on the log
// tells of changes.
func (r *reader) surveyDatabases(ctx context.Context, c *conn) error {
	rows, err := c.query(ctx, "SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA")
	if err != nil {
		return err
	}
	r.databases = make(map[string]charsets, len(rows))
	for _, row := range rows {
		r.databases[row[0].V] = charsets{row[1].V, row[2].V}
	}
	return nil
}

// defaultsOf are what a database gives its tables.
func (s *stream) defaultsOf(db string) charsets {
	if of, ok := s.databases[db]; ok {
		return of
	}
	collation := s.server.variables["collation_server"]
	return charsets{charsetOf(collation), collation}
}

// setDefaults takes what CREATE DATABASE and ALTER DATABASE say.
func (c *schemaChange) setDefaults() {
	db := c.st.Database
	if db == "" {
		db = c.database
	}
	_, known := c.databases[db]
	if c.st.Kind == ddl.CreateDatabase && known && c.st.IfExists {
		return // it was there
	}
	of := c.defaultsOf(db)
	if c.st.Kind == ddl.CreateDatabase {
		of = c.defaultsOf("")
	}
	switch {
	case c.st.Collate != "" && c.st.Collate != "default":
		of = charsets{charsetOf(c.st.Collate), c.st.Collate}
	case c.st.Charset != "" && c.st.Charset != "default":
		of = charsets{charset: plainCharset(c.st.Charset)}
	}
	c.databases[db] = of
}
