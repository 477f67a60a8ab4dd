package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// house is the real program over an order book of its own.
type house struct {
	t        testing.TB
	addr     string // localhost:port
	dir      string
	settings []string
	cmd      *exec.Cmd
	said     *output
}

type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// openHouse starts the program. Settings such as "KITCHEN=manual" add to or
// replace a kitchen that is quick enough for tests.
func openHouse(t testing.TB, settings ...string) *house {
	t.Helper()
	h := &house{t: t, addr: freeAddr(t), dir: t.TempDir(), settings: settings, said: new(output)}
	h.open()
	t.Cleanup(h.close)
	return h
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// open opens the house, again after close: same address, same order book.
func (h *house) open() {
	h.t.Helper()
	h.cmd = h.command()
	h.cmd.Stdout, h.cmd.Stderr = h.said, h.said
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	if !eventually(h.t, func() bool { return h.call("GET", "/readyz", "", "", nil) == http.StatusOK }) {
		h.t.Fatalf("the house does not open:\n%s", h.said)
	}
}

// command is the program with this house's settings.
func (h *house) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "ADDR="+h.addr, "DATA_DIR="+h.dir, "KITCHEN_PACE=300ms")
	cmd.Env = append(cmd.Env, h.settings...)
	return cmd
}

// close pulls the plug, so that nothing is said goodbye to.
func (h *house) close() {
	if h.cmd != nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
		h.cmd = nil
	}
}

// call makes one request beside the browser. Status 0 means: not delivered.
func (h *house) call(method, path, token, body string, into any) int {
	h.t.Helper()
	req, err := http.NewRequest(method, "http://"+h.addr+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || into != nil && json.Unmarshal(text, into) != nil {
		return 0
	}
	return res.StatusCode
}

var client = &http.Client{Timeout: 10 * time.Second}

// must makes a request that cannot be refused.
func (h *house) must(method, path, token, body string, into any) {
	h.t.Helper()
	if status := h.call(method, path, token, body, into); status < 200 || status > 299 {
		h.t.Fatalf("%s %s is answered %d", method, path, status)
	}
}

// token logs a demo guest in beside the browser.
func (h *house) token(username string) string {
	h.t.Helper()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	h.must("POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, username, username), &answer)
	return answer.AccessToken
}

// orders places an order beside the browser and gives its number.
func (h *house) orders(token string) int64 {
	h.t.Helper()
	var order struct{ ID int64 }
	h.must("POST", "/api/v1/orders", token, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, &order)
	return order.ID
}
