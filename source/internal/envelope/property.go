package envelope

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Properties are those of events that the connectors share: of topics, keys,
// masks and what else becomes of events. What their tables are called, such as
// schema.table, is for the pages of reference.
func Properties(table string) property.Table {
	modes := []string{"none", "avro", "avro_unicode"}
	return property.Table{
		{Key: "topic.delimiter", Default: ".", Doc: "What stands between the parts of topics' names."},
		{Key: "schema.name.adjustment.mode", Type: property.Enum, Default: "none", Values: modes, Doc: "How the names of schemas are made to fit Avro."},
		{Key: "field.name.adjustment.mode", Type: property.Enum, Default: "none", Values: modes, Doc: "How the names of fields are made to fit Avro."},
		{Key: "provide.transaction.metadata", Type: property.Bool, Default: "false",
			Doc: "Whether changes have their place in their transaction, and transactions a topic of their own."},
		{Key: "topic.transaction", Default: "transaction", Doc: "The name of the topic of transactions, behind the prefix."},
		{Key: "heartbeat.interval.ms", Type: property.Millis, Default: "0", Check: property.AtLeast(0), Doc: "How often a heartbeat is written; 0 for never."},
		{Key: "heartbeat.action.query", Doc: "A statement that is run with each heartbeat."},
		{Key: "topic.heartbeat.prefix", Default: "__debezium-heartbeat", Doc: "What the topic of heartbeats begins with, in front of the prefix."},
		{Key: "message.key.columns", Doc: "Other keys of tables: `" + table + ":column,column`, with semicolons between the tables; both parts are regular expressions."},
		{Key: "skip.messages.without.change", Type: property.Bool, Default: "false", Doc: "Whether to leave out updates that change no captured column."},
		{Key: "column.mask.with.<n>.chars", Type: property.Regexps, Doc: "The text columns whose values are so many asterisks."},
		{Key: "column.mask.hash.*", Type: property.Regexps,
			Doc: "`column.mask.hash.ALGORITHM.with.salt.SALT`, and `column.mask.hash.v2.…`: the text columns whose values are hashed."},
		{Key: "column.truncate.to.<n>.chars", Type: property.Regexps, Doc: "The text columns of whose values so many characters remain."},
		{Key: "column.propagate.source.type", Type: property.Regexps, Doc: "The columns whose schemas have the server's type in their parameters."},
		{Key: "datatype.propagate.source.type", Type: property.Regexps, Doc: "The same by type, as `" + table + ".TYPE`."},
	}
}

// ExprsOf gives the text of regular expressions, as Go spells them. Names that
// are plain stay as they are, for messages and for the check of what is there.
func ExprsOf(p *property.Set, key string) []string {
	var out []string
	for _, re := range p.Regexps(key) {
		text := re.String()
		inner := strings.TrimSuffix(strings.TrimPrefix(text, "(?i)^(?:"), ")$")
		if _, err := regexp.Compile(inner); err == nil {
			text = inner
		}
		out = append(out, text)
	}
	return out
}

// FilterOf gives the expressions of two properties of which one alone may be
// set.
func FilterOf(p *property.Set, include, exclude string) (in, out []string) {
	in, out = ExprsOf(p, include), ExprsOf(p, exclude)
	if len(in) > 0 && len(out) > 0 {
		p.Errorf(exclude, "cannot be set together with %s: keep one of them", include)
	}
	return in, out
}

// SkippedOf reads skipped.operations.
func SkippedOf(p *property.Set) []tailrace.Op {
	skip := []tailrace.Op{}
	for _, op := range p.List("skipped.operations") {
		if op != "none" {
			skip = append(skip, tailrace.Op(op))
		}
	}
	return skip
}

// KeyColumnsOf reads message.key.columns. table is what tables are called, as in
// Properties.
func KeyColumnsOf(p *property.Set, table string) []KeyColumns {
	const key = "message.key.columns"
	var out []KeyColumns
	for entry := range strings.SplitSeq(p.String(key), ";") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		name, columns, ok := strings.Cut(entry, ":")
		if !ok || name == "" || columns == "" {
			p.Errorf(key, "must be %s:column,column with semicolons between the tables, and %q is not", table, entry)
			continue
		}
		k := KeyColumns{Table: name}
		for column := range strings.SplitSeq(columns, ",") {
			k.Columns = append(k.Columns, strings.TrimSpace(column))
		}
		for _, expr := range append([]string{name}, k.Columns...) {
			if _, err := property.CompileJava(expr); err != nil {
				p.Errorf(key, "%w", err)
			}
		}
		out = append(out, k)
	}
	return out
}

// MasksOf reads the properties that carry how to mask in their names.
func MasksOf(p *property.Set) []Mask {
	var out []Mask
	number := func(m property.Match) *int {
		n, err := strconv.Atoi(m.Args[0])
		if err != nil || n < 0 {
			p.Errorf(m.Key, "has %q where a number of characters belongs", m.Args[0])
			n = 0
		}
		return &n
	}
	for _, m := range p.Matches("column.truncate.to.<n>.chars") {
		out = append(out, Mask{Columns: ExprsOf(p, m.Key), Truncate: number(m)})
	}
	for _, m := range p.Matches("column.mask.with.<n>.chars") {
		out = append(out, Mask{Columns: ExprsOf(p, m.Key), Stars: number(m)})
	}
	for _, m := range p.Matches("column.mask.hash.*") {
		algorithm, salt, ok := strings.Cut(m.Args[0], ".with.salt.")
		algorithm, plain := strings.CutPrefix(algorithm, "v2.")
		if !ok || Digest(algorithm) == nil {
			p.Errorf(m.Key, "must be named column.mask.hash.ALGORITHM.with.salt.SALT, with MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512")
			continue
		}
		out = append(out, Mask{Columns: ExprsOf(p, m.Key), Hash: algorithm, Salt: salt, Plain: plain})
	}
	return out
}

// StatementsOf reads the statements of a property, between which are semicolons;
// two of them are one in a statement.
func StatementsOf(p *property.Set, key string) []string {
	var out []string
	text := p.String(key)
	statement := ""
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] != ';':
			statement += text[i : i+1]
		case i+1 < len(text) && text[i+1] == ';':
			statement += ";"
			i++
		default:
			if trimmed := strings.TrimSpace(statement); trimmed != "" {
				out = append(out, trimmed)
			}
			statement = ""
		}
	}
	return out
}
