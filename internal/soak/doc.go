// Package soak runs an engine under load for as long as one likes, and looks at
// its memory: see its test.
package soak
