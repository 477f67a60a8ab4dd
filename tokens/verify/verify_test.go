package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"
)

// The rules themselves are tested in tokens, where there is a key to sign with.

func TestClassify_unknownErrorIsMalformed(t *testing.T) {
	if got := classify(errors.New("query token is empty")); got != ErrMalformed {
		t.Errorf("classify = %v, want ErrMalformed", got)
	}
	if got := SlugOf(errors.New("of somebody else")); got != "token-malformed" {
		t.Errorf("SlugOf = %q", got)
	}
}

func TestJWK_isReadAsItWasWritten(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, KeyBits)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := NewJWK("one", &private.PublicKey)
	for _, tc := range []struct {
		name   string
		change func(*JWK)
		ok     bool
	}{
		{"as it is", func(*JWK) {}, true},
		{"another key type", func(j *JWK) { j.KeyType = "EC" }, false},
		{"for encryption", func(j *JWK) { j.Use = "enc" }, false},
		{"another algorithm", func(j *JWK) { j.Algorithm = "HS256" }, false},
		{"without an id", func(j *JWK) { j.KeyID = "" }, false},
		{"too small", func(j *JWK) { j.Modulus = NewJWK("one", &small.PublicKey).Modulus }, false},
		{"no base64url", func(j *JWK) { j.Modulus = "a b" }, false},
		{"exponent 1", func(j *JWK) { j.Exponent = "AQ" }, false},
		{"a huge exponent", func(j *JWK) { j.Exponent = j.Modulus }, false},
		{"no exponent", func(j *JWK) { j.Exponent = "" }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := good
			tc.change(&j)
			public, err := j.PublicKey()
			if (err == nil) != tc.ok || tc.ok && !public.Equal(&private.PublicKey) {
				t.Errorf("%v, %v", public, err)
			}
		})
	}
}
