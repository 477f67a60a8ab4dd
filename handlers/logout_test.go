package handlers

import (
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
		srv.post(t, logoutPath, "", bearer(token), refreshCookie).wants(t, 401, "refresh-token-invalid")
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
