package handlers

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
)

const httpsURL = "https://restaurant.example"

// overTLS is a server whose guests come by https.
func overTLS(srv *server) { srv.PublicURL = httpsURL }

// atHost addresses the request to a host, as a browser does.
func atHost(host string) option { return func(r *http.Request) { r.Host = host } }

// cookie sends a cookie along.
func cookie(name, value string) option { return with("Cookie", name+"="+value) }

// cookiesSet are the cookies that an answer sets, by name.
func (r *response) cookiesSet() map[string]string {
	values := map[string]string{}
	for _, c := range r.Result().Cookies() {
		values[c.Name] = c.Value
	}
	return values
}

// lines are the Set-Cookie headers with the value replaced by its length.
func (r *response) lines() []string {
	var lines []string
	for _, line := range r.Header().Values("Set-Cookie") {
		name, rest, _ := strings.Cut(line, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		lines = append(lines, fmt.Sprintf("%s=<%v>;%s", name, value != "", attributes))
	}
	slices.Sort(lines)
	return lines
}

// loginWithCookies logs in as a page would that wants cookies.
func (srv *server) loginWithCookies(t testing.TB, username, mode string) *response {
	t.Helper()
	return srv.post(t, loginPath, fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza","cookie":%s}`, username, username, mode)).wants(t, 200, "")
}

func TestCookies_holdTokens(t *testing.T) {
	for _, tc := range []struct {
		name           string
		options        []func(*server)
		mode           string
		want           []string
		access, inBody bool
	}{
		{"both, over plain HTTP", nil, `true`, []string{
			"access_token_8080=<true>; Path=/; Max-Age=900; HttpOnly; SameSite=Strict",
			"refresh_token_8080=<true>; Path=/api/v1/auth; Max-Age=604800; HttpOnly; SameSite=Strict",
		}, true, false},
		{"both, over TLS", []func(*server){overTLS}, `true`, []string{
			"__Host-access_token=<true>; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Strict",
			"__Secure-refresh_token=<true>; Path=/api/v1/auth; Max-Age=604800; HttpOnly; Secure; SameSite=Strict",
		}, true, false},
		{"both, over TLS under a base path", []func(*server){overTLS, func(srv *server) { srv.PublicURL += "/restaurant" }}, `true`, []string{
			"__Secure-access_token=<true>; Path=/restaurant/; Max-Age=900; HttpOnly; Secure; SameSite=Strict",
			"__Secure-refresh_token=<true>; Path=/restaurant/api/v1/auth; Max-Age=604800; HttpOnly; Secure; SameSite=Strict",
		}, true, false},
		{"only the refresh token, over plain HTTP", nil, `"refresh"`, []string{
			"refresh_token_8080=<true>; Path=/api/v1/auth; Max-Age=604800; HttpOnly; SameSite=Strict",
		}, false, true},
		{"only the refresh token, over TLS", []func(*server){overTLS}, `"refresh"`, []string{
			"__Secure-refresh_token=<true>; Path=/api/v1/auth; Max-Age=604800; HttpOnly; Secure; SameSite=Strict",
		}, false, true},
		{"none", nil, `false`, nil, false, true},
		{"none, not even named", nil, `null`, nil, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := newServer(t, tc.options...)
			res := srv.loginWithCookies(t, "alice", tc.mode)
			if got := res.lines(); !slices.Equal(got, tc.want) {
				t.Errorf("the cookies are\n%q, want\n%q", got, tc.want)
			}
			body := decode[tokenResponse](t, res)
			if (body.AccessToken != "") != tc.inBody || (body.RefreshToken != "") != (len(tc.want) == 0) || body.TokenType != "Bearer" || body.ExpiresIn != 900 || body.RefreshExpiresIn != 604800 {
				t.Errorf("the body is %s", res.Body)
			}
			for name, value := range res.cookiesSet() {
				if strings.Contains(res.Body.String(), value) {
					t.Errorf("%s stands in the body, too", name)
				}
				if strings.Contains(name, "access_token") {
					srv.get(t, mePath, cookie(name, value)).wants(t, 200, "")
				}
			}
			if res.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control is %q", res.Header().Get("Cache-Control"))
			}
		})
	}
}

// A cookie lives as long as its token.
func TestCookies_liveAsLongAsTheirToken(t *testing.T) {
	srv := newServer(t)
	res := srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza","cookie":true,"expires_in":60}`).wants(t, 200, "")
	if got := res.lines(); !strings.Contains(got[0], "Max-Age=60;") || !strings.Contains(got[1], "Max-Age=604800;") {
		t.Errorf("the cookies are %q", got)
	}
}

// A login says in JSON or a form where to keep the tokens.
func TestCookies_howALoginAsksForThem(t *testing.T) {
	srv := newServer(t)
	const form, body = "username=alice&password=alice-likes-pizza&cookie=", `{"username":"alice","password":"alice-likes-pizza","cookie":`
	for _, tc := range []struct {
		body    string
		opts    []option
		cookies int
		status  int
	}{
		{form + "true", []option{asForm}, 2, 200},
		{form + "refresh", []option{asForm}, 1, 200},
		{form + "false", []option{asForm}, 0, 200},
		{body + `true}`, nil, 2, 200},
		{body + `"refresh"}`, nil, 1, 200},
		{body + `false}`, nil, 0, 200},
		{form + "yes", []option{asForm}, 0, 422},
		{form, []option{asForm}, 0, 422},
		{form + "TRUE", []option{asForm}, 0, 422},
		{body + `"yes"}`, nil, 0, 422},
		{body + `"Refresh"}`, nil, 0, 422},
		{body + `""}`, nil, 0, 422},
		{body + `1}`, nil, 0, 422},
		{body + `[]}`, nil, 0, 422},
		{body + `{}}`, nil, 0, 422},
		{body + `["refresh"]}`, nil, 0, 422},
	} {
		t.Run(tc.body, func(t *testing.T) {
			res := srv.post(t, loginPath, tc.body, tc.opts...)
			if res.Code != tc.status || len(res.Result().Cookies()) != tc.cookies {
				t.Errorf("answered %d with %v: %s", res.Code, res.lines(), res.Body)
			}
			if tc.status == 422 && !slices.Equal(res.wants(t, 422, "validation-failed").fields(t), []string{"cookie"}) {
				t.Errorf("the fault is in %v", res.fields(t))
			}
		})
	}
}

// TestCookies_refreshAnswersInTheModeOfTheLogin also shows that the spent
// cookie is worth nothing afterwards.
func TestCookies_refreshAnswersInTheModeOfTheLogin(t *testing.T) {
	for mode, access := range map[string]bool{`true`: true, `"refresh"`: false} {
		t.Run(mode, func(t *testing.T) {
			srv := newServer(t, overTLS)
			login := srv.loginWithCookies(t, "alice", mode).cookiesSet()
			spent := cookie("__Secure-refresh_token", login["__Secure-refresh_token"])
			res := srv.post(t, refreshPath, "", spent).wants(t, 200, "")
			next := res.cookiesSet()
			if next["__Secure-refresh_token"] == "" || next["__Secure-refresh_token"] == login["__Secure-refresh_token"] || (next["__Host-access_token"] != "") != access {
				t.Errorf("the cookies are %v", next)
			}
			body := decode[tokenResponse](t, res)
			if (body.AccessToken != "") == access || body.RefreshToken != "" {
				t.Errorf("the body is %s", res.Body)
			}
			if access {
				srv.get(t, mePath, cookie("__Host-access_token", next["__Host-access_token"])).wants(t, 200, "")
			} else {
				srv.wantsValid(t, body.AccessToken)
			}
			again := srv.post(t, refreshPath, "", spent).wants(t, 401, "refresh-token-reused")
			if got := again.lines(); !slices.Equal(got, []string{"__Secure-refresh_token=<false>; Path=/api/v1/auth; Max-Age=0; HttpOnly; Secure; SameSite=Strict"}) {
				t.Errorf("a useless cookie is not taken back: %v", got)
			}
			srv.post(t, refreshPath, "", cookie("__Secure-refresh_token", next["__Secure-refresh_token"])).wants(t, 401, "refresh-token-invalid")
		})
	}
	t.Run("by body it answers in the body", func(t *testing.T) {
		srv := newServer(t)
		login := srv.loginWithCookies(t, "alice", "true").cookiesSet()
		res := srv.refresh(t, login[refreshCookie]).wants(t, 200, "")
		if body := decode[tokenResponse](t, res); body.AccessToken == "" || body.RefreshToken == "" || len(res.lines()) > 0 {
			t.Errorf("the answer is %s with %v", res.Body, res.lines())
		}
	})
	t.Run("the body counts over the cookie", func(t *testing.T) {
		srv := newServer(t)
		login, other := srv.loginWithCookies(t, "alice", "true").cookiesSet(), srv.openSession(t, "bob")
		next := decode[tokenResponse](t, srv.refresh(t, other.RefreshToken, cookie(refreshCookie, login[refreshCookie])).wants(t, 200, ""))
		if _, claims := decodeToken(t, next.AccessToken); claims["name"] != "Bob" {
			t.Errorf("the access token is %v's", claims["name"])
		}
		srv.post(t, refreshPath, "", cookie(refreshCookie, login[refreshCookie])).wants(t, 200, "")
	})
	t.Run("an empty body leaves it to the cookie", func(t *testing.T) {
		srv := newServer(t)
		login := srv.loginWithCookies(t, "alice", "true").cookiesSet()
		srv.post(t, refreshPath, "{}", cookie(refreshCookie, login[refreshCookie])).wants(t, 200, "")
	})
}

// TestCookies_refreshTokenOutlivesAnOutage takes the database away for
// one request.
func TestCookies_refreshTokenOutlivesAnOutage(t *testing.T) {
	srv := newServer(t)
	mine := cookie(refreshCookie, srv.loginWithCookies(t, "alice", "true").cookiesSet()[refreshCookie])
	if err := srv.Store.Close(); err != nil {
		t.Fatal(err)
	}
	req := newRequest(http.MethodPost, refreshPath, "")
	mine(req)
	rec := httptest.NewRecorder()
	srv.handler.ServeHTTP(rec, req)
	if rec.Code < 500 || len(rec.Result().Cookies()) > 0 {
		t.Errorf("the server in trouble answers %d and takes %v", rec.Code, rec.Header()["Set-Cookie"])
	}
	srv.restart(t).post(t, refreshPath, "", mine).wants(t, 200, "")
}

// An Authorization header counts over a cookie.
func TestCookies_headerCountsFirst(t *testing.T) {
	srv := newServer(t)
	alice, bob := srv.token(t, "alice"), srv.token(t, "bob")
	sub := func(opts ...option) string {
		return decode[meResponse](t, srv.get(t, mePath, opts...).wants(t, 200, "")).Sub
	}
	if got := sub(bearer(alice), cookie(accessCookie, bob)); got != "1" {
		t.Errorf("with both it is %s", got)
	}
	if got := sub(bearer(alice), cookie(accessCookie, "rubbish")); got != "1" {
		t.Errorf("with rubbish in the cookie it is %s", got)
	}
	if got := sub(cookie(accessCookie, bob)); got != "2" {
		t.Errorf("with the cookie alone it is %s", got)
	}
	srv.get(t, mePath, bearer("rubbish"), cookie(accessCookie, bob)).wants(t, 401, "token-malformed")
	srv.get(t, mePath, with("Authorization", "Basic Og=="), cookie(accessCookie, bob)).wants(t, 401, "authentication-required")
	srv.post(t, "/api/v1/orders", margherita, bearer(alice), cookie(accessCookie, bob), with("Sec-Fetch-Site", "cross-site")).wants(t, 201, "")
}

func TestCookies_whichCount(t *testing.T) {
	plain, tls := newServer(t), newServer(t, overTLS)
	for _, tc := range []struct {
		name   string
		h      *server
		opts   []option
		status int
		slug   string
	}{
		{"the server's own", plain, []option{cookie(accessCookie, plain.token(t, "alice"))}, 200, ""},
		{"beside others", plain, []option{with("Cookie", "a=b; access_token_8080="+plain.token(t, "alice")+"; c=d")}, 200, ""},
		{"two of one name", plain, []option{with("Cookie", "access_token_8080="+plain.token(t, "alice")+"; access_token_8080="+plain.token(t, "bob"))}, 400, "ambiguous-credentials"},
		{"the same twice", plain, []option{with("Cookie", "access_token_8080="+plain.token(t, "alice")+"; access_token_8080="+plain.token(t, "alice"))}, 400, "ambiguous-credentials"},
		{"two in two headers", plain, []option{cookie(accessCookie, plain.token(t, "alice")), cookie(accessCookie, plain.token(t, "bob"))}, 400, "ambiguous-credentials"},
		{"an empty one", plain, []option{cookie(accessCookie, "")}, 401, "authentication-required"},
		{"rubbish", plain, []option{cookie(accessCookie, "rubbish")}, 401, "token-malformed"},
		{"a refresh token", plain, []option{cookie(refreshCookie, plain.openSession(t, "alice").RefreshToken)}, 401, "authentication-required"},
		{"without the port", plain, []option{cookie("access_token", plain.token(t, "alice"))}, 401, "authentication-required"},
		{"of another port", plain, []option{cookie("access_token_8081", plain.token(t, "alice"))}, 401, "authentication-required"},
		{"beside that of another port", plain, []option{cookie("access_token_8081", "rubbish"), cookie(accessCookie, plain.token(t, "alice"))}, 200, ""},
		{"the name for TLS without TLS", plain, []option{cookie("__Host-access_token", plain.token(t, "alice"))}, 401, "authentication-required"},
		{"under TLS", tls, []option{cookie("__Host-access_token", tls.token(t, "alice"))}, 200, ""},
		{"under TLS one that a neighbour planted", tls, []option{cookie(accessCookie, tls.token(t, "alice"))}, 401, "authentication-required"},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.h.get(t, mePath, tc.opts...).wants(t, tc.status, tc.slug) })
	}
	t.Run("two refresh tokens", func(t *testing.T) {
		a, b := plain.openSession(t, "alice"), plain.openSession(t, "bob")
		both := with("Cookie", "refresh_token_8080="+a.RefreshToken+"; refresh_token_8080="+b.RefreshToken)
		res := plain.post(t, refreshPath, "", both).wants(t, 401, "refresh-token-invalid")
		if got := res.lines(); !slices.Equal(got, []string{"refresh_token_8080=<false>; Path=/api/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict"}) {
			t.Errorf("the cookies are %q", got)
		}
		plain.wantsValid(t, a.AccessToken)
		plain.mustRefresh(t, a.RefreshToken) // nothing was spent
	})
	t.Run("two on the menu", func(t *testing.T) {
		plain.get(t, "/api/v1/menu", with("Cookie", "access_token_8080=a; access_token_8080=b")).wants(t, 200, "")
		plain.get(t, "/api/v1/menu", cookie(accessCookie, plain.token(t, "vera"))).wants(t, 200, "")
	})
}

// senders are the ways in which a request can come from a page, or from none, to
// a server at localhost:8080.
var senders = []struct {
	name    string
	opts    []option
	foreign bool
}{
	{"curl, which says nothing", nil, false},
	{"a page of the server", []option{with("Sec-Fetch-Site", "same-origin"), with("Origin", testURL)}, false},
	{"somebody who typed the address", []option{with("Sec-Fetch-Site", "none")}, false},
	{"a page of the server in an old browser", []option{with("Origin", testURL)}, false},
	{"another port of the same host", []option{with("Sec-Fetch-Site", "same-site"), with("Origin", "http://localhost:3000")}, true},
	{"another port of the same host in an old browser", []option{with("Origin", "http://localhost:3000")}, true},
	{"another site", []option{with("Sec-Fetch-Site", "cross-site"), with("Origin", "https://evil.example")}, true},
	{"a sandboxed frame of another site", []option{with("Sec-Fetch-Site", "cross-site"), with("Origin", "null")}, true},
	{"a page without an origin", []option{with("Origin", "null")}, true},
	{"another site in an old browser", []option{with("Origin", "https://evil.example")}, true},
	{"a site whose name begins like ours", []option{with("Origin", "http://localhost:8080.evil.example")}, true},
	{"an origin that is none", []option{with("Origin", "%zz")}, true},
}

// TestCookies_whichPagesMaySendThem sends each unsafe call from each page. A cookie goes
// along by itself, so it counts only for pages of this server.
func TestCookies_whichPagesMaySendThem(t *testing.T) {
	srv := newServer(t)
	calls := []struct{ method, path, body string }{
		{"POST", "/api/v1/orders", margherita},
		{"POST", "/api/v1/orders/999/cancel", ""},
		{"DELETE", sessionsPath + "/none", ""},
		{"POST", passwordPath, `{"current":"x","new":"short"}`},
		{"PATCH", "/api/v1/kitchen/orders/999", `{"status":"preparing"}`},
		{"PATCH", usersPath + "/999", `{"vip":true}`},
		{"PUT", "/api/v1/menu/x", ""},
		{"DELETE", "/api/v1/menu/999", ""},
	}
	for _, page := range senders {
		t.Run(page.name, func(t *testing.T) {
			marco := srv.token(t, "marco")
			opts := append([]option{atHost("localhost:8080")}, page.opts...)
			for _, call := range calls {
				byCookie := srv.do(t, call.method, call.path, call.body, append(opts, cookie(accessCookie, marco))...)
				if page.foreign {
					byCookie.wants(t, 403, "cross-origin")
				} else if byCookie.Code == 403 || byCookie.Code == 401 {
					t.Errorf("%s %s: %d %s", call.method, call.path, byCookie.Code, byCookie.Body)
				}
				// A header is put there on purpose: no page can do that for somebody else.
				if byHeader := srv.do(t, call.method, call.path, call.body, append(opts, bearer(marco))...); byHeader.Code == 403 || byHeader.Code == 401 {
					t.Errorf("%s %s with a header: %d %s", call.method, call.path, byHeader.Code, byHeader.Body)
				}
			}
			for _, path := range []string{mePath, "/api/v1/orders", "/api/v1/menu", "/api/v1/users"} { // what changes nothing
				srv.get(t, path, append(opts, cookie(accessCookie, marco))...).wants(t, 200, "")
			}
			srv.do(t, "HEAD", mePath, "", append(opts, cookie(accessCookie, marco))...).wants(t, 200, "")
		})
	}
}

// A refresh token in a cookie counts only for pages of this origin.
func TestCookies_refreshOnlyFromSameOrigin(t *testing.T) {
	for _, page := range senders {
		t.Run(page.name, func(t *testing.T) {
			srv := newServer(t)
			opts := append([]option{atHost("localhost:8080")}, page.opts...)
			alice, bob := srv.openSession(t, "alice"), srv.openSession(t, "bob")
			mine := append(opts, cookie(refreshCookie, alice.RefreshToken))
			if page.foreign {
				res := srv.post(t, refreshPath, "", mine...).wants(t, 403, "cross-origin")
				srv.post(t, logoutPath, "", mine...).wants(t, 403, "cross-origin")
				srv.post(t, refreshPath, "{}", mine...).wants(t, 403, "cross-origin")
				if len(res.lines()) > 0 {
					t.Errorf("a strange page takes the cookie away: %v", res.lines())
				}
				srv.wantsValid(t, alice.AccessToken)
				srv.mustRefresh(t, alice.RefreshToken) // nothing was spent
			} else {
				srv.post(t, refreshPath, "", mine...).wants(t, 200, "")
			}
			srv.refresh(t, bob.RefreshToken, opts...).wants(t, 200, "") // in the body it counts from everywhere
		})
	}
}

// TestCookies_crossSiteLoginIsRefused is login CSRF: a page that logs its visitor in
// as somebody else.
func TestCookies_crossSiteLoginIsRefused(t *testing.T) {
	srv := newServer(t)
	const form, body = "username=bob&password=bob-likes-pizza", `{"username":"bob","password":"bob-likes-pizza"`
	for _, page := range senders {
		t.Run(page.name, func(t *testing.T) {
			opts := append([]option{atHost("localhost:8080")}, page.opts...)
			for _, login := range []struct {
				body string
				opts []option
			}{
				{form + "&cookie=true", append(opts, asForm)},
				{form + "&cookie=refresh", append(opts, asForm)},
				{body + `,"cookie":true}`, opts},
			} {
				res := srv.post(t, loginPath, login.body, login.opts...)
				if page.foreign {
					res.wants(t, 403, "cross-origin")
				} else {
					res.wants(t, 200, "")
				}
				if (len(res.lines()) > 0) == page.foreign {
					t.Errorf("%s: the cookies are %v", login.body, res.lines())
				}
			}
			for _, login := range []*response{srv.post(t, loginPath, form, append(opts, asForm)...), srv.post(t, loginPath, body+`}`, opts...)} {
				if page.foreign {
					login.wants(t, 403, "cross-origin")
				} else {
					login.wants(t, 200, "")
				}
				if len(login.lines()) > 0 {
					t.Errorf("a login without cookies sets %v", login.lines())
				}
			}
		})
	}
}

// TestCookies_publicURLIsTheOriginBehindAProxy: the proxy may call the server by
// another name than its guests do.
func TestCookies_publicURLIsTheOriginBehindAProxy(t *testing.T) {
	srv := newServer(t, overTLS)
	order := func(origin string) *response {
		return srv.post(t, "/api/v1/orders", margherita, atHost("127.0.0.1:8080"), with("Origin", origin), cookie("__Host-access_token", srv.token(t, "alice")))
	}
	order(httpsURL).wants(t, 201, "")
	for _, origin := range []string{"http://restaurant.example", httpsURL + ":8443", "https://evil.restaurant.example", "null"} {
		order(origin).wants(t, 403, "cross-origin")
	}
}

func TestCookies_logoutClearsExactlyThem(t *testing.T) {
	const (
		gone    = "<false>; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
		goneToo = "<false>; Path=/api/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict"
	)
	for _, tc := range []struct {
		name string
		opts func(access, refresh string) []option
		want []string
	}{
		{"both", func(a, r string) []option {
			return []option{with("Cookie", "access_token_8080="+a+"; refresh_token_8080="+r)}
		},
			[]string{"access_token_8080=" + gone, "refresh_token_8080=" + goneToo}},
		{"only the access cookie", func(a, _ string) []option { return []option{cookie(accessCookie, a)} }, []string{"access_token_8080=" + gone}},
		{"only the refresh cookie", func(_, r string) []option { return []option{cookie(refreshCookie, r)} }, []string{"refresh_token_8080=" + goneToo}},
		{"a header and the refresh cookie", func(a, r string) []option { return []option{bearer(a), cookie(refreshCookie, r)} }, []string{"refresh_token_8080=" + goneToo}},
		{"a header alone", func(a, _ string) []option { return []option{bearer(a)} }, nil},
	} {
		for _, path := range []string{"POST " + logoutPath, "DELETE " + sessionsPath} {
			method, path, _ := strings.Cut(path, " ")
			if method == "DELETE" && tc.name == "only the refresh cookie" {
				continue // it authenticates nothing
			}
			t.Run(tc.name+" at "+path, func(t *testing.T) {
				srv := newServer(t)
				alice, other := srv.openSession(t, "alice"), srv.openSession(t, "bob")
				res := srv.do(t, method, path, "", tc.opts(alice.AccessToken, alice.RefreshToken)...).wants(t, 204, "")
				if got := res.lines(); !slices.Equal(got, tc.want) {
					t.Errorf("the cookies are %q, want %q", got, tc.want)
				}
				srv.wantsRevoked(t, alice.AccessToken)
				srv.refresh(t, alice.RefreshToken).wants(t, 401, "refresh-token-invalid")
				srv.wantsValid(t, other.AccessToken)
			})
		}
	}
}

// A refresh cookie alone is enough for a logout.
func TestCookies_logoutWithOnlyARefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		alice, other := srv.openSession(t, "alice"), srv.openSession(t, "alice")
		time.Sleep(time.Hour) // the access tokens are gone
		mine := cookie(refreshCookie, alice.RefreshToken)
		srv.post(t, logoutPath, "", mine).wants(t, 204, "")
		srv.refresh(t, alice.RefreshToken).wants(t, 401, "refresh-token-invalid")
		srv.mustRefresh(t, other.RefreshToken)
	})
}

// TestCookies_surviveARestart: the mode stands in the database.
func TestCookies_surviveARestart(t *testing.T) {
	srv := newServer(t)
	u, err := srv.Store.UserByUsername(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[models.TokenDelivery]int{models.DeliverCookies: 2, models.DeliverRefreshCookie: 1} {
		grant, err := srv.Sessions.Open(t.Context(), u, "", mode, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		srv = srv.restart(t)
		res := srv.post(t, refreshPath, "", cookie(refreshCookie, grant.RefreshToken)).wants(t, 200, "")
		if len(res.lines()) != want {
			t.Errorf("%s: the cookies are %v", mode, res.lines())
		}
	}
}

const allowedOrigin = "https://friend.example"

func withCORS(srv *server) { srv.CORSOrigins = []string{allowedOrigin, "http://localhost:3000"} }

func TestCORS_onlyNamedOriginsMayRead(t *testing.T) {
	srv := newServer(t, withCORS)
	alice := srv.token(t, "alice")
	for origin, allowed := range map[string]bool{
		allowedOrigin: true, "http://localhost:3000": true,
		"https://evil.example": false, "http://friend.example": false, "https://friend.example:444": false, "https://FRIEND.example": false,
		"https://friend.example.evil.example": false, "https://evilfriend.example": false, "https://a.friend.example": false,
		"https://friend.example/": false, "http://localhost:3001": false, "null": false, "*": false, "": false,
	} {
		for _, res := range []*response{
			srv.get(t, mePath, bearer(alice), with("Origin", origin)).wants(t, 200, ""),
			srv.get(t, mePath, with("Origin", origin)).wants(t, 401, "authentication-required"),
			srv.get(t, "/nowhere", with("Origin", origin)).wants(t, 404, "not-found"),
			srv.post(t, "/api/v1/orders", margherita, bearer(alice), with("Origin", origin)).wants(t, 201, ""),
		} {
			want := ""
			if allowed {
				want = origin
			}
			if got := res.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s for %q: Access-Control-Allow-Origin is %q", res.request, origin, got)
			}
			exposed := res.Header().Get("Access-Control-Expose-Headers")
			if allowed && exposed != "Location, ETag, Server-Timing, X-Request-ID, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Lesson-Progress, WWW-Authenticate" || !allowed && exposed != "" {
				t.Errorf("%s for %q: exposed are %q", res.request, origin, exposed)
			}
			if res.Header()["Access-Control-Allow-Credentials"] != nil || !variesBy(res, "Origin") {
				t.Errorf("%s for %q: %v", res.request, origin, res.Header())
			}
		}
	}
}

func variesBy(res *response, by string) bool {
	for _, line := range res.Header().Values("Vary") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == by {
				return true
			}
		}
	}
	return false
}

// TestCORS_everyResponseVariesByOrigin: a cache must not give the answer for one
// origin to another.
func TestCORS_everyResponseVariesByOrigin(t *testing.T) {
	srv := newServer(t, withCORS)
	for route := range routeAccess {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodGet || strings.Contains(path, ":") || strings.Contains(path, "*") {
			continue
		}
		t.Run(path, func(t *testing.T) {
			if res := srv.get(t, path, with("Origin", allowedOrigin)); !variesBy(res, "Origin") {
				t.Errorf("Vary is %q", res.Header().Values("Vary"))
			}
		})
	}
	t.Run("a dish", func(t *testing.T) {
		if res := srv.get(t, "/api/v1/menu/1", with("Origin", allowedOrigin)); !variesBy(res, "Origin") || !variesBy(res, "Authorization") {
			t.Errorf("Vary is %q", res.Header().Values("Vary"))
		}
	})
}

// TestCORS_loopback: a front end under development is at any port of this computer.
func TestCORS_loopback(t *testing.T) {
	srv := newServer(t, func(srv *server) { srv.CORSOrigins = []string{"loopback"} })
	for origin, allowed := range map[string]bool{
		"http://localhost:5173": true, "http://127.0.0.1:3000": true, "http://localhost": true,
		"https://localhost:5173": false, "http://localhost.evil.example": false, "http://localhost:5173/": false,
		"http://a.localhost:5173": false, "http://evil.example": false, "http://127.0.0.1.evil.example:80": false, "null": false,
	} {
		got := srv.get(t, "/api/v1/menu", with("Origin", origin)).wants(t, 200, "").Header().Get("Access-Control-Allow-Origin")
		if (got == origin) != allowed || !allowed && got != "" {
			t.Errorf("%s: Access-Control-Allow-Origin is %q", origin, got)
		}
	}
}

// TestCORS_keysAndContractAreForEveryPage, also while CORS is off. Other answers are not.
func TestCORS_keysAndContractAreForEveryPage(t *testing.T) {
	for _, options := range [][]func(*server){nil, {withCORS}} {
		srv := newServer(t, options...)
		for path, want := range map[string]string{
			"/.well-known/jwks.json": "*", "/.well-known/public.pem": "*", "/.well-known/openid-configuration": "*", "/openapi.json": "*",
			"/api/v1/menu": "", "/": "",
		} {
			if got := srv.get(t, path, with("Origin", "https://evil.example")).Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s: Access-Control-Allow-Origin is %q", path, got)
			}
		}
	}
}

// TestCORS_refusalsOfTheKeysAreForEveryPage: a page elsewhere must be able to read why it got
// no keys. Of other calls it reads nothing.
func TestCORS_refusalsOfTheKeysAreForEveryPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withCORS, withRateLimit)
		for path, want := range map[string]string{"/.well-known/jwks.json": "*", "/openapi.json": "*", "/api/v1/menu": ""} {
			time.Sleep(time.Second)
			page := with("Origin", "https://evil.example")
			refusals := []*response{
				srv.do(t, "DELETE", path, "", page).wants(t, 405, "method-not-allowed"),
				srv.get(t, path, page, atHost("evil.example")).wants(t, 421, "misdirected-request"),
			}
			for range 50 { // of a small answer: that of the contract is large, and each is held against it
				srv.get(t, "/api/v1/menu/1", page)
			}
			for _, res := range append(refusals, srv.get(t, path, page).wants(t, 429, "rate-limited")) {
				if got := res.Header().Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s, %d: Access-Control-Allow-Origin is %q", res.request, res.Code, got)
				}
			}
			allowed := srv.get(t, path, with("Origin", allowedOrigin))
			if got := allowed.Header().Get("Access-Control-Allow-Origin"); got != cmp.Or(want, allowedOrigin) {
				t.Errorf("%s of an origin that is allowed: %q", path, got)
			}
		}
	})
}

// TestCORS_offNamesTheSetting: the author of a front end looks at the preflight's answer.
func TestCORS_offNamesTheSetting(t *testing.T) {
	srv := newServer(t)
	preflight := srv.do(t, "OPTIONS", "/api/v1/orders", "", with("Origin", allowedOrigin), with("Access-Control-Request-Method", "POST")).wants(t, 405, "method-not-allowed")
	if !strings.Contains(preflight.Body.String(), "CORS_ORIGINS") {
		t.Errorf("the preflight says %s", preflight.Body)
	}
	if plain := srv.do(t, "OPTIONS", "/api/v1/orders", "").wants(t, 405, "method-not-allowed"); strings.Contains(plain.Body.String(), "CORS_ORIGINS") {
		t.Errorf("what is no preflight says %s", plain.Body)
	}
}

func TestCORS_preflight(t *testing.T) {
	srv := newServer(t, withCORS)
	ask := func(path, origin string) *response {
		return srv.do(t, "OPTIONS", path, "", with("Origin", origin), with("Access-Control-Request-Method", "POST"), with("Access-Control-Request-Headers", "authorization,content-type"))
	}
	for _, path := range []string{"/api/v1/orders", loginPath, "/api/v1/orders/1/events"} {
		rec := httptest.NewRecorder() // the contract names no OPTIONS
		req := newRequest("OPTIONS", path, "")
		req.Header.Set("Origin", allowedOrigin)
		req.Header.Set("Access-Control-Request-Method", "POST")
		srv.handler.ServeHTTP(rec, req)
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":  allowedOrigin,
			"Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID",
			"Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
			"Access-Control-Max-Age":       "600",
		} {
			if got := rec.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if rec.Code != 204 || rec.Body.Len() > 0 || rec.Header()["Access-Control-Allow-Credentials"] != nil {
			t.Errorf("%s: %d %v %s", path, rec.Code, rec.Header(), rec.Body)
		}
		res := ask(path, "https://evil.example").wants(t, 405, "method-not-allowed")
		for name := range res.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: another origin gets %s", path, name)
			}
		}
		if !variesBy(res, "Origin") {
			t.Errorf("%s: another origin's answer does not vary", path)
		}
	}
	srv.do(t, "OPTIONS", "/api/v1/orders", "", with("Origin", allowedOrigin)).wants(t, 405, "method-not-allowed") // no preflight
}

func TestCORS_offSaysNothing(t *testing.T) {
	srv := newServer(t)
	res := srv.get(t, "/api/v1/menu", with("Origin", allowedOrigin)).wants(t, 200, "")
	for name := range res.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %s", name, res.Header().Get(name))
		}
	}
	if variesBy(res, "Origin") {
		t.Error("Vary names Origin")
	}
	srv.do(t, "OPTIONS", "/api/v1/menu", "", with("Origin", allowedOrigin), with("Access-Control-Request-Method", "GET")).wants(t, 405, "method-not-allowed")
}

// TestCORS_allowsNoCookies: an origin that may call the API is no
// page of this server.
func TestCORS_allowsNoCookies(t *testing.T) {
	srv := newServer(t, withCORS)
	from := []option{atHost("localhost:8080"), with("Origin", allowedOrigin), with("Sec-Fetch-Site", "cross-site")}
	srv.post(t, "/api/v1/orders", margherita, append(from, cookie(accessCookie, srv.token(t, "alice")))...).wants(t, 403, "cross-origin")
	srv.post(t, loginPath, `{"username":"bob","password":"bob-likes-pizza","cookie":true}`, from...).wants(t, 403, "cross-origin")
	srv.post(t, "/api/v1/orders", margherita, append(from, bearer(srv.token(t, "alice")))...).wants(t, 201, "")
}

// TestCookies_thatDoNotHoldCountAsNone: at a door that is open to anyone, a cookie may be
// left over or another program's. A header was sent on purpose.
func TestCookies_thatDoNotHoldCountAsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		expired := srv.token(t, "vera")
		time.Sleep(16 * time.Minute)
		left := srv.login(t, "vera").AccessToken
		srv.post(t, logoutPath, "", bearer(left)).wants(t, 204, "")
		plain := srv.get(t, "/api/v1/menu").wants(t, 200, "").Body.String()
		for name, tokens := range map[string][]string{"rubbish": {"abc"}, "expired": {expired}, "revoked": {left}, "an empty one": {""}, "two": {srv.token(t, "vera"), srv.token(t, "vera")}} {
			var cookies []option
			for _, token := range tokens {
				cookies = append(cookies, cookie(accessCookie, token))
			}
			if got := srv.get(t, "/api/v1/menu", cookies...).wants(t, 200, "").Body.String(); got != plain {
				t.Errorf("%s: the menu is another than that of somebody without a cookie", name)
			}
			srv.get(t, "/api/v1/menu/1", cookies...).wants(t, 200, "")
			if res := srv.get(t, mePath, cookies...); res.Code < 400 {
				t.Errorf("%s: a guarded door answers %d", name, res.Code)
			}
		}
		if got := srv.get(t, "/api/v1/menu", cookie(accessCookie, srv.token(t, "vera"))).wants(t, 200, "").Body.String(); got == plain {
			t.Error("a good cookie shows no secret dishes: this test shows nothing")
		}
		for token, slug := range map[string]string{"abc": "token-malformed", expired: "token-expired", left: "token-revoked"} {
			srv.get(t, "/api/v1/menu", bearer(token)).wants(t, 401, slug)
			srv.get(t, "/api/v1/menu", bearer(token), cookie(accessCookie, srv.token(t, "vera"))).wants(t, 401, slug)
		}
		none := with("Authorization", "")
		srv.get(t, "/api/v1/menu", none).wants(t, 200, "")
		srv.get(t, "/api/v1/menu", none, bearer(srv.token(t, "vera"))).wants(t, 400, "ambiguous-credentials")
		srv.get(t, "/api/v1/menu", bearer(srv.token(t, "vera")), none).wants(t, 400, "ambiguous-credentials")
	})
}

// TestCookies_loggingOutAlwaysWorks: whatever is in the cookies, they are taken back, and
// what is in them and holds ends.
func TestCookies_loggingOutAlwaysWorks(t *testing.T) {
	const (
		goneAccess  = accessCookie + "=<false>; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
		goneRefresh = refreshCookie + "=<false>; Path=/api/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict"
	)
	srv := newServer(t)
	alice, bob := srv.openSession(t, "alice"), srv.openSession(t, "bob")
	for _, tc := range []struct {
		name string
		opts []option
		want []string
	}{
		{"rubbish", []option{cookie(accessCookie, "abc"), cookie(refreshCookie, "abc")}, []string{goneAccess, goneRefresh}},
		{"a foreign access cookie", []option{cookie(accessCookie, "abc")}, []string{goneAccess}},
		{"empty ones", []option{cookie(accessCookie, ""), cookie(refreshCookie, "")}, []string{goneAccess, goneRefresh}},
		{"two of each", []option{
			cookie(accessCookie, "abc"), cookie(accessCookie, alice.AccessToken), cookie(refreshCookie, bob.RefreshToken), cookie(refreshCookie, "abc"),
		}, []string{goneAccess, goneRefresh}},
		{"those of a session that has ended", []option{cookie(accessCookie, alice.AccessToken), cookie(refreshCookie, alice.RefreshToken)}, []string{goneAccess, goneRefresh}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			strange := srv.post(t, logoutPath, "", append(tc.opts, with("Sec-Fetch-Site", "cross-site"))...).wants(t, 403, "cross-origin")
			if got := strange.lines(); len(got) > 0 {
				t.Errorf("a strange page takes cookies away: %q", got)
			}
			if got := srv.post(t, logoutPath, "", tc.opts...).wants(t, 204, "").lines(); !slices.Equal(got, tc.want) {
				t.Errorf("the cookies are %q, want %q", got, tc.want)
			}
		})
	}
	srv.wantsRevoked(t, alice.AccessToken)
	srv.wantsRevoked(t, bob.AccessToken)

	srv.post(t, logoutPath, "").wants(t, 401, "authentication-required")
	srv.post(t, logoutPath, "", bearer("abc")).wants(t, 401, "token-malformed")
	srv.post(t, logoutPath, "", bearer("abc"), cookie(accessCookie, srv.token(t, "alice"))).wants(t, 401, "token-malformed")
	srv.post(t, logoutPath, "", bearer(alice.AccessToken), cookie(refreshCookie, "abc")).wants(t, 401, "token-revoked")
}

// TestCookies_refreshWithoutAnyToken: nothing at all is no fault of the media type.
func TestCookies_refreshWithoutAnyToken(t *testing.T) {
	srv := newServer(t)
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for name, send := range map[string]func(...option) *response{
		"no body":         func(o ...option) *response { return srv.post(t, refreshPath, "", o...) },
		"an empty form":   func(o ...option) *response { return srv.post(t, refreshPath, "", append(o, asForm)...) },
		"an empty object": func(o ...option) *response { return srv.post(t, refreshPath, "{}", o...) },
		"an empty body of JSON": func(o ...option) *response {
			return srv.post(t, refreshPath, "", append(o, with("Content-Type", "application/json"))...)
		},
		"an empty chunked body": func(o ...option) *response { return srv.post(t, refreshPath, "", append(o, chunked)...) },
	} {
		t.Run(name, func(t *testing.T) {
			send().wants(t, 401, "refresh-token-invalid")
			foreign := send(cookie(refreshCookie, "abc")).wants(t, 401, "refresh-token-invalid")
			if got := foreign.cookiesSet(); len(got) != 1 || got[refreshCookie] != "" {
				t.Errorf("a cookie that does not hold is left: %v", foreign.lines())
			}
			send(cookie(refreshCookie, srv.openSession(t, "alice").RefreshToken)).wants(t, 200, "")
		})
	}
	token := srv.openSession(t, "alice").RefreshToken
	srv.post(t, refreshPath, `{"refresh_token":"`+token+`"}`, chunked).wants(t, 200, "")
}

// TestCookies_ofTwoServersOnOneHost keeps what both set in one jar, as a browser does:
// cookies ignore ports.
func TestCookies_ofTwoServersOnOneHost(t *testing.T) {
	one := newServer(t)
	two := newServer(t, func(srv *server) { srv.PublicURL = "http://localhost:8081" })
	jar := map[string]string{}
	for _, srv := range []*server{one, two} {
		for name, value := range srv.loginWithCookies(t, map[*server]string{one: "alice", two: "bob"}[srv], "true").cookiesSet() {
			jar[name] = value
		}
	}
	var cookies []option
	for name, value := range jar {
		cookies = append(cookies, cookie(name, value))
	}
	for srv, want := range map[*server]string{one: "Alice", two: "Bob"} {
		if got := decode[meResponse](t, srv.get(t, mePath, cookies...).wants(t, 200, "")).Name; got != want {
			t.Errorf("the guest is %s, want %s", got, want)
		}
		srv.post(t, refreshPath, "", cookies...).wants(t, 200, "")
	}
}
