package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// startTLS starts the program with a self-signed certificate. plain is the address
// that only redirects.
func startTLS(t testing.TB, dir string, args ...string) (server *testkit.Process, plain string) {
	t.Helper()
	secure := testkit.FreeAddr(t)
	args = append([]string{"-tls", "self-signed", "-tls-addr", secure}, args...)
	server = testkit.Launch(t, dir, testkit.FreeAddr(t), args...)
	plain = server.URL
	server.URL = "https://" + secure
	deadline := time.Now().Add(20 * time.Second)
	for {
		if ca, err := os.ReadFile(filepath.Join(dir, "tls", "ca.pem")); err == nil {
			server.HTTP = trusting(t, ca)
			if server.Call("GET", "/readyz", "", "", nil) == 200 {
				return server, plain
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %s", server.Output)
		}
		time.Sleep(5 * time.Millisecond) // polled, not raced against
	}
}

// trusting is a client that trusts this authority only, and follows nothing.
func trusting(t testing.TB, ca []byte) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("no certificate in ca.pem")
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// TestTLS_selfSigned uses the certificate as the start-up message says, and again
// after a restart.
func TestTLS_selfSigned(t *testing.T) {
	dir := t.TempDir()
	server, _ := startTLS(t, dir)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	caFile := filepath.Join(dir, "tls", "ca.pem")
	ca, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		conn, err := tls.Dial("tcp", "localhost:"+port, &tls.Config{RootCAs: server.HTTP.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: name, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Errorf("the certificate is not for %s: %v", name, err)
			continue
		}
		conn.Close()
	}
	_, err = tls.Dial("tcp", "localhost:"+port, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	res, err := server.HTTP.Get(server.URL + "/healthz")
	if err != nil || res.Header.Get("Strict-Transport-Security") != "max-age=300" {
		t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	for name, mode := range map[string]os.FileMode{"ca-key.pem": 0o600, "key.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, "tls", name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	output := server.Output.String()
	if print := fingerprint(t, ca); !strings.Contains(output, print) {
		t.Errorf("the fingerprint %q is not in %s", print, output)
	}
	server.Stop()

	again, _ := startTLS(t, dir)
	if now, err := os.ReadFile(caFile); err != nil || string(now) != string(ca) {
		t.Error("the second start made another authority")
	}
	again.Stop()
}

// TestTLS_everyCommandWorks follows what the program prints and what a lesson says, from
// another folder and with a blank in the path of the certificate.
func TestTLS_everyCommandWorks(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the commands are run by %s: install it", program)
		}
	}
	server, _ := startTLS(t, filepath.Join(t.TempDir(), "a data folder"), "-kitchen-pace", "50ms")
	server.AwaitOutput("Log in as")
	lines := regexp.MustCompile(`curl .*`).FindAllString(server.Output.String(), -1)
	if len(lines) < 2 {
		t.Fatalf("it prints %q", lines)
	}
	for _, line := range lines {
		if _, output, err := runScript(t, line+" -f"); err != nil || output == "" {
			t.Errorf("%s: %v, %q", line, err, output)
		}
	}
	if _, output, err := runScript(t, getScript(t, server, "L03")); err != nil || getLesson(t, server, "L03").State != "done" {
		t.Errorf("the script of L03: %v, %s", err, output)
	}
	for _, path := range []string{"/", "/learn", "/learn/lessons/L03.txt", "/learn/lessons/L03.cmd", "/learn/lessons/L03.ps1", "/learn/sheet"} {
		for line := range strings.Lines(string(server.Do("GET", path, "", "").Body)) {
			if strings.Contains(line, "https://") && strings.Contains(line, "curl") && !strings.Contains(line, "--cacert") {
				t.Errorf("%s lacks --cacert: %s", path, line)
			}
		}
	}
}

// TestTLS_plainHTTPOnlyRedirects also shows that a token that went over plain HTTP
// ends its login session.
func TestTLS_plainHTTPOnlyRedirects(t *testing.T) {
	server, plain := startTLS(t, t.TempDir())
	alice, bob := server.Login("alice"), server.Login("bob")
	ask := func(method, path string, headers ...string) (location, body string) {
		req, err := http.NewRequest(method, plain+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Add(headers[i], headers[i+1])
		}
		res, err := server.HTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s answers %d %v", method, path, res.StatusCode, res.Header)
		}
		for _, name := range []string{"X-Request-Id", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"} {
			if res.Header.Get(name) == "" {
				t.Errorf("%s %s has no %s", method, path, name)
			}
		}
		return res.Header.Get("Location"), string(text)
	}
	const ended = "ended its login session"
	for _, method := range []string{"GET", "POST", "DELETE", "PATCH", "OPTIONS"} {
		location, body := ask(method, "/api/v1/orders?limit=2&x=%2F")
		if location != server.URL+"/api/v1/orders?limit=2&x=%2F" || strings.Contains(body, ended) {
			t.Errorf("%s is sent to %s: %s", method, location, body)
		}
	}
	if location, _ := ask("GET", "//evil.example/x"); !strings.HasPrefix(location, server.URL+"/") {
		t.Errorf("it leads to %s", location)
	}
	if _, body := ask("GET", "/", "Authorization", "Bearer "+alice+"x"); strings.Contains(body, ended) {
		t.Error("a forged token ended a session")
	}
	if status := server.Call("GET", "/api/v1/auth/me", alice, "", nil); status != 200 {
		t.Errorf("before: %d", status)
	}
	if _, body := ask("GET", "/api/v1/auth/me", "Authorization", "Bearer "+alice); !strings.Contains(body, ended) {
		t.Errorf("the answer is %s", body)
	}
	if _, body := ask("GET", "/", "Cookie", "__Host-access_token="+bob); !strings.Contains(body, ended) {
		t.Errorf("the answer is %s", body)
	}
	for name, token := range map[string]string{"alice": alice, "bob": bob} {
		var p struct{ Type string }
		if status := server.Call("GET", "/api/v1/auth/me", token, "", &p); status != 401 || p.Type != "/problems/token-revoked" {
			t.Errorf("%s's token is answered %d %s", name, status, p.Type)
		}
	}
	if status := server.Call("GET", "/api/v1/auth/me", server.Login("alice"), "", nil); status != 200 {
		t.Errorf("a new login: %d", status)
	}
}

// fingerprint is the SHA-256 of a certificate as browsers show it.
func fingerprint(t *testing.T, text []byte) string {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("no certificate in ca.pem")
	}
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(block.Bytes)), " ", ":")
}

// createPair writes a certificate and its key for RESTAURANT_TLS=files.
func createPair(t *testing.T, dir, cn string, from, to time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn}, DNSNames: []string{"localhost", "*.pizza.example"},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestTLS_refusesUnusableCertificates gives the program pairs of files.
func TestTLS_refusesUnusableCertificates(t *testing.T) {
	now := time.Now()
	good := t.TempDir()
	goodCert, goodKey := createPair(t, good, "good", now.Add(-time.Hour), now.Add(time.Hour))
	other := t.TempDir()
	_, otherKey := createPair(t, other, "other", now.Add(-time.Hour), now.Add(time.Hour))
	expired, _ := createPair(t, t.TempDir(), "expired", now.Add(-2*time.Hour), now.Add(-time.Hour))
	early, _ := createPair(t, t.TempDir(), "early", now.Add(time.Hour), now.Add(2*time.Hour))
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	beside := func(cert string) string { return filepath.Join(filepath.Dir(cert), "key.pem") }
	for _, tc := range []struct{ name, cert, key, wants string }{
		{"an expired certificate", expired, beside(expired), "expired on"},
		{"one that is not valid yet", early, beside(early), "is valid from"},
		{"the key of another", goodCert, otherKey, "cannot be used"},
		{"no certificate", filepath.Join(good, "none.pem"), goodKey, "cannot be used"},
		{"no key", goodCert, filepath.Join(good, "none.pem"), "cannot be used"},
		{"an empty file", empty, goodKey, "cannot be used"},
		{"a folder", good, goodKey, "cannot be used"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "-tls", "files", "-tls-addr", testkit.FreeAddr(t), "-tls-cert", tc.cert, "-tls-key", tc.key)
			if code := r.Wait(15 * time.Second); code != 1 || !isOneSentence(r.Output.String(), tc.wants) || strings.Contains(r.Output.String(), "PRIVATE") {
				t.Errorf("exit code %d, output %s", code, r.Output)
			}
		})
	}
}

// TestTLS_plainHTTPRedirectsToNoOtherHost sends a request line that only a raw
// connection can.
func TestTLS_plainHTTPRedirectsToNoOtherHost(t *testing.T) {
	server, plain := startTLS(t, t.TempDir())
	conn, err := net.Dial("tcp", strings.TrimPrefix(plain, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET x:.evil.example/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || strings.Contains(string(answer), "evil") || !strings.Contains(string(answer), "Location: "+server.URL+"/\r\n") {
		t.Errorf("it answers %s %v", answer, err)
	}
}
