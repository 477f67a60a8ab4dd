package tokens

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
)

const issuer = "http://localhost:8080"

// testKey makes the same RSA key in every run, so that what the fuzzer finds
// can be found again. It is no secret.
func testKey(bits int, seed byte) *rsa.PrivateKey {
	random := mathrand.NewChaCha8([32]byte{seed})
	prime := func() *big.Int {
		text := make([]byte, bits/16)
		for {
			random.Read(text)
			text[0] |= 0xc0
			text[len(text)-1] |= 1
			if p := new(big.Int).SetBytes(text); p.ProbablyPrime(8) {
				return p
			}
		}
	}
	p, q, one := prime(), prime(), big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(big.NewInt(65537), phi),
		Primes:    []*big.Int{p, q},
	}
	private.Precompute()
	if err := private.Validate(); err != nil {
		panic(err)
	}
	return private
}

var (
	ownKey      = sync.OnceValue(func() *rsa.PrivateKey { return testKey(keyBits, 1) })
	strangerKey = sync.OnceValue(func() *rsa.PrivateKey { return testKey(keyBits, 2) })
)

// signer is an authority whose private key the test knows, so that it can sign
// what the server never would.
type signer struct {
	*Authority
	private *rsa.PrivateKey
	kid     string
}

func newSigner() *signer {
	k := newKey(ownKey(), time.Now())
	keys := &Keys{clock: newClock(time.Time{}), own: map[string]*key{}}
	keys.add(k)
	return &signer{NewAuthority(keys, issuer, 15*time.Minute), k.private, k.id}
}

// inBubble runs a named test in a synctest bubble, where it is midnight on
// 1 January 2000.
func inBubble(t *testing.T, name string, test func(t *testing.T, h *signer)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, newSigner()) })
	})
}

func vera() models.User {
	return models.User{
		ID: 3, Username: "vera", Name: "Vera", PasswordHash: "$argon2id$…", Role: models.RoleGuest, VIP: true, BirthDate: new("1976-11-02"),
	}
}

func (h *signer) issue(t testing.TB) string {
	t.Helper()
	raw, err := h.Issue(vera(), "session-of-vera-", h.Now().Add(h.Lifetime()))
	noError(t, err)
	return raw
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fields is a header or a payload to be changed.
type fields map[string]any

func (f fields) with(name string, value any) fields {
	c := maps.Clone(f)
	c[name] = value
	return c
}

func (f fields) without(name string) fields {
	c := maps.Clone(f)
	delete(c, name)
	return c
}

func (f fields) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// header is the header of a genuine token.
func (h *signer) header() fields {
	return fields{"alg": "RS256", "typ": "at+jwt", "kid": h.kid}
}

// claims are those of a genuine token that was issued now.
func (h *signer) claims() fields {
	now := time.Now().Unix()
	return fields{
		"iss": issuer, "aud": "restaurant", "sub": "3", "name": "Vera", "role": "guest", "vip": true, "age_over_18": true,
		"sid": "session-of-vera-", "jti": "token-of-vera---", "iat": now, "exp": now + 900,
	}
}

func b64(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// compose puts a token together from texts and a way to sign them.
func compose(header, claims string, sign func(text string) []byte) string {
	text := b64([]byte(header)) + "." + b64([]byte(claims))
	return text + "." + b64(sign(text))
}

// mint signs any texts with the key of the server.
func (h *signer) mint(header, claims string) string { return compose(header, claims, rs256(h.private)) }

func rs256(private *rsa.PrivateKey) func(text string) []byte { return pkcs1(private, crypto.SHA256) }

func pkcs1(private *rsa.PrivateKey, hash crypto.Hash) func(text string) []byte {
	return func(text string) []byte {
		signature, err := rsa.SignPKCS1v15(nil, private, hash, digest(hash, text))
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func pss(private *rsa.PrivateKey) func(text string) []byte {
	return func(text string) []byte {
		signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest(crypto.SHA256, text), &rsa.PSSOptions{SaltLength: 32})
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func hs256(secret []byte) func(text string) []byte {
	return func(text string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
}

func unsigned(string) []byte { return nil }

func digest(hash crypto.Hash, text string) []byte {
	d := hash.New()
	d.Write([]byte(text))
	return d.Sum(nil)
}

// part gives the decoded text of one part of a token.
func part(t testing.TB, raw string, i int) []byte {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[i])
	noError(t, err)
	return text
}

// sibling is another base64 text that decodes to the same bytes where a decoder
// is not strict: only bits that mean nothing differ in its last character.
func sibling(encoded string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, encoded[len(encoded)-1])
	return encoded[:len(encoded)-1] + string(alphabet[last^1])
}
