package kiosk

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/problem"
	"restaurant/tokens/verify"
)

const home = "http://localhost:8080"

// house is an issuer of which the tests know the private key. It answers without a network.
type house struct {
	mu      sync.Mutex
	kid     string
	private *rsa.PrivateKey
	keys    []verify.JWK
	ended   []string
	away    error
	answer  http.HandlerFunc // in place of the keys
	ahead   time.Duration
	fetched atomic.Int64 // how often keys were asked for
	asked   []string     // all addresses that were asked
	reports []report
}

type report struct {
	url, authorization, body string
}

func newHouse(t testing.TB) *house {
	h := &house{}
	h.rotate(t)
	return h
}

var spare = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, verify.KeyBits)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// rotate lets the house sign with another key; the old one stays published.
func (h *house) rotate(t testing.TB) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.private = spare()[len(h.keys)]
	h.kid = fmt.Sprintf("key-%d", len(h.keys))
	h.keys = append(h.keys, verify.NewJWK(h.kid, &h.private.PublicKey))
}

func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.URL.String())
	if h.away != nil {
		return nil, h.away
	}
	w := httptest.NewRecorder()
	if h.ahead != 0 {
		w.Header().Set("Restaurant-Time", time.Now().Add(h.ahead).UTC().Format(http.TimeFormat))
	}
	switch r.URL.Path {
	case "/.well-known/jwks.json":
		h.fetched.Add(1)
		if h.answer != nil {
			h.answer(w, r)
		} else {
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": h.keys})
		}
	case "/.well-known/ended.json":
		list := []map[string]any{}
		for _, sid := range h.ended {
			sum := sha256.Sum256([]byte(sid))
			list = append(list, map[string]any{"sid_sha256": hex.EncodeToString(sum[:]), "until": time.Now().Add(time.Hour)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"as_of": time.Now(), "ended": list})
	case "/lab/kiosk":
		body, _ := io.ReadAll(r.Body)
		h.reports = append(h.reports, report{r.URL.String(), r.Header.Get("Authorization"), string(body)})
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func (h *house) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

type fields map[string]any

func (f fields) with(name string, value any) fields {
	changed := fields{}
	for k, v := range f {
		changed[k] = v
	}
	if changed[name] = value; value == nil {
		delete(changed, name)
	}
	return changed
}

func (f fields) part() string {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func (h *house) header() fields {
	return fields{"alg": "RS256", "typ": "at+jwt", "kid": h.kid}
}

func claims() fields {
	now := time.Now().Unix()
	return fields{"iss": home, "aud": "restaurant", "sub": "1", "name": "Alice", "role": "guest", "vip": false, "age_over_18": true,
		"client_id": "restaurant", "sid": "session-of-alice", "jti": "token-of-alice", "iat": now, "exp": now + 900}
}

func sign(private *rsa.PrivateKey, header, claims fields) string {
	text := header.part() + "." + claims.part()
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (h *house) token() string { return sign(h.private, h.header(), claims()) }

func newKiosk(t testing.TB, h *house) *Kiosk {
	t.Helper()
	k, err := New(Options{Trust: home, Transport: h})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ask(k http.Handler, method, path, token string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w
}

// wants holds an answer to a status and, of a refusal, to its slug and form.
func wants(t *testing.T, w *httptest.ResponseRecorder, status int, slug string) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("%d %s, want %d %s", w.Code, w.Body, status, slug)
	}
	if status < 400 {
		return
	}
	var p problem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != problem.ContentType || p.Type != "/problems/"+slug || p.Status != status || p.RequestID == "" {
		t.Errorf("%v %s, want %s", w.Header(), w.Body, slug)
	}
	if status == 401 && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("WWW-Authenticate is %q", w.Header().Get("WWW-Authenticate"))
	}
}

func TestMe_greetsWithoutAGuestList(t *testing.T) {
	h := newHouse(t)
	k := newKiosk(t, h)
	for range 3 {
		w := ask(k, "GET", "/me", h.token())
		wants(t, w, 200, "")
		if !strings.Contains(w.Body.String(), "Welcome, Alice") || !strings.Contains(w.Header().Get("Server-Timing"), "0 queries") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
	}
	if n := h.fetched.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	wants(t, ask(k, "HEAD", "/me", h.token()), 200, "")
	wants(t, ask(k, "GET", "/healthz", ""), 200, "")
	wants(t, ask(k, "GET", "/menu", ""), 404, "not-found")
	post := ask(k, "POST", "/me", h.token())
	wants(t, post, 405, "method-not-allowed")
	if post.Header().Get("Allow") == "" {
		t.Error("no Allow")
	}
	if page := ask(k, "GET", "/problems/token-expired", ""); page.Code != 302 || page.Header().Get("Location") != home+"/problems/token-expired" {
		t.Errorf("%d %v", page.Code, page.Header())
	}
	wants(t, ask(k, "GET", "/problems/no-such", ""), 404, "not-found")
}

// TestMe_refusesEveryFake: each with the slug that the server itself gives, and a genuine
// token in between.
func TestMe_refusesEveryFake(t *testing.T) {
	h := newHouse(t)
	stranger := spare()[2]
	der, err := x509.MarshalPKIXPublicKey(&h.private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	published := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	confused := func() string {
		text := h.header().with("alg", "HS256").part() + "." + claims().part()
		mac := hmac.New(sha256.New, published)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	changed := func(name string, value any) string { return sign(h.private, h.header(), claims().with(name, value)) }
	genuine := h.token()
	now := time.Now().Unix()
	for _, tc := range []struct{ name, token, slug string }{
		{"garbage", "garbage", "token-malformed"},
		{"two parts", "a.b", "token-malformed"},
		{"alg none", h.header().with("alg", "none").part() + "." + claims().part() + ".", "token-algorithm-refused"},
		{"HS256 with the public key", confused(), "token-algorithm-refused"},
		{"a foreign key", sign(stranger, h.header().with("kid", "foreign"), claims()), "token-key-unknown"},
		{"a foreign key under a known kid", sign(stranger, h.header(), claims()), "token-signature-invalid"},
		{"without a kid", sign(h.private, h.header().with("kid", nil), claims()), "token-key-unknown"},
		{"an embedded jwk", sign(stranger, h.header().with("jwk", verify.NewJWK(h.kid, &stranger.PublicKey)), claims()), "token-malformed"},
		{"a jku", sign(stranger, h.header().with("jku", "http://evil/jwks.json"), claims()), "token-malformed"},
		{"a changed signature", genuine[:len(genuine)-10] + "AAAAAAAAAA", "token-signature-invalid"},
		{"an issuer elsewhere, its key", sign(stranger, h.header().with("kid", "foreign"), claims().with("iss", "http://evil")), "token-key-unknown"},
		{"an issuer elsewhere, our key", changed("iss", "http://localhost:8080.evil"), "token-claims-invalid"},
		{"an issuer with a slash", changed("iss", home+"/"), "token-claims-invalid"},
		{"no issuer", changed("iss", nil), "token-claims-invalid"},
		{"another audience", changed("aud", "cinema"), "token-claims-invalid"},
		{"another type", sign(h.private, h.header().with("typ", "JWT"), claims()), "token-claims-invalid"},
		{"expired", changed("exp", now-1), "token-claims-invalid"}, // before it was issued
		{"expired, too", sign(h.private, h.header(), claims().with("iat", now-900).with("exp", now)), "token-expired"},
		{"too long", changed("exp", now+86400), "token-claims-invalid"},
		{"an unknown role", changed("role", "owner"), "token-claims-invalid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKiosk(t, h)
			wants(t, ask(k, "GET", "/me", genuine), 200, "")
			wants(t, ask(k, "GET", "/me", tc.token), 401, tc.slug)
			wants(t, ask(newKiosk(t, h), "GET", "/me", tc.token), 401, map[bool]string{true: "token-key-unknown", false: tc.slug}[strings.HasPrefix(tc.name, "an issuer") || tc.name == "no issuer"])
			wants(t, ask(k, "GET", "/me", genuine), 200, "")
		})
	}
	for _, url := range h.asked {
		if !strings.HasPrefix(url, home+"/") {
			t.Errorf("the kiosk has asked %s", url)
		}
	}
}

func TestMe_readsTheHeaderAsTheServerDoes(t *testing.T) {
	h := newHouse(t)
	k := newKiosk(t, h)
	wants(t, ask(k, "GET", "/me", ""), 401, "authentication-required")
	ticket := ask(k, "GET", "/me", "", "Cookie", "ticket=abc")
	wants(t, ticket, 401, "authentication-required")
	if !strings.Contains(ticket.Body.String(), "ticket (session cookie)") {
		t.Errorf("%s", ticket.Body)
	}
	wants(t, ask(k, "GET", "/me", "", "Authorization", "Basic YTpi"), 401, "authentication-required")
	wants(t, ask(k, "GET", "/me", h.token(), "Authorization", "Bearer x"), 400, "ambiguous-credentials")
	wants(t, ask(k, "GET", "/me", "", "Authorization", "bearer "+h.token()), 200, "")
	wants(t, ask(k, "GET", "/me", strings.Repeat("a", maxToken+1)), 431, "header-too-large")
	wants(t, ask(k, "GET", "/me?access_token="+h.token(), ""), 401, "authentication-required")
}

func TestMe_keepsTheKeysWhileTheServerIsAway(t *testing.T) {
	h := newHouse(t)
	k := newKiosk(t, h)
	h.change(func() { h.away = &net.OpError{Op: "dial", Err: io.EOF} })
	early := ask(k, "GET", "/me", h.token())
	wants(t, early, 401, "token-key-unknown")
	if !strings.Contains(early.Body.String(), "Is the restaurant running?") {
		t.Errorf("%s", early.Body)
	}
	h.change(func() { h.away = nil })
	wants(t, ask(k, "GET", "/me", h.token()), 200, "")
	h.change(func() { h.away = &net.OpError{Op: "dial", Err: io.EOF} })
	wants(t, ask(k, "GET", "/me", h.token()), 200, "")
	wants(t, ask(k, "POST", "/sync", ""), 503, "not-ready")
	wants(t, ask(k, "GET", "/me", h.token()), 200, "")
}

// TestMe_keepsTheKeysWhenTheAnswerIsBad: too long, elsewhere, of another kind, or slow.
func TestMe_keepsTheKeysWhenTheAnswerIsBad(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[`+strings.Repeat(" ", maxKeySet)+`]}`)
		},
		"too large with blanks": func(w http.ResponseWriter, _ *http.Request) {
			set, err := json.Marshal(map[string]any{"keys": []verify.JWK{verify.NewJWK("key-1", &spare()[1].PublicKey)}})
			if err == nil {
				_, err = io.WriteString(w, string(set)+strings.Repeat(" ", maxKeySet))
			}
			if err != nil {
				panic(err)
			}
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil/jwks.json", http.StatusFound)
		},
		"a page":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no keys":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) },
		"a weak key": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"key-1","n":"AQAB","e":"AQAB"}]}`)
		},
		"a HMAC key": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[{"kty":"oct","kid":"key-1","k":"c2VjcmV0"}]}`)
		},
		"two the same": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[],"keys":[]}`) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			k := newKiosk(t, h)
			old := h.token()
			wants(t, ask(k, "GET", "/me", old), 200, "")
			h.rotate(t)
			h.change(func() { h.answer = answer })
			wants(t, ask(k, "GET", "/me", h.token()), 401, "token-key-unknown")
			wants(t, ask(k, "GET", "/me", old), 200, "")
			h.change(func() { h.answer = nil })
			wants(t, ask(k, "GET", "/me", h.token()), 200, "")
			for _, url := range h.asked {
				if strings.Contains(url, "evil") {
					t.Errorf("the kiosk has asked %s", url)
				}
			}
		})
	}
}

// TestMe_findsARotatedKeyAndForgetsOldOnes: at once after a rotation, and at the next
// minute after a key has gone.
func TestMe_findsARotatedKeyAndForgetsOldOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		k := newKiosk(t, h)
		go k.Run(t.Context())
		synctest.Wait()
		old := h.token()
		wants(t, ask(k, "GET", "/me", old), 200, "")
		h.rotate(t)
		wants(t, ask(k, "GET", "/me", h.token()), 200, "")
		wants(t, ask(k, "GET", "/me", old), 200, "")
		h.change(func() { h.keys = h.keys[1:] })
		time.Sleep(SyncInterval + time.Second)
		synctest.Wait()
		wants(t, ask(k, "GET", "/me", old), 401, "token-key-unknown")
	})
}

// TestMe_forgedKeysCauseFewRequests: five at once and then one in five seconds for each
// issuer, and a hundred for all that one can make up.
func TestMe_forgedKeysCauseFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		k := newKiosk(t, h)
		forged := sign(h.private, h.header().with("kid", "made-up"), claims())
		for range 50 {
			wants(t, ask(k, "GET", "/me", forged), 401, "token-key-unknown")
		}
		if n := h.fetched.Load(); n > 5 {
			t.Errorf("50 forgeries caused %d requests", n)
		}
		time.Sleep(6 * time.Second)
		wants(t, ask(k, "GET", "/me", forged), 401, "token-key-unknown")
		wants(t, ask(k, "GET", "/me", h.token()), 200, "")
		before := len(h.asked)
		for n := range 3 * maxIssuers {
			wants(t, ask(k, "GET", "/me", sign(h.private, h.header(), claims().with("iss", fmt.Sprintf("%s/t/%d", home, n)))), 401, "token-key-unknown")
		}
		keys := 0
		for _, url := range h.asked[before:] {
			if strings.HasSuffix(url, "/jwks.json") {
				keys++
			}
		}
		if keys > 110 || len(k.issuers.known) > maxIssuers {
			t.Errorf("%d requests, %d issuers in memory", keys, len(k.issuers.known))
		}
		wants(t, ask(k, "GET", "/me", h.token()), 200, "")
	})
}

// TestSync_hearsOfALogout: by itself within a minute, at once when somebody asks.
func TestSync_hearsOfALogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		running, onDemand := newKiosk(t, h), newKiosk(t, h)
		go running.Run(t.Context())
		synctest.Wait()
		other := sign(h.private, h.header(), claims().with("sid", "another-session"))
		wants(t, ask(onDemand, "GET", "/me", h.token()), 200, "")
		h.change(func() { h.ended = []string{"session-of-alice"} })
		wants(t, ask(running, "GET", "/me", h.token()), 200, "")
		wants(t, ask(onDemand, "GET", "/me", h.token()), 200, "")
		if w := ask(onDemand, "POST", "/sync", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"ended":1`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		wants(t, ask(onDemand, "GET", "/me", h.token()), 401, "token-revoked")
		wants(t, ask(onDemand, "GET", "/me", other), 200, "")
		time.Sleep(SyncInterval + time.Second)
		synctest.Wait()
		wants(t, ask(running, "GET", "/me", h.token()), 401, "token-revoked")
		h.change(func() { h.away = io.EOF })
		wants(t, ask(onDemand, "POST", "/sync", ""), 503, "not-ready")
		wants(t, ask(onDemand, "GET", "/me", h.token()), 401, "token-revoked")
		for range 100 {
			if w := ask(onDemand, "POST", "/sync", ""); w.Code == 429 {
				return
			}
		}
		t.Error("100 requests in a second are not too many")
	})
}

// TestMe_followsTheClockOfTheLab: tokens of a server whose clock is ahead are from the
// future only until the kiosk has asked.
func TestMe_followsTheClockOfTheLab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		k := newKiosk(t, h)
		old := h.token()
		wants(t, ask(k, "GET", "/me", old), 200, "")
		h.change(func() { h.ahead = 16 * time.Minute })
		later := time.Now().Add(h.ahead).Unix()
		wants(t, ask(k, "GET", "/me", sign(h.private, h.header(), claims().with("iat", later).with("exp", later+900))), 200, "")
		wants(t, ask(k, "GET", "/me", old), 401, "token-expired")
	})
}

// TestMe_reportsWhatItDecided: status and slug, and the token only in its header.
func TestMe_reportsWhatItDecided(t *testing.T) {
	h := newHouse(t)
	k := newKiosk(t, h)
	good, forged := h.token(), sign(spare()[2], h.header().with("kid", "foreign"), claims())
	ask(k, "GET", "/me", good)
	ask(k, "GET", "/me", forged)
	ask(k, "GET", "/me", "", "Cookie", "ticket=secret")
	want := []report{
		{home + "/lab/kiosk", "Bearer " + good, `{"status":200,"problem":null}`},
		{home + "/lab/kiosk", "Bearer " + forged, `{"status":401,"problem":"token-key-unknown"}`},
		{home + "/lab/kiosk", "", `{"status":401,"problem":"authentication-required"}`},
	}
	if fmt.Sprint(h.reports) != fmt.Sprint(want) {
		t.Errorf("reported was\n%v, want\n%v", h.reports, want)
	}
}

// TestKiosk_standsUnderAPath, as in a class: its issuers are below a prefix, and one tells
// nothing of another.
func TestKiosk_standsUnderAPath(t *testing.T) {
	seven, eight := newHouse(t), newHouse(t)
	eight.private = spare()[1]
	eight.keys = []verify.JWK{verify.NewJWK("key-0", &eight.private.PublicKey)}
	eight.ended = []string{"session-of-alice"}
	var told []string
	k, err := New(Options{
		Trust: "http://board.example/t/", Pages: "http://board.example",
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			table, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/t/"), "/")
			r = r.Clone(r.Context())
			r.URL.Path = "/" + rest
			if table == "08" {
				return eight.RoundTrip(r)
			}
			return seven.RoundTrip(r)
		}),
		Report: func(_ *http.Request, d Decision) { told = append(told, d.Issuer+" "+d.Problem) },
	})
	if err != nil {
		t.Fatal(err)
	}
	mounted := http.StripPrefix("/kiosk", k)
	of := func(h *house, table string) string {
		return sign(h.private, h.header(), claims().with("iss", "http://board.example/t/"+table))
	}
	wants(t, ask(mounted, "GET", "/kiosk/me", of(seven, "07")), 200, "")
	wants(t, ask(mounted, "GET", "/kiosk/me", of(eight, "08")), 200, "")
	wants(t, ask(mounted, "GET", "/kiosk/me", of(eight, "07")), 401, "token-signature-invalid")
	wants(t, ask(mounted, "POST", "/kiosk/sync", ""), 200, "")
	wants(t, ask(mounted, "GET", "/kiosk/me", of(seven, "07")), 200, "") // the session has the same id at the other
	wants(t, ask(mounted, "GET", "/kiosk/me", of(eight, "08")), 401, "token-revoked")
	if page := ask(mounted, "GET", "/kiosk/problems/token-revoked", ""); page.Header().Get("Location") != "http://board.example/problems/token-revoked" {
		t.Errorf("%v", page.Header())
	}
	want := []string{"/07 ", "/08 ", " token-signature-invalid", "/07 ", "/08 token-revoked"} // who only names an issuer tells it nothing
	if got := strings.ReplaceAll(strings.Join(told, ","), "http://board.example/t", ""); got != strings.Join(want, ",") {
		t.Errorf("told was %v", told)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
