package tokens

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// pemOf is a private key in the form of our files.
func pemOf(t testing.TB, private crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	noError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// put writes a key file and returns its path.
func put(t testing.TB, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	noError(t, os.WriteFile(path, text, 0o600))
	return path
}

// listing shows a folder with modes and contents, so that any change is seen.
func listing(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	noError(t, err)
	var all strings.Builder
	for _, e := range entries {
		info, err := e.Info()
		noError(t, err)
		text, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		fmt.Fprintf(&all, "%s %v %x\n", e.Name(), info.Mode(), sha256.Sum256(text))
	}
	return all.String()
}

func openKeys(t testing.TB, dir string) *Keys {
	t.Helper()
	keys, err := OpenKeys(dir)
	noError(t, err)
	return keys
}

func TestOpenKeys_createsAKeyOnceAndReusesIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "keys")
	first := openKeys(t, dir)
	if got := first.signing.private.N.BitLen(); got != 2048 {
		t.Errorf("a key of %d bits, want 2048", got)
	}
	entries, err := os.ReadDir(dir)
	noError(t, err)
	kid := first.JWKS()[0].KeyID
	if len(entries) != 1 || entries[0].Name() != kid+".pem" {
		t.Errorf("the folder holds %v, want only %s.pem", entries, kid)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, kid+".pem"): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
			}
		}
	}

	before := listing(t, dir)
	second := openKeys(t, dir)
	if !reflect.DeepEqual(first.JWKS(), second.JWKS()) || !first.signing.private.Equal(second.signing.private) {
		t.Error("the second start has another key")
	}
	if listing(t, dir) != before {
		t.Error("the second start changed the folder")
	}
	raw, err := NewAuthority(first, issuer, time.Minute).Issue(vera(), NewID(), time.Now().Add(time.Minute))
	noError(t, err)
	if _, err := NewAuthority(second, issuer, time.Minute).Verify(raw); err != nil {
		t.Errorf("a token of the first start is refused after the second: %v", err)
	}
}

func TestOpenKeys_refusesAnUnusableKeyAndLeavesItAlone(t *testing.T) {
	good := pemOf(t, ownKey())
	name := thumbprint(&ownKey().PublicKey) + ".pem"
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&ownKey().PublicKey)
	noError(t, err)
	small, large := testKey(1024, 3), testKey(2064, 4)
	block, _ := pem.Decode(good)
	bent := bytes.Clone(block.Bytes)
	bent[100] ^= 1
	for _, tc := range []struct {
		name, file string
		text       []byte
		says       string
	}{
		{"an empty file", name, nil, "damaged"},
		{"text", name, []byte("the menu of tonight"), "damaged"},
		{"half a key", name, good[:len(good)/2], "damaged"},
		{"a key with one bit changed", name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bent}), "damaged"},
		{"a public key", name, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), "PRIVATE KEY"},
		{"a key in the form of PKCS #1", name, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(ownKey())}), "PRIVATE KEY"},
		{"an EC key", name, pemOf(t, ec), "not an RSA key of 2048 bits"},
		{"an Ed25519 key", name, pemOf(t, ed), "not an RSA key of 2048 bits"},
		{"a key that is too small", thumbprint(&small.PublicKey) + ".pem", pemOf(t, small), "not an RSA key of 2048 bits"},
		{"a key that is too large", thumbprint(&large.PublicKey) + ".pem", pemOf(t, large), "not an RSA key of 2048 bits"},
		{"a key under another name", "mine.pem", good, "its name should be " + name},
		{"another key under the name of this one", name, pemOf(t, strangerKey()), "its name should be "},
		{"a key and a megabyte", name, append(bytes.Clone(good), make([]byte, 1<<20)...), "size of a key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			path := put(t, dir, tc.file, tc.text)
			before := listing(t, dir)
			_, err := OpenKeys(dir)
			wantRefused(t, err, path, tc.says)
			if listing(t, dir) != before {
				t.Error("the folder was changed")
			}
		})
	}
	t.Run("but the same key whole and under its name is used", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, name, good)
		if got := openKeys(t, dir); !got.signing.private.Equal(ownKey()) {
			t.Error("another key signs")
		}
	})
	t.Run("and so it is with a byte-order mark before it", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, name, append([]byte("\ufeff"), good...))
		if got := openKeys(t, dir); !got.signing.private.Equal(ownKey()) {
			t.Error("another key signs")
		}
	})
	t.Run("one bad key beside a good one stops the start, too", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, name, good)
		path := put(t, dir, "bad.pem", []byte("?"))
		_, err := OpenKeys(dir)
		wantRefused(t, err, path, "damaged")
	})
}

func wantRefused(t testing.TB, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it was used")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("not a sentence: %q", err)
	}
	for _, want := range append(wants, "Nothing was changed") {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

// A power cut while the first key was written leaves such a file.
func TestOpenKeys_ignoresWhatABrokenStartLeft(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ".new-12345", pemOf(t, strangerKey())[:500])
	put(t, dir, "README.txt", []byte("keys"))
	first := openKeys(t, dir)
	if got := len(first.JWKS()); got != 1 {
		t.Errorf("%d keys, want 1", got)
	}
	if second := openKeys(t, dir); second.signing.id != first.signing.id {
		t.Error("the second start has another key")
	}
}

func TestOpenKeys_newestSignsAndAllVerify(t *testing.T) {
	for _, newest := range []*rsa.PrivateKey{ownKey(), strangerKey()} {
		dir := t.TempDir()
		for _, private := range []*rsa.PrivateKey{ownKey(), strangerKey()} {
			path := put(t, dir, thumbprint(&private.PublicKey)+".pem", pemOf(t, private))
			made := time.Now().Add(-time.Hour)
			if private == newest {
				made = time.Now().Add(-time.Minute)
			}
			noError(t, os.Chtimes(path, made, made))
		}
		keys := openKeys(t, dir)
		kid := thumbprint(&newest.PublicKey)
		set := keys.JWKS()
		if keys.signing.id != kid || len(set) != 2 || set[0].KeyID != kid || set[1].KeyID == kid {
			t.Errorf("%s signs, the set is %+v, want %s first", keys.signing.id, set, kid)
		}
		a := NewAuthority(keys, issuer, time.Minute)
		for _, private := range []*rsa.PrivateKey{ownKey(), strangerKey()} {
			h := &signer{a, private, thumbprint(&private.PublicKey)}
			if _, err := a.Verify(h.mint(h.header().String(), h.claims().String())); err != nil {
				t.Errorf("a token by %s: %v", h.kid, err)
			}
		}
	}
}

func TestOpenKeys_folderOfAnyName(t *testing.T) {
	names := []string{"keys[1]", "what?", "a*b"}
	if runtime.GOOS == "windows" {
		names = names[:1] // it has no files of the other names
	}
	for _, name := range names {
		dir := filepath.Join(t.TempDir(), name)
		first, second := openKeys(t, dir), openKeys(t, dir)
		if first.signing.id != second.signing.id {
			t.Errorf("%s: the second start has another key", name)
		}
	}
}

func TestOpenKeys_folderThatCannotBeCreated(t *testing.T) {
	dir := filepath.Join(put(t, t.TempDir(), "file", nil), "keys")
	if _, err := OpenKeys(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("err = %v, want one that names %s", err, dir)
	}
}

// thumbprintOf computes RFC 7638 from what is published, in another way than
// the program does: encoding/json sorts the members of a map.
func thumbprintOf(t testing.TB, kty, n, e string) string {
	t.Helper()
	canonical, err := json.Marshal(map[string]string{"n": n, "kty": kty, "e": e})
	noError(t, err)
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestJWKS_holdsThePublicHalfOnly(t *testing.T) {
	h := newSigner()
	text, err := json.Marshal(h.Keys().JWKS())
	noError(t, err)
	var set []map[string]string
	noError(t, json.Unmarshal(text, &set))
	want := []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "e": "AQAB", "n": b64(h.private.N.Bytes()),
		"kid": thumbprintOf(t, set[0]["kty"], set[0]["n"], set[0]["e"])[:16],
	}}
	if !reflect.DeepEqual(set, want) { // so there is no d, p, q, dp, dq or qi
		t.Errorf("published %v, want %v", set, want)
	}
	for name, secret := range map[string]*big.Int{"d": h.private.D, "p": h.private.Primes[0], "q": h.private.Primes[1]} {
		if strings.Contains(string(text), b64(secret.Bytes())) {
			t.Errorf("%s is published", name)
		}
	}
}

// The example of RFC 7638, section 3.1.
func TestThumbprint_ofTheRFC(t *testing.T) {
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	const want = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
	if got := thumbprintOf(t, "RSA", n, "AQAB"); got != want {
		t.Errorf("the test computes %s", got)
	}
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	noError(t, err)
	if got := thumbprint(&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}); got != want[:16] {
		t.Errorf("the program computes %s, want %s", got, want[:16])
	}
}

func TestPublicPEM_isTheSigningKey(t *testing.T) {
	h := newSigner()
	text, err := h.Keys().PublicPEM()
	noError(t, err)
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		t.Fatalf("no PEM of one public key: %s", text)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	noError(t, err)
	if !h.private.PublicKey.Equal(public) {
		t.Error("it is another key")
	}
	if strings.Contains(string(text), "PRIVATE") {
		t.Error("it holds a private key")
	}
}
