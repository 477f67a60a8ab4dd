package class

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"restaurant/problem"
	"restaurant/queue"
)

// A code of three letters out of 23 can be guessed at ten a minute: that takes ten hours on
// average.
const (
	wrongCodesEvery  = 6 * time.Second
	wrongCodesAtOnce = 10
)

// maxAddresses bounds the memory. Beyond it, all addresses start again.
const maxAddresses = 10_000

// attempts limits wrong codes of each address.
type attempts struct {
	advice string // to who has tried too many

	mu sync.Mutex
	of map[string]*guesser
}

// guesser is one address.
type guesser struct {
	left  *rate.Limiter
	right map[string]bool // codes that were right
}

func newAttempts(advice string) *attempts {
	return &attempts{advice: advice, of: map[string]*guesser{}}
}

// check refuses an address that has no guess left.
func (a *attempts) check(r *http.Request) error {
	defer a.mu.Unlock()
	left := a.lock(r).left.Tokens()
	if left >= 1 {
		return nil
	}
	wait := time.Duration((1 - left) * float64(wrongCodesEvery))
	return problem.RateLimited.New("There were too many wrong codes from this address. " + a.advice).RetryAfter(wait)
}

func (a *attempts) countWrong(r *http.Request) {
	defer a.mu.Unlock()
	a.lock(r).left.Allow()
}

func (a *attempts) countRight(r *http.Request, code string) {
	defer a.mu.Unlock()
	a.lock(r).right[code] = true
}

func (a *attempts) wasRight(r *http.Request, code string) bool {
	defer a.mu.Unlock()
	return a.lock(r).right[code]
}

// lock takes the lock and returns what is known of the address of a request.
func (a *attempts) lock(r *http.Request) *guesser {
	address := r.RemoteAddr
	if at, err := netip.ParseAddrPort(address); err == nil {
		address = queue.ClientOf(at.Addr())
	}
	a.mu.Lock()
	g, known := a.of[address]
	if !known {
		if len(a.of) >= maxAddresses {
			clear(a.of)
		}
		g = &guesser{rate.NewLimiter(rate.Every(wrongCodesEvery), wrongCodesAtOnce), map[string]bool{}}
		a.of[address] = g
	}
	return g
}
