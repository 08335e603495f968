package property

import (
	"slices"
	"strings"
)

// DidYouMean gives "; did you mean …?" with the known name that is nearest to
// the given one, or "" when none is near.
func DidYouMean(name string, known []string) string {
	if near, ok := Nearest(name, known); ok {
		return "; did you mean " + near + "?"
	}
	return ""
}

// Nearest gives the known name that one would most likely have meant: the one
// with the fewest letters left out, put in, changed or swapped. A name that
// differs by more than about a letter in four, or four in all, is not near.
func Nearest(name string, known []string) (string, bool) {
	best, bound := "", bound(name)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(strings.ToLower(name), strings.ToLower(k), bound); d < bound {
			best, bound = k, d
		}
	}
	return best, best != "" && best != name
}

func bound(name string) int {
	switch {
	case len(name) < 3:
		return 0
	case len(name) < 6:
		return 1
	}
	return min(1+len(name)/4, 4)
}

// distance is the number of letters to leave out, put in, change or swap with
// their neighbour to get from a to b; limit when it is not less than that.
func distance(a, b string, limit int) int {
	if diff := len(a) - len(b); diff >= limit || -diff >= limit {
		return limit
	}
	// Rows of the usual table: the one before the last, the last, the current.
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least >= limit {
			return limit
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
