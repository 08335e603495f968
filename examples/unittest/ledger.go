package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tailrace-io/tailrace"
)

// Order is a row of the table orders.
type Order struct {
	ID     int64
	Status string // new, paid, shipped
	Cents  int64  `tailrace:"total_cents"`
}

// Ledger is the service: it follows the orders and knows at any time how many
// there are in each status, and what they are worth. It remembers the orders
// themselves, so that a change that it is told of twice, as may happen after a
// crash, counts once.
type Ledger struct {
	mu     sync.Mutex
	orders map[int64]Order
}

// Follow takes changes in; it is what the engine calls.
func (l *Ledger) Follow(_ context.Context, changes []tailrace.ChangeOf[Order]) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.orders == nil {
		l.orders = make(map[int64]Order)
	}
	for _, c := range changes {
		switch {
		case c.Op == tailrace.OpTruncate:
			clear(l.orders)
		case c.After != nil:
			l.orders[c.After.ID] = *c.After
		case c.Before != nil:
			delete(l.orders, c.Before.ID)
		}
	}
	return nil
}

// Total is what the orders in one status come to.
type Total struct {
	Orders int
	Cents  int64
}

// Totals gives the total of each status that there is.
func (l *Ledger) Totals() map[string]Total {
	l.mu.Lock()
	defer l.mu.Unlock()
	totals := make(map[string]Total)
	for _, o := range l.orders {
		t := totals[o.Status]
		totals[o.Status] = Total{t.Orders + 1, t.Cents + o.Cents}
	}
	return totals
}

// String shows the totals: new 1 (12.50), paid 2 (60.00).
func (l *Ledger) String() string {
	totals := l.Totals()
	var parts []string
	for _, status := range []string{"new", "paid", "shipped"} {
		if t, ok := totals[status]; ok {
			parts = append(parts, fmt.Sprintf("%s %d (%d.%02d)", status, t.Orders, t.Cents/100, t.Cents%100))
		}
	}
	if len(parts) == 0 {
		return "no orders"
	}
	return strings.Join(parts, ", ")
}
