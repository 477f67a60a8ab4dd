package models

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost of one password hash: 19 MiB of memory, two passes, one lane, the minimum
// that the OWASP Password Storage Cheat Sheet gives for argon2id.
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

// PasswordFault returns what is wrong with a new password, or "". There are no
// rules about digits and signs: length makes a password hard to guess, and
// attackers try the most common ones first.
func PasswordFault(password, username string) string {
	password = norm.NFC.String(password)
	n := utf8.RuneCountInString(password)
	switch lower := strings.ToLower(password); {
	case !utf8.ValidString(password) || n < MinPassword || n > MaxPassword:
		return fmt.Sprintf("must have %d to %d characters", MinPassword, MaxPassword)
	case commonPasswords[lower]:
		return "is a very common password; choose a password that nobody can guess"
	case lower == username:
		return "must not be the username"
	}
	return ""
}

// HashPassword returns a salted argon2id hash of the password in PHC form. Like
// PasswordMatches it takes much time and memory on purpose, so whatever a request can
// start has to wait in a queue.Queue first.
func HashPassword(password string) string {
	password = norm.NFC.String(password)
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails since Go 1.24
	b64 := base64.RawStdEncoding.EncodeToString
	return phcPrefix + b64(salt) + "$" + b64(derive(password, salt))
}

// unusableHash is a valid hash that no password has; see PasswordMatches.
var unusableHash = phcPrefix + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

var phcPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, hashMemoryKiB, hashPasses, hashLanes)

// PasswordMatches reports whether the password has this hash. For a user who does not
// exist, pass an empty hash: the answer is false after the same time, so that timing
// does not reveal which usernames exist.
func PasswordMatches(password, hash string) (bool, error) {
	if hash == "" {
		hash = unusableHash
	}
	salt, want, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	match := 0
	for _, form := range passwordForms(password) { // all, so that the time depends on what was sent alone
		match |= subtle.ConstantTimeCompare(derive(form, salt), want)
	}
	return match == 1, nil
}

// passwordForms are the texts that a hash of this password may be of. Keyboards write an
// ü as one character or as two, so a password is hashed in Unicode's composed form (NFC).
// Hashes from before may be of the text as it was sent.
func passwordForms(password string) []string {
	composed := norm.NFC.String(password)
	if composed == password {
		return []string{password}
	}
	return []string{composed, password}
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

func derive(password string, salt []byte) []byte {
	// Frees the 19 MiB before the next hash takes as much. Under 16 parallel logins
	// the process peaks at 76 MB; at 113 MB with a collection after every second
	// hash, at 171 MB without, for the same number of logins.
	defer runtime.GC()
	return argon2.IDKey([]byte(password), salt, hashPasses, hashMemoryKiB, hashLanes, hashBytes)
}
