package postgres

import "github.com/tailrace-io/tailrace/engine/connect/property"

// withOldNames adds the names and values that properties had in Debezium 1.
func withOldNames(t property.Table) property.Table {
	was := map[string][]string{
		"topic.prefix":                  {"database.server.name"},
		"schema.include.list":           {"schema.whitelist"},
		"schema.exclude.list":           {"schema.blacklist"},
		"table.include.list":            {"table.whitelist"},
		"table.exclude.list":            {"table.blacklist"},
		"column.include.list":           {"column.whitelist"},
		"column.exclude.list":           {"column.blacklist"},
		"slot.drop.on.stop":             {"slot.drop_on_stop"},
		"topic.heartbeat.prefix":        {"heartbeat.topics.prefix"},
		"unavailable.value.placeholder": {"toasted.value.placeholder"},
	}
	for i := range t {
		t[i].Was = was[t[i].Key]
		if t[i].Key == "snapshot.mode" {
			t[i].OldValues = map[string]string{"exported": "initial", "never": "no_data"}
		}
	}
	return t
}
