package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"restaurant/e2e/testkit/process"
)

// instanceCount is how many servers share one PostgreSQL.
const instanceCount = 3

// cluster is several instances over one PostgreSQL, nginx in front of them, and one
// server over SQLite to compare them with. In all of them a chef moves the orders,
// so that only what guests do is measured.
type cluster struct {
	options
	postgres
	instances            []*server
	sqlite               *server
	nginx                *server  // whose program is not ours
	tokens, sqliteTokens []string // of the guests
	order                string
	failed               int64
}

// clusterLoad measures several instances over one PostgreSQL.
func clusterLoad(ctx context.Context, o options, dir string, out io.Writer) error {
	c := &cluster{options: o}
	defer c.stop()
	if err := c.start(ctx, dir); err != nil {
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

func (c *cluster) start(ctx context.Context, dir string) (err error) {
	if c.postgres, err = findPostgres(); err != nil {
		return err
	}
	if c.nginx, err = newServer("nginx", filepath.Join(dir, "nginx")); err != nil {
		return err
	}
	progress("starting %d instances over one PostgreSQL, one server over SQLite, and nginx", instanceCount)
	settings := []string{"RESTAURANT_KITCHEN=manual", "RESTAURANT_LOG_LEVEL=error", "RESTAURANT_PUBLIC_URL=" + c.nginx.URL}
	if c.sqlite, err = c.startServer(ctx, filepath.Join(dir, "sqlite"), settings...); err != nil {
		return err
	}
	var addrs []string
	for i := range instanceCount {
		s, err := c.startServer(ctx, filepath.Join(dir, fmt.Sprint("instance", i+1)), append(settings, "RESTAURANT_DATABASE_URL="+c.url)...)
		if err != nil {
			return err
		}
		c.instances, addrs = append(c.instances, s), append(addrs, s.addr)
	}
	cmd, err := process.Nginx(c.nginx.dir, c.nginx.addr, addrs...)
	if err != nil {
		return err
	}
	if _, err := c.nginx.run(ctx, cmd); err != nil {
		return fmt.Errorf("nginx does not start (on Debian: apt-get install nginx-light): %w", err)
	}
	return nil
}

func (c *cluster) startServer(ctx context.Context, dir string, settings ...string) (*server, error) {
	s, err := newServer(c.program, dir, settings...)
	if err == nil {
		_, err = s.start(ctx)
	}
	return s, err
}

func (c *cluster) stop() {
	for _, s := range append([]*server{c.nginx, c.sqlite}, c.instances...) {
		if s != nil {
			s.stop()
		}
	}
}

// registerGuests registers each guest in both databases, and logs them in.
func (c *cluster) registerGuests(ctx context.Context) (err error) {
	if c.sqliteTokens, err = c.sqlite.newGuests(ctx, "guest", guests); err != nil {
		return err
	}
	if c.tokens, err = c.instances[0].newGuests(ctx, "guest", guests); err != nil {
		return err
	}
	c.order, err = c.instances[0].orderOfTwo(ctx)
	return err
}

// newGuests registers guests and returns their access tokens.
func (c *client) newGuests(ctx context.Context, name string, n int) (tokens []string, err error) {
	accounts, err := c.register(ctx, name, n)
	if err != nil {
		return nil, err
	}
	return c.loginAll(ctx, accounts)
}

// scenario is one way to take orders.
type scenario struct {
	what   string
	at     []*server // each gets an equal share of the guests; none: pgbench does it
	tokens []string
	work   []*server // that do the work
	others []int     // other processes: of PostgreSQL, of nginx
}

func (c *cluster) scenarios() []scenario {
	all, pg := c.instances, processTree(c.pid)
	return []scenario{
		{what: "PostgreSQL alone: pgbench, the same row"},
		{"SQLite, one server", []*server{c.sqlite}, c.sqliteTokens, []*server{c.sqlite}, nil},
		{"PostgreSQL, one instance", all[:1], c.tokens, all[:1], pg},
		{"PostgreSQL, two instances", all[:2], c.tokens, all[:2], pg},
		{"PostgreSQL, three instances", all, c.tokens, all, pg},
		{"the same through nginx", []*server{c.nginx}, c.tokens, all, pg},
	}
}

// orderStats is what one measurement gave.
type orderStats struct {
	stats
	servers, others   float64       // cores
	whole, inDatabase time.Duration // of the orders of one more guest: until the answer, and of that in the database
}

// throughput orders in each scenario, by turns.
func (c *cluster) throughput(ctx context.Context, out io.Writer) error {
	if err := c.warmUp(ctx); err != nil {
		return err
	}
	all := c.scenarios()
	rounds := make([][]orderStats, len(all))
	for round := range c.rounds {
		for i, w := range all {
			o, err := c.measure(ctx, w)
			if err != nil {
				return err
			}
			c.failed += o.failed()
			rounds[i] = append(rounds[i], o)
			progress("round %d of %d: %s: %s orders/s%s", round+1, c.rounds, w.what, count(o.rate()), o.failures())
		}
	}
	printCluster(out, c.options, all, rounds)
	return nil
}

// warmUp lets each server open its connections, so that each process of
// PostgreSQL that will do the work is there.
func (c *cluster) warmUp(ctx context.Context) error {
	for _, s := range append(c.instances, c.sqlite) {
		tokens := c.tokens
		if s == c.sqlite {
			tokens = c.sqliteTokens
		}
		if _, err := c.request(s, tokens, connections).run(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) request(s *server, tokens []string, connections int) request {
	q := placeOrder(s.URL+"/api/v1/orders", tokens, c.order)
	q.connections, q.key = connections, true
	return q
}

// measure lets the guests order in one scenario.
func (c *cluster) measure(ctx context.Context, w scenario) (o orderStats, err error) {
	var pids []int
	for _, s := range w.work {
		pids = append(pids, s.pid())
	}
	others := w.others
	if len(w.at) == 0 {
		o.stats, err = c.limit(ctx)
		return o, err
	}
	if w.at[0] == c.nginx {
		others = append(processTree(c.nginx.pid()), others...)
	}
	cores, err := coresDuring(func() error {
		sampling, stop := context.WithCancel(ctx)
		var sampler sync.WaitGroup
		sampler.Go(func() { o.whole, o.inDatabase = sample(sampling, w.at[0], w.tokens[0], c.order) })
		o.stats, err = c.run(ctx, w, c.span)
		stop()
		sampler.Wait()
		return err
	}, pids, others)
	o.servers, o.others = cores[0], cores[1]
	return o, err
}

// run sends one generator to each server.
func (c *cluster) run(ctx context.Context, w scenario, span time.Duration) (stats, error) {
	parts, errs := make([]stats, len(w.at)), make([]error, len(w.at))
	var all sync.WaitGroup
	for i, s := range w.at {
		all.Go(func() { parts[i], errs[i] = c.request(s, w.tokens, connections/len(w.at)).run(ctx, span) })
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
func sample(ctx context.Context, s *server, token, order string) (whole, inDatabase time.Duration) {
	for pause(ctx, 20*time.Millisecond) == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/orders", strings.NewReader(order))
		if err != nil {
			return whole, inDatabase
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		began := time.Now()
		res, err := s.HTTP.Do(req)
		if err != nil {
			continue // the generator counts what fails
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close() // it has been read
		took := time.Since(began)
		if db, ok := databaseTime(res.Header.Get("Server-Timing")); ok && err == nil {
			whole, inDatabase = whole+took, inDatabase+db
		}
	}
	return whole, inDatabase
}

// databaseTime reads db;dur=1.234 in milliseconds.
func databaseTime(header string) (time.Duration, bool) {
	_, rest, ok := strings.Cut(header, "db;dur=")
	number, _, _ := strings.Cut(rest, ";")
	d, err := time.ParseDuration(number + "ms")
	return d, ok && err == nil
}

func printCluster(out io.Writer, o options, all []scenario, rounds [][]orderStats) {
	fmt.Fprintf(out, "`POST /orders` with a key, 32 guests. Medians of %d rounds of %s each. Generator, servers, PostgreSQL and nginx share the cores.\n\n", o.rounds, o.span)
	var t table
	t.add("database", "orders/s", "min to max", "of pgbench", "p50 ms", "p99 ms", "cores of the servers", "cores of PostgreSQL (and nginx)", "of an order's time in the database")
	for i, w := range all {
		t.add(append([]string{w.what}, scenarioCells(w, rounds[i], rounds[0])...)...)
	}
	t.print(out)
}

// scenarioCells are the medians of a scenario; by are the rounds of pgbench.
func scenarioCells(w scenario, rounds, by []orderStats) []string {
	var rates, ratios, servers, others, share []float64
	var p50, p99 []time.Duration
	for i, r := range rounds {
		rates, ratios = append(rates, r.rate()), append(ratios, r.rate()/by[i].rate())
		servers, others = append(servers, r.servers), append(others, r.others)
		share = append(share, float64(r.inDatabase)/float64(max(r.whole, 1)))
		p50, p99 = append(p50, r.P50), append(p99, r.P99)
	}
	low, high := spread(rates)
	cells := []string{count(median(rates)), count(low) + " to " + count(high)}
	if len(w.at) == 0 {
		return append(cells, none, none, none, none, none, none)
	}
	cores := none
	if w.others != nil {
		cores = ratio(median(others))
	}
	return append(cells, ratio(median(ratios)), millis(median(p50)), millis(median(p99)), ratio(median(servers)), cores, fmt.Sprintf("%.0f %%", 100*median(share)))
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
