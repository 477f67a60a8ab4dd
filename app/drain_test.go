package app

import (
	"net/http"
	"runtime"
	"testing"
	"time"
)

// TestAHouseThatClosesSendsGuestsElsewhere asks a house to close that shall let a
// load balancer notice it first.
func TestAHouseThatClosesSendsGuestsElsewhere(t *testing.T) {
	if runtime.GOOS == "windows" { // where a program can only be killed
		return
	}
	const drain = 2 * time.Second
	t.Setenv("DRAIN", drain.String())
	house := start(t, t.TempDir())
	alice := house.login("alice")
	if a := house.exchange("GET", "/api/v1/menu", "", ""); a.status != 200 || a.hangsUp {
		t.Errorf("an open house answers %d, and the connection is kept: %v", a.status, !a.hangsUp)
	}
	if err := house.cmd.Process.Signal(closingSignal); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	for house.exchange("GET", "/readyz", "", "").status != http.StatusServiceUnavailable {
		if time.Since(asked) > drain/2 {
			t.Fatal("it still says that it is ready")
		}
	}
	a := house.exchange("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`)
	if a.status != http.StatusCreated || !a.hangsUp {
		t.Errorf("an order is answered %d, and the connection is kept: %v", a.status, !a.hangsUp)
	}
	if code := house.wait(10 * time.Second); code != 0 || time.Since(asked) < drain {
		t.Errorf("it ended with %d after %v", code, time.Since(asked))
	}
}
