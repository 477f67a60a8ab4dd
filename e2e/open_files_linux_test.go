package e2e

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/e2e/testkit/process"
)

// TestOpenFiles_theLogSaysWhyClientsWait opens more connections than the server may have
// files. It says so once, and serves again when they are gone.
func TestOpenFiles_theLogSaysWhyClientsWait(t *testing.T) {
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	addr := testkit.FreeAddr(t)
	server := testkit.Prepare(t, t.TempDir(), addr, exec.Command("sh", "-c", `ulimit -n 64 && exec "$0"`, testkit.Program()))
	server.Start()
	server.AwaitReady()
	const why = "cannot accept more connections"
	if output := server.Output.String(); strings.Contains(output, why) {
		t.Fatalf("with few connections the log says\n%s", output)
	}
	var conns []net.Conn
	for range 120 {
		c, err := net.DialTimeout("tcp", addr, 10*time.Second) // the backlog takes what the server does not
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	server.AwaitOutput(why)
	for _, c := range conns {
		c.Close()
	}
	if a, err := process.NewClient("http://"+addr).Do(t.Context(), "GET", "/api/v1/menu", "", ""); err != nil || a.Status != http.StatusOK {
		t.Errorf("afterwards the menu is answered %d: %v", a.Status, err)
	}
	if output := server.Output.String(); strings.Count(output, why) != 1 || !strings.Contains(output, "level=WARN") || !strings.Contains(output, "too many open files") {
		t.Errorf("the log says\n%s", output)
	}
}
