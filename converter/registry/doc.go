// Package registry is a client of schema registries that speak the protocol of
// Confluent's, and what the converters that use one have in common: the wire
// format, the names of subjects, and when a schema is registered.
//
// The client keeps what it was told: a schema is registered once for a subject,
// and asked for once by its id. A registry that does not answer, or says that it
// cannot for now, is asked again, at its other addresses first.
package registry
