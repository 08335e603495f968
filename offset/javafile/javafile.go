// Package javafile takes over the offsets that Kafka Connect's standalone worker
// and Debezium's engine keep in a file: the HashMap of Java's serialization that
// their FileOffsetBackingStore writes.
package javafile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/offsetentry"
	"github.com/tailrace-io/tailrace/offset"
)

// Store is an offset.Store and Claimer by the name of a file
// (offset.storage.file.filename).
//
// Where Java wrote that file, its offsets are where engines begin, and what they
// store goes to an offset.File of the same name with the suffix .json. What that
// has for a partition takes the place of what Java wrote; Java's file is never
// changed, so that one can go back to it. Once it is removed, the file with the
// suffix goes on alone. Where Java did not write the file, Store is an
// offset.File of its name.
//
// A file of Java's that is cut short or holds something else is an error of every
// method that reads it, never an empty start. Whether a worker of Java still
// runs and writes to its file cannot be seen: stop it first.
type Store string

var _ offset.Claimer = Store("")

// Load gives the offsets of Java's file with those over them that are stored
// since.
func (s Store) Load(ctx context.Context, name string) ([]tailrace.Offset, error) {
	own, java, err := s.files()
	if err != nil {
		return nil, fmt.Errorf("load the offsets of %q: %w", name, err)
	}
	stored, err := own.Load(ctx, name)
	if err != nil || !java {
		return stored, err
	}
	all, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("load the offsets of %q: %w", name, err)
	}
	return over(all[name], stored), nil
}

// Save stores offsets in our own file.
func (s Store) Save(ctx context.Context, name string, offsets []tailrace.Offset) error {
	own, _, err := s.files()
	if err != nil {
		return fmt.Errorf("save the offsets of %q: %w", name, err)
	}
	return own.Save(ctx, name, offsets)
}

// Claim locks the name as an offset.File does.
func (s Store) Claim(ctx context.Context, name string) (release func() error, err error) {
	own, _, err := s.files()
	if err != nil {
		return nil, fmt.Errorf("claim the offsets of %q: %w", name, err)
	}
	return own.Claim(ctx, name)
}

// Suffix is what the name of our own file has behind that of Java's.
const Suffix = ".json"

// files says where our own offsets are, and whether Java wrote the file.
func (s Store) files() (own offset.File, java bool, err error) {
	beside := offset.File(string(s) + Suffix)
	f, err := os.Open(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(string(beside)); err == nil && s != "" {
			return beside, false, nil
		}
		return offset.File(s), false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("the offsets file cannot be read: %w", err)
	}
	defer f.Close()
	head := make([]byte, 2) // a file that is cut behind them is Java's, too
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic[:2] {
		return offset.File(s), false, nil // which says what is wrong with it
	}
	return beside, true, nil
}

// read gives what Java's file has, by the names of the connectors.
func (s Store) read() (map[string][]tailrace.Offset, error) {
	data, err := os.ReadFile(string(s))
	if err != nil {
		return nil, fmt.Errorf("the offsets file cannot be read: %w", err)
	}
	offsets, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("the offsets file %s was written by Java and cannot be used: %w; put a good copy in its place, "+
			"or name another file if everything may be read from the beginning again", string(s), err)
	}
	return offsets, nil
}

// decode reads a file whose keys are ["connector",{partition}] and whose values
// are positions, all of them JSON.
func decode(data []byte) (map[string][]tailrace.Offset, error) {
	entries, err := parse(data)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]tailrace.Offset)
	for _, e := range entries {
		if e.value == nil || string(e.value) == "null" {
			continue // an offset that was removed
		}
		name, partition, err := offsetentry.ParseKey(e.key)
		if err != nil || name == "" {
			return nil, errors.New(`a key is not of the form ["connector",{partition}]`)
		}
		position := string(e.value)
		if !offsetentry.IsObject(position) {
			return nil, fmt.Errorf("the position of %q in %s is no JSON object", name, partition)
		}
		all[name] = append(all[name], tailrace.Offset{Partition: partition, Position: position})
	}
	for _, offsets := range all {
		slices.SortFunc(offsets, func(a, b tailrace.Offset) int { return strings.Compare(a.Partition, b.Partition) })
	}
	return all, nil
}

// over puts later offsets over earlier ones. Partitions are the same that are
// the same objects: Java puts their members in an order of its own.
func over(earlier, later []tailrace.Offset) []tailrace.Offset {
	out := slices.Clone(later)
	for _, o := range earlier {
		if !slices.ContainsFunc(later, func(l tailrace.Offset) bool { return same(l.Partition, o.Partition) }) {
			out = append(out, o)
		}
	}
	return out
}

func same(a, b string) bool {
	var x, y any
	return a == b || json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
