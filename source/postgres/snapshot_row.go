package postgres

import (
	"bytes"
	"fmt"

	"github.com/tailrace-io/tailrace"
)

// decodeCopy makes values of a row of COPY's text, which is the number-th that
// was read of the table. It changes the row.
func (t *table) decodeCopy(slab *tailrace.Slab, row []byte, number uint64) ([]tailrace.Value, error) {
	columns := slab.Values(len(t.columns))
	row = bytes.TrimSuffix(row, []byte{'\n'})
	for i := range columns {
		text, rest, more := bytes.Cut(row, []byte{'\t'})
		if more != (i < len(columns)-1) {
			return nil, fmt.Errorf("row %d of %s has not as many columns as the table", number, t.id)
		}
		row = rest
		if len(text) == 2 && text[0] == '\\' && text[1] == 'N' {
			continue
		}
		v, err := t.columns[i].decode(slab, unescapeCopy(text))
		if err != nil {
			return nil, fmt.Errorf("row %d of %s: column %s: %w", number, t.id, t.columns[i].name, err)
		}
		columns[i] = v
	}
	return columns, nil
}

// unescapeCopy takes the backslashes out of a column of COPY's text, in place.
func unescapeCopy(text []byte) []byte {
	at := bytes.IndexByte(text, '\\')
	if at < 0 {
		return text
	}
	out := text[:at]
	for i := at; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			i++
			switch c = text[i]; c {
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'v':
				c = '\v'
			}
		}
		out = append(out, c)
	}
	return out
}
