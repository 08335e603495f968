// Package testserver brings the real servers that tests run against to this machine, starts them and stops them.
//
// The command cmd/testservers starts one of each kind and tells the tests where they are by an environment variable a kind.
// A test asks for such a shared server by MySQL, MariaDB, MariaDB11, Postgres, Postgres18, Kafka or Registry, and for a server of its own,
// which it may stop, kill and start again, by StartMySQL, StartMariaDB, StartMariaDB11, StartPostgres, StartPostgres18 or StartKafka.
// StartPostgres18Standby starts one that follows another, and StartProxy puts a faulty network in front of any.
//
// What is downloaded is kept in a cache outside the project (see OpenCache). Servers listen on 127.0.0.1 only, keep their data
// in a directory that goes with them, and end when the process that started them ends, whatever it dies of.
package testserver
