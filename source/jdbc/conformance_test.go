package jdbc_test

import (
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/source/jdbc"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

func TestTheSourceKeepsEveryPromise(t *testing.T) {
	for _, mode := range []jdbc.Mode{jdbc.Incrementing, jdbc.Timestamp, jdbc.TimestampIncrementing} {
		t.Run(string(mode), func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{
				Fresh: func(t testing.TB) (source.Source, func(int)) {
					db := newDatabase(t, "CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, n INTEGER NOT NULL, at TIMESTAMP NOT NULL)")
					src := db.source(mode)
					src.BatchRows = 3
					made := 0
					return src, func(n int) {
						for range n {
							db.exec("INSERT INTO changes (n, at) VALUES (?, ?)", made, 1_600_000_000_001+2*made)
							made++
						}
					}
				},
				Number: func(r *tailrace.Record) (int, bool) { return int(r.ValueStruct().Get("n").Int()), true },
			})
		})
	}
}
