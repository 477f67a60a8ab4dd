package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"restaurant/e2e/testkit"
)

// fakeInstances are two servers that answer alike and count, with nginx in front.
type fakeInstances struct {
	nginx    *testkit.Process
	requests atomic.Int64 // without those for readyz
}

// startFakeInstances needs nginx, like TestChaos, and runs with it.
func startFakeInstances(t *testing.T, answer http.HandlerFunc) *fakeInstances {
	t.Helper()
	s := new(fakeInstances)
	var addrs []string
	for range 2 {
		instance := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				s.requests.Add(1)
				answer(w, r)
			}
		}))
		t.Cleanup(instance.Close)
		addrs = append(addrs, instance.Listener.Addr().String())
	}
	s.nginx = testkit.StartNginx(t, testkit.FreeAddr(t), addrs...)
	return s
}

// TestNginx_retriesWhatIsSafe lets every instance die with a request in its hands.
func TestNginx_retriesWhatIsSafe(t *testing.T) {
	needChaos(t)
	key := []string{"Idempotency-Key", "k"}
	for _, tc := range []struct {
		method, path string
		headers      []string
		instances    int64 // that are asked
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
			s := startFakeInstances(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() != tc.path || r.Method != tc.method {
					t.Errorf("the instance is asked %s %s", r.Method, r.URL.RequestURI())
				}
				panic(http.ErrAbortHandler)
			})
			a := s.nginx.Do(tc.method, tc.path, "", "{}", tc.headers...)
			if a.Status != http.StatusBadGateway || a.Header.Get("Content-Type") != "application/problem+json" || a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.Body), "nobody knows") {
				t.Errorf("the client is told %d %v %s", a.Status, a.Header, a.Body)
			}
			if got := s.requests.Load(); got != tc.instances {
				t.Errorf("%d instances were asked, want %d", got, tc.instances)
			}
		})
	}
}

// TestNginx_passesRefusalsOn: an instance whose database is away is not away itself.
func TestNginx_passesRefusalsOn(t *testing.T) {
	needChaos(t)
	s := startFakeInstances(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("X-Forwarded-For"); len(got) != 1 || got[0] != "127.0.0.1" {
			t.Errorf("X-Forwarded-For is %v", got)
		}
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	const calls = 10
	for range calls {
		if a := s.nginx.Do("GET", "/api/v1/orders", "", "", "X-Forwarded-For", "192.0.2.1"); a.Status != 503 || a.Header.Get("Retry-After") != "5" {
			t.Errorf("the client is told %d %v", a.Status, a.Header)
		}
	}
	if got := s.requests.Load(); got != calls {
		t.Errorf("instances were asked %d times, want %d", got, calls)
	}
}
