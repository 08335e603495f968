package envelope

import (
	"errors"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Reselect says which columns of changed rows are read anew. The sources'
// packages say what its fields mean.
type Reselect struct {
	Include, Exclude         []string
	KeepUnchanged, KeepNulls bool
	EventKey                 bool
	Fail                     bool
}

// ErrRowGone says that a row that is to be read anew is not there any more.
var ErrRowGone = errors.New("the row is not there any more")

// Reselector chooses what is read anew.
type Reselector struct {
	columns          Filter
	unchanged, nulls bool
	EventKey, Fail   bool
}

// CompileReselect compiles what a source has in its field Reselect; nil where
// that is nil.
func CompileReselect(c *Reselect) (*Reselector, error) {
	if c == nil {
		return nil, nil
	}
	columns, err := CompileFilter("Reselect", c.Include, c.Exclude)
	if c.KeepUnchanged && c.KeepNulls {
		err = errors.Join(err, errors.New("Reselect has both KeepUnchanged and KeepNulls, which leaves nothing to read"))
	}
	return &Reselector{columns: columns, unchanged: !c.KeepUnchanged, nulls: !c.KeepNulls, EventKey: c.EventKey, Fail: c.Fail}, err
}

// Includes says whether a column is one of those that are read anew at all, by
// its table's name and its own.
func (r *Reselector) Includes(table, column string) bool {
	return r.columns.Includes(table + ":" + column)
}

// Misses says whether a value is one in whose place another is read.
func (r *Reselector) Misses(v tailrace.Value) bool {
	return v.IsUnchanged() && r.unchanged || v.IsNull() && r.nulls
}

// reselectClass is the one post-processor that there is.
const reselectClass = "io.debezium.processors.reselect.ReselectColumnsPostProcessor"

// PostProcessors is the property that names post-processors; their own stand
// behind their names. What a source's tables are called, such as schema.table,
// is for the pages of reference.
func PostProcessors(table string) property.Property {
	return property.Property{Key: "post.processors", Type: property.List,
		Doc: "Names of post-processors. `NAME.type` is `" + reselectClass + "`, which reads columns anew that the log did not carry, or that are null; " +
			"`NAME.reselect.columns.include.list` or `NAME.reselect.columns.exclude.list` choose them, as `" + table + ":column`; " +
			"`NAME.reselect.unavailable.values` (true), `NAME.reselect.null.values` (true), `NAME.reselect.use.event.key` (false) and " +
			"`NAME.reselect.error.handling.mode` (`WARN`, or `FAIL`) are as Debezium has them."}
}

// reselectProperties are those of a post-processor, behind its name.
func reselectProperties() property.Table {
	return property.Table{
		{Key: "type", Required: true, Doc: "The post-processor's class."},
		{Key: "reselect.columns.include.list", Type: property.Regexps, Doc: "The columns that are read anew."},
		{Key: "reselect.columns.exclude.list", Type: property.Regexps, Doc: "The columns that are not read anew."},
		{Key: "reselect.unavailable.values", Type: property.Bool, Default: "true", Doc: "Whether to read what the log did not carry."},
		{Key: "reselect.null.values", Type: property.Bool, Default: "true", Doc: "Whether to read what is null."},
		{Key: "reselect.use.event.key", Type: property.Bool, Default: "false", Doc: "Whether the key of the event, rather than that of the table, finds the row."},
		{Key: "reselect.error.handling.mode", Type: property.Enum, Default: "WARN", Values: []string{"WARN", "FAIL"}, Doc: "What becomes of an event whose columns cannot be read."},
	}
}

// ReselectOf reads post.processors and what belongs to it; nil where no columns
// are to be read anew.
func ReselectOf(p *property.Set) *Reselect {
	const key = "post.processors"
	var out *Reselect
	for _, name := range p.List(key) {
		if out != nil {
			p.Errorf(key, "names more than one: keep one of them")
			return out
		}
		of := p.Sub(name + ".").Use(reselectProperties())
		if class := of.String("type"); class != "" && class != reselectClass {
			of.Errorf("type", "%s: no such post-processor; there is %s", class, reselectClass)
			of.Take()
		}
		out = &Reselect{
			KeepUnchanged: !of.Bool("reselect.unavailable.values"), KeepNulls: !of.Bool("reselect.null.values"),
			EventKey: of.Bool("reselect.use.event.key"), Fail: strings.EqualFold(of.Enum("reselect.error.handling.mode"), "fail"),
		}
		out.Include, out.Exclude = FilterOf(of, "reselect.columns.include.list", "reselect.columns.exclude.list")
		if out.KeepUnchanged && out.KeepNulls {
			of.Errorf("reselect.null.values", "must not be false together with reselect.unavailable.values, which leaves nothing to read")
		}
	}
	return out
}
