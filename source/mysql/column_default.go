package mysql

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
)

// defineBinaryDefaults reads the defaults of BINARY and VARBINARY, which MySQL's
// catalog cuts off at the first zero byte and MariaDB's has as text, from the
// statement that makes the table.
func (c *conn) defineBinaryDefaults(ctx context.Context, d *definition) error {
	var statement string
	for i := range d.columns {
		col := &d.columns[i]
		if col.typ != "binary" && col.typ != "varbinary" || !col.fallback.Valid {
			continue
		}
		if statement == "" {
			rows, err := c.query(ctx, "SHOW CREATE TABLE "+d.id.quoted())
			if codeOf(err) == codeNoSuchTable {
				return nil
			}
			if err != nil {
				return err
			}
			if len(rows) != 1 || len(rows[0]) < 2 {
				return fmt.Errorf("SHOW CREATE TABLE %s: the server gives no statement", d.id.quoted())
			}
			statement = rows[0][1].V
		}
		if text, ok := binaryDefault(statement, col.name); ok {
			col.fallback.V = text
		}
	}
	return nil
}

// binaryDefault finds the default of a column in the statement that makes its
// table, in hexadecimal digits behind 0x.
func binaryDefault(statement, column string) (string, bool) {
	_, definition, _ := strings.Cut(statement, "\n  "+quoteName(column)+" ")
	definition, _, _ = strings.Cut(definition, "\n")
	_, literal, ok := strings.Cut(definition, " DEFAULT ")
	if !ok {
		return "", false
	}
	if strings.HasPrefix(literal, "0x") {
		end := 2
		for end < len(literal) && strings.IndexByte("0123456789abcdefABCDEF", literal[end]) >= 0 {
			end++
		}
		return literal[:end], true
	}
	if !strings.HasPrefix(literal, "'") {
		return "", false
	}
	escapes := map[byte]byte{'0': 0, 'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'Z': 26}
	var raw []byte
	for i := 1; i < len(literal); i++ {
		b := literal[i]
		switch {
		case b == '\'' && strings.HasPrefix(literal[i+1:], "'"):
			i++
		case b == '\'':
			return "0x" + hex.EncodeToString(raw), true
		case b == '\\' && i+1 < len(literal):
			i++
			b = literal[i]
			if of, ok := escapes[b]; ok {
				b = of
			}
		}
		raw = append(raw, b)
	}
	return "", false
}
