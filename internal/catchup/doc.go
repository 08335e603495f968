// Package catchup measures how fast a change stream is caught up with, beside
// Debezium: see its benchmark.
package catchup
