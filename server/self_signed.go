package server

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
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Lifetimes of what OpenSelfSigned creates. The certificate is renewed when less than
// a third of its life is left; the CA, which people have to trust again after it, when it
// could no longer sign a whole one.
const (
	caLife   = 2 * 365 * 24 * time.Hour
	certLife = 90 * 24 * time.Hour
	renewal  = certLife / 3
)

// renewSelfSigned creates what is missing or no longer fits. It reports whether clients
// that trusted the CA before have to trust a new one.
func renewSelfSigned(dir string, names []string) (newCA bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	ca, newCA, err := fittingCA(dir, names)
	if err != nil {
		return false, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err == nil && stillGood(pair.Leaf, names) && pair.Leaf.CheckSignatureFrom(ca.Leaf) == nil {
		return newCA, nil
	}
	template := &x509.Certificate{
		// No client may take it for a host name, which the CA would have to permit.
		Subject: pkix.Name{CommonName: "Restaurant server"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	template.DNSNames, template.IPAddresses = split(names)
	return newCA, createCertificate(dir, "cert.pem", "key.pem", template, certLife, ca)
}

// SelfSignedOnce creates a certificate for names, and returns it with the certificate of
// its authority in PEM. No key stays on the disk.
func SelfSignedOnce(names []string) (cert *tls.Certificate, ca []byte, err error) {
	dir, err := os.MkdirTemp("", "restaurant-tls-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if _, err := renewSelfSigned(dir, names); err != nil {
		return nil, nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, nil, err
	}
	ca, err = os.ReadFile(filepath.Join(dir, "ca.pem"))
	return &pair, ca, err
}

// split separates host names from IP addresses.
func split(names []string) (hosts []string, ips []net.IP) {
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			ips = append(ips, ip)
		} else {
			hosts = append(hosts, n)
		}
	}
	return hosts, ips
}

func stillGood(cert *x509.Certificate, names []string) bool {
	return time.Until(cert.NotAfter) >= renewal && time.Now().After(cert.NotBefore) &&
		!slices.ContainsFunc(names, func(n string) bool { return cert.VerifyHostname(n) != nil })
}

// fittingCA loads the certificate authority in dir, or creates one: if there is none, if it
// may not sign for these names, may sign for any, or ends soon.
func fittingCA(dir string, names []string) (ca *tls.Certificate, replaced bool, err error) {
	_, err = os.Stat(filepath.Join(dir, "ca.pem"))
	there := !errors.Is(err, fs.ErrNotExist)
	if there {
		if ca, err = loadCA(dir); err != nil || permits(ca.Leaf, names) && time.Until(ca.Leaf.NotAfter) > certLife {
			return ca, false, err
		}
	}
	if err := createCA(dir, names); err != nil {
		return nil, false, err
	}
	ca, err = loadCA(dir)
	return ca, there, err
}

func loadCA(dir string) (*tls.Certificate, error) {
	certFile, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem")
	ca, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s and %s cannot be used: %w; restore them, or move the folder away: then the server makes new ones, and clients must trust the new authority", certFile, keyFile, withoutPath(err))
	}
	return &ca, nil
}

// createCA creates a CA that can sign for servers of these names only (RFC 5280, section
// 4.2.1.10): with its key nobody can pass for another server to clients that trust it.
func createCA(dir string, names []string) error {
	hosts, ips := split(slices.Concat([]string{"localhost", "127.0.0.1", "::1"}, names)) // without any of a kind all would be permitted
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Restaurant, certificate authority of this house"},
		IsCA:    true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: slices.Compact(slices.Sorted(slices.Values(hosts))),
	}
	for _, ip := range ips {
		if !permitted(template, ip) {
			template.PermittedIPRanges = append(template.PermittedIPRanges, rangeOf(ip))
		}
	}
	return createCertificate(dir, "ca.pem", "ca-key.pem", template, caLife, nil)
}

// permits reports whether a CA may sign for these names, and not for any name.
func permits(ca *x509.Certificate, names []string) bool {
	hosts, ips := split(names)
	return ca.PermittedDNSDomainsCritical && len(ca.PermittedIPRanges) > 0 &&
		!slices.ContainsFunc(hosts, func(h string) bool { return !slices.Contains(ca.PermittedDNSDomains, h) }) &&
		!slices.ContainsFunc(ips, func(ip net.IP) bool { return !permitted(ca, ip) })
}

func permitted(ca *x509.Certificate, ip net.IP) bool {
	return slices.ContainsFunc(ca.PermittedIPRanges, func(r *net.IPNet) bool { return r.Contains(ip) })
}

// changing are the networks in which a computer gets another address from time to time. A
// CA is for all of such a network, so that it need not be trusted again each time.
var changing = []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"}

// rangeOf is the network of changing that ip is in, or ip alone.
func rangeOf(ip net.IP) *net.IPNet {
	for _, text := range changing {
		if _, network, err := net.ParseCIDR(text); err == nil && network.Contains(ip) {
			return network
		}
	}
	if four := ip.To4(); four != nil {
		ip = four
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))}
}

// createCertificate creates a key and a certificate for it, signed by parent; nil signs
// it with its own key.
func createCertificate(dir, certName, keyName string, template *x509.Certificate, life time.Duration, parent *tls.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(life) // a client's clock may be a little behind
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

// replaceFile writes a PEM file so that it appears whole or not at all.
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

// Fingerprint is the SHA-256 of the certificate authority in dir, as tools show it.
func Fingerprint(dir string) (string, error) {
	ca, err := loadCA(dir)
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(ca.Leaf.Raw)), " ", ":"), nil
}
