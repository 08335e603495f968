package source_test

import (
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace/source"
)

func ExampleProgress() {
	p := source.Progress{Tables: 12, TablesDone: 2, Table: "shop.orders", Rows: 1_200_000, RowsBefore: 50_000, RowsExpected: 5_000_000, Elapsed: 4 * time.Second}
	fmt.Println(p)
	p.Done, p.TablesDone = true, 12
	fmt.Println(p)
	fmt.Println(source.Progress{Tables: 1, Table: "shop.orders"})
	// Output:
	// snapshot: table 3 of 12 (shop.orders), 1 250 000 of about 5 000 000 rows, 300 000 rows/s, 13s left
	// snapshot: 12 tables, 1 250 000 rows, 300 000 rows/s, done in 4s
	// snapshot: table 1 of 1 (shop.orders), 0 rows, 0 rows/s
}
