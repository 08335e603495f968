package main

import (
	"os"
	"strings"
)

func Example() {
	lines := strings.NewReader(`
// A field is left out, a record is dropped, a predicate is asked, and an option is misspelt.
{"transform":{"type":"org.apache.kafka.connect.transforms.ReplaceField$Value","exclude":"note"},"record":{"topic":"orders","value":{"schema":null,"payload":{"id":7,"note":"x"}}}}
{"transform":{"type":"org.apache.kafka.connect.transforms.Filter"},"record":{"topic":"orders"}}
{"predicate":{"type":"org.apache.kafka.connect.transforms.predicates.TopicNameMatches","pattern":"ord.*"},"record":{"topic":"orders"}}
{"transform":{"type":"org.apache.kafka.connect.transforms.ReplaceField$Value","exlude":"note"},"record":{"topic":"orders"}}
`)
	if err := run(lines, os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// {"record":{"topic":"orders","partition":null,"timestamp":null,"key":null,"value":{"schema":null,"payload":{"id":7}},"headers":[]}}
	// {"record":null}
	// {"test":true}
	// {"error":"the configuration is wrong: exlude: no such property; did you mean exclude?"}
}
