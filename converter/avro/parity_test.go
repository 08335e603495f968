package avro

import (
	"testing"

	"github.com/tailrace-io/tailrace/converter/internal/recorded"
)

func TestTheBytesAndSchemasAreThoseOfAvroConverter(t *testing.T) {
	recorded.RunWrites(t, "testdata/write.jsonl", 300, FromProperties)
}

func TestWhatIsReadIsWhatAvroConverterReads(t *testing.T) {
	recorded.RunReads(t, "testdata/read.jsonl", 85, FromProperties)
}
