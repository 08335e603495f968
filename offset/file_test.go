package offset_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
	"github.com/tailrace-io/tailrace/offset/offsettest"
)

func TestStoresKeepTheContract(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		offsettest.Run(t, func(testing.TB) func() offset.Store {
			m := new(offset.Memory)
			return func() offset.Store { return m }
		})
	})
	t.Run("file", func(t *testing.T) {
		offsettest.Run(t, func(t testing.TB) func() offset.Store {
			path := filepath.Join(t.TempDir(), "shop.offsets")
			return func() offset.Store { return offset.File(path) }
		})
	})
}

func at(server string, position string) tailrace.Offset {
	return tailrace.Offset{Partition: `{"server":"` + server + `"}`, Position: position}
}

// file gives a File in a directory of its own, which has the text unless it is
// absent.
func file(t testing.TB, text ...string) offset.File {
	path := filepath.Join(t.TempDir(), "shop.offsets")
	if len(text) > 0 {
		require.NoError(t, os.WriteFile(path, []byte(text[0]), 0o600))
	}
	return offset.File(path)
}

func text(t testing.TB, f offset.File) string {
	b, err := os.ReadFile(string(f))
	require.NoError(t, err)
	return string(b)
}

const shop = `{
  "inventory": [
    {
      "partition": {"server":"shop"},
      "position": {"file":"binlog.000003","pos":1547}
    },
    {
      "partition": {"server":"store"},
      "position": {"lsn":24023128}
    }
  ],
  "people": [
    {
      "partition": {"server":"hr"},
      "position": {"incrementing":7}
    }
  ]
}
`

func TestTheFileIsReadableAndSharedByEngines(t *testing.T) {
	f := file(t)
	require.NoError(t, f.Save(t.Context(), "inventory", []tailrace.Offset{at("shop", `{"file":"binlog.000003","pos":1547}`)}))
	require.NoError(t, f.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":7}`)}))
	require.NoError(t, f.Save(t.Context(), "inventory", []tailrace.Offset{at("store", `{"lsn":24023128}`)}))
	assert.Equal(t, shop, text(t, f))
}

func TestAPersonMayEditAndReformatTheFile(t *testing.T) {
	f := file(t, strings.NewReplacer(
		"1547", "4", "\n", "\r\n",
		`{"server":"shop"}`, "{\r\n\t\"server\": \"shop\"\r\n}",
		`{"lsn":24023128}`, `  {"lsn" : 24023128}  `,
	).Replace(shop))
	got, err := f.Load(t.Context(), "inventory")
	require.NoError(t, err)
	assert.Equal(t, []tailrace.Offset{at("shop", `{"file":"binlog.000003","pos":4}`), at("store", `{"lsn" : 24023128}`)}, got)

	require.NoError(t, f.Save(t.Context(), "inventory", []tailrace.Offset{
		at("shop", `{"file":"binlog.000003","pos":1547}`), at("store", `{"lsn":24023128}`),
	}))
	assert.Equal(t, shop, text(t, f))
}

func TestASaveOfTheSameOffsetsWritesNothing(t *testing.T) {
	f := file(t, shop)
	before, err := os.Stat(string(f))
	require.NoError(t, err)
	require.NoError(t, f.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":7}`)}))
	after, err := os.Stat(string(f))
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "the file is another")
	require.NoError(t, f.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}))
	after, err = os.Stat(string(f))
	require.NoError(t, err)
	assert.False(t, os.SameFile(before, after), "the file was written in place")
	assert.Equal(t, before.Mode(), after.Mode(), "the permissions are kept")
}

func TestNothingButTheFileIsLeftBehind(t *testing.T) {
	f := file(t)
	release, err := f.Claim(t.Context(), "inventory")
	require.NoError(t, err)
	require.NoError(t, f.Save(t.Context(), "inventory", []tailrace.Offset{at("shop", `{"pos":4}`)}))
	require.NoError(t, release())
	entries, err := os.ReadDir(filepath.Dir(string(f)))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, "shop.offsets", entries[0].Name())
}

func TestALinkedFileIsReplacedWhereItIs(t *testing.T) {
	f := file(t, shop)
	link := offset.File(filepath.Join(t.TempDir(), "link"))
	require.NoError(t, os.Symlink(string(f), string(link)))
	require.NoError(t, link.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}))
	assert.Contains(t, text(t, f), `{"incrementing":8}`)
	info, err := os.Lstat(string(link))
	require.NoError(t, err)
	assert.Equal(t, os.ModeSymlink, info.Mode().Type())
}

// refuse checks that neither Load nor Save takes the file, that their errors
// say why and where, and that the file stays as it is.
func refuse(t *testing.T, content string, says ...string) {
	t.Helper()
	f := file(t, content)
	_, err := f.Load(t.Context(), "people")
	require.Error(t, err, "Load takes %q", content)
	for _, s := range append(says, string(f), `"people"`, "remove it if everything may be read from the beginning again") {
		require.ErrorContains(t, err, s)
	}
	require.Error(t, f.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}))
	assert.Equal(t, content, text(t, f))
}

func TestADamagedFileIsAnErrorThatNamesIt(t *testing.T) {
	t.Run("empty", func(t *testing.T) { refuse(t, "", "it is empty") })
	t.Run("white", func(t *testing.T) { refuse(t, " \n", "it is empty") })
	t.Run("zeroed", func(t *testing.T) { refuse(t, strings.Repeat("\x00", len(shop)), "damaged at byte 1 ") })
	t.Run("one byte lost", func(t *testing.T) {
		refuse(t, strings.Replace(shop, `"server":"hr"`, `"server:"hr"`, 1), "damaged at byte 2", "invalid character")
	})
	t.Run("something behind", func(t *testing.T) { refuse(t, shop+"}", "damaged at byte") })
	t.Run("cut short anywhere", func(t *testing.T) {
		for n := range len(strings.TrimSpace(shop)) {
			refuse(t, shop[:n])
		}
	})
}

func TestAFileOfAnotherKindIsAnErrorThatNamesIt(t *testing.T) {
	for content, says := range map[string]string{
		"\xac\xed\x00\x05sr\x00\x11java.util.HashMap": "damaged at byte 1 ",
		`null`:                                  "there should be an object",
		`[]`:                                    "there should be an object",
		`"text"`:                                "there should be an object",
		`{"name":"shop"}`:                       "there should be a list of offsets",
		`{"a":{}}`:                              "there should be a list of offsets",
		`{"a":null}`:                            "there should be a list of offsets",
		`{"a":[7]}`:                             "there should be an object",
		`{"a":[{}]}`:                            "lacks its partition or its position",
		`{"a":[null]}`:                          "there should be an object",
		`{"a":[],"a":[]}`:                       `the member "a" is there twice`,
		`{"a":[{"partition":{},"position":7}]}`: `the member "position" should be an object`,
		`{"a":[{"partition":{},"position":null}]}`:                               `the member "position" should be an object`,
		`{"a":[{"partition":{}}]}`:                                               "lacks its partition or its position",
		`{"a":[{"position":{}}]}`:                                                "lacks its partition or its position",
		`{"a":[{"partition":{},"position":{},"position":{}}]}`:                   `the member "position" is there twice`,
		`{"a":[{"partition":{},"position":{},"epoch":7}]}`:                       `there is a member "epoch", which this version does not know`,
		`{"a":[{"partition":{},"position":{}},{"position":{},"x":{}}]}`:          `there is a member "x"`,
		`{"a":[{"partition":{},"position":{}},{"partition": {},"position":{}}]}`: `the partition {} of "a" is there twice`,
	} {
		refuse(t, content, says)
	}
}

func TestAFileWithoutEnginesHasNoOffsets(t *testing.T) {
	for _, content := range []string{"{}", "{ }\n", `{"people":[]}`} {
		got, err := file(t, content).Load(t.Context(), "people")
		require.NoError(t, err)
		assert.Empty(t, got)
	}
}

func TestAFileThatCannotBeThereIsAnError(t *testing.T) {
	offsets := []tailrace.Offset{at("hr", `{"incrementing":8}`)}
	for name, c := range map[string]struct {
		file offset.File
		says string
	}{
		"no name":      {"", `say offset.File("shop.offsets")`},
		"no directory": {offset.File(filepath.Join(t.TempDir(), "volume", "shop.offsets")), "the directory of the offsets file"},
		"a directory":  {offset.File(t.TempDir()), "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.file.Load(t.Context(), "people")
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, c.file.Save(t.Context(), "people", offsets), c.says)
		})
	}
	_, err := offset.File("").Claim(t.Context(), "people")
	require.ErrorContains(t, err, "has no name")
}

func TestASaveEndsItsWaitForTheLockWithItsContext(t *testing.T) {
	f := file(t)
	ctx, cancel := context.WithCancel(t.Context())
	// A claim on a file without a name beyond its suffix is what a Save locks.
	release, err := offset.LockSaves(f)
	require.NoError(t, err)
	done := make(chan error)
	go func() { done <- f.Save(ctx, "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}) }()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, release())
	require.NoError(t, f.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}))
}

func TestASecondClaimNamesTheProcessThatHasTheName(t *testing.T) {
	f := file(t)
	release, err := f.Claim(t.Context(), "people")
	require.NoError(t, err)
	_, err = f.Claim(t.Context(), "people")
	require.ErrorContains(t, err, `claim the offsets of "people"`)
	require.ErrorContains(t, err, string(f))
	require.ErrorContains(t, err, "this process")
	require.NoError(t, release())
}

func BenchmarkFileSave(b *testing.B) {
	f := file(b)
	positions := [2]string{`{"file":"binlog.000003","pos":1547}`, `{"file":"binlog.000003","pos":1548}`}
	for name, step := range map[string]int{"changed": 1, "unchanged": 2} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i += step {
				if err := f.Save(b.Context(), "people", []tailrace.Offset{at("hr", positions[i%2])}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
