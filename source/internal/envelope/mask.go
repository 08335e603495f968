package envelope

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/tailrace-io/tailrace"
)

// Mask hides values of text columns, or shortens them. Exactly one of Stars,
// Hash and Truncate says how. Keys have what the columns hold all the same.
type Mask struct {
	// Columns are expressions for full names of columns.
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

// Masker changes a value; null and Unchanged are as any other value.
type Masker func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value

// Masks are compiled ones.
type Masks []maskRule

type maskRule struct {
	columns Exprs
	mask    Mask
	digest  func() hash.Hash
}

// CompileMasks compiles the masks of the configuration's field Masks.
func CompileMasks(masks []Mask) (Masks, error) {
	var out Masks
	var errs []error
	for i, m := range masks {
		field := fmt.Sprintf("Masks[%d]", i)
		rule := maskRule{mask: m}
		var err error
		if rule.columns, err = Compile(field+".Columns", m.Columns); err != nil {
			errs = append(errs, err)
		}
		ways := 0
		if m.Hash != "" {
			ways++
			if rule.digest = Digest(m.Hash); rule.digest == nil {
				errs = append(errs, fmt.Errorf("%s.Hash is %q: it must be one of MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512", field, m.Hash))
			}
		}
		for _, n := range []*int{m.Stars, m.Truncate} {
			if n == nil {
				continue
			}
			if ways++; *n < 0 {
				errs = append(errs, fmt.Errorf("%s has a negative length", field))
			}
		}
		if ways != 1 {
			errs = append(errs, fmt.Errorf("%s says %d ways to mask: set one of Stars, Hash and Truncate", field, ways))
		}
		out = append(out, rule)
	}
	return out, errors.Join(errs...)
}

// Digest gives the algorithm of the name; nil where there is none.
func Digest(name string) func() hash.Hash {
	switch strings.ToUpper(name) {
	case "MD5":
		return md5.New
	case "SHA-1", "SHA1", "SHA":
		return sha1.New
	case "SHA-224":
		return sha256.New224
	case "SHA-256":
		return sha256.New
	case "SHA-384":
		return sha512.New384
	case "SHA-512":
		return sha512.New
	}
	return nil
}

// MaskedColumn is what masks have to know of a column.
type MaskedColumn struct {
	Name string // the full one
	Text bool   // its values are text to Debezium, which can be hidden
	Room int    // how many characters a value has at most; 0 for any number
}

// Of gives what is to become of a column's values, nil where nothing is, and
// the schema, which says so.
func (m Masks) Of(c MaskedColumn, schema *tailrace.Schema) (Masker, *tailrace.Schema, error) {
	for i := range m {
		rule := &m[i]
		if !rule.columns.Match(c.Name) {
			continue
		}
		b := schema.Builder()
		if rule.mask.Truncate != nil {
			b.Parameter("truncateLength", strconv.Itoa(*rule.mask.Truncate))
		} else {
			b.Parameter("masked", "true")
		}
		told, err := b.Build()
		return rule.of(c, schema), told, err
	}
	return nil, schema, nil
}

// of gives what the rule makes of values of a column.
func (r *maskRule) of(c MaskedColumn, schema *tailrace.Schema) Masker {
	switch {
	case r.mask.Truncate != nil:
		if schema.Type() != tailrace.TypeString || c.Room > 0 && c.Room <= *r.mask.Truncate {
			return nil
		}
		return truncated(*r.mask.Truncate)
	case !c.Text:
		return nil
	case r.mask.Stars != nil:
		stars := tailrace.String(strings.Repeat("*", *r.mask.Stars))
		return func(*tailrace.Slab, tailrace.Value) tailrace.Value { return stars }
	}
	return r.hashed(c.Room)
}

func truncated(n int) Masker {
	return func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value {
		if v.Type() != tailrace.TypeString || len(v.Text()) <= n {
			return v
		}
		units := 0
		for i, r := range v.Text() {
			width := 1
			if r > 0xffff {
				width = 2
			}
			if units+width > n {
				return slab.CopyString(v.Bytes()[:i])
			}
			units += width
		}
		return v
	}
}

// hashed gives the hash in as many digits as the column has room for; 0 for any.
func (r *maskRule) hashed(room int) Masker {
	return func(slab *tailrace.Slab, v tailrace.Value) tailrace.Value {
		if v.Type() != tailrace.TypeString {
			return v
		}
		digest := r.digest() // several tables may be read side by side
		digest.Write([]byte(r.mask.Salt))
		if text := v.Text(); r.mask.Plain {
			digest.Write([]byte(text))
		} else {
			digest.Write(javaObject(text))
		}
		digits := hex.AppendEncode(nil, digest.Sum(nil))
		if room > 0 && room < len(digits) {
			digits = digits[:room]
		}
		return slab.CopyString(digits)
	}
}

// javaObject is a text as Java's ObjectOutputStream writes it: the stream's
// header, and UTF-16 in what Java calls modified UTF-8.
func javaObject(text string) []byte {
	var body []byte
	for _, r := range text {
		switch {
		case r == 0:
			body = append(body, 0xc0, 0x80)
		case r > 0xffff:
			r -= 0x10000
			for _, unit := range []rune{0xd800 + r>>10, 0xdc00 + r&0x3ff} {
				body = append(body, byte(0xe0|unit>>12), byte(0x80|unit>>6&0x3f), byte(0x80|unit&0x3f))
			}
		default:
			body = append(body, string(r)...)
		}
	}
	out := []byte{0xac, 0xed, 0, 5}
	if len(body) <= 0xffff {
		out = binary.BigEndian.AppendUint16(append(out, 0x74), uint16(len(body)))
	} else {
		out = binary.BigEndian.AppendUint64(append(out, 0x7c), uint64(len(body)))
	}
	return append(out, body...)
}
