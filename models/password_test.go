package models

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestPasswordMatches(t *testing.T) {
	t.Parallel()
	const password = "Pizza Napoli, per favore"
	hash := HashPassword(password)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, password) {
		t.Errorf("hash %q is not in PHC form", hash)
	}
	again := HashPassword(password)
	if hash == again {
		t.Error("two hashes of one password are equal: there is no salt")
	}
	for _, tc := range []struct {
		name, password, hash string
		want                 bool
	}{
		{"the right password", password, hash, true},
		{"the right password and its other hash", password, again, true},
		{"another case", strings.ToLower(password), hash, false},
		{"a space more", password + " ", hash, false},
		{"nothing", "", hash, false},
		{"a user who does not exist", password, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := PasswordMatches(tc.password, tc.hash); got != tc.want || err != nil {
				t.Errorf("PasswordMatches = %v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

// The same password in two forms: an ü of one character, and one of two.
const (
	composed   = "M\u00fcnchen, per favore"
	decomposed = "Mu\u0308nchen, per favore"
)

// TestPasswordMatches_inEitherUnicodeForm: keyboards differ in how they write an ü.
func TestPasswordMatches_inEitherUnicodeForm(t *testing.T) {
	t.Parallel()
	salt := []byte("sixteen bytes ok")
	b64 := base64.RawStdEncoding.EncodeToString
	asSent := phcPrefix + b64(salt) + "$" + b64(derive(decomposed, salt)) // as earlier releases wrote it
	for _, tc := range []struct {
		name, password, hash string
		want                 bool
	}{
		{"composed, of the composed", composed, HashPassword(composed), true},
		{"decomposed, of the composed", decomposed, HashPassword(composed), true},
		{"composed, of the decomposed", composed, HashPassword(decomposed), true},
		{"decomposed, of the decomposed", decomposed, HashPassword(decomposed), true},
		{"decomposed, of an earlier release", decomposed, asSent, true},
		{"without the dots", strings.Replace(composed, "\u00fc", "u", 1), HashPassword(composed), false},
		{"decomposed, of another password", decomposed, HashPassword("M\u00fcnchen, prego"), false},
		{"decomposed, of a user who does not exist", decomposed, "", false},
	} {
		if got, err := PasswordMatches(tc.password, tc.hash); got != tc.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", tc.name, got, err, tc.want)
		}
	}
}

// TestPasswordForms_dependOnTheTextAlone: what is plain costs one hash, and what is not
// costs two, whether or not there is such a user.
func TestPasswordForms_dependOnTheTextAlone(t *testing.T) {
	for text, want := range map[string]int{"alice-likes-pizza": 1, composed: 1, decomposed: 2} {
		if got := len(passwordForms(text)); got != want {
			t.Errorf("%q has %d forms, want %d", text, got, want)
		}
	}
}

func TestPasswordMatches_refusesUnknownForms(t *testing.T) {
	for name, hash := range map[string]string{
		"a plain password":       "alice-likes-pizza",
		"a cheaper hash":         strings.Replace(unusableHash, "m=19456", "m=64", 1),
		"another function":       strings.Replace(unusableHash, "argon2id", "argon2i", 1),
		"a hash without its sum": unusableHash[:strings.LastIndex(unusableHash, "$")],
		"a salt that is no text": phcPrefix + "!!!!$" + strings.Repeat("A", 43),
		"a sum that is no text":  phcPrefix + strings.Repeat("A", 22) + "$!!!!",
	} {
		if ok, err := PasswordMatches("alice-likes-pizza", hash); ok || err == nil {
			t.Errorf("%s: %v, %v, want an error", name, ok, err)
		}
	}
}

func TestPasswordMatches_unusableHashCostsTheSame(t *testing.T) {
	salt, sum, err := parseHash(unusableHash)
	noError(t, err)
	if len(salt) != saltBytes || len(sum) != hashBytes {
		t.Errorf("salt of %d bytes and sum of %d, want %d and %d", len(salt), len(sum), saltBytes, hashBytes)
	}
}

func TestPasswordFault(t *testing.T) {
	for _, tc := range []struct {
		name, password string
		ok             bool
	}{
		{"seven characters are too few", "abcdefg", false},
		{"eight are enough", "kqzvwxyj", true},
		{"128 are not too many", strings.Repeat("na", 64), true},
		{"129 are", strings.Repeat("n", 129), false},
		{"seven characters of two bytes are still seven", strings.Repeat("é", 7), false},
		{"eight characters of two bytes are eight", strings.Repeat("é", 8), true},
		{"128 characters of four bytes are 128", strings.Repeat("🍕", 128), true},
		{"129 characters of four bytes are 129", strings.Repeat("🍕", 129), false},
		{"no password", "", false},
		{"no UTF-8", "pizza\xff\xfe-napoli", false},
		{"spaces count", "la mia p", true},
		{"eight characters when composed", "pizza!e" + "e\u0301", true},
		{"seven characters when composed", "pizza!" + "e\u0301", false},
		{"the username in a compatible form", "margherita\uff0ealice", true},
		{"one of the commonest", "password123", false},
		{"one of the commonest in another case", "PassWord123", false},
		{"one of the commonest and more", "password123, or is it", true},
		{"the username", "margherita.alice", false},
		{"the username in another case", "Margherita.ALICE", false},
		{"the username and more", "margherita.alice!", true},
		{"the password of the demo", "alice-likes-pizza", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fault := PasswordFault(tc.password, "margherita.alice")
			if (fault == "") != tc.ok {
				t.Errorf("fault = %q, want one: %v", fault, !tc.ok)
			}
			if fault != "" && tc.password != "" && strings.Contains(fault, tc.password) {
				t.Errorf("%q repeats the password", fault)
			}
		})
	}
}

func TestPasswordFault_commonPasswordsAreLowerCase(t *testing.T) {
	if len(commonPasswords) < 100 {
		t.Errorf("only %d common passwords", len(commonPasswords))
	}
	for p := range commonPasswords {
		if p != strings.ToLower(strings.TrimSpace(p)) {
			t.Errorf("%q would never be found", p)
		}
	}
}

func BenchmarkHashPassword(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		HashPassword("alice-likes-pizza")
	}
}
