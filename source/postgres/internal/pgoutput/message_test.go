package pgoutput_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace/source/postgres/internal/pgoutput"
)

// message puts a message together: bytes, texts that end in a zero, and numbers.
func message(parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch v := part.(type) {
		case byte:
			b = append(b, v)
		case rune:
			b = append(b, byte(v))
		case string:
			b = append(append(b, v...), 0)
		case []byte:
			b = append(b, v...)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, v)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, v)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, v)
		}
	}
	return b
}

func tuple(values ...string) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(values)))
	for _, v := range values {
		switch v {
		case "NULL":
			b = append(b, 'n')
		case "SAME":
			b = append(b, 'u')
		default:
			b = append(binary.BigEndian.AppendUint32(append(b, 't'), uint32(len(v))), v...)
		}
	}
	return b
}

func texts(t pgoutput.Tuple) []string {
	var out []string
	for t.Len() > 0 {
		switch form, v := t.Next(); form {
		case pgoutput.Null:
			out = append(out, "NULL")
		case pgoutput.Unchanged:
			out = append(out, "SAME")
		default:
			out = append(out, string(v))
		}
	}
	return out
}

func parse(t *testing.T, p *pgoutput.Parser, data []byte) *pgoutput.Message {
	t.Helper()
	var m pgoutput.Message
	require.NoError(t, p.Parse(&m, 100, data))
	return &m
}

func TestChangesAreRead(t *testing.T) {
	var p pgoutput.Parser
	m := parse(t, &p, message('B', uint64(7), uint64(1_000_000), uint32(42)))
	assert.Equal(t, pgoutput.Begin, m.Kind)
	assert.Equal(t, pgoutput.LSN(7), m.LSN)
	assert.Equal(t, uint32(42), m.XID)
	assert.Equal(t, int64(946_684_801_000_000), m.Time)

	m = parse(t, &p, message('R', uint32(16), "public", "orders", 'd', uint16(2), byte(1), "id", uint32(23), uint32(0xffffffff), byte(0), "n", uint32(1700), uint32(8)))
	assert.Equal(t, "orders", string(m.Name))
	require.Len(t, m.Columns, 2)
	assert.True(t, m.Columns[0].InKey)
	assert.Equal(t, int32(-1), m.Columns[0].Modifier)

	m = parse(t, &p, message('I', uint32(16), 'N', tuple("1", "NULL", "é")))
	assert.Equal(t, []string{"1", "NULL", "é"}, texts(m.New))

	m = parse(t, &p, message('U', uint32(16), 'K', tuple("1", "NULL"), 'N', tuple("2", "SAME")))
	assert.Equal(t, byte('K'), m.Replaced)
	assert.Equal(t, []string{"1", "NULL"}, texts(m.Old))
	assert.Equal(t, []string{"2", "SAME"}, texts(m.New))

	m = parse(t, &p, message('D', uint32(16), 'O', tuple("1", "x")))
	assert.Equal(t, []string{"1", "x"}, texts(m.Old))

	m = parse(t, &p, message('T', uint32(2), byte(1), uint32(16), uint32(17)))
	assert.Equal(t, []uint32{16, 17}, m.Tables)

	m = parse(t, &p, message('M', byte(1), uint64(9), "shop", uint32(3), []byte("abc")))
	assert.True(t, m.Transactional())
	assert.Equal(t, "abc", string(m.Content))

	m = parse(t, &p, message('C', byte(0), uint64(7), uint64(8), uint64(0)))
	assert.Equal(t, pgoutput.LSN(8), m.End)
}

func TestWithinAStreamChangesNameTheirTransaction(t *testing.T) {
	p := pgoutput.Parser{Parallel: true}
	m := parse(t, &p, message('S', uint32(42), byte(1)))
	assert.True(t, m.First)
	m = parse(t, &p, message('I', uint32(43), uint32(16), 'N', tuple("1")))
	assert.Equal(t, uint32(43), m.XID)
	assert.Equal(t, []string{"1"}, texts(m.New))
	parse(t, &p, message('E'))
	m = parse(t, &p, message('A', uint32(42), uint32(43), uint64(5), uint64(0)))
	assert.Equal(t, uint32(43), m.SubXID)
	assert.Equal(t, pgoutput.LSN(5), m.LSN)
	m = parse(t, &p, message('c', uint32(42), byte(0), uint64(7), uint64(8), uint64(0)))
	assert.Equal(t, pgoutput.LSN(8), m.End)
	m = parse(t, &p, message('r', byte(0), uint64(7), uint64(8), uint64(0), uint64(0), uint32(42), "gid"))
	assert.Equal(t, "gid", string(m.GID))
}

func TestAMessageThatIsNotWholeIsAnError(t *testing.T) {
	whole := message('U', uint32(16), 'K', tuple("1", "NULL"), 'N', tuple("2", "SAME"))
	for n := range whole {
		var p pgoutput.Parser
		var m pgoutput.Message
		assert.Error(t, p.Parse(&m, 100, whole[:n]), "of %d bytes", n)
	}
	var p pgoutput.Parser
	var m pgoutput.Message
	assert.ErrorContains(t, p.Parse(&m, 0x16B3748, append(whole, 0)), "at 0/16B3748 cannot be read: it has 1 bytes too many")
	assert.ErrorContains(t, p.Parse(&m, 1, []byte{'?'}), "there is no message '?'")
}

func TestLSNsAreWrittenAndReadAsPostgreSQLDoes(t *testing.T) {
	l, err := pgoutput.ParseLSN("16/B374D848")
	require.NoError(t, err)
	assert.Equal(t, pgoutput.LSN(0x16B374D848), l)
	assert.Equal(t, "16/B374D848", l.String())
	for _, bad := range []string{"", "16", "16/", "/1", "x/1", "1/2/3", "123456789/1"} {
		_, err := pgoutput.ParseLSN(bad)
		assert.Error(t, err, bad)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(message('I', uint32(16), 'N', tuple("1", "NULL", "é")), false)
	f.Add(message('U', uint32(16), 'K', tuple("1", "NULL"), 'N', tuple("2", "SAME")), true)
	f.Add(message('R', uint32(16), "public", "orders", 'd', uint16(1), byte(1), "id", uint32(23), uint32(0xffffffff)), true)
	f.Add(message('T', uint32(2), byte(1), uint32(16), uint32(17)), false)
	f.Add(message('M', byte(1), uint64(9), "shop", uint32(3), []byte("abc")), false)
	f.Add(message('r', byte(0), uint64(7), uint64(8), uint64(0), uint64(0), uint32(42), "gid"), false)
	f.Add(message('A', uint32(42), uint32(43), uint64(5), uint64(0)), false)
	f.Fuzz(func(t *testing.T, data []byte, within bool) {
		p := pgoutput.Parser{Parallel: within}
		var m pgoutput.Message
		if within {
			require.NoError(t, p.Parse(&m, 0, message('S', uint32(42), byte(1))))
		}
		if p.Parse(&m, 0, data) == nil {
			for _, tuple := range []pgoutput.Tuple{m.Old, m.New} {
				for tuple.Len() > 0 {
					tuple.Next()
				}
			}
		}
	})
}

func FuzzLSN(f *testing.F) {
	f.Add("16/B374D848")
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := pgoutput.ParseLSN(text); err == nil {
			again, err := pgoutput.ParseLSN(l.String())
			assert.NoError(t, err)
			assert.Equal(t, l, again)
		}
	})
}
