package tokens

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
)

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestDenylist_holdsSessionsUntilTheirTime(t *testing.T) {
	d := NewDenylist()
	now := time.Unix(1_000_000, 0)
	d.Add("alice", now.Add(time.Minute), models.EndLogout)
	d.Add("bob", now.Add(time.Hour), models.EndLogout)
	for sid, want := range map[string]bool{"alice": true, "bob": true, "vera": false, "": false, "Alice": false, "alice ": false} {
		if got := d.Has(sid); got != want {
			t.Errorf("%q is on the list: %t", sid, got)
		}
	}
	for _, step := range []struct {
		after      time.Duration
		alice, bob bool
		n          int
	}{
		{0, true, true, 2},
		{time.Minute, true, true, 2}, // the token may still be checked in the same second
		{time.Minute + time.Second, false, true, 1},
		{time.Hour, false, true, 1},
		{time.Hour + time.Second, false, false, 0},
	} {
		d.Sweep(now.Add(step.after))
		if d.Has("alice") != step.alice || d.Has("bob") != step.bob || len(d.ended) != step.n {
			t.Errorf("after %v: alice %t, bob %t, %d entries", step.after, d.Has("alice"), d.Has("bob"), len(d.ended))
		}
	}
}

// TestDenylist_isNeverShorterThanTheToken: the list keeps whole seconds, tokens
// end on whole seconds, and both are cut from finer times.
func TestDenylist_isNeverShorterThanTheToken(t *testing.T) {
	for _, fraction := range []time.Duration{0, time.Nanosecond, time.Millisecond, 500 * time.Millisecond, time.Second - time.Nanosecond} {
		inBubble(t, fraction.String(), func(t *testing.T, h *signer) {
			time.Sleep(fraction)
			raw := h.issue(t)
			h.denylist.Add("session-of-vera-", time.Now().Add(h.Lifetime()), models.EndLogout)
			for range int(h.Lifetime().Seconds()) + 2 {
				h.denylist.Sweep(h.Now())
				if _, err := h.Verify(raw); err == nil {
					t.Fatalf("it is accepted at %v", time.Now())
				}
				time.Sleep(time.Second)
			}
			if len(h.denylist.ended) != 0 {
				t.Error("the list still holds it")
			}
		})
	}
}

func TestDenylist_closesWatchers(t *testing.T) {
	d := NewDenylist()
	until := time.Now().Add(time.Minute)
	first, forgetFirst := d.Watch("alice")
	second, forgetSecond := d.Watch("alice")
	bob, forgetBob := d.Watch("bob")
	left, leave := d.Watch("alice")
	leave()
	leave() // once more does no harm
	if isClosed(first) || isClosed(second) || isClosed(bob) {
		t.Fatal("a watcher was told too early")
	}
	d.Add("alice", until, models.EndLogout)
	d.Add("alice", until, models.EndLogout)
	if !isClosed(first) || !isClosed(second) {
		t.Error("a watcher was not told")
	}
	if isClosed(bob) || isClosed(left) {
		t.Error("a watcher of another session was told")
	}
	late, forgetLate := d.Watch("alice")
	if !isClosed(late) {
		t.Error("a late watcher is not told")
	}
	for _, forget := range []func(){forgetFirst, forgetSecond, forgetBob, forgetLate} {
		forget()
	}
	if len(d.watchers) != 0 {
		t.Errorf("%d sessions are still watched", len(d.watchers))
	}
}

func TestDenylist_isSafeForManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDenylist()
		until := time.Now().Add(time.Hour)
		var all sync.WaitGroup
		for i := range 50 {
			sid := fmt.Sprint("session-", i%10)
			all.Go(func() {
				ended, forget := d.Watch(sid)
				defer forget()
				<-ended // every watcher is told, or the bubble deadlocks
				if !d.Has(sid) {
					t.Errorf("%s: told before it is on the list", sid)
				}
			})
			all.Go(func() {
				if i >= 40 {
					d.Add(sid, until, models.EndLogout)
				}
				d.Sweep(time.Now())
			})
		}
		all.Wait()
		if len(d.ended) != 10 || len(d.watchers) != 0 {
			t.Errorf("%d entries, %d watched", len(d.ended), len(d.watchers))
		}
	})
}

func TestDenylist_hashesWithASecretSeed(t *testing.T) {
	a, b := NewDenylist(), NewDenylist()
	a.Add("alice", time.Now(), models.EndLogout)
	b.Add("alice", time.Now(), models.EndLogout)
	for hash := range a.ended {
		if _, same := b.ended[hash]; same {
			t.Error("the seed is no secret: both lists have the same hash")
		}
	}
}
