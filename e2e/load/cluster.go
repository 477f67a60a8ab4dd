package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// instanceCount is how many houses share one PostgreSQL.
const instanceCount = 3

// cluster is several houses over one PostgreSQL, nginx in front of them, and one
// over SQLite to compare them with. In all of them a chef moves the orders, so
// that only what guests do is measured.
type cluster struct {
	options
	postgres
	instances []*server
	sqlite    *server
	nginx     *server // nginx, whose program is not ours
	wrk       []*generator
	tokens    []string // of the guests, by the branches
	lite      []string // of the guests, by the house over SQLite
	order     string
	failed    int64
}

// clusterLoad measures what several branches over one PostgreSQL do.
func clusterLoad(ctx context.Context, o options, dir string, out io.Writer) error {
	c := &cluster{options: o}
	defer c.close()
	if err := c.open(ctx, dir); err != nil {
		return err
	}
	if err := c.registerGuests(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context, io.Writer) error{c.throughput, c.logouts, c.memoryReport} {
		if err := part(ctx, out); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	if c.failed > 0 {
		return fmt.Errorf("%d requests failed: the lines above the table say when and how", c.failed)
	}
	return nil
}

func (c *cluster) open(ctx context.Context, dir string) (err error) {
	if c.postgres, err = findPostgres(); err != nil {
		return err
	}
	if c.nginx, err = newServer(ctx, "nginx", filepath.Join(dir, "door")); err != nil {
		return err
	}
	progress("opening %d branches over one PostgreSQL, one house over SQLite, and nginx", instanceCount)
	settings := []string{"KITCHEN=manual", "LOG_LEVEL=error", "PUBLIC_URL=" + c.nginx.url}
	if c.sqlite, err = c.startServer(ctx, filepath.Join(dir, "sqlite"), settings...); err != nil {
		return err
	}
	for i := range instanceCount {
		h, err := c.startServer(ctx, filepath.Join(dir, fmt.Sprint("branch", i+1)), append(settings, "DATABASE_URL="+c.url)...)
		if err != nil {
			return err
		}
		c.instances = append(c.instances, h)
		wrk, err := newGenerator(filepath.Join(dir, fmt.Sprint("wrk", i+1)))
		if err != nil {
			return err
		}
		c.wrk = append(c.wrk, wrk)
	}
	return c.startNginx(ctx)
}

func (c *cluster) startServer(ctx context.Context, dir string, settings ...string) (*server, error) {
	h, err := newServer(ctx, c.program, dir, settings...)
	if err == nil {
		_, err = h.open(ctx)
	}
	return h, err
}

// startNginx starts nginx with the configuration of make branches.
func (c *cluster) startNginx(ctx context.Context) error {
	conf, err := os.ReadFile(filepath.Join("..", "..", "deploy", "nginx.conf"))
	if err != nil {
		return fmt.Errorf("go run ./load -branches works in the folder of the source only: %w", err)
	}
	var branches strings.Builder
	for _, b := range c.instances {
		fmt.Fprintf(&branches, "server %s max_fails=1 fail_timeout=2s;\n", strings.TrimPrefix(b.url, "http://"))
	}
	dir := c.nginx.dir
	err = errors.Join(os.WriteFile(filepath.Join(dir, "nginx.conf"), conf, 0o600),
		os.WriteFile(filepath.Join(dir, "branches.conf"), []byte(branches.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "door.conf"), []byte("listen "+strings.TrimPrefix(c.nginx.url, "http://")+";"), 0o600))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.nginx.logFile(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // nginx writes to a handle of its own
	c.nginx.process, err = start(ctx, func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx, nil, "nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr", "-g", "daemon off;")
		cmd.Stderr = log
		return cmd
	})
	if err != nil {
		return fmt.Errorf("nginx does not start (on Debian: apt-get install nginx-light): %w", err)
	}
	return c.nginx.awaitReady(ctx)
}

// houses are all that are open.
func (c *cluster) houses() (all []*server) {
	for _, h := range append([]*server{c.nginx, c.sqlite}, c.instances...) {
		if h != nil {
			all = append(all, h)
		}
	}
	return all
}

func (c *cluster) close() {
	for _, h := range c.houses() {
		h.close()
	}
}

// registerGuests opens an account for each guest in both order books, and logs them in.
func (c *cluster) registerGuests(ctx context.Context) (err error) {
	progress("opening accounts for %d guests", guests)
	if c.lite, err = c.sqlite.newGuests(ctx, "guest", guests); err != nil {
		return err
	}
	if c.tokens, err = c.instances[0].newGuests(ctx, "guest", guests); err != nil {
		return err
	}
	c.order, err = c.instances[0].orderOfTwo(ctx)
	return err
}

// newGuests opens accounts and returns their access tokens.
func (c *client) newGuests(ctx context.Context, name string, n int) (tokens []string, err error) {
	for i := range n {
		a := account{fmt.Sprintf("%s-%d", name, i+1), "a sentence only I know"}
		body := fmt.Sprintf(`{"username":%q,"password":%q,"name":%q}`, a.username, a.password, a.username)
		_, err := c.do(ctx, call{http.MethodPost, "/api/v1/auth/register", "", body, http.StatusCreated})
		if err != nil {
			return nil, err
		}
		access, _, err := c.login(ctx, a)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, access)
	}
	return tokens, nil
}

// scenario is one way to take orders.
type scenario struct {
	what   string
	at     []*server // each gets an equal share of the guests
	tokens []string
	houses []*server // that do the work
	behind []int     // processes in front of or behind the houses: of PostgreSQL, of nginx
}

func (c *cluster) scenarios() []scenario {
	all, pg := c.instances, processTree(c.pid)
	return []scenario{
		{"SQLite, one house", []*server{c.sqlite}, c.lite, []*server{c.sqlite}, nil},
		{"PostgreSQL, one branch", all[:1], c.tokens, all[:1], pg},
		{"PostgreSQL, two branches", all[:2], c.tokens, all[:2], pg},
		{"PostgreSQL, three branches", all, c.tokens, all, pg},
		{"the same through nginx", []*server{c.nginx}, c.tokens, all, pg},
	}
}

// orderStats is what one measurement gave.
type orderStats struct {
	stats
	houses, behind float64       // cores
	whole, inBook  time.Duration // of the orders of one more guest: until the answer, and of that in the database
}

// throughput orders in each way, by turns.
func (c *cluster) throughput(ctx context.Context, out io.Writer) error {
	if err := c.warmUp(ctx); err != nil {
		return err
	}
	ways := c.scenarios()
	rounds := make([][]orderStats, len(ways))
	for round := range c.rounds {
		for i, w := range ways {
			o, err := c.measure(ctx, w)
			if err != nil {
				return err
			}
			c.failed += o.failed()
			rounds[i] = append(rounds[i], o)
			progress("round %d of %d: %s: %s orders/s, p99 %s ms%s", round+1, c.rounds, w.what, count(o.rate()), millis(o.P99), o.failures())
		}
	}
	printCluster(out, c.options, ways, rounds)
	return nil
}

// warmUp lets each branch open its connections, so that each process of
// PostgreSQL that will do the work is there.
func (c *cluster) warmUp(ctx context.Context) error {
	for _, h := range append(c.instances, c.sqlite) {
		tokens := c.tokens
		if h == c.sqlite {
			tokens = c.lite
		}
		if _, err := c.wrk[0].run(ctx, c.request(h, tokens, connections), time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) request(h *server, tokens []string, connections int) request {
	return request{"place_with_key.lua", h.url + "/api/v1/orders", http.StatusCreated, connections, tokens, c.order}
}

// measure lets the guests order in one way.
func (c *cluster) measure(ctx context.Context, w scenario) (o orderStats, err error) {
	var pids []int
	for _, h := range w.houses {
		pids = append(pids, h.process.pid())
	}
	behind := w.behind
	if w.at[0] == c.nginx {
		behind = append(processTree(c.nginx.process.pid()), behind...)
	}
	cores, err := coresDuring(func() error {
		sampling, stop := context.WithCancel(ctx)
		var sampler sync.WaitGroup
		sampler.Go(func() { o.whole, o.inBook = sample(sampling, w.at[0], w.tokens[0], c.order) })
		o.stats, err = c.run(ctx, w, c.span)
		stop()
		sampler.Wait()
		return err
	}, pids, behind)
	o.houses, o.behind = cores[0], cores[1]
	return o, err
}

// run sends one generator to each house.
func (c *cluster) run(ctx context.Context, w scenario, span time.Duration) (stats, error) {
	parts, errs := make([]stats, len(w.at)), make([]error, len(w.at))
	var all sync.WaitGroup
	for i, h := range w.at {
		all.Go(func() { parts[i], errs[i] = c.wrk[i].run(ctx, c.request(h, w.tokens, connections/len(w.at)), span) })
	}
	all.Wait()
	sum := parts[0]
	for _, f := range parts[1:] { // at the same time, so counts add up; of the percentiles the worst counts
		sum.Requests += f.Requests
		sum.Wrong, sum.Example, sum.Broken = sum.Wrong+f.Wrong, max(sum.Example, f.Example), sum.Broken+f.Broken
		sum.P50, sum.P90, sum.P99, sum.Max = max(sum.P50, f.P50), max(sum.P90, f.P90), max(sum.P99, f.P99), max(sum.Max, f.Max)
	}
	return sum, errors.Join(errs...)
}

// sample orders now and then and adds up how long that takes and how much of it
// Server-Timing says is spent in the database.
func sample(ctx context.Context, h *server, token, order string) (whole, inBook time.Duration) {
	for pause(ctx, 20*time.Millisecond) == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+"/api/v1/orders", strings.NewReader(order))
		if err != nil {
			return whole, inBook
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		began := time.Now()
		res, err := h.http.Do(req)
		if err != nil {
			continue // the generator counts what fails
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close() // it has been read
		took := time.Since(began)
		if db, ok := databaseTime(res.Header.Get("Server-Timing")); ok && err == nil {
			whole, inBook = whole+took, inBook+db
		}
	}
	return whole, inBook
}

// databaseTime reads db;dur=1.234 in milliseconds.
func databaseTime(header string) (time.Duration, bool) {
	_, rest, ok := strings.Cut(header, "db;dur=")
	number, _, _ := strings.Cut(rest, ";")
	d, err := time.ParseDuration(number + "ms")
	return d, ok && err == nil
}

func printCluster(out io.Writer, o options, ways []scenario, rounds [][]orderStats) {
	fmt.Fprintf(out, "`POST /orders` with a key, 32 guests. Medians of %d rounds of %s each. Guests, houses, PostgreSQL and nginx share the cores.\n\n", o.rounds, o.span)
	var t table
	t.add("order book", "orders/s", "min to max", "p50 ms", "p99 ms", "cores of the houses", "cores of PostgreSQL (and nginx)", "of an order's time in the database")
	for i, w := range ways {
		var rates, houses, behind, share []float64
		var p50, p99 []time.Duration
		for _, r := range rounds[i] {
			rates, houses, behind = append(rates, r.rate()), append(houses, r.houses), append(behind, r.behind)
			share = append(share, float64(r.inBook)/float64(max(r.whole, 1)))
			p50, p99 = append(p50, r.P50), append(p99, r.P99)
		}
		cores := none
		if w.behind != nil {
			cores = ratio(median(behind))
		}
		low, high := spread(rates)
		t.add(w.what, count(median(rates)), count(low)+" to "+count(high), millis(median(p50)), millis(median(p99)),
			ratio(median(houses)), cores, fmt.Sprintf("%.0f %%", 100*median(share)))
	}
	t.print(out)
}

// spread gives the smallest and the largest value.
func spread(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// streamClient lets very many streams be open.
func streamClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, MaxIdleConnsPerHost: 64}}
}
