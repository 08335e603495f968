package mysql

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql/internal/ddl"
)

// What a statement makes of a definition has to be what the server makes of it.
func TestDefinitionsBecomeWhatTheCatalogSays(t *testing.T) {
	for _, c := range []struct {
		flavor     Flavor
		statements []string
	}{
		{MySQL, []string{
			"CREATE TABLE t (id INT PRIMARY KEY, f ENUM('a','b,c','it''s') DEFAULT 'a', KEY (f))",
			"ALTER TABLE t ADD q CHAR(3) COLLATE latin1_bin, ADD r SMALLINT UNSIGNED, ADD s DOUBLE(8,2), ADD u SET('x','y'), ADD v DATETIME(6) NOT NULL DEFAULT '2020-01-01 00:00:00'",
			"ALTER TABLE t ADD y YEAR DEFAULT 2020, ADD w VARBINARY(9) DEFAULT 'ab', ADD z DATE DEFAULT '2020-02-03', ADD aa TIME(2) DEFAULT '10:00:00.00', ADD ab FLOAT, ADD ac LONGBLOB," +
				" ADD ad INT(5) ZEROFILL, ADD ae MEDIUMTEXT, ADD af NUMERIC, ADD ag INTEGER DEFAULT NULL, ADD ah DOUBLE PRECISION, ADD ai REAL, ADD aj CHARACTER VARYING(7), ADD ak NCHAR(2), ADD al DEC(4)",
			"ALTER TABLE t ADD am BIT, ADD an CHAR, ADD ao BINARY, ADD ap TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, ADD aq TINYTEXT, ADD at DECIMAL(6,3) DEFAULT 1.5," +
				" ADD au VARCHAR(3) DEFAULT (UPPER('a')), ADD av BLOB, ADD aw INT INVISIBLE DEFAULT 4, ADD ax BIT(4) DEFAULT b'101', ADD ay GEOMETRY, ADD az POINT SRID 4326, ADD ba JSON," +
				" ADD bb MEDIUMINT UNSIGNED DEFAULT '7', ADD bd TINYINT UNSIGNED, ADD be TINYINT, ADD bf BIGINT UNSIGNED, ADD bg BOOLEAN DEFAULT TRUE, ADD bh INT GENERATED ALWAYS AS (id + 1) VIRTUAL",
			"ALTER TABLE t RENAME COLUMN r TO s, RENAME COLUMN s TO r, MODIFY u VARCHAR(10) CHARACTER SET utf8mb4 FIRST, DROP y, CHANGE aa a2 TIME(3) AFTER id",
			"ALTER TABLE t DROP PRIMARY KEY, ADD UNIQUE KEY k (id), ADD COLUMN (c1 INT, c2 VARCHAR(5) NOT NULL DEFAULT '')",
			"ALTER TABLE t DROP INDEX k, ADD PRIMARY KEY (c2, id)",
			"ALTER TABLE t CHANGE c2 c3 VARCHAR(6) NOT NULL, ALTER c1 SET DEFAULT 9, ALTER aw DROP DEFAULT",
			"ALTER TABLE t CHARACTER SET latin1, ADD l VARCHAR(4), ADD l2 VARCHAR(4) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
			"CREATE INDEX i ON t (c1)", "DROP INDEX i ON t",
			"ALTER TABLE t DROP COLUMN c3",
		}},
		{MariaDB, []string{
			"CREATE TABLE t (id INT PRIMARY KEY, u UUID, a INET6, c VARCHAR(10) COMPRESSED, j JSON)",
			"ALTER TABLE t ADD COLUMN IF NOT EXISTS id INT, ADD COLUMN IF NOT EXISTS n INT NOT NULL DEFAULT 5 AFTER id, DROP COLUMN IF EXISTS nothing",
			"ALTER TABLE t RENAME COLUMN n TO m, ADD d DATETIME(3) NOT NULL DEFAULT '2020-01-01', ADD t TEXT DEFAULT 'x'",
			"ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (m)",
		}},
	} {
		t.Run(string(c.flavor), func(t *testing.T) {
			s := testserver.MySQL(t)
			if c.flavor == MariaDB {
				s = testserver.MariaDB(t)
			}
			database := s.Database(t)
			src := Source{Addr: s.Addr, User: s.User, Password: s.Password, Flavor: c.flavor, TopicPrefix: "srv"}.withDefaults()
			conn, err := src.connect(t.Context())
			require.NoError(t, err)
			defer conn.Close()
			sv, err := src.inspect(t.Context(), conn)
			require.NoError(t, err)
			id := tableID{database, "t"}
			var d *definition
			for _, sql := range c.statements {
				s.Exec(t, "USE "+database, sql)
				st := ddl.Parse(sql)
				if st.Kind == ddl.CreateTable {
					collation := sv.variables["collation_server"]
					d, err = created(id, &st, charsetOf(collation), collation, sv.mariadb)
				} else {
					d = d.clone()
					err = d.alter(&st)
				}
				require.NoError(t, err, sql)
				found, err := conn.define(t.Context(), sv, []tableID{id})
				require.NoError(t, err)
				assert.Equal(t, asRecordsSee(found[id]), asRecordsSee(d), sql)
			}
		})
	}
}

// asRecordsSee leaves out of a definition what makes no difference to records.
func asRecordsSee(d *definition) *definition {
	d = d.clone()
	d.unique, d.byIndex, d.collation = nil, "", ""
	if len(d.key) == 0 {
		d.key = nil
	}
	for i := range d.columns {
		c := &d.columns[i]
		c.collation, c.written, c.length = "", "", 0
		switch c.typ {
		case "decimal", "bit":
		case "float", "double":
			c.precision = 0
		default:
			c.precision, c.scale = 0, 0
		}
		if c.full = strings.ToLower(c.full); d.mariadb {
			c.full = "" // where numbers have the width that nobody asked for
		}
	}
	return d
}
