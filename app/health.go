package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// healthTimeout is how long a house may take to say how it is.
const healthTimeout = 3 * time.Second

// healthCommand asks the house that runs with the same settings whether it is
// ready. It is for a container in which there is nothing else to ask with.
func healthCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	cfg, rest, err := readConfig("health", args, getenv, nil)
	if err = errors.Join(err, rejectExtraArgs(rest)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := checkReady(ctx, cfg.localURL()+"/readyz"); err != nil {
		return fmt.Errorf("the house at %s is not ready: %w", cfg.localURL(), err)
	}
	fmt.Fprintf(std.Out, "The house at %s is ready.\n", cfg.localURL())
	return nil
}

// localURL is where this computer reaches the house, whatever its name is elsewhere.
func (c config) localURL() string {
	scheme, addr := "http://", c.addr
	if c.overTLS() {
		scheme, addr = "https://", c.tlsAddr
	}
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // a name would need a file of names
	}
	return scheme + net.JoinHostPort(host, port)
}

func checkReady(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	// The certificate is for the guests' name of the house, and nothing is told to
	// whoever answers here.
	trusting := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	res, err := (&http.Client{Transport: trusting}).Do(req)
	if err != nil {
		return errors.New("nothing answers there")
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return nil
	}
	var refusal struct{ Title, Detail string }
	if json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&refusal) != nil {
		return fmt.Errorf("it answers %s", res.Status)
	}
	return fmt.Errorf("%s. %s", refusal.Title, refusal.Detail)
}
