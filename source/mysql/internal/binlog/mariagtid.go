package binlog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MariaGTIDSet is a position in MariaDB's log: the last GTID of each
// replication domain. The zero value is the beginning of everything.
type MariaGTIDSet struct {
	domains []mariaPosition // in the order of their domain
}

type mariaPosition struct {
	domain, server uint32
	number         uint64
}

// ParseMariaGTIDSet reads the text of a position, such as 0-1-23,1-5-7. Of
// several GTIDs of one domain, as gtid_binlog_state has them, the one with the
// highest number counts.
func ParseMariaGTIDSet(text string) (MariaGTIDSet, error) {
	var s MariaGTIDSet
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		p := strings.Split(part, "-")
		if len(p) != 3 {
			return MariaGTIDSet{}, fmt.Errorf("%q is no GTID of MariaDB, which is three numbers: domain-server-sequence", part)
		}
		domain, err1 := strconv.ParseUint(p[0], 10, 32)
		server, err2 := strconv.ParseUint(p[1], 10, 32)
		number, err3 := strconv.ParseUint(p[2], 10, 64)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return MariaGTIDSet{}, fmt.Errorf("the GTID %q of MariaDB: %w", part, err)
		}
		if i, ok := s.find(uint32(domain)); !ok || s.domains[i].number < number {
			s.Add(uint32(domain), uint32(server), number)
		}
	}
	return s, nil
}

func (s *MariaGTIDSet) find(domain uint32) (int, bool) {
	return slices.BinarySearchFunc(s.domains, domain, func(p mariaPosition, d uint32) int { return cmp.Compare(p.domain, d) })
}

// Add moves the position of the GTID's domain to it.
func (s *MariaGTIDSet) Add(domain, server uint32, number uint64) {
	i, ok := s.find(domain)
	if !ok {
		s.domains = slices.Insert(s.domains, i, mariaPosition{})
	}
	s.domains[i] = mariaPosition{domain, server, number}
}

// Contains says whether the GTID lies at the position or before it.
func (s *MariaGTIDSet) Contains(domain uint32, number uint64) bool {
	i, ok := s.find(domain)
	return ok && s.domains[i].number >= number
}

// IsEmpty says whether the position is the beginning of everything.
func (s *MariaGTIDSet) IsEmpty() bool { return len(s.domains) == 0 }

// Equal says whether both are the same position.
func (s *MariaGTIDSet) Equal(t MariaGTIDSet) bool { return slices.Equal(s.domains, t.domains) }

// Clone gives a position that is independent of this one.
func (s *MariaGTIDSet) Clone() MariaGTIDSet { return MariaGTIDSet{domains: slices.Clone(s.domains)} }

// Append appends the position's text as the server writes it.
func (s *MariaGTIDSet) Append(dst []byte) []byte {
	for i, p := range s.domains {
		if i > 0 {
			dst = append(dst, ',')
		}
		g := MariaGTID{Domain: p.domain, Server: p.server, Number: p.number}
		dst = g.Append(dst)
	}
	return dst
}

func (s MariaGTIDSet) String() string { return string(s.Append(nil)) }

// MariaGTIDList takes MariaDB's GTID_LIST_EVENT apart: the position at which
// the log file begins.
func (e *Event) MariaGTIDList() (MariaGTIDSet, error) {
	c := cursor{b: e.Body}
	var s MariaGTIDSet
	for count := c.uint32() & (1<<28 - 1); count > 0 && !c.short; count-- {
		domain, server, number := c.uint32(), c.uint32(), c.uint64()
		if c.short {
			break
		}
		// The list has one of each server; the last of a domain is the latest.
		s.Add(domain, server, number)
	}
	return s, e.checked(&c)
}

// ContainsSet says whether all GTIDs of t lie at the position or before it.
func (s *MariaGTIDSet) ContainsSet(t MariaGTIDSet) bool {
	for _, p := range t.domains {
		if !s.Contains(p.domain, p.number) {
			return false
		}
	}
	return true
}
