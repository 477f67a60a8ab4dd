package app

import (
	"context"
	"fmt"
	"log/slog"

	"restaurant/server"
)

// listeners holds the primary server and, under TLS, the plain-HTTP one that only
// redirects.
type listeners struct{ primary, redirect *server.Server }

func listen(ctx context.Context, cfg config, certificates *server.Certificates, log *slog.Logger) (l listeners, err error) {
	l.primary, err = listenOn(ctx, "addr", server.Options{Addr: cfg.addr, Log: log})
	if err != nil || !cfg.overTLS() {
		return l, err
	}
	l.redirect = l.primary
	if l.primary, err = listenOn(ctx, "tls-addr", server.Options{Addr: cfg.tlsAddr, TLS: certificates, Log: log}); err != nil {
		l.redirect.Close()
	}
	return l, err
}

func listenOn(ctx context.Context, flag string, o server.Options) (*server.Server, error) {
	s, err := server.Listen(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%w. Stop what uses the port, or choose another port: -%s localhost:8081", err, flag)
	}
	return s, nil
}

func (l listeners) close() {
	l.primary.Close()
	if l.redirect != nil {
		l.redirect.Close()
	}
}

// checkAddrs returns the error that listen would return now.
func checkAddrs(ctx context.Context, cfg config, log *slog.Logger) error {
	l, err := listen(ctx, cfg, nil, log)
	if err == nil {
		l.close()
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
			return nil, fmt.Errorf("RESTAURANT_TLS=self-signed: %w", err)
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
		fmt.Fprintf(c.Out, "The server made its certificate itself, so browsers warn about it (authority: SHA-256 %s). curl accepts it with: %s %s/healthz\n",
			fingerprint, c.cfg.curl(), url)
	}
	return err
}
