package property_test

import (
	"fmt"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func ExampleTable_AppendMarkdown() {
	fmt.Print(string(property.Table{
		{Key: "database.port", Type: property.Int, Default: "3306", Doc: "The port that the server listens on."},
		{Key: "database.hostname", Required: true, Doc: "The host that the server runs on."},
		{Key: "snapshot.mode", Type: property.Enum, Default: "initial", Values: []string{"initial", "no_data"}, Later: []string{"custom"}, Doc: "What to begin with."},
		{Key: "signal.data.collection", Unsupported: "signals", Doc: "The table of signals."},
		{Key: "database.jdbc.driver", Ignored: "the driver is part of the program", Doc: "The driver."},
	}.AppendMarkdown(nil)))
	// Output:
	// | property | form | default | |
	// |---|---|---|---|
	// | `database.hostname` | string | required | The host that the server runs on. |
	// | `database.port` | int | `3306` | The port that the server listens on. |
	// | `snapshot.mode` | `initial`, `no_data` | `initial` | What to begin with. Not supported yet: `custom`. |
	//
	// Known, and an error when set to another value than the default, because they are not supported yet:
	//
	// | property | default | not supported yet |
	// |---|---|---|
	// | `signal.data.collection` |  | signals |
	//
	// Known, and taken without effect:
	//
	// | property | why |
	// |---|---|
	// | `database.jdbc.driver` | the driver is part of the program |
}
