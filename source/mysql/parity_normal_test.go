package mysql_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// isFence says whether an event is of the table zzz_fence, by its topic.
func isFence(event string) bool {
	return strings.Contains(event, `zzz_fence","key"`)
}

func isHeartbeat(topic string) bool {
	return strings.HasPrefix(topic, "beat") || strings.HasPrefix(topic, "__debezium-heartbeat")
}

// normalTransaction takes the names of transactions and the moment out of what
// is told of them, and the moment out of heartbeats.
func normalTransaction(topic string, key any, value map[string]any) {
	payload, _ := value["payload"].(map[string]any)
	if payload == nil {
		return
	}
	if isHeartbeat(topic) {
		payload["ts_ms"] = "processed"
	}
	if block, ok := payload["transaction"].(map[string]any); ok {
		block["id"] = "TRANSACTION"
	}
	if payload["status"] == "BEGIN" || payload["status"] == "END" {
		payload["id"], payload["ts_ms"] = "TRANSACTION", "happened"
		sortTables(payload)
		key.(map[string]any)["payload"].(map[string]any)["id"] = "TRANSACTION"
	}
}

// sortTables sorts the counts of a transaction's tables, which Debezium gives
// in the order of a hash.
func sortTables(payload map[string]any) {
	tables, _ := payload["data_collections"].([]any)
	name := func(t any) string { return t.(map[string]any)["data_collection"].(string) }
	slices.SortFunc(tables, func(a, b any) int { return cmp.Compare(name(a), name(b)) })
}

// nameless takes the database's name out of an event, also where it has been
// made to fit Avro.
func nameless(line []byte, database string) []byte {
	line = bytes.ReplaceAll(line, []byte(strings.ReplaceAll(database, "_", "_u005f")), []byte("DATABASE"))
	return bytes.ReplaceAll(line, []byte(database), []byte("DATABASE"))
}

// normalSchemaChange takes the moments out of what is told of a definition's
// change. In the snapshot each has its own, down to the nanosecond.
func normalSchemaChange(payload, block map[string]any) {
	if _, ok := payload["ddl"]; !ok {
		return
	}
	payload["ts_ms"], block["row"] = "processed", "ROW" // Debezium has that of a change before
	if names, ok := block["table"].(string); ok {
		sorted := strings.Split(names, ",") // Debezium has them in the order of a hash
		slices.Sort(sorted)
		block["table"] = strings.Join(sorted, ",")
	}
	if ms, us, ns := fmt.Sprint(block["ts_ms"]), fmt.Sprint(block["ts_us"]), fmt.Sprint(block["ts_ns"]); block["snapshot"] == "true" && strings.HasPrefix(us, ms) && strings.HasPrefix(ns, us) {
		block["ts_ms"], block["ts_us"], block["ts_ns"] = "then", "then", "then"
	}
}
