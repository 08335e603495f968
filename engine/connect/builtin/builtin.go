// Package builtin has the registry of everything that tailrace brings, under
// the names of the Java classes in whose place it stands. Whoever imports it
// links all the drivers; a program that wants fewer writes down a registry of
// its own.
package builtin

import (
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/engine/connect"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/sink"
	"github.com/tailrace-io/tailrace/source"
	"github.com/tailrace-io/tailrace/transform"
)

// Registry gives a registry that the caller may add to.
func Registry() connect.Registry {
	return connect.Registry{
		Sources: map[string]func(*property.Set) source.Source{},
		Sinks:   map[string]func(*property.Set) sink.Sink{},
		Converters: map[string]func(*property.Set) converter.Converter{
			"org.apache.kafka.connect.json.JsonConverter": json,
		},
		Transforms: map[string]func(*property.Set) transform.Transform{
			"org.apache.kafka.connect.transforms.Filter":      drop,
			"org.apache.kafka.connect.transforms.RegexRouter": regexRouter,
		},
		Predicates: map[string]func(*property.Set) transform.Predicate{
			"org.apache.kafka.connect.transforms.predicates.HasHeaderKey":      hasHeaderKey,
			"org.apache.kafka.connect.transforms.predicates.RecordIsTombstone": recordIsTombstone,
			"org.apache.kafka.connect.transforms.predicates.TopicNameMatches":  topicNameMatches,
		},
		Offsets: map[string]func(*property.Set) offset.Store{
			"org.apache.kafka.connect.storage.FileOffsetBackingStore":   file,
			"org.apache.kafka.connect.storage.MemoryOffsetBackingStore": memory,
		},
	}
}
