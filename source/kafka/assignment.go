package kafka

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// What the members of a group tell one another, in the form of Java's consumers,
// so that both can share a group: each its topics, and their leader who reads
// which partitions.

// appendSubscription appends the topics of a member.
func appendSubscription(dst []byte, topics []string) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, 0) // version
	dst = be.AppendUint32(dst, uint32(len(topics)))
	for _, t := range topics {
		dst = appendText(dst, t)
	}
	return be.AppendUint32(dst, 0xffffffff) // no data of the user's
}

// appendAssignment appends the partitions of a member.
func appendAssignment(dst []byte, places []place) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, 0)
	byTopic := make(map[string][]int32)
	for _, p := range places {
		byTopic[p.topic] = append(byTopic[p.topic], p.partition)
	}
	dst = be.AppendUint32(dst, uint32(len(byTopic)))
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		dst = appendText(dst, topic)
		dst = be.AppendUint32(dst, uint32(len(byTopic[topic])))
		for _, id := range byTopic[topic] {
			dst = be.AppendUint32(dst, uint32(id))
		}
	}
	return be.AppendUint32(dst, 0xffffffff)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

var errForeign = errors.New("a member of the group speaks another protocol than the consumer's")

// parser takes fields off what a member of the group said.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) take(n int) []byte {
	if n < 0 || n > len(p.b) {
		p.b, p.bad = nil, true
		return make([]byte, min(max(n, 0), 4))
	}
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

func (p *parser) text() string {
	n := int(int16(binary.BigEndian.Uint16(p.take(2))))
	return string(p.take(n))
}

// count takes a number of elements of at least so many bytes each.
func (p *parser) count(least int) int {
	n := int(int32(binary.BigEndian.Uint32(p.take(4))))
	if n < 0 || n > len(p.b)/least {
		p.b, p.bad = nil, p.bad || n != 0
		return 0
	}
	return n
}

// parseSubscription reads the topics of a member. What later versions have
// behind them is for other ways of assigning.
func parseSubscription(b []byte) (topics []string, err error) {
	p := parser{b: b}
	p.take(2)
	for range p.count(2) {
		topics = append(topics, p.text())
	}
	if p.bad {
		return nil, errForeign
	}
	return topics, nil
}

// parseAssignment reads the partitions of a member; no bytes at all are none.
func parseAssignment(b []byte) (places []place, err error) {
	if len(b) == 0 {
		return nil, nil
	}
	p := parser{b: b}
	p.take(2)
	for range p.count(6) {
		topic := p.text()
		for range p.count(4) {
			places = append(places, place{topic, int32(binary.BigEndian.Uint32(p.take(4)))})
		}
	}
	if p.bad {
		return nil, errForeign
	}
	return places, nil
}

// spread spreads the partitions of each topic over the members that want it, in
// ranges, as Java's RangeAssignor does: the first ones get one more where it does
// not come out even.
func spread(wants map[string][]string, partitions map[string]int) map[string][]place {
	readers := make(map[string][]string)
	for _, member := range slices.Sorted(maps.Keys(wants)) {
		topics := slices.Clone(wants[member])
		slices.Sort(topics)
		for _, t := range slices.Compact(topics) {
			readers[t] = append(readers[t], member)
		}
	}
	out := make(map[string][]place)
	for _, topic := range slices.Sorted(maps.Keys(readers)) {
		members, next := readers[topic], 0
		for i, m := range members {
			n := partitions[topic] / len(members)
			if i < partitions[topic]%len(members) {
				n++
			}
			for range n {
				out[m] = append(out[m], place{topic, int32(next)})
				next++
			}
		}
	}
	return out
}
