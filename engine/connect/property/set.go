package property

import (
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Set is a configuration that is being read: all of it, or the part under a
// prefix. What is found wrong is kept, and given by Err for all parts together.
// A Set is for one goroutine.
//
// The methods that give a value take the key of a property of this part's
// table, or a key that a pattern of it stands for. Where the configuration has
// none, or a wrong one, they give the table's default.
type Set struct {
	*reading
	prefix string
	elses  []string // prefixes under which to look for what this one lacks
	table  []Property
}

// reading is what all parts of one configuration share.
type reading struct {
	raw      map[string]string // as it was written
	values   map[string]string // with the references resolved
	known    map[string]bool   // keys and patterns that some part declared
	taken    map[string]bool   // keys of the configuration that are accounted for
	problems map[string]error
	notes    map[string]string
	log      *slog.Logger
}

// New begins to read a configuration. References to the environment and to
// files, ${env:NAME}, ${file:PATH:KEY} and ${dir:PATH:FILE}, are resolved as
// Connect's config providers do; no message ever shows what they stand for.
func New(config map[string]string) *Set {
	r := &reading{
		raw: maps.Clone(config), values: make(map[string]string, len(config)), known: map[string]bool{}, taken: map[string]bool{},
		problems: map[string]error{}, notes: map[string]string{},
	}
	s := &Set{reading: r}
	s.resolve()
	return s
}

// Sub gives the part of the configuration whose keys begin with the prefix of
// this part and then the given one, such as "key.converter."; its methods take
// the keys without it. With "" it is another reader of this part, which
// declares properties, and defaults of them, of its own. What this part lacks is
// looked for elsewhere (Else), and so is what its part lacks.
func (s *Set) Sub(prefix string) *Set {
	part := &Set{reading: s.reading, prefix: s.prefix + prefix}
	for _, other := range s.elses {
		part.Else(other + prefix)
	}
	return part
}

// LogTo says what drivers that are made of the configuration log to. It gives
// the set itself.
func (s *Set) LogTo(log *slog.Logger) *Set { s.log = log; return s }

// Log is what a driver that is made of the configuration logs to; nil where it
// should log nothing.
func (s *Set) Log() *slog.Logger { return s.log }

// Prefix is that of this part, such as "key.converter.".
func (s *Set) Prefix() string { return s.prefix }

// Root gives another reader of the whole configuration.
func (s *Set) Root() *Set { return &Set{reading: s.reading} }

// Else adds a prefix, a whole one, under which this part looks for the keys that
// it lacks: the options of Debezium's key.converter are those under
// "key.converter." and then those under "converter.". It gives the set itself.
func (s *Set) Else(prefix string) *Set {
	s.elses = append(s.elses, prefix)
	return s
}

// full gives the whole key that the configuration has for a key of this part.
func (s *Set) full(key string) string {
	for _, prefix := range s.elses {
		if _, ok := s.values[s.prefix+key]; ok {
			break
		}
		if _, ok := s.values[prefix+key]; ok {
			return prefix + key
		}
	}
	return s.prefix + key
}

// cut gives the key within this part of a whole key.
func (s *Set) cut(full string) (key string, ok bool) {
	if key, ok = strings.CutPrefix(full, s.prefix); ok {
		return key, true
	}
	for _, prefix := range s.elses {
		if key, ok = strings.CutPrefix(full, prefix); ok {
			return key, true
		}
	}
	return "", false
}

// Use declares the properties of this part and checks those that the
// configuration has. It gives the set itself.
func (s *Set) Use(t Table) *Set {
	s.table = append(s.table, t...)
	for i := range t {
		p := &t[i]
		s.rename(p)
		s.known[s.prefix+p.Key] = true
		for _, prefix := range s.elses {
			s.known[prefix+p.Key] = true
		}
		if p.isPattern() {
			for _, m := range s.Matches(p.Key) {
				s.checkValue(p, m.Key)
			}
			continue
		}
		if s.Has(p.Key) {
			s.checkValue(p, p.Key)
		}
		if p.Required && strings.TrimSpace(s.values[s.full(p.Key)]) == "" {
			s.Errorf(p.Key, "is required and missing: %s", p.Doc)
		}
	}
	return s
}

// rename takes what the configuration has under old names of the property.
func (s *Set) rename(p *Property) {
	for _, was := range p.Was {
		head, isPrefix := strings.CutSuffix(was, "*")
		for _, old := range slices.Sorted(maps.Keys(s.values)) {
			rest, ok := strings.CutPrefix(old, s.prefix+head)
			if !ok || s.taken[old] || !isPrefix && rest != "" {
				continue
			}
			current := s.prefix + strings.TrimSuffix(p.Key, "*") + rest
			s.taken[old] = true
			if _, both := s.values[current]; both {
				s.notes[old] = fmt.Sprintf("%s is an old name of %s and has no effect beside it", old, current)
				continue
			}
			s.notes[old] = fmt.Sprintf("%s is an old name of %s, under which it is taken", old, current)
			s.values[current], s.raw[current] = s.values[old], s.raw[old]
			if err := s.problems[old]; err != nil {
				s.problems[current] = err // such as a reference that cannot be resolved
			}
		}
	}
}

// checkValue accounts for a key that the configuration has.
func (s *Set) checkValue(p *Property, key string) {
	full := s.full(key)
	value := s.values[full]
	s.taken[full] = true
	for _, prefix := range slices.Concat(s.elses, []string{s.prefix}) {
		if _, ok := s.values[prefix+key]; ok {
			s.taken[prefix+key] = true // though another takes its place
		}
	}
	switch {
	case p.Ignored != "":
		s.Notef(key, "has no effect: %s", p.Ignored)
	case p.Unsupported != "":
		if strings.TrimSpace(value) != p.Default {
			s.Errorf(key, "is not supported yet: %s; leave it out", p.Unsupported)
		}
	case p.Required && strings.TrimSpace(value) == "":
	default:
		if err := p.check(value); err != nil {
			s.Errorf(key, "%w", s.describe(p, full, err))
		}
		if current, old := p.OldValues[strings.ToLower(strings.TrimSpace(value))]; old {
			s.Notef(key, "has the old value %s, which is taken as %s", strings.TrimSpace(value), current)
		}
	}
}

// describe puts the value before what is wrong with it: as it was written, so
// that what a reference stands for stays unseen, and nothing of a password.
func (s *Set) describe(p *Property, full string, err error) error {
	raw := s.raw[full]
	switch {
	case p.Type == Password:
		return err
	case p.Type != Regexp && p.Type != Regexps:
		return fmt.Errorf("%q %w", raw, err)
	case raw != s.values[full]:
		return fmt.Errorf("%q is not a regular expression that can be used", raw)
	}
	return err // names the expression itself
}

// find gives the property that the key has in the table: its own, or a pattern.
func (s *Set) find(key string) *Property {
	var found *Property
	for i := range s.table {
		p := &s.table[i]
		if p.Key == key {
			return p
		}
		if _, ok := p.match(key); ok && found == nil {
			found = p
		}
	}
	return found
}

// lookup gives the property and the text that stands for its value: the
// default, where the configuration has none or a wrong one.
func (s *Set) lookup(key string, types ...Type) (*Property, string) {
	p := s.find(key)
	if p == nil {
		s.Errorf(key, "is read and not in the table of properties, which is a mistake in the driver")
		return &Property{}, ""
	}
	if !slices.Contains(types, p.Type) {
		s.Errorf(key, "is read as another type than its table has, which is a mistake in the driver")
		return p, p.Default
	}
	value, ok := s.values[s.full(key)]
	if !ok || s.problems[s.full(key)] != nil || p.Ignored != "" {
		value = p.Default
	}
	if p.Type != Password {
		value = strings.TrimSpace(value)
	}
	return p, value
}

// Has says whether the configuration has the key.
func (s *Set) Has(key string) bool { _, ok := s.values[s.full(key)]; return ok }

// String gives the value of a String, without the blanks around it.
func (s *Set) String(key string) string { _, v := s.lookup(key, String); return v }

// Password gives the value of a Password, as it stands.
func (s *Set) Password(key string) string { _, v := s.lookup(key, Password); return v }

// Bool gives the value of a Bool; false without one.
func (s *Set) Bool(key string) bool { _, v := s.lookup(key, Bool); b, _ := parseBool(v); return b }

// Int gives the value of an Int; 0 without one.
func (s *Set) Int(key string) int { _, v := s.lookup(key, Int); n, _ := parseInt(v, 32); return int(n) }

// Int64 gives the value of an Int64 or an Int; 0 without one.
func (s *Set) Int64(key string) int64 {
	_, v := s.lookup(key, Int64, Int)
	n, _ := parseInt(v, 64)
	return n
}

// Float gives the value of a Float; 0 without one.
func (s *Set) Float(key string) float64 {
	_, v := s.lookup(key, Float)
	f, _ := parseFloat(v)
	return f
}

// Millis gives the value of a Millis; 0 without one. What is longer than a
// time.Duration holds, such as Java's greatest long, is the longest it holds.
func (s *Set) Millis(key string) time.Duration {
	_, v := s.lookup(key, Millis)
	d, _ := parseMillis(v)
	return d
}

// List gives the elements of a List without the blanks around them; empty ones
// are left out.
func (s *Set) List(key string) []string {
	p, v := s.lookup(key, List)
	out := parseList(v)
	for i := range out {
		if w, err := p.choose(out[i]); err == nil {
			out[i] = w
		}
	}
	return out
}

// Enum gives the value of an Enum as Property.Values spells it; "" without one.
func (s *Set) Enum(key string) string {
	p, v := s.lookup(key, Enum)
	v, _ = p.choose(v)
	return v
}

// Regexp gives the value of a Regexp, which matches a text as a whole; nil
// without one.
func (s *Set) Regexp(key string) *regexp.Regexp {
	_, v := s.lookup(key, Regexp)
	if v == "" {
		return nil
	}
	re, _ := CompileJava(v, Anchored)
	return re
}

// RegexpWithin gives the value of a Regexp, which matches a part of a text; nil
// without one.
func (s *Set) RegexpWithin(key string) *regexp.Regexp {
	_, v := s.lookup(key, Regexp)
	if v == "" {
		return nil
	}
	re, _ := CompileJava(v)
	return re
}

// Regexps gives the expressions of a Regexps, which match names as a whole and
// in any case, as Debezium's lists of tables and columns do.
func (s *Set) Regexps(key string) []*regexp.Regexp {
	_, v := s.lookup(key, Regexps)
	out, _ := parseRegexps(v)
	return out
}

// Match is a key of the configuration that a pattern stands for. Its value is
// to be had by the key.
type Match struct {
	Key  string
	Args []string // the texts in the places of the pattern's wildcards
}

// Matches gives the keys that the pattern of the table stands for, sorted. A
// key that the table names by itself is not among them.
func (s *Set) Matches(pattern string) []Match {
	p := Property{Key: pattern}
	var out []Match
	for _, full := range slices.Sorted(maps.Keys(s.values)) {
		key, ok := s.cut(full)
		if !ok || full != s.full(key) || slices.ContainsFunc(s.table, func(q Property) bool { return q.Key == key }) {
			continue
		}
		if args, ok := p.match(key); ok {
			out = append(out, Match{Key: key, Args: args})
		}
	}
	return out
}

// Take gives everything of this part, for what is passed on as it is, or cannot
// be judged because what it is for is not known.
func (s *Set) Take() map[string]string {
	out := make(map[string]string)
	for full := range s.values {
		if key, ok := s.cut(full); ok {
			s.taken[full] = true
			out[key] = s.values[s.full(key)]
		}
	}
	return out
}

// Errorf keeps what is wrong with a key, so that the text fits behind it. Only
// the first thing that is wrong with a key is kept.
func (s *Set) Errorf(key, format string, args ...any) {
	if full := s.full(key); s.problems[full] == nil {
		s.problems[full] = fmt.Errorf(format, args...)
	}
}

// Notef keeps what is to be said of a key that was taken, so that the text fits
// behind it.
func (s *Set) Notef(key, format string, args ...any) {
	if full := s.full(key); s.notes[full] == "" {
		s.notes[full] = full + " " + fmt.Sprintf(format, args...)
	}
}

// Notes gives what the log should say: a sentence for each key that was taken
// and has no meaning here, sorted.
func (s *Set) Notes() []string { return slices.Sorted(maps.Values(s.notes)) }

// Err gives everything that was found wrong so far, and the keys that no part
// has declared, as an Errors; nil when all is well. It is asked once all parts
// have been read.
func (s *Set) Err() error {
	var errs Errors
	for full, err := range s.problems {
		errs = append(errs, Error{Key: full, Err: err})
	}
	for full := range s.values {
		if !s.taken[full] && s.problems[full] == nil {
			errs = append(errs, Error{Key: full, Err: fmt.Errorf("no such property%s", s.suggest(full))})
		}
	}
	if errs == nil {
		return nil
	}
	errs.sort()
	return errs
}

// suggest names the known key that is nearest to an unknown one. The wildcards
// of a pattern are filled from the key.
func (s *Set) suggest(full string) string {
	parts := strings.Split(full, ".")
	var known []string
	for k := range s.known {
		if _, written := s.values[k]; written {
			continue
		}
		if strings.ContainsAny(k, "<*") {
			pattern := strings.Split(k, ".")
			if len(pattern) != len(parts) {
				continue
			}
			for i, p := range pattern {
				if strings.ContainsAny(p, "<*") {
					pattern[i] = parts[i]
				}
			}
			k = strings.Join(pattern, ".")
		}
		known = append(known, k)
	}
	return DidYouMean(full, known)
}

// Error is what is wrong with one key.
type Error struct {
	Key string
	Err error
}

func (e Error) Error() string { return e.Key + ": " + e.Err.Error() }

func (e Error) Unwrap() error { return e.Err }

// Errors is everything that is wrong with a configuration, sorted by key.
type Errors []Error

func (e Errors) sort() {
	slices.SortFunc(e, func(a, b Error) int { return strings.Compare(a.Key, b.Key) })
}

func (e Errors) Error() string {
	if len(e) == 1 {
		return "the configuration is wrong: " + e[0].Error()
	}
	var text strings.Builder
	fmt.Fprintf(&text, "the configuration is wrong in %d places:", len(e))
	for _, err := range e {
		text.WriteString("\n  " + err.Error())
	}
	return text.String()
}

func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i := range e {
		out[i] = e[i]
	}
	return out
}
