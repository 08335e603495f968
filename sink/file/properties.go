package file

import "github.com/tailrace-io/tailrace/engine/connect/property"

// Properties is the table of the properties of Kafka's
// org.apache.kafka.connect.file.FileStreamSinkConnector.
func Properties() property.Table {
	return property.Table{
		{Key: "file", Doc: "The file. Without it records go to the standard output."},
	}
}

// FromProperties reads the sink that the properties of Kafka's connector
// describe. Without a file Path is empty: the caller sets Output then. What is
// wrong is left in p.
func FromProperties(p *property.Set) Sink {
	return Sink{Path: p.Use(Properties()).String("file")}
}
