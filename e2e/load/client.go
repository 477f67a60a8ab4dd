package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client makes single calls, one after the other, and is strict: any other
// answer than the expected one is an error.
type client struct {
	http http.Client
	url  string
}

func newClient(url string) *client {
	return &client{url: url, http: http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}}
}

// call is one request.
type call struct {
	method, path, token, body string
	want                      int // status
}

// do makes the call and returns the body of the answer.
func (c *client) do(ctx context.Context, q call) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, q.method, c.url+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if q.token != "" {
		req.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != q.want {
		err = fmt.Errorf("%s %s answered %s, not %d: %s", q.method, q.path, res.Status, q.want, bytes.TrimSpace(text))
	}
	return text, err
}

// get is do for an answer in JSON.
func (c *client) get(ctx context.Context, q call, into any) error {
	text, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// account is somebody who can log in.
type account struct{ username, password string }

// demo is a demo account; its password stands in the README.
func demo(username string) account { return account{username, username + "-likes-pizza"} }

// credentials is the body of a login.
func (a account) credentials() string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, a.username, a.password)
}

// login returns an access token and a refresh token.
func (c *client) login(ctx context.Context, a account) (access, refresh string, err error) {
	return c.tokens(ctx, call{http.MethodPost, "/api/v1/auth/login", "", a.credentials(), http.StatusOK})
}

// tokens makes a call that answers with a pair of tokens.
func (c *client) tokens(ctx context.Context, q call) (access, refresh string, err error) {
	var pair struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	err = c.get(ctx, q, &pair)
	return pair.Access, pair.Refresh, err
}

// orderOfTwo is an order of the first two dishes that everybody may order.
func (c *client) orderOfTwo(ctx context.Context) (string, error) {
	var menu struct {
		Items []struct {
			ID            int64
			Sizes         []struct{ Size string }
			Available     bool
			AgeRestricted bool `json:"age_restricted"`
		}
	}
	if err := c.get(ctx, call{http.MethodGet, "/api/v1/menu", "", "", http.StatusOK}, &menu); err != nil {
		return "", err
	}
	var lines []string
	for _, d := range menu.Items {
		if d.Available && !d.AgeRestricted && len(d.Sizes) > 0 && len(lines) < 2 {
			lines = append(lines, fmt.Sprintf(`{"menu_item_id":%d,"size":%q,"quantity":%d}`, d.ID, d.Sizes[0].Size, len(lines)+1))
		}
	}
	if len(lines) < 2 {
		return "", fmt.Errorf("the menu has fewer than two dishes that everybody may order")
	}
	return `{"items":[` + strings.Join(lines, ",") + `]}`, nil
}

// placeOrders places n equal orders and returns the answer to the last one.
func (c *client) placeOrders(ctx context.Context, token, order string, n int) (answer []byte, err error) {
	for range n {
		if answer, err = c.do(ctx, call{http.MethodPost, "/api/v1/orders", token, order, http.StatusCreated}); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// orderID is the number of the order that an answer shows.
func orderID(answer []byte) (int64, error) {
	var order struct{ ID int64 }
	err := json.Unmarshal(answer, &order)
	return order.ID, err
}
