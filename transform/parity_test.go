package transform_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/smt"
)

var (
	record = flag.Bool("record", false, "ask the real transforms anew: the command that $TAILRACE_ORACLE names takes lines and answers each with a line")
	only   = flag.String("only", "", "with -record, the files whose names have this in them")
)

// parityCase is a line of testdata: what is tried, and what the transforms and
// predicates of Kafka Connect 4.3.1 and Debezium 3.5.0 answered.
type parityCase struct {
	Name      string          `json:"name"`
	Transform json.RawMessage `json:"transform,omitempty"`
	Predicate json.RawMessage `json:"predicate,omitempty"`
	Sink      bool            `json:"sink,omitempty"`
	Record    json.RawMessage `json:"record"`
	Want      json.RawMessage `json:"want"`

	// Ours is the answer where it must be another one, and Why says why.
	Ours json.RawMessage `json:"ours,omitempty"`
	Why  string          `json:"why,omitempty"`
}

func TestTransformsAnswerAsTheRealOnesDo(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	debeziums, err := filepath.Glob("debezium/testdata/*.jsonl")
	require.NoError(t, err)
	scripts, err := filepath.Glob("script/testdata/*.jsonl")
	require.NoError(t, err)
	files = append(append(files, debeziums...), scripts...)
	require.Greater(t, len(files), 15)
	for _, file := range files {
		if *record && strings.Contains(file, *only) {
			recordAnswers(t, file)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) {
			cases := parityCases(t, file)
			require.GreaterOrEqual(t, len(cases), 25)
			for _, c := range cases {
				t.Run(c.Name, func(t *testing.T) { c.check(t) })
			}
		})
	}
}

func (c *parityCase) check(t *testing.T) {
	want := c.Want
	if c.Ours != nil {
		want = c.Ours
	}
	got := smt.Try(c.line(t))
	var answer struct{ Error string }
	require.NoError(t, json.Unmarshal(want, &answer))
	if answer.Error == "" {
		assert.JSONEq(t, string(want), string(got))
		return
	}
	answer.Error = ""
	require.NoError(t, json.Unmarshal(got, &answer))
	assert.NotEmpty(t, answer.Error, "must be an error: %s", got)
	t.Log(answer.Error)
}

// line is what is tried, without the answers.
func (c *parityCase) line(t *testing.T) []byte {
	bare := *c
	bare.Want, bare.Ours, bare.Why = json.RawMessage("null"), nil, ""
	line, err := marshal(&bare)
	require.NoError(t, err)
	return line
}

func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}

func parityCases(t *testing.T, file string) (cases []*parityCase) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		c := new(parityCase)
		require.NoError(t, json.Unmarshal(lines.Bytes(), c), lines.Text())
		cases = append(cases, c)
	}
	require.NoError(t, lines.Err())
	return cases
}

// recordAnswers writes a file anew with the answers of the real ones.
func recordAnswers(t *testing.T, file string) {
	command := strings.Fields(os.Getenv("TAILRACE_ORACLE"))
	require.NotEmpty(t, command, "-record needs TAILRACE_ORACLE, the command that answers")
	cases := parityCases(t, file)
	var in bytes.Buffer
	for _, c := range cases {
		in.Write(append(c.line(t), '\n'))
	}
	oracle := exec.Command(command[0], command[1:]...)
	oracle.Stdin, oracle.Stderr = &in, os.Stderr
	out, err := oracle.Output()
	require.NoError(t, err)
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	require.Len(t, answers, len(cases))
	var text bytes.Buffer
	for i, c := range cases {
		c.Want = answers[i]
		line, err := marshal(c)
		require.NoError(t, err)
		text.Write(append(line, '\n'))
	}
	require.NoError(t, os.WriteFile(file, text.Bytes(), 0o644))
}
