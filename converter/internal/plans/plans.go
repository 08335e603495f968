// Package plans keeps what converters work out once about a schema.
package plans

import (
	"maps"
	"sync"
	"sync/atomic"
)

const defaultLimit = 1000

// Cache maps keys to what was derived from them. Reading takes no lock; adding
// copies the map, since a program meets few schemas and meets them again and
// again. A full cache starts anew, so that a flood of schemas costs time and
// never memory.
type Cache[K comparable, V any] struct {
	Limit int // 1000 unless it is positive

	entries atomic.Pointer[map[K]V]
	making  sync.Mutex
}

// Get looks a key up.
func (c *Cache[K, V]) Get(key K) (v V, ok bool) {
	if m := c.entries.Load(); m != nil {
		v, ok = (*m)[key]
	}
	return v, ok
}

// Make gives what the key stands for, and makes it where it is missing. One is
// made at a time, so that many who miss one key make one.
func (c *Cache[K, V]) Make(key K, do func() (V, error)) (V, error) {
	c.making.Lock()
	defer c.making.Unlock()
	if v, ok := c.Get(key); ok {
		return v, nil
	}
	v, err := do()
	if err != nil {
		return v, err
	}
	limit := c.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	next := map[K]V{}
	if m := c.entries.Load(); m != nil && len(*m) < limit {
		next = maps.Clone(*m)
	}
	next[key] = v
	c.entries.Store(&next)
	return v, nil
}
