package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const endedPath = "/.well-known/ended.json"

// sumOf is how the list names the login session of an access token.
func (srv *server) sumOf(t *testing.T, token string) string {
	t.Helper()
	p, err := srv.Authority.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(p.SessionID))
	return hex.EncodeToString(sum[:])
}

func (srv *server) ended(t *testing.T) (sums []string, list endedResponse) {
	t.Helper()
	list = decode[endedResponse](t, srv.get(t, endedPath).wants(t, 200, ""))
	for _, e := range list.Ended {
		sums = append(sums, e.SIDSHA256)
	}
	return sums, list
}

// TestEnded_listsSessionsUntilTheirLastTokenExpires ends one of two login sessions.
func TestEnded_listsSessionsUntilTheirLastTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		if body := srv.get(t, endedPath).wants(t, 200, "").Body.String(); !strings.Contains(body, `"ended":[]`) {
			t.Errorf("nobody has logged out: %s", body)
		}
		gone, stays := srv.login(t, "alice").AccessToken, srv.login(t, "alice").AccessToken
		sum, expires := srv.sumOf(t, gone), time.Now().Add(srv.Authority.Lifetime())
		if sums, _ := srv.ended(t); len(sums) != 0 {
			t.Errorf("listed are %v", sums)
		}
		time.Sleep(time.Minute)
		srv.post(t, logoutPath, "", bearer(gone)).wants(t, 204, "")
		sums, list := srv.ended(t) // at once
		if !slices.Equal(sums, []string{sum}) || slices.Contains(sums, srv.sumOf(t, stays)) {
			t.Fatalf("listed are %v, want %s", sums, sum)
		}
		if !list.AsOf.Equal(time.Now()) || list.Ended[0].Until.Sub(expires).Abs() > time.Second {
			t.Errorf("%+v at %v", list, time.Now())
		}
		time.Sleep(srv.Authority.Lifetime() - time.Minute - time.Second)
		if sums, _ := srv.ended(t); len(sums) != 1 {
			t.Errorf("a second before the end, listed are %v", sums)
		}
		time.Sleep(2*time.Second + endedMaxAge)
		if sums, _ := srv.ended(t); len(sums) != 0 {
			t.Errorf("after the end, listed are %v", sums)
		}
	})
}

// TestEnded_isForEverybodyAndKeptForSeconds: pages of all origins may read it, and what
// asks twice costs one query.
func TestEnded_isForEverybodyAndKeptForSeconds(t *testing.T) {
	srv := newServer(t)
	alice := srv.login(t, "alice").AccessToken
	if sums, _ := srv.ended(t); len(sums) != 0 {
		t.Errorf("listed are %v", sums)
	}
	srv.post(t, logoutPath, "", bearer(alice)).wants(t, 204, "")
	first := srv.get(t, endedPath, with("Origin", "https://example.com")).wants(t, 200, "")
	if h := first.Body.String(); !strings.Contains(h, "sid_sha256") {
		t.Errorf("a logout is not in the list at once: %s", h)
	}
	h := first.Header()
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") != "public, max-age=5" || !strings.Contains(h.Get("Server-Timing"), "1 query") {
		t.Errorf("%v", h)
	}
	second := srv.get(t, endedPath).wants(t, 200, "")
	if second.Body.String() != first.Body.String() || !strings.Contains(second.Header().Get("Server-Timing"), "0 queries") {
		t.Errorf("%v %s", second.Header(), second.Body)
	}
	if strings.Contains(first.Body.String(), "logout") || strings.Contains(first.Body.String(), "alice") {
		t.Errorf("the list says too much: %s", first.Body)
	}
}

// Each instance lists what ended on any.
func TestInstances_listAllEndedSessions(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		north.listen(t)
		alice := south.openSession(t, "alice").AccessToken
		sum := south.sumOf(t, alice)
		if sums, _ := north.ended(t); len(sums) != 0 {
			t.Errorf("listed are %v", sums)
		}
		south.post(t, logoutPath, "", bearer(alice)).wants(t, 204, "")
		eventually(t, "the other lists it", func() bool { sums, _ := north.ended(t); return slices.Contains(sums, sum) })
	})
}
