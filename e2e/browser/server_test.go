package browser

import (
	"net/http"
	"os/exec"
	"testing"

	"restaurant/e2e/testkit"
)

// server is the real program over a database of its own.
type server struct {
	*testkit.Process
	t        testing.TB
	dir      string
	settings []string
}

// startServer starts the program. Settings such as "RESTAURANT_KITCHEN=manual" add to or
// replace a kitchen that is quick enough for tests.
func startServer(t testing.TB, settings ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), settings: settings}
	s.start(testkit.FreeAddr(t))
	return s
}

// start starts the program at an address, and waits until it is ready.
func (s *server) start(addr string) {
	s.t.Helper()
	s.Process = testkit.Prepare(s.t, s.dir, addr, exec.Command(testkit.Program()))
	s.Cmd.Env = append(s.Cmd.Env, "RESTAURANT_KITCHEN_PACE=300ms", "RESTAURANT_RATE_LIMIT=50/s", // the limit that the page meets elsewhere
		"RESTAURANT_ALLOWED_HOSTS="+insecureHost)
	s.Cmd.Env = append(s.Cmd.Env, s.settings...)
	s.Start()
	s.AwaitReady()
}

// restart starts the program again after Kill: same address, same database.
func (s *server) restart() { s.t.Helper(); s.start(s.Addr) }

// mustCall makes a request beside the browser that cannot be refused.
func (s *server) mustCall(method, path, token, body string, into any) {
	s.t.Helper()
	if status := s.Call(method, path, token, body, into); status < 200 || status > 299 {
		s.t.Fatalf("%s %s is answered %d", method, path, status)
	}
}

// placeOrder places an order beside the browser and returns its number.
func (s *server) placeOrder(token string) int64 {
	s.t.Helper()
	var order struct{ ID int64 }
	s.mustCall(http.MethodPost, "/api/v1/orders", token, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, &order)
	return order.ID
}
