package converter_test

import (
	"fmt"
	"math/big"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/converter"
)

var item = tailrace.NewSchema(tailrace.TypeStruct).Name("shop.Item").
	Field("id", tailrace.Int64Schema).
	Field("name", tailrace.OptionalStringSchema).
	Field("price", tailrace.DecimalSchema(2).MustBuild()).
	MustBuild()

func lamp() tailrace.Value {
	return tailrace.StructOf([]tailrace.Value{tailrace.Int64(7), tailrace.String(`"lamp"`), tailrace.Decimal(big.NewInt(1250))})
}

func ExampleJSON() {
	c := converter.NewJSON(converter.JSONConfig{NumericDecimals: true})
	data, err := c.Append([]byte{}, "items", item, lamp())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(data))

	_, v, err := c.Decode("items", data)
	fmt.Println(v, err)

	_, _, err = c.Decode("items", []byte(`{"id":7,}`))
	fmt.Println(err)
	// Output:
	// {"id":7,"name":"\"lamp\"","price":12.50}
	// {id: 7, name: "lamp", price: 12.5} <nil>
	// read JSON: byte 8: '}' where a member's name should be
}

// With schemas each value carries its own, as Kafka Connect writes it unless it
// is told otherwise.
func ExampleJSONConfig_schemas() {
	c := converter.NewJSON(converter.JSONConfig{Schemas: true})
	data, err := c.Append([]byte{}, "prices", tailrace.DecimalSchema(2).MustBuild(), tailrace.Decimal(big.NewInt(1250)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(data))

	schema, v, err := c.Decode("prices", data)
	fmt.Println(schema.Name(), tailrace.Display(schema, v), err)
	// Output:
	// {"schema":{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}},"payload":"BOI="}
	// org.apache.kafka.connect.data.Decimal 12.50 <nil>
}

// A column that the log did not carry is Debezium's placeholder in JSON, and
// nowhere else.
func ExampleJSONConfig_unavailable() {
	c := converter.NewJSON(converter.JSONConfig{})
	v := tailrace.StructOf([]tailrace.Value{tailrace.Int64(7), tailrace.Unchanged(), tailrace.Decimal(big.NewInt(0))})
	data, err := c.Append([]byte{}, "items", item, v)
	fmt.Println(string(data), err)

	_, v, err = c.Decode("items", data)
	fmt.Println(v.Entries()[3].IsUnchanged(), err)
	// Output:
	// {"id":7,"name":"__debezium_unavailable_value","price":"AA=="} <nil>
	// true <nil>
}

func ExampleParseJSONSchema() {
	s, err := converter.ParseJSONSchema([]byte(`{"type":"struct","fields":[{"field":"id","type":"int64"},{"field":"name","type":"string","optional":true}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range s.Fields() {
		fmt.Println(f.Name, f.Schema.Type(), f.Schema.Optional())
	}
	// Output:
	// id int64 false
	// name string true
}

func ExampleAppendJSONSchema() {
	text, err := converter.AppendJSONSchema(nil, tailrace.Semantic(tailrace.DateName).Optional().MustBuild())
	fmt.Println(string(text), err)
	// Output:
	// {"type":"int32","optional":true,"name":"org.apache.kafka.connect.data.Date","version":1} <nil>
}

func ExampleString() {
	c := converter.String{}
	for _, v := range []tailrace.Value{tailrace.String("lamp"), tailrace.Int32(7), tailrace.Float64(1e10)} {
		data, err := c.Append(nil, "items", nil, v)
		fmt.Println(string(data), err)
	}
	data, err := c.Append(nil, "items", item, lamp())
	fmt.Println(string(data), err)
	// Output:
	// lamp <nil>
	// 7 <nil>
	// 1.0E10 <nil>
	// Struct{id=7,name="lamp",price=12.50} <nil>
}

func ExampleParseEncoding() {
	e, err := converter.ParseEncoding("iso-8859-1")
	data, _ := converter.String{Encoding: e}.Append(nil, "t", nil, tailrace.String("é"))
	fmt.Printf("%v %v %x\n", e, err, data)
	_, err = converter.ParseEncoding("EBCDIC")
	fmt.Println(err)
	// Output:
	// ISO-8859-1 <nil> e9
	// the encoding "EBCDIC" is not supported; there are UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE
}

func ExampleBytes() {
	var c converter.Bytes
	data, err := c.Append(nil, "t", nil, tailrace.Bytes([]byte("as it is")))
	fmt.Printf("%s %v\n", data, err)
	_, err = c.Append(nil, "t", nil, tailrace.String("text"))
	fmt.Println(err)
	// Output:
	// as it is <nil>
	// write a value as bytes: it is of type string
}

func ExampleInt64() {
	data, _ := converter.Int64{}.Append(nil, "t", nil, tailrace.Int64(7))
	fmt.Printf("%x\n", data)
	_, v, err := converter.Int64{}.Decode("t", data)
	fmt.Println(v, err)
	_, _, err = converter.Int64{}.Decode("t", data[:7])
	fmt.Println(err)
	// Output:
	// 0000000000000007
	// 7 <nil>
	// read int64: 7 bytes, which must be 8
}
