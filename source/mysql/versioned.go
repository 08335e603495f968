package mysql

import (
	"context"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/mysql/internal/binlog"
)

// period says what a column of one of MariaDB's system-versioned tables tells
// of its row. See https://mariadb.com/kb/en/system-versioned-tables/.
type period string

const (
	rowStart period = "ROW START" // since when the row is so
	rowEnd   period = "ROW END"   // until when it was so; far in the future of a row that is current
)

// defineKinds reads of what kind tables of MariaDB are. Of a versioned table
// without columns for the period, the log has two that nothing else shows.
func (c *conn) defineKinds(ctx context.Context, where string, out map[tableID]*definition) error {
	rows, err := c.query(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES"+where+" AND TABLE_TYPE IN ('SYSTEM VERSIONED','SEQUENCE')")
	if err != nil {
		return err
	}
	for _, row := range rows {
		d := out[tableID{row[0].V, row[1].V}]
		if d == nil {
			continue
		}
		d.kind = row[2].V
		for i := range d.columns {
			if col := &d.columns[i]; col.period != "" && !slices.Contains(d.key, col.name) {
				col.nullable = true // as Debezium has it, to which these are not declared NOT NULL
			}
		}
		explicit := slices.ContainsFunc(d.columns, func(col columnDefinition) bool { return col.period == rowEnd })
		if d.kind == "SYSTEM VERSIONED" && !explicit {
			d.columns = append(d.columns, hiddenColumn("row_start", rowStart), hiddenColumn("row_end", rowEnd))
		}
	}
	return nil
}

// hiddenColumn is one of those that a versioned table has without being told.
func hiddenColumn(name string, p period) columnDefinition {
	return columnDefinition{name: name, typ: "timestamp", full: "timestamp(6)", fraction: 6, scale: -1, period: p, hidden: true}
}

// isHistory says whether a row that the log has is one that has passed, by the
// hidden column of its table.
func (t *table) isHistory(row []tailrace.Value) bool {
	end := row[t.rowEnd].Text()
	return !strings.HasPrefix(end, "2038-01-19T03:14:07.999999") && !strings.HasPrefix(end, "2106-02-07T06:28:15.999999")
}

// current gives what a row's change is to somebody who sees the current rows
// of a table alone: a row that passes is deleted, and the insertion of one that
// has passed is nothing.
func (t *table) current(kind binlog.RowsKind, before, after []tailrace.Value) (binlog.RowsKind, bool) {
	if t.rowEnd < 0 {
		return kind, true
	}
	switch {
	case kind == binlog.Deleted:
		return kind, !t.isHistory(before)
	case !t.isHistory(after):
		return kind, true
	case kind == binlog.Updated && !t.isHistory(before):
		return binlog.Deleted, true
	}
	return kind, false
}
