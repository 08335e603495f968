package transform_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/transform"
)

func FuzzParseLiteral(f *testing.F) {
	for _, text := range []string{"1", "-1.5e3", "[1,[2.5]]", `{"a":1,"b":null}`, `["2023-11-14",22:13:20.123Z]`, `\:`, "1e999999999", "-0.000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		schema, v, err := transform.ParseLiteral(text)
		if err == nil {
			require.NoError(t, schema.Validate(v))
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, text := range []string{"a.b", "`a.b`.c", "`a\\`.b`", "a.", "`", "``.``"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := transform.ParsePath(text)
		require.Equal(t, err == nil, len(path) > 0)
	})
}

// A time that was written is read back, where the pattern says all of it.
func FuzzTimestamps(f *testing.F) {
	for _, pattern := range []string{"yyyy-MM-dd'T'HH:mm:ss.SSSX", "G yy DDD hh a", "EEE, d MMM yyyy HH:mm:ss Z", "yyyyMMdd", "''", "w u F W"} {
		f.Add(pattern, "2023-11-14T22:13:20.123Z", int64(1700000000123))
	}
	f.Fuzz(func(t *testing.T, pattern, text string, millis int64) {
		write, err := transform.TimestampConverter{To: transform.TextTimestamp, Format: pattern}.New()
		if err != nil {
			return
		}
		read := transform.Must(transform.TimestampConverter{To: transform.UnixTimestamp, Format: pattern}.New())
		r := tailrace.Record{ValueSchema: tailrace.StringSchema, Value: tailrace.String(text)}
		_, _ = read.Apply(&r)
		r = tailrace.Record{ValueSchema: tailrace.Int64Schema, Value: tailrace.Int64(millis)}
		_, err = write.Apply(&r)
		require.NoError(t, err)
		_, err = read.Apply(&r)
		const year9999 = 253402300799999
		if pattern == "yyyy-MM-dd'T'HH:mm:ss.SSSX" && millis >= 0 && millis <= year9999 {
			require.NoError(t, err)
			require.Equal(t, millis, r.Value.Int())
		}
	})
}
