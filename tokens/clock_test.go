package tokens

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestClock_startsAtTheLaterTime(t *testing.T) {
	for _, tc := range []struct {
		name      string
		notBefore time.Duration // from now
		ahead     time.Duration
	}{
		{"nothing has happened yet", -100 * 365 * 24 * time.Hour, 0},
		{"the database is older", -time.Second, 0},
		{"the database is of this moment", 0, 0},
		{"the database is a second ahead", time.Second, time.Second},
		{"the database is a month ahead", 30 * 24 * time.Hour, 30 * 24 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				c := newClock(start.Add(tc.notBefore).Round(0))
				for _, passed := range []time.Duration{0, time.Nanosecond, time.Minute, 24 * time.Hour} {
					time.Sleep(passed - time.Since(start))
					if got, want := c.now(), start.Add(passed+tc.ahead); !got.Equal(want) {
						t.Errorf("after %v it is %v, want %v", passed, got, want)
					}
					if got := c.behind(); got != tc.ahead {
						t.Errorf("after %v the computer is %v behind, want %v", passed, got, tc.ahead)
					}
				}
			})
		})
	}
}

func TestClock_startsAtNowWithoutADatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if c := newClock(time.Time{}); !c.now().Equal(time.Now()) || c.behind() != 0 {
			t.Errorf("it is %v, %v behind", c.now(), c.behind())
		}
	})
}

// TestClock_neverGoesBack sets the lead as a jump of the computer's clock would,
// and then asks from many places at once.
func TestClock_neverGoesBack(t *testing.T) {
	c := newClock(time.Now().Add(time.Hour))
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			last := c.now()
			for range 20_000 {
				next := c.now()
				if next.Before(last) {
					t.Errorf("from %v back to %v", last, next)
					return
				}
				last = next
			}
		})
	}
	asking.Wait()
	if lead := c.behind(); lead < time.Hour-time.Second || lead > time.Hour+time.Second {
		t.Errorf("the lead has become %v", lead)
	}
}

// TestClock_keepsALeadItHasSeen: once the computer's clock was ahead of the time
// that has passed, it may go back, and this one does not.
func TestClock_keepsALeadItHasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(time.Time{})
		c.lead.Store(int64(-time.Hour)) // as if the computer's clock had since been put ahead by an hour
		start := time.Now()
		if got := c.now(); !got.Equal(start) {
			t.Errorf("a jump ahead is not followed: %v, want %v", got, start)
		}
		if lead := time.Duration(c.lead.Load()); lead != 0 {
			t.Errorf("the jump is not kept: %v", lead)
		}
		time.Sleep(time.Minute)
		if got := c.now(); got.Before(start.Add(time.Minute)) {
			t.Errorf("a minute later it is %v", got)
		}
	})
}

// Tokens follow an advanced time, up to a day in all; and what the database would take
// for the past stays in real time.
func TestAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSigner()
		old := h.issue(t)
		before := h.clock.now()
		if !h.Advance(16 * time.Minute) {
			t.Fatal("16 minutes are refused")
		}
		if _, err := h.Verify(old); !errors.Is(err, ErrExpired) {
			t.Errorf("a token of 15 minutes, 16 minutes later: %v", err)
		}
		if p, err := h.Verify(h.issue(t)); err != nil || h.Now().Sub(before) != 16*time.Minute || !h.StillValid(p) {
			t.Errorf("a new token: %v at %v", err, h.Now())
		}
		if now := h.clock.now(); now != before || h.keys.clock.now() != before {
			t.Errorf("the clock of the database went to %v", now)
		}
		for _, d := range []time.Duration{0, -time.Second, MaxAhead, MaxAhead - 16*time.Minute + 1, 1<<63 - 1} {
			if h.Advance(d) || h.Ahead() != 16*time.Minute {
				t.Errorf("%v is accepted after 16 minutes, and it is %v", d, h.Ahead())
			}
		}
		if !h.Advance(MaxAhead-16*time.Minute) || h.Ahead() != MaxAhead {
			t.Errorf("the rest of the day is refused: %v", h.Ahead())
		}
	})
}
