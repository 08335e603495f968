package property_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func TestJSONIsReadFlatOrAsConnectsRESTTakesIt(t *testing.T) {
	for text, want := range map[string]map[string]string{
		`{}`:                       {},
		`{"a":"1","b":2,"c":true}`: {"a": "1", "b": "2", "c": "true"},
		`{"n":1.50e3,"big":12345678901234567890}`:                             {"n": "1.50e3", "big": "12345678901234567890"},
		`{"name":"shop","config":{"a":"é\n"}}`:                                {"name": "shop", "a": "é\n"},
		`{"name":"shop","config":{"name":"shop"},"tasks":[],"type":"source"}`: {"name": "shop"},
		`{"config":{"name":"shop"}}`:                                          {"name": "shop"},
		`{"config":"a text","name":"shop"}`:                                   {"config": "a text", "name": "shop"},
	} {
		got, err := property.ParseJSON([]byte(text))
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, got, text)
		}
	}
}

func TestWrongJSONIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		``:                   "the configuration is not a JSON object: EOF",
		`null`:               "the configuration is null",
		`[]`:                 "the configuration is not a JSON object: json: cannot unmarshal array into Go value of type map[string]json.RawMessage",
		"{\"a\":1,\n\"b\":}": "the configuration is not a JSON object: line 2: invalid character '}' looking for beginning of value",
		`{} {}`:              "the configuration is not a JSON object: there is more text behind its end",
		`{"a":null,"b":{},"c":[1]}`: "the configuration is wrong in 3 places:\n  a: is null; a property is a text, a number or a boolean\n" +
			"  b: is an object; a property is a text, a number or a boolean\n  c: is a list; a property is a text, a number or a boolean",
		`{"name":"a","config":{"name":"b"}}`: `the name "a" and the name "b" in config differ`,
		`{"nmae":"a","config":{}}`:           "nmae: has no place beside name and config; did you mean name?",
		`{"name":1,"config":{}}`:             "name: must be a text that is not empty",
	} {
		_, err := property.ParseJSON([]byte(text))
		assert.EqualError(t, err, want, text)
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"name":"shop","config":{"a":"1","b":2,"c":true}}`))
	f.Add([]byte(`{"a":{},"b":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := property.ParseJSON(text)
		if err != nil {
			return
		}
		again, err := property.Parse(property.Append(nil, config))
		require.NoError(t, err)
		require.Equal(t, config, again)
	})
}

func ExampleParseJSON() {
	config, err := property.ParseJSON([]byte(`{
		"name": "inventory",
		"config": {"connector.class": "io.debezium.connector.mysql.MySqlConnector", "database.port": 3306}
	}`))
	fmt.Println(config["name"], config["connector.class"], config["database.port"], err)
	// Output: inventory io.debezium.connector.mysql.MySqlConnector 3306 <nil>
}
