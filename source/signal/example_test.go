package signal_test

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace/source/signal"
)

// An application tells a running source to read tables anew. The Queue goes
// into the source's Signals.
func ExampleQueue() {
	var signals signal.Queue
	signals.Snapshot(signal.Snapshot{Tables: []string{`shop\.orders`}, Conditions: []signal.Condition{{Table: "shop.orders", Where: "year >= 2025"}}})
	signals.Pause()
	signals.Resume()
	signals.Stop("shop.orders")
	signals.AddTables("shop.customers")

	r, _ := signals.Open(context.Background(), "")
	received, _, _ := r.Receive(context.Background())
	for _, s := range received {
		fmt.Printf("%s: %s\n", s.Type, cmp.Or(string(s.Data), "{}"))
	}
	// Output:
	// execute-snapshot: {"data-collections":["shop\\.orders"],"additional-conditions":[{"data-collection":"shop.orders","filter":"year \u003e= 2025"}]}
	// pause-snapshot: {}
	// resume-snapshot: {}
	// stop-snapshot: {"data-collections":["shop.orders"]}
	// add-tables: {"data-collections":["shop.customers"]}
}

func ExampleParse() {
	s, err := signal.Parse([]byte(`{"id":"924e3ff8","type":"execute-snapshot","data":{"data-collections":["shop.orders"],"type":"incremental"}}`))
	fmt.Println(s.ID, s.Type, err)
	snapshot, err := s.Snapshot()
	fmt.Println(snapshot.Kind, snapshot.Tables, err)
	// Output:
	// 924e3ff8 execute-snapshot <nil>
	// incremental [shop.orders] <nil>
}

func ExampleNotification_Record() {
	n := signal.Notification{ID: "924e3ff8", Aggregate: signal.IncrementalSnapshot, Status: signal.Started,
		Data: map[string]string{"connector_name": "srv", "data_collections": "shop.orders"}, Time: time.UnixMilli(1700000000000)}
	r := n.Record("notifications")
	fmt.Println(r.Topic, r.KeyStruct(), r.ValueStruct())
	// Output: notifications {id: 924e3ff8} {id: 924e3ff8, type: STARTED, aggregate_type: Incremental Snapshot, additional_data: {connector_name: srv, data_collections: shop.orders}, timestamp: 1700000000000}
}
