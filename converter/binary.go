package converter

import (
	"errors"
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// BinaryData writes bytes as they are, and everything else as its delegate does:
// Debezium's BinaryDataConverter, for rows that are bytes already, as the outbox
// EventRouter makes them, among heartbeats and transactions' marks that are not.
// All that is read is bytes.
type BinaryData struct {
	// Delegate writes what is not of a schema of bytes, and what has no schema.
	// Nil refuses it.
	// Debezium: delegate.converter.type.
	Delegate Converter
}

var _ Converter = BinaryData{}

// Append implements Converter. A null of a schema of bytes has no bytes, and
// neither has one without a schema.
func (c BinaryData) Append(dst []byte, topic string, schema *tailrace.Schema, v tailrace.Value) ([]byte, error) {
	isBytes := schema != nil && schema.Type() == tailrace.TypeBytes && schema.Name() != tailrace.DecimalName
	switch {
	case v.IsNull() && (schema == nil || isBytes):
		return nil, nil
	case isBytes || schema == nil && v.Type() == tailrace.TypeBytes:
		out, err := Bytes{}.Append(dst, topic, nil, v)
		if err != nil {
			return dst, fmt.Errorf("write binary data: %w", err)
		}
		return out, nil
	case c.Delegate == nil:
		return dst, errors.New("write binary data: the data is not bytes, and there is no other converter to write it: set delegate.converter.type")
	}
	return c.Delegate.Append(dst, topic, schema, v)
}

// Decode implements Converter. The schema is that of optional bytes.
func (c BinaryData) Decode(topic string, data []byte) (*tailrace.Schema, tailrace.Value, error) {
	return Bytes{}.Decode(topic, data)
}
