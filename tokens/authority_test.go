package tokens

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
	"restaurant/tokens/verify"
)

func TestIssue_exactlyTheDocumentedClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSigner()
		raw := h.issue(t)
		if got, want := string(part(t, raw, 0)), `{"alg":"RS256","typ":"at+jwt","kid":"`+h.kid+`"}`; got != want {
			t.Errorf("header %s, want %s", got, want)
		}
		var got map[string]any
		noError(t, json.Unmarshal(part(t, raw, 1), &got))
		if jti, _ := got["jti"].(string); !regexp.MustCompile(`^[A-Za-z0-9_-]{16}$`).MatchString(jti) {
			t.Errorf("jti %q", jti)
		}
		delete(got, "jti")
		want := map[string]any{
			"iss": issuer, "aud": "restaurant", "sub": "3", "name": "Vera", "role": "guest", "vip": true, "age_over_18": true,
			"client_id": "restaurant", "sid": "session-of-vera-", "iat": 946684800.0, "exp": 946685700.0,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("claims %v, want %v", got, want)
		}
		text := raw[:strings.LastIndex(raw, ".")]
		err := rsa.VerifyPKCS1v15(&h.private.PublicKey, crypto.SHA256, digest(crypto.SHA256, text), part(t, raw, 2))
		if err != nil {
			t.Errorf("the signature: %v", err)
		}
	})
}

// TestVerifyDocument_onlyOfItsKind: neither another kind of document nor an access token, and
// no document passes for an access token.
func TestVerifyDocument_onlyOfItsKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSigner()
		signed, err := h.SignDocument("certificate", map[string]string{"of": "alice"})
		noError(t, err)
		if got, want := string(part(t, signed, 0)), `{"alg":"RS256","typ":"certificate+jwt","kid":"`+h.kid+`"}`; got != want {
			t.Errorf("header %s, want %s", got, want)
		}
		var into map[string]string
		if err := h.VerifyDocument("certificate", signed, &into); err != nil || into["of"] != "alice" {
			t.Errorf("as what it is: %v %v", err, into)
		}
		for kind, text := range map[string]string{"progress": signed, "certificate": h.issue(t), "at": signed} {
			if h.VerifyDocument(kind, text, &into) == nil {
				t.Errorf("as %s, it passes: %s", kind, part(t, text, 0))
			}
		}
		if _, err := h.Verify(signed); !errors.Is(err, ErrClaimsInvalid) {
			t.Errorf("as an access token: %v", err)
		}
	})
}

func TestIssue_claimsOfEachUser(t *testing.T) {
	for _, tc := range []struct {
		name  string
		user  models.User
		role  string
		vip   bool
		adult bool
	}{
		{"a plain adult", models.User{ID: 1, Name: "Alice", Role: models.RoleGuest, BirthDate: new("1994-05-21")}, "guest", false, true},
		{"without a birth date a user is no adult", models.User{ID: 2, Name: "Bob", Role: models.RoleGuest}, "guest", false, false},
		{"a VIP", vera(), "guest", true, true},
		{"a chef", models.User{ID: 4, Name: "Carla", Role: models.RoleChef, BirthDate: new("1989-01-30")}, "chef", false, true},
		{"a manager", models.User{ID: 5, Name: "Marco", Role: models.RoleManager, BirthDate: new("1968-08-15")}, "manager", false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newSigner()
			raw, err := h.Issue(tc.user, NewID(), h.Now().Add(time.Minute))
			noError(t, err)
			claims := string(part(t, raw, 1))
			for _, want := range []string{
				fmt.Sprintf(`"role":%q,"vip":%v,"age_over_18":%v,`, tc.role, tc.vip, tc.adult), fmt.Sprintf(`"sub":"%d"`, tc.user.ID),
			} {
				if !strings.Contains(claims, want) {
					t.Errorf("claims %s, want %s", claims, want)
				}
			}
			p, err := h.Verify(raw)
			if err != nil || p.UserID != tc.user.ID || p.Role != tc.user.Role || p.VIP != tc.vip || p.AgeOver18 != tc.adult {
				t.Errorf("principal %+v, %v", p, err)
			}
		})
	}
}

func TestIssue_cutsTheLifeToWholeSeconds(t *testing.T) {
	for life, want := range map[time.Duration]float64{
		5 * time.Second: 5, 5900 * time.Millisecond: 5, 15 * time.Minute: 900, MaxLifetime: 1800,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newSigner()
			raw, err := h.Issue(vera(), NewID(), h.Now().Add(life))
			noError(t, err)
			claims := h.Inspect(raw).Claims
			if got := claims["exp"].(float64) - claims["iat"].(float64); got != want {
				t.Errorf("a life of %v became %v s, want %v", life, got, want)
			}
		})
	}
}

// TestIssue_longestLifeIsAcceptedAtAnyMoment of a second.
func TestIssue_longestLifeIsAcceptedAtAnyMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSigner()
		for range 10 {
			raw, err := h.Issue(vera(), NewID(), h.Now().Add(MaxLifetime))
			noError(t, err)
			if _, err := h.Verify(raw); err != nil {
				t.Errorf("at %v: %v", time.Now(), err)
			}
			time.Sleep(111111111)
		}
	})
}

func TestNewID_isNewAndShort(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 16 || seen[id] {
			t.Fatalf("%q is long or not new", id)
		}
		seen[id] = true
	}
}

func TestIssue_staysUnder900Bytes(t *testing.T) {
	for _, tc := range []struct {
		name, wearer string
	}{
		{"64 letters", strings.Repeat("V", 64)},
		{"64 signs that HTML escapes", strings.Repeat("<", 64)},
		{"ampersands", strings.Repeat("&", 64)},
		{"32 letters of two bytes", strings.Repeat("é", 32)},
		{"21 line separators", strings.Repeat("\u2028", 21)},
		{"16 pizzas", strings.Repeat("🍕", 16)},
		{"64 quotation marks", strings.Repeat(`"`, 64)},
		{"64 backslashes", strings.Repeat(`\`, 64)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if !models.IsName(tc.wearer) {
				t.Skip("no user can have this name")
			}
			h := newSigner()
			h.Authority = NewAuthority(h.Keys(), "https://"+strings.Repeat("h", 56), MaxLifetime)
			longest := models.User{ID: 1<<63 - 1, Name: tc.wearer, Role: models.RoleManager}
			raw, err := h.Issue(longest, NewID(), h.Now().Add(MaxLifetime))
			noError(t, err)
			if len(raw) >= 900 {
				t.Errorf("%d bytes", len(raw))
			}
			if p, err := h.Verify(raw); err != nil || p.Name != tc.wearer {
				t.Errorf("the name came back as %q, %v", p.Name, err)
			}
		})
	}
}

func TestVerify_returnsThePrincipal(t *testing.T) {
	inBubble(t, "all of it", func(t *testing.T, h *signer) {
		got, err := h.Verify(h.mint(h.header().String(), h.claims().String()))
		noError(t, err)
		want := Principal{
			UserID: 3, Name: "Vera", Role: models.RoleGuest, VIP: true, AgeOver18: true,
			SessionID: "session-of-vera-", TokenID: "token-of-vera---", KeyID: h.kid, ExpiresAt: time.Unix(946685700, 0),
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	inBubble(t, "false claims stay false", func(t *testing.T, h *signer) {
		claims := h.claims().with("vip", false).with("age_over_18", false).with("role", "manager")
		got, err := h.Verify(h.mint(h.header().String(), claims.String()))
		if err != nil || got.VIP || got.AgeOver18 || got.Role != models.RoleManager {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	inBubble(t, "a claim in another case means nothing", func(t *testing.T, h *signer) {
		claims := h.claims().with("Role", "manager").with("SUB", "5").with("VIP", false)
		got, err := h.Verify(h.mint(h.header().String(), claims.String()))
		if err != nil || got.Role != models.RoleGuest || got.UserID != 3 || !got.VIP {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// forgery is one way to come by a token, and how it is refused.
type forgery struct {
	name  string
	forge func(t *testing.T, h *signer) string
	want  error
}

var reasons = []error{ErrMalformed, ErrAlgorithm, ErrKeyUnknown, ErrSignatureInvalid, ErrClaimsInvalid, ErrExpired, ErrRevoked}

// tryAll verifies forgeries, and a genuine token before and after each.
func tryAll(t *testing.T, forgeries []forgery) {
	t.Helper()
	for _, f := range forgeries {
		inBubble(t, f.name, func(t *testing.T, h *signer) {
			genuine := h.issue(t)
			control := func(when string) {
				if _, err := h.Verify(genuine); err != nil {
					t.Errorf("%s the genuine token is refused: %v", when, err)
				}
			}
			control("before")
			p, err := h.Verify(f.forge(t, h))
			if !errors.Is(err, f.want) || (err == nil) != (f.want == nil) {
				t.Errorf("err = %v, want %v", err, f.want)
			}
			if err != nil && p != (Principal{}) {
				t.Errorf("refused, and yet it gives %+v", p)
			}
			for _, reason := range reasons {
				if reason != f.want && errors.Is(err, reason) {
					t.Errorf("the error is %v, too", reason)
				}
			}
			control("after")
		})
	}
}

// withHeader signs genuine claims under a header of the test.
func withHeader(change func(h *signer) string) func(*testing.T, *signer) string {
	return func(_ *testing.T, h *signer) string { return h.mint(change(h), h.claims().String()) }
}

// withClaim signs genuine claims but one.
func withClaim(name string, value any) func(*testing.T, *signer) string {
	return func(_ *testing.T, h *signer) string {
		return h.mint(h.header().String(), h.claims().with(name, value).String())
	}
}

// edited makes a new text of a genuine token.
func edited(edit func(t *testing.T, raw string) string) func(*testing.T, *signer) string {
	return func(t *testing.T, h *signer) string { return edit(t, h.issue(t)) }
}

// at is a time in seconds from now.
func at(seconds int64) int64 { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + seconds }

func TestVerify_pinsTheAlgorithm(t *testing.T) {
	alg := func(value any, sign func(h *signer) func(string) []byte) func(*testing.T, *signer) string {
		return func(_ *testing.T, h *signer) string {
			return compose(h.header().with("alg", value).String(), h.claims().String(), sign(h))
		}
	}
	nothing := func(*signer) func(string) []byte { return unsigned }
	genuine := func(h *signer) func(string) []byte { return rs256(h.private) }
	secret := func(of func(p *rsa.PublicKey) []byte) func(h *signer) func(string) []byte {
		return func(h *signer) func(string) []byte { return hs256(of(&h.private.PublicKey)) }
	}
	spki := func(p *rsa.PublicKey) []byte { der, _ := x509.MarshalPKIXPublicKey(p); return der }
	tryAll(t, []forgery{
		{"RS256 is accepted", alg("RS256", genuine), nil},
		{"none without a signature", alg("none", nothing), ErrAlgorithm},
		{"NONE without a signature", alg("NONE", nothing), ErrAlgorithm},
		{"nOnE without a signature", alg("nOnE", nothing), ErrAlgorithm},
		{"none over a genuine signature", alg("none", genuine), ErrAlgorithm},
		{"no algorithm", withHeader(func(h *signer) string { return h.header().without("alg").String() }), ErrAlgorithm},
		{"an empty algorithm", alg("", genuine), ErrAlgorithm},
		{"a number", alg(256, genuine), ErrAlgorithm},
		{"null", alg(nil, genuine), ErrAlgorithm},
		{"a list", alg([]string{"RS256"}, genuine), ErrAlgorithm},
		{"RS256 in small letters", alg("rs256", genuine), ErrAlgorithm},
		{"RS256 and a space", alg("RS256 ", genuine), ErrAlgorithm},
		{"HS256 with the public PEM as its secret", func(t *testing.T, h *signer) string {
			public, err := h.Keys().PublicPEM()
			noError(t, err)
			return alg("HS256", func(*signer) func(string) []byte { return hs256(public) })(t, h)
		}, ErrAlgorithm},
		{"HS256 with the public DER as its secret", alg("HS256", secret(spki)), ErrAlgorithm},
		{"HS256 with the PKCS #1 form as its secret", alg("HS256", secret(x509.MarshalPKCS1PublicKey)), ErrAlgorithm},
		{"HS256 with the modulus as its secret", alg("HS256", secret(func(p *rsa.PublicKey) []byte { return p.N.Bytes() })), ErrAlgorithm},
		{"HS256 with an empty secret", alg("HS256", secret(func(*rsa.PublicKey) []byte { return nil })), ErrAlgorithm},
		{"PS256 by the genuine key", alg("PS256", func(h *signer) func(string) []byte { return pss(h.private) }), ErrAlgorithm},
		{"RS384 by the genuine key", alg("RS384", func(h *signer) func(string) []byte { return pkcs1(h.private, crypto.SHA384) }), ErrAlgorithm},
		{"RS512 by the genuine key", alg("RS512", func(h *signer) func(string) []byte { return pkcs1(h.private, crypto.SHA512) }), ErrAlgorithm},
		{"ES256", alg("ES256", genuine), ErrAlgorithm},
		{"EdDSA", alg("EdDSA", genuine), ErrAlgorithm},
		{"RS256 in name, PS256 in truth", alg("RS256", func(h *signer) func(string) []byte { return pss(h.private) }), ErrSignatureInvalid},
		{"RS256 in name, RS512 in truth", alg("RS256", func(h *signer) func(string) []byte { return pkcs1(h.private, crypto.SHA512) }), ErrSignatureInvalid},
		{"RS256 in name, HS256 in truth", alg("RS256", secret(spki)), ErrSignatureInvalid},
		{"none, and everything else wrong, too", func(*testing.T, *signer) string {
			return compose(`{"alg":"none","kid":"none"}`, `{"exp":1}`, unsigned)
		}, ErrAlgorithm},
	})
}

func TestVerify_checksTheSignature(t *testing.T) {
	t.Parallel()
	manager := func(t *testing.T, raw string) string {
		claims := strings.Replace(string(part(t, raw, 1)), `"guest"`, `"manager"`, 1)
		parts := strings.Split(raw, ".")
		return parts[0] + "." + b64([]byte(claims)) + "." + parts[2]
	}
	tryAll(t, []forgery{
		{"an untouched copy is accepted", edited(func(_ *testing.T, raw string) string { return strings.Clone(raw) }), nil},
		{"a guest makes herself a manager", edited(manager), ErrSignatureInvalid},
		{"a space more in the claims", func(t *testing.T, h *signer) string {
			raw := h.issue(t)
			parts := strings.Split(raw, ".")
			return parts[0] + "." + b64(append(part(t, raw, 1), ' ')) + "." + parts[2]
		}, ErrSignatureInvalid},
		{"the signature of another genuine token", func(t *testing.T, h *signer) string {
			one, two := h.issue(t), h.issue(t)
			return one[:strings.LastIndex(one, ".")] + two[strings.LastIndex(two, "."):]
		}, ErrSignatureInvalid},
		{"no signature", edited(func(_ *testing.T, raw string) string { return raw[:strings.LastIndex(raw, ".")+1] }), ErrSignatureInvalid},
		{"half a signature", edited(func(_ *testing.T, raw string) string { return raw[:len(raw)-171] }), ErrSignatureInvalid},
		{"a signature and a bit more", edited(func(_ *testing.T, raw string) string { return raw + "AA" }), ErrSignatureInvalid},
		{"a signature of zeros", func(_ *testing.T, h *signer) string {
			return compose(h.header().String(), h.claims().String(), func(string) []byte { return make([]byte, 256) })
		}, ErrSignatureInvalid},
		{"a signature whose last bits mean nothing and are changed", edited(func(_ *testing.T, raw string) string { return sibling(raw) }), ErrSignatureInvalid},
		{"another key under a known kid", func(_ *testing.T, h *signer) string {
			return compose(h.header().String(), h.claims().String(), rs256(strangerKey()))
		}, ErrSignatureInvalid},
		{"forged, and expired, too", func(_ *testing.T, h *signer) string {
			return compose(h.header().String(), h.claims().with("iat", at(-900)).with("exp", at(-1)).String(), rs256(strangerKey()))
		}, ErrSignatureInvalid},
	})
}

// TestVerify_everyCharacterCounts: whatever one character becomes, the token is refused.
func TestVerify_everyCharacterCounts(t *testing.T) {
	t.Parallel()
	inBubble(t, "each replaced once", func(t *testing.T, h *signer) {
		raw := h.issue(t)
		for i := range raw {
			other := byte('A')
			if raw[i] == 'A' {
				other = 'B'
			}
			if _, err := h.Verify(raw[:i] + string(other) + raw[i+1:]); err == nil {
				t.Errorf("character %d may become %c", i, other)
			}
			if _, err := h.Verify(raw[:i] + raw[i+1:]); err == nil {
				t.Errorf("character %d may go", i)
			}
		}
	})
	inBubble(t, "each bit of the signature flipped", func(t *testing.T, h *signer) {
		raw := h.issue(t)
		signature := part(t, raw, 2)
		for bit := range 8 * len(signature) {
			if bit%3 > 0 && bit > 64 && bit < 8*len(signature)-64 {
				continue // a third of them in the middle is enough
			}
			signature[bit/8] ^= 1 << (bit % 8)
			if _, err := h.Verify(raw[:strings.LastIndex(raw, ".")+1] + b64(signature)); !errors.Is(err, ErrSignatureInvalid) {
				t.Errorf("bit %d: %v", bit, err)
			}
			signature[bit/8] ^= 1 << (bit % 8)
		}
	})
}

func TestVerify_refusesOtherForms(t *testing.T) {
	t.Parallel()
	text := func(s string) func(*testing.T, *signer) string { return func(*testing.T, *signer) string { return s } }
	around := func(before, after string) func(*testing.T, *signer) string {
		return edited(func(_ *testing.T, raw string) string { return before + raw + after })
	}
	middle := func(sign string) func(*testing.T, *signer) string {
		return edited(func(_ *testing.T, raw string) string { return raw[:200] + sign + raw[200:] })
	}
	parts := func(header, claims string) func(*testing.T, *signer) string {
		return func(_ *testing.T, h *signer) string { return h.mint(header, claims) }
	}
	genuine := func(h *signer) string { return h.header().String() }
	tryAll(t, []forgery{
		{"nothing", text(""), ErrMalformed},
		{"two dots", text(".."), ErrMalformed},
		{"a password", text("alice-likes-pizza"), ErrMalformed},
		{"two parts", edited(func(_ *testing.T, raw string) string { return raw[:strings.LastIndex(raw, ".")] }), ErrMalformed},
		{"four parts", around("", ".AAAA"), ErrMalformed},
		{"five parts, as if encrypted", text("eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA"), ErrMalformed},
		{"JSON serialisation", text(`{"protected":"e30","payload":"e30","signature":""}`), ErrMalformed},
		{"padding", around("", "=="), ErrMalformed},
		{"a space in front", around(" ", ""), ErrMalformed},
		{"a line break behind", around("", "\n"), ErrMalformed},
		{"a line break inside", middle("\n"), ErrMalformed},
		{"a carriage return inside", middle("\r\n"), ErrMalformed},
		{"a space inside", middle(" "), ErrMalformed},
		{"a zero byte inside", middle("\x00"), ErrMalformed},
		{"quotes around it", around(`"`, `"`), ErrMalformed},
		{"Bearer in front of it", around("Bearer ", ""), ErrMalformed},
		{"the alphabet of plain base64", edited(func(_ *testing.T, raw string) string {
			return strings.NewReplacer("-", "+", "_", "/").Replace(raw) + "+/"
		}), ErrMalformed},
		{"a megabyte of one part", text(strings.Repeat("A", 1<<20)), ErrMalformed},
		{"a megabyte of dots", text(strings.Repeat(".", 1<<20)), ErrMalformed},
		{"a megabyte of claims", text("e30." + strings.Repeat("A", 1<<20) + ".AA"), ErrMalformed},
		{"a megabyte of signature", func(_ *testing.T, h *signer) string {
			return compose(genuine(h), h.claims().String(), func(string) []byte { return make([]byte, 1<<20) })
		}, ErrSignatureInvalid},
		{"a header that is no JSON", parts("hello", "{}"), ErrMalformed},
		{"a header that is a list", parts("[]", "{}"), ErrMalformed},
		{"a header that goes on behind its end", withHeader(func(h *signer) string { return genuine(h) + "{}" }), ErrMalformed},
		{"claims that are no JSON", func(_ *testing.T, h *signer) string { return h.mint(genuine(h), "hello") }, ErrMalformed},
		{"claims that are a list", func(_ *testing.T, h *signer) string { return h.mint(genuine(h), "[]") }, ErrMalformed},
		{"claims that are nested without end", func(_ *testing.T, h *signer) string {
			return h.mint(genuine(h), strings.Repeat(`{"a":`, 20000)+"1"+strings.Repeat("}", 20000))
		}, ErrMalformed},
		{"claims that are null", func(_ *testing.T, h *signer) string { return h.mint(genuine(h), "null") }, ErrClaimsInvalid},
		{"claims that are empty", func(_ *testing.T, h *signer) string { return h.mint(genuine(h), "{}") }, ErrClaimsInvalid},
		{"claims that go on behind their end", func(_ *testing.T, h *signer) string { return h.mint(genuine(h), h.claims().String()+"{}") }, ErrClaimsInvalid},
		{"claims with bytes that are no text", func(_ *testing.T, h *signer) string {
			return h.mint(genuine(h), strings.Replace(h.claims().String(), "Vera", "Ve\xffra", 1))
		}, ErrClaimsInvalid},
		{"claims that name one twice", func(_ *testing.T, h *signer) string {
			return h.mint(genuine(h), strings.Replace(h.claims().String(), `"sub":"3"`, `"sub":"5","sub":"3"`, 1))
		}, ErrClaimsInvalid},
		{"claims that name an unknown one twice", func(_ *testing.T, h *signer) string {
			return h.mint(genuine(h), `{"x":1,"x":2,`+h.claims().String()[1:])
		}, ErrClaimsInvalid},
	})
}

func TestVerify_refusesOtherHeaders(t *testing.T) {
	kid := func(value any) func(*testing.T, *signer) string {
		return withHeader(func(h *signer) string { return h.header().with("kid", value).String() })
	}
	typ := func(value any) func(*testing.T, *signer) string {
		return withHeader(func(h *signer) string { return h.header().with("typ", value).String() })
	}
	extra := func(member string) func(*testing.T, *signer) string {
		return withHeader(func(h *signer) string { return strings.TrimSuffix(h.header().String(), "}") + "," + member + "}" })
	}
	jwk := func(h *signer) fields {
		return h.header().with("jwk", fields{"kty": "RSA", "n": verify.NewJWK("", &strangerKey().PublicKey).Modulus, "e": "AQAB"})
	}
	tryAll(t, []forgery{
		{"members in another order are accepted", withHeader(func(h *signer) string { return `{"kid":"` + h.kid + `","typ":"at+jwt","alg":"RS256"}` }), nil},
		{"space between members is accepted", withHeader(func(h *signer) string { return strings.ReplaceAll(h.header().String(), ",", " ,\n") }), nil},

		{"an unknown kid", kid("AAAAAAAAAAAAAAAA"), ErrKeyUnknown},
		{"no kid", withHeader(func(h *signer) string { return h.header().without("kid").String() }), ErrKeyUnknown},
		{"an empty kid", kid(""), ErrKeyUnknown},
		{"a kid that is null", kid(nil), ErrKeyUnknown},
		{"a kid that is a number", kid(1), ErrKeyUnknown},
		{"a kid that is an object", kid(fields{}), ErrKeyUnknown},
		{"a list of kids", func(t *testing.T, h *signer) string { return kid([]string{h.kid})(t, h) }, ErrKeyUnknown},
		{"a kid that leads into the file system", kid("../../../../dev/null"), ErrKeyUnknown},
		{"a kid that asks a database", kid("x' UNION SELECT 'secret' --"), ErrKeyUnknown},
		{"a kid that runs a command", kid("$(cat /etc/passwd)|id"), ErrKeyUnknown},
		{"a kid that is an address", kid("http://localhost:1/jwks.json"), ErrKeyUnknown},
		{"a genuine kid with a zero byte behind it", func(t *testing.T, h *signer) string { return kid(h.kid+"\x00")(t, h) }, ErrKeyUnknown},
		{"a genuine kid in another case", func(t *testing.T, h *signer) string { return kid(swapCase(h.kid))(t, h) }, ErrKeyUnknown},
		{"a genuine kid and its file name", func(t *testing.T, h *signer) string { return kid(h.kid+".pem")(t, h) }, ErrKeyUnknown},
		{"a stranger's own key and kid", func(_ *testing.T, h *signer) string {
			return compose(h.header().with("kid", thumbprint(&strangerKey().PublicKey)).String(), h.claims().String(), rs256(strangerKey()))
		}, ErrKeyUnknown},

		{"a key to be fetched (jku)", extra(`"jku":"https://localhost:1/keys"`), ErrMalformed},
		{"a certificate to be fetched (x5u)", extra(`"x5u":"https://localhost:1/cert"`), ErrMalformed},
		{"a certificate (x5c)", extra(`"x5c":["AAAA"]`), ErrMalformed},
		{"a fingerprint (x5t)", extra(`"x5t":"AAAA"`), ErrMalformed},
		{"an extension that must be understood (crit)", extra(`"crit":["exp"]`), ErrMalformed},
		{"an unencoded payload (b64)", extra(`"b64":false`), ErrMalformed},
		{"compression (zip)", extra(`"zip":"DEF"`), ErrMalformed},
		{"a content type (cty)", extra(`"cty":"JWT"`), ErrMalformed},
		{"a member in another case", extra(`"ALG":"none"`), ErrMalformed},
		{"an unknown member", extra(`"x":1`), ErrMalformed},
		{"a key of its own (jwk), signed by the server", withHeader(func(h *signer) string { return jwk(h).String() }), ErrMalformed},
		{"a key of its own (jwk), signed with that", func(_ *testing.T, h *signer) string {
			return compose(jwk(h).String(), h.claims().String(), rs256(strangerKey()))
		}, ErrMalformed},
		{"two algorithms, the right one last", withHeader(func(h *signer) string { return `{"alg":"none",` + h.header().String()[1:] }), ErrMalformed},
		{"two algorithms, the wrong one last", extra(`"alg":"none"`), ErrAlgorithm},
		{"two equal types", extra(`"typ":"at+jwt"`), ErrMalformed},
		{"two kids, the right one last", withHeader(func(h *signer) string { return `{"kid":"x",` + h.header().String()[1:] }), ErrMalformed},
		{"two kids, the wrong one last", extra(`"kid":"x"`), ErrMalformed},

		{"no type", withHeader(func(h *signer) string { return h.header().without("typ").String() }), ErrClaimsInvalid},
		{"the type of any JWT", typ("JWT"), ErrClaimsInvalid},
		{"the type in capitals", typ("AT+JWT"), ErrClaimsInvalid},
		{"the type with its prefix", typ("application/at+jwt"), ErrClaimsInvalid},
		{"an empty type", typ(""), ErrClaimsInvalid},
		{"a type that is null", typ(nil), ErrClaimsInvalid},
		{"a type that is a number", typ(1), ErrMalformed},
	})
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r ^ 0x20
		}
		return r
	}, s)
}

func TestVerify_needsEveryClaim(t *testing.T) {
	t.Parallel()
	wrong := map[string][]any{ // values of the wrong type; null and absence come on top
		"iss":         {1, "", []string{issuer}, fields{}},
		"aud":         {1, "", []string{"restaurant"}, []string{}, fields{}},
		"sub":         {3, "", []string{"3"}, true},
		"name":        {1, "", []string{"Vera"}},
		"role":        {1, "", []string{"guest"}, true},
		"vip":         {1, 0, "", "true", []bool{true}},
		"age_over_18": {1, 0, "", "true", fields{}},
		"sid":         {1, "", []string{"session-of-vera-"}},
		"jti":         {1, "", true},
		"iat":         {"", "946684800", true, []int{1}, 946684800.5, json.RawMessage("946684800.0"), json.RawMessage("9.466848e8")},
		"exp":         {"", "946685700", true, []int{1}, 946685700.5, json.RawMessage("946685700.0"), json.RawMessage("9.466857e8")},
	}
	rows := []forgery{{"with all of them it is accepted", withClaim("iss", issuer), nil}}
	for _, claim := range slices.Sorted(maps.Keys(wrong)) {
		rows = append(rows, forgery{"no " + claim, func(_ *testing.T, h *signer) string {
			return h.mint(h.header().String(), h.claims().without(claim).String())
		}, ErrClaimsInvalid})
		for _, value := range append(wrong[claim], nil) {
			rows = append(rows, forgery{fmt.Sprintf("%s %s", claim, fields{"is": value}), withClaim(claim, value), ErrClaimsInvalid})
		}
	}
	tryAll(t, rows)
}

func TestVerify_checksWhoTheClaimsAreFrom(t *testing.T) {
	tryAll(t, []forgery{
		{"an unknown claim is ignored", withClaim("scope", "everything"), nil},
		{"another issuer", withClaim("iss", "http://localhost:8081"), ErrClaimsInvalid},
		{"the issuer and a slash", withClaim("iss", issuer+"/"), ErrClaimsInvalid},
		{"the issuer in capitals", withClaim("iss", strings.ToUpper(issuer)), ErrClaimsInvalid},
		{"the issuer under TLS", withClaim("iss", "https://localhost:8080"), ErrClaimsInvalid},
		{"another audience", withClaim("aud", "hotel"), ErrClaimsInvalid},
		{"an audience in capitals", withClaim("aud", "Restaurant"), ErrClaimsInvalid},
		{"several audiences", withClaim("aud", []string{"restaurant", "hotel"}), ErrClaimsInvalid},

		{"the largest number of a user", withClaim("sub", "9223372036854775807"), nil},
		{"one more", withClaim("sub", "9223372036854775808"), ErrClaimsInvalid},
		{"user 0", withClaim("sub", "0"), ErrClaimsInvalid},
		{"user -1", withClaim("sub", "-1"), ErrClaimsInvalid},
		{"user +1", withClaim("sub", "+1"), ErrClaimsInvalid},
		{"user 01", withClaim("sub", "01"), ErrClaimsInvalid},
		{"user 1 and a space", withClaim("sub", "1 "), ErrClaimsInvalid},
		{"user 1.0", withClaim("sub", "1.0"), ErrClaimsInvalid},
		{"user 0x1", withClaim("sub", "0x1"), ErrClaimsInvalid},
		{"user 1_0", withClaim("sub", "1_0"), ErrClaimsInvalid},
		{"user १", withClaim("sub", "१"), ErrClaimsInvalid},
		{"a username", withClaim("sub", "vera"), ErrClaimsInvalid},

		{"a chef", withClaim("role", "chef"), nil},
		{"a king", withClaim("role", "king"), ErrClaimsInvalid},
		{"a Manager", withClaim("role", "Manager"), ErrClaimsInvalid},
		{"two roles", withClaim("role", "guest manager"), ErrClaimsInvalid},
	})
}

func TestVerify_checksTheTimes(t *testing.T) {
	times := func(iat, exp any) func(*testing.T, *signer) string {
		return func(_ *testing.T, h *signer) string {
			return h.mint(h.header().String(), h.claims().with("iat", iat).with("exp", exp).String())
		}
	}
	tryAll(t, []forgery{
		{"one second is left", times(at(-899), at(1)), nil},
		{"it expires now", times(at(-900), at(0)), ErrExpired},
		{"it has expired a second ago", times(at(-900), at(-1)), ErrExpired},
		{"it expired last year", times(at(-31_000_000), at(-31_000_000+900)), ErrExpired},
		{"it has a life of 30 minutes", times(at(0), at(1800)), nil},
		{"it has a second more than that", times(at(0), at(1801)), ErrClaimsInvalid},
		{"it had 30 minutes and ends now", times(at(-1800), at(0)), ErrExpired},
		{"it had too long a life, and has expired, too", times(at(-1802), at(-1)), ErrClaimsInvalid},
		{"it expires when it is issued", times(at(0), at(0)), ErrClaimsInvalid},
		{"it expires before it is issued", times(at(0), at(-1)), ErrClaimsInvalid},
		{"exp is 0", times(at(0), 0), ErrClaimsInvalid},
		{"exp is negative", times(at(0), -1), ErrClaimsInvalid},
		{"exp and iat are negative", times(-100, -1), ErrClaimsInvalid},
		{"exp is huge", times(at(0), int64(1)<<62), ErrClaimsInvalid},
		{"exp is the largest number", times(at(0), json.RawMessage("9223372036854775807")), ErrClaimsInvalid},
		{"exp is larger than any number", times(at(0), json.RawMessage("9223372036854775808")), ErrClaimsInvalid},
		{"exp is larger than any float", times(at(0), json.RawMessage("1e999")), ErrMalformed},
		{"exp is in milliseconds", times(at(0), at(900)*1000), ErrClaimsInvalid},
		{"iat is the smallest number", times(json.RawMessage("-9223372036854775808"), at(900)), ErrClaimsInvalid},
		{"iat is 0", times(0, 900), ErrClaimsInvalid},

		{"it comes from a clock 5 seconds ahead", times(at(5), at(905)), nil},
		{"it comes from a clock 6 seconds ahead", times(at(6), at(906)), ErrClaimsInvalid},
		{"it comes from tomorrow", times(at(86400), at(87300)), ErrClaimsInvalid},

		{"nbf is now", withClaim("nbf", at(0)), nil},
		{"nbf is in the past", withClaim("nbf", at(-1)), nil},
		{"nbf is on a clock 5 seconds ahead", withClaim("nbf", at(5)), nil},
		{"nbf is on a clock 6 seconds ahead", withClaim("nbf", at(6)), ErrClaimsInvalid},
		{"nbf is a text", withClaim("nbf", "now"), ErrClaimsInvalid},
		{"nbf has a fraction", withClaim("nbf", 1.5), ErrClaimsInvalid},

		{"wrong claims count before expiry", func(_ *testing.T, h *signer) string {
			return h.mint(h.header().String(), h.claims().with("iat", at(-900)).with("exp", at(-1)).with("aud", "hotel").String())
		}, ErrClaimsInvalid},
	})
}

func TestVerify_expiresOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSigner()
		raw := h.issue(t)
		time.Sleep(14*time.Minute + 59*time.Second)
		if _, err := h.Verify(raw); err != nil {
			t.Errorf("at 14:59: %v", err)
		}
		time.Sleep(time.Second - 1)
		if _, err := h.Verify(raw); err != nil {
			t.Errorf("a nanosecond before 15:00: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := h.Verify(raw); !errors.Is(err, ErrExpired) {
			t.Errorf("at 15:00: %v, want ErrExpired", err)
		}
		if _, err := h.Verify(h.issue(t)); err != nil {
			t.Errorf("a new one: %v", err)
		}
	})
}

func BenchmarkIssue(b *testing.B) {
	h := newSigner()
	b.ReportAllocs()
	for b.Loop() {
		h.issue(b)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := newSigner()
	raw := h.issue(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}
