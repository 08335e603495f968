package envelope

import (
	"encoding/json"
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// Partition is the source partition of a server by its logical name, as Debezium
// writes it.
func Partition(prefix string) string {
	name, _ := json.Marshal(prefix) // a string is always valid
	return `{"server":` + string(name) + `}`
}

// Stored gives the offset of the server's partition among those that are stored;
// there is none where no offsets are. Offsets of other names alone are an error.
func Stored(from []tailrace.Offset, prefix string) (o tailrace.Offset, ok bool, err error) {
	for _, o := range from {
		var partition map[string]any
		if err := json.Unmarshal([]byte(o.Partition), &partition); err != nil {
			return o, false, fmt.Errorf("the stored offset has the partition %q, which is no JSON object: %w", o.Partition, err)
		}
		if partition["server"] == prefix {
			return o, true, nil
		}
	}
	if len(from) > 0 {
		return o, false, fmt.Errorf("none of the stored offsets, such as the one of the partition %s, is of %s: "+
			"set TopicPrefix to the name under which they were stored, or remove them to begin anew", from[0].Partition, Partition(prefix))
	}
	return o, false, nil
}
