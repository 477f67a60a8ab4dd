package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// healthTimeout is how long the server may take to answer.
const healthTimeout = 3 * time.Second

// healthCommand asks the server that runs with the same settings whether it is ready.
// It is for a container in which there is no other client.
func healthCommand(ctx context.Context, c call) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := c.cfg.localURL()
	if err := checkReady(ctx, url+"/readyz"); err != nil {
		return fmt.Errorf("the server at %s is not ready: %w", url, err)
	}
	fmt.Fprintf(c.Out, "The server at %s is ready.\n", url)
	return nil
}

func checkReady(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	// The certificate is for the name that clients use, and this request carries nothing
	// secret.
	trusting := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	res, err := (&http.Client{Transport: trusting}).Do(req)
	if err != nil {
		return errors.New("nothing answers there")
	}
	defer res.Body.Close()
	var answer struct{ Status, Title, Detail any } // a status in words, or a problem document
	err = json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&answer)
	switch {
	case res.StatusCode == http.StatusOK && answer.Status == "ready":
		return nil
	case res.StatusCode == http.StatusOK:
		return errors.New("another program answers there")
	case err != nil:
		return fmt.Errorf("the answer is %s", res.Status)
	}
	return fmt.Errorf("%v. %v", answer.Title, answer.Detail)
}
