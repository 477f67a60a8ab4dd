package app

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
	"restaurant/server"
)

// serveRefusing serves app as the program does, until the test ends.
func serveRefusing(t *testing.T, app *App, certificates *server.Certificates) *server.Server {
	t.Helper()
	gin.SetMode(gin.TestMode)
	s, err := server.Listen(t.Context(), server.Options{Addr: "127.0.0.1:0", TLS: certificates, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.OnRefusal(app.api.Refuse)
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(app.api.Handler()) })
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return s
}

// answer is what the tests read of a response.
type answer struct {
	status  int
	header  http.Header
	length  int64
	problem problem.Problem
}

// exchange sends bytes over a connection of their own and reads one answer.
func exchange(t *testing.T, s *server.Server, sent string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, sent); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", sent, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, length: res.ContentLength}
	if a.status >= 400 {
		if err := json.Unmarshal(body, &a.problem); err != nil {
			t.Errorf("%q is answered %d %q", sent, a.status, body)
		}
	}
	return a
}

// TestRefusals_ofTheLibrary sends what net/http refuses by itself. The answers are
// problems like all others; what it lets through gets the ordinary answer.
func TestRefusals_ofTheLibrary(t *testing.T) {
	t.Parallel()
	app := buildDemo(t)
	s := serveRefusing(t, app, nil)
	const menu, host, end = "GET /api/v1/menu/1 HTTP/1.1\r\n", "Host: localhost\r\n", "\r\n"
	for _, tc := range []struct {
		name, sent   string
		status       int
		slug, detail string
	}{
		{"a sound request", menu + host + end, 200, "", ""},
		{"a refusal of our own", "GET /nowhere HTTP/1.1\r\n" + host + end, 404, "not-found", "nothing at this address"},
		{"a control character in a token", menu + host + "Authorization: Bearer a\x01b\r\n" + end, 400, "malformed-request", "wristband"},
		{"a refused login in place of a token's line", menu + host + `{"type":"/problems/invalid-credentials","title":"no"}` + "\r\n" + end, 400, "malformed-request", "wristband"},
		{"a line without a colon", menu + host + "Bearer abc\r\n" + end, 400, "malformed-request", "wristband"},
		{"a name with a blank", menu + host + "A b: c\r\n" + end, 400, "malformed-request", ""},
		{"a byte-order mark in front of a header", menu + host + "\xef\xbb\xbfAuthorization: Bearer a\r\n" + end, 400, "malformed-request", "wristband"},
		{"no host", menu + end, 421, "misdirected-request", "names no host"},
		{"no host in HTTP/1.0", "GET /api/v1/menu/1 HTTP/1.0\r\n" + end, 421, "misdirected-request", "names no host"},
		{"an empty host", menu + "Host:\r\n" + end, 421, "misdirected-request", "names no host"},
		{"another host", menu + "Host: evil.example\r\n" + end, 421, "misdirected-request", "does not belong to this server"},
		{"a host with an empty label", menu + "Host: a..localhost\r\n" + end, 400, "malformed-host", ""},
		{"a host that begins with a dot", menu + "Host: .localhost\r\n" + end, 400, "malformed-host", ""},
		{"a name of this machine", menu + "Host: pizza.localhost.\r\n" + end, 200, "", ""},
		{"two hosts", menu + host + host + end, 400, "malformed-request", ""},
		{"a host with a slash", menu + "Host: local/host\r\n" + end, 400, "malformed-host", ""},
		{"no request at all", "hello\r\n\r\n", 400, "malformed-request", ""},
		{"a path with a blank", "GET /a b HTTP/1.1\r\n" + host + end, 400, "malformed-request", ""},
		{"another transfer encoding", "POST /api/v1/orders HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n" + end, 400, "malformed-request", "Transfer-Encoding"},
		{"two lengths", "POST /api/v1/orders HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n" + end + "x", 400, "malformed-request", ""},
		{"HTTP/3.0", "GET / HTTP/3.0\r\n" + host + end, 400, "malformed-request", "HTTP/1.1"},
		{"an expectation", "POST /api/v1/orders HTTP/1.1\r\n" + host + "Expect: a pizza\r\nContent-Length: 2\r\n" + end + "{}", 417, "expectation-failed", ""},
		{"headers of 9 KiB", menu + host + "A: " + strings.Repeat("a", 9<<10) + "\r\n" + end, 431, "header-too-large", ""},
		{"headers of 2 MiB", menu + host + strings.Repeat("A: "+strings.Repeat("a", 1<<10)+"\r\n", 2<<10) + end, 431, "header-too-large", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := exchange(t, s, tc.sent)
			p := a.problem
			if a.status != tc.status || !strings.HasSuffix(p.Type, tc.slug) || !strings.Contains(p.Detail, tc.detail) {
				t.Errorf("answered %d %+v", a.status, a.problem)
			}
			if tc.slug != "" && (p.Status != tc.status || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-ID") || a.header.Get("Content-Type") != problem.ContentType) {
				t.Errorf("incomplete: %v %+v", a.header, p)
			}
			for _, name := range []string{"X-Request-Id", "X-Content-Type-Options", "Date"} {
				if a.header.Get(name) == "" {
					t.Errorf("the answer has no %s: %v", name, a.header)
				}
			}
		})
	}
}

// TestRefusals_plainHTTPWhereTLSIsSpoken: the answer comes in front of TLS.
func TestRefusals_plainHTTPWhereTLSIsSpoken(t *testing.T) {
	t.Parallel()
	certificates, err := server.OpenSelfSigned(filepath.Join(t.TempDir(), "tls"), []string{"localhost"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a := exchange(t, serveRefusing(t, buildDemo(t), certificates), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a.status != 400 || a.problem.Type != "/problems/malformed-request" || !strings.Contains(a.problem.Detail, "https://") {
		t.Errorf("answered %d %+v", a.status, a.problem)
	}
}

// TestOptions_ofTheWholeServer: the answer has the headers of all others.
func TestOptions_ofTheWholeServer(t *testing.T) {
	t.Parallel()
	s := serveRefusing(t, buildDemo(t), nil)
	a := exchange(t, s, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a.status != 200 || a.length != 0 || !strings.Contains(a.header.Get("Allow"), "PATCH") || a.header.Get("X-Request-Id") == "" || a.header.Get("Server-Timing") == "" {
		t.Errorf("answered %d %v", a.status, a.header)
	}
	if a := exchange(t, s, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n"); a.status != 421 {
		t.Errorf("under another name: %d %+v", a.status, a.problem)
	}
	if a := exchange(t, s, "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n"); a.status != 400 && a.status != 404 {
		t.Errorf("GET *: %d %+v", a.status, a.problem)
	}
}
