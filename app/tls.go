package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lives of what TLS=self-signed makes. The certificate is renewed when less than
// a third of its life is left; the CA is what people trust, so it lives long.
const (
	caLife   = 10 * 365 * 24 * time.Hour
	certLife = 90 * 24 * time.Hour
	renewal  = certLife / 3
	// reloadInterval is how often a changed certificate is looked for.
	reloadInterval = time.Second
)

// certificates gives the server its certificate, and the new one when it has
// changed on the disk.
type certificates struct {
	certFile, keyFile string
	renew             func() error // makes a new one if it is time; nil where somebody else does
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the file
	checked time.Time
}

// openCertificates loads the certificate that the settings name. The error is a
// sentence for whoever starts the house.
func openCertificates(cfg config, log *slog.Logger) (*certificates, error) {
	c := &certificates{certFile: cfg.tlsCert, keyFile: cfg.tlsKey, log: log}
	if cfg.tls == "self-signed" {
		dir := cfg.tlsDir()
		c.certFile, c.keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		c.renew = func() error { return renewSelfSigned(dir, cfg.certificateNames()) }
		if err := c.renew(); err != nil {
			return nil, fmt.Errorf("TLS=self-signed: %w", err)
		}
	}
	return c, c.load()
}

// load reads the pair and refuses one that no client would accept.
func (c *certificates) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
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
	c.current, c.changed = &pair, modTime(c.certFile)
	return nil
}

// withoutPath takes the path off an error that names it a second time.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func modTime(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// get is the certificate for a handshake. One that cannot be loaded any more
// leaves the old one in place: an open house does not close over a bad file.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= reloadInterval {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

func (c *certificates) refresh() {
	if c.renew != nil && time.Until(c.current.Leaf.NotAfter) < renewal {
		if err := c.renew(); err != nil {
			c.log.Error("the certificate cannot be renewed; the old one is still used", "err", err)
		}
	}
	if changed := modTime(c.certFile); changed.IsZero() || changed.Equal(c.changed) {
		return
	}
	if err := c.load(); err != nil {
		c.changed = modTime(c.certFile) // said once for each change
		c.log.Error("the new certificate is not used; the old one still is", "err", err)
		return
	}
	c.log.Info("a new certificate is used", "expires", c.current.Leaf.NotAfter)
}

// config is the TLS of the house: 1.2 at the least.
func (c *certificates) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// certificateNames are the hosts and addresses that a self-signed certificate is for.
func (c config) certificateNames() []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	add := func(host string) {
		if host = strings.Trim(host, "[]"); host != "" && !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	if u, err := url.Parse(c.publicURL); err == nil {
		add(u.Hostname())
	}
	host, _, _ := net.SplitHostPort(c.tlsAddr)
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		add(host)
		return names
	}
	if name, err := os.Hostname(); err == nil {
		add(name)
	}
	addrs, _ := net.InterfaceAddrs() // without them the certificate is for fewer names
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			add(n.IP.String())
		}
	}
	return names
}

// renewSelfSigned makes what is missing in dir, too old, or for other names: a
// certificate authority of this house, and a certificate under it.
func renewSelfSigned(dir string, names []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := loadOrCreateCA(dir)
	if err != nil {
		return err
	}
	if pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")); err == nil &&
		time.Until(pair.Leaf.NotAfter) >= renewal && time.Now().After(pair.Leaf.NotBefore) && coversNames(pair.Leaf, names) && pair.Leaf.CheckSignatureFrom(ca.Leaf) == nil {
		return nil
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Restaurant"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	return createCertificate(dir, "cert.pem", "key.pem", template, certLife, ca)
}

func coversNames(cert *x509.Certificate, names []string) bool {
	for _, n := range names {
		if cert.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

// loadOrCreateCA loads the CA of this house, or makes it.
func loadOrCreateCA(dir string) (*tls.Certificate, error) {
	certFile, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem")
	if _, err := os.Stat(certFile); errors.Is(err, fs.ErrNotExist) {
		template := &x509.Certificate{
			Subject: pkix.Name{CommonName: "Restaurant, certificate authority of this house"},
			IsCA:    true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		}
		if err := createCertificate(dir, "ca.pem", "ca-key.pem", template, caLife, nil); err != nil {
			return nil, err
		}
	}
	ca, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s and %s cannot be used: %w; restore them, or move the folder away: then new ones are made, which clients have to trust anew", certFile, keyFile, withoutPath(err))
	}
	return &ca, nil
}

// createCertificate makes a key and a certificate for it, signed by parent, or by itself.
func createCertificate(dir, certName, keyName string, template *x509.Certificate, life time.Duration, parent *tls.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(life) // clients' clocks may be a little behind
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return err
	}
	signer, signerKey := template, any(key)
	if parent != nil {
		signer, signerKey = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		replaceFile(filepath.Join(dir, keyName), "PRIVATE KEY", keyDER, 0o600),
		replaceFile(filepath.Join(dir, certName), "CERTIFICATE", der, 0o644),
	)
}

// replaceFile writes a PEM file that appears whole or not at all.
func replaceFile(path, kind string, der []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	if err := errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// fingerprint is the SHA-256 of the CA, as tools show it.
func fingerprint(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", errors.New("ca.pem holds no certificate")
	}
	sum := sha256.Sum256(block.Bytes)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"), nil
}
