package mysql

// Mask hides values of text columns, or shortens them. Exactly one of Stars,
// Hash and Truncate says how. Keys have what the columns hold all the same.
type Mask struct {
	// Columns are regular expressions for names such as shop.orders.note. They
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

// isMaskable says whether the columns are ones of text, to Debezium.
func isMaskable(def *columnDefinition) bool {
	switch def.typ {
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
		return true
	}
	return false
}
