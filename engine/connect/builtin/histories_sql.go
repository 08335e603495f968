package builtin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset/jdbc"
	sinkjdbc "github.com/tailrace-io/tailrace/sink/jdbc"
	"github.com/tailrace-io/tailrace/source/mysql"
)

// sqlHistoryProperties are those of a history in a table of a database.
func sqlHistoryProperties() property.Table {
	t := append(jdbc.ConnectionProperties(), property.Property{Key: "jdbc.table.name", Was: []string{"jdbc.schema.history.table.name"}, Default: "debezium_database_history",
		Doc: "The table in which Debezium kept its history. Ours is kept in the table of that name with _tables behind it."})
	for _, statement := range []string{"ddl", "select", "exists", "insert"} {
		t = append(t, property.Property{Key: "jdbc.table." + statement, Was: []string{"jdbc.schema.history.table." + statement},
			Unsupported: "a table of another form", Doc: "Not supported yet."})
	}
	return t
}

// sqlHistory keeps definitions in a table beside the one in which Debezium kept
// its history.
func sqlHistory(p *property.Set) mysql.History {
	p = p.Sub(mysql.HistoryProperties).Use(sqlHistoryProperties())
	store := jdbc.Connection(p, jdbcSinkDialects()...)
	table := p.String("jdbc.table.name")
	store.Table = table + "_tables"
	return mysql.History{Store: store, Debezium: func(ctx context.Context, record func([]byte) error) error {
		if err := readHistoryTable(ctx, store, table, record); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		return nil
	}}
}

// readHistoryTable reads the records of Debezium's table, each of which may be
// cut into several rows; none where there is no such table.
func readHistoryTable(ctx context.Context, at *jdbc.Store, table string, record func([]byte) error) error {
	db, err := at.Dialect.Open(at.URL, at.User, at.Password)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT 1 FROM "+table+" WHERE 1 = 0")
	if err != nil {
		if at.Dialect.Explain(err).Kind == sinkjdbc.BadTable {
			return nil
		}
		return err
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	rows, err = db.QueryContext(ctx, "SELECT id, history_data FROM "+table+" ORDER BY record_insert_ts, record_insert_seq, id, history_data_seq")
	if err != nil {
		return err
	}
	defer rows.Close()
	var id string
	var text strings.Builder
	flush := func() error {
		if text.Len() == 0 {
			return nil
		}
		defer text.Reset()
		if err := record([]byte(text.String())); err != nil {
			return fmt.Errorf("the record %s: %w", id, err)
		}
		return nil
	}
	for rows.Next() {
		var part, of string
		if err := rows.Scan(&of, &part); err != nil {
			return err
		}
		if of != id {
			if err := flush(); err != nil {
				return err
			}
			id = of
		}
		text.WriteString(part)
	}
	return errors.Join(rows.Err(), flush())
}
