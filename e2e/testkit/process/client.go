package process

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client makes single requests.
type Client struct {
	URL  string // what paths are added to
	HTTP *http.Client
}

// NewClient returns a client that keeps some connections.
func NewClient(url string) *Client {
	return &Client{URL: url, HTTP: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
}

// Answer is a whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Close  bool // the server closes the connection after this answer
}

// Do makes a request and reads the whole answer; headers are names and values by
// turns.
func (c *Client) Do(ctx context.Context, method, path, token, body string, headers ...string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, text, res.Close}, err
}

// DemoCredentials is the body of a demo user's login; the README shows the
// passwords.
func DemoCredentials(username string) string {
	return fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, username, username)
}
