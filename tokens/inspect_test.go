package tokens

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestInspect(t *testing.T) {
	for _, tc := range []struct {
		name           string
		raw            func(t *testing.T, h *signer) string
		header, claims bool // whether they can be read
		algorithm      string
		kid            bool // whether it is ours
		signatureValid bool
		want           error
	}{
		{"a valid token", func(t *testing.T, h *signer) string { return h.issue(t) }, true, true, "RS256", true, true, nil},
		{"an expired token", func(t *testing.T, h *signer) string {
			raw := h.issue(t)
			time.Sleep(time.Hour)
			return raw
		}, true, true, "RS256", true, true, ErrExpired},
		{"a genuine token of another issuer", withClaim("iss", "https://pizza.example"), true, true, "RS256", true, true, ErrClaimsInvalid},
		{"a genuine token of another type", withHeader(func(h *signer) string { return h.header().with("typ", "JWT").String() }), true, true, "RS256", true, true, ErrClaimsInvalid},
		{"a forged token", func(_ *testing.T, h *signer) string {
			return compose(h.header().String(), h.claims().with("role", "manager").String(), rs256(strangerKey()))
		}, true, true, "RS256", true, false, ErrSignatureInvalid},
		{"a forged and expired token", func(_ *testing.T, h *signer) string {
			return compose(h.header().String(), h.claims().with("exp", at(-1)).String(), rs256(strangerKey()))
		}, true, true, "RS256", true, false, ErrSignatureInvalid},
		{"a token of another server", func(_ *testing.T, h *signer) string {
			return compose(h.header().with("kid", "elsewhere").String(), h.claims().String(), rs256(strangerKey()))
		}, true, true, "RS256", false, false, ErrKeyUnknown},
		{"an unsigned token", func(_ *testing.T, h *signer) string {
			return compose(h.header().with("alg", "none").String(), h.claims().String(), unsigned)
		}, true, true, "none", true, false, ErrAlgorithm},
		{"a token with a member too many", withHeader(func(h *signer) string { return h.header().with("jku", "x").String() }), true, true, "RS256", true, false, ErrMalformed},
		{"a token without its signature part", edited(func(_ *testing.T, raw string) string { return raw[:strings.LastIndex(raw, ".")] }), true, true, "RS256", true, false, ErrMalformed},
		{"a header alone", edited(func(_ *testing.T, raw string) string { return raw[:strings.Index(raw, ".")] }), true, false, "RS256", true, false, ErrMalformed},
		{"numbers where texts belong", func(_ *testing.T, h *signer) string { return h.mint(`{"alg":1,"kid":2}`, "{}") }, true, true, "", false, false, ErrAlgorithm},
		{"lists where objects belong", func(_ *testing.T, h *signer) string { return h.mint("[]", "[]") }, false, false, "", false, false, ErrMalformed},
		{"a header with one member twice", func(_ *testing.T, h *signer) string { return h.mint(`{"alg":"RS256","alg":"RS256"}`, "{}") }, false, true, "", false, false, ErrKeyUnknown},
		{"garbage", func(*testing.T, *signer) string { return "a.b.c" }, false, false, "", false, false, ErrMalformed},
		{"a password", func(*testing.T, *signer) string { return "alice-likes-pizza" }, false, false, "", false, false, ErrMalformed},
		{"nothing", func(*testing.T, *signer) string { return "" }, false, false, "", false, false, ErrMalformed},
	} {
		inBubble(t, tc.name, func(t *testing.T, h *signer) {
			r := h.Inspect(tc.raw(t, h))
			if (r.Header != nil) != tc.header || (r.Claims != nil) != tc.claims {
				t.Errorf("header %v, claims %v, want them: %v, %v", r.Header, r.Claims, tc.header, tc.claims)
			}
			if r.Algorithm != tc.algorithm || (r.KeyID == h.kid) != tc.kid {
				t.Errorf("alg %q, kid %q", r.Algorithm, r.KeyID)
			}
			if r.SignatureValid != tc.signatureValid {
				t.Errorf("the signature is said to be valid: %v", r.SignatureValid)
			}
			if !errors.Is(r.Err, tc.want) || (r.Err == nil) != (tc.want == nil) {
				t.Errorf("err = %v, want %v", r.Err, tc.want)
			}
		})
	}
}

func TestInspect_showsHeaderAndClaims(t *testing.T) {
	inBubble(t, "header and claims", func(t *testing.T, h *signer) {
		r := h.Inspect(h.mint(h.header().String(), h.claims().with("extra", []any{"x", 1.5}).String()))
		if want := map[string]any{"alg": "RS256", "typ": "at+jwt", "kid": h.kid}; !reflect.DeepEqual(r.Header, want) {
			t.Errorf("header %v, want %v", r.Header, want)
		}
		want := map[string]any(h.claims().with("extra", []any{"x", 1.5}).with("iat", float64(at(0))).with("exp", float64(at(900))))
		if !reflect.DeepEqual(r.Claims, want) {
			t.Errorf("claims %v, want %v", r.Claims, want)
		}
	})
}

// FuzzInspect: no text makes Inspect panic, and only what the server has signed has a
// valid signature.
func FuzzInspect(f *testing.F) {
	signed, accepted := map[string]bool{}, map[string]bool{}
	// Everything here is the same in each process of the fuzzer: the key, the
	// texts, and in the bubble the clock.
	h := newSigner()
	claims := h.claims().with("iat", at(0)).with("exp", at(900))
	for _, c := range []fields{claims, claims.with("role", "manager").with("nbf", at(1))} {
		raw := h.mint(h.header().String(), c.String())
		signed[raw], accepted[raw] = true, true
		f.Add(raw)
		f.Add(sibling(raw))
		f.Add(raw[:strings.LastIndex(raw, ".")+1])
	}
	for _, raw := range []string{
		h.mint(h.header().String(), claims.with("exp", at(-1)).String()),
		h.mint(h.header().String(), claims.with("iat", at(-900)).with("exp", at(0)).String()),
		h.mint(h.header().with("typ", "JWT").String(), claims.String()),
		h.mint(h.header().String(), "null"),
	} {
		signed[raw] = true
		f.Add(raw)
	}
	for _, raw := range []string{
		"", ".", "..", "...", "a.b.c", "e30.e30.", "bnVsbA.bnVsbA.AA", "W10.W10.AA", "eyJhbGciOiJub25lIn0.e30.",
		compose(h.header().with("alg", "none").String(), claims.String(), unsigned),
		compose(h.header().String(), claims.String(), rs256(strangerKey())),
		compose(h.header().with("alg", "PS256").String(), claims.String(), unsigned),
		compose(`{"alg":"RS256","kid":["x"]}`, `{"exp":1e999}`, unsigned),
		compose(`{"alg":"none",`+h.header().String()[1:], claims.String(), rs256(h.private)),
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		synctest.Test(t, func(t *testing.T) {
			r := newSigner().Inspect(raw)
			if r.SignatureValid != signed[raw] {
				t.Errorf("the signature is said to be valid: %v", r.SignatureValid)
			}
			if (r.Err == nil) != accepted[raw] {
				t.Errorf("err = %v", r.Err)
			}
			if r.Err != nil && !slices.ContainsFunc(reasons, func(reason error) bool { return errors.Is(r.Err, reason) }) {
				t.Errorf("err = %v has no name", r.Err)
			}
		})
	})
}
