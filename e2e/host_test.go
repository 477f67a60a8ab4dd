package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestHost_overTheWire sends what only a raw connection can: no Host at all, and a whole
// URL in the request line, which counts instead of Host (RFC 9112, section 3.2.2).
func TestHost_overTheWire(t *testing.T) {
	server := testkit.Start(t, t.TempDir(), "-public-url", "http://pizza.example.com", "-allowed-hosts", "kitchen.example")
	for head, status := range map[string]int{
		"GET /learn HTTP/1.1\r\nHost: pizza.example.com":                           200,
		"GET /learn HTTP/1.1\r\nHost: Kitchen.Example.:99":                         200,
		"GET http://localhost/learn HTTP/1.1\r\nHost: evil.example":                200,
		"GET /healthz HTTP/1.0":                                                    200,
		"GET /healthz HTTP/1.1\r\nHost: evil.example":                              200,
		"GET /readyz HTTP/1.1\r\nHost:":                                            200,
		"GET http://evil.example/learn HTTP/1.1\r\nHost: localhost":                421,
		"GET /learn HTTP/1.1\r\nHost: pizza.example.co":                            421,
		"GET /learn HTTP/1.1\r\nHost:":                                             421,
		"GET /learn HTTP/1.0":                                                      421,
		"GET /metrics HTTP/1.1\r\nHost: evil.example":                              421,
		"OPTIONS /api/v1/orders HTTP/1.1\r\nHost: evil.example":                    421,
		"GET /learn HTTP/1.1\r\nHost: pizza.example.com\r\nHost: pizza.example.co": 400,
		"GET /learn HTTP/1.1\r\nHost: user@localhost":                              400,
	} {
		conn, err := net.Dial("tcp", server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s\r\nConnection: close\r\n\r\n", head)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		res.Body.Close()
		if res.StatusCode != status || status == 421 && res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q is answered %s, want %d", head, res.Status, status)
		}
		conn.Close()
	}
}

// TestHost_namesOfTheCertificate: what the certificate is for is a name of the server,
// without a setting.
func TestHost_namesOfTheCertificate(t *testing.T) {
	cert, key := createPair(t, t.TempDir(), "kitchen", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	secure := testkit.FreeAddr(t)
	server := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "-tls", "files", "-tls-addr", secure, "-tls-cert", cert, "-tls-key", key)
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	server.URL, server.HTTP = "https://"+secure, trusting(t, text)
	server.AwaitReady()
	for host, status := range map[string]int{"www.pizza.example:8443": 200, "A.PIZZA.example.": 200, "localhost": 200, "pizza.example": 421, "a.b.pizza.example": 421, "evil.example": 421} {
		req, err := http.NewRequest("GET", server.URL+"/api/v1/menu/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := server.HTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s is answered %s, want %d", host, res.Status, status)
		}
	}
}

// TestHost_behindAProxyWithoutAName says at the start why every client will be refused.
func TestHost_behindAProxyWithoutAName(t *testing.T) {
	for setting, warned := range map[string]bool{"": true, "-public-url=https://pizza.example": false, "-allowed-hosts=pizza.example": false} {
		args := []string{"-behind-proxy", "on", "-demo-data", "off"}
		if setting != "" {
			args = append(args, setting)
		}
		server := testkit.Start(t, t.TempDir(), args...)
		server.Stop() // by then all that it wrote has arrived
		if got := strings.Contains(server.Output.String(), "RESTAURANT_ALLOWED_HOSTS"); got != warned {
			t.Errorf("with %q it warns: %t\n%s", setting, got, server.Output)
		}
	}
}
