// Package tailrace is change data capture as a library: it reads the changes of
// a database as they happen and hands them to a callback, to Kafka, to another
// database or to a search index, in the events that Debezium emits, with no
// server and no JVM beside the application.
//
// This package holds the nouns that everything else speaks of. A [Record] is a
// message with a topic, a key and a value; its [Schema] and its [Value] are
// Kafka Connect's data model as Go values. A [Change] is a view of a record
// that tells of a row that was inserted, updated or deleted, and [ChangeOf] is
// a change decoded into a struct of the application's own.
//
// An engine, of package engine, wires the rest together:
//
//	eng, err := engine.New(engine.Config{
//		Name:   "inventory",
//		Source: mysql.Source{Addr: "localhost:3306", User: "cdc", Password: pw, TopicPrefix: "shop", Tables: mysql.Include("shop.orders")},
//		Sink: sink.Changes(func(ctx context.Context, changes []tailrace.ChangeOf[Order]) error {
//			return index(ctx, changes)
//		}),
//		Offsets: offset.File("inventory.offsets"),
//	})
//	if err != nil {
//		return err
//	}
//	return eng.Run(ctx)
//
// The packages below source and sink are the drivers; an application links
// those that it imports. Package engine/connect builds an engine from Kafka
// Connect's and Debezium's own configuration files.
package tailrace
