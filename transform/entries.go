package transform

import "github.com/tailrace-io/tailrace"

// Schemaless data has its fields in maps with strings for keys.

// entry finds the value of a key; it is null where there is none.
func entry(kvs []tailrace.Value, key string) (v tailrace.Value, at int) {
	for i := 0; i+1 < len(kvs); i += 2 {
		if kvs[i].Type() == tailrace.TypeString && kvs[i].Text() == key {
			return kvs[i+1], i
		}
	}
	return v, -1
}

// put sets the value of a key in entries that the caller made.
func put(kvs []tailrace.Value, key string, v tailrace.Value) []tailrace.Value {
	if _, at := entry(kvs, key); at >= 0 {
		kvs[at+1] = v
		return kvs
	}
	return append(kvs, tailrace.String(key), v)
}

// extended copies entries, with room for n more.
func extended(kvs []tailrace.Value, n int) []tailrace.Value {
	return append(make([]tailrace.Value, 0, len(kvs)+2*n), kvs...)
}
