package e2e

import (
	"bufio"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestShutdown_endsOpenStreams sends SIGTERM while a stream is open: it ends in
// order, and so does the program.
func TestShutdown_endsOpenStreams(t *testing.T) {
	t.Setenv("RESTAURANT_KITCHEN", "manual")
	server := testkit.Start(t, t.TempDir())
	alice := server.Login("alice")
	server.Call("POST", "/api/v1/orders", alice, onePizza, nil)
	req, err := http.NewRequest("GET", server.URL+"/api/v1/orders/1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+alice)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	stream := bufio.NewReader(res.Body)
	if first, err := stream.ReadString('\n'); err != nil || first != "event: status\n" {
		t.Fatalf("the stream begins with %q, %v", first, err)
	}
	start := time.Now()
	server.Signal()
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	if code := server.Wait(10 * time.Second); code != 0 {
		t.Errorf("exit code %d after %v: %s", code, time.Since(start), server.Output)
	}
	if output := server.Output.String(); !strings.Contains(output, "Stopping") || !strings.Contains(output, "has stopped") {
		t.Errorf("it does not say that it stops and has stopped: %s", output)
	}
}

// TestShutdown_secondSignalEndsAtOnce: the operator need not wait for the drain.
func TestShutdown_secondSignalEndsAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be asked to shut down on Windows, only killed")
	}
	server := testkit.Start(t, t.TempDir(), "-drain", "60s")
	server.Signal()
	for asked := time.Now(); server.Do("GET", "/readyz", "", "").Status != http.StatusServiceUnavailable; {
		if time.Since(asked) > 10*time.Second {
			t.Fatal("it does not drain")
		}
	}
	again := time.Now()
	server.Signal()
	if code := server.Wait(20 * time.Second); code == 0 {
		t.Errorf("exit code 0 after %v, as if the drain were over", time.Since(again))
	}
}
