package protobuf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	mainFile = "(the schema)"
	metaFile = "confluent/meta.proto"
)

// known are files that registries have without being told of them, besides
// those of Protobuf itself.
func known(name string) (string, bool) {
	const syntax = "syntax = \"proto3\";\n"
	switch name {
	case metaFile:
		const meta = `package confluent;
import "google/protobuf/descriptor.proto";
message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; }
`
		var b strings.Builder
		for _, on := range []string{"File", "Message", "Field", "Enum", "EnumValue"} {
			under := strings.ToLower(strings.ReplaceAll(on, "EnumValue", "Enum_Value"))
			fmt.Fprintf(&b, "extend google.protobuf.%sOptions { Meta %s_meta = 1088; }\n", on, under)
		}
		return syntax + meta + b.String(), true
	case fileOf(decimalMessage):
		return syntax + "package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }", true
	case fileOf(dateMessage):
		return syntax + "package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }", true
	case fileOf(timeMessage):
		return syntax + "package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }", true
	}
	return "", false
}

// parse reads the text of a .proto file. What it imports is in refs by the names
// that are used there, is known, or comes with Protobuf.
func parse(text string, refs map[string]string) (protoreflect.FileDescriptor, error) {
	find := func(name string) (protocompile.SearchResult, error) {
		source, ok := text, name == mainFile
		if !ok {
			source, ok = refs[name]
		}
		if !ok {
			source, ok = known(name)
		}
		if !ok {
			return protocompile.SearchResult{}, fmt.Errorf("the file %s is imported, and is none of the schema's references", name)
		}
		return withMeta(name, source)
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(protocompile.ResolverFunc(find)),
		MaxParallelism: 1,
	}
	files, err := compiler.Compile(context.Background(), mainFile)
	if err != nil {
		return nil, err
	}
	return files[0], nil
}

// withMeta parses a file, and imports the options of Confluent where it uses
// them: what Confluent's converter registers uses them without an import.
func withMeta(name, source string) (protocompile.SearchResult, error) {
	if !strings.Contains(source, "_meta)") || name == metaFile {
		return protocompile.SearchResult{Source: strings.NewReader(source)}, nil
	}
	handler := reporter.NewHandler(nil)
	tree, err := parser.Parse(name, io.Reader(strings.NewReader(source)), handler)
	if err != nil {
		return protocompile.SearchResult{}, err
	}
	result, err := parser.ResultFromAST(tree, true, handler)
	if err != nil {
		return protocompile.SearchResult{}, err
	}
	if fd := result.FileDescriptorProto(); !slices.Contains(fd.GetDependency(), metaFile) {
		fd.Dependency = append(fd.Dependency, metaFile)
	}
	return protocompile.SearchResult{ParseResult: result}, nil
}

// params are those of field_meta.
func params(fd protoreflect.FieldDescriptor) map[string]string {
	out := make(map[string]string)
	fd.Options().ProtoReflect().Range(func(option protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if option.FullName() != "confluent.field_meta" || option.Message() == nil {
			return true
		}
		if of := option.Message().Fields().ByName("params"); of != nil && of.IsMap() {
			v.Message().Get(of).Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				out[k.String()] = v.String()
				return true
			})
		}
		return true
	})
	return out
}

// messages are what a file, or a message, has inside.
type messages interface {
	Messages() protoreflect.MessageDescriptors
}

// find gives the message with the full name, wherever in the file it is.
func find(in messages, name string) protoreflect.MessageDescriptor {
	list := in.Messages()
	for i := range list.Len() {
		m := list.Get(i)
		if string(m.FullName()) == name {
			return m
		}
		if strings.HasPrefix(name, string(m.FullName())+".") {
			return find(m, name)
		}
	}
	return nil
}

// appendPlace appends where in its file a message is: how deep it is, and the
// indexes on the way to it; one zero for the first message.
func appendPlace(dst []byte, md protoreflect.MessageDescriptor) []byte {
	var path []int
	for d := protoreflect.Descriptor(md); d.Parent() != nil; d = d.Parent() {
		path = append(path, d.Index())
	}
	slices.Reverse(path)
	if len(path) == 1 && path[0] == 0 {
		return append(dst, 0)
	}
	dst = protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(len(path))))
	for _, i := range path {
		dst = protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(i)))
	}
	return dst
}

// cutPlace gives the indexes and what is behind them.
func cutPlace(data []byte) (place []int, rest []byte, err error) {
	next := func() int64 {
		u, n := protowire.ConsumeVarint(data)
		if n < 0 {
			err = errors.New("no indexes of a message follow the schema's id: the data was written by another converter")
			return 0
		}
		data = data[n:]
		return protowire.DecodeZigZag(u)
	}
	count := next()
	if err == nil && (count < 0 || count > int64(len(data))) {
		err = fmt.Errorf("%d indexes of a message, of which there are no more than %d bytes", count, len(data))
	}
	for range count {
		if err != nil {
			break
		}
		place = append(place, int(next()))
	}
	if count == 0 {
		place = []int{0}
	}
	return place, data, err
}

// at gives the message in a place.
func at(f protoreflect.FileDescriptor, place []int) (protoreflect.MessageDescriptor, error) {
	in, md := messages(f), protoreflect.MessageDescriptor(nil)
	for _, i := range place {
		list := in.Messages()
		if i < 0 || i >= list.Len() {
			return nil, fmt.Errorf("it has no message with the indexes %v: the data was written by another schema", place)
		}
		md = list.Get(i)
		in = md
	}
	return md, nil
}
