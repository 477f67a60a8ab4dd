package e2e

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestDemo_ordersAPizza runs the program's own tour.
func TestDemo_ordersAPizza(t *testing.T) {
	t.Setenv("RESTAURANT_KITCHEN_PACE", "50ms")
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "demo")
	server.AwaitOutput("-h.")
	output := server.Output.String()
	for _, want := range []string{"POST /api/v1/auth/login", "200 OK", "GET /api/v1/menu", "POST /api/v1/orders", "201 Created", "/events", `"status":"served"`, "Buon appetito", server.URL + "/learn", server.URL + "/swagger/index.html"} {
		if !strings.Contains(output, want) {
			t.Errorf("the demo does not show %s:\n%s", want, output)
		}
	}
	if n := len(regexp.MustCompile(`Answered after \d+ ms`).FindAllString(output, -1)); n != 3 {
		t.Errorf("it prints the time of %d answers", n)
	}
	if n := len(regexp.MustCompile(`\d\.\d s after the order`).FindAllString(output, -1)); n != 5 { // four steps, and the end
		t.Errorf("it prints %d times since the order", n)
	}
	if strings.Contains(output, "-----BEGIN") || regexp.MustCompile(`ey[\w-]+\.ey[\w-]+\.[\w-]{300}`).MatchString(output) {
		t.Error("the demo prints a whole token or a key")
	}
	if status := server.Call("GET", "/api/v1/menu", "", "", nil); status != 200 {
		t.Errorf("after the demo the menu answers %d", status)
	}
}

// TestDemo_trustsItsOwnCertificate runs the tour over TLS.
func TestDemo_trustsItsOwnCertificate(t *testing.T) {
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "demo", "-tls", "self-signed", "-tls-addr", testkit.FreeAddr(t))
	server.AwaitOutput("Buon appetito")
}

// TestDemo_speaksToItselfOnly: alice's password goes to no other program that answers for
// the public address.
func TestDemo_speaksToItselfOnly(t *testing.T) {
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "demo", "-public-url", other.URL)
	server.AwaitOutput("Buon appetito")
	if asked.Load() > 0 {
		t.Errorf("another program got %d requests", asked.Load())
	}
}

// TestDemo_saysThatItWasStopped: a script must not take half a demo for a whole one.
func TestDemo_saysThatItWasStopped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be asked to shut down on Windows, only killed")
	}
	t.Setenv("RESTAURANT_KITCHEN_PACE", "1h")
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "demo")
	server.AwaitOutput(`"status":"placed"`)
	server.Signal()
	code, output := server.Wait(10*time.Second), server.Output.String()
	if code != 1 || !strings.Contains(output, "stopped before the pizza was served") || !strings.Contains(output, "order 1 is saved") || strings.Contains(output, "Now you") {
		t.Errorf("exit code %d after: %s", code, output)
	}
}
