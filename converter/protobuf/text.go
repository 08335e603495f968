package protobuf

import (
	"fmt"
	"strings"
)

// file is a .proto file of one message.
type file struct {
	pack    string
	imports []string
	root    *message
}

type message struct {
	name   string
	fields []field
	oneofs []oneof
	inner  []fmt.Stringer // messages and enums, in order
}

type field struct {
	label string // "repeated", "optional" or none
	typ   string
	name  string
	tag   int
	meta  []param
}

// param is a parameter of field_meta. Confluent's converter writes the value
// before the key in some.
type param struct {
	key, value string
	valueFirst bool
}

type oneof struct {
	name   string
	fields []field
}

type enum struct {
	name   string
	values []string // with their numbers
}

// fullName is the name of the file's message.
func (f *file) fullName() string {
	if f.pack == "" {
		return f.root.name
	}
	return f.pack + "." + f.root.name
}

// String gives the text as Confluent's converter registers it, to the last
// space.
func (f *file) String() string {
	var b strings.Builder
	b.WriteString("syntax = \"proto3\";\n")
	if f.pack != "" {
		fmt.Fprintf(&b, "package %s;\n", f.pack)
	}
	b.WriteByte('\n')
	for _, i := range f.imports {
		fmt.Fprintf(&b, "import %q;\n", i)
	}
	if len(f.imports) > 0 {
		b.WriteByte('\n')
	}
	return b.String() + f.root.String()
}

func (m *message) String() string {
	var parts []string
	add := func(part string) {
		if part != "" {
			parts = append(parts, indent(part))
		}
	}
	add(texts(m.fields))
	add(texts(m.oneofs))
	add(texts(m.inner))
	if len(parts) == 0 {
		return "message " + m.name + " {}\n"
	}
	return "message " + m.name + " {\n" + strings.Join(parts, "\n") + "}\n"
}

func texts[T fmt.Stringer](of []T) string {
	var b strings.Builder
	for _, t := range of {
		b.WriteString(t.String())
	}
	return b.String()
}

// indent moves lines to the right, empty ones too.
func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

func (f field) String() string {
	label := f.label
	if label != "" {
		label += " "
	}
	head := fmt.Sprintf("%s%s %s = %d", label, f.typ, f.name, f.tag)
	if len(f.meta) == 0 {
		return head + ";\n"
	}
	params := make([]string, len(f.meta))
	for i, p := range f.meta {
		params[i] = p.String()
	}
	list := "params: [\n" + indent(strings.Join(params, ",\n")) + "]\n"
	return head + " [(confluent.field_meta) = {\n" + indent(list) + "}];\n"
}

func (p param) String() string {
	first, second := fmt.Sprintf("key: %q", p.key), fmt.Sprintf("value: %q", p.value)
	if p.valueFirst {
		first, second = second, first
	}
	return "{\n" + indent(first+",\n"+second) + "}"
}

func (o oneof) String() string {
	return "oneof " + o.name + " {\n" + indent(texts(o.fields)) + "}\n"
}

func (e *enum) String() string {
	if len(e.values) == 0 {
		return "enum " + e.name + " {}\n"
	}
	return "enum " + e.name + " {\n" + indent(strings.Join(e.values, "\n")) + "}\n"
}

const wrappersFile = "google/protobuf/wrappers.proto"

// wrappers are the scalars of google/protobuf/wrappers.proto, in its order.
func wrappers() []string {
	return []string{"Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"}
}

// wrappersText is what Confluent's converter registers for data that is in no
// struct.
func wrappersText() string {
	var b strings.Builder
	b.WriteString(`syntax = "proto3";
package google.protobuf;

option java_package = "com.google.protobuf";
option java_outer_classname = "WrappersProto";
option java_multiple_files = true;
option go_package = "google.golang.org/protobuf/types/known/wrapperspb";
option cc_enable_arenas = true;
option objc_class_prefix = "GPB";
option csharp_namespace = "Google.Protobuf.WellKnownTypes";

`)
	for _, w := range wrappers() {
		fmt.Fprintf(&b, "message %sValue {\n  %s value = 1 [json_name = \"value\"];\n}\n", w, strings.ToLower(w))
	}
	return b.String()
}
