package kafkawire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestALoginConfiguration(t *testing.T) {
	for text, want := range map[string]map[string]string{
		`a.B required;`:                               {},
		` a.B  Required x=1 y = "2 3" ; `:             {"x": "1", "y": "2 3"},
		"a.B required\n\tx='\"'\n\ty=\"a\\\"b\\\\\";": {"x": `"`, "y": `a"b\`},
		`a.B required password="";`:                   {"password": ""},
	} {
		module, options, err := parseJAAS(text)
		assert.NoError(t, err, text)
		assert.Equal(t, "a.B", module)
		assert.Equal(t, want, options, text)
	}
	for _, text := range []string{
		"", ";", "a.B", "a.B;", "a.B needed;", "a.B required", "a.B required x;", "a.B required x=;", `a.B required x="1`, "a.B required x=1; y",
		"a.B required =1;", `a.B required x="1" "2";`,
	} {
		_, _, err := parseJAAS(text)
		assert.Error(t, err, text)
	}
}

func FuzzParseJAAS(f *testing.F) {
	f.Add(`org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="hunter2";`)
	f.Add("a required x='1\\n' y = 2;")
	f.Add(`a required x="`)
	f.Fuzz(func(t *testing.T, text string) {
		module, options, err := parseJAAS(text)
		if err == nil && (module == "" || options == nil) {
			t.Fatalf("%q is taken and has no module", text)
		}
		if err != nil && (module != "" || options != nil) {
			t.Fatalf("%q is refused and gives %q", text, module)
		}
	})
}
