// Package jsonschema converts to and from JSON with a schema registry, as
// Confluent's JsonSchemaConverter does.
//
// A value is a zero byte, the id of its schema in the registry in four, and
// JSON as converter.JSON writes it, but for maps whose keys are no texts, which
// are arrays of objects with the members key and value. What JSON Schema has no
// place for, such as the order of fields and the sizes of numbers, is in members
// whose names begin with "connect.". Data without a schema is refused.
package jsonschema
