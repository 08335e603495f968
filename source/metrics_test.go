package source_test

import (
	"fmt"

	"github.com/tailrace-io/tailrace/source"
)

func ExampleMetrics() {
	m := source.Metrics{
		Snapshot: source.SnapshotMetrics{State: source.SnapshotRunning, Tables: 3, TablesLeft: 2,
			Rows: []source.TableRows{{Table: "shop.customers", Rows: 1200}, {Table: "shop.orders", Rows: 50}}},
		Stream: source.StreamMetrics{Created: 7, Updated: 2, Deleted: 1},
	}
	fmt.Println(m.Snapshot.State, m.Snapshot.Seen(), "rows,", m.Snapshot.TablesLeft, "tables left")
	fmt.Println(m.Stream.Changes(), "changes")
	// Output:
	// running 1250 rows, 2 tables left
	// 10 changes
}
