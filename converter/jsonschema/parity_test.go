package jsonschema

import (
	"testing"

	"github.com/tailrace-io/tailrace/converter/internal/recorded"
)

func TestTheBytesAndSchemasAreThoseOfJsonSchemaConverter(t *testing.T) {
	recorded.RunWrites(t, "testdata/write.jsonl", 300, FromProperties)
}

func TestWhatIsReadIsWhatJsonSchemaConverterReads(t *testing.T) {
	recorded.RunReads(t, "testdata/read.jsonl", 30, FromProperties)
}
