package binlog

import (
	"bytes"
	"fmt"
)

// TableMap is what the log says of a table before rows of it follow. It is a
// copy, which outlives the event, and must not be changed.
type TableMap struct {
	ID      uint64 // of the table's definition, as long as the server runs
	Schema  string
	Name    string
	Columns []Column

	// PrimaryKey has the indexes of the key's columns, in the key's order. It is
	// nil where the table has none or binlog_row_metadata is not FULL.
	PrimaryKey []int

	// State belongs to the reader: what it made of the table. It is nil in a
	// new table map.
	State any

	body []byte // of the event, to see whether another is the same
}

// Column is what a table map says of a column.
type Column struct {
	// Type is the column's real type: ENUM and SET where the log hides them
	// behind CHAR. BLOB stands for the BLOBs and TEXTs of all sizes.
	Type ColumnType

	// Meta is what the type needs: the precision (upper byte) and scale (lower)
	// of DECIMAL; the digits of a second's fraction of TIME, DATETIME and
	// TIMESTAMP; the bytes of CHAR and VARCHAR at most; the bits of BIT; the
	// bytes of ENUM, SET and of the length of BLOB, JSON, GEOMETRY and VECTOR.
	Meta uint16

	Nullable bool

	// Unsigned holds for numbers, and where SignKnown is set: MySQL tells it
	// always, MariaDB unless binlog_row_metadata is NO_LOG.
	Unsigned, SignKnown bool

	// Collation is the number of the collation of a text, ENUM or SET; 63 is
	// binary and 0 says that it was not told. See CharsetOf.
	Collation uint16

	// What follows is told with binlog_row_metadata=FULL only.
	Name      string
	Labels    [][]byte // of ENUM and SET, in the column's charset
	Geometry  uint8    // 0 geometry, 1 point, 2 linestring, 3 polygon, … 7 geometrycollection
	Dimension uint32   // of VECTOR
	Invisible bool
}

// Precision and Scale of a DECIMAL.
func (c *Column) Precision() int { return int(c.Meta >> 8) }

// Scale is the digits behind the point of a DECIMAL.
func (c *Column) Scale() int { return int(c.Meta & 0xff) }

// maxTables is how many tables are remembered. The server gives a new number
// after each change of a definition, and when a table falls out of its cache.
const maxTables = 1 << 13

// Tables remembers the table maps of a log. The zero value is ready for use.
type Tables struct {
	// Flavor is whose log it is: MariaDB counts its metadata in another way.
	Flavor Flavor

	byID map[uint64]*TableMap
	last *TableMap
}

// Map takes a TABLE_MAP_EVENT apart and remembers it for the rows that follow.
// While a table's map does not change, it gives the same *TableMap, at the cost
// of a comparison. A change of the table's definition makes another number and
// so another *TableMap.
func (t *Tables) Map(e *Event) (*TableMap, error) {
	if len(e.Body) < 8 {
		return nil, e.malformed("it ends too early, after %d bytes", len(e.Body))
	}
	id := tableID(e.Body)
	m := t.find(id)
	// The two bytes of flags behind the number say nothing of the table.
	if m != nil && bytes.Equal(m.body[8:], e.Body[8:]) {
		t.last = m
		return m, nil
	}
	m, err := e.tableMap(t.Flavor)
	if err != nil {
		return nil, err
	}
	if t.byID == nil || len(t.byID) >= maxTables {
		t.byID = make(map[uint64]*TableMap)
	}
	t.byID[id], t.last = m, m
	return m, nil
}

func (t *Tables) find(id uint64) *TableMap {
	if t.last != nil && t.last.ID == id {
		return t.last
	}
	return t.byID[id]
}

// Reset forgets all tables. The numbers of tables begin anew when the server
// does, so this belongs to a FORMAT_DESCRIPTION_EVENT that is not Artificial,
// and to a new Stream.
func (t *Tables) Reset() { t.byID, t.last = nil, nil }

func tableID(b []byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40
}

func (e *Event) tableMap(flavor Flavor) (*TableMap, error) {
	body := bytes.Clone(e.Body)
	c := cursor{b: body}
	m := &TableMap{ID: c.uintN(6), body: body}
	c.uint16() // flags
	m.Schema = string(c.take(int(c.uint8())))
	c.uint8()
	m.Name = string(c.take(int(c.uint8())))
	c.uint8()
	count := c.packed()
	if count > uint64(len(c.b)) {
		return nil, e.malformed("it ends before its %d columns do", count)
	}
	types := c.take(int(count))
	meta := cursor{b: c.packedBytes()}
	nullable := c.take((int(count) + 7) / 8)
	if err := e.checked(&c); err != nil {
		return nil, err
	}
	m.Columns = make([]Column, count)
	for i := range m.Columns {
		col := &m.Columns[i]
		col.Type, col.Nullable = ColumnType(types[i]), nullable[i/8]&(1<<(i%8)) != 0
		if err := col.readMeta(&meta); err != nil {
			return nil, e.fail(fmt.Errorf("column %d of %s.%s: %w", i+1, m.Schema, m.Name, err))
		}
	}
	if meta.short {
		return nil, e.malformed("what describes the columns of %s.%s ends too early", m.Schema, m.Name)
	}
	if err := m.readOptional(&c, flavor); err != nil {
		return nil, e.fail(err)
	}
	return m, nil
}

// readMeta reads what a type needs, and finds the real type.
func (col *Column) readMeta(c *cursor) error {
	switch col.Type {
	case TypeString:
		// The upper byte is the real type; of long CHARs it lacks two bits,
		// which are kept there inverted, of the length in the lower byte.
		actual, length := c.uint8(), uint16(c.uint8())
		if actual&0x30 != 0x30 {
			length |= uint16(actual&0x30^0x30) << 4
			actual |= 0x30
		}
		col.Type, col.Meta = ColumnType(actual), length
		if col.Type != TypeString && col.Type != TypeEnum && col.Type != TypeSet && !c.short {
			return fmt.Errorf("%w: a CHAR hides a %s", ErrMalformed, col.Type)
		}
	case TypeDecimal:
		col.Meta = uint16(c.uint8()) << 8
		col.Meta |= uint16(c.uint8())
	case TypeVarchar, TypeVarString, TypeVarcharCompr:
		col.Meta = c.uint16()
	case TypeBit:
		rest, whole := uint16(c.uint8()), uint16(c.uint8())
		col.Meta = whole*8 + rest
	case TypeEnum, TypeSet:
		col.Meta = uint16(c.uint8())
		c.uint8()
	case TypeBlob, TypeBlobCompressed, TypeFloat, TypeDouble, TypeGeometry, TypeJSON, TypeVector,
		TypeTime, TypeDatetime, TypeTimestamp:
		col.Meta = uint16(c.uint8())
	case TypeTiny, TypeShort, TypeInt24, TypeLong, TypeLongLong, TypeYear, TypeDate, TypeNull,
		TypeTimestampOld, TypeTimeOld, TypeDatetimeOld, TypeNewDate:
	default:
		return fmt.Errorf("%s cannot be read", col.Type)
	}
	return col.checkMeta()
}

func (col *Column) checkMeta() error {
	ok := true
	switch col.Type {
	case TypeDecimal:
		p, s := col.Precision(), col.Scale()
		ok = p >= 1 && p <= 65 && s <= 38 && s <= p
	case TypeTime, TypeDatetime, TypeTimestamp:
		ok = col.Meta <= 6
	case TypeBit:
		ok = col.Meta >= 1 && col.Meta <= 64
	case TypeEnum:
		ok = col.Meta == 1 || col.Meta == 2
	case TypeSet:
		ok = col.Meta >= 1 && col.Meta <= 8
	case TypeBlob, TypeBlobCompressed, TypeGeometry, TypeJSON, TypeVector:
		ok = col.Meta >= 1 && col.Meta <= 4
	case TypeFloat:
		ok = col.Meta == 4
	case TypeDouble:
		ok = col.Meta == 8
	}
	if !ok {
		return fmt.Errorf("%w: %s with %#x", ErrMalformed, col.Type, col.Meta)
	}
	return nil
}
