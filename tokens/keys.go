package tokens

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"restaurant/models"
	"restaurant/tokens/verify"
)

// keyBits is the exact size of a key.
const keyBits = verify.KeyBits

// kidLength is the length of a kid in characters, see thumbprint.
const kidLength = 16

// maxKeyFile bounds what is read as a key; a 2048-bit key takes 1.7 KiB.
const maxKeyFile = 16 << 10

// Keys holds our key pairs and the public keys of other instances. One pair signs; the
// others verify until the last token that they have signed expires.
type Keys struct {
	dir   string
	clock *clock

	mu      sync.RWMutex
	signing *key
	own     map[string]*key
	remote  map[string]*key // see remote_keys.go

	databaseLead time.Duration // see rotation.go

	rotating sync.Mutex // one rotation at a time
	store    *models.Store
	instance Instance

	lookupMu   sync.Mutex // one look-up of an unknown key at a time
	lastLookup time.Time
}

type key struct {
	id      string          // kid
	private *rsa.PrivateKey // nil for a key of another instance
	public  *rsa.PublicKey
	issuer  string // iss of another instance's tokens
	created time.Time
	until   time.Time // zero while it signs
}

func newKey(private *rsa.PrivateKey, made time.Time) *key {
	return &key{id: thumbprint(&private.PublicKey), private: private, public: &private.PublicKey, created: made}
}

// OpenKeys reads the private keys from dir, one file <kid>.pem each; if there is
// none, it creates the first. Only the owner may read the folder. No key is ever
// overwritten. The error is a sentence for the operator.
func OpenKeys(dir string) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the key folder %s cannot be created: %w", dir, err)
	}
	files, err := keyFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("the key folder %s cannot be read: %w", dir, err)
	}
	keys := &Keys{dir: dir, clock: newClock(time.Time{}), own: map[string]*key{}}
	for _, file := range files {
		k, err := readKey(file)
		if err != nil {
			return nil, fmt.Errorf("the key file %s cannot be used: %w. Nothing was changed. You can restore it from a backup, or move it away. Then the server creates a new key, and all users must log in again", file, err)
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

// HasKeys reports whether there is a key in dir.
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

// add adds a key of our own; the newest signs.
func (ks *Keys) add(k *key) {
	ks.own[k.id] = k
	if ks.signing == nil || k.created.After(ks.signing.created) {
		ks.signing = k
	}
}

func readKey(file string) (*key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users may read it (mode %04o): change that with chmod 600", info.Mode().Perm())
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, errors.New("it does not have the size of a key file")
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
		return nil, fmt.Errorf("its name should be %s, because of the key inside", want)
	}
	return k, nil
}

// byteOrderMark is what some editors put before a text in UTF-8. PEM must begin a line.
var byteOrderMark = []byte("\ufeff")

func parsePrivate(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(bytes.TrimPrefix(text, byteOrderMark))
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it is damaged, or not a PEM file with a PRIVATE KEY")
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

// createKey creates a key pair and its file.
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

// writeFileAtomic writes a file that only its owner may read. It gets its name when it
// is complete and on the disk, so that a power cut leaves the whole file or none.
func writeFileAtomic(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// thumbprint is the kid of a key: the first 16 characters of its JWK thumbprint (RFC
// 7638), which is unique enough and keeps the token short.
func thumbprint(public *rsa.PublicKey) string {
	jwk := verify.NewJWK("", public)
	canonical := fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, jwk.Exponent, jwk.Modulus)
	sum := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:kidLength]
}

// JWKS lists the public keys with which tokens can be checked, the signing one
// first.
func (ks *Keys) JWKS() []verify.JWK {
	valid := ks.valid()
	set := make([]verify.JWK, len(valid))
	for i, k := range valid {
		set[i] = verify.NewJWK(k.id, k.public)
	}
	return set
}

// valid lists the valid keys: the signing one, then our own, then those of other
// instances.
func (ks *Keys) valid() []*key {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	return append(ks.newestFirst(ks.own), ks.newestFirst(ks.remote)...)
}

// newestFirst lists the valid ones of keys; the caller holds the lock.
func (ks *Keys) newestFirst(keys map[string]*key) (list []*key) {
	for _, k := range keys {
		if k.validAt(ks.clock.now()) {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b *key) int {
		switch ks.signing {
		case a:
			return -1
		case b:
			return 1
		}
		return byAge(b, a)
	})
	return list
}

func (k *key) validAt(now time.Time) bool { return k.until.IsZero() || now.Before(k.until) }

func (ks *Keys) signingKey() *key {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	return ks.signing
}

// publicKey is the public half of the valid key with this id, or nil.
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

// CheckFile returns an error if the file of the signing key is gone: the next start would
// create another key, and no token would hold any more.
func (ks *Keys) CheckFile() error {
	file := ks.file(ks.signingKey().id)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("the key file %s was deleted or moved while this server used it", file)
	}
	return nil
}

// PublicPEM is the public half of the signing key as PEM (SPKI).
func (ks *Keys) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(ks.signingKey().public)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}
