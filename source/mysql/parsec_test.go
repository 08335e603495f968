package mysql

import (
	"bytes"
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/sha512"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a server asks by, the answer is a proof that it can verify, or an
// error that says what to do.
func FuzzParsecProof(f *testing.F) {
	salt := append([]byte("P\x00"), bytes.Repeat([]byte{7}, 18)...)
	scramble := bytes.Repeat([]byte{1}, 32)
	f.Add(scramble, salt)
	f.Add(append(scramble, 0), append([]byte{1}, salt...))
	f.Add(scramble[:31], salt)
	f.Add(scramble, []byte("P\x00"))
	f.Add(scramble, []byte("Q\x00salt"))
	f.Add(scramble, []byte("P\x04salt"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, scramble, salt []byte) {
		proof, err := parsecProof("secret word", scramble, salt)
		if err != nil {
			require.ErrorContains(t, err, "choose another plugin")
			require.NotContains(t, err.Error(), "secret word")
			return
		}
		salt, _ = bytes.CutPrefix(salt, []byte{1})
		seed, err := pbkdf2.Key(sha512.New, "secret word", salt[2:], 1024<<salt[1], ed25519.SeedSize)
		require.NoError(t, err)
		key := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		drawn, signature := proof[:32], proof[32:]
		require.True(t, ed25519.Verify(key, append(bytes.Clone(scramble[:32]), drawn...), signature))
	})
}
