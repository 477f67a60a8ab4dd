package e2e

import (
	"net/http"
	"runtime"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestDrain_servesUntilTheBalancerHasNoticed asks a server to shut down that shall
// let a load balancer notice it first.
func TestDrain_servesUntilTheBalancerHasNoticed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be asked to shut down on Windows, only killed")
	}
	const drain = 4 * time.Second // half of it is for a busy machine to answer a few requests
	t.Setenv("RESTAURANT_DRAIN", drain.String())
	server := testkit.Start(t, t.TempDir())
	alice := server.Login("alice")
	if a := server.Do("GET", "/api/v1/menu", "", ""); a.Status != 200 || a.Close {
		t.Errorf("a running server answers %d, and the connection is kept: %v", a.Status, !a.Close)
	}
	server.Signal()
	asked := time.Now()
	for server.Do("GET", "/readyz", "", "").Status != http.StatusServiceUnavailable {
		if time.Since(asked) > drain/2 {
			t.Fatal("it still says that it is ready")
		}
	}
	a := server.Do("POST", "/api/v1/orders", alice, onePizza)
	if a.Status != http.StatusCreated || !a.Close {
		t.Errorf("an order is answered %d, and the connection is kept: %v", a.Status, !a.Close)
	}
	if code := server.Wait(10 * time.Second); code != 0 || time.Since(asked) < drain {
		t.Errorf("exit code %d after %v", code, time.Since(asked))
	}
}
