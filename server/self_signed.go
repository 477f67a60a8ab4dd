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
// a third of its life is left; the CA is what people trust, so it lives long.
const (
	caLife   = 10 * 365 * 24 * time.Hour
	certLife = 90 * 24 * time.Hour
	renewal  = certLife / 3
)

func renewSelfSigned(dir string, names []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := loadOrCreateCA(dir)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err == nil && stillGood(pair.Leaf, names) && pair.Leaf.CheckSignatureFrom(ca.Leaf) == nil {
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

func stillGood(cert *x509.Certificate, names []string) bool {
	return time.Until(cert.NotAfter) >= renewal && time.Now().After(cert.NotBefore) &&
		!slices.ContainsFunc(names, func(n string) bool { return cert.VerifyHostname(n) != nil })
}

// loadOrCreateCA loads the certificate authority in dir, or creates one.
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
		return nil, fmt.Errorf("%s and %s cannot be used: %w; restore them, or move the folder away: new ones are then created, which clients have to trust again", certFile, keyFile, withoutPath(err))
	}
	return &ca, nil
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
	ca, err := loadOrCreateCA(dir)
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(ca.Leaf.Raw)), " ", ":"), nil
}
