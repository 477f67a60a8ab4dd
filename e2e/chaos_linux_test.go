package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// thinkTime is how long a guest waits between two orders, and before a retry.
const thinkTime = 100 * time.Millisecond

// ordersPerLogin is after how many orders a guest logs in again, at any instance.
const ordersPerLogin = 50

// needChaos skips a test that needs nginx, and PostgreSQL to stop and start.
func needChaos(t *testing.T) (span time.Duration) {
	t.Helper()
	if os.Getenv("CHAOS") == "" {
		t.Skip("CHAOS is not set: make chaos runs this test")
	}
	span, err := time.ParseDuration(os.Getenv("CHAOS"))
	if err != nil {
		t.Fatalf("CHAOS must be a duration, such as 30s: %v", err)
	}
	return span
}

// TestChaos_losesNoOrder lets 32 guests order through nginx, each order with a key
// and as often as it takes, while every two seconds an instance is killed, and
// PostgreSQL is restarted once in order and once as if it had crashed. Then it
// counts. It takes as long as CHAOS says.
func TestChaos_losesNoOrder(t *testing.T) {
	span := needChaos(t)
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	t.Setenv("RESTAURANT_LOG_LEVEL", "error")
	c := testkit.StartCluster(t)
	guests := newGuests(t, c.Nginx)

	ctx, stop := context.WithTimeout(t.Context(), span)
	defer stop()
	var all sync.WaitGroup
	for guest := range testkit.Clients {
		all.Go(func() { guests.orderUntil(ctx, guest) })
	}
	all.Go(func() { guests.readUntil(ctx) })
	all.Go(func() { killUntil(ctx, c) })
	all.Go(func() { restartPostgres(ctx, t, c.Postgres, span) })
	all.Wait()

	c.AwaitReady()
	guests.PlacePending(c.Nginx)
	guests.WantEachOnce(c.Nginx)
	guests.WantAllServed(c.Nginx)
	t.Log(guests.summary())
	if t.Failed() {
		for i := range c.Size() {
			t.Logf("instance %d wrote\n%s", i, c.Instance(i).Output)
		}
		t.Logf("nginx wrote\n%s", c.Nginx.Output)
	}
}

// killUntil kills an instance every two seconds, but never the last one: who reads may not
// see an instance away, but would see all of them. With PostgreSQL away none comes back,
// and nginx leaves one out for two seconds that did not answer.
func killUntil(ctx context.Context, c *testkit.Cluster) {
	ticks := time.NewTicker(2 * time.Second)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			i := rand.IntN(c.Size())
			for !answeredByAnother(c, i) {
				if ctx.Err() != nil {
					return
				}
				time.Sleep(10 * time.Millisecond) // polled, not raced against
			}
			c.Kill(i)
		}
	}
}

// answeredByAnother asks nginx, which takes the instances by turns. X-Branch names the one
// that answered last.
func answeredByAnother(c *testkit.Cluster, i int) bool {
	a := c.Nginx.Do("GET", "/healthz", "", "")
	_, port, _ := strings.Cut(c.Instance(i).Addr, ":")
	return a.Status == http.StatusOK && !strings.HasSuffix(a.Header.Get("X-Branch"), ":"+port)
}

// restartPostgres stops PostgreSQL twice, one and two thirds through.
func restartPostgres(ctx context.Context, t *testing.T, server *testkit.PostgresServer, span time.Duration) {
	for _, mode := range []string{"fast", "immediate"} {
		select {
		case <-ctx.Done():
			t.Error("there was no time to restart PostgreSQL")
		case <-time.After(span / 3):
			server.Stop(mode)
			server.Start()
		}
	}
}

// chaosGuests never give up. They all are alice, which is the harder case for keys,
// but each has an access token of its own.
type chaosGuests struct {
	*testkit.Workload
	t      *testing.T
	nginx  *testkit.Process
	tokens [testkit.Clients]string

	tries, logins, reads atomic.Int64
	waits                [testkit.Clients][]time.Duration // from the first try of an order to its receipt
}

func newGuests(t *testing.T, nginx *testkit.Process) *chaosGuests {
	g := &chaosGuests{Workload: testkit.NewWorkload(t), t: t, nginx: nginx}
	g.Attach(nginx)
	return g
}

// orderUntil lets a guest order. Without an answer, or with one that there is no
// instance or no database at the moment, it sends the same again.
func (g *chaosGuests) orderUntil(ctx context.Context, guest int) {
	for g.login(ctx, guest); ctx.Err() == nil; {
		if g.Ordered(guest)%ordersPerLogin == ordersPerLogin-1 {
			g.login(ctx, guest)
		}
		began, ok := time.Now(), false
		g.persist(ctx, http.StatusCreated, func() (a testkit.Answer) {
			a, ok = g.PlaceNext(g.nginx, guest, g.tokens[guest])
			return a
		})
		if !ok {
			return
		}
		g.waits[guest] = append(g.waits[guest], time.Since(began))
		think(ctx)
	}
}

// login gets an access token, which one of the instances signs and all of them
// must know at once.
func (g *chaosGuests) login(ctx context.Context, guest int) {
	a := g.persist(ctx, http.StatusOK, func() testkit.Answer {
		return g.nginx.Do("POST", "/api/v1/auth/login", "", `{"username":"alice","password":"alice-likes-pizza"}`)
	})
	var pair struct {
		AccessToken string `json:"access_token"`
	}
	if a.Status != http.StatusOK {
		return
	}
	if err := json.Unmarshal(a.Body, &pair); err != nil {
		g.t.Error(err)
	}
	g.tokens[guest] = pair.AccessToken
	g.logins.Add(1)
}

// persist calls until the answer is the wanted one. Any refusal but 502 and 503
// fails the test.
func (g *chaosGuests) persist(ctx context.Context, want int, call func() testkit.Answer) testkit.Answer {
	for ; ; think(ctx) {
		a := call()
		switch a.Status {
		case want:
			return a
		case 0, http.StatusBadGateway, http.StatusServiceUnavailable:
			g.tries.Add(1)
		default:
			g.t.Errorf("refused with %d %s", a.Status, a.Body)
			return a
		}
		if ctx.Err() != nil {
			return testkit.Answer{}
		}
	}
}

// readUntil reads what needs no database. nginx asks the next instance, so that
// neither an instance nor a database that is away can be seen, except in an answer
// that has begun.
func (g *chaosGuests) readUntil(ctx context.Context) {
	for ; ctx.Err() == nil; g.reads.Add(3) {
		for path, token := range map[string]string{"/api/v1/menu": "", "/api/v1/auth/me": g.Token, "/.well-known/jwks.json": ""} {
			if a := g.nginx.Do("GET", path, token, ""); a.Status != http.StatusOK && a.Status != 0 {
				g.t.Errorf("%s is refused with %d %s", path, a.Status, a.Body)
			}
		}
		think(ctx)
	}
}

// think waits a moment, as a guest does.
func think(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(thinkTime/2 + rand.N(thinkTime)):
	}
}

func (g *chaosGuests) summary() string {
	waits := slices.Sorted(slices.Values(slices.Concat(g.waits[:]...)))
	return fmt.Sprintf("%d orders and %d logins, %d retries; half of the orders took %v, 99 of 100 %v, the slowest %v; %d readings of menu, me and keys",
		g.Receipts(), g.logins.Load(), g.tries.Load(), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1], g.reads.Load())
}
