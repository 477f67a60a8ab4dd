package handlers

import (
	"net/http/httptest"
	"strings"
	"testing"

	"restaurant/problem"
	"restaurant/tokens"
)

// TestRevoked_namesTheReason ends a login session in every way there is. The refusal says
// which it was, also after a restart.
func TestRevoked_namesTheReason(t *testing.T) {
	by := func(method, path, body, username string) func(t *testing.T, srv *server, bob tokens.TokenPair) {
		return func(t *testing.T, srv *server, _ tokens.TokenPair) {
			if res := srv.do(t, method, path, body, srv.as(t, username)); res.Code >= 300 {
				t.Fatalf("answered %d %s", res.Code, res.Body)
			}
		}
	}
	for _, tc := range []struct {
		name, says string
		end        func(t *testing.T, srv *server, bob tokens.TokenPair)
	}{
		{"a logout", "logged out", func(t *testing.T, srv *server, bob tokens.TokenPair) {
			srv.post(t, logoutPath, "", bearer(bob.AccessToken)).wants(t, 204, "")
		}},
		{"the list of sessions", "list of login sessions", by("DELETE", "/api/v1/auth/sessions", "", "bob")},
		{"a new password", "password was changed", by("POST", "/api/v1/auth/password", `{"current":"bob-likes-pizza","new":"a sentence only I know"}`, "bob")},
		{"another role", "role", by("PATCH", usersPath+"/2", `{"role":"chef"}`, "marco")},
		{"another VIP status", "VIP", by("PATCH", usersPath+"/2", `{"vip":true}`, "marco")},
		{"a refresh token used twice", "used twice", func(t *testing.T, srv *server, bob tokens.TokenPair) {
			srv.mustRefresh(t, bob.RefreshToken)
			srv.refresh(t, bob.RefreshToken).wants(t, 401, "refresh-token-reused")
		}},
		{"plain HTTP", "plain HTTP", func(_ *testing.T, srv *server, bob tokens.TokenPair) {
			req := httptest.NewRequest("GET", "http://restaurant.example/api/v1/menu", nil)
			req.Header.Set("Authorization", "Bearer "+bob.AccessToken)
			RedirectToHTTPS(srv.API).ServeHTTP(httptest.NewRecorder(), req)
		}},
		{"a fresh kitchen", "kitchen was made fresh", by("POST", "/learn/reset", `{"what":"kitchen"}`, "marco")},
		{"a manager", "manager ended", by("DELETE", usersPath+"/2/sessions", "", "marco")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := newServer(t)
			bob := srv.openSession(t, "bob")
			srv.wantsValid(t, bob.AccessToken)
			tc.end(t, srv, bob)
			for _, now := range []*server{srv, srv.restart(t)} {
				p := decode[problem.Problem](t, now.get(t, mePath, bearer(bob.AccessToken)).wants(t, 401, "token-revoked"))
				if !strings.Contains(p.Detail, tc.says) {
					t.Errorf("the refusal says %q", p.Detail)
				}
			}
		})
	}
}

// TestRevoked_unknownReason is a session that an earlier release ended: the refusal lists
// what it may have been.
func TestRevoked_unknownReason(t *testing.T) {
	srv := newServer(t)
	bob, sid := srv.openSessionID(t, "bob")
	if err := srv.Store.EndSession(t.Context(), 2, sid, ""); err != nil {
		t.Fatal(err)
	}
	p := decode[problem.Problem](t, srv.get(t, mePath, bearer(bob.AccessToken)).wants(t, 401, "token-revoked"))
	if p.Detail != problem.TokenRevoked.Meaning {
		t.Errorf("the refusal says %q", p.Detail)
	}
}
