package parity

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
)

// isFence says whether an event is of the table zzz_fence, by its topic, in
// which the underscore may be another.
func isFence(event string) bool {
	return strings.Contains(strings.Replace(event, `zzz_u005ffence`, `zzz_fence`, 1), `zzz_fence","key"`)
}

// isEnd says whether an event is the end of a transaction.
func isEnd(event string) bool { return strings.Contains(event, `"status":"END"`) }

// isForeign says whether an event tells of a definition in a database of others
// who use the server.
func isForeign(event string) bool {
	return strings.Contains(event, `"ddl":`) && strings.Contains(event, `"databaseName":"`) &&
		!strings.Contains(event, `"databaseName":""`) && !strings.Contains(event, `"databaseName":"DATABASE`)
}

func isHeartbeat(topic string) bool {
	return strings.HasPrefix(topic, "beat") || strings.HasPrefix(topic, "__debezium-heartbeat")
}

// normal takes out of an event what is another in each run.
func (sc *scenario) normal(line []byte) string {
	line = nameless(line, sc.db.Name)
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var event struct {
		Topic   string           `json:"topic"`
		Key     any              `json:"key"`
		Value   map[string]any   `json:"value"`
		Headers []map[string]any `json:"headers"`
	}
	require.NoError(sc, d.Decode(&event), "%s", line)
	for _, h := range event.Headers {
		if h["key"] == "__debezium.context.runId" {
			h["value"].(map[string]any)["payload"] = "RUN"
		}
	}
	normalTransaction(event.Topic, event.Key, event.Value)
	normalSignals(event.Key, event.Value)
	if payload, ok := event.Value["payload"].(map[string]any); ok && payload["source"] != nil {
		plainJSON(event.Value["schema"].(map[string]any), payload)
		normalStamps(payload, "processed")
		if payload["op"] == "m" {
			payload["ts_ms"] = "processed"
		}
		block := payload["source"].(map[string]any)
		block["version"] = "VERSION"
		normalSchemaChange(payload, block)
		normalStamps(block, "happened")
		for _, varies := range sc.db.Varies {
			if block[varies] != nil {
				block[varies] = strings.ToUpper(varies)
			}
		}
	}
	out, err := json.Marshal(event)
	require.NoError(sc, err)
	return string(out)
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
	for _, t := range tables {
		if strings.HasPrefix(name(t), "io.debezium.connector.postgresql.LogicalDecodingMessageMonitor") {
			t.(map[string]any)["data_collection"] = "message" // it has the name of a Java object
		}
	}
	slices.SortFunc(tables, func(a, b any) int { return cmp.Compare(name(a), name(b)) })
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

// nameless takes the database's name out of an event, also where it has been
// made to fit Avro.
func nameless(line []byte, database string) []byte {
	line = bytes.ReplaceAll(line, []byte(strings.ReplaceAll(database, "_", "_u005f")), []byte("DATABASE"))
	return bytes.ReplaceAll(line, []byte(database), []byte("DATABASE"))
}

// normalStamps says of the three timestamps only whether they are of one
// moment, and of what precision.
func normalStamps(block map[string]any, what string) {
	text := func(unit string) string { return fmt.Sprint(block["ts_"+unit]) }
	ms, us, ns := text("ms"), text("us"), text("ns")
	if strings.HasPrefix(us, ms) && strings.HasPrefix(ns, us) {
		block["ts_ms"], block["ts_us"], block["ts_ns"] = what, what, what
	}
}

// plainJSON takes the white space out of the texts of JSON columns, which is
// free to differ.
func plainJSON(schema map[string]any, payload map[string]any) {
	fields, _ := schema["fields"].([]any)
	for _, f := range fields {
		field := f.(map[string]any)
		name, _ := field["field"].(string)
		switch v := payload[name].(type) {
		case string:
			if field["name"] == tailrace.JSONName {
				payload[name] = compacted(v)
			}
		case []any:
			items, _ := field["items"].(map[string]any)
			for i := range v {
				if text, ok := v[i].(string); ok && items["name"] == tailrace.JSONName {
					v[i] = compacted(text)
				}
			}
		case map[string]any:
			plainJSON(field, v)
		}
	}
}

func compacted(text string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) != nil {
		return text
	}
	return out.String()
}
