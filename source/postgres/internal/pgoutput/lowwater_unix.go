//go:build unix

package pgoutput

import "syscall"

// setLowWater sets how many bytes make a socket readable.
func setLowWater(fd uintptr, bytes int) {
	syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, bytes)
}
