package debezium

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"unicode/utf16"

	"github.com/tailrace-io/tailrace"
)

// javaHash is the hashCode of the Java object that Connect has for the value.
// A struct's schema does not count, which Java hashes by its address.
func javaHash(s *tailrace.Schema, v tailrace.Value) int32 {
	if s != nil && v.Type() == tailrace.TypeBytes && s.Name() == tailrace.DecimalName {
		return decimalHash(s, v)
	}
	switch v.Type() {
	case tailrace.TypeInt8, tailrace.TypeInt16, tailrace.TypeInt32:
		if s != nil && (s.Name() == tailrace.DateName || s.Name() == tailrace.TimeName) {
			return dateHash(s.Name(), v.Int())
		}
		return int32(v.Int())
	case tailrace.TypeInt64:
		return longHash(v.Int())
	case tailrace.TypeFloat32:
		if f := v.Float(); f == f {
			return int32(math.Float32bits(float32(f)))
		}
		return 0x7fc00000
	case tailrace.TypeFloat64:
		if f := v.Float(); f == f {
			return longHash(int64(math.Float64bits(f)))
		}
		return longHash(0x7ff8000000000000)
	case tailrace.TypeBoolean:
		if v.Bool() {
			return 1231
		}
		return 1237
	case tailrace.TypeString:
		return stringHash(v.Text())
	case tailrace.TypeBytes: // a ByteBuffer, which begins at its end
		h := int32(1)
		for b := v.Bytes(); len(b) > 0; b = b[:len(b)-1] {
			h = 31*h + int32(int8(b[len(b)-1]))
		}
		return h
	case tailrace.TypeArray:
		h := int32(1)
		for _, e := range v.Elems() {
			h = 31*h + javaHash(s.Elem(), e)
		}
		return h
	case tailrace.TypeMap:
		h := int32(0)
		for kvs := v.Entries(); len(kvs) > 1; kvs = kvs[2:] {
			h += javaHash(s.Key(), kvs[0]) ^ javaHash(s.Elem(), kvs[1])
		}
		return h
	case tailrace.TypeStruct:
		h := int32(1)
		for i, e := range v.Fields() {
			h = 31*h + javaHash(s.Fields()[i].Schema, e)
		}
		return h
	}
	return 0
}

func longHash(n int64) int32 { return int32(uint64(n) ^ uint64(n)>>32) }

// dateHash is for what Connect has as a java.util.Date.
func dateHash(name string, n int64) int32 {
	if name == tailrace.DateName {
		n *= 24 * 60 * 60 * 1000
	}
	return longHash(n)
}

func stringHash(text string) (h int32) {
	for _, r := range text {
		if hi, lo := utf16.EncodeRune(r); hi != '\uFFFD' {
			h = 31*(31*h+hi) + lo
		} else {
			h = 31*h + r
		}
	}
	return h
}

// decimalHash is BigDecimal's.
func decimalHash(s *tailrace.Schema, v tailrace.Value) int32 {
	text, _ := s.Parameter("scale")
	scale, _ := strconv.Atoi(text)
	n := tailrace.Unscaled(v.Bytes())
	if n.IsInt64() && n.Int64() != math.MinInt64 {
		abs := new(big.Int).Abs(n).Uint64()
		h := int32(uint32(abs>>32)*31 + uint32(abs))
		if n.Sign() < 0 {
			h = -h
		}
		return 31*h + int32(scale)
	}
	h := int32(0)
	magnitude := new(big.Int).Abs(n).Bytes()
	for len(magnitude)%4 != 0 {
		magnitude = append([]byte{0}, magnitude...)
	}
	for ; len(magnitude) > 0; magnitude = magnitude[4:] {
		h = 31*h + int32(binary.BigEndian.Uint32(magnitude))
	}
	if n.Sign() < 0 {
		h = -h
	}
	return 31*h + int32(scale)
}

// murmurValue hashes text itself, and the hashCode of all else.
func murmurValue(s *tailrace.Schema, v tailrace.Value) int32 {
	if v.Type() == tailrace.TypeString {
		return murmur([]byte(v.Text()))
	}
	return murmurInt(uint32(javaHash(s, v)))
}

// murmurState is MurmurHash3 in the variant that Debezium has, of 128 bits with
// constants that change as it goes.
type murmurState struct{ h1, h2, c1, c2 uint64 }

const murmurSeed = 9001

func newMurmur() murmurState {
	return murmurState{0x9368e53c2f6af274 ^ murmurSeed, 0x586dcd208f7cd3fd ^ murmurSeed, 0x87c37b91114253d5, 0x4cf5ad432745937f}
}

func (m *murmurState) mix(k1, k2 uint64) {
	k1 = bits.RotateLeft64(k1*m.c1, 23) * m.c2
	m.h1 = (m.h1 ^ k1) + m.h2
	m.h2 = bits.RotateLeft64(m.h2, 41)
	k2 = bits.RotateLeft64(k2*m.c2, 23) * m.c1
	m.h2 = (m.h2 ^ k2) + m.h1
	m.h1 = m.h1*3 + 0x52dce729
	m.h2 = m.h2*3 + 0x38495ab5
	m.c1 = m.c1*5 + 0x7b7d159c
	m.c2 = m.c2*5 + 0x6bce6396
}

func (m *murmurState) sum(length int) int32 {
	final := func(k uint64) uint64 {
		k = (k ^ k>>33) * 0xff51afd7ed558ccd
		k = (k ^ k>>33) * 0xc4ceb9fe1a85ec53
		return k ^ k>>33
	}
	m.h2 ^= uint64(length)
	m.h1 += m.h2
	m.h2 += m.h1
	m.h1, m.h2 = final(m.h1), final(m.h2)
	return int32((m.h1 + m.h2) >> 32)
}

// murmur hashes bytes. Those of the tail are signed, as Java's are.
func murmur(b []byte) int32 {
	m := newMurmur()
	rest := b
	for ; len(rest) >= 16; rest = rest[16:] {
		m.mix(binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:]))
	}
	if len(rest) > 0 {
		var k [2]uint64
		for i, c := range rest {
			k[i/8] ^= uint64(int64(int8(c))) << (8 * (i % 8))
		}
		m.mix(k[0], k[1])
	}
	return m.sum(len(b))
}

// murmurInt hashes a number of 32 bits.
func murmurInt(n uint32) int32 {
	return murmur([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}
