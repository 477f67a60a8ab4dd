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
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"restaurant/seed"
)

func demoCommand(ctx context.Context, c call) error {
	if !c.cfg.demoData {
		return errors.New("demo needs the demo account alice: set RESTAURANT_DEMO_DATA=on")
	}
	if c.cfg.kitchen == "manual" {
		return errors.New("demo needs orders that move on by themselves: set RESTAURANT_KITCHEN=auto")
	}
	c.Log = io.Discard // the requests are shown below, from the client's side
	return runServer(ctx, c, func(ctx context.Context, at place) error {
		client, err := newDemoClient(c.cfg, at.listening)
		if err != nil {
			return err
		}
		d := &demoRun{ctx: ctx, url: c.cfg.directURL(at.url), out: c.Out, client: client}
		if err := d.orderPizza(); err != nil {
			return d.stopped(err)
		}
		fmt.Fprint(c.Out, "Now you:\n\n")
		printFirstSteps(c, at.url)
		fmt.Fprintln(c.Out, "See all commands and settings: run the program with -h.")
		return nil
	})
}

// demoRun is an ordinary client: it knows the server's address and nothing else, and
// does everything over HTTP.
type demoRun struct {
	ctx    context.Context
	url    string
	token  string
	out    io.Writer
	client *http.Client
	order  int64     // its number; 0: not ordered yet
	placed time.Time // when it was ordered
}

// newDemoClient connects to the address listening, whatever the URL says, so that
// alice's password goes to this server and to no other program or proxy. It trusts the
// server's certificate, as curl --cacert does.
func newDemoClient(cfg config, listening string) (*http.Client, error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listening)
	}}
	if !cfg.overTLS() {
		return &http.Client{Transport: transport}, nil
	}
	file := cfg.tlsCert
	if cfg.tls == "self-signed" {
		file = cfg.caFile()
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
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport}, nil
}

func (d *demoRun) orderPizza() error {
	var login struct {
		AccessToken string `json:"access_token"`
	}
	d.heading("1. The bouncer (login and token check): alice shows her name and password, and gets a wristband (access token).")
	credentials := fmt.Sprintf(`{"username":"alice","password":"%s"}`, seed.DemoPassword("alice"))
	if err := d.call(http.MethodPost, "/api/v1/auth/login", credentials, &login); err != nil {
		return err
	}
	d.token = login.AccessToken

	d.heading("2. The menu: everybody may read it, also without a wristband. Dish 1 is the Margherita.")
	if err := d.call(http.MethodGet, "/api/v1/menu?q=margherita", "", new(any)); err != nil {
		return err
	}

	d.heading("3. The waiter (API): takes the order to the kitchen (server program), because the request carries the wristband.")
	var order struct{ ID int64 }
	if err := d.call(http.MethodPost, "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, &order); err != nil {
		return err
	}
	d.order, d.placed = order.ID, time.Now()

	d.heading("4. The kitchen (server program): this answer stays open (a stream), and the kitchen writes each step of the order into it.")
	return d.follow(fmt.Sprintf("/api/v1/orders/%d/events", order.ID))
}

// stopped is the error of a demo that did not come to its end: a script must not take half
// of it for all of it.
func (d *demoRun) stopped(err error) error {
	switch {
	case d.ctx.Err() == nil:
		return err
	case d.order == 0:
		return errors.New("the demo was stopped before the pizza was ordered; start it again to see all of it")
	}
	return fmt.Errorf("the demo was stopped before the pizza was served; order %d is saved, and goes on when the server runs again", d.order)
}

func (d *demoRun) heading(line string) { fmt.Fprintf(d.out, "\n%s\n\n", line) }

// call makes one request, prints it with the response, and decodes that.
func (d *demoRun) call(method, path, body string, into any) error {
	start := time.Now()
	res, err := d.send(method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	d.showBody(text)
	fmt.Fprintf(d.out, "\n   Answered after %d ms.\n", time.Since(start).Milliseconds())
	return json.Unmarshal(text, into)
}

// send makes a request and prints both heads. The password in the login is no secret:
// the README shows it.
func (d *demoRun) send(method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(d.ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(d.out, "   > %s %s HTTP/1.1\n", method, path)
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
		fmt.Fprintf(d.out, "   > Authorization: Bearer %s… (%d bytes)\n", d.token[:12], len(d.token))
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		fmt.Fprintf(d.out, "   > Content-Type: application/json\n   > \n   > %s\n", body)
	}
	res, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(d.out, "\n   < %s %s\n", res.Proto, res.Status)
	for _, name := range []string{"Content-Type", "Location", "Server-Timing"} {
		if v := res.Header.Get(name); v != "" {
			fmt.Fprintf(d.out, "   < %s: %s\n", name, v)
		}
	}
	if res.StatusCode >= 400 {
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		d.showBody(text)
		return nil, errors.Join(fmt.Errorf("the server refused %s %s: %s", method, path, res.Status), err)
	}
	return res, nil
}

// showBody prints JSON with indentation, and without the long middle of a token.
func (d *demoRun) showBody(text []byte) {
	pretty := bytes.NewBufferString("   < ")
	if json.Indent(pretty, bytes.TrimSpace(text), "   < ", "  ") != nil {
		return
	}
	fmt.Fprintln(d.out, "   <")
	for line := range strings.Lines(pretty.String()) {
		const most = 100
		line = strings.TrimRight(line, "\n")
		if runes := []rune(line); len(runes) > most {
			line = string(runes[:most-30]) + "…" + string(runes[len(runes)-20:])
		}
		fmt.Fprintln(d.out, line)
	}
}

// follow prints a stream until it ends.
func (d *demoRun) follow(path string) error {
	res, err := d.send(http.MethodGet, path, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	fmt.Fprintln(d.out, "   <")
	served := false
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if lines.Text() != "" {
			fmt.Fprintln(d.out, "   <", lines.Text())
		}
		if strings.HasPrefix(lines.Text(), "data:") {
			fmt.Fprintf(d.out, "     %s after the order\n", d.sinceOrder())
		}
		served = served || strings.Contains(lines.Text(), `"served"`)
	}
	if !served {
		return errors.New("the stream ended before the pizza was served")
	}
	fmt.Fprintf(d.out, "\nServed %s after the order. Buon appetito!\n\n", d.sinceOrder())
	return nil
}

func (d *demoRun) sinceOrder() string { return fmt.Sprintf("%.1f s", time.Since(d.placed).Seconds()) }
