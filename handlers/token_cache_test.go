package handlers

import (
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

func withoutTokenCache(srv *server) { srv.DisableTokenCache = true }

// metric reads one number from the metrics, or "" where there is none.
func (srv *server) metric(name string) string {
	rec := httptest.NewRecorder()
	srv.metrics.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (.*)$`).FindStringSubmatch(rec.Body.String())
	if found == nil {
		return ""
	}
	return found[1]
}

func (srv *server) hits() string {
	return srv.metric(`restaurant_token_cache_lookups_total{result="hit"}`)
}

// TestTokenCache_tokensStillEnd shows each access token twice, so that it is
// remembered, and lets happen what must end it.
func TestTokenCache_tokensStillEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(t *testing.T, srv *server, alice option)
		want string
	}{
		"expiry": {func(*testing.T, *server, option) { time.Sleep(15 * time.Minute) }, "token-expired"},
		"logout": {func(t *testing.T, srv *server, alice option) { srv.post(t, logoutPath, "", alice).wants(t, 204, "") }, "token-revoked"},
		"all sessions ended by a manager": {func(t *testing.T, srv *server, _ option) {
			srv.do(t, "DELETE", usersPath+"/1/sessions", "", srv.as(t, "marco")).wants(t, 204, "")
		}, "token-revoked"},
		"the end of its key": {func(t *testing.T, srv *server, _ option) {
			srv.post(t, rotatePath, "", srv.as(t, "marco")).wants(t, 201, "")
			time.Sleep(16 * time.Minute)
			if err := srv.Authority.Keys().Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, "token-key-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t)
				defer srv.Store.Close()
				alice := bearer(srv.openSession(t, "alice").AccessToken)
				srv.get(t, mePath, alice).wants(t, 200, "")
				srv.get(t, mePath, alice).wants(t, 200, "")
				if got := srv.hits(); got != "1" {
					t.Errorf("%s lookups found it, want 1", got)
				}
				tc.end(t, srv, alice)
				for range 2 {
					srv.get(t, mePath, alice).wants(t, 401, tc.want)
				}
				srv.get(t, mePath, srv.as(t, "alice")).wants(t, 200, "")
			})
		})
	}
}

func TestTokenCache_off(t *testing.T) {
	srv := newServer(t, withoutTokenCache)
	alice := srv.as(t, "alice")
	for range 3 {
		srv.get(t, mePath, alice).wants(t, 200, "")
	}
	if got := srv.hits(); got != "0" {
		t.Errorf("%s lookups found something, want 0", got)
	}
}

// TestTokenCache_rateLimitStillCounts: the limit of a guest holds whether the
// signature was checked or not.
func TestTokenCache_rateLimitStillCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(srv *server) { srv.RateLimit = 3 })
		defer srv.Store.Close()
		alice := srv.as(t, "alice")
		for range 3 {
			srv.get(t, mePath, alice).wants(t, 200, "")
		}
		srv.get(t, mePath, alice).wants(t, 429, "rate-limited")
		srv.get(t, mePath, srv.as(t, "bob")).wants(t, 200, "")
	})
}

func TestMetrics_commits(t *testing.T) {
	srv := newServer(t)
	srv.newOrder(t, srv.as(t, "alice"))
	for name, want := range map[string]string{
		"restaurant_commit_writes_count": "1", "restaurant_commit_writes_sum": "1",
		"restaurant_commit_duration_seconds_count": "1", "restaurant_writes_under_way": "0",
	} {
		if got := srv.metric(name); got != want {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
}
