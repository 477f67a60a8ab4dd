package models

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost of one password hash: 19 MiB of memory, two passes, one lane, which is
// what the OWASP Password Storage Cheat Sheet asks of argon2id at the least.
const (
	hashMemoryKiB = 19 * 1024
	hashPasses    = 2
	hashLanes     = 1
	saltBytes     = 16
	hashBytes     = 32
)

// Length of a password in characters (OWASP ASVS 5.0, 6.2.1 and 6.2.9).
const (
	MinPassword = 8
	MaxPassword = 128
)

//go:embed common_passwords.txt
var commonPasswordList string

var commonPasswords = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonPasswordList) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}()

// PasswordFault says in words what is wrong with a new password, or nothing.
// There are no rules about digits and signs: length is what makes a password
// hard to guess, and the commonest ones are guessed first.
func PasswordFault(password, username string) string {
	n := utf8.RuneCountInString(password)
	switch lower := strings.ToLower(password); {
	case !utf8.ValidString(password) || n < MinPassword || n > MaxPassword:
		return fmt.Sprintf("must have %d to %d characters", MinPassword, MaxPassword)
	case commonPasswords[lower]:
		return "is one of the commonest passwords; choose one that nobody else has"
	case lower == username:
		return "must not be the username"
	}
	return ""
}

// Hasher hashes passwords, one per core at a time at the most: hashing is slow
// and hungry on purpose, and a rush at the door must not stop the kitchen.
type Hasher struct{ slots chan struct{} }

// NewHasher makes a hasher for this machine.
func NewHasher() *Hasher {
	return &Hasher{slots: make(chan struct{}, runtime.NumCPU())}
}

// Hash makes the text that is stored instead of the password, in PHC form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails since Go 1.24
	sum, err := h.derive(ctx, password, salt)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return phcPrefix + b64(salt) + "$" + b64(sum), nil
}

// unusableHash is a hash that no password has; see Matches.
var unusableHash = phcPrefix + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

var phcPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, hashMemoryKiB, hashPasses, hashLanes)

// Matches tells whether the password has this hash. For a user who does not
// exist pass an empty hash: the answer is no, after the same time, so that the
// clock does not tell who is a guest.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	if hash == "" {
		hash = unusableHash
	}
	salt, want, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	got, err := h.derive(ctx, password, salt)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func parseHash(hash string) (salt, sum []byte, err error) {
	rest, ok := strings.CutPrefix(hash, phcPrefix)
	saltText, sumText, ok2 := strings.Cut(rest, "$")
	if !ok || !ok2 {
		return nil, nil, fmt.Errorf("a stored password hash does not begin with %s", phcPrefix)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(saltText); err != nil {
		return nil, nil, err
	}
	sum, err = base64.RawStdEncoding.DecodeString(sumText)
	return salt, sum, err
}

// derive waits for a free core; whoever gives up waiting costs nothing.
func (h *Hasher) derive(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	if err := ctx.Err(); err != nil { // with a core free, select may have taken either way
		return nil, err
	}
	// The next hash begins when the memory of this one is free again: in a rush at
	// the door the garbage would otherwise take more room than the whole house.
	defer runtime.GC()
	return argon2.IDKey([]byte(password), salt, hashPasses, hashMemoryKiB, hashLanes, hashBytes), nil
}
