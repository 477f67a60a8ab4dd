package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What happens in a crowd. Every client stays below the rate limit, which is on.
const (
	floods        = 3  // addresses that register accounts
	floodRate     = 48 // registrations a second of each
	orderRate     = 40 // orders a second of each guest
	loginInterval = 250 * time.Millisecond
	crowdTimeout  = 70 * time.Second // of an answer
)

// crowd measures how guests fare while others flood the server with registrations, each of
// which costs a password hash. The floods come from 127.0.0.2 and further addresses.
func crowd(ctx context.Context, o options, dir string, out io.Writer) error {
	s, err := newServer(o.program, filepath.Join(dir, "crowd"), "RESTAURANT_RATE_LIMIT=50/s", "RESTAURANT_KITCHEN=manual", "RESTAURANT_LOG_LEVEL=warn")
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := s.start(ctx); err != nil {
		return err
	}
	guests, err := s.loginAll(ctx, []account{demo("alice"), demo("bob"), demo("vera"), demo("carla")})
	if err != nil {
		return err
	}
	order, err := s.orderOfTwo(ctx)
	if err != nil {
		return err
	}
	var t table
	t.add("", "orders/s", "logins", "p50", "p99", "slowest", "registrations")
	for round := range o.rounds {
		for _, flooded := range []bool{false, true} {
			progress("round %d of %d, flooded: %v", round+1, o.rounds, flooded)
			t.add(s.crowded(ctx, o.span, guests, order, flooded).cells(flooded)...)
			if err := pause(ctx, 5*time.Second); err != nil { // what waits is answered, and the limits are full again
				return err
			}
		}
	}
	fmt.Fprintf(out, "Guests order and one logs in, alone and while %d addresses register %d accounts a second each. Milliseconds; 0 is no answer.\n\n", floods, floodRate)
	t.print(out)
	return nil
}

// answers counts what a kind of request was answered, and how long that took.
type answers struct {
	mu       sync.Mutex
	statuses map[int]int
	took     []time.Duration
}

// post sends a request and notes its answer.
func (a *answers) post(ctx context.Context, via *http.Client, url, token, body string) {
	began, status := time.Now(), 0
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if res, err := via.Do(req); err == nil {
		status = res.StatusCode
		_, _ = io.Copy(io.Discard, res.Body) // only the status matters
		_ = res.Body.Close()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.statuses == nil {
		a.statuses = map[int]int{}
	}
	a.statuses[status]++
	a.took = append(a.took, time.Since(began))
}

func (a *answers) String() string {
	var words []string
	for _, status := range slices.Sorted(maps.Keys(a.statuses)) {
		words = append(words, fmt.Sprintf("%d: %s", status, count(a.statuses[status])))
	}
	return strings.Join(words, ", ")
}

// crowdStats are what one measurement gave.
type crowdStats struct {
	span                          time.Duration
	orders, logins, registrations answers
}

func (c *crowdStats) cells(flooded bool) []string {
	what, took := "alone", slices.Sorted(slices.Values(c.logins.took))
	if flooded {
		what = "flooded"
	}
	return []string{
		what, count(float64(c.orders.statuses[http.StatusCreated]) / c.span.Seconds()), c.logins.String(),
		millis(median(took)), millis(percentile(took, 0.99)), millis(took[len(took)-1]), c.registrations.String(),
	}
}

// crowded lets guests order, one log in and, if flooded, strangers register.
func (s *server) crowded(ctx context.Context, span time.Duration, guests []string, order string, flooded bool) *crowdStats {
	c, home := &crowdStats{span: span}, clientFrom(1)
	var all sync.WaitGroup
	all.Go(func() {
		openLoop(ctx, span, loginInterval, func() {
			c.logins.post(ctx, home, s.URL+"/api/v1/auth/login", "", demo("alice").credentials())
		})
	})
	for _, token := range guests {
		all.Go(func() {
			openLoop(ctx, span, time.Second/orderRate, func() { c.orders.post(ctx, home, s.URL+"/api/v1/orders", token, order) })
		})
	}
	for i := range floods {
		if !flooded {
			break
		}
		stranger, n := clientFrom(byte(2+i)), atomic.Int64{}
		all.Go(func() {
			openLoop(ctx, span, time.Second/floodRate, func() {
				body := fmt.Sprintf(`{"username":"flood-%d.%d.%d","password":"a sentence only I know","name":"Flood"}`, time.Now().UnixMilli(), i, n.Add(1))
				c.registrations.post(ctx, stranger, s.URL+"/api/v1/auth/register", "", body)
			})
		})
	}
	all.Wait()
	return c
}

// openLoop does something every so often, whether or not it has been done before, and
// waits for the last.
func openLoop(ctx context.Context, span, interval time.Duration, do func()) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for end := time.Now().Add(span); time.Now().Before(end); {
		select {
		case <-ticks.C:
			all.Go(do)
		case <-ctx.Done():
			return
		}
	}
}

// clientFrom is a client at 127.0.0.host.
func clientFrom(host byte) *http.Client {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, host)}}
	return &http.Client{Timeout: crowdTimeout, Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: floodRate}}
}
