package debezium

import (
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-io/tailrace"
)

func (t *eventRouter) derive(event *tailrace.Schema) (*outboxPlan, error) {
	p := new(outboxPlan)
	var ok bool
	if p.after, ok = event.Field("after"); !ok || p.after.Schema.Type() != tailrace.TypeStruct {
		return nil, errors.New("the event has no row called after")
	}
	row := p.after.Schema
	for _, column := range []struct {
		name string
		to   *tailrace.Field
	}{{t.c.Payload, &p.payload}, {t.c.ID, &p.id}, {t.c.Key, &p.key}} {
		if *column.to, ok = row.Field(column.name); !ok {
			return nil, fmt.Errorf("the outbox has no column %s", column.name)
		}
	}
	var err error
	if p.route, err = typedColumn(row, t.c.RouteBy, tailrace.TypeString); err != nil {
		return nil, err
	}
	if t.c.SchemaVersion != "" && t.envelope {
		if p.version, err = typedColumn(row, t.c.SchemaVersion, tailrace.TypeInt32); err != nil {
			return nil, err
		}
	}
	if err = t.times(p, event, row); err != nil {
		return nil, err
	}
	for _, f := range t.additional {
		column, ok := row.Field(f.Field)
		switch {
		case !ok && (!t.c.IgnoreMissing || f.Place == PlaceEnvelope):
			return nil, fmt.Errorf("the outbox has no column %s", f.Field)
		case ok && f.Place == PlacePartition && column.Schema.Type() != tailrace.TypeInt32:
			return nil, fmt.Errorf("the column %s is %s and must be int32 for a partition", f.Field, column.Schema.Type())
		}
		p.additional = append(p.additional, column)
	}
	return p, nil
}

func typedColumn(row *tailrace.Schema, name string, t tailrace.Type) (tailrace.Field, error) {
	f, ok := row.Field(name)
	switch {
	case !ok:
		return f, fmt.Errorf("the outbox has no column %s", name)
	case f.Schema.Type() != t:
		return f, fmt.Errorf("the column %s is %s and must be %s", name, f.Schema.Type(), t)
	}
	return f, nil
}

// times finds where the time of a record comes from.
func (t *eventRouter) times(p *outboxPlan, event, row *tailrace.Schema) (err error) {
	eventTime, hasTime := event.Field("ts_ms")
	if hasTime && eventTime.Schema.Type() == tailrace.TypeInt64 {
		p.eventTime = eventTime
	}
	if t.c.Timestamp == "" {
		if p.eventTime.Schema == nil {
			return errors.New("the event has no ts_ms of the type int64")
		}
		return nil
	}
	if p.timestamp, err = typedColumn(row, t.c.Timestamp, tailrace.TypeInt64); err != nil {
		return err
	}
	switch p.timestamp.Schema.Name() {
	case tailrace.DebeziumTimestampName:
		p.perMilli = 1
	case tailrace.MicroTimestampName:
		p.perMilli = 1000
	case tailrace.NanoTimestampName:
		p.perMilli = 1_000_000
	}
	return nil
}

// recordTime is the time of a record: that of the column or of the event.
func (t *eventRouter) recordTime(plan *outboxPlan, event, row tailrace.Struct) (time.Time, error) {
	v := tailrace.Value{}
	if plan.timestamp.Schema != nil {
		v = row.Values[plan.timestamp.Index]
	}
	switch {
	case !v.IsNull() && plan.perMilli == 0:
		return time.Time{}, fmt.Errorf("the column %s is no io.debezium.time Timestamp, MicroTimestamp or NanoTimestamp, but %q", t.c.Timestamp, plan.timestamp.Schema.Name())
	case !v.IsNull():
		return time.UnixMilli(v.Int() / plan.perMilli), nil
	case plan.eventTime.Schema == nil:
		return time.Time{}, errors.New("the event has no ts_ms of the type int64")
	}
	if v = event.Values[plan.eventTime.Index]; v.IsNull() {
		return time.Time{}, nil
	}
	return time.UnixMilli(v.Int()), nil
}
