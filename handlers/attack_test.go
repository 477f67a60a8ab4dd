package handlers

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"restaurant/httpjson"
	"restaurant/tokens"
	"restaurant/tokens/verify"
)

// attack is one way to try the guards: with a token, or with a request of another
// kind. want is the answer, status and slug.
type attack struct {
	name    string
	want    string
	token   func(f *attacker) string
	options func(f *attacker) []option
}

const (
	noToken      = "401 authentication-required"
	malformed    = "401 token-malformed"
	algorithm    = "401 token-algorithm-refused"
	keyless      = "401 token-key-unknown"
	badSignature = "401 token-signature-invalid"
	badClaims    = "401 token-claims-invalid"
	expired      = "401 token-expired"
	ambiguous    = "400 ambiguous-credentials"
	tooLarge     = "431 header-too-large"
)

// allAttacks returns more than 900 of them.
func allAttacks() []attack {
	return slices.Concat(
		noneAttacks(), hmacAttacks(), algorithmAttacks(), keyAttacks(), kidAttacks(), headerAttacks(), signatureAttacks(),
		editAttacks(), formAttacks(), duplicateAttacks(), claimAttacks(), identityAttacks(), timeAttacks(), otherWays(),
	)
}

// TestTokens_everyAttackIsRefused tries every attack on a call that changes something and on
// one that only looks; first while the attacker is logged in, then after she has
// logged out. Behind each attack a genuine token is accepted, so it is the attack that
// is refused, and not everything. All of it happens twice: in a server that
// remembers the tokens it has verified, and in one that verifies each again.
func TestTokens_everyAttackIsRefused(t *testing.T) {
	for name, options := range map[string][]func(*server){"tokens remembered": nil, "each token verified again": {withoutTokenCache}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tryAllAttacks(t, newServer(t, options...))
		})
	}
}

func tryAllAttacks(t *testing.T, srv *server) {
	f := newAttacker(t, srv, "alice")
	attacks := allAttacks()
	seen := map[string]bool{}
	for _, a := range attacks {
		if seen[a.name] {
			t.Errorf("two attacks are called %q", a.name)
		}
		seen[a.name] = true
	}
	if len(attacks) < 900 {
		t.Errorf("there are only %d attacks", len(attacks))
	}
	t.Run("logged in", func(t *testing.T) { f.tryAll(t, attacks, f.good, f.try, f.tryInCookie, f.inspect) })
	srv.post(t, "/api/v1/auth/logout", "", bearer(f.good)).wants(t, 204, "")
	refusedAs(t, srv.get(t, mePath, bearer(f.good)), "401 token-revoked")
	t.Run("logged out", func(t *testing.T) { f.tryAll(t, attacks, srv.login(t, "bob").AccessToken, f.try) })
	refusedAs(t, srv.post(t, ordersPath, margherita, bearer(f.good)), "401 token-revoked")
}

// tryAll tries all attacks in some ways. None of them may write anything.
func (f *attacker) tryAll(t *testing.T, attacks []attack, control string, ways ...func(*testing.T, attack, string, []option)) {
	b, before := f.srv.openContents(t), f.srv.countOrders(t)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			var token string
			var opts []option
			if a.token != nil {
				token = a.token(f)
				opts = []option{bearer(token)}
			} else {
				opts = a.options(f)
			}
			for _, way := range ways {
				way(t, a, token, opts)
			}
			if b.changed(t) {
				t.Errorf("it wrote into the database; there are %d orders, and were %d", f.srv.countOrders(t), before)
			}
			f.srv.get(t, mePath, bearer(control)).wants(t, 200, "")
		})
	}
	if got := f.srv.countOrders(t); got != before {
		t.Errorf("the attacks placed %d orders", got-before)
	}
	f.srv.newOrder(t, bearer(control))
	if got := f.srv.countOrders(t); got != before+1 || !b.changed(t) {
		t.Errorf("a genuine token ordered, and there are %d orders instead of %d", got, before+1)
	}
}

func (f *attacker) try(t *testing.T, a attack, token string, opts []option) {
	a.refused(t, f.srv.post(t, ordersPath, margherita, opts...), token)
	a.refused(t, f.srv.get(t, mePath, opts...), token)
}

// tryInCookie tries the same token in a cookie, if one can hold it.
func (f *attacker) tryInCookie(t *testing.T, a attack, token string, _ []option) {
	if verify.WellFormed(token) && a.want != tooLarge {
		a.refused(t, f.srv.post(t, ordersPath, margherita, inCookie(accessCookie, token)), token)
	}
}

// refused holds an answer against what the attack should get. Nobody asks the
// database for it, and the token is not sent back.
func (a attack) refused(t *testing.T, res *response, token string) {
	t.Helper()
	refusedAs(t, res, a.want)
	if n := res.queries(t); n != "0" {
		t.Errorf("%s: the refusal costs %s queries", res.request, n)
	}
	if len(token) > 20 && strings.Contains(res.Body.String(), token) {
		t.Errorf("%s: the token is sent back", res.request)
	}
}

// challenges are the error descriptions of RFC 6750 that belong to each reason.
var challenges = map[string]string{
	"token-malformed": "malformed", "token-algorithm-refused": "algorithm not allowed", "token-key-unknown": "unknown key",
	"token-signature-invalid": "bad signature", "token-claims-invalid": "claims not accepted", "token-expired": "expired",
	"token-revoked": "revoked",
}

func refusedAs(t testing.TB, res *response, want string) {
	t.Helper()
	status, slug, _ := strings.Cut(want, " ")
	code, _ := strconv.Atoi(status)
	res.wants(t, code, slug)
	challenge := ""
	if code == 401 {
		challenge = "Bearer"
	}
	if description, ok := challenges[slug]; ok {
		challenge = `Bearer error="invalid_token", error_description="` + description + `"`
	}
	if got := res.Header().Get("WWW-Authenticate"); got != challenge {
		t.Errorf("%s: WWW-Authenticate is %q, want %q", res.request, got, challenge)
	}
	if got := res.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s: a refusal may be kept: %q", res.request, got)
	}
}

// inspect sends the token to inspect, which must say what the guards say.
func (f *attacker) inspect(t *testing.T, a attack, token string, _ []option) {
	body, err := httpjson.Encode(map[string]string{"token": token})
	if a.token == nil || a.want == tooLarge || err != nil {
		return // no token, or none that a body can hold
	}
	r := decode[inspectResponse](t, f.srv.post(t, inspectPath, string(body)).wants(t, 200, ""))
	if _, slug, _ := strings.Cut(a.want, " "); r.Active || !slices.Equal(r.Reasons, []string{slug}) {
		t.Errorf("inspect says active: %t, reasons: %v", r.Active, r.Reasons)
	}
}

// countOrders is the number of all orders of all guests.
func (srv *server) countOrders(t testing.TB) int {
	t.Helper()
	orders, err := srv.Store.OpenOrders(context.Background(), "", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(orders)
}

func inCookie(name, value string) option { return with("Cookie", name+"="+value) }

// TestTokens_attackToolsWork is the control of the attacks: with the
// private key one can make what the guards accept, so the attacks are refused for
// what they change. It is also why that key never leaves the server.
func TestTokens_attackToolsWork(t *testing.T) {
	srv := newServer(t)
	f := newAttacker(t, srv, "alice")
	alice := decode[meResponse](t, srv.get(t, mePath, bearer(f.good)).wants(t, 200, ""))
	for name, token := range map[string]func(f *attacker) string{
		"her genuine token":                     func(f *attacker) string { return f.good },
		"a copy with a signature of its own":    func(f *attacker) string { return f.mint(f.header().String(), f.originalClaims().String()) },
		"genuine texts, signed again":           func(f *attacker) string { return f.mint(string(decoded(f.good, 0)), string(decoded(f.good, 1))) },
		"alg RS256, signed by the server":       signedAs("RS256", serverKey),
		"her genuine token, edited to the same": func(f *attacker) string { return f.edit(string(decoded(f.good, 0)), string(decoded(f.good, 1))) },
		"her genuine signature, decoded":        func(f *attacker) string { return f.resigned(func(s []byte) []byte { return s }) },
		"spaces in both parts":                  func(f *attacker) string { return f.mint(padded(f.header().String()), padded(f.claims().String())) },
		"a claim that nobody knows":             withClaim("scope", "everything"),
		"claims in another case": withClaims(func(f *attacker) string {
			return f.claims().with("Role", "manager").with("VIP", true).with("SUB", "5").with("Name", "Marco").String()
		}),
		"nbf in the past":         withClaim("nbf", -time.Minute),
		"nbf of null":             withClaim("nbf", nil),
		"a clock 3 seconds ahead": withClaim("iat", 3*time.Second),
		"4 KB of claims":          withClaim("x", strings.Repeat("A", 4000)),
		"a claim of objects 500 deep": withClaims(func(f *attacker) string {
			return f.claims().last(`"x":` + strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500))
		}),
	} {
		t.Run(name, func(t *testing.T) {
			me := decode[meResponse](t, srv.get(t, mePath, bearer(token(f))).wants(t, 200, ""))
			if me.ExpiresAt = alice.ExpiresAt; me != alice {
				t.Errorf("it is %+v, want %+v", me, alice)
			}
			srv.get(t, usersPath, bearer(token(f))).wants(t, 403, "role-required")
		})
	}
	srv.get(t, usersPath, bearer(withClaim("role", "manager")(f))).wants(t, 200, "")

	// The guards make no query, so they let in a user who is not in the database;
	// no account is ever deleted, so only the thief of a key gets that far.
	nobody := bearer(withClaim("sub", "999999")(f))
	if me := decode[meResponse](t, srv.get(t, mePath, nobody).wants(t, 200, "")); me.Sub != "999999" {
		t.Errorf("nobody is %+v", me)
	}
	if orders := decode[ordersResponse](t, srv.get(t, ordersPath, nobody).wants(t, 200, "")); len(orders.Items) != 0 {
		t.Errorf("nobody has %d orders", len(orders.Items))
	}
}

// A valid token of a user that does not exist causes no 5xx.
func TestTokens_unknownUserIsNoFailure(t *testing.T) {
	srv := newServer(t)
	f := newAttacker(t, srv, "alice")
	res := srv.post(t, ordersPath, margherita, bearer(withClaim("sub", "999999")(f)))
	if res.Code < 400 || res.Code >= 500 || srv.countOrders(t) != 0 {
		t.Errorf("nobody's order is answered %d", res.Code)
	}
}

// TestTokens_timeEdges looks at the edges of time, where
// the guard of the library and our own checks must agree.
func TestTokens_timeEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		f := newAttacker(t, srv, "alice")
		for _, tc := range []struct {
			name     string
			iat, exp time.Duration
			want     string
		}{
			{"a second left", -14 * time.Minute, time.Second, ""},
			{"nothing left", -15 * time.Minute, 0, expired},
			{"over for a second", -15 * time.Minute, -time.Second, expired},
			{"30 minutes", 0, 30 * time.Minute, ""},
			{"30 minutes and a second", 0, 30*time.Minute + time.Second, badClaims},
			{"30 minutes, all of them gone", -30 * time.Minute, 0, expired},
			{"issued 5 seconds ahead", 5 * time.Second, time.Minute, ""},
			{"issued 6 seconds ahead", 6 * time.Second, time.Minute, badClaims},
			{"no life at all", time.Second, time.Second, badClaims},
			{"a life of a second", 0, time.Second, ""},
		} {
			res := srv.get(t, mePath, bearer(withClaims(func(f *attacker) string {
				return f.claims().with("iat", tc.iat).with("exp", tc.exp).String()
			})(f)))
			if tc.want == "" {
				if res.Code != 200 {
					t.Errorf("%s: %d %s", tc.name, res.Code, res.Body)
				}
				continue
			}
			if status, slug, _ := strings.Cut(tc.want, " "); strconv.Itoa(res.Code) != status || !strings.Contains(res.Body.String(), `"/problems/`+slug+`"`) {
				t.Errorf("%s: %d %s, want %s", tc.name, res.Code, res.Body, tc.want)
			}
			if says := strings.Contains(res.Body.String(), "issued in the future"); says != (tc.iat > 5*time.Second) {
				t.Errorf("%s: %s", tc.name, res.Body)
			}
		}
		srv.get(t, mePath, bearer(f.good)).wants(t, 200, "")
	})
}

// TestTokens_oneTextEach looks for other texts that pass for a genuine token.
func TestTokens_oneTextEach(t *testing.T) {
	t.Run("an access token between spaces of other alphabets", func(t *testing.T) {
		srv := newServer(t)
		good := srv.token(t, "alice")
		for _, space := range []string{"\u00a0", "\u0085", "\u2003", "\u2028", "\u3000"} {
			refusedAs(t, srv.get(t, mePath, bearer(good+space)), malformed)
			refusedAs(t, srv.get(t, mePath, bearer(space+good)), malformed)
		}
		srv.get(t, mePath, bearer(good)).wants(t, 200, "")
	})
	t.Run("a refresh token with line breaks", func(t *testing.T) {
		srv := newServer(t)
		refreshToken := srv.login(t, "alice").RefreshToken
		for _, other := range []string{refreshToken + "\n", "\r\n" + refreshToken, refreshToken[:20] + "\n" + refreshToken[20:]} {
			refusedAs(t, srv.post(t, "/api/v1/auth/refresh", members{"refresh_token": other}.String()), "401 refresh-token-invalid")
		}
		srv.post(t, "/api/v1/auth/refresh", members{"refresh_token": refreshToken}.String()).wants(t, 200, "")
	})
}

// TestRefresh_onlyRefreshTokens tries everything else at the call where tokens
// are renewed, in the body and in the cookie. The refresh token still works
// afterwards, once.
func TestRefresh_onlyRefreshTokens(t *testing.T) {
	srv := newServer(t)
	f := newAttacker(t, srv, "alice")
	secret := must(base64.RawURLEncoding.DecodeString(f.refreshToken))
	stored := hex.EncodeToString(digest(crypto.SHA256, string(secret)))
	flipped := slices.Clone(secret)
	flipped[31] ^= 1
	const path = "/api/v1/auth/refresh"
	for name, token := range map[string]string{
		"nothing": "", "her access token": f.good, "her access token with alg none": compose(`{"alg":"none"}`, f.claims().String(), emptySignature),
		"the claims of her access token": strings.Split(f.good, ".")[1], "the signature of her access token": strings.Split(f.good, ".")[2],
		"the id of her session": f.originalClaims()["sid"].(string), "the id of her token": f.originalClaims()["jti"].(string),
		"the hash as the database has it": stored, "the hash in base64url": encoded(digest(crypto.SHA256, string(secret))),
		"the token in hex": hex.EncodeToString(secret), "the token in standard base64": base64.StdEncoding.EncodeToString(secret),
		"the token with padding": f.refreshToken + "=", "the token cut off": f.refreshToken[:42], "the token and a letter": f.refreshToken + "A",
		"the token twice": f.refreshToken + f.refreshToken, "the token with its spare bits changed": withLastBits(f.refreshToken, 1),
		"the token with a bit flipped": encoded(flipped), "the token in capitals": strings.ToUpper(f.refreshToken),
		"the token with a space": " " + f.refreshToken, "the token with a zero byte": f.refreshToken + "\x00",
		"the token behind Bearer": "Bearer " + f.refreshToken, "zeros": encoded(make([]byte, 32)), "SQL": "' OR spent_at IS NULL --", "a wildcard": "%",
		"the refresh token of another server": encoded(digest(crypto.SHA256, "another")), "60 KB": strings.Repeat("A", 60_000),
	} {
		t.Run(name, func(t *testing.T) {
			body, err := httpjson.Encode(map[string]string{"refresh_token": token})
			if err != nil {
				t.Fatal(err)
			}
			refusedAs(t, srv.post(t, path, string(body)), "401 refresh-token-invalid")
			if len(token) < 8<<10 && !strings.ContainsAny(token, " \n\x00") { // a cookie can hold it
				refusedAs(t, srv.post(t, path, "", inCookie(refreshCookie, token)), "401 refresh-token-invalid")
			}
			srv.get(t, mePath, bearer(f.good)).wants(t, 200, "")
		})
	}
	for name, show := range map[string]option{
		"as a Bearer token": bearer(f.refreshToken), "in the query": func(r *http.Request) { r.URL.RawQuery = "refresh_token=" + f.refreshToken },
		"in the access cookie": inCookie(accessCookie, f.refreshToken), "in a cookie of another name": inCookie("__Secure-refresh_token", f.refreshToken),
	} {
		t.Run(name, func(t *testing.T) { refusedAs(t, srv.post(t, path, "{}", show), "401 refresh-token-invalid") })
	}
	two := []option{inCookie(refreshCookie, f.refreshToken), inCookie(refreshCookie, f.refreshToken)}
	refusedAs(t, srv.post(t, path, "", two...), "401 refresh-token-invalid")

	body := members{"refresh_token": f.refreshToken}.String()
	srv.post(t, path, body).wants(t, 200, "")
	srv.get(t, mePath, bearer(f.good)).wants(t, 200, "")
	refusedAs(t, srv.post(t, path, body), "401 refresh-token-reused")
	refusedAs(t, srv.get(t, mePath, bearer(f.good)), "401 token-revoked")
}

// Most attacks change one thing about a token and have it signed with the stolen
// key.
func withHeader(change func(f *attacker) string) func(*attacker) string {
	return func(f *attacker) string { return f.mint(change(f), f.claims().String()) }
}

func withClaims(change func(f *attacker) string) func(*attacker) string {
	return func(f *attacker) string { return f.mint(f.header().String(), change(f)) }
}

func withClaim(name string, value any) func(*attacker) string {
	return withClaims(func(f *attacker) string { return f.claims().with(name, value).String() })
}

// signedAs makes a token whose header says alg, whatever signs it.
func signedAs(alg any, by func(f *attacker) signer) func(*attacker) string {
	return func(f *attacker) string {
		return compose(f.header().with("alg", alg).String(), f.claims().String(), by(f))
	}
}

func serverKey(f *attacker) signer    { return pkcs1(f.stolen, crypto.SHA256) }
func attackerKey(*attacker) signer    { return pkcs1(ownRSA(), crypto.SHA256) }
func noSignature(*attacker) signer    { return emptySignature }
func oldSignature(f *attacker) signer { return f.oldSignature }

// jsonOf names a JSON value in the name of an attack.
func jsonOf(value any) string {
	text := members{"": value}.String()
	text = text[len(`{"":`) : len(text)-1]
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strings.ReplaceAll(text, "/", "∕") // a slash would make a subtest of a subtest
}

// The oldest trick: a token that says it needs no signature (CVE-2015-9235).
func noneAttacks() (rows []attack) {
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "noNe"} {
		for how, by := range map[string]func(*attacker) signer{
			"without a signature": noSignature, "over the old signature": oldSignature, "signed by the server": serverKey,
			"with one byte as signature": func(*attacker) signer { return fixedSignature([]byte{0}) },
		} {
			rows = append(rows, attack{name: "alg " + alg + " " + how, want: algorithm, token: signedAs(alg, by)})
		}
	}
	for _, alg := range []any{"", " none", "none ", "none\x00", "rs256", "Rs256", "RS256 ", " RS256", "RS256\x00", "RS-256", "RSA", "HS", "*",
		nil, 256, true, []string{"RS256"}, []string{"none", "RS256"}, members{"RS256": true}} {
		rows = append(rows, attack{name: "alg is " + jsonOf(alg) + ", signed by the server", want: algorithm, token: signedAs(alg, serverKey)})
	}
	return append(rows,
		attack{name: "no alg at all, signed by the server", want: algorithm, token: withHeader(func(f *attacker) string { return f.header().without("alg").String() })},
		attack{name: "alg none and the second dot left out", want: malformed, token: func(f *attacker) string {
			return strings.TrimSuffix(signedAs("none", noSignature)(f), ".")
		}},
		attack{name: "alg none and everything else wrong, too", want: algorithm, token: func(*attacker) string {
			return compose(`{"alg":"none","kid":"nobody"}`, `{"sub":"5","role":"manager","exp":1}`, emptySignature)
		}},
		attack{name: "alg none for a manager", want: algorithm, token: func(f *attacker) string {
			return compose(f.header().with("alg", "none").String(), f.claims().with("role", "manager").String(), emptySignature)
		}},
	)
}

// publicSecrets are all texts that anybody knows and a confused verifier might
// take for an HMAC secret.
var publicSecrets = map[string]func(f *attacker) []byte{
	"the PEM file as it is published":          func(f *attacker) []byte { return []byte(f.public) },
	"the PEM text without its last line break": func(f *attacker) []byte { return []byte(strings.TrimSuffix(f.public, "\n")) },
	"the PEM text with Windows line breaks":    func(f *attacker) []byte { return []byte(strings.ReplaceAll(f.public, "\n", "\r\n")) },
	"the PEM text without line breaks":         func(f *attacker) []byte { return []byte(strings.ReplaceAll(f.public, "\n", "")) },
	"the PKCS #1 PEM text": func(f *attacker) []byte {
		return []byte(pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&f.stolen.PublicKey)))
	},
	"the PKCS #1 PEM text without its last line break": func(f *attacker) []byte {
		return []byte(strings.TrimSuffix(pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&f.stolen.PublicKey)), "\n"))
	},
	"the DER form":         publicDER,
	"the PKCS #1 DER form": func(f *attacker) []byte { return x509.MarshalPKCS1PublicKey(&f.stolen.PublicKey) },
	"the DER form in base64": func(f *attacker) []byte {
		return []byte(base64.StdEncoding.EncodeToString(publicDER(f)))
	},
	"the DER form in hex":      func(f *attacker) []byte { return []byte(hex.EncodeToString(publicDER(f))) },
	"the modulus":              func(f *attacker) []byte { return f.stolen.N.Bytes() },
	"the modulus in base64url": func(f *attacker) []byte { return []byte(encoded(f.stolen.N.Bytes())) },
	"the modulus in decimal":   func(f *attacker) []byte { return []byte(f.stolen.N.String()) },
	"the JWK": func(f *attacker) []byte {
		return []byte(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(f.jwks), `{"keys":[`), "]}"))
	},
	"the JWKS as it is published": func(f *attacker) []byte { return []byte(f.jwks) },
	"the kid":                     func(f *attacker) []byte { return []byte(f.kid) },
	"nothing":                     func(*attacker) []byte { return nil },
	"a zero byte":                 func(*attacker) []byte { return []byte{0} },
	"the word secret":             func(*attacker) []byte { return []byte("secret") },
}

func publicDER(f *attacker) []byte { return must(x509.MarshalPKIXPublicKey(&f.stolen.PublicKey)) }

var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// The public key as the secret of an HMAC (CVE-2016-10555).
func hmacAttacks() (rows []attack) {
	for secret, of := range publicSecrets {
		for bits, hash := range hashes {
			rows = append(rows, attack{name: "HS" + bits + " with " + secret + " as its secret", want: algorithm,
				token: signedAs("HS"+bits, func(f *attacker) signer { return mac(of(f), hash) })})
		}
	}
	for _, alg := range []string{"hs256", "HMAC", "HS256 "} {
		rows = append(rows, attack{name: "alg " + alg + " with the PEM file as its secret", want: algorithm,
			token: signedAs(alg, func(f *attacker) signer { return mac([]byte(f.public), crypto.SHA256) })})
	}
	return append(rows,
		attack{name: "HS256 over a kid that leads to an empty file", want: algorithm, token: func(f *attacker) string {
			return compose(f.header().with("alg", "HS256").with("kid", "../../../../../../dev/null").String(), f.claims().String(), mac(nil, crypto.SHA256))
		}},
		attack{name: "RS256 in name, HS256 with the PEM file in truth", want: badSignature,
			token: signedAs("RS256", func(f *attacker) signer { return mac([]byte(f.public), crypto.SHA256) })},
	)
}

// One algorithm, and no other: not even with the genuine key.
func algorithmAttacks() (rows []attack) {
	keys := map[string]func(f *attacker) *rsa.PrivateKey{
		"the key of the server": func(f *attacker) *rsa.PrivateKey { return f.stolen },
		"a key of her own":      func(*attacker) *rsa.PrivateKey { return ownRSA() },
	}
	for whose, key := range keys {
		for bits, hash := range hashes {
			rows = append(rows, attack{name: "PS" + bits + " by " + whose, want: algorithm,
				token: signedAs("PS"+bits, func(f *attacker) signer { return pss(key(f), hash) })})
			if bits == "256" {
				continue
			}
			rows = append(rows,
				attack{name: "RS" + bits + " by " + whose, want: algorithm,
					token: signedAs("RS"+bits, func(f *attacker) signer { return pkcs1(key(f), hash) })},
				attack{name: "RS256 in name, RS" + bits + " in truth by " + whose, want: badSignature,
					token: signedAs("RS256", func(f *attacker) signer { return pkcs1(key(f), hash) })})
		}
		rows = append(rows,
			attack{name: "RS256 in name, PS256 in truth by " + whose, want: badSignature,
				token: signedAs("RS256", func(f *attacker) signer { return pss(key(f), crypto.SHA256) })},
			attack{name: "RS256 in name, SHA-1 in truth by " + whose, want: badSignature,
				token: signedAs("RS256", func(f *attacker) signer { return pkcs1(key(f), crypto.SHA1) })},
			attack{name: "RS256 without the name of the hash by " + whose, want: badSignature,
				token: signedAs("RS256", func(f *attacker) signer { return pkcs1Nameless(key(f)) })})
	}
	for alg, hash := range map[string]crypto.Hash{"ES256": crypto.SHA256, "ES384": crypto.SHA384, "ES512": crypto.SHA512} {
		rows = append(rows,
			attack{name: alg + " by a key of her own", want: algorithm,
				token: signedAs(alg, func(*attacker) signer { return ecdsaWith(ownEC()[alg], hash) })},
			attack{name: "RS256 in name, " + alg + " in truth", want: badSignature,
				token: signedAs("RS256", func(*attacker) signer { return ecdsaWith(ownEC()[alg], hash) })})
	}
	ed := func(*attacker) signer { return eddsa }
	return append(rows,
		attack{name: "ES256 with r = s = 0, which some libraries took (CVE-2022-21449)", want: algorithm,
			token: signedAs("ES256", func(*attacker) signer { return fixedSignature(make([]byte, 64)) })},
		attack{name: "ES256 without a signature", want: algorithm, token: signedAs("ES256", noSignature)},
		attack{name: "ES256 with a signature in DER", want: algorithm,
			token: signedAs("ES256", func(*attacker) signer { return ecdsaDER(ownEC()["ES256"]) })},
		attack{name: "ES256K", want: algorithm, token: signedAs("ES256K", func(*attacker) signer { return ecdsaWith(ownEC()["ES256"], crypto.SHA256) })},
		attack{name: "EdDSA by a key of her own", want: algorithm, token: signedAs("EdDSA", ed)},
		attack{name: "Ed25519 by a key of her own", want: algorithm, token: signedAs("Ed25519", ed)},
		attack{name: "RS256 in name, EdDSA in truth", want: badSignature, token: signedAs("RS256", ed)},
		attack{name: "an encryption algorithm as alg", want: algorithm, token: signedAs("RSA-OAEP-256", serverKey)},
		attack{name: "direct encryption as alg", want: algorithm, token: signedAs("dir", serverKey)},
	)
}

func keyAttacks() []attack {
	own := encoded(digest(crypto.SHA256, ownJWK().String()))[:16] // as the server names keys, or nearly so
	herself := func(header func(f *attacker) members) func(*attacker) string {
		return func(f *attacker) string { return compose(header(f).String(), f.claims().String(), attackerKey(f)) }
	}
	return []attack{
		{name: "RS256 by her own key under the kid of the server", want: badSignature, token: signedAs("RS256", attackerKey)},
		{name: "RS256 by her own key as the manager", want: badSignature, token: func(f *attacker) string {
			return compose(f.header().String(), f.claims().with("sub", "5").with("role", "manager").String(), attackerKey(f))
		}},
		{name: "RS256 by her own key under a kid of its own", want: keyless, token: herself(func(f *attacker) members { return f.header().with("kid", own) })},
		{name: "RS256 by her own key without kid", want: keyless, token: herself(func(f *attacker) members { return f.header().without("kid") })},
		{name: "RS256 by her own key under an empty kid", want: keyless, token: herself(func(f *attacker) members { return f.header().with("kid", "") })},
		{name: "her own key in the header (jwk), which some libraries trusted (CVE-2018-0114)", want: malformed,
			token: herself(func(f *attacker) members { return f.header().with("jwk", ownJWK()).with("kid", own) })},
		{name: "her own key in the header (jwk) without kid", want: keyless,
			token: herself(func(f *attacker) members { return f.header().with("jwk", ownJWK()).without("kid") })},
		{name: "her own key in the header (jwk) under the kid of the server", want: malformed,
			token: herself(func(f *attacker) members { return f.header().with("jwk", ownJWK().with("kid", f.kid)) })},
		{name: "forged by her own key, and expired, too", want: badSignature, token: func(f *attacker) string {
			return compose(f.header().String(), f.claims().with("iat", -15*time.Minute).with("exp", -time.Minute).String(), attackerKey(f))
		}},
		{name: "forged by her own key, and for another audience, too", want: badSignature, token: func(f *attacker) string {
			return compose(f.header().String(), f.claims().with("aud", "hotel").String(), attackerKey(f))
		}},
		{name: "another server that uses the same key", want: badClaims, token: func(f *attacker) string {
			return must(tokens.NewAuthority(f.srv.Authority.Keys(), "http://localhost:9999", time.Minute).Issue(f.alice, tokens.NewID(), time.Now().Add(time.Minute)))
		}},
		{name: "another server with a key of its own", want: keyless, token: func(f *attacker) string {
			return must(f.sameURLIssuer.Issue(f.alice, tokens.NewID(), time.Now().Add(time.Minute)))
		}},
		{name: "another server that uses the same kid", want: badSignature, token: func(f *attacker) string {
			token := must(f.sameURLIssuer.Issue(f.alice, tokens.NewID(), time.Now().Add(time.Minute)))
			return encodeJSON(f.header().String()) + token[strings.Index(token, "."):]
		}},
	}
}

func kidAttacks() (rows []attack) {
	kids := map[string]func(f *attacker) any{
		"that nobody knows":               func(*attacker) any { return "AAAAAAAAAAAAAAAA" },
		"that is empty":                   func(*attacker) any { return "" },
		"that is null":                    func(*attacker) any { return nil },
		"that is a number":                func(*attacker) any { return 0 },
		"that is true":                    func(*attacker) any { return true },
		"that is an object":               func(*attacker) any { return members{} },
		"that is a list of the right one": func(f *attacker) any { return []string{f.kid} },
		"that is an empty list":           func(*attacker) any { return []string{} },
		"in another case":                 func(f *attacker) any { return swapped(f.kid) },
		"cut off":                         func(f *attacker) any { return f.kid[:15] },
		"and a character more":            func(f *attacker) any { return f.kid + "A" },
		"and a space":                     func(f *attacker) any { return f.kid + " " },
		"and a zero byte":                 func(f *attacker) any { return f.kid + "\x00" },
		"and a line break":                func(f *attacker) any { return f.kid + "\n" },
		"and the end of its file":         func(f *attacker) any { return f.kid + ".pem" },
		"in its folder":                   func(f *attacker) any { return "keys/" + f.kid },
		"behind a path that climbs":       func(f *attacker) any { return "../keys/" + f.kid },
		"that leads to the key file":      func(f *attacker) any { return f.srv.dir + "/keys/" + f.kid + ".pem" },
		"that leads to nothing":           func(*attacker) any { return "../../../../../../dev/null" },
		"that leads to a Windows device":  func(*attacker) any { return `..\..\..\NUL` },
		"that asks a database":            func(*attacker) any { return "x' UNION VALUES ('secret') --" },
		"that drops a table":              func(*attacker) any { return "'; DROP TABLE signing_keys; --" },
		"that matches everything":         func(*attacker) any { return "%" },
		"that runs a command":             func(*attacker) any { return "$(cat /etc/passwd)|id" },
		"that is an address":              func(*attacker) any { return "http://localhost:1/jwks.json" },
		"that is a template":              func(*attacker) any { return "{{.}}${jndi:ldap://localhost:1/}" },
		"that is a format":                func(*attacker) any { return "%s%n%x" },
		"that is a prototype":             func(*attacker) any { return "__proto__" },
		"of 4,000 characters":             func(*attacker) any { return strings.Repeat("A", 4000) },
	}
	for what, kid := range kids {
		head := func(f *attacker) string { return f.header().with("kid", kid(f)).String() }
		rows = append(rows,
			attack{name: "a kid " + what + ", signed by the server", want: keyless, token: withHeader(head)},
			attack{name: "a kid " + what + ", signed by herself", want: keyless, token: func(f *attacker) string {
				return compose(head(f), f.claims().String(), attackerKey(f))
			}})
	}
	return append(rows,
		attack{name: "a kid of 10,000 characters", want: tooLarge, token: withHeader(func(f *attacker) string { return f.header().with("kid", strings.Repeat("A", 10_000)).String() })},
		attack{name: "a kid with bytes that are no text", want: malformed, token: withHeader(func(f *attacker) string {
			return strings.Replace(f.header().String(), f.kid, f.kid+"\xff", 1)
		})},
		attack{name: "no kid, signed by the server", want: keyless, token: withHeader(func(f *attacker) string { return f.header().without("kid").String() })},
	)
}

// swapped makes capitals of small letters and the reverse.
func swapped(s string) string {
	return strings.Map(func(r rune) rune {
		if up := unicode.ToUpper(r); up != r {
			return up
		}
		return unicode.ToLower(r)
	}, s)
}

// A header says alg, typ and kid. Whatever else it says is an invitation to do
// something for the forger: fetch a key, skip a check, unpack a bomb.
func headerAttacks() (rows []attack) {
	for name, value := range map[string]any{
		"jku": "https://localhost:1/jwks.json", "x5u": "file:///etc/passwd", "x5c": []string{"MIIB"}, "x5t": "AAAA", "x5t#S256": "AAAA",
		"jwk": ownJWK(), "crit": []string{"exp"}, "b64": false, "zip": "DEF", "cty": "JWT", "enc": "A128GCM", "epk": members{},
		"p2c": 1 << 30, "nonce": "1", "url": "http://localhost:1", "iss": testURL, "exp": 1, "role": "manager",
		"ALG": "none", "Alg": "RS256", "KID": "x", "Typ": "at+jwt", "": "", "x": nil,
	} {
		what := fmt.Sprintf("a header with %q", name)
		head := func(f *attacker) string { return f.header().with(name, value).String() }
		rows = append(rows,
			attack{name: what + ", signed by the server", want: malformed, token: withHeader(head)},
			attack{name: what + ", signed by herself", want: malformed, token: func(f *attacker) string {
				return compose(head(f), f.claims().String(), attackerKey(f))
			}})
	}
	for what, crit := range map[string]any{
		"nothing": []string{}, "b64": []string{"b64"}, "alg": []string{"alg"}, "an unknown name": []string{"http://example.com/x"},
		"a text": "exp", "null": nil,
	} {
		rows = append(rows, attack{name: "crit is " + what + ", signed by the server", want: malformed,
			token: withHeader(func(f *attacker) string { return f.header().with("crit", crit).String() })})
	}
	for typ, want := range map[any]string{
		"JWT": badClaims, "jwt": badClaims, "at+JWT": badClaims, "AT+JWT": badClaims, "At+Jwt": badClaims, "application/at+jwt": badClaims,
		"at+jwt ": badClaims, " at+jwt": badClaims, "at jwt": badClaims, "at+jwt\x00": badClaims, "refresh+jwt": badClaims, "logout+jwt": badClaims,
		"dpop+jwt": badClaims, "id_token": badClaims, "": badClaims, nil: badClaims, 1: malformed, true: malformed,
	} {
		rows = append(rows, attack{name: "typ is " + jsonOf(typ), want: want,
			token: withHeader(func(f *attacker) string { return f.header().with("typ", typ).String() })})
	}
	return append(rows,
		attack{name: "typ is a list", want: malformed, token: withHeader(func(f *attacker) string { return f.header().with("typ", []string{"at+jwt"}).String() })},
		attack{name: "no typ", want: badClaims, token: withHeader(func(f *attacker) string { return f.header().without("typ").String() })},
		attack{name: "an unencoded payload (b64)", want: malformed, token: func(f *attacker) string {
			head := encodeJSON(f.header().with("b64", false).with("crit", []string{"b64"}).String())
			return head + "." + f.claims().String() + "." + encoded(serverKey(f)(head+"."+f.claims().String()))
		}},
	)
}

func signatureAttacks() (rows []attack) {
	row := func(name, want string, token func(f *attacker) string) {
		rows = append(rows, attack{name: name, want: want, token: token})
	}
	of := func(name string, signature func(f *attacker) []byte) {
		row("the signature is "+name, badSignature, func(f *attacker) string { return unsigned(f.good) + encoded(signature(f)) })
	}
	of("empty", func(*attacker) []byte { return nil })
	of("one byte", func(*attacker) []byte { return []byte{1} })
	of("64 zeros", func(*attacker) []byte { return make([]byte, 64) })
	of("256 zeros", func(*attacker) []byte { return make([]byte, 256) })
	of("1", func(*attacker) []byte { return big.NewInt(1).FillBytes(make([]byte, 256)) })
	of("256 times 0xff", func(*attacker) []byte { return slices.Repeat([]byte{0xff}, 256) })
	of("the modulus", func(f *attacker) []byte { return f.stolen.N.Bytes() })
	of("the modulus less 1", func(f *attacker) []byte { return new(big.Int).Sub(f.stolen.N, big.NewInt(1)).Bytes() })
	of("the padded text itself", func(f *attacker) []byte { // what "decrypting" a signature should give
		return slices.Concat([]byte{0, 1}, slices.Repeat([]byte{0xff}, 202), []byte{0},
			must(hex.DecodeString("3031300d060960864801650304020105000420")), digest(crypto.SHA256, strings.TrimSuffix(unsigned(f.good), ".")))
	})
	of("that of another genuine token", func(f *attacker) []byte { return decoded(f.other, 2) })
	of("that of the header alone", func(f *attacker) []byte { return serverKey(f)(strings.Split(f.good, ".")[0]) })
	of("that of the claims alone", func(f *attacker) []byte { return serverKey(f)(strings.Split(f.good, ".")[1]) })
	of("that of the decoded text", func(f *attacker) []byte {
		return serverKey(f)(string(decoded(f.good, 0)) + "." + string(decoded(f.good, 1)))
	})
	of("that of the text with both dots", func(f *attacker) []byte { return serverKey(f)(unsigned(f.good)) })
	of("that of nothing", func(f *attacker) []byte { return serverKey(f)("") })
	changed := func(name string, change func([]byte) []byte) {
		row("the signature "+name, badSignature, func(f *attacker) string { return f.resigned(change) })
	}
	changed("without its last byte", func(s []byte) []byte { return s[:255] })
	changed("without its first byte", func(s []byte) []byte { return s[1:] })
	changed("and a zero behind it", func(s []byte) []byte { return append(s, 0) })
	changed("and a zero in front of it", func(s []byte) []byte { return append([]byte{0}, s...) })
	changed("twice", func(s []byte) []byte { return append(s, s...) })
	changed("backwards", func(s []byte) []byte { slices.Reverse(s); return s })
	for _, at := range []int{0, 1, 2, 3, 7, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 191, 200, 240, 254, 255} {
		bit := byte(1) << (at % 8)
		changed(fmt.Sprintf("with bit %d of byte %d flipped", at%8, at), func(s []byte) []byte { s[at] ^= bit; return s })
	}
	for _, bits := range []int{1, 2, 4, 8, 15} {
		row(fmt.Sprintf("the spare bits %04b of the signature changed", bits), badSignature, func(f *attacker) string { return withLastBits(f.good, bits) })
		row(fmt.Sprintf("the spare bits %04b of the header changed", bits), malformed, func(f *attacker) string {
			head, rest, _ := strings.Cut(f.mint(padded(f.header().String()), f.claims().String()), ".")
			return withLastBits(head, bits) + "." + rest
		})
		row(fmt.Sprintf("the spare bits %04b of the claims changed", bits), malformed, func(f *attacker) string {
			parts := strings.Split(f.mint(f.header().String(), padded(f.claims().String())), ".")
			return parts[0] + "." + withLastBits(parts[1], bits) + "." + parts[2]
		})
	}
	return rows
}

// Her own genuine token, edited: the signature is the one she was given.
func editAttacks() (rows []attack) {
	for name, value := range map[string]any{
		"role": "manager", "vip": true, "sub": "5", "age_over_18": false, "name": "Marco", "sid": "somebody-elses--", "jti": "AAAAAAAAAAAAAAAA",
		"iss": "http://localhost:9999", "aud": "hotel", "iat": 1, "nbf": 1, "scope": "everything", "exp": int64(4102444800),
	} {
		rows = append(rows, attack{name: "her own token with " + name + " changed to " + jsonOf(value), want: badSignature, token: func(f *attacker) string {
			return f.edit("", f.originalClaims().with(name, value).String())
		}})
	}
	for _, name := range []string{"exp", "role", "sid", "sub", "aud"} {
		rows = append(rows, attack{name: "her own token without " + name, want: badSignature, token: func(f *attacker) string {
			return f.edit("", f.originalClaims().without(name).String())
		}})
	}
	return append(rows,
		attack{name: "her own token for a second longer", want: badSignature, token: func(f *attacker) string {
			return f.edit("", f.originalClaims().with("exp", f.originalClaims()["exp"].(float64)+1).String())
		}},
		attack{name: "her own token and another role behind the claims", want: badSignature, token: func(f *attacker) string {
			return f.edit("", f.originalClaims().last(`"role":"manager"`))
		}},
		attack{name: "her own token with a space behind the claims", want: badSignature, token: func(f *attacker) string {
			return f.edit("", string(decoded(f.good, 1))+" ")
		}},
		attack{name: "her own token with its claims in another order", want: badSignature, token: func(f *attacker) string {
			return f.edit("", f.originalClaims().String())
		}},
		attack{name: "her own token with no claims", want: badSignature, token: func(f *attacker) string { return f.edit("", "{}") }},
		attack{name: "her own token with a space behind the header", want: badSignature, token: func(f *attacker) string {
			return f.edit(string(decoded(f.good, 0))+" ", "")
		}},
		attack{name: "her own token with its header in another order", want: badSignature, token: func(f *attacker) string { return f.edit(f.header().String(), "") }},
		attack{name: "her own token with another typ", want: badSignature, token: func(f *attacker) string { return f.edit(f.header().with("typ", "JWT").String(), "") }},
		attack{name: "her own token with alg none", want: algorithm, token: func(f *attacker) string { return f.edit(f.header().with("alg", "none").String(), "") }},
		attack{name: "her own token with alg HS256", want: algorithm, token: func(f *attacker) string { return f.edit(f.header().with("alg", "HS256").String(), "") }},
		attack{name: "her own token with another kid", want: keyless, token: func(f *attacker) string { return f.edit(f.header().with("kid", "x").String(), "") }},
		attack{name: "her own token with jku", want: malformed, token: func(f *attacker) string { return f.edit(f.header().with("jku", "http://localhost:1").String(), "") }},
		attack{name: "the manager's claims over her own signature", want: badSignature, token: func(f *attacker) string { return f.edit("", string(decoded(f.other, 1))) }},
		attack{name: "her own claims in the manager's token", want: badSignature, token: func(f *attacker) string {
			parts := strings.Split(f.other, ".")
			return parts[0] + "." + strings.Split(f.good, ".")[1] + "." + parts[2]
		}},
	)
}

// What is not three base64url parts with JSON in two of them.
func formAttacks() (rows []attack) {
	row := func(name, want string, token func(f *attacker) string) {
		rows = append(rows, attack{name: name, want: want, token: token})
	}
	part := func(f *attacker, i int) string { return strings.Split(f.good, ".")[i] }
	for name, text := range map[string]string{
		"one dot": ".", "two dots": "..", "a hundred dots": strings.Repeat(".", 100), "her password": "alice-likes-pizza", "null": "null", "a number": "1",
		"undefined": "undefined", "three letters and two dots": "a.b.c", "an empty JSON": "{}", "SQL": "'OR'1'='1", "a path": "../../etc/passwd",
		"five parts, as if encrypted": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.AA.AA.AA.AA", "five parts without a key": "eyJhbGciOiJkaXIifQ..AA.AA.AA",
		"an API key": "sk_live_0123456789abcdef", "a UUID": "123e4567-e89b-12d3-a456-426614174000", "PASETO": "v4.public.AAAA.AA",
		"no header": ".e30.AA", "no claims": "e30..AA", "nothing but a signature": "..AA",
	} {
		row(name+" as the token", malformed, func(*attacker) string { return text })
	}
	row("the header alone", malformed, func(f *attacker) string { return part(f, 0) })
	row("the claims alone", malformed, func(f *attacker) string { return part(f, 1) })
	row("no signature and no second dot", malformed, func(f *attacker) string { return strings.TrimSuffix(unsigned(f.good), ".") })
	row("no first dot", malformed, func(f *attacker) string { return strings.Replace(f.good, ".", "", 1) })
	row("a fourth part", malformed, func(f *attacker) string { return f.good + ".AAAA" })
	row("an empty fourth part", malformed, func(f *attacker) string { return f.good + "." })
	row("an empty part in front", malformed, func(f *attacker) string { return "." + f.good })
	row("two tokens joined by a dot", malformed, func(f *attacker) string { return f.good + "." + f.good })
	row("two tokens joined by a comma", malformed, func(f *attacker) string { return f.good + "," + f.good })
	row("two tokens joined by a space", malformed, func(f *attacker) string { return f.good + " " + f.good })
	row("the flattened JSON serialisation", malformed, func(f *attacker) string {
		return members{"protected": part(f, 0), "payload": part(f, 1), "signature": part(f, 2)}.String()
	})
	row("the general JSON serialisation", malformed, func(f *attacker) string {
		return members{"payload": part(f, 1), "signatures": []members{{"protected": part(f, 0), "signature": part(f, 2)}}}.String()
	})
	row("the JSON serialisation in base64url", malformed, func(f *attacker) string {
		return encodeJSON(members{"protected": part(f, 0), "payload": part(f, 1), "signature": part(f, 2)}.String())
	})
	row("the whole token in base64url", malformed, func(f *attacker) string { return encodeJSON(f.good) })
	row("a genuine token nested in a token", malformed, func(f *attacker) string { return f.mint(f.header().with("cty", "JWT").String(), f.good) })
	row("a genuine token nested in a token as a JSON text", malformed, func(f *attacker) string { return f.mint(f.header().String(), `"`+f.good+`"`) })
	row("the token in capitals", malformed, func(f *attacker) string { return strings.ToUpper(f.good) })
	row("the token backwards", malformed, func(f *attacker) string { b := []byte(f.good); slices.Reverse(b); return string(b) })
	row("the refresh token", malformed, func(f *attacker) string { return f.refreshToken })
	row("the refresh token in three parts", malformed, func(f *attacker) string { return f.refreshToken + "." + f.refreshToken + "." + f.refreshToken })

	for i, name := range []string{"header", "claims", "signature"} {
		for _, pad := range []string{"=", "==", "%3D"} {
			row("the "+name+" padded with "+pad, malformed, func(f *attacker) string {
				parts := strings.Split(f.good, ".")
				parts[i] += pad
				return strings.Join(parts, ".")
			})
		}
		for what, sign := range map[string]string{
			"a space": " ", "a line break": "\n", "a carriage return and a line break": "\r\n", "a tab": "\t", "a zero byte": "\x00", "a plus": "+",
			"a slash": "/", "a percent sign": "%", "a byte that is no text": "\xff", "a letter of another alphabet": "а",
			"a space of no width": "\u200b", "a quotation mark": `"`, "a comma": ",",
		} {
			row(what+" inside the "+name, malformed, func(f *attacker) string {
				parts := strings.Split(f.good, ".")
				parts[i] = parts[i][:20] + sign + parts[i][20:]
				return strings.Join(parts, ".")
			})
		}
	}
	for what, around := range map[string][2]string{
		"quotation marks": {`"`, `"`}, "single quotes": {"'", "'"}, "angle brackets": {"<", ">"}, "a zero byte in front": {"\x00", ""},
		"a zero byte behind": {"", "\x00"}, "the name of a field": {"access_token=", ""}, "a semicolon behind": {"", ";"},
		"a comma and a realm behind": {"", `, realm="x"`}, "a byte order mark in front": {"\ufeff", ""}, "a space of no width behind": {"", "\u200b"},
		"a fragment behind": {"", "#x"}, "a query behind": {"", "?x=1"}, "a tilde behind, as SD-JWT has it": {"", "~"},
	} {
		row("the token and "+what, malformed, func(f *attacker) string { return around[0] + f.good + around[1] })
	}
	row("the alphabet of plain base64", malformed, func(f *attacker) string {
		plain := f.good
		for !strings.ContainsAny(plain, "-_") { // one signature in fifty thousand has neither
			plain = f.mint(f.header().String(), f.claims().with("jti", tokens.NewID()).String())
		}
		return strings.NewReplacer("-", "+", "_", "/").Replace(plain)
	})

	for name, head := range map[string]string{
		"no JSON": "hello", "a list": "[]", "a text": `"RS256"`, "a number": "1", "cut off": `{"alg":"RS256"`, "two objects": `{"alg":"RS256"}{}`,
		"a comment": `{"alg":"RS256"/**/}`, "single quotes": `{'alg':'RS256'}`, "a byte order mark": "\ufeff{\"alg\":\"RS256\"}",
		"UTF-16": "{\x00\"\x00a\x00", "XML": "<alg>none</alg>", "one space": " ",
	} {
		row("a header of "+name, malformed, func(f *attacker) string { return f.mint(head, f.claims().String()) })
	}
	row("a header of null", algorithm, func(f *attacker) string { return f.mint("null", f.claims().String()) })
	row("a header of {}", algorithm, func(f *attacker) string { return f.mint("{}", f.claims().String()) })
	for name, claims := range map[string]string{
		"no JSON": "hello", "a list": "[]", "a text": `"manager"`, "a number": "1", "true": "true", "half an object": `{"sub":"1"`, "a byte order mark": "\ufeff{}", "one space": " ",
	} {
		row("claims of "+name, malformed, func(f *attacker) string { return f.mint(f.header().String(), claims) })
	}
	for name, claims := range map[string]func(f *attacker) string{
		"null":                         func(*attacker) string { return "null" },
		"{}":                           func(*attacker) string { return "{}" },
		"two objects":                  func(f *attacker) string { return f.claims().String() + `{"role":"manager"}` },
		"an object and a bracket more": func(f *attacker) string { return f.claims().String() + "}" },
		"an object in a list behind":   func(f *attacker) string { return f.claims().String() + "[]" },
		"bytes that are no text":       func(f *attacker) string { return strings.Replace(f.claims().String(), "Alice", "Al\xffice", 1) },
		"half a surrogate":             func(f *attacker) string { return strings.Replace(f.claims().String(), "Alice", `\ud800`, 1) },
		"objects 800 deep":             func(*attacker) string { return strings.Repeat(`{"a":`, 800) + "1" + strings.Repeat("}", 800) },
	} {
		row("claims of "+name, badClaims, func(f *attacker) string { return f.mint(f.header().String(), claims(f)) })
	}
	row("a megabyte of letters", tooLarge, func(*attacker) string { return strings.Repeat("A", 1<<20) })
	row("a megabyte of dots", tooLarge, func(*attacker) string { return strings.Repeat(".", 1<<20) })
	row("a megabyte of claims, signed by the server", tooLarge, func(f *attacker) string {
		return f.mint(f.header().String(), f.claims().with("x", strings.Repeat("A", 1<<20)).String())
	})
	row("a megabyte of signature", tooLarge, func(f *attacker) string { return unsigned(f.good) + strings.Repeat("A", 1<<20) })
	return rows
}

// Two readers must never understand one token differently.
func duplicateAttacks() (rows []attack) {
	header := func(name, want string, change func(f *attacker) string) {
		rows = append(rows, attack{name: "a header with " + name, want: want, token: withHeader(change)})
	}
	header("alg none first and RS256 last", malformed, func(f *attacker) string { return f.header().first(`"alg":"none"`) })
	header("RS256 first and alg none last", algorithm, func(f *attacker) string { return f.header().last(`"alg":"none"`) })
	header("RS256 twice", malformed, func(f *attacker) string { return f.header().last(`"alg":"RS256"`) })
	header("alg none last, spelled with an escape", algorithm, func(f *attacker) string { return f.header().last(`"\u0061lg":"none"`) })
	header("alg none first, spelled with an escape", malformed, func(f *attacker) string { return f.header().first(`"\u0061lg":"none"`) })
	header("another kid first", malformed, func(f *attacker) string { return f.header().first(`"kid":"x"`) })
	header("another kid last", malformed, func(f *attacker) string { return f.header().last(`"kid":"x"`) })
	header("a kid that is a number first", malformed, func(f *attacker) string { return f.header().first(`"kid":1`) })
	header("a kid that is a number last", keyless, func(f *attacker) string { return f.header().last(`"kid":1`) })
	header("the same kid twice", malformed, func(f *attacker) string { return f.header().last(`"kid":"` + f.kid + `"`) })
	header("another typ first", malformed, func(f *attacker) string { return f.header().first(`"typ":"JWT"`) })
	header("another typ last", malformed, func(f *attacker) string { return f.header().last(`"typ":"JWT"`) })

	claims := func(name string, change func(f *attacker) string) {
		rows = append(rows, attack{name: "claims with " + name, want: badClaims, token: withClaims(change)})
	}
	for name, other := range map[string]string{
		"role": `"manager"`, "sub": `"5"`, "vip": "true", "age_over_18": "true", "sid": `"somebody-elses--"`, "iss": `"http://localhost:9999"`,
		"aud": `"hotel"`, "exp": "4102444800", "jti": `"x"`, "name": `"Marco"`,
	} {
		member := `"` + name + `":` + other
		claims("another "+name+" first", func(f *attacker) string { return f.claims().first(member) })
		claims("another "+name+" last", func(f *attacker) string { return f.claims().last(member) })
	}
	claims("exp twice alike", func(f *attacker) string { return f.claims().last(fmt.Sprintf(`"exp":%d`, f.claims()["exp"])) })
	claims("a second role spelled with an escape", func(f *attacker) string { return f.claims().last(`"\u0072ole":"manager"`) })
	claims("something unknown twice", func(f *attacker) string { return f.claims().last(`"x":1,"x":2`) })
	claims("something twice inside of something unknown", func(f *attacker) string { return f.claims().last(`"x":{"role":1,"role":2}`) })
	return rows
}

// Genuinely signed, but with a claim that the server never issues.
func claimAttacks() (rows []attack) {
	wrong := map[string]any{
		"a number": 7, "a text": "x", "true": true, "a list": []any{}, "a list of itself": nil, "an object": members{}, "an empty text": "", "zero": 0,
	}
	own := map[string]string{ // what is no wrong type there
		"vip": "true", "age_over_18": "true", "exp": "a number", "name": "a text", "sid": "a text", "jti": "a text",
	}
	for _, claim := range []string{"iss", "aud", "sub", "name", "role", "vip", "age_over_18", "sid", "jti", "iat", "exp"} {
		rows = append(rows,
			attack{name: "no " + claim, want: badClaims, token: withClaims(func(f *attacker) string { return f.claims().without(claim).String() })},
			attack{name: claim + " is null", want: badClaims, token: withClaim(claim, nil)},
			attack{name: "only " + claim + " in another case", want: badClaims, token: withClaims(func(f *attacker) string {
				return f.claims().without(claim).with(strings.ToUpper(claim), f.claims()[claim]).String()
			})})
		for what, value := range wrong {
			if own[claim] == what {
				continue
			}
			a := attack{name: claim + " is " + what, want: badClaims, token: withClaims(func(f *attacker) string {
				if what == "a list of itself" {
					return f.claims().with(claim, []any{f.claims()[claim]}).String()
				}
				return f.claims().with(claim, value).String()
			})}
			rows = append(rows, a)
		}
	}
	for what, value := range wrong {
		if value == nil || what == "zero" || what == "a number" {
			continue // nbf may be past, or null, or missing
		}
		rows = append(rows, attack{name: "nbf is " + what, want: badClaims, token: withClaim("nbf", value)})
	}
	return rows
}

// Whose token is it, and for whom?
func identityAttacks() (rows []attack) {
	for claim, values := range map[string][]any{
		"iss": {
			testURL + "/", testURL + " ", " " + testURL, strings.ToUpper(testURL), "HTTP://localhost:8080", "https://localhost:8080", "http://127.0.0.1:8080",
			"http://localhost", "http://localhost:80", "http://localhost:8081", "http://localhost:8080/api", "http://evil@localhost:8080",
			"http://localhost:8080@evil.example", "http://localhost:8080.evil.example", "localhost:8080", "//localhost:8080", testURL + "\x00", testURL + "?", testURL + "#",
			"http://lоcalhost:8080", []string{testURL}, []string{testURL, "http://evil.example"}, "*",
		},
		"aud": {
			"Restaurant", "RESTAURANT", "restaurant ", " restaurant", "restaurant/", "restaurants", "restauran", "hotel", "*", testURL, "restaurant hotel",
			"restaurant,hotel", "restaurant\x00", []string{"restaurant"}, []string{"restaurant", "hotel"}, []string{"hotel", "restaurant"}, members{"restaurant": true},
		},
		"sub": {
			"0", "-1", "-0", "+1", "01", " 1", "1 ", "1.0", "1e0", "0x1", "1_0", "१", "１", "alice", "1,5", "1 OR 1=1", "1;5", "1\x00", "1\n", "9223372036854775808",
			"99999999999999999999999999", "NaN", "null", "*", "../5", members{"id": 1}, 1.0,
		},
		"role": {
			"king", "admin", "root", "Manager", "MANAGER", "manager ", " manager", "manager\x00", "guest manager", "guest,manager", []string{"guest", "manager"},
			"Guest", "mаnager", "*", "staff", 5,
		},
		"vip":         {"yes", "TRUE", "on", 1, []bool{true}, members{"vip": true}},
		"age_over_18": {"yes", "TRUE", "18", 18, []bool{true}},
	} {
		for i, value := range values {
			name := fmt.Sprintf("%s is %s", claim, jsonOf(value))
			if slices.ContainsFunc(rows, func(a attack) bool { return a.name == name }) {
				name += fmt.Sprintf(" (%d)", i)
			}
			rows = append(rows, attack{name: name + ", signed by the server", want: badClaims, token: withClaim(claim, value)})
		}
	}
	return rows
}

// Times that the server never issues.
func timeAttacks() (rows []attack) {
	times := func(name, want string, iat, exp any) *attack {
		rows = append(rows, attack{name: name, want: want, token: withClaims(func(f *attacker) string {
			return f.claims().with("iat", iat).with("exp", exp).String()
		})})
		return &rows[len(rows)-1]
	}
	const minute, second, hour, year = time.Minute, time.Second, time.Hour, 366 * 24 * time.Hour
	times("it expired a second ago", expired, -15*minute, -second)
	times("it expired an hour ago", expired, -75*minute, -hour)
	times("it expired last year", expired, -year, -year+15*minute)
	times("it expired in 1970", expired, 1, 2)
	times("it lives for 31 minutes", badClaims, 0*second, 31*minute)
	times("it lives for 30 minutes and a second", badClaims, -minute, 29*minute+second)
	times("it lives for a day", badClaims, 0*second, 24*hour)
	times("it lives for ten years", badClaims, 0*second, 10*year)
	times("it has lived for a day and has a minute left", badClaims, -24*hour, minute)
	times("it lives for ever", badClaims, 1, int64(1)<<62)
	times("it was issued in an hour", badClaims, hour, 75*minute)
	times("it was issued tomorrow", badClaims, 24*hour, 24*hour+15*minute)
	times("it was issued in half a minute", badClaims, 30*second, 15*minute)
	times("it was issued when it expires", badClaims, 4*second, 4*second)
	times("it expires before it was issued", badClaims, 4*second, 3*second)
	times("iat is negative", badClaims, -1, minute)
	times("iat is the smallest number, so that the life overflows", badClaims, literal("-9223372036854775808"), 15*minute)
	times("iat is in milliseconds", badClaims, fromNow(0)*1000, 15*minute)
	times("exp is in milliseconds", badClaims, 0*second, fromNow(hour)*1000)
	times("exp is in nanoseconds", badClaims, 0*second, fromNow(hour)*1e9)
	times("exp is the largest number", badClaims, 0*second, literal("9223372036854775807"))
	times("exp is larger than any number", badClaims, 0*second, literal("9223372036854775808"))
	times("exp is 1e30", badClaims, 0*second, literal("1e30"))
	times("exp is -1", badClaims, 0*second, -1)
	times("exp and iat are negative", badClaims, -100, -1)
	times("exp is -1e30", badClaims, 0*second, literal("-1e30"))
	times("exp is larger than any float", malformed, 0*second, literal("1e999"))

	for _, claim := range []string{"iat", "exp", "nbf"} {
		at := fromNow(10 * minute)
		if claim == "iat" {
			at = fromNow(-minute)
		}
		for what, value := range map[string]any{
			"a float":                    literal(fmt.Sprintf("%d.5", at)),
			"a float without a fraction": literal(fmt.Sprintf("%d.0", at)),
			"a number with an exponent":  literal(fmt.Sprintf("%de0", at)),
			"a number in digits":         strconv.FormatInt(at, 10),
			"a date":                     time.Unix(at, 0).UTC().Format(time.RFC3339),
			"NaN in a text":              "NaN",
			"Infinity in a text":         "Infinity",
			"the word never":             "never",
			"a list of numbers":          []int64{at},
			"an object with a number":    members{"$date": at},
		} {
			rows = append(rows, attack{name: claim + " is " + what, want: badClaims, token: withClaim(claim, value)})
		}
		for what, text := range map[string]string{
			"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "undefined": "undefined", "a hexadecimal number": "0x7fffffff",
			"a number with a leading zero": fmt.Sprintf("0%d", at), "a number with a plus": fmt.Sprintf("+%d", at), "nothing at all": "",
		} {
			rows = append(rows, attack{name: claim + " is the literal " + what, want: malformed, token: withClaims(func(f *attacker) string {
				return f.claims().without(claim).last(`"` + claim + `":` + text)
			})})
		}
	}
	for what, nbf := range map[string]any{
		"in an hour": hour, "tomorrow": 24 * hour, "in half a minute": 30 * second, "in milliseconds": fromNow(0) * 1000,
		"the largest number": literal("9223372036854775807"), "larger than any number": literal("9223372036854775808"), "1e30": literal("1e30"),
	} {
		rows = append(rows, attack{name: "nbf is " + what, want: badClaims, token: withClaim("nbf", nbf)})
	}
	return append(rows,
		attack{name: "it has expired, and is for another audience", want: badClaims, token: withClaims(func(f *attacker) string {
			return f.claims().with("aud", "hotel").with("iat", -15*minute).with("exp", -minute).String()
		})},
		attack{name: "it has expired, and is of another type", want: badClaims, token: func(f *attacker) string {
			return f.mint(f.header().with("typ", "JWT").String(), f.claims().with("iat", -15*minute).with("exp", -minute).String())
		}},
	)
}

// A good token, shown in a way in which no token counts, or beside another.
func otherWays() (rows []attack) {
	row := func(name, want string, show func(f *attacker) []option) {
		rows = append(rows, attack{name: name, want: want, options: show})
	}
	for _, name := range []string{"access_token", "token", "jwt", "id_token", "auth", "Authorization", "bearer"} {
		row("in the query as "+name, noToken, func(f *attacker) []option {
			return []option{func(r *http.Request) { r.URL.RawQuery = name + "=" + f.good }}
		})
		row("in a form as "+name, noToken, func(f *attacker) []option {
			return []option{inBody("application/x-www-form-urlencoded", url.Values{name: {f.good}}.Encode())}
		})
		row("in a JSON body as "+name, noToken, func(f *attacker) []option {
			return []option{inBody("application/json", members{name: f.good}.String())}
		})
		row("in a cookie called "+name, noToken, func(f *attacker) []option { return []option{inCookie(name, f.good)} })
	}
	for _, name := range []string{"Access_Token_8080", "ACCESS_TOKEN_8080", "access_token_8081", "__Host-access_token_8080", "__Secure-access_token_8080", "__Host-access_token", "refresh_token", "access-token", "session", "sid"} {
		row("in a cookie called "+name+", which this server does not give", noToken, func(f *attacker) []option { return []option{inCookie(name, f.good)} })
	}
	for _, name := range []string{"X-Access-Token", "X-Auth-Token", "X-Authorization", "X-Forwarded-Authorization", "Proxy-Authorization", "Authentication", "Token",
		"WWW-Authenticate", "Authorization-Bearer", "X-Api-Key", "X-Original-Authorization", "Sec-Websocket-Protocol", "Referer"} {
		row("in the header "+name, noToken, func(f *attacker) []option { return []option{with(name, "Bearer "+f.good)} })
	}
	header := func(name, want string, value func(f *attacker) string) {
		row(name, want, func(f *attacker) []option { return []option{with("Authorization", value(f))} })
	}
	for _, scheme := range []string{"Basic", "Digest", "Token", "JWT", "DPoP", "MAC", "Negotiate", "OAuth", "GNAP", "Bearer2", "Bear", "X-Bearer", "Bearer,", "Bearer:", "Bearer=", `"Bearer"`, "Ｂearer"} {
		header("with the scheme "+scheme, noToken, func(f *attacker) string { return scheme + " " + f.good })
	}
	header("without a scheme", noToken, func(f *attacker) string { return f.good })
	header("with the scheme right in front of it", noToken, func(f *attacker) string { return "Bearer" + f.good })
	header("with a tab behind the scheme", noToken, func(f *attacker) string { return "Bearer\t" + f.good })
	header("with a slash behind the scheme", noToken, func(f *attacker) string { return "Bearer/" + f.good })
	header("with a space in front of the scheme", noToken, func(f *attacker) string { return " Bearer " + f.good })
	header("as the password of Basic", noToken, func(f *attacker) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:"+f.good))
	})
	header("an empty header", noToken, func(*attacker) string { return "" })
	header("the scheme alone", malformed, func(*attacker) string { return "Bearer" })
	header("the scheme and spaces", malformed, func(*attacker) string { return "Bearer    " })
	header("the scheme twice", malformed, func(f *attacker) string { return "Bearer Bearer " + f.good })
	header("as a parameter", malformed, func(f *attacker) string { return "Bearer token=" + f.good })
	header("as a quoted parameter", malformed, func(f *attacker) string { return `Bearer access_token="` + f.good + `"` })
	header("twice in one header", malformed, func(f *attacker) string { return "Bearer " + f.good + ", Bearer " + f.good })
	header("forged and good in one header", malformed, func(f *attacker) string { return "Bearer " + f.forged() + ", Bearer " + f.good })

	headers := func(name string, values func(f *attacker) []string) {
		row(name+" in two headers", ambiguous, func(f *attacker) (opts []option) {
			for _, v := range values(f) {
				opts = append(opts, with("Authorization", v))
			}
			return opts
		})
	}
	headers("good twice", func(f *attacker) []string { return []string{"Bearer " + f.good, "Bearer " + f.good} })
	headers("good and forged", func(f *attacker) []string { return []string{"Bearer " + f.good, "Bearer " + f.forged()} })
	headers("forged and good", func(f *attacker) []string { return []string{"Bearer " + f.forged(), "Bearer " + f.good} })
	headers("Basic and good", func(f *attacker) []string { return []string{"Basic Og==", "Bearer " + f.good} })
	headers("good and Basic", func(f *attacker) []string { return []string{"Bearer " + f.good, "Basic Og=="} })
	headers("empty and good", func(f *attacker) []string { return []string{"", "Bearer " + f.good} })
	headers("good and empty", func(f *attacker) []string { return []string{"Bearer " + f.good, ""} })

	cookies := func(name, want, header string, show func(f *attacker) []string) {
		row(name, want, func(f *attacker) (opts []option) {
			for _, v := range show(f) {
				opts = append(opts, with("Cookie", v))
			}
			if header != "" {
				opts = append(opts, with("Authorization", header))
			}
			return opts
		})
	}
	cookie := func(values ...string) []string {
		for i, v := range values {
			values[i] = accessCookie + "=" + v
		}
		return values
	}
	cookies("good twice in two cookies", ambiguous, "", func(f *attacker) []string { return cookie(f.good, f.good) })
	cookies("good and forged in two cookies", ambiguous, "", func(f *attacker) []string { return cookie(f.good, f.forged()) })
	cookies("forged and good in two cookies", ambiguous, "", func(f *attacker) []string { return cookie(f.forged(), f.good) })
	cookies("empty and good in two cookies", ambiguous, "", func(f *attacker) []string { return cookie("", f.good) })
	cookies("two cookies in one header", ambiguous, "", func(f *attacker) []string { return []string{strings.Join(cookie(f.good, f.good), "; ")} })
	cookies("an empty cookie", noToken, "", func(*attacker) []string { return cookie("") })
	cookies("the refresh token in the access cookie", malformed, "", func(f *attacker) []string { return cookie(f.refreshToken) })
	cookies("the scheme and the token in a cookie", malformed, "", func(f *attacker) []string { return cookie("Bearer " + f.good) })
	cookies("a good cookie beside an empty header", noToken, " ", func(f *attacker) []string { return cookie(f.good) })
	cookies("a good cookie beside Basic", noToken, "Basic Og==", func(f *attacker) []string { return cookie(f.good) })
	cookies("a good cookie beside a broken header", malformed, "Bearer x", func(f *attacker) []string { return cookie(f.good) })
	cookies("a megabyte of cookie", tooLarge, "", func(*attacker) []string { return cookie(strings.Repeat("A", 1<<20)) })
	row("a good cookie beside a forged header", badSignature, func(f *attacker) []option {
		return []option{inCookie(accessCookie, f.good), bearer(f.forged())}
	})
	return rows
}

// forged is a token that only the signature tells from a good one.
func (f *attacker) forged() string { return signedAs("RS256", attackerKey)(f) }

func inBody(kind, body string) option {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", kind)
	}
}
