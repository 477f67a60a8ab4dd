package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// standIns are two servers in the place of branches, which answer alike and count.
type standIns struct {
	door  *running
	asked atomic.Int64 // of what is not about readiness
}

// behindDoor needs nginx, like TestChaos, and runs with it.
func behindDoor(t *testing.T, answer http.HandlerFunc) *standIns {
	t.Helper()
	s := new(standIns)
	var addrs []string
	for range 2 {
		branch := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				s.asked.Add(1)
				answer(w, r)
			}
		}))
		t.Cleanup(branch.Close)
		addrs = append(addrs, branch.Listener.Addr().String())
	}
	s.door = openDoor(t, freeAddr(t), addrs...)
	return s
}

// TestWhatTheDoorSendsAgain lets every branch die with a request in its hands.
func TestWhatTheDoorSendsAgain(t *testing.T) {
	if os.Getenv("CHAOS") == "" {
		return
	}
	key := []string{"Idempotency-Key", "k"}
	for _, tc := range []struct {
		method, path string
		headers      []string
		branches     int64 // that are asked
	}{
		{"GET", "/api/v1/menu", nil, 2},
		{"POST", "/api/v1/orders", nil, 1},
		{"POST", "/api/v1/orders", key, 2},
		{"POST", "/api/v1/orders?a=b", key, 2},
		{"POST", "/api/v1/auth/login", key, 1}, // a key means something for orders only
		{"POST", "/api/v1/auth/refresh", nil, 1},
		{"PATCH", "/api/v1/kitchen/orders/1", nil, 1},
	} {
		t.Run(fmt.Sprint(tc.method, " ", tc.path, tc.headers), func(t *testing.T) {
			t.Parallel()
			s := behindDoor(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() != tc.path || r.Method != tc.method {
					t.Errorf("the branch is asked %s %s", r.Method, r.URL.RequestURI())
				}
				panic(http.ErrAbortHandler)
			})
			a := s.door.exchange(tc.method, tc.path, "", "{}", tc.headers...)
			if a.status != http.StatusBadGateway || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("Retry-After") == "" || !strings.Contains(string(a.text), "nobody knows") {
				t.Errorf("the guest is told %d %v %s", a.status, a.header, a.text)
			}
			if got := s.asked.Load(); got != tc.branches {
				t.Errorf("%d branches were asked, want %d", got, tc.branches)
			}
		})
	}
}

// TestTheDoorPassesRefusalsOn: a branch whose database is away is not one that is
// away.
func TestTheDoorPassesRefusalsOn(t *testing.T) {
	if os.Getenv("CHAOS") == "" {
		return
	}
	s := behindDoor(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("X-Forwarded-For"); len(got) != 1 || got[0] != "127.0.0.1" {
			t.Errorf("X-Forwarded-For is %v", got)
		}
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	const calls = 10
	for range calls {
		if a := s.door.exchange("GET", "/api/v1/orders", "", "", "X-Forwarded-For", "192.0.2.1"); a.status != 503 || a.header.Get("Retry-After") != "5" {
			t.Errorf("the guest is told %d %v", a.status, a.header)
		}
	}
	if got := s.asked.Load(); got != calls {
		t.Errorf("branches were asked %d times, want %d", got, calls)
	}
}
