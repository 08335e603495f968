package postgres

// NameMode is how names of schemas or fields are made to fit Avro, as
// Debezium's schema.name.adjustment.mode and field.name.adjustment.mode spell
// it.
type NameMode string

const (
	NameAsIs        NameMode = "none"         // as the server has them. The default
	NameAvro        NameMode = "avro"         // an underscore for each character that Avro does not have in names
	NameAvroUnicode NameMode = "avro_unicode" // _u and four hexadecimal digits for each of them, and for underscores
)

// TopicNaming names the topics of tables otherwise than by TopicPrefix, schema
// and name with TopicDelimiter between them.
type TopicNaming struct {
	// Unicode writes each character that topics do not have in their names, and
	// underscores, as _u and four hexadecimal digits, rather than as an underscore.
	Unicode bool

	// Regex is an expression, in Java's form; a name that it matches as a whole
	// becomes Replacement, in which $1 is its first group. Both are "" for none.
	Regex, Replacement string

	// With Regex keys have a field more, which says of which table they are,
	// because several may have one topic, unless NoKeyField is set. KeyField names
	// it; "" means __dbz__physicalTableIdentifier. Its value is what the topic would
	// be called without Regex or, where KeyRegex matches that, KeyReplacement.
	NoKeyField               bool
	KeyField                 string
	KeyRegex, KeyReplacement string
}

// KeyColumns gives tables another key than their own: the columns that match,
// in the order of the expressions. Changes and deletes tell the key of the old
// row where its replica identity has these columns (see REPLICA IDENTITY FULL).
type KeyColumns struct {
	// Table is a regular expression for names such as public.orders, and Columns
	// are ones for the names of columns. They match as those of a Filter do.
	Table   string
	Columns []string
}

// Mask hides values of text columns, or shortens them. Exactly one of Stars,
// Hash and Truncate says how. Keys have what the columns hold all the same.
type Mask struct {
	// Columns are regular expressions for names such as public.orders.note. They
	// match as those of a Filter do.
	Columns []string

	// Stars, where it is not nil, takes the place of every value, also of null:
	// so many asterisks.
	Stars *int

	// Hash is the algorithm by which a value becomes hexadecimal digits, as many
	// as the column has room for: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
	// Null remains null.
	Hash string
	// Salt is hashed in front of the value.
	Salt string
	// Plain hashes the value's UTF-8, as Debezium's second version of hashes
	// does. Without it the value is hashed as Java serializes it.
	Plain bool

	// Truncate is how many characters, counted in UTF-16 as Java does, of a
	// value remain; it applies to columns that have room for more.
	Truncate *int
}
