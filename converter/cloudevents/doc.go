// Package cloudevents writes change events as CloudEvents 1.0 and reads them, in
// the place of Debezium's io.debezium.converters.CloudEventsConverter: a converter
// of values behind the connectors for MySQL, MariaDB and PostgreSQL.
//
// An event is in the structured mode: attributes and data are one document, in
// JSON or in Avro. Debezium's converter has no other; the binary mode, in which
// the attributes are headers of Kafka, is not there either.
package cloudevents
