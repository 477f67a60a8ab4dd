package middleware

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"restaurant/models"
)

// Limits of guessing. A user who mistypes notices nothing; an attacker gets about a
// hundred guesses a day for one account.
const (
	freeFailuresAccount = 5
	freeFailuresAddress = 20
	firstWait           = time.Second
	longestWait         = 15 * time.Minute
	// forgetAfter is how long a failure counts when no other follows.
	forgetAfter = models.TallyLife
	// throttleSize bounds the memory: twice as many accounts, addresses and pairs are
	// remembered.
	throttleSize = 1 << 16
)

// Throttle slows down guessing of passwords, per account and per address. It
// counts failures only, and it is always on.
//
// An address from which a user has logged in is trusted for that account: its failures
// are counted apart, so an attacker elsewhere cannot lock the user out.
//
// Instances count together in the database. Each counts its own attempts in flight.
type Throttle struct {
	mu          sync.Mutex
	attemptDone *sync.Cond
	done        int // attempts so far
	accounts    *hashedCache[failures]
	addresses   *hashedCache[failures]
	trusted     *hashedCache[struct{}]
	shared      SharedFailures
	longest     time.Duration // wait
}

// SharedFailures is where instances count failures together. models.Store is one.
type SharedFailures interface {
	LoginTallies(ctx context.Context, keys ...string) ([]models.LoginTally, error)
	CountFailedLogin(ctx context.Context, keys ...string) error
	CountLogin(ctx context.Context, key, trusted string) error
}

// failures is what is known of one key. It is small, as there may be very many.
type failures struct {
	last     int64 // time of the newest failure in Unix nanoseconds; 0 for never
	failures int32
	inFlight int32 // attempts that have not ended
}

// NewThrottle makes an empty throttle. shared is nil for a single instance, which counts
// in memory. No guest waits longer than longest; 0: a quarter of an hour.
func NewThrottle(shared SharedFailures, longest time.Duration) *Throttle {
	t := &Throttle{
		accounts: newHashedCache[failures](throttleSize), addresses: newHashedCache[failures](throttleSize), trusted: newHashedCache[struct{}](throttleSize),
		shared: shared, longest: cmp.Or(longest, longestWait),
	}
	t.attemptDone = sync.NewCond(&t.mu)
	return t
}

// Outcome is how an attempt ended.
type Outcome int

// The three outcomes. An attempt that was abandoned before the password was checked is
// no guess.
const (
	Abandoned Outcome = iota
	Failed
	Passed
)

// loginKeys are what an attempt may count against, in memory and in the database.
// Nothing counts against an empty one.
type loginKeys struct{ account, pair, address string }

func keysOf(account, address string) loginKeys {
	if account == "" {
		return loginKeys{address: "address\x00" + address}
	}
	return loginKeys{"account\x00" + account, "home\x00" + account + "\x00" + address, "address\x00" + address}
}

// Attempt asks to try a password. account is empty for a name that no account can have:
// then only the address counts, because a tally of all such names together would make
// strangers wait for each other. It returns how long to wait first, or end, which must
// be called with the outcome; if that returns an error, the client may not be told the outcome.
// Of attempts at once only as many pass as may fail, so that a race gains no guesses.
func (t *Throttle) Attempt(ctx context.Context, account, address string) (wait time.Duration, end func(Outcome) error, err error) {
	keys := keysOf(account, address)
	if err := t.lockWithShared(ctx, keys); err != nil {
		return 0, nil, err
	}
	defer t.mu.Unlock()
	counter := t.counter(keys)
	for !mayTry(t.accounts, counter, freeFailuresAccount) || !mayTry(t.addresses, keys.address, freeFailuresAddress) {
		t.attemptDone.Wait() // soon: attempts in flight have their turn already
	}
	if wait := t.wait(counter, keys.address); wait > 0 {
		return wait, nil, nil
	}
	t.changeBoth(counter, keys.address, func(f *failures) { f.inFlight++ })
	return 0, func(o Outcome) error { return t.end(ctx, keys, counter, o) }, nil
}

// lockWithShared takes the lock with what all instances know. What was read is stale if
// an attempt has ended meanwhile.
func (t *Throttle) lockWithShared(ctx context.Context, keys loginKeys) error {
	t.mu.Lock()
	for t.shared != nil {
		done := t.done
		t.mu.Unlock()
		known, err := t.shared.LoginTallies(ctx, keys.account, keys.pair, keys.address)
		if err != nil {
			return err
		}
		t.mu.Lock()
		if done == t.done {
			t.merge(keys, known[0], known[1], known[2])
			break
		}
	}
	return nil
}

func (t *Throttle) merge(keys loginKeys, account, pair, address models.LoginTally) {
	change(t.accounts, keys.account, func(f *failures) { f.merge(account) })
	change(t.addresses, keys.address, func(f *failures) { f.merge(address) })
	if !pair.Trusted {
		t.trusted.forget(keys.pair)
		return
	}
	t.trusted.put(keys.pair, struct{}{})
	change(t.accounts, keys.pair, func(f *failures) { f.merge(pair) })
}

// Wait is how long the next attempt has to wait, without regard to those in flight. What
// this instance knows is enough to let an attempt pass, as Attempt asks the others. It is
// not enough to refuse one: the user may have logged in from this address on another
// instance, and must not be locked out by the failures of strangers.
func (t *Throttle) Wait(ctx context.Context, account, address string) (time.Duration, error) {
	keys := keysOf(account, address)
	t.mu.Lock()
	wait := t.wait(t.counter(keys), keys.address)
	t.mu.Unlock()
	if wait <= 0 || t.shared == nil {
		return wait, nil
	}
	if err := t.lockWithShared(ctx, keys); err != nil {
		return 0, err
	}
	defer t.mu.Unlock()
	return t.wait(t.counter(keys), keys.address), nil
}

// counter is what an attempt counts against beside its address.
func (t *Throttle) counter(keys loginKeys) string {
	if _, trusted := t.trusted.get(keys.pair); trusted {
		return keys.pair
	}
	return keys.account
}

func (t *Throttle) wait(counter, address string) time.Duration {
	t.changeBoth(counter, address, (*failures).notAhead)
	ofAccount, _ := t.accounts.get(counter)
	ofAddress, _ := t.addresses.get(address)
	until := max(ofAccount.retryAt(freeFailuresAccount, t.longest), ofAddress.retryAt(freeFailuresAddress, t.longest))
	return time.Duration(max(until, 0) - time.Now().UnixNano())
}

// mayTry reports whether one more attempt may fail without a wait before it.
func mayTry(in *hashedCache[failures], key string, free int32) bool {
	f, _ := in.get(key)
	return f.inFlight == 0 || f.failures+f.inFlight < free
}

// end tells the other instances first: an attempt that comes after it has to know.
func (t *Throttle) end(ctx context.Context, keys loginKeys, counter string, o Outcome) error {
	err := t.countShared(context.WithoutCancel(ctx), keys, counter, o)
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.attemptDone.Broadcast()
	t.done++
	t.changeBoth(counter, keys.address, func(f *failures) { f.inFlight = max(0, f.inFlight-1) }) // it may have been dropped meanwhile
	switch o {
	case Failed:
		t.changeBoth(counter, keys.address, (*failures).fail)
	case Passed: // not the address, whose failures an attacker could clear with a login of their own
		change(t.accounts, counter, func(f *failures) { *f = failures{inFlight: f.inFlight} })
		t.trusted.put(keys.pair, struct{}{})
	}
	return err
}

func (t *Throttle) countShared(ctx context.Context, keys loginKeys, counter string, o Outcome) error {
	switch {
	case t.shared == nil || o == Abandoned:
		return nil
	case o == Passed:
		return t.shared.CountLogin(ctx, counter, keys.pair)
	}
	return t.shared.CountFailedLogin(ctx, slices.DeleteFunc([]string{counter, keys.address}, isEmpty)...)
}

func (t *Throttle) changeBoth(counter, address string, fn func(*failures)) {
	change(t.accounts, counter, fn)
	change(t.addresses, address, fn)
}

func isEmpty(key string) bool { return key == "" }

func change(in *hashedCache[failures], key string, fn func(*failures)) {
	if isEmpty(key) {
		return
	}
	f, _ := in.get(key)
	fn(&f)
	if f == (failures{}) {
		in.forget(key)
		return
	}
	in.put(key, f)
}

func (f *failures) fail() {
	now := time.Now().UnixNano()
	if now-f.last > int64(forgetAfter) {
		f.failures = 0
	}
	f.failures++
	f.last = now
}

// merge takes over what all instances have counted. A failure that was counted by a clock
// that is ahead stays at the time at which this instance has first heard of it.
func (f *failures) merge(known models.LoginTally) {
	before := *f
	f.failures, f.last = known.Failures, 0
	if f.failures == 0 {
		return
	}
	f.last = known.LastAt.Time().UnixNano()
	if f.last > time.Now().UnixNano() && f.failures == before.failures {
		f.last = before.last
	}
}

// notAhead moves a failure that is in the future to now: the clock was set back, or
// that of another instance is ahead. Nobody waits longer because of that.
func (f *failures) notAhead() { f.last = min(f.last, time.Now().UnixNano()) }

// retryAt is when the next attempt may be made, in Unix nanoseconds: at once (0) after
// the free failures, then after a second, doubling up to the longest wait.
func (f *failures) retryAt(free int32, longest time.Duration) int64 {
	over := f.failures - free
	if over < 0 {
		return 0
	}
	return f.last + int64(min(firstWait<<min(over, 20), longest))
}
