package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"restaurant/learn/kiosk"
	"restaurant/server"
)

// kioskAddr is where the kiosk listens unless RESTAURANT_ADDR says otherwise: the server
// with its default is beside it.
const kioskAddr = "localhost:8081"

func kioskFlags(c *call, f *flag.FlagSet) {
	f.StringVar(&c.trust, "trust", "http://localhost:8080", "address of the server whose tokens count")
}

// kioskCommand runs the kiosk of the lessons: a second server that only verifies tokens.
func kioskCommand(ctx context.Context, c call) error {
	if c.cfg.overTLS() {
		return errors.New("kiosk speaks only plain HTTP on loopback: leave RESTAURANT_TLS and -tls out. To trust a server under TLS, use -trust https://localhost:8443")
	}
	if err := checkTrust(c.trust); err != nil {
		return err
	}
	transport, err := kioskTransport(c.cfg)
	if err != nil {
		return err
	}
	log, buffer := server.NewLogger(c.Log, c.cfg.logLevel, c.cfg.logFormat == "json")
	defer buffer.Flush()
	stand, err := kiosk.New(kiosk.Options{Trust: c.trust, Transport: transport, Log: log})
	if err != nil {
		return fmt.Errorf("-trust %w", err)
	}
	listening, err := c.cfg.listenOn(ctx, "addr", server.Options{Addr: c.cfg.addr, Log: log})
	if err != nil {
		return err
	}
	defer listening.Close()
	fmt.Fprintf(c.Out, "The kiosk is running at %s (Ctrl-C stops it). It accepts access tokens of %s.\nShow it one: curl -i -H \"Authorization: Bearer <access token>\" %s/me\n",
		c.cfg.issuer(listening.Addr()), strings.TrimRight(c.trust, "/"), c.cfg.issuer(listening.Addr()))
	return runParts(ctx, []part{
		worker(buffer.Run), worker(stand.Run),
		{run: func() error { return listening.Serve(stand) }, stop: func(context.Context) error { return listening.Shutdown() }},
	})
}

// checkTrust refuses plain HTTP from another computer: others could answer with keys of
// their own.
func checkTrust(trust string) error {
	u, err := url.Parse(trust)
	if err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()+":80") && !isLoopback("["+u.Hostname()+"]:80") {
		return errors.New("-trust names another computer, and over plain HTTP others could put keys of their own in place of those of the server: use its https:// address")
	}
	return nil
}

// kioskTransport trusts the certificate that a server with the same RESTAURANT_DATA_DIR has
// made itself, besides those that the system trusts.
func kioskTransport(cfg config) (http.RoundTripper, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	text, err := os.ReadFile(cfg.caFile())
	if errors.Is(err, fs.ErrNotExist) {
		return transport, nil
	}
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // Windows keeps its own; ours is enough
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(text)
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}
