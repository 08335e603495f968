package mysql

import (
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// withOldNames adds the names and values that properties had in Debezium 1.
func withOldNames(t property.Table) property.Table {
	was := map[string][]string{
		"topic.prefix":                {"database.server.name"},
		"database.include.list":       {"database.whitelist"},
		"database.exclude.list":       {"database.blacklist"},
		"table.include.list":          {"table.whitelist"},
		"table.exclude.list":          {"table.blacklist"},
		"column.include.list":         {"column.whitelist"},
		"column.exclude.list":         {"column.blacklist"},
		"database.connectionTimeZone": {"database.serverTimezone"},
		"topic.heartbeat.prefix":      {"heartbeat.topics.prefix"},
		"schema.history.internal":     {"database.history"},
	}
	for i := range t {
		t[i].Was = was[t[i].Key]
		if rest, ok := strings.CutPrefix(t[i].Key, "schema.history.internal."); ok {
			t[i].Was = []string{"database.history." + rest}
		}
		if t[i].Key == "snapshot.mode" {
			t[i].OldValues = map[string]string{"schema_only": "no_data", "schema_only_recovery": "recovery", "never": "never"}
		}
	}
	return t
}
