package middleware

import (
	"sync"
	"time"
)

// Limits of guessing. A guest who mistypes is not bothered; a thief gets about a
// hundred guesses a day for one account.
const (
	freeFailuresAccount = 5
	freeFailuresAddress = 20
	firstWait           = time.Second
	longestWait         = 15 * time.Minute
	// forgetAfter is how long a failure counts when no other follows.
	forgetAfter = time.Hour
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
type Throttle struct {
	mu        sync.Mutex
	settled   *sync.Cond // an attempt has ended
	accounts  *recentNames[tally]
	addresses *recentNames[tally]
	homes     *recentNames[struct{}]
}

// tally is what is known about failures in one place. There may be very many of
// them, so it is small: times are Unix nanoseconds, 0 for never.
type tally struct {
	last     int64 // time of the newest failure
	until    int64 // no attempt before
	failures int32
	trying   int32 // attempts whose end is not known yet
}

// NewThrottle makes a throttle that knows nobody.
func NewThrottle() *Throttle {
	t := &Throttle{
		accounts: newRecentNames[tally](throttleSize), addresses: newRecentNames[tally](throttleSize), homes: newRecentNames[struct{}](throttleSize),
	}
	t.settled = sync.NewCond(&t.mu)
	return t
}

// Outcome is how an attempt ended.
type Outcome int

// The three outcomes. An attempt that was given up before the password was
// looked at is no guess.
const (
	GivenUp Outcome = iota
	Failed
	Passed
)

// Attempt asks to try a password. Either it must wait, or end has to be called
// with the outcome. Many attempts at once are let through only as far as each of
// them may fail, so a race gains no guesses.
func (t *Throttle) Attempt(account, address string) (wait time.Duration, end func(Outcome)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	place := t.place(account, address)
	for !t.room(t.accounts, place, freeFailuresAccount) || !t.room(t.addresses, address, freeFailuresAddress) {
		t.settled.Wait() // attempts under way end soon: they wait for a core at the most
	}
	if wait := t.wait(place, address); wait > 0 {
		return wait, nil
	}
	t.change(t.accounts, place, func(y *tally) { y.trying++ })
	t.change(t.addresses, address, func(y *tally) { y.trying++ })
	return 0, func(o Outcome) { t.end(account, place, address, o) }
}

// place is where failures of an account are counted: everywhere, or at home.
func (t *Throttle) place(account, address string) string {
	home := account + "\x00" + address
	if _, ok := t.homes.get(home); ok {
		return home
	}
	return account
}

func (t *Throttle) wait(place, address string) time.Duration {
	account, _ := t.accounts.get(place)
	where, _ := t.addresses.get(address)
	return time.Duration(max(account.until, where.until, 0) - time.Now().UnixNano())
}

// room tells whether one more attempt may fail without having to wait first.
func (t *Throttle) room(in *recentNames[tally], key string, free int32) bool {
	y, _ := in.get(key)
	return y.trying == 0 || y.failures+y.trying < free
}

func (t *Throttle) end(account, place, address string, o Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.settled.Broadcast()
	settle := func(y *tally) { y.trying = max(0, y.trying-1) } // it may have been forgotten meanwhile
	t.change(t.accounts, place, settle)
	t.change(t.addresses, address, settle)
	switch o {
	case Failed:
		t.change(t.accounts, place, func(y *tally) { y.fail(freeFailuresAccount) })
		t.change(t.addresses, address, func(y *tally) { y.fail(freeFailuresAddress) })
	case Passed: // only the account: a thief's own login must not wash the address clean
		t.change(t.accounts, place, func(y *tally) { *y = tally{trying: y.trying} })
		t.homes.put(account+"\x00"+address, struct{}{})
	}
}

func (t *Throttle) change(in *recentNames[tally], key string, fn func(*tally)) {
	y, _ := in.get(key)
	fn(&y)
	if y == (tally{}) {
		in.forget(key)
		return
	}
	in.put(key, y)
}

// fail counts a failure and sets the wait: none for the free ones, then one
// second, doubling up to the longest.
func (y *tally) fail(free int32) {
	now := time.Now().UnixNano()
	if now-y.last > int64(forgetAfter) {
		y.failures = 0
	}
	y.failures++
	y.last = now
	if over := y.failures - free; over >= 0 {
		y.until = now + int64(min(firstWait<<min(over, 20), longestWait))
	}
}
