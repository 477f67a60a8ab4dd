package handlers

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLogout_withAnExpiredAccessToken is a guest who comes back after a while and
// logs out: the access token has expired, the refresh token in the cookie has not.
func TestLogout_withAnExpiredAccessToken(t *testing.T) {
	const logoutPath = "/api/v1/auth/logout"
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		body := `{"username":"alice","password":"alice-likes-pizza","cookie":"refresh"}`
		res := srv.post(t, loginPath, body).wants(t, 200, "")
		token := decode[tokenResponse](t, res).AccessToken
		cookies := res.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("the cookies are %v", cookies)
		}
		refreshCookie := with("Cookie", cookies[0].Name+"="+cookies[0].Value)
		time.Sleep(16 * time.Minute)
		srv.post(t, logoutPath, "", bearer(token)).wants(t, 401, "token-expired")
		srv.post(t, logoutPath, "", bearer(token), refreshCookie, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
		srv.post(t, logoutPath, "", bearer(token), refreshCookie).wants(t, 204, "")
		srv.post(t, "/api/v1/auth/refresh", "", refreshCookie).wants(t, 401, "refresh-token-invalid")
		again := srv.post(t, logoutPath, "", bearer(token), refreshCookie).wants(t, 401, "refresh-token-invalid")
		again.wantsChallenge(t, "expired")
	})
}

// cookie takes true, false and "refresh", and nothing like them.
func TestLogin_cookieModeIsExact(t *testing.T) {
	srv := newServer(t)
	for value, status := range map[string]int{
		"true": 200, "false": 200, `"refresh"`: 200, "null": 200,
		`"true"`: 422, `"false"`: 422, `"cookie"`: 422, "1": 422, "[]": 422,
	} {
		body := `{"username":"alice","password":"alice-likes-pizza","cookie":` + value + `}`
		if res := srv.post(t, loginPath, body); res.Code != status {
			t.Errorf("cookie %s is answered %d", value, res.Code)
		}
	}
}

// TestLogout_endsEverySessionInTheJar: a second login has replaced only the refresh cookie
// of the first, so the jar holds tokens of two sessions.
func TestLogout_endsEverySessionInTheJar(t *testing.T) {
	srv := newServer(t)
	first := srv.loginWithCookies(t, "alice", `true`).cookiesSet()
	res := srv.loginWithCookies(t, "alice", `"refresh"`)
	second, kept := decode[tokenResponse](t, res).AccessToken, srv.login(t, "alice")
	jar := []option{cookie(accessCookie, first[accessCookie]), cookie(refreshCookie, res.cookiesSet()[refreshCookie])}
	cleared := srv.post(t, logoutPath, "", jar...).wants(t, 204, "").cookiesSet()
	if len(cleared) != 2 {
		t.Errorf("cleared are %v", cleared)
	}
	srv.wantsRevoked(t, first[accessCookie])
	srv.wantsRevoked(t, second)
	srv.refresh(t, res.cookiesSet()[refreshCookie]).wants(t, 401, "refresh-token-invalid")
	srv.wantsValid(t, kept.AccessToken)
}

// TestLogout_leavesCookiesOfAnotherSession: the header counts, so the session of the cookies
// goes on, and keeps them.
func TestLogout_leavesCookiesOfAnotherSession(t *testing.T) {
	for _, path := range []string{"POST " + logoutPath, "DELETE " + sessionsPath} {
		t.Run(path, func(t *testing.T) {
			method, path, _ := strings.Cut(path, " ")
			srv := newServer(t)
			alice, bob := srv.openSession(t, "alice"), srv.openSession(t, "bob")
			jar := []option{cookie(accessCookie, bob.AccessToken), cookie(refreshCookie, bob.RefreshToken)}
			res := srv.do(t, method, path, "", append(jar, bearer(alice.AccessToken))...).wants(t, 204, "")
			if got := res.lines(); len(got) > 0 {
				t.Errorf("cookies of an open session are taken away: %q", got)
			}
			srv.wantsRevoked(t, alice.AccessToken)
			srv.wantsValid(t, bob.AccessToken)
			if got := srv.do(t, method, path, "", jar...).wants(t, 204, "").cookiesSet(); len(got) != 2 {
				t.Errorf("with cookies alone, %v are cleared", got)
			}
			srv.wantsRevoked(t, bob.AccessToken)
		})
	}
}

// wantsChallenge wants the answer to say why the token that was sent is refused.
func (r *response) wantsChallenge(t *testing.T, why string) {
	t.Helper()
	want := `Bearer error="invalid_token", error_description="` + why + `"`
	if got := r.Header().Get("WWW-Authenticate"); got != want {
		t.Errorf("WWW-Authenticate is %q, want %q", got, want)
	}
}

// TestLogout_withAHeaderThatDoesNotHold is refused whichever cookies come along, and ends
// nothing: the header counts.
func TestLogout_withAHeaderThatDoesNotHold(t *testing.T) {
	srv := newServer(t)
	alice, gone := srv.openSession(t, "alice"), srv.openSession(t, "bob")
	srv.post(t, logoutPath, "", bearer(gone.AccessToken)).wants(t, 204, "")
	for name, jar := range map[string][]option{
		"no cookie": nil, "an access cookie": {cookie(accessCookie, alice.AccessToken)}, "a refresh cookie": {cookie(refreshCookie, alice.RefreshToken)},
		"both":                  {cookie(accessCookie, alice.AccessToken), cookie(refreshCookie, alice.RefreshToken)},
		"a dead refresh cookie": {cookie(refreshCookie, gone.RefreshToken)},
	} {
		t.Run(name, func(t *testing.T) {
			malformed := srv.post(t, logoutPath, "", append(jar, bearer("abc"))...).wants(t, 401, "token-malformed")
			malformed.wantsChallenge(t, "malformed")
			revoked := srv.post(t, logoutPath, "", append(jar, bearer(gone.AccessToken))...).wants(t, 401, "token-revoked")
			revoked.wantsChallenge(t, "revoked")
			if got := append(malformed.lines(), revoked.lines()...); len(got) > 0 {
				t.Errorf("cookies are taken away: %q", got)
			}
			srv.wantsValid(t, alice.AccessToken)
		})
	}
	srv.post(t, logoutPath, "", cookie(refreshCookie, alice.RefreshToken)).wants(t, 204, "")
	srv.wantsRevoked(t, alice.AccessToken)
}

// TestSessions_endingOneClearsItsCookies: only those of the session that has ended.
func TestSessions_endingOneClearsItsCookies(t *testing.T) {
	srv := newServer(t)
	mine, other, third := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "alice")
	both := []option{cookie(accessCookie, mine.AccessToken), cookie(refreshCookie, mine.RefreshToken)}
	mixed := []option{cookie(accessCookie, mine.AccessToken), cookie(refreshCookie, third.RefreshToken)}
	for _, tc := range []struct {
		name string
		end  string
		jar  []option
		want int
	}{
		{"another session", other.AccessToken, both, 0},
		{"another, whose refresh cookie came", third.AccessToken, mixed, 1},
		{"one's own", mine.AccessToken, both, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := srv.do(t, "DELETE", sessionsPath+"/"+sidOf(t, tc.end), "", tc.jar...).wants(t, 204, "")
			cleared := res.cookiesSet()
			if len(cleared) != tc.want || cleared[accessCookie]+cleared[refreshCookie] != "" {
				t.Errorf("the cookies are %q", res.lines())
			}
			srv.wantsRevoked(t, tc.end)
		})
	}
}

// TestSessions_unknownIdIsNoNumber: the refusal says what there is none of, and no more of
// another guest's session than of none.
func TestSessions_unknownIdIsNoNumber(t *testing.T) {
	srv := newServer(t)
	alice, bob := srv.openSession(t, "alice"), srv.openSession(t, "bob")
	end := func(id string) *response {
		return srv.do(t, "DELETE", sessionsPath+"/"+id, "", bearer(alice.AccessToken))
	}
	for _, id := range []string{"none", "7", sidOf(t, bob.AccessToken)} {
		if got := end(id).wants(t, 404, "not-found").Body.String(); !strings.Contains(got, "no open login session with that id") {
			t.Errorf("%s: %s", id, got)
		}
	}
	srv.wantsValid(t, bob.AccessToken)
	end(sidOf(t, alice.AccessToken)).wants(t, 204, "")
}

// TestSessions_spentCookieStays: two tabs send at the same moment, one of them a refresh. The
// answer for the other must not take away what the first has just been given.
func TestSessions_spentCookieStays(t *testing.T) {
	srv := newServer(t)
	mine, other := srv.openSession(t, "alice"), srv.openSession(t, "alice")
	jar := []option{cookie(accessCookie, mine.AccessToken), cookie(refreshCookie, mine.RefreshToken)}
	srv.refresh(t, mine.RefreshToken).wants(t, 200, "")
	end := func(token string, want int) {
		t.Helper()
		res := srv.do(t, "DELETE", sessionsPath+"/"+sidOf(t, token), "", jar...).wants(t, 204, "")
		if got := res.lines(); len(got) != want {
			t.Errorf("the cookies are %q", got)
		}
		srv.wantsRevoked(t, token)
	}
	end(other.AccessToken, 0)
	end(mine.AccessToken, 2) // the control
}
