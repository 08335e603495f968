package builtin

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// tables are all the tables of properties of this package, by what they are of.
func tables() map[string]property.Table {
	return map[string]property.Table{
		"json": jsonProperties(), "file": offsetProperties(true), "memory": offsetProperties(false), "regexRouter": regexRouterProperties(),
		"topicNameMatches": topicNameMatchesProperties(), "hasHeaderKey": hasHeaderKeyProperties(),
	}
}

func TestTheTablesAreSound(t *testing.T) {
	for name, table := range tables() {
		require.NoError(t, table.Verify(), name)
	}
}
