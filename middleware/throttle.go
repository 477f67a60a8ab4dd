package middleware

import (
	"context"
	"sync"
	"time"

	"restaurant/models"
)

// Limits of guessing. A guest who mistypes is not bothered; a thief gets about a
// hundred guesses a day for one account.
const (
	freeFailuresAccount = 5
	freeFailuresAddress = 20
	firstWait           = time.Second
	longestWait         = 15 * time.Minute
	// forgetAfter is how long a failure counts when no other follows.
	forgetAfter = models.TallyLife
	// throttleSize bounds the memory: so many accounts, addresses and homes are
	// remembered at the most, times two.
	throttleSize = 1 << 16
)

// Throttle slows down guessing of passwords, per account and per address. It
// counts failures only, and it is always on.
//
// An address from which a guest has logged in before is that guest's home: from
// there, failures are counted apart. So nobody who fails elsewhere, on purpose
// or not, can keep the real guest out.
//
// Several branches count together, in the order book. Attempts that are under way
// at this moment each branch counts for itself.
type Throttle struct {
	mu          sync.Mutex
	attemptDone *sync.Cond // an attempt has ended
	ended       int        // how many have
	accounts    *hashedCache[failures]
	addresses   *hashedCache[failures]
	homes       *hashedCache[struct{}]
	shared      SharedFailures
}

// SharedFailures is where branches count failures together. models.Store is one.
type SharedFailures interface {
	LoginTallies(ctx context.Context, places ...string) ([]models.LoginTally, error)
	CountFailedLogin(ctx context.Context, places ...string) error
	CountLogin(ctx context.Context, place, home string) error
}

// failures is what is known about failures in one place. There may be very many of
// them, so it is small.
type failures struct {
	last     int64 // time of the newest failure: Unix nanoseconds, 0 for never
	failures int32
	inFlight int32 // attempts whose end is not known yet
}

// NewThrottle makes a throttle that knows nobody. The book is nil where there is
// only one branch, which counts in memory.
func NewThrottle(book SharedFailures) *Throttle {
	t := &Throttle{
		accounts: newHashedCache[failures](throttleSize), addresses: newHashedCache[failures](throttleSize), homes: newHashedCache[struct{}](throttleSize),
		shared: book,
	}
	t.attemptDone = sync.NewCond(&t.mu)
	return t
}

// Outcome is how an attempt ended.
type Outcome int

// The three outcomes. An attempt that was given up before the password was
// looked at is no guess.
const (
	Abandoned Outcome = iota
	Failed
	Passed
)

// Attempt asks to try a password. Either it must wait, or end has to be called
// with the outcome; nobody may be told of the outcome if that gives an error.
// Many attempts at once are let through only as far as each of them may fail, so
// a race gains no guesses.
func (t *Throttle) Attempt(ctx context.Context, account, address string) (wait time.Duration, end func(Outcome) error, err error) {
	if err := t.lockWithShared(ctx, account, address); err != nil {
		return 0, nil, err
	}
	defer t.mu.Unlock()
	place := t.counterKey(account, address)
	for !t.mayTry(t.accounts, place, freeFailuresAccount) || !t.mayTry(t.addresses, address, freeFailuresAddress) {
		t.attemptDone.Wait() // attempts under way end soon: they wait for a core at the most
	}
	if wait := t.wait(place, address); wait > 0 {
		return wait, nil, nil
	}
	t.change(t.accounts, place, func(y *failures) { y.inFlight++ })
	t.change(t.addresses, address, func(y *failures) { y.inFlight++ })
	return 0, func(o Outcome) error { return t.end(ctx, account, place, address, o) }, nil
}

// lockWithShared takes the lock, with what the branches know about the account and the
// address. What was read is of no use if an attempt has ended meanwhile.
func (t *Throttle) lockWithShared(ctx context.Context, account, address string) error {
	t.mu.Lock()
	for t.shared != nil {
		ended := t.ended
		t.mu.Unlock()
		known, err := t.shared.LoginTallies(ctx, accountKey(account), homeKey(account, address), addressKey(address))
		if err != nil {
			return err
		}
		t.mu.Lock()
		if ended == t.ended {
			t.merge(account, address, known)
			break
		}
	}
	return nil
}

// The places by which the branches know each other's tallies.
func accountKey(account string) string       { return "account\x00" + account }
func homeKey(account, address string) string { return "home\x00" + account + "\x00" + address }
func addressKey(address string) string       { return "address\x00" + address }

// merge takes over what the branches know.
func (t *Throttle) merge(account, address string, known []models.LoginTally) {
	ofAccount, ofHome, ofAddress := known[0], known[1], known[2]
	home := account + "\x00" + address
	t.change(t.accounts, account, func(y *failures) { y.merge(ofAccount) })
	t.change(t.addresses, address, func(y *failures) { y.merge(ofAddress) })
	if !ofHome.Trusted {
		t.homes.forget(home)
		return
	}
	t.homes.put(home, struct{}{})
	t.change(t.accounts, home, func(y *failures) { y.merge(ofHome) })
}

// counterKey is where failures of an account are counted: everywhere, or at home.
func (t *Throttle) counterKey(account, address string) string {
	home := account + "\x00" + address
	if _, ok := t.homes.get(home); ok {
		return home
	}
	return account
}

func (t *Throttle) wait(place, address string) time.Duration {
	account, _ := t.accounts.get(place)
	where, _ := t.addresses.get(address)
	until := max(account.retryAt(freeFailuresAccount), where.retryAt(freeFailuresAddress))
	return time.Duration(max(until, 0) - time.Now().UnixNano())
}

// mayTry tells whether one more attempt may fail without having to wait first.
func (t *Throttle) mayTry(in *hashedCache[failures], key string, free int32) bool {
	y, _ := in.get(key)
	return y.inFlight == 0 || y.failures+y.inFlight < free
}

// end tells the other branches first: whoever enters after it has to know.
func (t *Throttle) end(ctx context.Context, account, place, address string, o Outcome) error {
	err := t.countShared(context.WithoutCancel(ctx), account, place, address, o)
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.attemptDone.Broadcast()
	t.ended++
	settle := func(y *failures) { y.inFlight = max(0, y.inFlight-1) } // it may have been forgotten meanwhile
	t.change(t.accounts, place, settle)
	t.change(t.addresses, address, settle)
	switch o {
	case Failed:
		t.change(t.accounts, place, (*failures).fail)
		t.change(t.addresses, address, (*failures).fail)
	case Passed: // only the account: a thief's own login must not wash the address clean
		t.change(t.accounts, place, func(y *failures) { *y = failures{inFlight: y.inFlight} })
		t.homes.put(account+"\x00"+address, struct{}{})
	}
	return err
}

func (t *Throttle) countShared(ctx context.Context, account, place, address string, o Outcome) error {
	if t.shared == nil || o == Abandoned {
		return nil
	}
	known, home := accountKey(account), homeKey(account, address)
	if place != account {
		known = home
	}
	if o == Passed {
		return t.shared.CountLogin(ctx, known, home)
	}
	return t.shared.CountFailedLogin(ctx, known, addressKey(address))
}

func (t *Throttle) change(in *hashedCache[failures], key string, fn func(*failures)) {
	y, _ := in.get(key)
	fn(&y)
	if y == (failures{}) {
		in.forget(key)
		return
	}
	in.put(key, y)
}

// fail counts a failure.
func (y *failures) fail() {
	now := time.Now().UnixNano()
	if now-y.last > int64(forgetAfter) {
		y.failures = 0
	}
	y.failures++
	y.last = now
}

// merge takes over what the branches have counted together.
func (y *failures) merge(known models.LoginTally) {
	y.failures, y.last = known.Failures, 0
	if y.failures > 0 {
		y.last = known.LastAt.Time().UnixNano()
	}
}

// retryAt is when the next attempt may be made: at once after the free failures,
// then after one second, doubling up to the longest. It is 0 for at once.
func (y *failures) retryAt(free int32) int64 {
	over := y.failures - free
	if over < 0 {
		return 0
	}
	return y.last + int64(min(firstWait<<min(over, 20), longestWait))
}
