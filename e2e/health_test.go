package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestHealth_saysWhetherTheServerIsReady asks with the program itself, as a
// container does that has nothing else.
func TestHealth_saysWhetherTheServerIsReady(t *testing.T) {
	server := testkit.Start(t, t.TempDir())
	health := testkit.Launch(t, t.TempDir(), server.Addr, "health")
	if code := health.Wait(10 * time.Second); code != 0 || !strings.Contains(health.Output.String(), "is ready") {
		t.Errorf("of a running server: %d, %s", code, health.Output)
	}
	health = testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "health")
	if code := health.Wait(10 * time.Second); code != 1 || !isOneSentence(health.Output.String(), "nothing answers there") {
		t.Errorf("of none: %d, %s", code, health.Output)
	}
}

// TestHealth_believesNoOtherProgram asks where a program listens that answers anything.
func TestHealth_believesNoOtherProgram(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "another program answers there", "::1": "nothing answers there"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Logf("skipped %s: %v", host, err)
			continue
		}
		other := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "<!doctype html>") }))
		other.Listener = l
		other.Start()
		defer other.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		health := testkit.Launch(t, t.TempDir(), "localhost:"+port, "health")
		if code := health.Wait(10 * time.Second); code != 1 || !isOneSentence(health.Output.String(), want) {
			t.Errorf("beside a program on %s: %d, %s", host, code, health.Output)
		}
	}
}

func TestHealth_underTLS(t *testing.T) {
	t.Setenv("RESTAURANT_TLS", "self-signed")
	t.Setenv("RESTAURANT_TLS_ADDR", testkit.FreeAddr(t))
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // polled, not raced against
		health := testkit.Launch(t, t.TempDir(), server.Addr, "health")
		if health.Wait(10*time.Second) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("never ready: %s\n%s", health.Output, server.Output)
		}
	}
}
