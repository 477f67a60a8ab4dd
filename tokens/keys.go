package tokens

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"restaurant/models"
)

// keyBits is exact: less is too weak (RFC 7518, section 3.3), more makes the
// token longer than 900 bytes.
const keyBits = 2048

// kidLength is that of a name that a key gets from its thumbprint.
const kidLength = 16

// maxKeyFile bounds what is read as a key; a 2048-bit key takes 1.7 KiB.
const maxKeyFile = 16 << 10

// Keys are the stamp presses of the house: one signs; the others verify until
// the last token that they have signed expires. Of the presses of other branches
// it knows what their stamps look like.
type Keys struct {
	dir   string
	clock *clock

	mu      sync.RWMutex
	signing *key
	own     map[string]*key
	remote  map[string]*key // of other branches, see branches.go

	bookAhead time.Duration // see rotation.go

	rotating sync.Mutex // one rotation at a time
	store    *models.Store
	branch   Instance

	lookupMu   sync.Mutex // one look for an unknown key at a time
	lastLookup time.Time
}

type key struct {
	id      string          // kid
	private *rsa.PrivateKey // nil if another branch has it
	public  *rsa.PublicKey
	issuer  string // iss of another branch's tokens
	made    time.Time
	until   time.Time // zero while it signs
}

func newKey(private *rsa.PrivateKey, made time.Time) *key {
	return &key{id: thumbprint(&private.PublicKey), private: private, public: &private.PublicKey, made: made}
}

// JWK is the public half of a key (RFC 7517, section 4).
type JWK struct {
	KeyType   string `json:"kty" example:"RSA"`
	Use       string `json:"use" example:"sig"`
	Algorithm string `json:"alg" example:"RS256"`
	KeyID     string `json:"kid" example:"6ECkTXx5kkcOK3wR"`
	Modulus   string `json:"n" example:"0vx7agoebGcQSuu…"`
	Exponent  string `json:"e" example:"AQAB"`
} //@name JWK

// OpenKeys reads the private keys from dir, one file <kid>.pem each; if there is
// none, it makes the first. The folder is open to its owner only. The error is a
// sentence for whoever starts the house, and no key is ever overwritten.
func OpenKeys(dir string) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the key folder %s cannot be made: %w", dir, err)
	}
	files, err := keyFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("the key folder %s cannot be read: %w", dir, err)
	}
	keys := &Keys{dir: dir, clock: newClock(time.Time{}), own: map[string]*key{}}
	for _, file := range files {
		k, err := readKey(file)
		if err != nil {
			return nil, fmt.Errorf("the key file %s cannot be used: %w. Nothing was changed; restore it from a backup, or move it away: then a new key is made, and guests have to log in again", file, err)
		}
		keys.add(k)
	}
	if keys.signing == nil {
		k, err := createKey(dir)
		if err != nil {
			return nil, fmt.Errorf("the first key cannot be written to %s: %w", dir, err)
		}
		keys.add(k)
	}
	return keys, nil
}

// HasKeys tells whether there is a key in dir already.
func HasKeys(dir string) (bool, error) {
	files, err := keyFiles(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(files) > 0, err
}

func keyFiles(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".pem" {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, err
}

// add lets the newest key sign.
func (ks *Keys) add(k *key) {
	ks.own[k.id] = k
	if ks.signing == nil || k.made.After(ks.signing.made) {
		ks.signing = k
	}
}

func readKey(file string) (*key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others than its owner may read it (mode %04o); take that away with chmod 600", info.Mode().Perm())
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, errors.New("it is no file of the size of a key")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New("it cannot be read by this user")
	}
	private, err := parsePrivate(text)
	if err != nil {
		return nil, err
	}
	k := newKey(private, info.ModTime())
	if want := k.id + ".pem"; filepath.Base(file) != want {
		return nil, fmt.Errorf("its name should be %s, after the key inside", want)
	}
	return k, nil
}

func parsePrivate(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it is damaged or no PEM file with a PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key inside is damaged")
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || private.N.BitLen() != keyBits {
		return nil, fmt.Errorf("the key inside is not an RSA key of %d bits", keyBits)
	}
	return private, nil
}

// createKey makes a key pair. The file gets its name only when it is whole and
// on the disk, so that a power cut leaves a key or none.
func createKey(dir string) (*key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	k := newKey(private, time.Now())
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return k, writeFileAtomic(filepath.Join(dir, k.id+".pem"), text)
}

func writeFileAtomic(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600 by itself
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// thumbprint names a key after itself: the first 16 characters of its JWK
// thumbprint (RFC 7638), which is unique enough and keeps the token short.
func thumbprint(public *rsa.PublicKey) string {
	canonical := fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, exponent(public), modulus(public))
	sum := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:kidLength]
}

func modulus(p *rsa.PublicKey) string { return base64.RawURLEncoding.EncodeToString(p.N.Bytes()) }

func exponent(p *rsa.PublicKey) string {
	return base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.E)).Bytes())
}

// JWKS lists the public keys with which tokens can be checked, the signing one
// first.
func (ks *Keys) JWKS() []JWK {
	living := ks.valid()
	set := make([]JWK, len(living))
	for i, k := range living {
		set[i] = JWK{KeyType: "RSA", Use: "sig", Algorithm: "RS256", KeyID: k.id, Modulus: modulus(k.public), Exponent: exponent(k.public)}
	}
	return set
}

// valid lists the keys that still count: the signing one first, then our own,
// then those of other branches.
func (ks *Keys) valid() []*key {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	return append(ks.newestFirst(ks.own), ks.newestFirst(ks.remote)...)
}

// newestFirst lists the keys that still count; the caller holds the lock.
func (ks *Keys) newestFirst(keys map[string]*key) (list []*key) {
	for _, k := range keys {
		if k.validAt(ks.clock.now()) {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b *key) int {
		if a == ks.signing || b == ks.signing {
			return map[bool]int{true: -1, false: 1}[a == ks.signing]
		}
		return b.made.Compare(a.made)
	})
	return list
}

func (k *key) validAt(now time.Time) bool { return k.until.IsZero() || now.Before(k.until) }

// signingKey is the key that signs.
func (ks *Keys) signingKey() *key {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	return ks.signing
}

// publicKey is the public half of the key with this id, or nil if no key of that
// name counts.
func (ks *Keys) publicKey(id string) *rsa.PublicKey {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	k := ks.own[id]
	if k == nil {
		k = ks.remote[id]
	}
	if k == nil || !k.validAt(ks.clock.now()) {
		return nil
	}
	return k.public
}

// PublicPEM is the public half of the signing key as a PEM text (SPKI).
func (ks *Keys) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(ks.signingKey().public)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}
