package property

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The parsers of single values. Their errors say what is allowed, so that they
// fit behind the value.

func parseBool(value string) (bool, error) {
	switch value = strings.TrimSpace(value); {
	case strings.EqualFold(value, "true"):
		return true, nil
	case strings.EqualFold(value, "false"):
		return false, nil
	}
	return false, errors.New("must be true or false")
}

func parseInt(value string, bits int) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, bits)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("does not fit an integer of %d bits", bits)
	}
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return n, nil
}

func parseFloat(value string) (float64, error) {
	value = strings.TrimSpace(value)
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || strings.ContainsAny(value, "xX_pP") || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, errors.New("must be a decimal number")
	}
	return f, nil
}

func parseMillis(value string) (time.Duration, error) {
	n, err := parseInt(value, 64)
	if err != nil {
		return 0, errors.New("must be a whole number of milliseconds")
	}
	const most = int64(math.MaxInt64 / time.Millisecond)
	// Configurations write Java's greatest long for "for ever".
	return time.Duration(min(max(n, -most), most)) * time.Millisecond, nil
}

func parseList(value string) []string {
	var out []string
	for v := range strings.SplitSeq(value, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// parseRegexps compiles a list as Debezium does: the commas between the
// expressions are those without a backslash before them, whatever brackets they
// stand in.
func parseRegexps(value string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, text := range SplitRegexps(value) {
		re, err := CompileJava(text, CaseInsensitive, Anchored)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

// SplitRegexps splits a list of regular expressions as Debezium does: at commas;
// "\," is a comma within an expression. Blanks around an expression and empty
// ones are left out.
func SplitRegexps(value string) []string {
	var out []string
	var text strings.Builder
	end := func() {
		if s := strings.TrimSpace(text.String()); s != "" {
			out = append(out, s)
		}
		text.Reset()
	}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == ',':
			end()
		case c == '\\' && i+1 < len(value) && value[i+1] == ',':
			i++
			text.WriteByte(',')
		case c == '\\' && i+1 < len(value):
			i++
			text.WriteByte('\\')
			text.WriteByte(value[i])
		default:
			text.WriteByte(c)
		}
	}
	end()
	return out
}
