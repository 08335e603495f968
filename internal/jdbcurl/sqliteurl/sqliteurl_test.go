package sqliteurl

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var defaults = map[string]string{"mode": "rw", "_busy_timeout": "5000", "_query_only": "1", "_error_rc": "1"}

const added = "_busy_timeout=5000&_error_rc=1&_query_only=1&mode=rw"

func TestURLsOfBothKindsAreTaken(t *testing.T) {
	for text, want := range map[string]string{
		"jdbc:sqlite:shop.db":                                "file:shop.db?" + added,
		"jdbc:sqlite:/var/lib/shop.db":                       "file:/var/lib/shop.db?" + added,
		"jdbc:sqlite:file:shop.db":                           "file:shop.db?" + added,
		"jdbc:sqlite:shop.db?busy_timeout=9&cache=private":   "file:shop.db?_busy_timeout=9&_error_rc=1&_query_only=1&cache=private&mode=rw",
		"jdbc:sqlite:shop.db?date_precision=MILLISECONDS":    "file:shop.db?" + added,
		"jdbc:sqlite:shop.db?date_class=TEXT":                "file:shop.db?" + added,
		"shop.db":                                            "file:shop.db?" + added,
		"C#/50%.db":                                          "file:C%23/50%25.db?" + added,
		"file:shop.db?_busy_timeout=1&mode=ro&_query_only=0": "file:shop.db?_busy_timeout=1&_error_rc=1&_query_only=0&mode=ro",
		"file:///srv/shop.db":                                "file:///srv/shop.db?" + added,
	} {
		got, err := Parse(text, defaults)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
}

func TestHowJavasDriverWritesIsTakenOverWhereThereIsSomethingToWrite(t *testing.T) {
	const url = "jdbc:sqlite:shop.db?journal_mode=WAL&foreign_keys=true"
	got, err := Parse(url, nil)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"journal_mode(WAL)", "foreign_keys(true)"}, paramsOf(t, got)["_pragma"])
	got, err = Parse(url, defaults)
	require.NoError(t, err)
	assert.Empty(t, paramsOf(t, got)["_pragma"])
}

func paramsOf(t *testing.T, dsn string) url.Values {
	_, query, _ := strings.Cut(dsn, "?")
	params, err := url.ParseQuery(query)
	require.NoError(t, err)
	return params
}

func TestURLsThatCannotBeMeantAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "names no file",
		"jdbc:sqlite:":                    "names no file",
		"jdbc:sqlite::memory:":            "names no file",
		"file::memory:?cache=shared":      "names no file",
		"file:x?mode=memory":              "names no file",
		"jdbc:mysql://u:secret@h/d":       "jdbc:mysql: is not one of SQLite",
		"postgres://u:secret@h/d":         "postgres:// is not one of SQLite",
		"jdbc:sqlite:x?key=secret":        "the parameter key, which is not known",
		"jdbc:sqlite:x?busy_timeout=soon": "busy_timeout that is no number",
		"jdbc:sqlite:x?date_precision=s":  "integers are read as milliseconds",
		"jdbc:sqlite:x?journal_mode=a)b":  "no word and no number",
		"x.db?":                           "no parameters behind it",
		"x.db?%zz":                        "parameters that cannot be read",
	} {
		_, err := Parse(text, defaults)
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"jdbc:sqlite:shop.db", "file:a%20b?mode=ro", "a?b", "jdbc:sqlite:a?busy_timeout=1&x=%", ":memory:", "a#b%c", "file:0?mode=", "file:a#b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dsn, err := Parse(text, defaults)
		if err != nil {
			return
		}
		path, query, ok := strings.Cut(dsn, "?")
		require.True(t, ok)
		require.True(t, strings.HasPrefix(path, "file:"))
		params, err := url.ParseQuery(query)
		require.NoError(t, err)
		require.NotEmpty(t, params.Get("mode"))
		require.NotContains(t, path, "#")
	})
}
