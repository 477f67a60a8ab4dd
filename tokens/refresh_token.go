package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// refreshBytes is the length of a refresh token: 256 random bits.
const refreshBytes = 32

func newRefreshToken() (plain, hash string) {
	raw := make([]byte, refreshBytes)
	rand.Read(raw) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(raw), hashOf(raw)
}

// hashOf is what is stored of a refresh token. The token is random, so a fast hash
// is enough: there is nothing to guess.
func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// refreshHash returns the hash of a token that a client sent, or false if it does
// not have the form of one.
func refreshHash(plain string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(plain)
	// The length of the text counts, too: the decoder skips line breaks.
	return hashOf(raw), err == nil && len(raw) == refreshBytes && len(plain) == base64.RawURLEncoding.EncodedLen(refreshBytes)
}
