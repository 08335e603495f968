package main

import (
	"maps"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/source/memory"
	"github.com/tailrace-io/tailrace/source/sourcetest"
)

// orders makes the changes of the table that the ledger follows.
func orders(t *testing.T) *memory.Table[Order] {
	t.Helper()
	table, err := memory.NewTable[Order]("shop.orders", "id")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func wantTotals(t *testing.T, l *Ledger, want map[string]Total) {
	t.Helper()
	if got := l.Totals(); !maps.Equal(got, want) {
		t.Errorf("the totals are %v where they should be %v", got, want)
	}
}

// The usual test: changes go in, the source ends, and so does the engine.
func TestTheLedgerKnowsTheTotalOfEachStatus(t *testing.T) {
	table := orders(t)
	src := memory.Of(
		table.Read(Order{1, "shipped", 990}),
		table.Create(Order{2, "new", 1250}),
		table.Create(Order{3, "new", 4750}),
		table.Create(Order{4, "new", 100}),
		table.Update(Order{2, "new", 1250}, Order{2, "paid", 1250}),
		table.Delete(Order{4, "new", 100}),
		table.Tombstone(Order{4, "new", 100}),
	)
	ledger := new(Ledger)
	if err := follow(t.Context(), src, nil, ledger.Follow); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, ledger, map[string]Total{"new": {1, 4750}, "paid": {1, 1250}, "shipped": {1, 990}})
}

// A service is stopped and started again: it goes on where it was.
func TestTheLedgerGoesOnWhereItStopped(t *testing.T) {
	table, ledger, offsets := orders(t), new(Ledger), new(offset.Memory)
	src := memory.Of(table.Create(Order{1, "new", 1250}))
	if err := follow(t.Context(), src, offsets, ledger.Follow); err != nil {
		t.Fatal(err)
	}
	src.Send(table.Create(Order{2, "new", 4750}))
	if err := follow(t.Context(), src, offsets, ledger.Follow); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, ledger, map[string]Total{"new": {2, 6000}})
}

// After a crash the last changes may come again. Here all of them do.
func TestChangesThatComeTwiceCountOnce(t *testing.T) {
	table, ledger := orders(t), new(Ledger)
	src := memory.Of(
		table.Create(Order{1, "new", 1250}),
		table.Update(Order{1, "new", 1250}, Order{1, "paid", 1250}),
	)
	for range 2 {
		if err := follow(t.Context(), src, new(offset.Memory), ledger.Follow); err != nil {
			t.Fatal(err)
		}
	}
	wantTotals(t, ledger, map[string]Total{"paid": {1, 1250}})
}

// The connection to the database is cut in the middle: the engine waits a
// little, connects again, and the ledger does not notice. In a synctest bubble
// the waiting takes no time.
func TestALostConnectionLosesNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, ledger := orders(t), new(Ledger)
		src := memory.Of(table.Create(Order{1, "new", 1250}), table.Create(Order{2, "new", 4750}))
		src.BatchSize = 1
		flaky := sourcetest.Flaky(src, func(op sourcetest.Op, n int) sourcetest.Fault {
			if op == sourcetest.Read && n == 1 {
				return sourcetest.Fault{Err: syscall.ECONNRESET}
			}
			return sourcetest.Fault{}
		})
		if err := follow(t.Context(), flaky, nil, ledger.Follow); err != nil {
			t.Fatal(err)
		}
		wantTotals(t, ledger, map[string]Total{"new": {2, 6000}})
	})
}

// A column changes its type, and the service learns what to do about it.
func TestARowThatDoesNotFitStopsTheLedgerWithAReason(t *testing.T) {
	type other struct {
		ID     int64
		Status *string
		Cents  int64 `tailrace:"total_cents"`
	}
	table, err := memory.NewTable[other]("shop.orders", "id")
	if err != nil {
		t.Fatal(err)
	}
	err = follow(t.Context(), memory.Of(table.Create(other{ID: 1})), nil, new(Ledger).Follow)
	if err == nil || !strings.Contains(err.Error(), "column status is null: make Order.Status a *string") {
		t.Fatalf("the error is %v", err)
	}
}
