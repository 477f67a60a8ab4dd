package handlers

import (
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

func withoutTokenCache(h *house) { h.DisableTokenCache = true }

// metric reads one number from the metrics, or "" where there is none.
func (h *house) metric(name string) string {
	rec := httptest.NewRecorder()
	h.metrics.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (.*)$`).FindStringSubmatch(rec.Body.String())
	if found == nil {
		return ""
	}
	return found[1]
}

func (h *house) hits() string {
	return h.metric(`restaurant_token_cache_lookups_total{result="hit"}`)
}

// TestARememberedWristbandStillEnds shows each wristband twice, so that it is
// remembered, and lets happen what must end it.
func TestARememberedWristbandStillEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(t *testing.T, h *house, alice option)
		want string
	}{
		"expiry": {func(*testing.T, *house, option) { time.Sleep(15 * time.Minute) }, "token-expired"},
		"logout": {func(t *testing.T, h *house, alice option) { h.post(t, logoutPath, "", alice).wants(t, 204, "") }, "token-revoked"},
		"all sessions ended by a manager": {func(t *testing.T, h *house, _ option) {
			h.do(t, "DELETE", usersPath+"/1/sessions", "", h.as(t, "marco")).wants(t, 204, "")
		}, "token-revoked"},
		"the end of its key": {func(t *testing.T, h *house, _ option) {
			h.post(t, rotatePath, "", h.as(t, "marco")).wants(t, 201, "")
			time.Sleep(16 * time.Minute)
			if err := h.Authority.Keys().Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, "token-key-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				defer h.Store.Close()
				alice := bearer(h.enter(t, "alice").AccessToken)
				h.get(t, mePath, alice).wants(t, 200, "")
				h.get(t, mePath, alice).wants(t, 200, "")
				if got := h.hits(); got != "1" {
					t.Errorf("%s lookups found it, want 1", got)
				}
				tc.end(t, h, alice)
				for range 2 {
					h.get(t, mePath, alice).wants(t, 401, tc.want)
				}
				h.get(t, mePath, h.as(t, "alice")).wants(t, 200, "")
			})
		})
	}
}

func TestTheTokenCacheCanBeSwitchedOff(t *testing.T) {
	h := newHouse(t, withoutTokenCache)
	alice := h.as(t, "alice")
	for range 3 {
		h.get(t, mePath, alice).wants(t, 200, "")
	}
	if got := h.hits(); got != "" {
		t.Errorf("%s lookups found something", got)
	}
}

// TestARememberedWristbandIsStillCounted: the limit of a guest holds whether the
// signature was checked or not.
func TestARememberedWristbandIsStillCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(h *house) { h.RateLimit = 3 })
		defer h.Store.Close()
		alice := h.as(t, "alice")
		for range 3 {
			h.get(t, mePath, alice).wants(t, 200, "")
		}
		h.get(t, mePath, alice).wants(t, 429, "rate-limited")
		h.get(t, mePath, h.as(t, "bob")).wants(t, 200, "")
	})
}

func TestMetricsTellOfCommits(t *testing.T) {
	h := newHouse(t)
	h.order(t, h.as(t, "alice"))
	for name, want := range map[string]string{
		"restaurant_commit_writes_count": "1", "restaurant_commit_writes_sum": "1",
		"restaurant_commit_duration_seconds_count": "1", "restaurant_writes_under_way": "0",
	} {
		if got := h.metric(name); got != want {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
}
