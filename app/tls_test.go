package app

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// secureHouse starts the real program with a certificate of its own.
func secureHouse(t *testing.T, dir string, args ...string) (house *running, plain string) {
	t.Helper()
	secure := freeAddr(t)
	args = append([]string{"-tls", "self-signed", "-tls-addr", secure}, args...)
	house = launch(t, dir, freeAddr(t), args...)
	plain = house.url
	house.url = "https://" + secure
	deadline := time.Now().Add(20 * time.Second)
	for {
		if ca, err := os.ReadFile(filepath.Join(dir, "tls", "ca.pem")); err == nil {
			house.client = trusting(t, ca)
			if house.call("GET", "/readyz", "", "", nil) == 200 {
				return house, plain
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %s", house.out)
		}
		time.Sleep(5 * time.Millisecond) // asked again, not raced against
	}
}

// trusting is a client that trusts this authority only, and follows nothing.
func trusting(t *testing.T, ca []byte) *http.Client {
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

func TestAHouseWithACertificateOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	house, _ := secureHouse(t, dir)
	_, port, _ := strings.Cut(strings.TrimPrefix(house.url, "https://"), ":")
	caFile := filepath.Join(dir, "tls", "ca.pem")
	ca, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		conn, err := tls.Dial("tcp", "localhost:"+port, &tls.Config{RootCAs: house.client.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: name, MinVersion: tls.VersionTLS12})
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
	res, err := house.client.Get(house.url + "/healthz")
	if err != nil || res.Header.Get("Strict-Transport-Security") != "max-age=300" {
		t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	for name, mode := range map[string]os.FileMode{"ca-key.pem": 0o600, "key.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, "tls", name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	said := house.out.String()
	if print, err := fingerprint(filepath.Join(dir, "tls")); err != nil || !strings.Contains(said, print) || len(print) != 95 {
		t.Errorf("the fingerprint %q is not in %s", print, said)
	}
	line := regexp.MustCompile(`curl --cacert .*`).FindString(said)
	if out, err := exec.Command("curl", strings.Fields(line)[1:]...).Output(); err != nil || !strings.Contains(string(out), `"status":"ok"`) {
		t.Errorf("%s: %s %v", line, out, err)
	}
	house.close()

	again, _ := secureHouse(t, dir)
	if now, err := os.ReadFile(caFile); err != nil || string(now) != string(ca) {
		t.Error("the second start made another authority")
	}
	again.close()
}

func TestPlainHTTPOnlyPointsToTheOtherDoor(t *testing.T) {
	house, plain := secureHouse(t, t.TempDir())
	alice, bob := house.login("alice"), house.login("bob")
	ask := func(method, path string, headers ...string) (location, body string) {
		req, err := http.NewRequest(method, plain+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Add(headers[i], headers[i+1])
		}
		res, err := house.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s answers %d %v", method, path, res.StatusCode, res.Header)
		}
		return res.Header.Get("Location"), string(text)
	}
	const ended = "login session has been ended"
	for _, method := range []string{"GET", "POST", "DELETE", "PATCH", "OPTIONS"} {
		location, body := ask(method, "/api/v1/orders?limit=2&x=%2F")
		if location != house.url+"/api/v1/orders?limit=2&x=%2F" || strings.Contains(body, ended) {
			t.Errorf("%s is sent to %s: %s", method, location, body)
		}
	}
	if location, _ := ask("GET", "//evil.example/x"); !strings.HasPrefix(location, house.url+"/") {
		t.Errorf("it leads to %s", location)
	}
	if _, body := ask("GET", "/", "Authorization", "Bearer "+alice+"x"); strings.Contains(body, ended) {
		t.Error("a forged token ended a session")
	}
	if status := house.call("GET", "/api/v1/auth/me", alice, "", nil); status != 200 {
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
		if status := house.call("GET", "/api/v1/auth/me", token, "", &p); status != 401 || p.Type != "/problems/token-revoked" {
			t.Errorf("%s's token is answered %d %s", name, status, p.Type)
		}
	}
	if status := house.call("GET", "/api/v1/auth/me", house.login("alice"), "", nil); status != 200 {
		t.Errorf("a new login: %d", status)
	}
}

// selfMade writes a pair that a house could be given with TLS=files.
func selfMade(t *testing.T, dir, cn string, from, to time.Time) (cert, key string) {
	t.Helper()
	if err := createCertificate(dir, "cert.pem", "key.pem", &x509.Certificate{Subject: pkix.Name{CommonName: cn}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := *pair.Leaf
	leaf.NotBefore, leaf.NotAfter = from, to
	der, err := x509.CreateCertificate(nil, &leaf, &leaf, pair.Leaf.PublicKey, pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestCertificateFilesThatCannotBeUsed(t *testing.T) {
	now := time.Now()
	good := t.TempDir()
	goodCert, goodKey := selfMade(t, good, "good", now.Add(-time.Hour), now.Add(time.Hour))
	other := t.TempDir()
	_, otherKey := selfMade(t, other, "other", now.Add(-time.Hour), now.Add(time.Hour))
	expired, _ := selfMade(t, t.TempDir(), "expired", now.Add(-2*time.Hour), now.Add(-time.Hour))
	early, _ := selfMade(t, t.TempDir(), "early", now.Add(time.Hour), now.Add(2*time.Hour))
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
			r := launch(t, t.TempDir(), freeAddr(t), "-tls", "files", "-tls-addr", freeAddr(t), "-tls-cert", tc.cert, "-tls-key", tc.key)
			if code := r.wait(15 * time.Second); code != 1 || !isOneSentence(r.out.String(), tc.wants) || strings.Contains(r.out.String(), "PRIVATE") {
				t.Errorf("ends with %d and says %s", code, r.out)
			}
		})
	}
}

// TestANewCertificateIsUsedWithoutARestart goes through the function that
// answers handshakes; the control is the certificate from before.
func TestANewCertificateIsUsedWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	start := time.Now()
	cert, key := selfMade(t, dir, "first", start.Add(-time.Hour), start.Add(time.Hour))
	c := &certificates{certFile: cert, keyFile: key, log: slog.New(slog.DiscardHandler)}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	inUse := func() string {
		c.checked = time.Time{} // as if a second had passed
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Leaf.Subject.CommonName
	}
	if got := inUse(); got != "first" {
		t.Errorf("at first %s is used", got)
	}
	touch := func(n int) { // two writes within one tick of the file system's clock look alike
		if err := os.Chtimes(cert, start, start.Add(time.Duration(n)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	selfMade(t, dir, "second", start.Add(-time.Hour), start.Add(time.Hour))
	touch(1)
	if got := inUse(); got != "second" {
		t.Errorf("after the change %s is used", got)
	}
	for n, broken := range []func() error{
		func() error { return os.WriteFile(cert, []byte("half a certi"), 0o644) },
		func() error { return os.Truncate(cert, 0) },
		func() error {
			_, _ = selfMade(t, dir, "expired", start.Add(-2*time.Hour), start.Add(-time.Hour))
			return nil
		},
	} {
		if err := broken(); err != nil {
			t.Fatal(err)
		}
		touch(2 + n)
		if got := inUse(); got != "second" {
			t.Errorf("with a broken file %s is used", got)
		}
	}
	selfMade(t, dir, "third", start.Add(-time.Hour), start.Add(time.Hour))
	touch(9)
	if got := inUse(); got != "third" {
		t.Errorf("after the repair %s is used", got)
	}
}

func TestASelfSignedCertificateIsRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		serial := func(names ...string) string {
			if err := renewSelfSigned(dir, append([]string{"localhost"}, names...)); err != nil {
				t.Fatal(err)
			}
			pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(pair.Leaf.NotAfter); left < renewal {
				t.Errorf("only %v are left", left)
			}
			return fmt.Sprint(pair.Leaf.SerialNumber)
		}
		first := serial()
		time.Sleep(certLife - renewal - time.Hour)
		if serial() != first {
			t.Error("it was renewed early")
		}
		time.Sleep(2 * time.Hour)
		second := serial()
		if second == first {
			t.Error("it was not renewed")
		}
		if third := serial("kitchen.example"); third == second || serial("kitchen.example") != third {
			t.Error("another name needs another certificate, once")
		}
		if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
			t.Fatal(err)
		}
		serial()
		if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
			t.Fatal(err)
		}
		if err := renewSelfSigned(dir, []string{"localhost"}); err == nil || !strings.Contains(err.Error(), "ca.pem") {
			t.Errorf("without the key of the authority: %v", err)
		}
	})
}

func TestPlainHTTPLeadsNowhereElse(t *testing.T) {
	house, plain := secureHouse(t, t.TempDir())
	conn, err := net.Dial("tcp", strings.TrimPrefix(plain, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET x:.evil.example/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || strings.Contains(string(answer), "evil") || !strings.Contains(string(answer), "Location: "+house.url+"/\r\n") {
		t.Errorf("it answers %s %v", answer, err)
	}
}

func TestTheDemoTrustsTheCertificateOfItsHouse(t *testing.T) {
	t.Setenv("KITCHEN_PACE", "20ms")
	house := launch(t, t.TempDir(), freeAddr(t), "demo", "-tls", "self-signed", "-tls-addr", freeAddr(t))
	deadline := time.After(20 * time.Second)
	for !strings.Contains(house.out.String(), "Buon appetito") {
		select {
		case <-house.done:
			t.Fatalf("the demo ended:\n%s", house.out)
		case <-deadline:
			t.Fatalf("the demo is not done:\n%s", house.out)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestTheAddressOfAHouse(t *testing.T) {
	port := &net.TCPAddr{Port: 8443}
	for _, tc := range []struct{ addr, tlsAddr, tls, publicURL, want string }{
		{"localhost:0", "localhost:8443", "off", "", "http://localhost:8443"},
		{":8080", "localhost:8443", "off", "", "http://localhost:8443"},
		{"[::1]:8080", "localhost:8443", "off", "", "http://[::1]:8443"},
		{"localhost:8080", "0.0.0.0:8443", "self-signed", "", "https://localhost:8443"},
		{"localhost:8080", "[::]:8443", "files", "", "https://localhost:8443"},
		{"localhost:8080", "kitchen.example:8443", "files", "", "https://kitchen.example:8443"},
		{"localhost:8080", "0.0.0.0:8443", "files", "https://restaurant.example", "https://restaurant.example"},
	} {
		cfg := config{addr: tc.addr, tlsAddr: tc.tlsAddr, tls: tc.tls, publicURL: tc.publicURL}
		if got := cfg.issuer(port.String()); got != tc.want {
			t.Errorf("%+v is at %s", tc, got)
		}
	}
}
