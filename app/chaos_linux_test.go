package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// thinking is how long a guest waits between two orders, and before trying one
// again.
const thinking = 100 * time.Millisecond

// newWristband is after how many orders a guest logs in anew, at whichever branch.
const newWristband = 50

// TestChaos lets 32 guests order through nginx, each order with a key and as often
// as it takes, while every two seconds a branch is killed, and PostgreSQL is
// restarted once in order and once as if it had crashed. Then it counts. It takes
// as long as CHAOS says; make chaos starts it.
func TestChaos(t *testing.T) {
	if os.Getenv("CHAOS") == "" {
		return
	}
	span, err := time.ParseDuration(os.Getenv("CHAOS"))
	if err != nil {
		t.Fatalf("CHAOS must be a duration, such as 30s: %v", err)
	}
	t.Setenv("KITCHEN_PACE", "20ms")
	t.Setenv("LOG_LEVEL", "error")
	c := openChain(t)
	crowd := newPatrons(t, c.door)

	trouble, stop := context.WithTimeout(t.Context(), span)
	defer stop()
	var all sync.WaitGroup
	for guest := range regularsCount {
		all.Go(func() { crowd.orderUntil(trouble, guest) })
	}
	all.Go(func() { crowd.readUntil(trouble) })
	all.Go(func() { c.killUntil(trouble) })
	all.Go(func() { c.restartPostgres(trouble, span) })
	all.Wait()

	c.awaitAll()
	crowd.settle(c.door)
	crowd.wantEachOnce(c.door)
	crowd.wantAllServed(c.door)
	t.Log(crowd.tell())
	if t.Failed() {
		for i := range c.branches {
			t.Logf("branch %d says\n%s", i, c.branch(i).out)
		}
		t.Logf("nginx says\n%s", c.door.out)
	}
}

// killUntil kills a branch every two seconds.
func (c *chain) killUntil(ctx context.Context) {
	for ticks := time.NewTicker(2 * time.Second); ; {
		select {
		case <-ctx.Done():
			ticks.Stop()
			return
		case <-ticks.C:
			c.killBranch(rand.IntN(len(c.branches)))
		}
	}
}

// restartPostgres stops PostgreSQL twice, one and two thirds through.
func (c *chain) restartPostgres(ctx context.Context, span time.Duration) {
	for _, mode := range []string{"fast", "immediate"} {
		select {
		case <-ctx.Done():
			c.t.Error("there was no time to restart PostgreSQL")
		case <-time.After(span / 3):
			c.server.Stop(mode)
			c.server.Start()
		}
	}
}

// patrons are regulars who never give up. They all are alice, which is the harder
// case for keys, but each has a wristband of their own.
type patrons struct {
	*regulars
	door   *running
	tokens [regularsCount]string

	tries, logins, reads atomic.Int64
	waits                [regularsCount][]time.Duration // from the first try of an order to its receipt
}

func newPatrons(t *testing.T, door *running) *patrons {
	p := &patrons{regulars: newRegulars(t), door: door}
	p.come(door)
	return p
}

// orderUntil lets a guest order. Whoever is not answered, or told that there is no
// branch or no database at the moment, sends the same again.
func (p *patrons) orderUntil(ctx context.Context, guest int) {
	for p.logIn(ctx, guest); ctx.Err() == nil; {
		if p.next[guest]%newWristband == newWristband-1 {
			p.logIn(ctx, guest)
		}
		key, began := p.key(guest), time.Now()
		_, body := wish(key)
		a := p.persist(ctx, http.StatusCreated, func() answer {
			return p.door.exchange("POST", "/api/v1/orders", p.tokens[guest], body, "Idempotency-Key", key)
		})
		if a.status != http.StatusCreated || !p.keep(key, a.text) {
			return
		}
		p.waits[guest] = append(p.waits[guest], time.Since(began))
		p.next[guest]++
		rest(ctx)
	}
}

// logIn gets a wristband, which one of the branches signs and all of them must
// know at once.
func (p *patrons) logIn(ctx context.Context, guest int) {
	a := p.persist(ctx, http.StatusOK, func() answer {
		return p.door.exchange("POST", "/api/v1/auth/login", "", `{"username":"alice","password":"alice-likes-pizza"}`)
	})
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	if a.status != http.StatusOK {
		return
	}
	if err := json.Unmarshal(a.text, &grant); err != nil {
		p.t.Error(err)
	}
	p.tokens[guest] = grant.AccessToken
	p.logins.Add(1)
}

// persist calls until the answer is the wanted one. Any refusal but 502 and 503
// fails the test.
func (p *patrons) persist(ctx context.Context, want int, call func() answer) answer {
	for ; ; rest(ctx) {
		a := call()
		switch a.status {
		case want:
			return a
		case 0, http.StatusBadGateway, http.StatusServiceUnavailable:
			p.tries.Add(1)
		default:
			p.t.Errorf("refused with %d %s", a.status, a.text)
			return a
		}
		if ctx.Err() != nil {
			return answer{}
		}
	}
}

// readUntil reads what needs no database. nginx asks the next branch, so that
// neither a branch nor a database that is away is to be seen, except in an answer
// that has begun.
func (p *patrons) readUntil(ctx context.Context) {
	for ; ctx.Err() == nil; p.reads.Add(3) {
		for path, token := range map[string]string{"/api/v1/menu": "", "/api/v1/auth/me": p.token, "/.well-known/jwks.json": ""} {
			if a := p.door.exchange("GET", path, token, ""); a.status != http.StatusOK && a.status != 0 {
				p.t.Errorf("%s is refused with %d %s", path, a.status, a.text)
			}
		}
		rest(ctx)
	}
}

// rest waits a moment, as a guest does.
func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(thinking/2 + rand.N(thinking)):
	}
}

func (p *patrons) tell() string {
	waits := slices.Sorted(slices.Values(slices.Concat(p.waits[:]...)))
	return fmt.Sprintf("%d orders and %d logins, %d tried again; half of the orders took %v, 99 of 100 %v, the slowest %v; %d readings of menu, me and keys",
		len(p.receipts), p.logins.Load(), p.tries.Load(), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1], p.reads.Load())
}
