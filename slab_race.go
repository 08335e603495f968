//go:build race

package tailrace

const raceEnabled = true
