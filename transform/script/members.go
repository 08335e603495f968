package script

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// javaPattern compiles a Java regular expression.
func javaPattern(expr string, whole bool) (*regexp.Regexp, error) {
	if whole {
		return property.CompileJava(expr, property.Anchored)
	}
	return property.CompileJava(expr)
}

// get is a member of a value: value.op, header['x'], schema.name.
func (c compiler) get(v, member any) (any, error) {
	name, ok := member.(string)
	if !ok {
		if i, isIndex := member.(integer); isIndex {
			switch v := v.(type) {
			case []any:
				return elementOf(v, i.n), nil
			case string:
				return substring(v, []any{i, integer{i.n + 1, i.t}})
			}
		}
		return nil, fmt.Errorf("%s has no member that %s names", typeName(v), typeName(member))
	}
	switch v := v.(type) {
	case object:
		if v.value.Type() == tailrace.TypeMap {
			return v.entry(name), nil
		}
		return v.field(name)
	case headers:
		return v.get(name), nil
	case header:
		switch name {
		case "value":
			return wrap(v.Schema, v.Value), nil
		case "schema":
			return schemaOrNil(v.Schema), nil
		}
	case *tailrace.Schema:
		return schemaMember(v, name)
	case schemaField:
		return v.member(name)
	case string:
		if name == "length" && c.language == JavaScript {
			return integer{int64(len(utf16.Encode([]rune(v)))), tailrace.TypeInt32}, nil
		}
	case []any:
		if name == "length" && c.language == JavaScript {
			return integer{int64(len(v)), tailrace.TypeInt32}, nil
		}
	}
	return nil, fmt.Errorf("%s has no member %s", typeName(v), name)
}

func elementOf(list []any, i int64) any {
	if i < 0 {
		i += int64(len(list))
	}
	if i < 0 || i >= int64(len(list)) {
		return nil
	}
	return list[i]
}

// field is one of a struct, which must have it. Its default takes the place of
// its null.
func (o object) field(name string) (any, error) {
	if o.schema == nil || o.schema.Type() != tailrace.TypeStruct || o.value.Type() != tailrace.TypeStruct {
		return nil, fmt.Errorf("%s has no member %s", typeName(o), name)
	}
	f, ok := o.schema.Field(name)
	if !ok || f.Index >= len(o.value.Fields()) {
		return nil, fmt.Errorf("there is no field %s", name)
	}
	v := o.value.Fields()[f.Index]
	if v.IsNull() {
		v, _ = f.Schema.Default()
	}
	return wrap(f.Schema, v), nil
}

func (o object) entry(name string) any {
	kvs := o.value.Entries()
	for i := 0; i+1 < len(kvs); i += 2 {
		if kvs[i].Type() == tailrace.TypeString && kvs[i].Text() == name {
			if o.schema != nil {
				return wrap(o.schema.Elem(), kvs[i+1])
			}
			return wrap(nil, kvs[i+1])
		}
	}
	return nil
}

// get is the last header of the name; null without one.
func (hs headers) get(name string) any {
	for i := len(hs) - 1; i >= 0; i-- {
		if hs[i].Key == name {
			return header{hs[i]}
		}
	}
	return nil
}

func schemaMember(s *tailrace.Schema, name string) (any, error) {
	switch name {
	case "name":
		if s.Name() == "" {
			return nil, nil
		}
		return s.Name(), nil
	case "version":
		if n, ok := s.Version(); ok {
			return integer{int64(n), tailrace.TypeInt32}, nil
		}
		return nil, nil
	case "doc":
		if s.Doc() == "" {
			return nil, nil
		}
		return s.Doc(), nil
	case "optional":
		return s.Optional(), nil
	}
	return nil, fmt.Errorf("a schema has no member %s here", name)
}

// arguments are how many the methods take.
var arguments = map[string][]int{
	"get": {1}, "getString": {1}, "getInt8": {1}, "getInt16": {1}, "getInt32": {1}, "getInt64": {1}, "getFloat32": {1}, "getFloat64": {1},
	"getBoolean": {1}, "getStruct": {1}, "schema": {0}, "name": {0}, "version": {0}, "doc": {0}, "isOptional": {0}, "field": {1}, "index": {0},
	"containsKey": {1}, "contains": {1}, "includes": {1}, "size": {0}, "length": {0}, "isEmpty": {0}, "isBlank": {0}, "startsWith": {1}, "endsWith": {1},
	"equals": {1}, "equalsIgnoreCase": {1}, "toLowerCase": {0}, "toUpperCase": {0}, "trim": {0}, "indexOf": {1}, "lastIndexOf": {1},
	"substring": {1, 2}, "replace": {2}, "concat": {1}, "matches": {1}, "toString": {0}, "intValue": {0}, "longValue": {0}, "doubleValue": {0}, "toInteger": {0}, "toLong": {0},
}

func knownMethod(name string, n int) bool { return slices.Contains(arguments[name], n) }

// invoke calls a method.
func (c compiler) invoke(v any, name string, args []any) (any, error) {
	switch name {
	case "equals":
		return identical(v, args[0]), nil
	case "toString":
		return text(v)
	}
	switch v := v.(type) {
	case string:
		return textMethod(v, name, args)
	case []any:
		return listMethod(v, name, args)
	case integer, float64, decimal:
		return numberMethod(v, name)
	case *tailrace.Schema:
		return schemaMethod(v, name, args)
	case schemaField:
		return v.member(name)
	case headers:
		return headersMethod(v, name, args)
	case object:
		return v.method(name, args)
	}
	return nil, fmt.Errorf("%s has no method %s here", typeName(v), name)
}

func (o object) method(name string, args []any) (any, error) {
	if name == "schema" {
		return schemaOrNil(o.schema), nil
	}
	if o.value.Type() == tailrace.TypeMap {
		switch name {
		case "size":
			return integer{int64(len(o.value.Entries()) / 2), tailrace.TypeInt32}, nil
		case "isEmpty":
			return len(o.value.Entries()) == 0, nil
		}
	}
	field, ok := append(args, nil)[0].(string)
	switch {
	case !ok:
	case o.value.Type() == tailrace.TypeMap && name == "containsKey":
		kvs := o.value.Entries()
		for i := 0; i < len(kvs); i += 2 {
			if kvs[i].Text() == field && kvs[i].Type() == tailrace.TypeString {
				return true, nil
			}
		}
		return false, nil
	case o.value.Type() == tailrace.TypeMap && name == "get":
		return o.entry(field), nil
	case name == "get":
		return o.field(field)
	case strings.HasPrefix(name, "get"):
		return o.typed(field, strings.ToLower(name[3:]))
	}
	return nil, fmt.Errorf("%s has no method %s here", typeName(o), name)
}

// typed is a field that must be of the type; its default is not asked for.
func (o object) typed(name, want string) (any, error) {
	s := tailrace.AsStruct(o.schema, o.value)
	if s.IsZero() {
		return nil, fmt.Errorf("%s has no field %s", typeName(o), name)
	}
	f, ok := s.Schema.Field(name)
	if !ok || f.Schema.Type().String() != want || f.Index >= len(s.Values) {
		return nil, fmt.Errorf("there is no field %s of the type %s", name, want)
	}
	return wrap(f.Schema, s.Values[f.Index]), nil
}

func headersMethod(hs headers, name string, args []any) (any, error) {
	switch name {
	case "size":
		return integer{int64(len(hs)), tailrace.TypeInt32}, nil
	case "isEmpty":
		return len(hs) == 0, nil
	case "get", "containsKey":
		if key, ok := args[0].(string); ok {
			h := hs.get(key)
			if name == "get" {
				return h, nil
			}
			return h != nil, nil
		}
	}
	return nil, fmt.Errorf("headers have no method %s here", name)
}

func schemaMethod(s *tailrace.Schema, name string, args []any) (any, error) {
	switch name {
	case "isOptional":
		return s.Optional(), nil
	case "name", "version", "doc":
		return schemaMember(s, name)
	case "field":
		if field, ok := args[0].(string); ok {
			if f, ok := s.Field(field); ok {
				return schemaField(f), nil
			}
			return nil, nil
		}
	}
	return nil, fmt.Errorf("a schema has no method %s here", name)
}

// member is one of a field, or what the method of that name gives.
func (f schemaField) member(name string) (any, error) {
	switch name {
	case "name":
		return f.Name, nil
	case "index":
		return integer{int64(f.Index), tailrace.TypeInt32}, nil
	case "schema":
		return f.Schema, nil
	}
	return nil, fmt.Errorf("a field of a schema has no member %s here", name)
}

func listMethod(l []any, name string, args []any) (any, error) {
	switch name {
	case "contains", "includes":
		return contains(l, args[0]), nil
	case "size":
		return integer{int64(len(l)), tailrace.TypeInt32}, nil
	case "isEmpty":
		return len(l) == 0, nil
	case "get":
		if i, ok := args[0].(integer); ok && i.n >= 0 && i.n < int64(len(l)) {
			return l[i.n], nil
		}
	}
	return nil, fmt.Errorf("a list has no method %s here", name)
}

func numberMethod(v any, name string) (any, error) {
	n, whole := v.(integer)
	switch {
	case name == "doubleValue":
		return toFloat(v), nil
	case name == "longValue" && whole:
		return integer{n.n, tailrace.TypeInt64}, nil
	case name == "intValue" && whole:
		return integer{int64(int32(n.n)), tailrace.TypeInt32}, nil
	}
	return nil, fmt.Errorf("a number has no method %s here", name)
}
