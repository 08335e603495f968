package converter

import (
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// JSONConfig says how a JSON converter reads and writes. The zero value writes
// plain JSON without schemas; Kafka Connect's own default, schemas.enable, is
// Schemas.
type JSONConfig struct {
	// Schemas writes each value as {"schema": …, "payload": …}, and requires
	// that form of what is read. Without it a value is its payload alone, and
	// what is read has no schema: whole numbers are int64, others float64,
	// objects maps and arrays arrays.
	// Connect: schemas.enable.
	Schemas bool

	// Schema, with Schemas, describes everything that is read, which then is
	// payload alone. It does not change what is written.
	// Connect: schema.content, as text; ParseJSONSchema reads it.
	Schema *tailrace.Schema

	// NumericDecimals writes decimals as JSON numbers rather than as the base64
	// of their unscaled number, which other readers than Connect's cannot make
	// sense of. Both forms are read.
	// Connect: decimal.format NUMERIC, against BASE64.
	NumericDecimals bool

	// KeepNulls writes and reads a null as a null, even where its schema has a
	// default. Without it the default takes the place of the null.
	// Connect: replace.null.with.default, the other way about.
	KeepNulls bool

	// Unavailable is what stands for a column that the log did not carry
	// (tailrace.Unchanged) in text and, as bytes, in other types that have room
	// for it. Empty, it is Debezium's "__debezium_unavailable_value".
	// Debezium: unavailable.value.placeholder.
	Unavailable string

	// CacheSize bounds how many schemas' plans are kept in each direction; 1000
	// unless it is positive. As many older ones are kept while they are in use.
	// Connect: schemas.cache.size.
	CacheSize int
}

const (
	defaultCacheSize = 1000

	// maxDepth bounds how deep data may nest, as Jackson bounds it.
	maxDepth = 1000
)

// JSON is the converter to and from JSON: byte for byte what the JsonConverter of
// Kafka Connect 4.3 writes. Members come in the schema's order, or in that of a
// map; bytes are base64, a map whose keys are no strings is an array of pairs,
// NaN and the infinities are strings, characters beyond U+FFFF are two escapes,
// and floating-point numbers have Java's text (1.0E10), the shortest that reads
// back as the same number, which is Java's from 19 on.
//
// It differs from JsonConverter where that one goes on with something else than
// it was given. A value that does not fit its schema is an error, where
// JsonConverter reads the text "7" as the number 0, 300 as the int8 44, and
// ignores what follows the first JSON value. So is half a surrogate pair, which
// UTF-8 does not have. "NaN" and the infinities are read as what they were
// written from. Decimals are read in their schema's scale, or not at all where
// they have more digits. Text that is the placeholder for a column that the log
// did not carry is read as tailrace.Unchanged.
type JSON struct {
	config   JSONConfig
	encoding cache[*tailrace.Schema, *jsonPlan]
	decoding cache[string, *jsonSchema] // by the schema's text; "" is config.Schema
	recents  cache[string, *recents]    // by topic
}

var _ Converter = (*JSON)(nil)

// NewJSON makes a JSON converter.
func NewJSON(config JSONConfig) *JSON {
	if config.Unavailable == "" {
		config.Unavailable = DefaultUnavailable
	}
	if config.CacheSize <= 0 {
		config.CacheSize = defaultCacheSize
	}
	j := &JSON{config: config}
	j.encoding.limit = config.CacheSize
	j.decoding.limit = config.CacheSize
	j.recents.limit = config.CacheSize
	return j
}

// Append implements Converter. Once it has seen a schema it allocates nothing
// but room in dst. Its result is nil for a null without a schema; a null with
// one is the text null, or the schema's default. It fails for a value that does
// not fit its schema, a Connect Time outside of a day, and schemaless structs.
func (j *JSON) Append(dst []byte, _ string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	if schema == nil {
		return j.appendSchemaless(dst, v)
	}
	p, err := j.plan(schema)
	if err != nil {
		return dst, fmt.Errorf("write JSON: %w", err)
	}
	out := dst
	if j.config.Schemas {
		out = append(out, p.envelope...)
	}
	if out, err = p.root.append(out, v); err != nil {
		return dst, fmt.Errorf("write JSON: %w", err)
	}
	if j.config.Schemas {
		out = append(out, '}')
	}
	return out, nil
}

func (j *JSON) appendSchemaless(dst []byte, v tailrace.Value) (out []byte, err error) {
	if v.IsNull() {
		return nil, nil
	}
	out = dst
	if j.config.Schemas {
		out = append(out, `{"schema":null,"payload":`...)
	}
	if out, err = j.appendAny(out, v, 0); err != nil {
		return dst, fmt.Errorf("write JSON: %w", err)
	}
	if j.config.Schemas {
		out = append(out, '}')
	}
	return out, nil
}

// plan gives the plan of a schema that data is written by.
func (j *JSON) plan(schema *tailrace.Schema) (*jsonPlan, error) {
	if p, ok := j.encoding.get(schema); ok {
		return p, nil
	}
	p, err := j.compile(schema)
	if err != nil {
		return nil, err
	}
	return j.encoding.add(schema, p), nil
}

// errDeep is what data that nests without end comes to.
var errDeep = errors.New("the data nests deeper than 1000 levels")
