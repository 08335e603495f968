package kafka

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

func (p place) String() string { return fmt.Sprintf("%s-%d", p.topic, p.partition) }

// stored is an offset that an earlier Reader gave, and how its partition is
// spelled.
type stored struct {
	text string
	next int64
}

func (p place) text() string {
	topic, _ := json.Marshal(p.topic) // a string is always valid
	return fmt.Sprintf(`{"kafka_topic":%s,"kafka_partition":%d}`, topic, p.partition)
}

func positionText(next int64) string { return `{"kafka_offset":` + strconv.FormatInt(next, 10) + `}` }

// parseOffsets reads the offsets of earlier Readers, and those of Connect's sink
// connectors.
func parseOffsets(offsets []tailrace.Offset) (map[place]stored, error) {
	out := make(map[place]stored)
	var errs []error
	for _, o := range offsets {
		p, next, err := parseOffset(o)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out[p] = stored{o.Partition, next}
	}
	return out, errors.Join(errs...)
}

func parseOffset(o tailrace.Offset) (p place, next int64, err error) {
	var partition struct {
		Topic     *string `json:"kafka_topic"`
		Partition *int32  `json:"kafka_partition"`
	}
	if err := strictly(o.Partition, &partition); err != nil || partition.Topic == nil || *partition.Topic == "" || partition.Partition == nil || *partition.Partition < 0 {
		return p, 0, fmt.Errorf(`the partition of an offset is not of a Kafka source: %.200q; it looks like {"kafka_topic":"orders","kafka_partition":0}`, o.Partition)
	}
	var position struct {
		Offset *int64 `json:"kafka_offset"`
	}
	if err := strictly(o.Position, &position); err != nil || position.Offset == nil || *position.Offset < 0 {
		return p, 0, fmt.Errorf(`the position of the partition %.200s is not of a Kafka source: %.200q; it looks like {"kafka_offset":42}`, o.Partition, o.Position)
	}
	return place{*partition.Topic, *partition.Partition}, *position.Offset, nil
}

// strictly decodes an object that has the known members and nothing behind it.
func strictly(text string, into any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind it")
	}
	return nil
}

// sortParts sorts partitions by topic and number.
func sortParts(parts []*partition) {
	slices.SortFunc(parts, func(a, b *partition) int {
		return cmp.Or(strings.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
}
