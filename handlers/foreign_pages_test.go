package handlers

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// strangePages are what browsers say of requests that pages of other origins send.
var strangePages = map[string][]option{
	"a page elsewhere":                   {with("Sec-Fetch-Site", "cross-site"), with("Origin", "https://evil.example")},
	"a page elsewhere, without CORS":     {with("Sec-Fetch-Site", "cross-site")},
	"another port of this host":          {with("Sec-Fetch-Site", "same-site"), with("Origin", "http://localhost:3000")},
	"a page elsewhere in an old browser": {with("Origin", "https://evil.example")},
	"a frame in a sandbox":               {with("Origin", "null")},
}

// TestForeignPages_loginsCountNowhere is a page that guesses passwords with the browser of
// a guest at home, which would lock that guest out.
func TestForeignPages_loginsCountNowhere(t *testing.T) {
	const wrong = "username=alice&password=wrong"
	for name, page := range strangePages {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, withRateLimit)
				defer srv.Store.Close()
				for range 80 {
					srv.post(t, loginPath, wrong, append(page, asForm)...).wants(t, 403, "cross-origin")
				}
				srv.post(t, loginPath, "username=alice&password=alice-likes-pizza", append(page, asForm)...).wants(t, 403, "cross-origin")
				srv.login(t, "alice")
			})
		})
	}
	t.Run("without a page they count", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // five failures count for a second only
			srv := newServer(t)
			defer srv.Store.Close()
			for range 5 {
				srv.post(t, loginPath, wrong, asForm).wants(t, 401, "invalid-credentials")
			}
			srv.post(t, loginPath, "username=alice&password=alice-likes-pizza", asForm).wants(t, 429, "too-many-attempts")
		})
	})
}

// TestForeignPages_allowedOriginsMayLogIn: without cookies, and their failures count.
func TestForeignPages_allowedOriginsMayLogIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // five failures count for a second only
		srv := newServer(t, withCORS)
		defer srv.Store.Close()
		friend := []option{with("Origin", allowedOrigin), with("Sec-Fetch-Site", "cross-site")}
		const right = `{"username":"alice","password":"alice-likes-pizza"`
		srv.post(t, loginPath, right+`}`, friend...).wants(t, 200, "")
		srv.post(t, loginPath, right+`,"cookie":true}`, friend...).wants(t, 403, "cross-origin")
		srv.post(t, loginPath, right+`}`, with("Origin", "https://evil.example")).wants(t, 403, "cross-origin")
		for range 5 {
			srv.post(t, loginPath, `{"username":"alice","password":"wrong"}`, friend...).wants(t, 401, "invalid-credentials")
		}
		srv.post(t, loginPath, right+`}`, friend...).wants(t, 429, "too-many-attempts")
	})
}

// TestForeignPages_useUpNoLimitOfTheGuest: a page can send as many requests as it likes,
// but not in place of the guest's.
func TestForeignPages_useUpNoLimitOfTheGuest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		defer srv.Store.Close()
		page := with("Sec-Fetch-Site", "cross-site")
		for range 50 {
			srv.get(t, "/api/v1/menu/1", page).wants(t, 200, "")
		}
		srv.get(t, "/api/v1/menu/1", page).wants(t, 429, "rate-limited")
		srv.get(t, "/api/v1/menu/1").wants(t, 200, "").isRateLimited(t, "address", 49)
	})
}

// TestForeignPages_areNobodysLesson asks what completes part of a lesson at home.
func TestForeignPages_areNobodysLesson(t *testing.T) {
	srv := newServer(t, func(srv *server) { srv.CORSOrigins = []string{allowedOrigin} })
	ask := func(method, path string, opts ...option) string {
		return srv.do(t, method, path, "", opts...).Header().Get("Lesson-Progress")
	}
	calls := []string{"GET /api/v1/menu/1", "GET " + ordersPath, "GET /api/v1/menu/99999", "GET /data/keys/key.pem", "GET /.well-known/jwks.json"}
	for name, page := range strangePages {
		for _, call := range calls {
			method, path, _ := strings.Cut(call, " ")
			if got := ask(method, path, page...); got != "" {
				t.Errorf("%s: %s is credited with %s", name, call, got)
			}
		}
	}
	for _, sender := range [][]option{nil, {with("Sec-Fetch-Site", "same-origin")}, {with("Sec-Fetch-Site", "none")}, {with("Origin", testURL)}, {with("Origin", allowedOrigin), with("Sec-Fetch-Site", "cross-site")}} {
		srv.post(t, "/learn/reset", `{"what":"lessons"}`).wants(t, http.StatusOK, "")
		if got := ask("GET", "/api/v1/menu/1", sender...); got == "" {
			t.Error("at home it is a lesson no more: this test shows nothing")
		}
	}
}

// TestForeignPages_loadNothing: a page of another origin cannot even see by an image or a
// script whether the server runs. What everybody may read is the exception.
func TestForeignPages_loadNothing(t *testing.T) {
	srv := newServer(t, withCORS)
	public := map[string]bool{"/.well-known/oauth-authorization-server": true, "/.well-known/openid-configuration": true, "/.well-known/jwks.json": true, "/.well-known/public.pem": true, "/.well-known/ended.json": true, "/openapi.json": true}
	for route := range routeAccess {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodGet {
			continue
		}
		path = strings.NewReplacer("/js/*file", "/js/main.js", "*file", "index.html", ":file", "order.json", ":id", "1", ":slug", "not-found", ":lesson", "L01").Replace(path)
		h := srv.get(t, path, with("Origin", "https://evil.example")).Header()
		policy, readers := "same-origin", ""
		if public[path] {
			policy, readers = "cross-origin", "*"
		}
		if h.Get("Cross-Origin-Resource-Policy") != policy || h.Get("Access-Control-Allow-Origin") != readers {
			t.Errorf("%s: resource policy %q, readers %q", path, h.Get("Cross-Origin-Resource-Policy"), h.Get("Access-Control-Allow-Origin"))
		}
		if h.Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s: opener policy %q", path, h.Get("Cross-Origin-Opener-Policy"))
		}
	}
	for _, path := range []string{"/nowhere", "/api/v1/orders"} {
		if got := srv.get(t, path).Header().Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
			t.Errorf("the refusal of %s has the resource policy %q", path, got)
		}
	}
}

// TestForeignPages_openerPolicyWhereItCounts: browsers heed it over TLS and on loopback, and
// write an error to the console elsewhere.
func TestForeignPages_openerPolicyWhereItCounts(t *testing.T) {
	plain := newServer(t, func(srv *server) { srv.AllowedHosts = []string{"kitchen.example"} })
	tls := newServer(t, overTLS)
	for _, tc := range []struct {
		srv  *server
		host string
		want string
	}{{plain, "localhost:8080", "same-origin"}, {plain, "127.0.0.1", "same-origin"}, {plain, "kitchen.example:8080", ""}, {tls, "restaurant.example", "same-origin"}} {
		if got := tc.srv.get(t, "/", atHost(tc.host)).wants(t, 200, "").Header().Get("Cross-Origin-Opener-Policy"); got != tc.want {
			t.Errorf("at %s it is %q, want %q", tc.host, got, tc.want)
		}
	}
}
