package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"restaurant/seed"
)

func demoCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	cfg, rest, err := readConfig("demo", args, getenv, nil)
	if err = errors.Join(err, rejectExtraArgs(rest)); err != nil {
		return err
	}
	if !cfg.demoData {
		return errors.New("demo logs in as alice, who comes with DEMO_DATA=on")
	}
	if cfg.kitchenPace == 0 {
		return errors.New("demo needs a kitchen that cooks by itself: KITCHEN=auto")
	}
	std.Log = io.Discard // the requests are shown below, from the guest's side
	return runServer(ctx, cfg, std, func(ctx context.Context, url string) error {
		client, err := newDemoClient(cfg)
		if err != nil {
			return err
		}
		g := &demoRun{ctx: ctx, url: url, out: std.Out, client: client}
		if err := g.visit(); err != nil && ctx.Err() == nil {
			return err
		}
		fmt.Fprintf(std.Out, "The restaurant stays open at %s (Ctrl-C closes it).\nNow you: curl -s %s/learn, or %s/swagger/index.html\n", url, url, url)
		<-ctx.Done()
		return nil
	})
}

// demoRun is an ordinary client: it knows the address of the house and nothing
// else, and everything it does goes over HTTP.
type demoRun struct {
	ctx    context.Context
	url    string
	token  string
	out    io.Writer
	client *http.Client
}

// newDemoClient trusts the certificate of this house, as curl --cacert does.
func newDemoClient(cfg config) (*http.Client, error) {
	if !cfg.overTLS() {
		return http.DefaultClient, nil
	}
	file := cfg.tlsCert
	if cfg.tls == "self-signed" {
		file = filepath.Join(cfg.tlsDir(), "ca.pem")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // Windows keeps its own; ours is enough
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(text)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, nil
}

func (g *demoRun) visit() error {
	var login struct {
		AccessToken string `json:"access_token"`
	}
	g.heading("1. The bouncer: alice shows name and password and gets a wristband, an access token.")
	credentials := fmt.Sprintf(`{"username":"alice","password":"%s"}`, seed.DemoPassword("alice"))
	if err := g.call(http.MethodPost, "/api/v1/auth/login", credentials, &login); err != nil {
		return err
	}
	g.token = login.AccessToken

	g.heading("2. The menu card: anybody may read it; dish 1 is the Margherita.")
	var menu struct {
		Items []struct{ Name string }
	}
	if err := g.call(http.MethodGet, "/api/v1/menu?q=margherita", "", &menu); err != nil {
		return err
	}

	g.heading("3. The waiter: the order goes to the kitchen, because the wristband travels with it.")
	var order struct{ ID int64 }
	if err := g.call(http.MethodPost, "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, &order); err != nil {
		return err
	}

	g.heading("4. The kitchen: one answer stays open, and each step of the order is written into it.")
	return g.follow(fmt.Sprintf("/api/v1/orders/%d/events", order.ID))
}

func (g *demoRun) heading(line string) { fmt.Fprintf(g.out, "\n%s\n\n", line) }

// call makes one request, prints it and its answer, and reads the answer.
func (g *demoRun) call(method, path, body string, into any) error {
	res, err := g.send(method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	g.showBody(text)
	return json.Unmarshal(text, into)
}

// send makes a request and prints both heads. The password in the body of the
// login is no secret: it stands in the README.
func (g *demoRun) send(method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(g.ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(g.out, "   > %s %s HTTP/1.1\n", method, path)
	if g.token != "" {
		req.Header.Set("Authorization", "Bearer "+g.token)
		fmt.Fprintf(g.out, "   > Authorization: Bearer %s… (%d bytes)\n", g.token[:12], len(g.token))
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		fmt.Fprintf(g.out, "   > Content-Type: application/json\n   > \n   > %s\n", body)
	}
	res, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(g.out, "\n   < %s %s\n", res.Proto, res.Status)
	for _, name := range []string{"Content-Type", "Location", "Server-Timing"} {
		if v := res.Header.Get(name); v != "" {
			fmt.Fprintf(g.out, "   < %s: %s\n", name, v)
		}
	}
	if res.StatusCode >= 400 {
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		g.showBody(text)
		return nil, errors.Join(fmt.Errorf("the house said no to %s %s: %s", method, path, res.Status), err)
	}
	return res, nil
}

// showBody prints JSON so that people can read it, with the long middle of a
// token left out.
func (g *demoRun) showBody(text []byte) {
	var pretty bytes.Buffer
	if json.Indent(&pretty, bytes.TrimSpace(text), "   < ", "  ") != nil {
		return
	}
	fmt.Fprintln(g.out, "   <")
	for line := range strings.Lines(pretty.String()) {
		const most = 100
		line = strings.TrimRight(line, "\n")
		if runes := []rune(line); len(runes) > most {
			line = string(runes[:most-30]) + "…" + string(runes[len(runes)-20:])
		}
		if !strings.HasPrefix(line, "   < ") {
			line = "   < " + line
		}
		fmt.Fprintln(g.out, line)
	}
}

// follow prints a stream until it ends.
func (g *demoRun) follow(path string) error {
	res, err := g.send(http.MethodGet, path, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	fmt.Fprintln(g.out, "   <")
	served := false
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if lines.Text() != "" {
			fmt.Fprintln(g.out, "   <", lines.Text())
		}
		served = served || strings.Contains(lines.Text(), `"served"`)
	}
	if !served {
		return errors.New("the stream ended before the pizza was served")
	}
	fmt.Fprintln(g.out, "\nServed. Buon appetito!")
	return nil
}
