package server

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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
