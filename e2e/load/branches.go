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

// branchCount is how many houses share one PostgreSQL.
const branchCount = 3

// chain is several houses over one PostgreSQL, nginx in front of them, and one
// over SQLite to compare them with. In all of them a chef moves the orders, so
// that only what guests do is measured.
type chain struct {
	options
	postgres
	branches []*house
	sqlite   *house
	door     *house // nginx, whose program is not ours
	wrk      []*generator
	tokens   []string // of the guests, by the branches
	lite     []string // of the guests, by the house over SQLite
	order    string
	failed   int64
}

// branchesLoad measures what several branches over one PostgreSQL do.
func branchesLoad(ctx context.Context, o options, dir string, out io.Writer) error {
	c := &chain{options: o}
	defer c.close()
	if err := c.open(ctx, dir); err != nil {
		return err
	}
	if err := c.invite(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context, io.Writer) error{c.throughput, c.logouts, c.crowdedMemory} {
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

func (c *chain) open(ctx context.Context, dir string) (err error) {
	if c.postgres, err = findPostgres(); err != nil {
		return err
	}
	if c.door, err = newHouse(ctx, "nginx", filepath.Join(dir, "door")); err != nil {
		return err
	}
	progress("opening %d branches over one PostgreSQL, one house over SQLite, and nginx", branchCount)
	settings := []string{"KITCHEN=manual", "LOG_LEVEL=error", "PUBLIC_URL=" + c.door.url}
	if c.sqlite, err = c.openHouse(ctx, filepath.Join(dir, "sqlite"), settings...); err != nil {
		return err
	}
	for i := range branchCount {
		h, err := c.openHouse(ctx, filepath.Join(dir, fmt.Sprint("branch", i+1)), append(settings, "DATABASE_URL="+c.url)...)
		if err != nil {
			return err
		}
		c.branches = append(c.branches, h)
		wrk, err := newGenerator(filepath.Join(dir, fmt.Sprint("wrk", i+1)))
		if err != nil {
			return err
		}
		c.wrk = append(c.wrk, wrk)
	}
	return c.openDoor(ctx)
}

func (c *chain) openHouse(ctx context.Context, dir string, settings ...string) (*house, error) {
	h, err := newHouse(ctx, c.program, dir, settings...)
	if err == nil {
		_, err = h.open(ctx)
	}
	return h, err
}

// openDoor starts nginx with the configuration of make branches.
func (c *chain) openDoor(ctx context.Context) error {
	conf, err := os.ReadFile(filepath.Join("branches", "nginx.conf"))
	if err != nil {
		return fmt.Errorf("go run ./load -branches works in the folder of the source only: %w", err)
	}
	var branches strings.Builder
	for _, b := range c.branches {
		fmt.Fprintf(&branches, "server %s max_fails=1 fail_timeout=2s;\n", strings.TrimPrefix(b.url, "http://"))
	}
	dir := c.door.dir
	err = errors.Join(os.WriteFile(filepath.Join(dir, "nginx.conf"), conf, 0o600),
		os.WriteFile(filepath.Join(dir, "branches.conf"), []byte(branches.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "door.conf"), []byte("listen "+strings.TrimPrefix(c.door.url, "http://")+";"), 0o600))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.door.logFile(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // nginx writes to a handle of its own
	c.door.process, err = start(ctx, func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx, nil, "nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr", "-g", "daemon off;")
		cmd.Stderr = log
		return cmd
	})
	if err != nil {
		return fmt.Errorf("nginx does not start (on Debian: apt-get install nginx-light): %w", err)
	}
	return c.door.awaitReady(ctx)
}

// houses are all that are open.
func (c *chain) houses() (all []*house) {
	for _, h := range append([]*house{c.door, c.sqlite}, c.branches...) {
		if h != nil {
			all = append(all, h)
		}
	}
	return all
}

func (c *chain) close() {
	for _, h := range c.houses() {
		h.close()
	}
}

// invite opens an account for each guest in both order books, and logs them in.
func (c *chain) invite(ctx context.Context) (err error) {
	progress("opening accounts for %d guests", guests)
	if c.lite, err = c.sqlite.newGuests(ctx, "guest", guests); err != nil {
		return err
	}
	if c.tokens, err = c.branches[0].newGuests(ctx, "guest", guests); err != nil {
		return err
	}
	c.order, err = c.branches[0].orderOfTwo(ctx)
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

// lineup is one way to take orders.
type lineup struct {
	what   string
	at     []*house // each gets an equal share of the guests
	tokens []string
	houses []*house // that do the work
	behind []int    // processes in front of or behind the houses: of PostgreSQL, of nginx
}

func (c *chain) lineups() []lineup {
	all, pg := c.branches, family(c.pid)
	return []lineup{
		{"SQLite, one house", []*house{c.sqlite}, c.lite, []*house{c.sqlite}, nil},
		{"PostgreSQL, one branch", all[:1], c.tokens, all[:1], pg},
		{"PostgreSQL, two branches", all[:2], c.tokens, all[:2], pg},
		{"PostgreSQL, three branches", all, c.tokens, all, pg},
		{"the same through nginx", []*house{c.door}, c.tokens, all, pg},
	}
}

// orders is what one measurement gave.
type orders struct {
	figures
	houses, behind float64       // cores
	whole, inBook  time.Duration // of the orders of one more guest: until the answer, and of that in the database
}

// throughput orders in each way, by turns.
func (c *chain) throughput(ctx context.Context, out io.Writer) error {
	if err := c.warmUp(ctx); err != nil {
		return err
	}
	ways := c.lineups()
	rounds := make([][]orders, len(ways))
	for round := range c.rounds {
		for i, w := range ways {
			o, err := c.take(ctx, w)
			if err != nil {
				return err
			}
			c.failed += o.failed()
			rounds[i] = append(rounds[i], o)
			progress("round %d of %d: %s: %s orders/s, p99 %s ms%s", round+1, c.rounds, w.what, count(o.rate()), millis(o.P99), o.faults())
		}
	}
	printThroughput(out, c.options, ways, rounds)
	return nil
}

// warmUp lets each branch open its connections, so that each process of
// PostgreSQL that will do the work is there.
func (c *chain) warmUp(ctx context.Context) error {
	for _, h := range append(c.branches, c.sqlite) {
		tokens := c.tokens
		if h == c.sqlite {
			tokens = c.lite
		}
		if _, err := c.wrk[0].run(ctx, c.visit(h, tokens, connections), time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (c *chain) visit(h *house, tokens []string, connections int) visit {
	return visit{"place_with_key.lua", h.url + "/api/v1/orders", http.StatusCreated, connections, tokens, c.order}
}

// take lets the guests order in one way.
func (c *chain) take(ctx context.Context, w lineup) (o orders, err error) {
	var pids []int
	for _, h := range w.houses {
		pids = append(pids, h.process.pid())
	}
	behind := w.behind
	if w.at[0] == c.door {
		behind = append(family(c.door.process.pid()), behind...)
	}
	cores, err := coresDuring(func() error {
		sampling, stop := context.WithCancel(ctx)
		var sampler sync.WaitGroup
		sampler.Go(func() { o.whole, o.inBook = sample(sampling, w.at[0], w.tokens[0], c.order) })
		o.figures, err = c.visitAll(ctx, w, c.span)
		stop()
		sampler.Wait()
		return err
	}, pids, behind)
	o.houses, o.behind = cores[0], cores[1]
	return o, err
}

// visitAll sends one generator to each house.
func (c *chain) visitAll(ctx context.Context, w lineup, span time.Duration) (figures, error) {
	parts, errs := make([]figures, len(w.at)), make([]error, len(w.at))
	var all sync.WaitGroup
	for i, h := range w.at {
		all.Go(func() { parts[i], errs[i] = c.wrk[i].run(ctx, c.visit(h, w.tokens, connections/len(w.at)), span) })
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
func sample(ctx context.Context, h *house, token, order string) (whole, inBook time.Duration) {
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

func printThroughput(out io.Writer, o options, ways []lineup, rounds [][]orders) {
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
