package server

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// createPair writes a certificate and its key, signed by itself.
func createPair(t *testing.T, dir, cn string, from, to time.Time) (cert, key string) {
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

// TestCertificates_reload calls the function that answers handshakes: a new certificate
// is used without a restart, and a broken one is not.
func TestCertificates_reload(t *testing.T) {
	dir := t.TempDir()
	start := time.Now()
	cert, key := createPair(t, dir, "first", start.Add(-time.Hour), start.Add(time.Hour))
	c := &Certificates{certFile: cert, keyFile: key, log: slog.New(slog.DiscardHandler)}
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
	createPair(t, dir, "second", start.Add(-time.Hour), start.Add(time.Hour))
	touch(1)
	if got := inUse(); got != "second" {
		t.Errorf("after the change %s is used", got)
	}
	for n, broken := range []func() error{
		func() error { return os.WriteFile(cert, []byte("half a certi"), 0o644) },
		func() error { return os.Truncate(cert, 0) },
		func() error {
			_, _ = createPair(t, dir, "expired", start.Add(-2*time.Hour), start.Add(-time.Hour))
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
	// A renewal writes the certificate, a client comes, and then the key.
	next := t.TempDir()
	createPair(t, next, "renewed", start.Add(-time.Hour), start.Add(time.Hour))
	for _, step := range []struct{ file, used string }{{"cert.pem", "second"}, {"key.pem", "renewed"}} {
		text, err := os.ReadFile(filepath.Join(next, step.file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, step.file), text, 0o600); err != nil {
			t.Fatal(err)
		}
		touch(5)
		if got := inUse(); got != step.used {
			t.Errorf("with a new %s %s is used", step.file, got)
		}
	}
	createPair(t, dir, "marked", start.Add(-time.Hour), start.Add(time.Hour))
	for _, file := range []string{cert, key} { // as an editor of Windows saves them
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append([]byte("\ufeff"), text...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	touch(8)
	if got := inUse(); got != "marked" {
		t.Errorf("with byte-order marks %s is used", got)
	}
	createPair(t, dir, "third", start.Add(-time.Hour), start.Add(time.Hour))
	touch(9)
	if got := inUse(); got != "third" {
		t.Errorf("after the repair %s is used", got)
	}
}

func TestSelfSigned_renewsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		serial := func(names ...string) string {
			if _, err := renewSelfSigned(dir, append([]string{"localhost"}, names...)); err != nil {
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
		if _, err := renewSelfSigned(dir, []string{"localhost"}); err == nil || !strings.Contains(err.Error(), "ca.pem") {
			t.Errorf("without the key of the authority: %v", err)
		}
	})
}

// authority opens the CA in a new folder, for these names.
func authority(t *testing.T, names ...string) (dir string, ca *tls.Certificate) {
	t.Helper()
	dir = t.TempDir()
	if newCA, err := renewSelfSigned(dir, names); err != nil || newCA {
		t.Fatal(newCA, err)
	}
	ca, err := loadCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, ca
}

// TestSelfSigned_authorityIsForItsNamesOnly signs with the stolen key of a CA. Clients that
// trust it accept that for the names of the server, and for no other.
func TestSelfSigned_authorityIsForItsNamesOnly(t *testing.T) {
	_, ca := authority(t, "localhost", "127.0.0.1", "::1", "kitchen.example", "192.168.7.5", "203.0.113.9", "2001:db8::9")
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.Leaf)
	for name, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "kitchen.example": true, "203.0.113.9": true, "2001:db8::9": true,
		"192.168.9.9":  true, // it may get another address in its network
		"bank.example": false, "example": false, "notkitchen.example": false, "203.0.113.10": false, "10.0.0.1": false, "2001:db8::a": false, "8.8.8.8": false,
	} {
		leaf := &x509.Certificate{Subject: pkix.Name{CommonName: "Restaurant server"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		leaf.DNSNames, leaf.IPAddresses = split([]string{name})
		dir := t.TempDir()
		if err := createCertificate(dir, "cert.pem", "key.pem", leaf, time.Hour, ca); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: trusted, DNSName: name}); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSelfSigned_authorityIsReplaced: a CA for all names, as it was made before, or one that
// does not fit any more, gives way to another; one that fits stays.
func TestSelfSigned_authorityIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, first := authority(t, "localhost", "192.168.7.5")
		if life := time.Until(first.Leaf.NotAfter); life > 2*366*24*time.Hour {
			t.Errorf("it lives for %v", life)
		}
		step := func(what string, want bool, names ...string) {
			t.Helper()
			if newCA, err := renewSelfSigned(dir, names); err != nil || newCA != want {
				t.Errorf("%s: replaced %v, %v", what, newCA, err)
			}
		}
		step("again", false, "localhost", "192.168.7.5")
		step("another address in its network", false, "localhost", "192.168.200.1")
		step("a name that it may not sign for", true, "localhost", "kitchen.example")
		step("that name again", false, "localhost", "kitchen.example")
		time.Sleep(caLife - certLife + time.Hour)
		step("it could not sign a whole certificate", true, "localhost")

		old := &x509.Certificate{Subject: pkix.Name{CommonName: "old"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
		if err := createCertificate(dir, "ca.pem", "ca-key.pem", old, 10*365*24*time.Hour, nil); err != nil {
			t.Fatal(err)
		}
		step("one for every name", true, "localhost")
		step("its successor", false, "localhost")
	})
}

// TestTLS_authenticatedEncryptionOnly offers one suite of TLS 1.2 at a time.
func TestTLS_authenticatedEncryptionOnly(t *testing.T) {
	dir, ca := authority(t, "localhost")
	c, err := OpenSelfSigned(dir, []string{"localhost"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.Leaf)
	for suite, want := range map[uint16]bool{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: true, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: true, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: true,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: false, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: false, tls.TLS_RSA_WITH_AES_128_GCM_SHA256: false,
	} {
		near, far := net.Pipe()
		var serving sync.WaitGroup
		serving.Go(func() {
			_ = tls.Server(far, c.config()).Handshake()
			_ = far.Close()
		})
		client := tls.Client(near, &tls.Config{RootCAs: trusted, ServerName: "localhost", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}})
		if err := client.Handshake(); (err == nil) != want {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
		_ = near.Close()
		serving.Wait()
	}
}
