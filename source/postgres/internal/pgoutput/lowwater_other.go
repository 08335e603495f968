//go:build !unix

package pgoutput

// setLowWater does nothing: here a socket is readable with its first byte.
func setLowWater(uintptr, int) {}
