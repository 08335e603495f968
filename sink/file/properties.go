package file

import "github.com/tailrace-io/tailrace/engine/connect/property"

// Properties is the table of the properties of Kafka's
// org.apache.kafka.connect.file.FileStreamSinkConnector.
func Properties() property.Table {
	return property.Table{
		{Key: "file", Required: true, Doc: "The file. Kafka's connector writes to the standard output without it, which is the program's here."},
	}
}

// FromProperties reads the sink that the properties of Kafka's connector
// describe. What is wrong is left in p.
func FromProperties(p *property.Set) Sink {
	return Sink{Path: p.Use(Properties()).String("file")}
}
