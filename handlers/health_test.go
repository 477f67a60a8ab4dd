package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func fromAddress(addr string) option {
	return func(r *http.Request) { r.RemoteAddr, r.Host = addr, "localhost:8080" }
}

func TestHealth_liveAndReady(t *testing.T) {
	srv := newServer(t)
	if got := decode[healthResponse](t, srv.get(t, "/healthz").wants(t, 200, "")); got.Status != "ok" || got.Version != "test" {
		t.Errorf("healthz is %+v", got)
	}
	if got := decode[readyResponse](t, srv.get(t, "/readyz").wants(t, 200, "")); got != (readyResponse{"ready", "ok", "ok"}) {
		t.Errorf("readyz is %+v", got)
	}
	srv.Drain()
	srv.get(t, "/readyz").wants(t, 503, "not-ready")
	srv.get(t, "/healthz").wants(t, 200, "")
}

// TestReady_meansThatAnOrderCouldBeTaken: while another program keeps the database to
// itself, neither is possible, and then both are.
func TestReady_meansThatAnOrderCouldBeTaken(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	srv.get(t, "/readyz").wants(t, 200, "")
	other := srv.location.secondConnection(t)
	hold := "BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE"
	if srv.location.file != "" {
		hold = "BEGIN IMMEDIATE"
	}
	if _, err := other.Exec(hold); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	res := srv.get(t, "/readyz").wants(t, 503, "database-unavailable")
	if took := time.Since(start); took > 3*time.Second || res.Header().Get("Retry-After") == "" {
		t.Errorf("after %v with Retry-After %q", took, res.Header().Get("Retry-After"))
	}
	srv.get(t, "/healthz").wants(t, 200, "")
	srv.get(t, "/api/v1/menu").wants(t, 200, "")
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	srv.newOrder(t, alice)
	srv.get(t, "/readyz").wants(t, 200, "")
}

func TestMetrics_forManagersAndLoopback(t *testing.T) {
	srv := newServer(t)
	srv.get(t, "/api/v1/menu/1")
	const elsewhere, here = "192.0.2.1:1234", "127.0.0.1:1234"
	srv.get(t, "/metrics", fromAddress(elsewhere)).wants(t, 401, "authentication-required")
	srv.get(t, "/metrics", fromAddress(elsewhere), srv.as(t, "alice")).wants(t, 403, "role-required")
	srv.get(t, "/metrics", fromAddress(elsewhere), srv.as(t, "marco")).wants(t, 200, "")
	for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Port", "Forwarded", "X-Real-IP", "Via"} {
		srv.get(t, "/metrics", fromAddress(here), with(header, "192.0.2.1")).wants(t, 401, "authentication-required")
	}
	srv.get(t, "/metrics", fromAddress(here), func(r *http.Request) { r.Host = "LOCALHOST.:8080" }).wants(t, 200, "")
	srv.get(t, "/metrics", fromAddress("[::1]:1234"), func(r *http.Request) { r.Host = "[::1]:8080" }).wants(t, 200, "")
	text := srv.get(t, "/metrics", fromAddress(here)).wants(t, 200, "").Body.String()
	for _, want := range []string{
		`restaurant_http_request_duration_seconds_count{method="GET",route="/api/v1/menu/:id",status="200"} 1`,
		"go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics say nothing of %s", want)
		}
	}
}

// TestMetrics_forACollectorWithTheToken: from anywhere, and also behind a proxy.
func TestMetrics_forACollectorWithTheToken(t *testing.T) {
	const secret, elsewhere = "0123456789abcdef", "192.0.2.1:1234"
	srv := newServer(t, func(srv *server) { srv.MetricsToken, srv.BehindProxy = secret, true })
	srv.get(t, "/metrics", fromAddress(elsewhere), bearer(secret)).wants(t, 200, "")
	srv.get(t, "/metrics", fromAddress(elsewhere), with("Authorization", "bearer "+secret)).wants(t, 200, "") // in any case, as for guests
	srv.get(t, "/metrics", fromAddress(elsewhere), bearer(secret), bearer(secret)).wants(t, 400, "ambiguous-credentials")
	srv.get(t, "/metrics", fromAddress(elsewhere), with("Authorization", "Basic "+secret)).wants(t, 401, "authentication-required")
	srv.get(t, "/metrics", fromAddress(elsewhere), bearer(secret+"0")).wants(t, 401, "token-malformed")
	srv.get(t, "/metrics", fromAddress(elsewhere)).wants(t, 401, "authentication-required")
	srv.get(t, "/api/v1/orders", bearer(secret)).wants(t, 401, "token-malformed")
	newServer(t).get(t, "/metrics", fromAddress(elsewhere), bearer("")).wants(t, 401, "token-malformed")
}

func TestMetrics_behindAProxyNothingIsLoopback(t *testing.T) {
	srv := newServer(t, func(srv *server) { srv.BehindProxy = true })
	srv.get(t, "/metrics", fromAddress("127.0.0.1:1234")).wants(t, 401, "authentication-required")
	srv.get(t, "/metrics", fromAddress("127.0.0.1:1234"), srv.as(t, "marco")).wants(t, 200, "")
}

func TestMetrics_haveBoundedLabels(t *testing.T) {
	srv := newServer(t)
	for _, path := range []string{"/a", "/b", "/api/v1/orders/77", "/%2e%2e/x"} {
		srv.get(t, path)
		srv.do(t, "BREW", path, "")
	}
	text := srv.get(t, "/metrics", fromAddress("127.0.0.1:1")).Body.String()
	if strings.Contains(text, "BREW") || strings.Contains(text, "77") && strings.Contains(text, "orders/77") || !strings.Contains(text, `method="other",route="none",status="404"`) {
		t.Error("what a client made up is counted under its own name")
	}
}
