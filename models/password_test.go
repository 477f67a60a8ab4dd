package models

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHasher_matches(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	const password = "Pizza Napoli, per favore"
	hash, err := h.Hash(t.Context(), password)
	noError(t, err)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, password) {
		t.Errorf("hash %q is not in PHC form", hash)
	}
	again, err := h.Hash(t.Context(), password)
	noError(t, err)
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
			if got, err := h.Matches(t.Context(), tc.password, tc.hash); got != tc.want || err != nil {
				t.Errorf("Matches = %v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

func TestMatches_refusesUnknownForms(t *testing.T) {
	for name, hash := range map[string]string{
		"a plain password":       "alice-likes-pizza",
		"a cheaper hash":         strings.Replace(unusableHash, "m=19456", "m=64", 1),
		"another function":       strings.Replace(unusableHash, "argon2id", "argon2i", 1),
		"a hash without its sum": unusableHash[:strings.LastIndex(unusableHash, "$")],
		"a salt that is no text": phcPrefix + "!!!!$" + strings.Repeat("A", 43),
		"a sum that is no text":  phcPrefix + strings.Repeat("A", 22) + "$!!!!",
	} {
		if ok, err := NewHasher().Matches(t.Context(), "alice-likes-pizza", hash); ok || err == nil {
			t.Errorf("%s: %v, %v, want an error", name, ok, err)
		}
	}
}

func TestMatches_unusableHashCostsTheSame(t *testing.T) {
	salt, sum, err := parseHash(unusableHash)
	noError(t, err)
	if len(salt) != saltBytes || len(sum) != hashBytes {
		t.Errorf("salt of %d bytes and sum of %d, want %d and %d", len(salt), len(sum), saltBytes, hashBytes)
	}
}

// In the bubble waiting is visible: synctest.Wait returns when no goroutine can
// go on.
func TestHasher_waitsForAFreeSlot(t *testing.T) {
	for _, tc := range []struct {
		name string
		work func(ctx context.Context, h *Hasher) error
	}{
		{"hashing waits", func(ctx context.Context, h *Hasher) error {
			_, err := h.Hash(ctx, "alice-likes-pizza")
			return err
		}},
		{"comparing waits", func(ctx context.Context, h *Hasher) error {
			_, err := h.Matches(ctx, "alice-likes-pizza", strings.Replace(unusableHash, "A", "B", 1))
			return err
		}},
		{"a comparison for an unknown user waits", func(ctx context.Context, h *Hasher) error {
			_, err := h.Matches(ctx, "alice-likes-pizza", "")
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := NewHasher()
				for range runtime.NumCPU() { // every core is busy
					h.slots <- struct{}{}
				}
				done := make(chan error, 1)
				go func() { done <- tc.work(t.Context(), h) }()
				synctest.Wait()
				if len(done) == 1 {
					t.Fatalf("it did not wait for one of %d cores", runtime.NumCPU())
				}
				<-h.slots
				noError(t, <-done)
				if got := len(h.slots); got != runtime.NumCPU()-1 {
					t.Errorf("%d slots are taken afterwards, want %d", got, runtime.NumCPU()-1)
				}
			})
		})
	}
}

func TestHasher_stopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher()
		for range cap(h.slots) {
			h.slots <- struct{}{}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if hash, err := h.Hash(ctx, "alice-likes-pizza"); hash != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Hash = %q, %v", hash, err)
		}
		if ok, err := h.Matches(ctx, "alice-likes-pizza", ""); ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Matches = %v, %v", ok, err)
		}
		if len(h.slots) != cap(h.slots) {
			t.Error("who gave up has set a core free that others use")
		}
	})
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

func BenchmarkHash(b *testing.B) {
	h := NewHasher()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "alice-likes-pizza"); err != nil {
			b.Fatal(err)
		}
	}
}
