// Package property reads configurations that are written as Kafka Connect and
// Debezium write them: a map of texts. A driver has one Table of the properties
// it knows; a Set reads a configuration against tables and gives all that is
// wrong with it at once.
//
// A driver reads its part of a configuration in one function,
//
//	func FromProperties(p *property.Set) Source
//
// which begins with p.Use(Properties()), takes the values by p.String, p.Int
// and so on, and leaves what is wrong in the set, where the caller asks p.Err
// once all parts have been read.
package property

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Property is one key that a configuration may have.
type Property struct {
	// Key is the property's name. A part in angle brackets stands for any text
	// without a dot, and an asterisk at the end for any text at all:
	// "column.mask.with.<n>.chars", "driver.*".
	Key string

	// Was are names that the property had in older versions of the original. They
	// are taken, with a note; where the configuration has the new name too, that
	// one counts. An asterisk at the end stands for what Key's stands for.
	Was []string

	// Type is the form of the value; String by default.
	Type Type

	// Default is the value where the configuration has none; "" for none.
	Default string

	// Required says that the configuration must have a value, which is not
	// empty.
	Required bool

	// Values are those that an Enum, or each element of a List, may have.
	Values []string

	// OldValues has words that older versions of the original had for some of
	// Values. They are taken, with a note.
	OldValues map[string]string

	// Later are values that the original knows and that are not supported yet.
	Later []string

	// Check says what is wrong with a value, beyond its type, so that the text
	// fits behind "must".
	Check func(value string) error

	// Ignored says why the original knows the key and it has no meaning here,
	// so that the text fits behind "has no effect: ". The value is not checked.
	Ignored string

	// Unsupported says what is not supported yet: the key is an error when it
	// has another value than Default.
	Unsupported string

	// Doc says what the property does, in a sentence or two.
	Doc string
}

// Type is the form of a value.
type Type uint8

const (
	String   Type = iota // any text, without the blanks around it
	Password             // any text as it stands, which no message ever shows
	Bool                 // true or false, in any case
	Int                  // a whole number of 32 bits
	Int64                // a whole number of 64 bits
	Float                // a decimal number
	Millis               // a whole number of milliseconds
	List                 // texts with commas between them
	Enum                 // one of a few words, in any case
	Regexp               // a Java regular expression
	Regexps              // Java regular expressions with commas between them
)

// String names the type for people.
func (t Type) String() string {
	switch t {
	case Password:
		return "password"
	case Bool:
		return "boolean"
	case Int:
		return "int"
	case Int64:
		return "long"
	case Float:
		return "double"
	case Millis:
		return "milliseconds"
	case List:
		return "list"
	case Enum:
		return "one of"
	case Regexp:
		return "regular expression"
	case Regexps:
		return "regular expressions"
	}
	return "string"
}

// AtLeast is a Check for numbers.
func AtLeast(low int64) func(string) error {
	return func(value string) error {
		if n, err := parseInt(value, 64); err == nil && n < low {
			return fmt.Errorf("be at least %d", low)
		}
		return nil
	}
}

// Between is a Check for numbers, both ends included.
func Between(low, high int64) func(string) error {
	return func(value string) error {
		if n, err := parseInt(value, 64); err == nil && (n < low || n > high) {
			return fmt.Errorf("be between %d and %d", low, high)
		}
		return nil
	}
}

// check says why the property cannot have the value.
func (p *Property) check(value string) error {
	err := p.checkType(value)
	if err == nil && p.Check != nil {
		if err = p.Check(strings.TrimSpace(value)); err != nil {
			err = fmt.Errorf("must %w", err)
		}
	}
	return err
}

func (p *Property) checkType(value string) (err error) {
	switch p.Type {
	case Bool:
		_, err = parseBool(value)
	case Int:
		_, err = parseInt(value, 32)
	case Int64:
		_, err = parseInt(value, 64)
	case Float:
		_, err = parseFloat(value)
	case Millis:
		_, err = parseMillis(value)
	case Enum:
		_, err = p.choose(value)
	case List:
		for _, v := range parseList(value) {
			if _, err = p.choose(v); err != nil {
				return err
			}
		}
	case Regexp:
		_, err = CompileJava(strings.TrimSpace(value), Anchored)
	case Regexps:
		_, err = parseRegexps(value)
	}
	return err
}

// choose gives the spelling that Values has for the value.
func (p *Property) choose(value string) (string, error) {
	value = strings.TrimSpace(value)
	if current, old := p.OldValues[strings.ToLower(value)]; old {
		value = current
	}
	same := func(v string) bool { return strings.EqualFold(v, value) }
	if i := slices.IndexFunc(p.Values, same); i >= 0 || len(p.Values) == 0 {
		if i < 0 {
			return value, nil
		}
		return p.Values[i], nil
	}
	if slices.ContainsFunc(p.Later, same) {
		return "", fmt.Errorf("is not supported yet; use %s", oneOf(p.Values))
	}
	return "", fmt.Errorf("must be %s%s", oneOf(p.Values), DidYouMean(value, p.Values))
}

func oneOf(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "one of " + strings.Join(values, ", ")
}

// isPattern says whether the key stands for more than one.
func (p *Property) isPattern() bool { return strings.ContainsAny(p.Key, "<*") }

// match gives the texts that the key has in the places of the pattern's
// wildcards.
func (p *Property) match(key string) ([]string, bool) {
	if !p.isPattern() {
		return nil, p.Key == key
	}
	var args []string
	pattern := p.Key
	for {
		at := strings.IndexAny(pattern, "<*")
		if at < 0 {
			return args, pattern == key
		}
		if len(key) <= at || key[:at] != pattern[:at] {
			return nil, false
		}
		key = key[at:]
		if pattern[at] == '*' {
			return append(args, key), true
		}
		pattern = pattern[at+strings.IndexByte(pattern[at:], '>')+1:]
		end := strings.IndexByte(key, '.')
		if end < 0 {
			end = len(key)
		}
		if end == 0 {
			return nil, false
		}
		args, key = append(args, key[:end]), key[end:]
	}
}

// Table is all the properties that a driver knows.
type Table []Property

// Verify says what is wrong with the table itself: a key twice, no doc, a
// default that its own check refuses. Every table has a test that asks it.
func (t Table) Verify() error {
	var errs []error
	seen := make(map[string]bool, len(t))
	for i := range t {
		p := &t[i]
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("property %q: "+format, append([]any{p.Key}, args...)...))
		}
		if p.Key == "" || seen[p.Key] {
			bad("the key is empty or there twice")
		}
		seen[p.Key] = true
		if !keyForm.MatchString(p.Key) {
			bad("the key must be like %s", `"a.b", "a.<b>.c" or "a.*"`)
		}
		if p.Doc == "" || p.Ignored == "" && !strings.HasSuffix(p.Doc, ".") {
			bad("the doc must be a sentence that ends in a full stop")
		}
		if p.Required && p.Default != "" {
			bad("a required property has no use for the default %q", p.Default)
		}
		if (p.Type == Enum) != (len(p.Values) > 0) && p.Type != List {
			bad("an enum, and only that or a list, has values")
		}
		for _, old := range p.Was {
			if seen[old] || strings.HasSuffix(old, "*") != strings.HasSuffix(p.Key, "*") {
				bad("the old name %q is there twice or not of the key's form", old)
			}
			seen[old] = true
		}
		for old, current := range p.OldValues {
			if old != strings.ToLower(old) || !slices.Contains(p.Values, current) {
				bad("the old value %q must be in lower case and stand for one of the values", old)
			}
		}
		if p.Default != "" {
			if err := p.check(p.Default); err != nil {
				bad("the default %q: %w", p.Default, err)
			}
		}
	}
	return errors.Join(errs...)
}

// keyForm is the form of Property.Key.
var keyForm = regexp.MustCompile(`^([^<>*\s]|<[a-zA-Z0-9._ -]+>)*\*?$`)
