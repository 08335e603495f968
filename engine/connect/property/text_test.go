package property_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// javaCases gives texts, each with what java.util.Properties.load of a Java 17
// made of it: an object, or the text "error".
func javaCases(t testing.TB) (texts []string, want []any) {
	f, err := os.Open("testdata/java-properties.jsonl")
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var c struct {
			Text string
			Want any
		}
		require.NoError(t, json.Unmarshal(s.Bytes(), &c))
		texts, want = append(texts, c.Text), append(want, c.Want)
	}
	require.NotEmpty(t, texts)
	return texts, want
}

func TestATextIsReadAsJavaReadsIt(t *testing.T) {
	texts, want := javaCases(t)
	for i, text := range texts {
		got, err := property.Parse([]byte(text))
		if want[i] == "error" {
			assert.Error(t, err, "%q", text)
			continue
		}
		if assert.NoError(t, err, "%q", text) {
			assert.Equal(t, fmt.Sprint(want[i]), fmt.Sprint(got), "%q", text)
		}
	}
}

func TestATextThatIsNotUTF8IsLatin1(t *testing.T) {
	got, err := property.Parse([]byte("name=Stra\xdfe\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"name": "Straße"}, got)
}

func TestAnErrorInATextNamesItsLine(t *testing.T) {
	_, err := property.Parse([]byte("# first\na=1\nb=\\u12g4\n"))
	assert.EqualError(t, err, `line 3: the value of b: \u is not followed by four hexadecimal digits`)
}

func FuzzAppendAndParse(f *testing.F) {
	texts, _ := javaCases(f)
	for _, text := range texts {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return
		}
		config := map[string]string{key: value, "other": strings.ToUpper(value)}
		got, err := property.Parse(property.Append(nil, config))
		require.NoError(t, err)
		require.Equal(t, config, got)
	})
}

func FuzzParse(f *testing.F) {
	texts, _ := javaCases(f)
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := property.Parse(text)
		if err != nil {
			return
		}
		again, err := property.Parse(property.Append(nil, config))
		require.NoError(t, err)
		require.Equal(t, config, again)
	})
}

func ExampleParse() {
	config, err := property.Parse([]byte(`
# The shop's database.
database.hostname = db.example.com
database.port: 3306
table.include.list = shop\\.orders, \
                     shop\\.customers
`))
	fmt.Println(config["database.hostname"], config["database.port"], config["table.include.list"], err)
	// Output: db.example.com 3306 shop\.orders, shop\.customers <nil>
}
