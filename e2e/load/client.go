package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"restaurant/e2e/testkit/process"
)

// client makes single calls, one after the other, and is strict: any other answer
// than the expected one is an error.
type client struct{ *process.Client }

func newClient(url string) *client { return &client{process.NewClient(url)} }

// call is one request.
type call struct {
	method, path, token, body string
	want                      int // status
}

// do makes the call and returns the body of the answer.
func (c *client) do(ctx context.Context, q call) ([]byte, error) {
	a, err := c.whole(ctx, q)
	return a.Body, err
}

// whole makes the call and returns the whole answer.
func (c *client) whole(ctx context.Context, q call, headers ...string) (process.Answer, error) {
	a, err := c.Do(ctx, q.method, q.path, q.token, q.body, headers...)
	if err == nil && a.Status != q.want {
		err = fmt.Errorf("%s %s answered %d, not %d: %s", q.method, q.path, a.Status, q.want, bytes.TrimSpace(a.Body))
	}
	return a, err
}

// get is do for an answer in JSON.
func (c *client) get(ctx context.Context, q call, into any) error {
	text, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// account is a user that can log in.
type account struct{ username, password string }

// demo is a demo account; the README shows its password.
func demo(username string) account { return account{username, username + "-likes-pizza"} }

// credentials is the body of a login.
func (a account) credentials() string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, a.username, a.password)
}

// login returns an access token and a refresh token.
func (c *client) login(ctx context.Context, a account) (access, refresh string, err error) {
	return c.tokens(ctx, call{http.MethodPost, "/api/v1/auth/login", "", a.credentials(), http.StatusOK})
}

// loginAll logs accounts in and returns their access tokens.
func (c *client) loginAll(ctx context.Context, accounts []account) (tokens []string, err error) {
	for _, a := range accounts {
		access, _, err := c.login(ctx, a)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, access)
	}
	return tokens, nil
}

// register registers guests.
func (c *client) register(ctx context.Context, name string, n int) (accounts []account, err error) {
	progress("registering %d guests", n)
	for i := range n {
		a := account{fmt.Sprintf("%s-%d", name, i+1), rand.Text()}
		body := fmt.Sprintf(`{"username":%q,"password":%q,"name":%q}`, a.username, a.password, a.username)
		if _, err := c.do(ctx, call{http.MethodPost, "/api/v1/auth/register", "", body, http.StatusCreated}); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
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

// orderOfTwo is an order of the first two dishes that all may order.
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
		return "", fmt.Errorf("the menu has fewer than two dishes that all may order")
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
