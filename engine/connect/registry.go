// Package connect reads the configurations of Kafka Connect and of Debezium's
// engine: properties, in which Java's class names say what a connector, a
// converter or a transform is, become an engine.Config of our own.
//
// What stands behind the class names is said by a Registry, a plain value. That
// of the package builtin has all that tailrace brings; an application adds its
// own to it, or begins with an empty one and links no more than it names.
package connect

import (
	"log/slog"

	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/transform"
)

// Registry says what stands behind class names, such as
// "io.debezium.connector.mysql.MySqlConnector". A configuration may also use the
// aliases that Connect gives a class: its name without the package,
// "MySqlConnector", and without the kind, "MySql".
//
// The functions are given the part of the configuration that is the class's
// own, declare its properties with Use, and leave what is wrong in it. A source
// or sink has the whole configuration for its part. A sink whose own properties
// say how the engine tries again what it does not take has a method
// Retry() engine.Retry.
type Registry struct {
	Sources    map[string]func(*property.Set) source.Source
	Sinks      map[string]func(*property.Set) sink.Sink
	Converters map[string]func(*property.Set) converter.Converter
	Transforms map[string]func(*property.Set) transform.Transform
	Predicates map[string]func(*property.Set) transform.Predicate
	Offsets    map[string]func(*property.Set) offset.Store

	// Producer makes the sink of a source connector, and Consumer the source of
	// a sink connector, where the configuration names brokers by
	// bootstrap.servers, as that of a Connect worker does.
	Producer func(*property.Set) sink.Sink
	Consumer func(*property.Set) source.Source

	// DeadLetters makes the sink of the records that are set aside, which gets
	// the topic errors.deadletterqueue.topic.name; nil leaves it to Producer.
	DeadLetters func(*property.Set) sink.Sink

	// Log is what the engine and its drivers log to. Nil logs nothing.
	Log *slog.Logger
}
