package debezium

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

// SchemaChange is a kind of event in the topic of schema changes.
type SchemaChange string

const (
	SchemaCreate   SchemaChange = "CREATE"   // a table is new
	SchemaAlter    SchemaChange = "ALTER"    // a table is another one
	SchemaDrop     SchemaChange = "DROP"     // a table is gone
	SchemaTruncate SchemaChange = "TRUNCATE" // a table is empty
	SchemaDatabase SchemaChange = "DATABASE" // a database, and no table
)

func schemaChanges() []SchemaChange {
	return []SchemaChange{SchemaCreate, SchemaAlter, SchemaDrop, SchemaTruncate, SchemaDatabase}
}

// SchemaChangeEventFilter drops schema changes: Debezium's transform of that
// name.
type SchemaChangeEventFilter struct {
	// Exclude has the kinds to drop. An event that has no table changes, not
	// even an empty list of them, is dropped at any rate.
	Exclude []SchemaChange
}

// New gives the transform, or everything that is wrong with its options. Records
// that are no schema changes pass.
func (c SchemaChangeEventFilter) New() (transform.Transform, error) {
	errs := optionErrors{transform: "SchemaChangeEventFilter"}
	if len(c.Exclude) == 0 {
		errs.add("Exclude", "must have one at least")
	}
	for _, k := range c.Exclude {
		if !slices.Contains(schemaChanges(), k) {
			errs.add("Exclude", "%q is none of CREATE, ALTER, DROP, TRUNCATE and DATABASE", k)
		}
	}
	return transform.Func(c.apply), errs.err()
}

func (c SchemaChangeEventFilter) apply(r *tailrace.Record) (bool, error) {
	if r.Value.IsNull() || r.ValueSchema == nil {
		return true, nil
	}
	if name := r.ValueSchema.Name(); !strings.HasSuffix(name, ".SchemaChangeValue") && !strings.HasSuffix(name, ".SchemaChangeKey") {
		return true, nil
	}
	kind, ok, err := schemaChange(r)
	if err != nil {
		return false, fmt.Errorf("SchemaChangeEventFilter: %w", err)
	}
	return ok && !slices.Contains(c.Exclude, kind), nil
}

// schemaChange says what kind of event it is; ok is false without a list of
// table changes.
func schemaChange(r *tailrace.Record) (kind SchemaChange, ok bool, err error) {
	event, err := wholeStruct(r.ValueSchema, r.Value, "the schema change")
	if err != nil {
		return "", false, err
	}
	changes, err := typedField(event, "tableChanges", tailrace.TypeArray)
	if err != nil || changes.IsNull() {
		return "", false, err
	}
	if len(changes.Elems()) == 0 {
		return SchemaDatabase, true, nil
	}
	f, _ := event.Schema.Field("tableChanges")
	change, err := wholeStruct(f.Schema.Elem(), changes.Elems()[0], "the table change")
	if err != nil {
		return "", false, err
	}
	_, v, err := fieldOf(change, "type")
	if err != nil {
		return "", false, err
	}
	if kind = SchemaChange(v.Text()); !slices.Contains(schemaChanges(), kind) {
		return "", false, fmt.Errorf("the table change is of the type %q, which is none", kind)
	}
	return kind, true, nil
}
