package property_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func TestJavaExpressionsMatchAsInJava(t *testing.T) {
	for _, c := range []struct{ expr, matches, not string }{
		{`shop\.orders`, "SHOP.Orders", "shop.orders2"},
		{`.*_log`, "a_log", "a_log2"},
		{`\Qa.b\E.*`, "a.bc", "axbc"},
		{`\Qa.b`, "a.b", "axb"},
		{`\u0061\x62`, "ab", "ac"},
		{`\p{Alpha}+\p{Digit}`, "ab1", "abc"},
		{`\p{IsLatin}+`, "é", "ж"},
		{`\p{Lu}`, "É", "1"},
		{`\pL\PL`, "a1", "aa"},
		{`[\p{Upper}\d_]+`, "A_1", "A-1"},
		{`\h\v\s`, " \n\v", "   "},
		{`a\Rb`, "a\r\nb", "ab"},
		{`(?<id>x)(?:y)(?i:z)`, "xyZ", "xy"},
		{`[]a]+`, "a]", "b"},
		{`[^]a]+`, "b", "]"},
		{`[a\]b]+`, "a]b", "c"},
		{`\$\{x\}`, "${x}", "x"},
		{`a{2,3}?`, "aaa", "a"},
		{`\é`, "é", "e"},
		{`a|b`, "b", "ab"},
	} {
		re, err := property.CompileJava(c.expr, property.CaseInsensitive, property.Anchored)
		if assert.NoError(t, err, c.expr) {
			assert.True(t, re.MatchString(c.matches), "%s matches %q", c.expr, c.matches)
			assert.False(t, re.MatchString(c.not), "%s does not match %q", c.expr, c.not)
		}
	}
}

func TestWhatIsNotTranslatedIsNamed(t *testing.T) {
	for expr, want := range map[string]string{
		`(?!tmp_).*`:     `the regular expression "(?!tmp_).*" has a negative look-ahead (?!…), which is not supported`,
		`a(?<=b)`:        `the regular expression "a(?<=b)" has a look-behind (?<=…), which is not supported`,
		`a(?<!b)`:        `the regular expression "a(?<!b)" has a negative look-behind (?<!…), which is not supported`,
		`(?>a)`:          `the regular expression "(?>a)" has an atomic group (?>…), which is not supported`,
		`(a)\1`:          `the regular expression "(a)\\1" has the back reference \1, which is not supported`,
		`(?<x>a)\k<x>`:   `the regular expression "(?<x>a)\\k<x>" has the back reference \k, which is not supported`,
		`a{1}+`:          `the regular expression "a{1}+" has the possessive quantifier }+, which is not supported; leave the second + out`,
		`[a-z&&[^b]]`:    `the regular expression "[a-z&&[^b]]" has an intersection of character classes (&&), which is not supported`,
		`[a[bc]]`:        `the regular expression "[a[bc]]" has a character class within a character class, which is not supported`,
		`(?x) a`:         `the regular expression "(?x) a" has the flag (?x), which is not supported; i, m and s are`,
		`[\S]`:           `the regular expression "[\\S]" has \S in a character class, which is not supported`,
		`\u12`:           `the regular expression "\\u12" has a \u without four hexadecimal digits`,
		`\p{L`:           `the regular expression "\\p{L" has a \p{ without its }`,
		`a\`:             `the regular expression "a\\" ends in a single \`,
		`(a`:             "the regular expression \"(a\" is not valid: missing closing ): `^(?:(a)$`",
		"\xff":           `the regular expression "\xff" is not valid UTF-8`,
		`a{1`:            `the regular expression "a{1" has a { that begins no repetition such as {2} or {2,5}; an ordinary { is \{`,
		`{`:              `the regular expression "{" has a { that begins no repetition such as {2} or {2,5}; an ordinary { is \{`,
		`a{,2}`:          `the regular expression "a{,2}" has a { that begins no repetition such as {2} or {2,5}; an ordinary { is \{`,
		`(?<a_b>c)`:      `the regular expression "(?<a_b>c)" has a group of the name "a_b", which must be of letters and digits of ASCII, a letter first`,
		`(?<a>.)(?<a>.)`: `the regular expression "(?<a>.)(?<a>.)" has two groups of the name a`,
		`[{]\{\Q{\E`:     "",
	} {
		_, err := property.CompileJava(expr, property.Anchored)
		if want == "" {
			assert.NoError(t, err, expr)
			continue
		}
		assert.EqualError(t, err, want)
	}
}

func TestListsOfExpressionsAreSplitAsDebeziumSplitsThem(t *testing.T) {
	for list, want := range map[string][]string{
		"a,b": {"a", "b"}, `a\,b,c`: {"a,b", "c"}, " a, b ,c": {"a", "b", "c"}, "(a,b)": {"(a", "b)"}, ",a,,b,": {"a", "b"},
		"": nil, " ": nil, `a\\,b`: {`a\\`, "b"}, `a\.b,c`: {`a\.b`, "c"},
	} {
		assert.Equal(t, want, property.SplitRegexps(list), "%q", list)
	}
}

func FuzzCompileJava(f *testing.F) {
	for _, expr := range []string{`\Qa\E`, `[^]]`, `(?i)a`, `\p{Alpha}`, `\u0041`, `[a&&b]`, `a*+`, `\`} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		re, err := property.CompileJava(expr, property.Anchored)
		if err == nil && regexp.QuoteMeta(expr) == expr {
			require.True(t, re.MatchString(expr))
		}
	})
}
