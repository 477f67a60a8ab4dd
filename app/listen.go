package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"restaurant/server"
)

// listeners holds the primary server and, under TLS, the plain-HTTP one that only
// redirects.
type listeners struct{ primary, redirect *server.Server }

func listen(ctx context.Context, cfg config, log *slog.Logger) (listeners, error) {
	certificates, err := openCertificates(cfg, log)
	if err != nil {
		return listeners{}, err
	}
	plain, err := server.Listen(ctx, server.Options{Addr: cfg.addr, Log: log})
	if err != nil || !cfg.overTLS() {
		return listeners{primary: plain}, err
	}
	secure, err := server.Listen(ctx, server.Options{Addr: cfg.tlsAddr, TLS: certificates, Log: log})
	if err != nil {
		return listeners{}, errors.Join(err, plain.Close())
	}
	return listeners{primary: secure, redirect: plain}, nil
}

func (l listeners) close() error {
	if l.redirect == nil {
		return l.primary.Close()
	}
	return errors.Join(l.primary.Close(), l.redirect.Close())
}

func checkAddrs(ctx context.Context, cfg config) error {
	check := func(flag, addr string) error {
		if err := server.CheckFree(ctx, addr); err != nil {
			return fmt.Errorf("%w. Stop what uses the port, or choose another one: -%s localhost:8081", err, flag)
		}
		return nil
	}
	err := check("addr", cfg.addr)
	if err == nil && cfg.overTLS() {
		err = check("tls-addr", cfg.tlsAddr)
	}
	return err
}

// openCertificates returns nil without TLS.
func openCertificates(cfg config, log *slog.Logger) (*server.Certificates, error) {
	switch cfg.tls {
	case "files":
		return server.OpenCertificates(cfg.tlsCert, cfg.tlsKey, log)
	case "self-signed":
		certificates, err := server.OpenSelfSigned(cfg.tlsDir(), cfg.certificateNames(), log)
		if err != nil {
			return nil, fmt.Errorf("TLS=self-signed: %w", err)
		}
		return certificates, nil
	}
	return nil, nil
}

// printAuthority tells how to trust a self-signed certificate.
func printAuthority(c call, url string) error {
	if c.cfg.tls != "self-signed" {
		return nil
	}
	fingerprint, err := server.Fingerprint(c.cfg.tlsDir())
	if err == nil {
		fmt.Fprintf(c.Out, "Certificate authority of this server, SHA-256: %s\nTry it: curl --cacert %s %s/healthz\n",
			fingerprint, filepath.ToSlash(filepath.Join(c.cfg.tlsDir(), "ca.pem")), url)
	}
	return err
}
