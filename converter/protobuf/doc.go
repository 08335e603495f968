// Package protobuf converts to and from Protobuf with a schema registry, as
// Confluent's ProtobufConverter does.
//
// A value is a zero byte, the id of its schema in the registry in four, the
// place of its message in that schema, and the message. The schema is the text
// of a .proto file in which a struct is a message and a struct inside it a
// message inside that; what is no struct is one of the wrappers of
// google/protobuf/wrappers.proto. A field that is null is left out, and is read
// as a zero or an empty text unless Config.OptionalForNullables or
// Config.WrapperForNullables keeps the difference. Data without a schema, and
// arrays and maps that are in no struct, are refused.
package protobuf
