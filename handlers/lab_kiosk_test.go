package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/learn/kiosk"
)

// inProcess sends what the kiosk asks to the server under test.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	inner.RequestURI, inner.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, inner)
	return w.Result(), nil
}

// kioskBeside asks a kiosk beside the server and holds the answer to a status and a slug.
func (srv *server) kioskBeside(t *testing.T) func(status int, slug, method, path string, opts ...option) *httptest.ResponseRecorder {
	t.Helper()
	k, err := kiosk.New(kiosk.Options{Trust: srv.Authority.Issuer(), Transport: inProcess{srv.handler}})
	if err != nil {
		t.Fatal(err)
	}
	return func(status int, slug, method, path string, opts ...option) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest(method, path, nil)
		for _, o := range opts {
			o(r)
		}
		w := httptest.NewRecorder()
		k.ServeHTTP(w, r)
		if w.Code != status || slug != "" && !strings.Contains(w.Body.String(), `"/problems/`+slug+`"`) {
			t.Errorf("%s %s: got %d, want %d %s\n%s", method, path, w.Code, status, slug, w.Body)
		}
		return w
	}
}

// TestKiosk_acceptsWhatTheServerIssues: its own tokens, those of a new key, and not those
// of a login session that has ended, once the kiosk has heard of it.
func TestKiosk_acceptsWhatTheServerIssues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		ask := srv.kioskBeside(t)
		alice, bob := bearer(srv.login(t, "alice").AccessToken), bearer(srv.login(t, "bob").AccessToken)
		res := ask(200, "", "GET", "/me", alice)
		if !strings.Contains(res.Body.String(), "Welcome, Alice") || !strings.Contains(res.Header().Get("Server-Timing"), "0 queries") {
			t.Errorf("%v %s", res.Header(), res.Body)
		}
		forged := strings.TrimPrefix(srv.post(t, "/lab/forge", "set=role=manager&key=own", asForm, alice).wants(t, 200, "").Body.String(), "Authorization: Bearer ")
		ask(401, "token-key-unknown", "GET", "/me", bearer(strings.TrimSpace(forged)))
		ask(401, "authentication-required", "GET", "/me")

		srv.post(t, rotatePath, "", srv.as(t, "marco")).wants(t, 201, "")
		ask(200, "", "GET", "/me", bearer(srv.login(t, "vera").AccessToken))

		srv.post(t, logoutPath, "", alice).wants(t, 204, "")
		srv.get(t, mePath, alice).wants(t, 401, "token-revoked")
		ask(200, "", "GET", "/me", alice) // it has not heard of it
		ask(200, "", "POST", "/sync")
		ask(401, "token-revoked", "GET", "/me", alice)
		ask(200, "", "GET", "/me", bob)

		srv.post(t, "/lab/clock", `{"advance":"14m"}`).wants(t, 200, "")
		ask(200, "", "GET", "/me", bearer(srv.login(t, "alice").AccessToken))
		time.Sleep(61 * time.Second)
		ask(401, "token-expired", "GET", "/me", bob)
	})
}

// TestKioskReport_mustFitTheToken: nobody gets credit for what cannot have happened.
func TestKioskReport_mustFitTheToken(t *testing.T) {
	srv := newServer(t)
	const path, yes = "/lab/kiosk", `{"status":200,"problem":null}`
	no := func(slug string) string { return `{"status":401,"problem":"` + slug + `"}` }
	alice, gone := bearer(srv.login(t, "alice").AccessToken), bearer(srv.login(t, "alice").AccessToken)
	srv.post(t, logoutPath, "", gone).wants(t, 204, "")
	forged := bearer("eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.eyJqdGkiOiJ4In0.AAAA")
	for _, tc := range []struct {
		name, body string
		as         []option
		fits       bool
	}{
		{"a valid token, accepted", yes, []option{alice}, true},
		{"a valid token, refused", no("token-expired"), []option{alice}, false},
		{"a revoked token, accepted", yes, []option{gone}, true},
		{"a revoked token, refused", no("token-revoked"), []option{gone}, true},
		{"a valid token, revoked", no("token-revoked"), []option{alice}, false},
		{"a forged token, accepted", yes, []option{forged}, false},
		{"a forged token, refused", no("token-key-unknown"), []option{forged}, true},
		{"a forged token, refused for another reason", no("token-expired"), []option{forged}, false},
		{"no token, accepted", yes, nil, false},
		{"no token, refused", no("authentication-required"), nil, true},
		{"no token, a forgery", no("token-key-unknown"), nil, false},
		{"a valid token, none", no("authentication-required"), []option{alice}, false},
		{"an unreadable header", yes, []option{with("Authorization", "Basic x")}, false},
		{"two headers", yes, []option{alice, gone}, false},
		{"another problem", no("vip-only"), []option{alice}, false},
		{"another status", `{"status":500,"problem":null}`, []option{alice}, false},
		{"200 with a problem", `{"status":200,"problem":"token-expired"}`, []option{alice}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.fits {
				srv.post(t, path, tc.body, tc.as...).wants(t, 204, "")
			} else {
				srv.post(t, path, tc.body, tc.as...).wants(t, 422, "validation-failed")
			}
		})
	}
	srv.post(t, path, `{"status":200,"token":"x"}`, alice).wants(t, 400, "unknown-field")
	srv.post(t, path, yes, alice, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
}
