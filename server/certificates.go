package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// reloadInterval is how often a changed certificate is looked for.
const reloadInterval = time.Second

// Certificates hands out the certificate for each TLS handshake, and the new one once
// its file has changed.
type Certificates struct {
	certFile, keyFile string
	renew             func() error // creates a new one when it is time; nil for files that others renew
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed pairTimes // of the pair in use
	failed  pairTimes // of the last one that could not be used
	checked time.Time
}

// OpenCertificates loads a certificate chain and its key, both PEM. The error is a
// sentence for the operator.
func OpenCertificates(certFile, keyFile string, log *slog.Logger) (*Certificates, error) {
	c := &Certificates{certFile: certFile, keyFile: keyFile, log: log}
	return c, c.load()
}

// OpenSelfSigned loads the certificate in dir. It creates what is missing there, is
// about to expire, or is for other names: a certificate authority and a certificate
// signed by it. names are host names and IP addresses.
func OpenSelfSigned(dir string, names []string, log *slog.Logger) (*Certificates, error) {
	c := &Certificates{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"), log: log}
	c.renew = func() error {
		newCA, err := renewSelfSigned(dir, names)
		if newCA {
			log.Warn("the server made a new certificate authority, because the old one expires soon or was not only for the names of this server; clients must trust the new one", "file", filepath.Join(dir, "ca.pem"))
		}
		return err
	}
	if err := c.renew(); err != nil {
		return nil, err
	}
	return c, c.load()
}

// load reads the pair and rejects one that no client would accept.
func (c *Certificates) load() error {
	changed := c.modTimes() // before reading: what changes meanwhile is read again
	pair, err := loadPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("the certificate %s and its key %s cannot be used: %w", c.certFile, c.keyFile, withoutPath(err))
	}
	now := time.Now()
	switch {
	case now.After(pair.Leaf.NotAfter):
		return fmt.Errorf("the certificate %s expired on %s: renew it, or correct this computer's clock", c.certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	case now.Before(pair.Leaf.NotBefore):
		return fmt.Errorf("the certificate %s is valid from %s on: wait, or correct this computer's clock", c.certFile, pair.Leaf.NotBefore.Format(time.DateOnly))
	}
	c.current, c.changed = &pair, changed
	return nil
}

// Covers reports whether the certificate in use is for a host name or an IP address, also
// by a wildcard (RFC 9525). Without TLS there is none.
func (c *Certificates) Covers(name string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	leaf := c.current.Leaf
	c.mu.Unlock()
	return leaf.VerifyHostname(name) == nil
}

// loadPair reads a certificate and its key, also if an editor has put a byte-order mark
// before them: PEM must begin a line.
func loadPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	mark := []byte("\ufeff")
	return tls.X509KeyPair(bytes.TrimPrefix(cert, mark), bytes.TrimPrefix(key, mark))
}

// withoutPath removes the path from an error, for messages that name it already.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// pairTimes are when the two files were modified. A renewal may write them one after the
// other.
type pairTimes struct{ cert, key time.Time }

func (c *Certificates) modTimes() pairTimes {
	return pairTimes{modTime(c.certFile), modTime(c.keyFile)}
}

// modTime is zero for a file that cannot be read.
func modTime(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC() // so that equal times are ==
}

// config allows TLS 1.2 and later, with forward secrecy and authenticated encryption (RFC
// 9325, section 4.2): of TLS 1.2 that leaves these suites.
func (c *Certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: c.get,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// get is the tls.Config callback. It keeps the old certificate if the new one cannot
// be loaded: a running server does not stop over a bad file.
func (c *Certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= reloadInterval {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

func (c *Certificates) refresh() {
	if c.renew != nil && time.Until(c.current.Leaf.NotAfter) < renewal {
		if err := c.renew(); err != nil {
			c.log.Error("the certificate cannot be renewed; the server still uses the old one", "err", err)
		}
	}
	now := c.modTimes()
	if now.cert.IsZero() || now == c.changed {
		return
	}
	if err := c.load(); err != nil { // it is tried again, and logged once for each change
		if now != c.failed {
			c.log.Error("the new certificate cannot be used; the server still uses the old one", "err", err)
		}
		c.failed = now
		return
	}
	c.log.Info("the server uses a new certificate", "expires", c.current.Leaf.NotAfter)
}
