package builtin

import (
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/offset/javafile"
	"github.com/tailrace-io/tailrace/offset/jdbc"
)

// offsetProperties are those of the stores in a file and in memory. Templates of
// Debezium's engine have those of its store in Kafka too.
func offsetProperties(inFile bool) property.Table {
	const why = "the offsets are not kept in Kafka"
	return property.Table{
		{Key: "file.filename", Required: inFile, Doc: "The file that offsets are kept in, as JSON. Where Java has written it, its offsets are where to begin, and later ones are in a file of the same name with the suffix .json."},
		{Key: "topic", Ignored: why, Doc: why},
		{Key: "partitions", Ignored: why, Doc: why},
		{Key: "replication.factor", Ignored: why, Doc: why},
	}
}

func file(p *property.Set) offset.Store {
	return javafile.Store(p.Use(offsetProperties(true)).String("file.filename"))
}

func sqlOffsets(p *property.Set) offset.Store {
	return jdbc.FromProperties(p, jdbcSinkDialects()...)
}

func memory(p *property.Set) offset.Store {
	p.Use(offsetProperties(false))
	return &offset.Memory{}
}
