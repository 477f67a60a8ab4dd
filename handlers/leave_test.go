package handlers

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestLeavingWithAnExpiredWristband is a guest who comes back after a while and
// logs out: the wristband has expired, the voucher in the cookie has not.
func TestLeavingWithAnExpiredWristband(t *testing.T) {
	const logoutPath = "/api/v1/auth/logout"
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.Store.Close()
		body := `{"username":"alice","password":"alice-likes-pizza","cookie":"refresh"}`
		res := h.post(t, loginPath, body).wants(t, 200, "")
		token := decode[tokenResponse](t, res).AccessToken
		cookies := res.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("the cookies are %v", cookies)
		}
		voucher := with("Cookie", cookies[0].Name+"="+cookies[0].Value)
		time.Sleep(16 * time.Minute)
		h.post(t, logoutPath, "", bearer(token)).wants(t, 401, "token-expired")
		h.post(t, logoutPath, "", bearer(token), voucher, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
		h.post(t, logoutPath, "", bearer(token), voucher).wants(t, 204, "")
		h.post(t, "/api/v1/auth/refresh", "", voucher).wants(t, 401, "refresh-token-invalid")
		h.post(t, logoutPath, "", bearer(token), voucher).wants(t, 401, "refresh-token-invalid")
	})
}

func TestWhereToKeepTheTokensIsSaidExactly(t *testing.T) {
	h := newHouse(t)
	for value, status := range map[string]int{
		"true": 200, "false": 200, `"refresh"`: 200, "null": 200,
		`"true"`: 422, `"false"`: 422, `"cookie"`: 422, "1": 422, "[]": 422,
	} {
		body := `{"username":"alice","password":"alice-likes-pizza","cookie":` + value + `}`
		if res := h.post(t, loginPath, body); res.Code != status {
			t.Errorf("cookie %s is answered %d", value, res.Code)
		}
	}
}
