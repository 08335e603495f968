package binlog

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// GTIDSet is a set of MySQL's GTIDs, tagged ones included: what gtid_executed
// holds. The zero value is empty. Adding the GTID that follows the one added
// before costs a comparison and allocates nothing.
type GTIDSet struct {
	sources []gtidSource // in the order of their UUID and tag
	last    int          // the one that was added to last
}

type gtidSource struct {
	uuid   UUID
	tag    string
	ranges []gtidRange // in order, neither touching nor overlapping
}

type gtidRange struct{ first, last int64 }

func (s *gtidSource) compare(uuid *UUID, tag string) int {
	if c := bytes.Compare(s.uuid[:], uuid[:]); c != 0 {
		return c
	}
	return strings.Compare(s.tag, tag)
}

// ParseGTIDSet reads the text of a set, such as
// 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7:tag:1-3, and several of them
// separated by commas; white space is allowed around each.
func ParseGTIDSet(text string) (GTIDSet, error) {
	var s GTIDSet
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, rest, ok := strings.Cut(part, ":")
		if !ok {
			return GTIDSet{}, fmt.Errorf("%q in a GTID set has no numbers behind the UUID", part)
		}
		uuid, err := ParseUUID(strings.TrimSpace(name))
		if err != nil {
			return GTIDSet{}, fmt.Errorf("a GTID set: %w", err)
		}
		if err := s.parseSource(uuid, rest); err != nil {
			return GTIDSet{}, fmt.Errorf("%q in a GTID set: %w", part, err)
		}
	}
	return s, nil
}

func (s *GTIDSet) parseSource(uuid UUID, text string) error {
	tag, pending := "", false
	for item := range strings.SplitSeq(text, ":") {
		item = strings.TrimSpace(item)
		if isTag(item) {
			if pending {
				return fmt.Errorf("the tag %s has no numbers behind it", tag)
			}
			tag, pending = strings.ToLower(item), true
			continue
		}
		pending = false
		from, to, ok := strings.Cut(item, "-")
		if !ok {
			to = from
		}
		first, err1 := strconv.ParseInt(strings.TrimSpace(from), 10, 64)
		last, err2 := strconv.ParseInt(strings.TrimSpace(to), 10, 64)
		if err := errors.Join(err1, err2); err != nil || first < 1 || last < first {
			return fmt.Errorf("%q is no range of numbers above 0", item)
		}
		s.addRange(&uuid, tag, gtidRange{first, last})
	}
	if pending {
		return fmt.Errorf("the tag %s has no numbers behind it", tag)
	}
	return nil
}

func isTag(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || s[i] == '_' || i > 0 && s[i] >= '0' && s[i] <= '9') {
			return false
		}
	}
	return true
}

// Add puts a GTID into the set.
func (s *GTIDSet) Add(uuid UUID, tag string, number int64) {
	if s.last < len(s.sources) {
		if at := &s.sources[s.last]; at.uuid == uuid && at.tag == tag {
			if r := &at.ranges[len(at.ranges)-1]; r.last+1 == number {
				r.last = number
				return
			}
		}
	}
	s.addRange(&uuid, tag, gtidRange{number, number})
}

func (s *GTIDSet) addRange(uuid *UUID, tag string, r gtidRange) {
	i, ok := s.find(uuid, tag)
	if !ok {
		s.sources = slices.Insert(s.sources, i, gtidSource{uuid: *uuid, tag: strings.Clone(tag)})
	}
	s.last = i
	s.sources[i].add(r)
}

func (s *GTIDSet) find(uuid *UUID, tag string) (int, bool) {
	return slices.BinarySearchFunc(s.sources, tag, func(e gtidSource, tag string) int { return e.compare(uuid, tag) })
}

// add merges a range into those that are there.
func (s *gtidSource) add(r gtidRange) {
	from, _ := slices.BinarySearchFunc(s.ranges, r.first, func(e gtidRange, first int64) int { return cmp.Compare(e.last+1, first) })
	to := from
	for to < len(s.ranges) && s.ranges[to].first <= r.last+1 {
		r.first, r.last = min(r.first, s.ranges[to].first), max(r.last, s.ranges[to].last)
		to++
	}
	s.ranges = slices.Replace(s.ranges, from, to, r)
}

// AddSet puts all of t into the set.
func (s *GTIDSet) AddSet(t GTIDSet) {
	for i := range t.sources {
		for _, r := range t.sources[i].ranges {
			s.addRange(&t.sources[i].uuid, t.sources[i].tag, r)
		}
	}
}

// Subtract takes all of t out of the set.
func (s *GTIDSet) Subtract(t GTIDSet) {
	for i := range t.sources {
		at, ok := s.find(&t.sources[i].uuid, t.sources[i].tag)
		if !ok {
			continue
		}
		var left []gtidRange
		for _, r := range s.sources[at].ranges {
			left = append(left, without(r, t.sources[i].ranges)...)
		}
		s.sources[at].ranges = left
	}
	s.sources = slices.DeleteFunc(s.sources, func(e gtidSource) bool { return len(e.ranges) == 0 })
	s.last = 0
}

// without gives what is left of r when the ranges, which are in order, are
// taken out.
func without(r gtidRange, taken []gtidRange) (left []gtidRange) {
	for _, t := range taken {
		if t.last < r.first || t.first > r.last {
			continue
		}
		if t.first > r.first {
			left = append(left, gtidRange{r.first, t.first - 1})
		}
		if t.last >= r.last {
			return left
		}
		r.first = t.last + 1
	}
	return append(left, r)
}

// Contains says whether the GTID is in the set.
func (s *GTIDSet) Contains(uuid UUID, tag string, number int64) bool {
	i, ok := s.find(&uuid, tag)
	return ok && len(without(gtidRange{number, number}, s.sources[i].ranges)) == 0
}

// ContainsSet says whether all of t is in the set.
func (s *GTIDSet) ContainsSet(t GTIDSet) bool {
	rest := t.Clone()
	rest.Subtract(*s)
	return rest.IsEmpty()
}

// Filter takes all GTIDs of the sources out that keep says no to.
func (s *GTIDSet) Filter(keep func(UUID) bool) {
	s.sources = slices.DeleteFunc(s.sources, func(e gtidSource) bool { return !keep(e.uuid) })
	s.last = 0
}

// IsEmpty says whether there is no GTID in the set.
func (s *GTIDSet) IsEmpty() bool { return len(s.sources) == 0 }

// Equal says whether both sets hold the same GTIDs.
func (s *GTIDSet) Equal(t GTIDSet) bool {
	return slices.EqualFunc(s.sources, t.sources, func(a, b gtidSource) bool {
		return a.uuid == b.uuid && a.tag == b.tag && slices.Equal(a.ranges, b.ranges)
	})
}

// Clone gives a set that is independent of this one.
func (s *GTIDSet) Clone() GTIDSet {
	c := GTIDSet{sources: slices.Clone(s.sources), last: s.last}
	for i := range c.sources {
		c.sources[i].ranges = slices.Clone(c.sources[i].ranges)
	}
	return c
}

// Append appends the set's text as the server writes it, without line breaks.
func (s *GTIDSet) Append(dst []byte) []byte {
	for i := range s.sources {
		e := &s.sources[i]
		if i == 0 || s.sources[i-1].uuid != e.uuid {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.uuid.Append(dst)
		}
		if e.tag != "" {
			dst = append(append(dst, ':'), e.tag...)
		}
		for _, r := range e.ranges {
			dst = strconv.AppendInt(append(dst, ':'), r.first, 10)
			if r.last > r.first {
				dst = strconv.AppendInt(append(dst, '-'), r.last, 10)
			}
		}
	}
	return dst
}

func (s GTIDSet) String() string { return string(s.Append(nil)) }

// encode appends the form that COM_BINLOG_DUMP_GTID takes.
func (s *GTIDSet) encode(dst []byte) []byte {
	le := binary.LittleEndian
	tagged := slices.ContainsFunc(s.sources, func(e gtidSource) bool { return e.tag != "" })
	count := uint64(len(s.sources))
	if tagged {
		count = count<<8 | 1 | 1<<56
	}
	dst = le.AppendUint64(dst, count)
	for i := range s.sources {
		e := &s.sources[i]
		dst = append(dst, e.uuid[:]...)
		if tagged {
			dst = append(dst, byte(len(e.tag)<<1))
			dst = append(dst, e.tag...)
		}
		dst = le.AppendUint64(dst, uint64(len(e.ranges)))
		for _, r := range e.ranges {
			dst = le.AppendUint64(dst, uint64(r.first))
			dst = le.AppendUint64(dst, uint64(r.last+1))
		}
	}
	return dst
}

// PreviousGTIDs takes a PREVIOUS_GTIDS_LOG_EVENT apart: all that was committed
// before the log file began.
func (e *Event) PreviousGTIDs() (GTIDSet, error) {
	c := cursor{b: e.Body}
	count := c.uint64()
	tagged := count>>56 == 1
	if tagged {
		count = count << 8 >> 16
	}
	var s GTIDSet
	for ; count > 0 && !c.short; count-- {
		var uuid UUID
		copy(uuid[:], c.take(16))
		tag := ""
		if tagged {
			tag = string(c.take(int(c.uint8() >> 1)))
		}
		for ranges := c.uint64(); ranges > 0 && !c.short; ranges-- {
			first, behind := int64(c.uint64()), int64(c.uint64())
			if c.short {
				break
			}
			if first < 1 || behind <= first {
				return GTIDSet{}, e.malformed("a range of GTIDs from %d to before %d", first, behind)
			}
			s.addRange(&uuid, tag, gtidRange{first, behind - 1})
		}
	}
	if err := e.checked(&c); err != nil {
		return GTIDSet{}, err
	}
	return s, nil
}
