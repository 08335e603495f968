package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/internal/program"
	"github.com/tailrace-io/tailrace/internal/testserver"
)

func TestTheProgramShowsChangesAndGoesOn(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	sql := server.DB(t, db)
	exec := func(statement string) {
		t.Helper()
		_, err := sql.Exec(statement)
		require.NoError(t, err)
	}
	exec("CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, status VARCHAR(20), total DECIMAL(12,2), note TEXT)")
	exec("INSERT INTO orders (status, total) VALUES ('new', 12.5)")
	bin := program.Build(t, ".")
	env := []string{"MYSQL_PWD=" + server.Password}
	args := []string{"-addr", server.Addr, "-user", server.User, "-database", db, "-offsets", filepath.Join(t.TempDir(), "offsets")}

	p := program.Start(t, bin, env, args...)
	assert.Contains(t, p.Await("order 1"), "read    order 1: new, 12.50")
	exec("UPDATE orders SET status = 'paid' WHERE id = 1")
	assert.Contains(t, p.Await("order 1"), "update  order 1: status new → paid")
	_, err := p.Interrupt()
	require.NoError(t, err)

	exec("DELETE FROM orders WHERE id = 1") // while nobody looks
	p = program.Start(t, bin, env, args...)
	assert.Contains(t, p.Await("order 1"), "delete  order 1: was paid, 12.50")
	rest, err := p.Interrupt()
	require.NoError(t, err)
	assert.Empty(t, rest)
}

func TestWhatCannotBeIsOneClearError(t *testing.T) {
	server := testserver.MySQL(t)
	db := server.Database(t)
	poor := "poor" + db[len(db)-9:]
	server.Exec(t, "CREATE TABLE "+db+".orders (id INT PRIMARY KEY, status VARCHAR(20), total DECIMAL(12,2), note TEXT)",
		"CREATE USER '"+poor+"'@'%' IDENTIFIED BY 'poor'", "GRANT SELECT ON "+db+".* TO '"+poor+"'@'%'")
	t.Cleanup(func() { server.Exec(t, "DROP USER '"+poor+"'@'%'") })
	quiet := testserver.StartMySQL(t, "--skip-log-bin")
	quiet.Exec(t, "CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT PRIMARY KEY)")
	bin := program.Build(t, ".")
	for name, c := range map[string]struct {
		password string
		args     []string
		says     []string
	}{
		"a wrong password":      {"wrong", []string{"-addr", server.Addr}, []string{"Access denied for user 'root'"}},
		"a dead host":           {"x", []string{"-addr", "127.0.0.1:1"}, []string{"connect to 127.0.0.1:1", "connection refused"}},
		"a missing database":    {server.Password, []string{"-addr", server.Addr, "-database", "nowhere"}, []string{"nowhere is not there", "GRANT SELECT"}},
		"a user without rights": {"poor", []string{"-addr", server.Addr, "-user", poor, "-database", db}, []string{"GRANT REPLICATION SLAVE ON *.* TO '" + poor + "'@'%'", "GRANT REPLICATION CLIENT"}},
		"a server without log":  {quiet.Password, []string{"-addr", quiet.Addr}, []string{"writes no binary log", "--log-bin"}},
		"a wrong flag":          {"x", []string{"-adr", "localhost"}, []string{"flag provided but not defined: -adr"}},
		"an argument too many":  {"x", []string{"orders"}, []string{`"orders" is one argument too many`}},
	} {
		t.Run(name, func(t *testing.T) {
			complaint := program.Start(t, bin, []string{"MYSQL_PWD=" + c.password}, c.args...).Fail()
			for _, text := range c.says {
				assert.Contains(t, complaint, text)
			}
			assert.NotContains(t, complaint, "panic")
		})
	}
}
