package mysql_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/mysql"
)

func TestMoreTablesThanMayBeCapturedAreAnErrorOrAWarning(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "CREATE TABLE "+db+".a (id INT PRIMARY KEY)", "CREATE TABLE "+db+".b (id INT PRIMARY KEY)", "CREATE TABLE "+db+".c (id INT PRIMARY KEY)")
	src := over(server, db)
	src.Tables, src.MaxTables = mysql.Exclude(db+".c"), 1
	_, err := src.Open(soon(t), nil)
	require.ErrorContains(t, err, "2 tables are captured, and at most 1 may be: choose fewer of them, or allow more")

	var said bytes.Buffer
	src.MaxTablesWarns, src.Log = true, slog.New(slog.NewTextHandler(&said, nil))
	open(t, src)
	assert.Contains(t, said.String(), "2 tables are captured, and at most 1 may be")

	src.MaxTables, src.MaxTablesWarns = 2, false
	open(t, src)
}

func TestInitialStatementsAreRunOnEachConnection(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "CREATE TABLE "+db+".t (id INT PRIMARY KEY)", "INSERT INTO "+db+".t VALUES (1), (2), (3)", "CREATE TABLE "+db+".seen (id INT AUTO_INCREMENT PRIMARY KEY)")
	src := over(server, db)
	src.Tables, src.SnapshotThreads = mysql.Include(db+".t"), 2
	src.InitialStatements = []string{"INSERT INTO " + db + ".seen VALUES ()"}
	r := open(t, src)
	read(t, r, 3)
	var n int
	require.NoError(t, server.DB(t, db).QueryRow("SELECT COUNT(*) FROM seen").Scan(&n))
	assert.GreaterOrEqual(t, n, 2)

	src.InitialStatements = []string{"NO STATEMENT"}
	_, err := src.Open(soon(t), nil)
	assert.ErrorContains(t, err, "InitialStatements: ")
}

func TestTheLogWaitsBehindASnapshotForTheDelay(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	server.Exec(t, "CREATE TABLE "+db+".t (id INT PRIMARY KEY)", "INSERT INTO "+db+".t VALUES (1)")
	src := over(server, db)
	src.StreamingDelay = 300 * time.Millisecond
	began := time.Now()
	r := open(t, src)
	read(t, r, 1)
	server.Exec(t, "INSERT INTO "+db+".t VALUES (2)")
	read(t, r, 1)
	assert.GreaterOrEqual(t, time.Since(began), src.StreamingDelay)
}

func TestOptionsOfTopicsLimitsAndStatementsComeByProperties(t *testing.T) {
	p := property.New(with(map[string]string{
		"topic.naming.strategy": "io.debezium.schema.DefaultRegexTopicNamingStrategy", "topic.regex": "(.*)_1", "topic.replacement": "$1", "topic.key.field.name": "which",
		"guardrail.collections.max": "7", "guardrail.collections.limit.action": "fail", "database.initial.statements": "SET a = 'x;;y'; ;SELECT 1;", "streaming.delay.ms": "5000",
		"retriable.restart.connector.wait.ms": "10", "sourceinfo.struct.maker": "x", "internal.log.position.check.enable": "true",
	}))
	s := mysql.FromProperties(p, nil).(mysql.Source)
	require.NoError(t, p.Err())
	assert.Equal(t, &mysql.TopicNaming{Regex: "(.*)_1", Replacement: "$1", KeyField: "which"}, s.TopicNaming)
	assert.Equal(t, 7, s.MaxTables)
	assert.False(t, s.MaxTablesWarns)
	assert.Equal(t, []string{"SET a = 'x;y'", "SELECT 1"}, s.InitialStatements)
	assert.Equal(t, 5*time.Second, s.StreamingDelay)

	p = property.New(with(map[string]string{"topic.naming.strategy": "io.debezium.schema.DefaultRegexTopicNamingStrategy", "guardrail.collections.max": "7"}))
	s = mysql.FromMariaDBProperties(p, nil).(mysql.Source)
	assert.ErrorContains(t, p.Err(), "needs topic.regex and topic.replacement")
	assert.True(t, s.MaxTablesWarns)
}
