package mysql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// schemaNote is what a record of a schema change tells.
type schemaNote struct {
	DDL     string        `tailrace:"ddl"`
	Changes []tableChange `tailrace:"tableChanges"`
}

type tableChange struct {
	Table *struct {
		Comment *string `tailrace:"comment"`
		Columns []struct {
			Name    string  `tailrace:"name"`
			Comment *string `tailrace:"comment"`
		} `tailrace:"columns"`
	} `tailrace:"table"`
}

// comments are those that records tell of tables and columns, a text for each.
func comments(t *testing.T, records []tailrace.Record) (out []string) {
	text := func(p *string) string {
		if p == nil {
			return "-"
		}
		return *p
	}
	for i := range records {
		var note schemaNote
		if _, ok := records[i].ValueSchema.Field("tableChanges"); !ok {
			continue
		}
		require.NoError(t, records[i].ValueStruct().Decode(&note))
		for _, change := range note.Changes {
			if change.Table == nil {
				continue
			}
			line := text(change.Table.Comment)
			for _, c := range change.Table.Columns {
				line += fmt.Sprintf(" %s=%s", c.Name, text(c.Comment))
			}
			out = append(out, line)
		}
	}
	return out
}

func TestCommentsAreToldAsTheyAreAndNotAsTheyAreWritten(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "USE "+db, `CREATE TABLE t (id INT PRIMARY KEY COMMENT 'it''s "the" \\ key') COMMENT 'the table''s'`)
	src := over(server, db)
	src.SchemaHistory, src.SchemaChanges, src.SchemaComments = new(offset.Memory), true, true
	r := open(t, src)
	records, _ := read(t, r, 6)
	assert.Equal(t, []string{`the table's id=it's "the" \ key`}, comments(t, records))
	server.Exec(t, "USE "+db, `ALTER TABLE t ADD v INT COMMENT "double ""quoted"" it's"`)
	records, offsets := read(t, r, 1)
	assert.Equal(t, []string{`the table's id=it's "the" \ key v=double "quoted" it's`}, comments(t, records))
	require.NoError(t, r.Close())

	server.Exec(t, "USE "+db, "ALTER TABLE t ADD w INT", "CREATE TABLE u LIKE t", "INSERT INTO t VALUES (1, 2, 3)")
	records, _ = read(t, open(t, src, offsets...), 3)
	same := `the table's id=it's "the" \ key v=double "quoted" it's w=-`
	assert.Equal(t, []string{same, same}, comments(t, records), "what a reader before has kept")
	id, _ := records[2].KeySchema.Field("id")
	assert.Equal(t, `it's "the" \ key`, id.Schema.Doc())
}

func TestPropertiesSayOfWhichTablesSchemaChangesAreTold(t *testing.T) {
	const tables, databases = "schema.history.internal.store.only.captured.tables.ddl", "schema.history.internal.store.only.captured.databases.ddl"
	for want, properties := range map[mysql.SchemaChangeScope]map[string]string{
		mysql.ScopeAll:               {},
		mysql.ScopeCapturedDatabases: {databases: "true"},
		mysql.ScopeCapturedTables:    {databases: "true", tables: "true"},
	} {
		p := property.New(with(properties))
		src := mysql.FromProperties(p, nil).(mysql.Source)
		require.NoError(t, p.Err())
		assert.Equal(t, want, src.SchemaChangeScope)
	}
}

func TestStatementsWithPasswordsAreNotTold(t *testing.T) {
	server := testserver.MariaDB(t)
	db := server.Database(t)
	server.Exec(t, "CREATE TABLE "+db+".t (id INT PRIMARY KEY)")
	src := over(server, db)
	src.Flavor, src.SchemaChanges, src.SchemaChangeScope = mysql.MariaDB, true, mysql.ScopeCapturedDatabases
	from := tip(t, src)
	server.Exec(t, "USE "+db, "CREATE USER told_not@localhost IDENTIFIED BY 'secret-1'", "SET PASSWORD FOR told_not@localhost = PASSWORD('secret-2')",
		"GRANT SELECT ON "+db+".* TO told_not@localhost", "DROP USER told_not@localhost", "CREATE INDEX i ON t (id)")
	records, _ := read(t, open(t, src, from...), 1)
	assert.Equal(t, "CREATE INDEX i ON t (id)", records[0].ValueStruct().Get("ddl").Text())
}
