// Package kafka is the Kafka sink: records go to the topics and partitions that
// they name, or that their keys choose, with the same bytes in the same places
// as the Java producer would put them.
//
// Keys, values and headers are bytes, strings or null, as the engine's
// converters make them. Writes wait for all in-sync replicas, with the identity
// and the sequence numbers of an idempotent producer: whatever is tried again
// within a Write, because a leader has moved, a broker has died or an answer was
// lost, is in its partition once and in its order.
//
// With ExactlyOnce the records and the source's offsets are written in one
// transaction. It costs two more requests a batch: on one broker of Kafka 4.3
// beside the program, 5.7 ms for a WriteTx of a record where a Write takes 0.6,
// and 6.8 ms for one of 1,000 small records where a Write takes 1.0.
//
// The sink speaks to the brokers by the low-level parts of kafka-go, needs
// brokers of Kafka 0.11 or newer, and takes most of its properties from the Java
// producer; see FromProperties.
package kafka
