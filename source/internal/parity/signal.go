package parity

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// until are texts of the event behind which the last statement is executed,
// where a scenario has them in until.txt: of a snapshot that runs beside the
// log nothing else tells when it is complete. Each is met once.
type until []string

// untilOf are those of a scenario's folder; nil where it has none.
func untilOf(t testing.TB, dir string) until {
	text, err := os.ReadFile(filepath.Join(dir, "until.txt"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// patience is how many milliseconds without an event are the end. Notifications
// come before the first row, and the row takes its time.
func (u until) patience() string {
	if u != nil {
		return "20000"
	}
	return "5000"
}

// met says whether an event has all of the texts.
func (u until) met(event string) bool {
	return u != nil && !slices.ContainsFunc(u, func(text string) bool { return !strings.Contains(event, text) })
}

var (
	randomID  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}((?:-open|-close)?)$`)
	windowsAt = regexp.MustCompile(`Timestamp": "[^"]*"`)
)

// normalSignals takes random names and moments out of notifications and of the
// rows that mark windows, and sorts lists of tables that are in no order.
func normalSignals(key any, value map[string]any) {
	payload, _ := value["payload"].(map[string]any)
	normalID := func(of map[string]any) {
		if id, ok := of["id"].(string); ok && (payload["aggregate_type"] != nil || strings.HasSuffix(id, "-open") || strings.HasSuffix(id, "-close")) {
			of["id"] = randomID.ReplaceAllString(id, "ID$1")
		}
	}
	if k, ok := key.(map[string]any); ok {
		if p, ok := k["payload"].(map[string]any); ok {
			normalID(p)
		}
	}
	for _, row := range []string{"before", "after"} {
		if r, ok := payload[row].(map[string]any); ok {
			normalID(r)
			if data, ok := r["data"].(string); ok {
				r["data"] = windowsAt.ReplaceAllString(data, `Timestamp": "THEN"`)
			}
		}
	}
	if payload["aggregate_type"] == nil {
		return
	}
	normalID(payload)
	payload["timestamp"] = "then"
	if data, ok := payload["additional_data"].(map[string]any); ok && payload["aggregate_type"] == "Initial Snapshot" {
		if list, ok := data["data_collections"].(string); ok {
			tables := strings.Split(list, ",")
			slices.Sort(tables)
			data["data_collections"] = strings.Join(tables, ",")
		}
	}
}
