package smt

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

func readToInsertEvent(*property.Set) transform.Transform { return debezium.ReadToInsertEvent() }

func vectorToJSONConverter(*property.Set) transform.Transform {
	return debezium.VectorToJSONConverter()
}

func schemaChangeEventFilterProperties() property.Table {
	return property.Table{{Key: "schema.change.event.exclude.list", Required: true, Type: property.List, Check: noEmpty,
		Doc: "The kinds of schema changes to drop: CREATE, ALTER, DROP, TRUNCATE and DATABASE."}}
}

func schemaChangeEventFilter(p *property.Set) transform.Transform {
	p.Use(schemaChangeEventFilterProperties())
	var c debezium.SchemaChangeEventFilter
	for _, kind := range p.List("schema.change.event.exclude.list") {
		c.Exclude = append(c.Exclude, debezium.SchemaChange(kind))
	}
	t, err := c.New()
	return keys{"Exclude": "schema.change.event.exclude.list"}.made(p, t, err)
}

// noSpaces is a Check for lists of names without spaces within them.
func noSpaces(value string) error {
	for s := range strings.SplitSeq(value, ",") {
		if strings.Contains(strings.TrimSpace(s), " ") {
			return errors.New("have no spaces in a name")
		}
	}
	return noEmpty(value)
}

// noEmpty is a Check for lists of names, to which commas at the end are nothing.
func noEmpty(value string) error { return noGaps(strings.TrimRight(value, ",")) }

func headerToValueProperties() property.Table {
	return property.Table{
		{Key: "headers", Required: true, Type: property.List, Check: noSpaces, Doc: "The names of the headers."},
		{Key: "fields", Required: true, Type: property.List, Check: noSpaces, Doc: "The names of the fields that they become, in the same order; in structs of the value by dots, as in after.origin."},
		{Key: "operation", Required: true, Type: property.Enum, Values: []string{"move", "copy"}, Check: exactly([]string{"move", "copy"}), Doc: "Whether the headers go away (move) or stay (copy)."},
	}
}

func headerToValue(p *property.Set) transform.Transform {
	p.Use(headerToValueProperties())
	t, err := debezium.HeaderToValue{Headers: p.List("headers"), Fields: p.List("fields"), Move: p.Enum("operation") == "move"}.New()
	return keys{"Headers": "headers", "Fields": "fields"}.made(p, t, err)
}

func extractChangedRecordStateProperties() property.Table {
	return property.Table{
		{Key: "header.changed.name", Doc: "The header that lists the columns which the change gave another value; none without it."},
		{Key: "header.unchanged.name", Doc: "The header that lists the columns which it left alone; none without it."},
	}
}

func extractChangedRecordState(p *property.Set) transform.Transform {
	p.Use(extractChangedRecordStateProperties())
	t, err := debezium.ExtractChangedRecordState{ChangedHeader: p.String("header.changed.name"), UnchangedHeader: p.String("header.unchanged.name")}.New()
	return keys{"ChangedHeader": "header.changed.name", "UnchangedHeader": "header.unchanged.name"}.made(p, t, err)
}

func partitionRoutingProperties() property.Table {
	return property.Table{
		{Key: "partition.payload.fields", Required: true, Type: property.List, Check: noEmpty,
			Doc: "The fields of the event that choose the partition, such as source.table, after.id or change.id, where change is before in deletions and after in other events."},
		{Key: "partition.topic.num", Required: true, Type: property.Int, Check: property.AtLeast(1), Doc: "How many partitions the topic has."},
		{Key: "partition.hash.function", Type: property.Enum, Default: "java", Values: []string{"java", "murmur"}, Doc: "How a number is made of a field's value."},
	}
}

func partitionRouting(p *property.Set) transform.Transform {
	p.Use(partitionRoutingProperties())
	c := debezium.PartitionRouting{Fields: p.List("partition.payload.fields"), Partitions: int32(p.Int("partition.topic.num"))}
	if p.Enum("partition.hash.function") == "murmur" {
		c.Hash = debezium.MurmurHash
	}
	t, err := c.New()
	return keys{"Fields": "partition.payload.fields", "Partitions": "partition.topic.num"}.made(p, t, err)
}

func swapGeometryCoordinatesProperties() property.Table {
	return property.Table{{Key: "srids", Type: property.List, Default: "4326,3857,4269", Check: wholeNumbers,
		Doc: "The reference systems whose geometries get their coordinates exchanged."}}
}

// wholeNumbers is a Check for lists of them.
func wholeNumbers(value string) error {
	for s := range strings.SplitSeq(strings.TrimRight(value, ","), ",") {
		if _, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32); err != nil {
			return fmt.Errorf("be whole numbers of 32 bits, and %q is none", strings.TrimSpace(s))
		}
	}
	return nil
}

func swapGeometryCoordinates(p *property.Set) transform.Transform {
	p.Use(swapGeometryCoordinatesProperties())
	c := debezium.SwapGeometryCoordinates{SRIDs: []int32{}}
	for _, s := range p.List("srids") {
		n, _ := strconv.ParseInt(s, 10, 32)
		c.SRIDs = append(c.SRIDs, int32(n))
	}
	t, err := c.New()
	return keys{}.made(p, t, err)
}

func geometryFormatTransformerProperties() property.Table {
	return property.Table{{Key: "format", Type: property.Enum, Default: "wkb", Values: []string{"wkb", "ewkb"},
		Doc: "The form that the geometries have: WKB becomes EWKB (wkb), or stays (ewkb). EWKB becomes WKB either way."}}
}

func geometryFormatTransformer(p *property.Set) transform.Transform {
	var c debezium.GeometryFormatTransformer
	if p.Use(geometryFormatTransformerProperties()).Enum("format") == "ewkb" {
		c.Format = debezium.EWKB
	}
	t, err := c.New()
	return keys{"Format": "format"}.made(p, t, err)
}

func timezoneConverterProperties() property.Table {
	const rules = " Each is `source:table`, `source:table:field`, `topic:topic`, `topic:topic:field` or `name:field`, where name is a table or a topic; a field may have before., after. or source. in front of it."
	return property.Table{
		{Key: "converted.timezone", Required: true, Doc: "The time zone, by its name, such as America/Los_Angeles, or by an offset, such as +08:00."},
		{Key: "include.list", Type: property.List, Doc: "What is converted; everything without it." + rules},
		{Key: "exclude.list", Type: property.List, Doc: "What is not converted." + rules},
	}
}

// zoneOffset is the form of time zones that are offsets.
var zoneOffset = regexp.MustCompile(`^([+-])(\d\d):(\d\d)(?::(\d\d))?$`)

// noZones are what Go takes for a zone and Java does not.
var noZones = []string{"", "Local", "local", "EST", "MST", "HST"}

// timeZone finds a zone by its name or offset.
func timeZone(name string) (*time.Location, error) {
	m := zoneOffset.FindStringSubmatch(name)
	if m == nil {
		zone, err := time.LoadLocation(name)
		if err != nil || slices.Contains(noZones, name) {
			return nil, fmt.Errorf("%q is neither an offset, such as +08:00, nor a time zone that this machine knows, such as America/Los_Angeles", name)
		}
		return zone, nil
	}
	n := func(s string) int { i, _ := strconv.Atoi(s); return i }
	seconds := n(m[2])*3600 + n(m[3])*60 + n(m[4])
	if seconds > 18*3600 || n(m[3]) > 59 || n(m[4]) > 59 {
		return nil, fmt.Errorf("%q is no offset; they go from -18:00 to +18:00", name)
	}
	if m[1] == "-" {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), nil
}

func timezoneConverter(p *property.Set) transform.Transform {
	p.Use(timezoneConverterProperties())
	c := debezium.TimezoneConverter{Include: p.List("include.list"), Exclude: p.List("exclude.list")}
	zone, err := timeZone(p.String("converted.timezone"))
	if c.Zone = zone; err != nil {
		p.Errorf("converted.timezone", "%w", err)
	}
	t, err := c.New()
	return keys{"Zone": "converted.timezone", "Include": "include.list", "Exclude": "exclude.list"}.made(p, t, err)
}

func decodeMessageProperties() property.Table {
	return property.Table{{Key: "fields.null.include", Type: property.Bool, Default: "false", Doc: "Whether nulls in the message become optional bytes, rather than being left out."}}
}

func decodeMessage(p *property.Set) transform.Transform {
	t, err := debezium.DecodeLogicalDecodingMessageContent{KeepNulls: p.Use(decodeMessageProperties()).Bool("fields.null.include")}.New()
	return keys{}.made(p, t, err)
}

func enforceRecordSizeProperties() property.Table {
	return property.Table{
		{Key: "max.bytes", Required: true, Type: property.Int, Check: property.AtLeast(1), Doc: "How large a record may be, in Debezium's estimate of what it takes in a JVM's memory."},
		{Key: "compression.ratio", Type: property.Float, Default: "1.0", Doc: "What the estimate is multiplied by."},
		{Key: "min.field.size", Type: property.Int, Default: "25000", Check: property.AtLeast(0), Doc: "The size up to which a column is not cut."},
	}
}

func enforceRecordSize(p *property.Set) transform.Transform {
	p.Use(enforceRecordSizeProperties())
	ratio := p.Float("compression.ratio")
	if p.Has("compression.ratio") && ratio <= 0 {
		p.Errorf("compression.ratio", "must be above 0")
	}
	t, err := debezium.EnforceRecordSize{MaxBytes: p.Int("max.bytes"), CompressionRatio: ratio, MinFieldSize: tailrace.Some(p.Int("min.field.size"))}.New()
	return keys{"MaxBytes": "max.bytes", "CompressionRatio": "compression.ratio", "MinFieldSize": "min.field.size"}.made(p, t, err)
}

func eventRouterProperties() property.Table {
	const tracing = "spans are not made here"
	return property.Table{
		{Key: "table.field.event.id", Default: "id", Check: notEmpty, Doc: "The column that the header id is made of."},
		{Key: "table.field.event.key", Default: "aggregateid", Check: notEmpty, Doc: "The column that the key is made of."},
		{Key: "table.field.event.type", Ignored: "the type of an event is of use as an additional column alone", Doc: "The column with the type of an event."},
		{Key: "table.field.event.payload", Default: "payload", Check: notEmpty, Doc: "The column that the value is made of."},
		{Key: "table.field.event.timestamp", Check: notEmpty, Doc: "The column with the record's time, an io.debezium.time Timestamp, MicroTimestamp or NanoTimestamp; the event's ts_ms without it."},
		{Key: "table.field.event.schema.version", Check: notEmpty, Doc: "The column with the version of the schema of values that hold additional columns."},
		{Key: "table.fields.additional.placement", Type: property.List, Check: placements, Doc: "Further columns, as column:place or column:place:alias; the places are header, envelope and partition."},
		{Key: "table.fields.additional.error.on.missing", Type: property.Bool, Default: "true", Doc: "Whether it is an error that one of them is missing."},
		{Key: "table.op.invalid.behavior", Type: property.Enum, Default: "warn", Values: []string{"warn", "error", "fatal"}, Doc: "What becomes of updates of rows: they are dropped with a warning or an error in the log, or fail."},
		{Key: "table.expand.json.payload", Type: property.Bool, Default: "false", Doc: "Whether payloads that are the text of a JSON object become structs."},
		{Key: "table.json.payload.null.behavior", Type: property.Enum, Default: "ignore", Values: []string{"ignore", "optional_bytes"}, Doc: "Whether nulls in them are left out, or become optional bytes."},
		{Key: "field.name.adjustment.mode", Type: property.Enum, Default: "none", Values: nameModes(), Doc: "How the names of their fields are made to fit Avro."},
		{Key: "route.by.field", Default: "aggregatetype", Check: notEmpty, Doc: "The column that the topic is made of."},
		{Key: "route.topic.regex", Type: property.Regexp, Default: "(?<routedByValue>.*)", Doc: "What the column has to match as a whole; otherwise it is the topic itself."},
		{Key: "route.topic.replacement", Default: "outbox.event.${routedByValue}", Doc: "The topic, where it matches; $1 is the text of the first group, ${name} that of the group of that name."},
		{Key: "route.tombstone.on.empty.payload", Type: property.Bool, Default: "false", Doc: "Whether rows without a payload become tombstones."},
		{Key: "tracing.span.context.field", Ignored: tracing, Doc: "The column with the context of a span."},
		{Key: "tracing.operation.name", Ignored: tracing, Doc: "The name of spans."},
		{Key: "tracing.with.context.field.only", Ignored: tracing, Doc: "Whether spans are made only where the column is there."},
	}
}

// placements is a Check for additional columns.
func placements(value string) error {
	for s := range strings.SplitSeq(strings.TrimRight(value, ","), ",") {
		parts := strings.Split(s, ":")
		if len(parts) < 2 || len(parts) > 3 || !slices.Contains([]string{"header", "envelope", "partition"}, strings.ToLower(strings.TrimSpace(parts[1]))) {
			return fmt.Errorf("have columns of the forms column:place and column:place:alias, where a place is header, envelope or partition, and %q is none", s)
		}
	}
	return nil
}

func eventRouter(p *property.Set) transform.Transform {
	p.Use(eventRouterProperties())
	c := debezium.EventRouter{
		ID: p.String("table.field.event.id"), Key: p.String("table.field.event.key"), Payload: p.String("table.field.event.payload"),
		Timestamp: p.String("table.field.event.timestamp"), SchemaVersion: p.String("table.field.event.schema.version"),
		RouteBy: p.String("route.by.field"), RouteTopic: p.RegexpWithin("route.topic.regex"), IgnoreMissing: !p.Bool("table.fields.additional.error.on.missing"),
		ExpandJSON: p.Bool("table.expand.json.payload"), KeepNulls: p.Enum("table.json.payload.null.behavior") == "optional_bytes",
		FieldNames: nameMode(p.Enum("field.name.adjustment.mode")), Tombstones: p.Bool("route.tombstone.on.empty.payload"),
		FailOnUpdate: p.Enum("table.op.invalid.behavior") == "fatal",
	}
	for _, s := range p.List("table.fields.additional.placement") {
		parts := strings.Split(s+"::", ":")
		f := debezium.AdditionalField{Field: strings.TrimSpace(parts[0]), Alias: strings.TrimSpace(parts[2])}
		switch strings.ToLower(strings.TrimSpace(parts[1])) {
		case "envelope":
			f.Place = debezium.PlaceEnvelope
		case "partition":
			f.Place = debezium.PlacePartition
		}
		c.Additional = append(c.Additional, f)
	}
	if c.RouteTopic != nil {
		var err error
		if c.RouteReplacement, err = property.Replacement(c.RouteTopic, p.String("route.topic.replacement")); err != nil {
			p.Errorf("route.topic.replacement", "%w", err)
		}
	}
	if log := p.Log(); log != nil {
		say := log.Warn
		if p.Enum("table.op.invalid.behavior") == "error" {
			say = log.Error
		}
		c.Warn = func(_ *tailrace.Record, err error) { say(err.Error()) }
	}
	t, err := c.New()
	return keys{"Additional": "table.fields.additional.placement", "FieldNames": "field.name.adjustment.mode"}.made(p, t, err)
}
