// Package avro converts to and from Avro with a schema registry, as Confluent's
// AvroConverter does: the same schemas under the same subjects, and the same
// bytes.
//
// A value is a zero byte, the id of its schema in the registry in four, and the
// data in Avro's binary form. The schema is made of Connect's: structs are
// records, and a name such as inventory.orders.Envelope is that of a record
// Envelope in the namespace inventory.orders; what is optional is a union with
// null; Connect's logical types are Avro's; what Avro has no place for, such as
// versions, parameters and the two small integer types, is in attributes whose
// names begin with "connect.". Maps whose keys are no texts are arrays of
// entries. Schemaless data is a record with one field a type.
package avro
