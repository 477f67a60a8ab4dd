package app

import (
	"strings"
	"testing"
	"time"
)

// TestHealthSaysWhetherTheHouseIsReady asks with the program itself, as a
// container does that has nothing else.
func TestHealthSaysWhetherTheHouseIsReady(t *testing.T) {
	house := start(t, t.TempDir())
	asked := launch(t, t.TempDir(), house.addr, "health")
	if code := asked.wait(10 * time.Second); code != 0 || !strings.Contains(asked.out.String(), "is ready") {
		t.Errorf("of an open house: %d, %s", code, asked.out)
	}
	asked = launch(t, t.TempDir(), freeAddr(t), "health")
	if code := asked.wait(10 * time.Second); code != 1 || !isOneSentence(asked.out.String(), "nothing answers there") {
		t.Errorf("of none: %d, %s", code, asked.out)
	}
}

func TestHealthUnderTLS(t *testing.T) {
	t.Setenv("TLS", "self-signed")
	t.Setenv("TLS_ADDR", freeAddr(t))
	house := launch(t, t.TempDir(), freeAddr(t))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // asked again, not raced against
		asked := launch(t, t.TempDir(), house.addr, "health")
		if asked.wait(10*time.Second) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("never ready: %s\n%s", asked.out, house.out)
		}
	}
}

func TestWhereHealthAsks(t *testing.T) {
	for addr, want := range map[string]string{
		"localhost:8080": "http://localhost:8080", ":8080": "http://127.0.0.1:8080", "0.0.0.0:80": "http://127.0.0.1:80",
		"[::]:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080", "192.0.2.1:8080": "http://192.0.2.1:8080",
	} {
		if got := (config{addr: addr, tls: "off"}).localURL(); got != want {
			t.Errorf("%s is asked at %s, want %s", addr, got, want)
		}
	}
}
