package handlers

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "crypto/sha1" // attackers use what they get
	_ "crypto/sha512"

	"restaurant/models"
	"restaurant/tokens"
)

// attacker is a guest who wants more than her access token allows. She has keys of
// every kind and reads all that the server publishes; where a row says so, she has
// even copied the server's private key.
type attacker struct {
	srv          *server
	good         string // her genuine access token, of a real login
	refreshToken string // the refresh token of that login
	other        string // another user's genuine access token
	stolen       *rsa.PrivateKey
	kid          string
	public       string // what public.pem answers
	jwks         string // what jwks.json answers

	alice         models.User
	sameURLIssuer *tokens.Authority // another server under the same address
}

func newAttacker(t testing.TB, srv *server, username string) *attacker {
	t.Helper()
	login := srv.login(t, username)
	f := &attacker{
		srv: srv, good: login.AccessToken, refreshToken: login.RefreshToken, other: srv.token(t, "marco"),
		public: srv.rawGet("/.well-known/public.pem").Body.String(), jwks: srv.rawGet("/.well-known/jwks.json").Body.String(),
	}
	files, err := filepath.Glob(filepath.Join(srv.dir, "keys", "*.pem"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the keys of the server are %v: %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := tokens.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f.sameURLIssuer = tokens.NewAuthority(strange, testURL, 15*time.Minute)
	if f.alice, err = srv.Store.UserByUsername(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	f.stolen, f.kid = key.(*rsa.PrivateKey), strings.TrimSuffix(filepath.Base(files[0]), ".pem")
	return f
}

// Keys that the server has never seen.
var (
	ownRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ownEC  = sync.OnceValue(func() map[string]*ecdsa.PrivateKey {
		return map[string]*ecdsa.PrivateKey{
			"ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
			"ES384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
			"ES512": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		}
	})
	ownEd = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte("f"), 32)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// members are those of a header or of claims, to be spoiled.
type members map[string]any

// literal is a JSON value that encoding/json would write in another way.
type literal = json.RawMessage

// with changes a member; a duration is a time from the moment of the attack.
func (m members) with(name string, value any) members {
	c := maps.Clone(m)
	if d, ok := value.(time.Duration); ok {
		value = fromNow(d)
	}
	c[name] = value
	return c
}

func (m members) without(name string) members {
	c := maps.Clone(m)
	delete(c, name)
	return c
}

func (m members) String() string { return string(must(json.Marshal(m))) }

// first and last put members into a text, which a map cannot hold twice.
func (m members) first(text string) string { return "{" + text + "," + m.String()[1:] }
func (m members) last(text string) string {
	return strings.TrimSuffix(m.String(), "}") + "," + text + "}"
}

// header and claims are those of a genuine token of the attacker, issued now.
func (f *attacker) header() members { return members{"alg": "RS256", "typ": "at+jwt", "kid": f.kid} }

func (f *attacker) claims() members {
	return f.originalClaims().with("iat", 0*time.Second).with("exp", 15*time.Minute)
}

// originalClaims are the claims of her token as they are.
func (f *attacker) originalClaims() (m members) {
	if err := json.Unmarshal(decoded(f.good, 1), &m); err != nil {
		panic(err)
	}
	return m
}

// fromNow is a time claim.
func fromNow(d time.Duration) int64 { return time.Now().Add(d).Unix() }

// decoded is the text of one part of a token.
func decoded(token string, part int) []byte {
	return must(base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part]))
}

func encoded(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// A signer makes the signature of a text.
type signer func(text string) []byte

// compose puts a token together.
func compose(header, claims string, sign signer) string {
	text := encodeJSON(header) + "." + encodeJSON(claims)
	return text + "." + encoded(sign(text))
}

// mint signs with the stolen key: only the texts can be wrong.
func (f *attacker) mint(header, claims string) string {
	return compose(header, claims, pkcs1(f.stolen, crypto.SHA256))
}

// edit gives her genuine token another header or other claims under the old
// signature; an empty text leaves a part as it is.
func (f *attacker) edit(header, claims string) string {
	parts := strings.Split(f.good, ".")
	for i, text := range []string{header, claims} {
		if text != "" {
			parts[i] = encodeJSON(text)
		}
	}
	return strings.Join(parts, ".")
}

// resigned gives her genuine token another signature.
func (f *attacker) resigned(change func(signature []byte) []byte) string {
	return unsigned(f.good) + encoded(change(decoded(f.good, 2)))
}

// unsigned is a token up to and with its second dot.
func unsigned(token string) string { return token[:strings.LastIndex(token, ".")+1] }

func pkcs1(key *rsa.PrivateKey, hash crypto.Hash) signer {
	return func(text string) []byte { return must(rsa.SignPKCS1v15(nil, key, hash, digest(hash, text))) }
}

func pss(key *rsa.PrivateKey, hash crypto.Hash) signer {
	return func(text string) []byte {
		return must(rsa.SignPSS(rand.Reader, key, hash, digest(hash, text), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
	}
}

// bare SHA-256 in PKCS #1 padding, without the name of the hash in front of it.
func pkcs1Nameless(key *rsa.PrivateKey) signer {
	return func(text string) []byte {
		return must(rsa.SignPKCS1v15(nil, key, 0, digest(crypto.SHA256, text)))
	}
}

func mac(secret []byte, hash crypto.Hash) signer {
	return func(text string) []byte {
		m := hmac.New(hash.New, secret)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
}

func ecdsaWith(key *ecdsa.PrivateKey, hash crypto.Hash) signer {
	return func(text string) []byte {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest(hash, text))
		size := (key.Params().BitSize + 7) / 8
		return append(must(r, err).FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
}

func ecdsaDER(key *ecdsa.PrivateKey) signer {
	return func(text string) []byte { return must(ecdsa.SignASN1(rand.Reader, key, digest(crypto.SHA256, text))) }
}

func eddsa(text string) []byte { return ed25519.Sign(ownEd(), []byte(text)) }

// oldSignature is the signature of her genuine token, whatever the text.
func (f *attacker) oldSignature(string) []byte { return decoded(f.good, 2) }

func emptySignature(string) []byte { return nil }

func fixedSignature(signature []byte) signer { return func(string) []byte { return signature } }

func digest(hash crypto.Hash, text string) []byte {
	d := hash.New()
	d.Write([]byte(text))
	return d.Sum(nil)
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// withLastBits changes bits of the last character of a base64 text. Where that
// character has bits to spare, a lax decoder reads the same bytes as before.
func withLastBits(part string, bits int) string {
	last := strings.IndexByte(base64url, part[len(part)-1])
	return part[:len(part)-1] + string(base64url[last^bits])
}

// padded is a text with as many spaces behind it as leave its base64 four bits
// to spare.
func padded(text string) string {
	for len(text)%3 != 1 {
		text += " "
	}
	return text
}

// ownJWK is the attacker's public key in the form in which tokens carry keys.
func ownJWK() members {
	return members{"kty": "RSA", "n": encoded(ownRSA().N.Bytes()), "e": "AQAB"}
}
