package cloudevents

import (
	"net/url"
	"strings"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/converter/avro"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

const (
	sourceKey   = "metadata.source"
	tracingKey  = "opentelemetry.tracing.attributes.enable"
	registryKey = "schema.registry.url"
)

// Properties are those of Debezium's CloudEventsConverter, but for those of the
// converters to JSON and to Avro that it has.
func Properties() property.Table {
	return property.Table{
		{Key: "serializer.type", Type: property.Enum, Default: "json", Values: []string{"json", "avro"}, Doc: "What whole events are written in. Events in Avro have data in Avro."},
		{Key: "data.serializer.type", Type: property.Enum, Default: "json", Values: []string{"json", "avro"}, Doc: "What their data is written in. With json, what begins with `json.` are the options of a JsonConverter; with avro, what begins with `avro.` are those of an AvroConverter, `avro.schema.registry.url` first."},
		{Key: "extension.attributes.enable", Type: property.Bool, Default: "true", Doc: "Whether events have the attributes that begin with iodebezium: the operation, the source and the transaction."},
		{Key: tracingKey, Type: property.Bool, Default: "false", Doc: "Whether events have the attribute traceparent, which is the header of that name."},
		{Key: "schema.name.adjustment.mode", Type: property.Enum, Default: "avro", Values: []string{"none", "avro", "avro_unicode"}, Doc: "How the name of an event's schema is made to fit Avro."},
		{Key: "schema.cloudevents.name", Doc: "The name of an event's schema in Avro. By default it is that of the connector, that of the database and `CloudEvents.Envelope`."},
		{Key: "schema.data.name.source.header.enable", Type: property.Bool, Default: "false", Doc: "Whether metadata.source may name the header dataSchemaName for the name of the data's schema."},
		{Key: sourceKey, Type: property.List, Default: "value,id:generate,type:generate,traceparent:header,dataSchemaName:generate",
			Doc: "Where the source, the operation and the transaction are: in the `value` or in a `header` each; and behind it, for `id`, `type`, `traceparent` and `dataSchemaName`, whether each is a `header` or `generate`d."},
		{Key: "avro.apicurio.registry.url", Unsupported: "Apicurio's own protocol; name the path of Apicurio that speaks Confluent's, /apis/ccompat/v7, in avro.schema.registry.url", Doc: "The address of a registry that is asked by Apicurio's own protocol."},
	}
}

// FromProperties makes the converter of a configuration, of which p is the part.
// The options of JSON are read by json.
func FromProperties(p *property.Set, json func(*property.Set) converter.JSONConfig) *Converter {
	p.Use(Properties())
	config := Config{
		JSON:         json(p.Sub("json.")),
		NoExtensions: !p.Bool("extension.attributes.enable"),
		Tracing:      p.Bool(tracingKey),
		SchemaName:   p.String("schema.cloudevents.name"),
	}
	if p.Enum("serializer.type") == "avro" {
		config.Format = Avro
	}
	switch p.Enum("schema.name.adjustment.mode") {
	case "none":
		config.Names = NamesAsTheyAre
	case "avro_unicode":
		config.Names = NamesAvroUnicode
	}
	own := p.Sub("avro.")
	if p.Enum("data.serializer.type") == "avro" {
		config.DataFormat = Avro
		config.Avro = avro.FromProperties(own)
		config.Registry = addresses(own.List(registryKey))
	} else {
		own.Take() // a registry that is not asked
		if config.Format == Avro {
			p.Errorf("data.serializer.type", "must be avro where serializer.type is: data in JSON cannot stand within events in Avro")
			config.Format = JSON
		}
	}
	if config.JSON.Schema != nil {
		p.Errorf("json.schema.content", "does not fit events, which have a schema each; leave it out")
		config.JSON.Schema = nil
	}
	metadataSource(p, &config)
	c, err := New(config)
	if err != nil {
		return &Converter{} // the set has been told why
	}
	return c
}

// addresses are those of a registry without what is not for readers of events.
func addresses(urls []string) string {
	shown := make([]string, len(urls))
	for i, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			continue // which the client of the registry has said
		}
		u.User = nil
		shown[i] = u.String()
	}
	return strings.Join(shown, ",")
}

// metadataSource reads where the attributes come from.
func metadataSource(p *property.Set, config *Config) {
	list := p.List(sourceKey)
	if len(list) == 0 {
		p.Errorf(sourceKey, "must begin with value or header")
		return
	}
	global := strings.ToLower(strings.TrimSpace(list[0]))
	if global != "value" && global != "header" {
		p.Errorf(sourceKey, "must begin with value or header, not with %q", list[0])
		return
	}
	from := map[string]string{"id": global, "type": global, "traceparent": global, "dataSchemaName": global}
	for _, entry := range list[1:] {
		name, where, _ := strings.Cut(strings.TrimSpace(entry), ":")
		where = strings.ToLower(strings.TrimSpace(where))
		if _, ok := from[name]; !ok {
			p.Errorf(sourceKey, "has %q, which is none of id, type, traceparent and dataSchemaName", name)
		} else if where != "header" && where != "generate" {
			p.Errorf(sourceKey, "must have header or generate behind %s:", name)
		} else {
			from[name] = where
		}
	}
	for _, name := range []string{"id", "type"} {
		if from[name] == "value" {
			p.Errorf(sourceKey, "must say %[1]s:generate or %[1]s:header: no event has the attribute in its value", name)
		}
	}
	if config.Tracing && from["traceparent"] != "header" {
		p.Errorf(sourceKey, "must say traceparent:header where %s is true: there is nothing else to take it from", tracingKey)
	}
	config.HeaderSource = global == "header"
	config.HeaderID = from["id"] == "header"
	config.HeaderType = from["type"] == "header"
	config.HeaderDataName = from["dataSchemaName"] == "header" && p.Bool("schema.data.name.source.header.enable")
}
