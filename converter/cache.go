package converter

import (
	"maps"
	"sync"
	"sync/atomic"
)

// cache maps keys to what was derived from them. Reading takes no lock; adding
// copies the map, since a program meets few schemas and meets them again and
// again. A full cache starts anew, so that a flood of schemas costs time and
// never memory.
type cache[K comparable, V any] struct {
	limit   int
	entries atomic.Pointer[map[K]V]
	adding  sync.Mutex
}

func (c *cache[K, V]) get(key K) (v V, ok bool) {
	if m := c.entries.Load(); m != nil {
		v, ok = (*m)[key]
	}
	return v, ok
}

// add keeps v under key and gives what is kept there, which is another's v where
// one was faster.
func (c *cache[K, V]) add(key K, v V) V {
	c.adding.Lock()
	defer c.adding.Unlock()
	next := map[K]V{}
	if m := c.entries.Load(); m != nil {
		if first, ok := (*m)[key]; ok {
			return first
		}
		if len(*m) < c.limit {
			next = maps.Clone(*m)
		}
	}
	next[key] = v
	c.entries.Store(&next)
	return v
}
