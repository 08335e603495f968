package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	t.Parallel()
	const head = "package p\nimport \"testing\"\n"
	for _, test := range []struct {
		name   string
		source string
		code   int
		want   []string
		not    []string
	}{
		{
			name:   "all pass",
			source: head + "func TestA(t *testing.T) { t.Log(\"chatter\") }\nfunc TestB(t *testing.T) { t.Run(\"sub\", func(*testing.T) {}) }",
			want:   []string{"ok  \texample\t", "\n3 passed, 0 failed, 0 skipped\n"},
			not:    []string{"chatter", "==="},
		},
		{
			name:   "one fails",
			source: head + "func TestA(t *testing.T) { t.Log(\"chatter\") }\nfunc TestB(t *testing.T) { t.Run(\"sub\", func(t *testing.T) { t.Error(\"why\") }) }",
			code:   1,
			want:   []string{"--- FAIL: TestB/sub", "p_test.go:4: why", "FAIL\texample\t", "\n1 passed, 2 failed, 0 skipped\n"},
			not:    []string{"chatter", "==="},
		},
		{
			name:   "one is skipped",
			source: head + "func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { t.Skip(\"why\") }",
			code:   1,
			want:   []string{"SKIPPED example TestB", "p_test.go:4: why", "\n1 passed, 0 failed, 1 skipped\n"},
		},
		{
			name:   "one panics",
			source: head + "func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { panic(\"why\") }",
			code:   1,
			want:   []string{"panic: why", "p_test.go:4", "FAIL\texample\t", "1 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:   "the process ends",
			source: head + "import \"os\"\nfunc TestMain(m *testing.M) { println(\"why\"); os.Exit(3) }\nfunc TestA(t *testing.T) {}",
			code:   1,
			want:   []string{"why\n", "BROKEN example", "\n0 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:   "nothing compiles",
			source: head + "func TestA(t *testing.T) { undefined() }",
			code:   1,
			want:   []string{"undefined: undefined", "BROKEN example", "0 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:   "no test",
			source: "package p\n",
			code:   1,
			want:   []string{"No test ran.\n0 passed, 0 failed, 0 skipped\n"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range map[string]string{"go.mod": "module example\n", "p_test.go": test.source} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out strings.Builder
			code, err := run(dir, []string{"./..."}, &out)
			if err != nil || code != test.code {
				t.Errorf("the exit code is %d (%v), want %d", code, err, test.code)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report lacks %q", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(out.String(), not) {
					t.Errorf("the report has %q", not)
				}
			}
			if t.Failed() {
				t.Logf("the report:\n%s", out.String())
			}
		})
	}
}
