package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"

	"restaurant/server"
)

// listeners holds the primary server and, under TLS, the plain-HTTP one that only
// redirects.
type listeners struct{ primary, redirect *server.Server }

func listen(ctx context.Context, cfg config, certificates *server.Certificates, log *slog.Logger) (l listeners, err error) {
	l.primary, err = cfg.listenOn(ctx, "addr", server.Options{Addr: cfg.addr, Log: log})
	if err != nil || !cfg.overTLS() {
		return l, err
	}
	l.redirect = l.primary
	if l.primary, err = cfg.listenOn(ctx, "tls-addr", server.Options{Addr: cfg.tlsAddr, TLS: certificates, Log: log}); err != nil {
		l.redirect.Close()
	}
	return l, err
}

func (c config) listenOn(ctx context.Context, flag string, o server.Options) (*server.Server, error) {
	s, err := server.Listen(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%w. %s: -%s %s", err, whyNotThere(err), flag, c.addrInstead(err, o.Addr))
	}
	return s, nil
}

// What Windows says instead of the errors of the same name in package syscall, which it never
// returns. Elsewhere no error has these numbers.
const (
	windowsAccess   = syscall.Errno(10013)
	windowsInUse    = syscall.Errno(10048)
	windowsNotAvail = syscall.Errno(10049)
)

func isInUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse)
}

func isForbidden(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, windowsAccess)
}

func isElsewhere(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, windowsNotAvail)
}

// whyNotThere begins the sentence that names another address.
func whyNotThere(err error) string {
	switch {
	case isInUse(err):
		return "Stop what uses the port, or choose another port"
	case isForbidden(err):
		return "The system does not let you use this port: choose another port"
	case isElsewhere(err):
		return "No network of this computer has this address now: choose one that it has"
	}
	return "Choose another address"
}

// addrInstead is an address like the one that cannot be listened on: with another port where the
// port is the reason, and otherwise with a host that is always there.
func (c config) addrInstead(err error, addr string) string {
	host, port, _ := net.SplitHostPort(addr) // it was split before
	switch {
	case isInUse(err) || isForbidden(err):
		return net.JoinHostPort(host, portInstead(port))
	case c.class: // learners are at other computers
		return net.JoinHostPort("0.0.0.0", port)
	}
	return net.JoinHostPort("localhost", port)
}

// portInstead is neither the port nor its neighbours, where the server and the kiosk are
// by default. Every user may listen on it.
func portInstead(port string) string {
	n, _ := strconv.Atoi(port)
	switch {
	case n < 1024: // 443 becomes 8443
		n += 8000
	case n > 65_000:
		n -= 10
	default:
		n += 10
	}
	return strconv.Itoa(n)
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
