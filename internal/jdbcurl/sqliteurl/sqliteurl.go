// Package sqliteurl reads the URLs of SQLite databases, in the form of Java's drivers and
// in that of Go's, for the JDBC source and the JDBC sink.
package sqliteurl

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Parse turns jdbc:sqlite:PATH, a path, or the driver's own file:PATH?… into the
// driver's file:PATH with parameters, the defaults for those that are not there.
func Parse(text string, defaults map[string]string) (string, error) {
	rest, isJDBC := strings.CutPrefix(text, "jdbc:")
	if isJDBC {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, "sqlite:"); !ok {
			kind, _, _ := strings.Cut(rest, ":")
			return "", fmt.Errorf("a URL of jdbc:%s: is not one of SQLite, which has the form jdbc:sqlite:PATH", kind)
		}
	}
	if scheme, _, other := strings.Cut(rest, "://"); other && !strings.HasPrefix(rest, "file:") {
		return "", fmt.Errorf("a URL of %s:// is not one of SQLite, which has the form jdbc:sqlite:PATH", scheme)
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return "", refused(text, "has parameters that cannot be read: %w", err)
	}
	path, isURI := strings.CutPrefix(path, "file:")
	if path == "" || strings.Contains(path, ":memory:") || params.Get("mode") == "memory" {
		return "", refused(text, "names no file: a database in memory belongs to the program that opened it; give that as DB")
	}
	if strings.ContainsRune(path, 0) {
		return "", refused(text, "has a zero byte in the path")
	}
	if isURI && strings.Contains(path, "#") {
		return "", refused(text, "has a # in a file: URI, which is written %%23")
	}
	if !isURI {
		path = escapePath(path)
	}
	if isJDBC {
		if params, err = fromJava(text, params, defaults["_query_only"] == ""); err != nil {
			return "", err
		}
	} else if !isURI && hasQuery && len(params) == 0 {
		return "", refused(text, "has a ? and no parameters behind it")
	}
	for name, value := range defaults {
		if params.Get(name) == "" {
			params.Set(name, value)
		}
	}
	return "file:" + path + "?" + params.Encode(), nil
}

// plain is a value that can stand in a PRAGMA.
var plain = regexp.MustCompile(`^-?[A-Za-z0-9_]+$`)

// fromJava translates the parameters of Java's driver; those about how it writes
// where there is something to write.
func fromJava(text string, params url.Values, writes bool) (url.Values, error) {
	out := url.Values{}
	for name, values := range params {
		value := values[len(values)-1]
		switch name {
		case "busy_timeout":
			if n, err := strconv.Atoi(value); err != nil || n < 0 {
				return nil, refused(text, "has a busy_timeout that is no number of milliseconds")
			}
			out.Set("_busy_timeout", value)
		case "mode", "cache", "immutable", "vfs":
			out.Set(name, value)
		case "date_precision":
			if !strings.EqualFold(value, "milliseconds") {
				return nil, refused(text, "has date_precision=%s: integers are read as milliseconds; "+
					"give a view of the table that has milliseconds", value)
			}
		case "journal_mode", "synchronous", "foreign_keys", "cache_size", "temp_store", "locking_mode", "secure_delete":
			if !plain.MatchString(value) {
				return nil, refused(text, "has a %s that is no word and no number", name)
			}
			if writes {
				out.Add("_pragma", name+"("+value+")")
			}
		case "date_class", "date_string_format", "open_mode", "shared_cache", "page_size", "encoding", "read_uncommitted", "transaction_mode",
			"case_sensitive_like", "count_changes", "fullsync", "journal_size_limit", "legacy_file_format", "max_page_count",
			"recursive_triggers", "enable_load_extension", "limit_length", "limit_attached", "jdbc.explicit_readonly":
			// How that driver reads, or caches.
		default:
			if strings.HasPrefix(name, "_") { // one of Go's driver
				out[name] = values
				continue
			}
			return nil, refused(text, "has the parameter %s, which is not known", name)
		}
	}
	return out, nil
}

// escapePath writes a path as it stands in a file: URI.
func escapePath(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; c {
		case '%', '?', '#':
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c), 16)))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// refused says what is wrong with a URL, and shows its path alone.
func refused(text, format string, args ...any) error {
	path, _, _ := strings.Cut(text, "?")
	return fmt.Errorf("the SQLite URL %q %w", path, fmt.Errorf(format, args...))
}
