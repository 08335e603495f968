package debezium

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// TimezoneConverter brings the timestamps in the rows of change events to a time
// zone: Debezium's transform of that name. A timestamp without a zone is taken
// for one of that zone, and becomes the moment that it is there; text with an
// offset names the same moment by the zone's offset. Dates, and times without an
// offset, are left alone.
type TimezoneConverter struct {
	// Zone is the zone. That of an offset, such as +08:00, is a time.FixedZone.
	Zone *time.Location

	// Include has rules that choose events, and their fields, to be changed;
	// without rules, all are. A rule names a table, source:orders, or a topic,
	// topic:shop.orders, and may name a field behind another colon. Without
	// source or topic before it the name is that of either, and a field must
	// follow. Fields are columns, or, with before., after. or source. in front
	// of it, a field of that struct; source.ts_ms, source.ts_us and source.ts_ns
	// are moved by the zone's offset.
	Include []string

	// Exclude has rules that choose what is not to be changed.
	Exclude []string
}

// rulesForm is what Java's text of a list of rules must match.
var rulesForm = regexp.MustCompile(`^\[(source|topic|[".\w\s_]+):([".\w\s_]+(?::[".\w\s_]+)?(?:,|\]$))+$`)

// New gives the transform, or everything that is wrong with its options.
// Records that are no change events pass. The transform fails for timestamps of
// other types than their names say, and text that is none.
func (c TimezoneConverter) New() (transform.Transform, error) {
	errs := optionErrors{transform: "TimezoneConverter"}
	if c.Zone == nil {
		errs.add("Zone", "must be set")
	}
	for option, rules := range map[string][]string{"Include": c.Include, "Exclude": c.Exclude} {
		if len(rules) > 0 && !rulesForm.MatchString("["+strings.Join(rules, ", ")+"]") {
			errs.add(option, "%q must be rules of the forms source:table, source:table:field, topic:topic, topic:topic:field and name:field", rules)
		}
	}
	if len(c.Include) > 0 && len(c.Exclude) > 0 {
		errs.add("Exclude", "must be empty where Include is not")
	}
	t := &timezoneConverter{c: c, all: len(c.Include)+len(c.Exclude) == 0}
	t.rules = parseZoneRules(slices.Concat(c.Include, c.Exclude))
	t.plans = transform.Derive(func(s *tailrace.Schema) ([]zonedField, error) { return zonedFields(s), nil })
	return t, errs.err()
}

type timezoneConverter struct {
	c     TimezoneConverter
	all   bool
	rules zoneRules
	plans *transform.Derived[[]zonedField]
	slabs transform.Slabs
}

// zoneRules are fields by the name of the topic or table; no fields stand for
// all of them.
type zoneRules struct{ topics, tables, names map[string][]string }

func parseZoneRules(rules []string) zoneRules {
	out := zoneRules{map[string][]string{}, map[string][]string{}, map[string][]string{}}
	kind := "" // also of the rules behind, which need not say it again
	for _, rule := range rules {
		parts := strings.Split(rule, ":")
		name, field := parts[0], ""
		switch {
		case len(parts) == 1:
		case strings.EqualFold(parts[0], "source") || strings.EqualFold(parts[0], "topic"):
			kind, name = parts[0], parts[1]
			if len(parts) > 2 {
				field = parts[2]
			}
		default:
			field = parts[1]
		}
		to := out.names
		switch kind {
		case "topic":
			to = out.topics
		case "source":
			to = out.tables
		}
		if to[name] = slices.Clip(to[name]); field != "" {
			to[name] = append(to[name], field)
		}
	}
	return out
}

// of gives the fields that the rules name for events of the topic and the table.
func (z *zoneRules) of(topic string, table tailrace.Null[string]) (fields []string, ok bool) {
	if fields, ok = z.topics[topic]; ok {
		return fields, true
	}
	if fields, ok = z.tables[table.V]; ok && table.Valid {
		return fields, true
	}
	if fields, ok = z.names[topic]; ok {
		return fields, true
	}
	fields, ok = z.names[table.V]
	return fields, ok && table.Valid
}

// Apply implements transform.Transform.
func (t *timezoneConverter) Apply(r *tailrace.Record) (bool, error) {
	event, ok, err := changeEvent(r)
	if err != nil {
		return false, fmt.Errorf("TimezoneConverter: %w", err)
	}
	if !ok {
		return true, nil
	}
	choice, ok, err := t.choose(r.Topic, event)
	if err != nil {
		return false, fmt.Errorf("TimezoneConverter: %w", err)
	}
	if !ok {
		return true, nil
	}
	v, err := t.convert(event, choice)
	if err != nil {
		return false, fmt.Errorf("TimezoneConverter: %w", err)
	}
	r.Value = v
	return true, nil
}

// zoneChoice says which fields of an event to change: those named, all but
// those, or all.
type zoneChoice struct {
	fields []string
	not    bool
}

func (t *timezoneConverter) choose(topic string, event tailrace.Struct) (c zoneChoice, ok bool, err error) {
	table, err := tableOf(event)
	if err != nil || t.all {
		return zoneChoice{not: true}, err == nil, err
	}
	fields, ok := t.rules.of(topic, table)
	if len(t.c.Include) > 0 {
		return zoneChoice{fields, len(fields) == 0}, ok, nil
	}
	return zoneChoice{fields, true}, !ok || len(fields) > 0, nil
}

// tableOf is the table that the event's source names.
func tableOf(event tailrace.Struct) (table tailrace.Null[string], err error) {
	f, ok := event.Schema.Field("source")
	if !ok || f.Schema.Type() != tailrace.TypeStruct {
		return table, nil
	}
	if event.Values[f.Index].IsNull() {
		return table, errors.New("the event has no source")
	}
	source, err := wholeStruct(f.Schema, event.Values[f.Index], "the source of the event")
	if err != nil {
		return table, err
	}
	v, err := typedField(source, "table", tailrace.TypeString)
	if err != nil || v.IsNull() {
		return table, nil
	}
	return tailrace.Some(v.Text()), nil
}

// zonedField is a field of a struct that may be converted.
type zonedField struct {
	tailrace.Field
	source bool // only in the event's source
}

func zonedFields(s *tailrace.Schema) (fs []zonedField) {
	for _, f := range s.Fields() {
		zoned := isZoned(f.Schema.Name())
		if zoned || f.Name == "ts_ms" || f.Name == "ts_us" || f.Name == "ts_ns" {
			fs = append(fs, zonedField{f, !zoned})
		}
	}
	return fs
}

func (t *timezoneConverter) convert(event tailrace.Struct, choice zoneChoice) (tailrace.Value, error) {
	vs := append(t.slabs.Values(len(event.Values))[:0], event.Values...)
	for _, name := range []string{"before", "after", "source"} {
		f, ok := event.Schema.Field(name)
		if !ok || f.Schema.Type() != tailrace.TypeStruct || vs[f.Index].IsNull() {
			continue
		}
		in, ok := choice.within(name)
		if !ok {
			continue
		}
		part, err := wholeStruct(f.Schema, vs[f.Index], "the event's "+name)
		if err != nil {
			return tailrace.Value{}, err
		}
		if vs[f.Index], err = t.convertStruct(part, in, name == "source"); err != nil {
			return tailrace.Value{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return tailrace.StructOf(vs), nil
}

// within is the choice of fields in one of the event's structs. The source is
// left alone unless a field of it is named.
func (c zoneChoice) within(name string) (zoneChoice, bool) {
	in := zoneChoice{not: c.not}
	for _, field := range c.fields {
		at, rest := "", field
		for _, prefix := range []string{"source", "before", "after"} {
			if tail, ok := strings.CutPrefix(field, prefix+"."); ok {
				at, rest = prefix, tail
				break
			}
		}
		if at == name || at == "" && name != "source" {
			in.fields = append(in.fields, rest)
		}
	}
	return in, name != "source" || len(in.fields) > 0
}

func (t *timezoneConverter) convertStruct(s tailrace.Struct, choice zoneChoice, source bool) (tailrace.Value, error) {
	fs, err := t.plans.Of(s.Schema)
	if err != nil {
		return tailrace.Value{}, err
	}
	var vs []tailrace.Value
	for _, f := range fs {
		if f.source && !source || slices.Contains(choice.fields, f.Name) == choice.not {
			continue
		}
		v := s.Values[f.Index]
		if v.IsNull() {
			v, _ = f.Schema.Default()
		}
		if v.IsNull() || v.IsUnchanged() {
			continue
		}
		if name := f.Schema.Name(); name == "" {
			v, err = t.epoch(f.Name, v)
		} else {
			v, err = t.timestamp(name, v)
		}
		if err != nil {
			return v, fmt.Errorf("the field %s: %w", f.Name, err)
		}
		if vs == nil {
			vs = append(t.slabs.Values(len(s.Values))[:0], s.Values...)
		}
		vs[f.Index] = v
	}
	if vs == nil {
		return tailrace.StructOf(s.Values), nil
	}
	return tailrace.StructOf(vs), nil
}

func isZoned(name string) bool {
	switch name {
	case tailrace.MicroTimestampName, tailrace.NanoTimestampName, tailrace.DebeziumTimestampName, tailrace.TimestampName,
		tailrace.ZonedTimestampName, tailrace.ZonedTimeName:
		return true
	}
	return false
}

// timestamp converts a timestamp of the name.
func (t *timezoneConverter) timestamp(name string, v tailrace.Value) (tailrace.Value, error) {
	unit := int64(1)
	switch name {
	case tailrace.ZonedTimestampName, tailrace.ZonedTimeName:
		if v.Type() != tailrace.TypeString {
			return v, fmt.Errorf("%s is %s and must be a string", name, v.Type())
		}
		return t.zoned(name == tailrace.ZonedTimeName, v.Text())
	case tailrace.MicroTimestampName:
		unit = 1_000_000
	case tailrace.NanoTimestampName:
		unit = 1_000_000_000
	case tailrace.DebeziumTimestampName, tailrace.TimestampName:
		unit = 1000
	default:
		return v, nil
	}
	if v.Type() != tailrace.TypeInt64 {
		return v, fmt.Errorf("%s is %s and must be int64", name, v.Type())
	}
	wall := v.Int() / unit
	if v.Int()%unit < 0 {
		wall--
	}
	return tailrace.Int64(v.Int() - unit*int64(offsetOfWall(t.c.Zone, wall))), nil
}

// epoch moves a number of seconds, milliseconds and so on by the zone's offset
// at that moment.
func (t *timezoneConverter) epoch(name string, v tailrace.Value) (tailrace.Value, error) {
	if v.Type() != tailrace.TypeInt64 {
		return v, fmt.Errorf("it is %s and must be int64", v.Type())
	}
	unit := map[string]int64{"ts_ms": 1000, "ts_us": 1_000_000, "ts_ns": 1_000_000_000}[name]
	at := v.Int() / unit
	if v.Int()%unit < 0 {
		at--
	}
	_, offset := time.Unix(at, 0).In(t.c.Zone).Zone()
	return tailrace.Int64(v.Int() + unit*int64(offset)), nil
}

// offsetOfWall is the offset of what a clock in the zone shows, in seconds since
// 1970. What it never shows, or shows twice, has the offset before the change.
func offsetOfWall(zone *time.Location, wall int64) int {
	at := time.Unix(wall-26*60*60, 0).In(zone) // before it, whatever the offset
	for {
		_, offset := at.Zone()
		_, end := at.ZoneBounds()
		if end.IsZero() {
			return offset
		}
		_, next := end.Zone()
		if wall < end.Unix()+int64(max(offset, next)) {
			return offset
		}
		at = end
	}
}
