// Package convertertest says of a converter whether it keeps the contract of
// package converter, one subtest a promise.
package convertertest

import (
	"testing"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
	"github.com/tailrace-io/tailrace/internal/suite"
)

// Harness is what the suite needs to know of a converter.
type Harness struct {
	// New makes the converter.
	New func(t testing.TB) converter.Converter

	// Samples are data of every kind that the converter carries, none of them
	// null without a schema.
	Samples []Sample

	// Rejects are data that the converter has no bytes for.
	Rejects []Sample

	// Garbage are bytes that the format does not allow.
	Garbage [][]byte
}

// Sample is a value and the schema that describes it; nil for schemaless data.
type Sample struct {
	Name   string
	Schema *tailrace.Schema
	Value  tailrace.Value

	// Lossy says that the format keeps less than the sample has, such as
	// numbers without their type: what is read is something else, of which the
	// converter writes the same bytes.
	Lossy bool
}

// Run runs the whole suite. A subtest that fails says which promise of the
// contract is broken.
func Run(t *testing.T, h Harness) { suite.Run(t, promises, h) }

func promise(name, sentence string, check func(p *place)) suite.Promise[Harness] {
	return suite.Promise[Harness]{
		Name: name, Sentence: sentence,
		Check: func(t testing.TB, h Harness) { check(&place{TB: t, Harness: h, c: h.New(t)}) },
	}
}

var promises = []suite.Promise[Harness]{
	promise("appends", "The result of Append starts with dst, whether dst has room or not, and the same bytes follow each time.", appends),
	promise("writes nothing for nothing", "The result of Append is nil for a null without a schema, which stands for no bytes at all.", writesNothing),
	promise("tells zero bytes from nothing", "Where a value has zero bytes the result of Append is dst itself, not nil.", zeroBytes),
	promise("reads nothing as null", "Decode gives null for nil bytes.", readsNothing),
	promise("reads what it wrote", "Decode gives the schema and the value of which Append wrote the bytes.", readsWhatItWrote),
	promise("writes what it read", "Append writes the bytes that Decode read.", writesWhatItRead),
	promise("takes an equal schema", "Append and Decode go by what a schema says, not by which of several equal ones it is.", takesEqualSchema),
	promise("keeps nothing of the value", "Append keeps nothing of v: its memory may be used again.", keepsNothing),
	promise("changes nothing", "Append does not change v, and Decode does not change data.", changesNothing),
	promise("refuses what it has no bytes for", "Append returns an error for a value that the format has no bytes for, and leaves dst alone.", refusesValues),
	promise("refuses garbage", "Decode returns an error for bytes that the format does not allow.", refusesGarbage),
	promise("survives damaged bytes", "Decode of bytes of any kind gives a value that its schema describes, or an error; it never panics.", survivesDamage),
	promise("is for many goroutines", "Any number of goroutines may use one converter.", isConcurrent),
}
