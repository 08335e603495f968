package transform

import (
	"errors"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// TimestampRouter makes the topic of the topic and the record's time.
type TimestampRouter struct {
	// Topic is the new topic, in which ${topic} is the old one and ${timestamp}
	// the time; ${topic}-${timestamp} unless it is set.
	Topic string

	// Format is the form of the time, a pattern of Java's SimpleDateFormat;
	// yyyyMMdd unless it is set. The zone is UTC.
	Format string
}

// New gives the transform, or everything that is wrong with its options. The
// transform fails for records without a time.
func (c TimestampRouter) New() (Transform, error) {
	o := options{transform: "TimestampRouter"}
	if c.Topic == "" {
		c.Topic = "${topic}-${timestamp}"
	}
	if c.Format == "" {
		c.Format = "yyyyMMdd"
	}
	format, err := parseDateFormat(c.Format)
	if err != nil {
		o.wrong("Format", "%w", err)
	}
	return Func(func(r *tailrace.Record) (bool, error) {
		if r.Time.IsZero() {
			return false, errors.New("TimestampRouter: the record has no time")
		}
		at := string(format.append(nil, r.Time.UnixMilli()))
		r.Topic = strings.ReplaceAll(strings.ReplaceAll(c.Topic, "${topic}", r.Topic), "${timestamp}", at)
		return true, nil
	}), o.err()
}
