package debezium_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
	"github.com/tailrace-io/tailrace/transform/debezium"
)

// toasted is an update of a row whose status the log did not carry.
func toasted(op tailrace.Op, status tailrace.Value) tailrace.Record {
	r := event(op, tailrace.Value{}, tailrace.StructOf([]tailrace.Value{tailrace.Int32(7), status}))
	source, _ := r.ValueSchema.Field("source")
	s := source.Schema.Builder().Field("table", tailrace.StringSchema).MustBuild()
	b := tailrace.NewSchema(tailrace.TypeStruct).Name(r.ValueSchema.Name())
	for _, f := range r.ValueSchema.Fields() {
		if f.Name == "source" {
			f.Schema = s
		}
		b.Field(f.Name, f.Schema)
	}
	r.ValueSchema = b.MustBuild()
	vs := append([]tailrace.Value(nil), r.Value.Fields()...)
	vs[source.Index] = tailrace.StructOf([]tailrace.Value{tailrace.String("shop"), tailrace.Int64(1), tailrace.String("orders")})
	r.Value = tailrace.StructOf(vs)
	r.KeySchema = tailrace.NewSchema(tailrace.TypeStruct).Field("id", tailrace.Int32Schema).MustBuild()
	r.Key = tailrace.StructOf([]tailrace.Value{tailrace.Int32(7)})
	return r
}

// inDatabase answers as a database with that status in the row.
func inDatabase(status string) func(debezium.RowColumns) ([]tailrace.Value, bool, error) {
	return func(debezium.RowColumns) ([]tailrace.Value, bool, error) {
		return []tailrace.Value{tailrace.String(status)}, true, nil
	}
}

func ExampleReselectColumns() {
	t := transform.Must(debezium.ReselectColumns{
		Query: func(row debezium.RowColumns) ([]tailrace.Value, bool, error) {
			fmt.Println("SELECT", row.Columns[0].Name, "FROM", row.Table, "WHERE", row.Key)
			return []tailrace.Value{tailrace.String("paid")}, true, nil
		},
	}.New())
	r := toasted(tailrace.OpUpdate, tailrace.Unchanged())
	_, err := t.Apply(&r)
	fmt.Println(r.ValueStruct().Struct("after"), err)
	// Output:
	// SELECT status FROM orders WHERE {id: 7}
	// {id: 7, status: paid} <nil>
}

func TestColumnsAreReadAnewWhereTheyAreMissing(t *testing.T) {
	only := func(expr string) []*regexp.Regexp { return []*regexp.Regexp{regexp.MustCompile("^" + expr + "$")} }
	for name, c := range map[string]struct {
		config debezium.ReselectColumns
		op     tailrace.Op
		status tailrace.Value
		want   tailrace.Value
	}{
		"not in the log":           {debezium.ReselectColumns{}, tailrace.OpUpdate, tailrace.Unchanged(), tailrace.String("paid")},
		"null":                     {debezium.ReselectColumns{}, tailrace.OpCreate, tailrace.Value{}, tailrace.String("paid")},
		"there":                    {debezium.ReselectColumns{}, tailrace.OpUpdate, tailrace.String("new"), tailrace.String("new")},
		"of a snapshot":            {debezium.ReselectColumns{}, tailrace.OpRead, tailrace.Value{}, tailrace.Value{}},
		"null, and nulls are kept": {debezium.ReselectColumns{KeepNulls: true}, tailrace.OpUpdate, tailrace.Value{}, tailrace.Value{}},
		"unchanged, and those are": {debezium.ReselectColumns{KeepUnchanged: true}, tailrace.OpUpdate, tailrace.Unchanged(), tailrace.Unchanged()},
		"included":                 {debezium.ReselectColumns{Include: only(`shop\.orders:status`)}, tailrace.OpUpdate, tailrace.Unchanged(), tailrace.String("paid")},
		"not included":             {debezium.ReselectColumns{Include: only(`shop\.orders:id`)}, tailrace.OpUpdate, tailrace.Unchanged(), tailrace.Unchanged()},
		"excluded":                 {debezium.ReselectColumns{Exclude: only(`.*:status`)}, tailrace.OpUpdate, tailrace.Unchanged(), tailrace.Unchanged()},
	} {
		c.config.Query = inDatabase("paid")
		tr, err := c.config.New()
		require.NoError(t, err, name)
		r := toasted(c.op, c.status)
		keep, err := tr.Apply(&r)
		require.NoError(t, err, name)
		assert.True(t, keep, name)
		assert.Equal(t, c.want, r.ValueStruct().Struct("after").Get("status"), name)
	}
}

func TestARowThatCannotBeReadAnewIsSaidOrFails(t *testing.T) {
	down := errors.New("the database is down")
	for want, query := range map[string]func(debezium.RowColumns) ([]tailrace.Value, bool, error){
		"the database is down":          func(debezium.RowColumns) ([]tailrace.Value, bool, error) { return nil, false, down },
		"the row is not there any more": func(debezium.RowColumns) ([]tailrace.Value, bool, error) { return nil, false, nil },
		"the query gave 0 values":       func(debezium.RowColumns) ([]tailrace.Value, bool, error) { return nil, true, nil },
		"the column status: int32 where the schema": func(debezium.RowColumns) ([]tailrace.Value, bool, error) {
			return []tailrace.Value{tailrace.Int32(1)}, true, nil
		},
		"read 1 columns of a row of shop.orders anew": func(debezium.RowColumns) ([]tailrace.Value, bool, error) { return nil, false, down },
	} {
		r := toasted(tailrace.OpUpdate, tailrace.Unchanged())
		was := r
		_, err := transform.Must(debezium.ReselectColumns{Query: query, Fail: true}.New()).Apply(&r)
		require.ErrorContains(t, err, want)
		assert.Equal(t, was, r)

		var said error
		keep, err := transform.Must(debezium.ReselectColumns{Query: query, Warn: func(_ *tailrace.Record, err error) { said = err }}.New()).Apply(&r)
		require.NoError(t, err)
		assert.True(t, keep)
		require.ErrorContains(t, said, want)
		assert.Equal(t, was, r)
	}
}
