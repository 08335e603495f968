package debezium

import (
	"fmt"
	"math"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// PartitionHash is how PartitionRouting makes a number of a value.
type PartitionHash uint8

const (
	JavaHash   PartitionHash = iota // Java's hashCode: "java"
	MurmurHash                      // MurmurHash3: "murmur"
)

// PartitionRouting chooses the partition of a change event by fields of it:
// Debezium's transform of that name.
type PartitionRouting struct {
	// Fields are the paths of the fields, such as source.table, after.id or
	// change.id, where change is before in the event of a deletion and after in
	// all others. Those that are null, or that an event does not have, do not
	// count.
	Fields []string

	// Partitions is how many the topic has.
	Partitions int32

	// Hash makes numbers of the fields' values. Their sum, modulo Partitions, is
	// the partition.
	Hash PartitionHash
}

// New gives the transform, or everything that is wrong with its options.
//
// Truncations, messages, records that are no change events and those that have
// none of the fields pass. The transform fails for a field in a struct that is
// null.
func (c PartitionRouting) New() (transform.Transform, error) {
	errs := optionErrors{transform: "PartitionRouting"}
	if len(c.Fields) == 0 {
		errs.add("Fields", "must name one at least")
	}
	t := &partitionRouting{c: c}
	for _, f := range c.Fields {
		path := steps(f)
		for i := range path {
			path[i] = strings.TrimSpace(path[i])
		}
		if strings.TrimSpace(f) == "" || len(path) == 0 {
			errs.add("Fields", "%q is no path to a field", f)
		}
		t.paths = append(t.paths, path)
	}
	if c.Partitions <= 0 {
		errs.add("Partitions", "%d must be above 0", c.Partitions)
	}
	if c.Hash > MurmurHash {
		errs.add("Hash", "%d is neither JavaHash nor MurmurHash", c.Hash)
	}
	return t, errs.err()
}

type partitionRouting struct {
	c     PartitionRouting
	paths [][]string
}

// Apply implements transform.Transform.
func (t *partitionRouting) Apply(r *tailrace.Record) (bool, error) {
	event, ok, err := changeEvent(r)
	if err == nil && ok {
		err = t.route(r, event)
	}
	if err != nil {
		return false, fmt.Errorf("PartitionRouting: %w", err)
	}
	return true, nil
}

func (t *partitionRouting) route(r *tailrace.Record, event tailrace.Struct) error {
	if _, ok := event.Schema.Field("op"); ok {
		op, err := typedField(event, "op", tailrace.TypeString)
		if err != nil || isOp(op, tailrace.OpTruncate) || isOp(op, tailrace.OpMessage) {
			return err
		}
	}
	sum, found := int32(0), false
	for i, path := range t.paths {
		s, v, err := lookup(event, path)
		if err != nil {
			return fmt.Errorf("the field %s: %w", t.c.Fields[i], err)
		}
		if v.IsNull() || v.IsUnchanged() {
			continue
		}
		found = true
		if t.c.Hash == MurmurHash {
			sum += murmurValue(s, v)
		} else {
			sum += javaHash(s, v)
		}
	}
	if !found {
		return nil
	}
	n := sum & math.MaxInt32
	if n == math.MaxInt32 {
		n = 0
	}
	r.Partition = tailrace.Some(n % t.c.Partitions)
	return nil
}

// lookup finds a field of the event; null where events do not have it.
func lookup(event tailrace.Struct, path []string) (*tailrace.Schema, tailrace.Value, error) {
	in := event
	for _, name := range path[:len(path)-1] {
		if name == "change" {
			op, err := typedField(event, "op", tailrace.TypeString)
			if err != nil {
				return nil, tailrace.Value{}, nil
			}
			if name = "after"; isOp(op, tailrace.OpDelete) {
				name = "before"
			}
		}
		f, ok := in.Schema.Field(name)
		if !ok || f.Schema.Type() != tailrace.TypeStruct {
			return nil, tailrace.Value{}, nil
		}
		if in.Values[f.Index].IsNull() {
			return nil, tailrace.Value{}, fmt.Errorf("the event's %s is null", name)
		}
		var err error
		if in, err = wholeStruct(f.Schema, in.Values[f.Index], name); err != nil {
			return nil, tailrace.Value{}, err
		}
	}
	s, v, err := fieldOf(in, path[len(path)-1])
	if err != nil {
		return nil, tailrace.Value{}, nil
	}
	return s, v, nil
}

// isOp says whether the text is the operation's, in whatever case.
func isOp(v tailrace.Value, op tailrace.Op) bool { return strings.EqualFold(v.Text(), string(op)) }
