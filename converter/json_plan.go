package converter

import (
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// jsonPlan is what the converter works out once about a schema.
type jsonPlan struct {
	root     *jsonNode
	envelope string // {"schema":…,"payload":
}

// jsonOp says how the values of a node are written.
type jsonOp uint8

const (
	opInt jsonOp = iota
	opString
	opTimeOfDay
	opFloat32
	opFloat64
	opBoolean
	opBytes
	opDecimalBase64
	opDecimalNumber
	opArray
	opObject
	opPairs
	opStruct
)

// jsonNode is a schema's plan: an operation, and the texts that its values have
// in common.
type jsonNode struct {
	op      jsonOp
	typ     tailrace.Type
	null    string // what null is written as; "" where it is not allowed
	unknown string // what an unchanged column is written as; "" where it cannot be
	scale   int    // of a decimal
	fields  []jsonField
	key     *jsonNode
	elem    *jsonNode
	schema  *tailrace.Schema
	instead tailrace.Value // what null is read as
}

// jsonField is a member of a struct.
type jsonField struct {
	prefix string // `{"name":` for the first, `,"name":` for the others
	quoted string // the prefix and the opening quote of a string
	null   string // the prefix and what null is written as; "" where it is not allowed
	name   string
	op     jsonOp        // the node's
	typ    tailrace.Type // the node's
	node   *jsonNode
}

func (j *JSON) compile(schema *tailrace.Schema) (*jsonPlan, error) {
	root, err := j.compileNode(schema)
	if err != nil {
		return nil, err
	}
	p := &jsonPlan{root: root}
	if j.config.Schemas {
		text := append([]byte(nil), `{"schema":`...)
		if text, err = j.appendSchema(text, schema); err != nil {
			return nil, err
		}
		p.envelope = string(append(text, `,"payload":`...))
	}
	return p, nil
}

func (j *JSON) compileNode(s *tailrace.Schema) (n *jsonNode, err error) {
	n = &jsonNode{typ: s.Type(), schema: s}
	if err = j.compileOp(n); err != nil {
		return nil, err
	}
	switch n.op {
	case opStruct:
		err = j.compileFields(n)
	case opArray:
		n.elem, err = j.compileNode(s.Elem())
	case opObject, opPairs:
		if n.key, err = j.compileNode(s.Key()); err == nil {
			n.elem, err = j.compileNode(s.Elem())
		}
	}
	if err != nil {
		return nil, err
	}
	return n, j.compileNulls(n)
}

// compileOp chooses the operation. A name of Connect's logical types counts
// only with their type; JsonConverter would fail at each value instead.
func (j *JSON) compileOp(n *jsonNode) (err error) {
	logical := tailrace.Type(0)
	switch n.schema.Name() {
	case tailrace.DecimalName:
		logical = tailrace.TypeBytes
		n.op = opDecimalBase64
		if j.config.NumericDecimals {
			n.op = opDecimalNumber
		}
		if n.scale, err = tailrace.Scale(n.schema); err != nil {
			return err
		}
	case tailrace.TimeName:
		logical, n.op = tailrace.TypeInt32, opTimeOfDay
	case tailrace.DateName:
		logical, n.op = tailrace.TypeInt32, opInt
	case tailrace.TimestampName:
		logical, n.op = tailrace.TypeInt64, opInt
	}
	if logical == n.typ {
		return nil
	}
	if logical != 0 {
		return fmt.Errorf("a schema named %s has the type %s, which must be %s", n.schema.Name(), n.typ, logical)
	}
	switch n.typ {
	case tailrace.TypeFloat32:
		n.op = opFloat32
	case tailrace.TypeFloat64:
		n.op = opFloat64
	case tailrace.TypeBoolean:
		n.op = opBoolean
	case tailrace.TypeString:
		n.op = opString
	case tailrace.TypeBytes:
		n.op = opBytes
	case tailrace.TypeArray:
		n.op = opArray
	case tailrace.TypeMap:
		n.op = opPairs
		if n.schema.Key().Type() == tailrace.TypeString {
			n.op = opObject
		}
	case tailrace.TypeStruct:
		n.op = opStruct
	}
	return nil
}

func (j *JSON) compileFields(n *jsonNode) error {
	n.fields = make([]jsonField, len(n.schema.Fields()))
	open := byte('{')
	for i, f := range n.schema.Fields() {
		node, err := j.compileNode(f.Schema)
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		prefix := string(append(appendQuoted([]byte{open}, []byte(f.Name)), ':'))
		n.fields[i] = jsonField{prefix: prefix, quoted: prefix + `"`, name: f.Name, op: node.op, typ: node.typ, node: node}
		if node.null != "" {
			n.fields[i].null = prefix + node.null
		}
		open = ','
	}
	return nil
}

// compileNulls renders what a null and an unchanged column are written as.
func (j *JSON) compileNulls(n *jsonNode) error {
	def, ok := n.schema.Default()
	switch {
	case ok && !def.IsNull() && !j.config.KeepNulls:
		text, err := n.append(nil, def)
		if err != nil {
			return fmt.Errorf("the default: %w", err)
		}
		n.null, n.instead = string(text), def
	case n.schema.Optional():
		n.null = "null"
	}
	v, ok := Placeholder(n.schema, j.config.Unavailable)
	if !ok {
		if n.schema.Optional() {
			n.unknown = "null"
		}
		return nil
	}
	text, err := n.append(nil, v)
	if err != nil {
		return fmt.Errorf("the placeholder of an unavailable value: %w", err)
	}
	n.unknown = string(text)
	return nil
}
