package middleware

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
)

// attempt is Attempt of a single instance.
func (t *Throttle) attempt(account, address string) (wait time.Duration, end func(Outcome)) {
	wait, done, err := t.Attempt(context.Background(), account, address)
	if err != nil {
		panic(err)
	}
	return wait, func(o Outcome) {
		if err := done(o); err != nil {
			panic(err)
		}
	}
}

// guess makes one attempt and says how long it would have had to wait.
func (t *Throttle) guess(account, address string, o Outcome) time.Duration {
	wait, end := t.attempt(account, address)
	if wait == 0 {
		end(o)
	}
	return wait
}

func TestThrottle_waitsDoubleUpToAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := NewThrottle(nil, 0)
		for i := range freeFailuresAccount {
			if wait := throttle.guess("alice", fmt.Sprint(i), Failed); wait != 0 {
				t.Errorf("failure %d has to wait %v", i+1, wait)
			}
		}
		want := time.Second
		for i := range 60 { // far beyond where a shift would overflow
			if wait := throttle.guess("alice", fmt.Sprint("x", i), Failed); wait != want {
				t.Fatalf("after %d failures the wait is %v, want %v", i+5, wait, want)
			}
			if wait := throttle.guess("bob", fmt.Sprint("y", i), Passed); wait != 0 {
				t.Fatalf("bob has to wait %v", wait)
			}
			time.Sleep(want)
			if wait := throttle.guess("alice", fmt.Sprint("x", i), Failed); wait != 0 {
				t.Fatalf("after the wait there is another of %v", wait)
			}
			want = min(2*want, 15*time.Minute)
		}
	})
}

func TestThrottle_abandonedAttemptIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := NewThrottle(nil, 0)
		for range 100 {
			if wait := throttle.guess("alice", "home", Abandoned); wait != 0 {
				t.Fatalf("it waits %v", wait)
			}
		}
		for range 4 {
			throttle.guess("alice", "home", Failed)
		}
		throttle.guess("alice", "home", Abandoned)
		if wait := throttle.guess("alice", "home", Failed); wait != 0 {
			t.Errorf("the fifth failure waits %v", wait)
		}
		if wait := throttle.guess("alice", "home", Abandoned); wait != time.Second {
			t.Errorf("the control waits %v", wait)
		}
	})
}

// TestThrottle_attemptsAtOnceGainNoGuesses holds attempts open, as many
// as there are.
func TestThrottle_attemptsAtOnceGainNoGuesses(t *testing.T) {
	for _, tc := range []struct {
		name      string
		failures  int
		free      int
		of        func(i int) (account, address string)
		wantInOne int
	}{
		{"for one account", 0, 5, func(i int) (string, string) { return "alice", fmt.Sprint(i) }, 5},
		{"for one account after three failures", 3, 5, func(i int) (string, string) { return "alice", fmt.Sprint(i) }, 2},
		{"for one account after four failures", 4, 5, func(i int) (string, string) { return "alice", fmt.Sprint(i) }, 1},
		{"from one address", 0, 20, func(i int) (string, string) { return fmt.Sprint(i), "elsewhere" }, 20},
		{"from one address after 15 failures", 15, 20, func(i int) (string, string) { return fmt.Sprint(i), "elsewhere" }, 5},
		{"everywhere", 0, 0, func(i int) (string, string) { return fmt.Sprint(i), fmt.Sprint(i) }, 40},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttle := NewThrottle(nil, 0)
				for i := range tc.failures {
					throttle.guess2(tc.of(i + 1000))
				}
				var mu sync.Mutex
				var inside, refused int
				var all sync.WaitGroup
				leave := make(chan struct{})
				for i := range 40 {
					all.Go(func() {
						wait, end := throttle.attempt(tc.of(i))
						mu.Lock()
						if wait > 0 {
							refused++
							mu.Unlock()
							return
						}
						inside++
						mu.Unlock()
						<-leave
						end(Failed)
					})
				}
				synctest.Wait()
				if inside != tc.wantInOne || refused != 0 {
					t.Errorf("%d were let in, %d refused, want %d and 0", inside, refused, tc.wantInOne)
				}
				close(leave)
				all.Wait()
				if inside != tc.wantInOne || refused != 40-tc.wantInOne {
					t.Errorf("in the end %d were let in, %d refused", inside, refused)
				}
			})
		})
	}
}

func (t *Throttle) guess2(account, address string) { t.guess(account, address, Failed) }

func TestThrottle_waitingAttemptsPassWithTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := NewThrottle(nil, 0)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				wait, end := throttle.attempt("alice", "home")
				if wait > 0 {
					t.Errorf("it waits %v", wait)
					return
				}
				time.Sleep(time.Second) // a slow hash
				end(Passed)
			})
		}
		all.Wait()
		if throttle.accounts.cache.young != nil && len(throttle.accounts.cache.young)+len(throttle.addresses.cache.young) != 0 {
			t.Errorf("%d accounts and %d addresses are remembered", len(throttle.accounts.cache.young), len(throttle.addresses.cache.young))
		}
	})
}

// TestThrottle_attackerElsewhereDoesNotBlockATrustedAddress: not even while attempts for the
// same account are under way.
func TestThrottle_attackerElsewhereDoesNotBlockATrustedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := NewThrottle(nil, 0)
		throttle.guess("alice", "home", Passed)
		var ends []func(Outcome)
		for range 5 {
			_, end := throttle.attempt("alice", "elsewhere")
			ends = append(ends, end)
		}
		if wait := throttle.guess("alice", "home", Passed); wait != 0 { // a deadlock, if it waited for them
			t.Errorf("at home it waits %v", wait)
		}
		for _, end := range ends {
			end(Failed)
		}
		if wait := throttle.guess("alice", "home", Passed); wait != 0 {
			t.Errorf("at home it waits %v", wait)
		}
		if wait := throttle.guess("alice", "elsewhere", Passed); wait != time.Second {
			t.Errorf("elsewhere it waits %v", wait)
		}
		if wait := throttle.guess("alice", "a new address", Passed); wait != time.Second {
			t.Errorf("at a new address it waits %v", wait)
		}
		if wait := throttle.guess("bob", "elsewhere", Passed); wait != 0 {
			t.Errorf("bob waits %v", wait)
		}
	})
}

func TestThrottle_keysDoNotRunTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := NewThrottle(nil, 0)
		throttle.guess("ali", "ce", Passed)
		for range 5 {
			throttle.guess("alice", "x", Failed)
		}
		if wait := throttle.guess("alice", "", Failed); wait != time.Second {
			t.Errorf("alice's wait is %v", wait)
		}
		if wait := throttle.guess("ali", "ce", Failed); wait != 0 {
			t.Errorf("ali's wait is %v", wait)
		}
	})
}

func TestThrottle_remembersABoundedNumber(t *testing.T) {
	throttle := NewThrottle(nil, 0)
	held := make([]func(Outcome), 0, 100)
	for i := range 100 { // attempts that outlive being forgotten
		_, end := throttle.attempt(fmt.Sprint("held-", i), fmt.Sprint("held-", i))
		held = append(held, end)
	}
	for i := range 3 * throttleSize {
		key := fmt.Sprint(i)
		throttle.guess(key, key, Failed)
		throttle.guess(key, key, Passed)
	}
	for _, end := range held {
		end(Failed)
	}
	if n := max(throttle.accounts.len(), throttle.addresses.len(), throttle.trusted.len()); n > 2*throttleSize {
		t.Errorf("%d are remembered", n)
	}
	for i := range 5 { // one failure each is known by now
		if wait := throttle.guess("held-0", fmt.Sprint("z", i), Failed); wait != 0 && i < 4 || wait != time.Second && i == 4 && wait > time.Second {
			t.Errorf("guess %d waits %v", i, wait)
		}
	}
	for _, y := range throttle.accounts.cache.young {
		if y.inFlight != 0 {
			t.Fatalf("%d attempts are said to be under way", y.inFlight)
		}
	}
}

func (r *hashedCache[V]) len() int { return len(r.cache.young) + len(r.cache.old) }

// aheadShared is what an instance knows whose clock is three hours ahead.
type aheadShared struct{ failures int32 }

func (s *aheadShared) LoginTallies(_ context.Context, keys ...string) ([]models.LoginTally, error) {
	all := make([]models.LoginTally, len(keys))
	all[0] = models.LoginTally{Failures: s.failures, LastAt: models.Now().Add(3 * time.Hour)}
	return all, nil
}
func (s *aheadShared) CountFailedLogin(context.Context, ...string) error { s.failures++; return nil }
func (s *aheadShared) CountLogin(context.Context, string, string) error  { return nil }

// TestThrottle_failuresOfTheFuture: nobody waits longer for a failure that a clock counted
// which is ahead, as that of another instance, or this one before it was set back.
func TestThrottle_failuresOfTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &aheadShared{failures: freeFailuresAccount}
		elsewhere := NewThrottle(shared, 0)
		alone := NewThrottle(nil, 0)
		alone.accounts.put(keysOf("alice", "home").account, failures{last: time.Now().Add(3 * time.Hour).UnixNano(), failures: freeFailuresAccount})
		for name, throttle := range map[string]*Throttle{"of another instance": elsewhere, "of this one": alone} {
			for _, want := range []time.Duration{time.Second, 2 * time.Second} {
				if wait := throttle.guess("alice", "home", Failed); wait != want {
					t.Errorf("%s: the wait is %v, want %v", name, wait, want)
				}
				time.Sleep(want / 2)
				if wait := throttle.guess("alice", "home", Failed); wait != want/2 {
					t.Errorf("%s: half of the wait later it is %v, want %v", name, wait, want/2)
				}
				time.Sleep(want / 2)
				if wait := throttle.guess("alice", "home", Failed); wait != 0 {
					t.Errorf("%s: after the wait there is another of %v", name, wait)
				}
			}
		}
	})
}
