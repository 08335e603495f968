package smt

import (
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

func deleteModes() []string {
	return []string{"tombstone", "drop", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"}
}

func extractNewRecordStateProperties() property.Table {
	return property.Table{
		{Key: "drop.tombstones", Ignored: olderDeletes, Doc: olderDeletes},
		{Key: "delete.handling.mode", Ignored: olderDeletes, Doc: olderDeletes},
		{Key: "delete.tombstone.handling.mode", Type: property.Enum, Default: "tombstone", Values: deleteModes(),
			Doc: "What becomes of deletions and their tombstones: the event's value becomes null and the tombstone goes (tombstone), both go (drop), the event becomes the old row with the field `__deleted` and the tombstone goes (rewrite) or stays (rewrite-with-tombstone), or the event becomes a tombstone and the other one goes (delete-to-tombstone)."},
		{Key: "add.fields", Type: property.List, Doc: "Members of the event that become fields: field, struct.field, or either with a colon and the field's name behind it."},
		{Key: "add.fields.prefix", Default: "__", Doc: "What the names of these fields begin with."},
		{Key: "add.headers", Type: property.List, Doc: "Members of the event that become headers, in the same form."},
		{Key: "add.headers.prefix", Default: "__", Doc: "What the names of these headers begin with."},
		replaceNullsProperty(),
		{Key: "route.by.field", Doc: "The column that holds the topic."},
		{Key: "drop.fields.header.name", Doc: "The header that holds a list of the fields to leave out."},
		{Key: "drop.fields.from.key", Type: property.Bool, Default: "false", Doc: "Whether they are left out of the key, too."},
		{Key: "drop.fields.keep.schema.compatible", Type: property.Bool, Default: "true", Doc: "Whether only those are left out that are optional."},
	}
}

func extractNewRecordState(p *property.Set) transform.Transform {
	p.Use(extractNewRecordStateProperties())
	c := debezium.ExtractNewRecordState{
		AddFields: p.List("add.fields"), FieldPrefix: tailrace.Some(p.String("add.fields.prefix")),
		AddHeaders: p.List("add.headers"), HeaderPrefix: tailrace.Some(p.String("add.headers.prefix")),
		KeepNulls: !p.Bool(replaceNulls),
		RouteBy:   p.String("route.by.field"), DropFieldsHeader: p.String("drop.fields.header.name"),
		DropFromKey: p.Bool("drop.fields.from.key"), DropRequired: !p.Bool("drop.fields.keep.schema.compatible"),
	}
	switch p.Enum("delete.tombstone.handling.mode") {
	case "drop":
		c.Deletes = debezium.DeletesDropped
	case "rewrite":
		c.Deletes = debezium.DeletesRewritten
	case "rewrite-with-tombstone":
		c.Deletes = debezium.DeletesAndTombstone
	case "delete-to-tombstone":
		c.Deletes = debezium.DeletesToTombstone
	}
	t, err := c.New()
	return keys{"AddFields": "add.fields", "AddHeaders": "add.headers", "Deletes": "delete.tombstone.handling.mode"}.made(p, t, err)
}

// olderDeletes is about properties that tutorials still have.
const olderDeletes = "Debezium 3 has delete.tombstone.handling.mode in its place"
