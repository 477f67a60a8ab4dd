package handlers

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wireClient asks who it is over the wire, as curl does with connect-to.
func (srv *server) overWire(t *testing.T, addr, scheme string, roots *x509.CertPool) (*http.Response, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}}, Timeout: 10 * time.Second}
	req, err := http.NewRequestWithContext(t.Context(), "GET", scheme+"://"+addr+mePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "localhost:8080"
	req.Header.Set("Authorization", "Bearer "+srv.token(t, "alice"))
	return client.Do(req)
}

type wireAnswer struct {
	Listen, Log string
	CA          *string
}

// TestWire_showsWhatAnybodySees: the token in clear without TLS, and nothing of it with TLS.
func TestWire_showsWhatAnybodySees(t *testing.T) {
	srv := newServer(t)
	srv.get(t, "/lab/wire/log").wants(t, 404, "not-found")
	token := srv.token(t, "alice")

	plain := decode[wireAnswer](t, srv.post(t, "/lab/wire", `{"tls":false}`).wants(t, 201, ""))
	res, err := srv.overWire(t, plain.Listen, "http", nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %v", res, err)
	}
	res.Body.Close()
	log := srv.get(t, plain.Log, with("Accept", "*/*")).wants(t, 200, "").Body.String()
	if !strings.Contains(log, "Authorization: Bearer ") || !strings.Contains(log, `"name":"Alice"`) || !strings.Contains(log, "HTTP/1.1 200 OK") {
		t.Errorf("without TLS the log shows %s", log)
	}
	srv.get(t, "/lab/wire/ca.pem").wants(t, 404, "not-found")

	secure := decode[wireAnswer](t, srv.post(t, "/lab/wire", "tls=true", asForm).wants(t, 201, ""))
	if res, err := srv.overWire(t, plain.Listen, "http", nil); err == nil {
		res.Body.Close()
		t.Error("the old wire is still open")
	}
	if res, err := srv.overWire(t, secure.Listen, "https", x509.NewCertPool()); err == nil {
		res.Body.Close()
		t.Error("a client trusts what it does not know")
	}
	old := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // to be refused
	if conn, err := tls.Dial("tcp", secure.Listen, old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is accepted")
	}
	broken := func() int {
		return strings.Count(srv.get(t, secure.Log, with("Accept", "*/*")).Body.String(), "broke off")
	}
	eventually(t, "the first of the two is noted", func() bool { return broken() == 1 })
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(srv.get(t, *secure.CA).wants(t, 200, "").Body.Bytes()) {
		t.Fatal("the authority is no certificate")
	}
	if res, err = srv.overWire(t, secure.Listen, "https", roots); err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %v", res, err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	log = srv.get(t, secure.Log, with("Accept", "application/json")).wants(t, 200, "").Body.String()
	if !strings.Contains(string(body), "Alice") || strings.Contains(log, "Bearer") || strings.Contains(log, "Alice") || strings.Contains(log, token[:20]) {
		t.Errorf("with TLS the log shows %s", log)
	}
	if n := broken(); n != 1 {
		t.Errorf("%d of two clients have broken off: the server refused the other", n)
	}
	for _, want := range []string{"host name localhost", "broke off the handshake", `"encrypted data`, `"handshake"`} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log: %s", want, log)
		}
	}
}

// TestWire_noticesWhoLeavesAfterTheHandshake: curl with OpenSSL looks at the certificate only when
// the handshake is over, and then leaves without a request. Who sends one does not count, nor
// whom the server sends away.
func TestWire_noticesWhoLeavesAfterTheHandshake(t *testing.T) {
	srv := newServer(t)
	secure := decode[wireAnswer](t, srv.post(t, "/lab/wire", "tls=true", asForm).wants(t, 201, ""))
	connect := func() *tls.Conn {
		conn, err := tls.Dial("tcp", secure.Listen, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it looks at nothing
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	left := func() int {
		return strings.Count(srv.get(t, secure.Log, with("Accept", "*/*")).Body.String(), "left after the handshake")
	}
	asks := connect()
	fmt.Fprint(asks, "GET /api/v1/menu/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	if answer, _ := io.ReadAll(asks); !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("it is answered %s", answer)
	}
	asks.Close()
	connect().NetConn().Close() // as curl does, without close_notify
	eventually(t, "the one that left is noted", func() bool { return left() == 1 })
	connect().Close()
	eventually(t, "one that says so is noted, too", func() bool { return left() == 2 })

	waits := connect()
	srv.post(t, "/lab/wire", "tls=true", asForm).wants(t, 201, "") // closes the wire before it
	if _, err := waits.Read(make([]byte, 1)); err == nil {
		t.Error("the old wire answers")
	}
	facts := srv.get(t, "/learn/facts", srv.as(t, "marco")).wants(t, 200, "").Body.String()
	if n := strings.Count(facts, `"route":"wire:handshake"`); n != 2 {
		t.Errorf("%d have left by themselves, want 2: %s", n, facts)
	}
}

func TestWire_answersAFileForCurl(t *testing.T) {
	srv := newServer(t)
	for accept, isFile := range map[string]bool{"text/plain": true, "*/*": false, "application/json, text/plain, */*": false} {
		text := srv.post(t, "/lab/wire", "tls=false", asForm, with("Accept", accept)).wants(t, 201, "").Body.String()
		if strings.HasPrefix(text, `connect-to = "::127.0.0.1:`) != isFile {
			t.Errorf("for %s it answers %s", accept, text)
		}
	}
}

// TestWire_isBounded: what comes beyond 64 KiB is not kept, and the log says so.
func TestWire_isBounded(t *testing.T) {
	srv := newServer(t)
	plain := decode[wireAnswer](t, srv.post(t, "/lab/wire", `{"tls":false}`).wants(t, 201, ""))
	for range 4 {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+plain.Listen+"/api/v1/menu", nil)
		req.Host = "localhost"
		req.Header.Set("Accept-Encoding", "identity")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	log := srv.get(t, plain.Log, with("Accept", "*/*")).wants(t, 200, "").Body.String()
	if len(log) > 80<<10 || !strings.HasSuffix(log, "the log is full.\n") {
		t.Errorf("the log has %d bytes and ends with %q", len(log), log[max(0, len(log)-100):])
	}
	for _, tc := range []struct {
		body, slug string
		status     int
	}{{`{"tls":"yes"}`, "validation-failed", 422}, {`{"tls":true,"host":"x"}`, "unknown-field", 400}, {`{`, "malformed-json", 400}} {
		srv.post(t, "/lab/wire", tc.body).wants(t, tc.status, tc.slug)
	}
	srv.post(t, "/lab/wire", "tls=maybe", asForm).wants(t, 422, "validation-failed")
	srv.post(t, "/lab/wire", `{"tls":false}`, with("Sec-Fetch-Site", "cross-site")).wants(t, 403, "cross-origin")
}
