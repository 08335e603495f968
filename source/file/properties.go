package file

import "github.com/tailrace-io/tailrace/engine/connect/property"

// Properties is the table of the properties of Kafka's
// org.apache.kafka.connect.file.FileStreamSourceConnector.
func Properties() property.Table {
	return property.Table{
		{Key: "file", Doc: "The file. Without it the standard input is read, up to its end."},
		{Key: "topic", Required: true, Doc: "The topic of the records."},
		{Key: "batch.size", Type: property.Int, Default: "2000", Check: property.AtLeast(1), Doc: "The greatest number of lines in a batch."},
		{Key: "tailrace.start.over", Type: property.Bool, Default: "false",
			Doc: "Whether a file that is not the one which the stored position is of is read from its beginning, rather than an error."},
	}
}

// FromProperties reads the source that the properties of Kafka's connector
// describe. Without a file Path is empty: the caller sets Input then. What is
// wrong is left in p.
func FromProperties(p *property.Set) Source {
	p.Use(Properties())
	return Source{Path: p.String("file"), Topic: p.String("topic"), BatchLines: p.Int("batch.size"), StartOver: p.Bool("tailrace.start.over"), Log: p.Log()}
}
