package queue

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// work is how long a turn takes in these tests.
const work = 100 * time.Millisecond

// crowd notes who was served and refused, in this order.
type crowd struct {
	queue  *Queue
	all    sync.WaitGroup
	mu     sync.Mutex
	served []string
	failed map[string][]error
}

func newCrowd(atOnce int) *crowd { return &crowd{queue: New(atOnce), failed: map[string][]error{}} }

// send lets a client come n times, and wait.
func (c *crowd) send(ctx context.Context, client string, n int) {
	for range n {
		c.all.Go(func() {
			leave, err := c.queue.Enter(ctx, client)
			c.mu.Lock()
			if err != nil {
				c.failed[client] = append(c.failed[client], err)
			} else {
				c.served = append(c.served, client)
			}
			c.mu.Unlock()
			if err == nil {
				time.Sleep(work)
				leave()
			}
		})
		synctest.Wait()
	}
}

// refused are the errors of a client so far.
func (c *crowd) refused(client string) []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.failed[client])
}

// working is how many have got their turn so far.
func (c *crowd) working() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.served)
}

// wantEmpty wants every place to be free again, and nothing to be remembered.
func (c *crowd) wantEmpty(t *testing.T, atOnce int) {
	t.Helper()
	if q := c.queue; q.free != atOnce || q.waiting != 0 || len(q.lines) != 0 || len(q.next) != 0 {
		t.Errorf("%d places are free, %d turns wait in %d lines, %d are next", q.free, q.waiting, len(q.lines), len(q.next))
	}
}

func TestQueue_soManyAtOnce(t *testing.T) {
	for _, atOnce := range []int{1, 2, 8} {
		synctest.Test(t, func(t *testing.T) {
			c, began := newCrowd(atOnce), time.Now()
			c.send(t.Context(), "a", 16)
			if got := c.working(); got != atOnce {
				t.Errorf("%d work at once, want %d", got, atOnce)
			}
			c.all.Wait()
			if took, want := time.Since(began), work*time.Duration(16/atOnce); took != want || len(c.served) != 16 {
				t.Errorf("%d at once: %d were served in %v, want 16 in %v", atOnce, len(c.served), took, want)
			}
			c.wantEmpty(t, atOnce)
		})
	}
}

// TestQueue_clientsTakeTurns: who comes once waits for one turn of each other client, not
// for all of theirs.
func TestQueue_clientsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1)
		c.send(t.Context(), "a", 5)
		c.send(t.Context(), "b", 3)
		c.send(t.Context(), "c", 1)
		c.all.Wait()
		if want := []string{"a", "a", "b", "c", "a", "b", "a", "b", "a"}; !slices.Equal(c.served, want) {
			t.Errorf("served were %v, want %v", c.served, want)
		}
		c.wantEmpty(t, 1)
	})
}

func TestQueue_nobodyWaitsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, began := newCrowd(1), time.Now()
		c.send(t.Context(), "a", maxLine+1)
		if got := c.refused("a"); len(got) != 0 {
			t.Fatalf("refused at once: %v", got)
		}
		c.send(t.Context(), "a", 1)
		if got := c.refused("a"); len(got) != 1 {
			t.Errorf("one more than a line holds: %v", got)
		}
		c.all.Wait()
		if took := time.Since(began); took > MaxWait+work {
			t.Errorf("the last answer came after %v", took)
		}
		if served, failed := len(c.served), len(c.failed["a"]); served+failed != maxLine+2 || served < int(MaxWait/work) {
			t.Errorf("%d were served, %d refused", served, failed)
		}
		for _, err := range c.failed["a"] {
			if !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		}
		c.wantEmpty(t, 1)
	})
}

// TestQueue_fullLinesMakeRoom: when all places to wait are taken, the longest lines give
// way to clients that have shorter ones, and a client with a long line gains nothing.
func TestQueue_fullLinesMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1)
		c.send(t.Context(), "first", 1)
		for i := range maxWaiting / maxLine {
			c.send(t.Context(), fmt.Sprint("flood-", i), maxLine)
		}
		c.send(t.Context(), "flood-0", 1)
		if got := c.refused("flood-0"); len(got) != 1 {
			t.Fatalf("refused were %v", got)
		}
		c.send(t.Context(), "polite", 2)
		if got := c.refused("polite"); len(got) != 0 {
			t.Errorf("polite ones were refused: %v", got)
		}
		c.all.Wait()
		if !slices.Contains(c.served[:11], "polite") {
			t.Errorf("served were %v", c.served)
		}
		c.wantEmpty(t, 1)
	})
}

// TestQueue_fullOfSingleTurns: of five hundred clients that wait once, nobody is sent
// away for another.
func TestQueue_fullOfSingleTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1)
		c.send(t.Context(), "first", 1)
		time.Sleep(time.Millisecond) // so that no turn comes at the very moment at which somebody goes
		for i := range maxWaiting {
			c.send(t.Context(), fmt.Sprint(i), 1)
		}
		c.send(t.Context(), "late", 1)
		if got := c.refused("late"); len(got) != 1 {
			t.Errorf("late comers got %v", got)
		}
		c.all.Wait()
		if got := len(c.served); got != 1+int(MaxWait/work) {
			t.Errorf("%d were served", got)
		}
		c.wantEmpty(t, 1)
	})
}

func TestQueue_whoHasGoneGetsNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1)
		c.send(t.Context(), "a", 1)
		ctx, goAway := context.WithCancel(t.Context())
		c.send(ctx, "b", 3)
		c.send(t.Context(), "c", 1)
		goAway()
		synctest.Wait()
		if gone := c.refused("b"); len(gone) != 3 || !errors.Is(gone[0], context.Canceled) {
			t.Errorf("those who went got %v", gone)
		}
		c.send(ctx, "b", 1)
		c.all.Wait()
		if want := []string{"a", "c"}; !slices.Equal(c.served, want) {
			t.Errorf("served were %v, want %v", c.served, want)
		}
		c.wantEmpty(t, 1)
	})
}

// TestQueue_turnsThatComeLate lets turns come at the moment at which their clients go.
// No place may be lost.
func TestQueue_turnsThatComeLate(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(2)
			c.send(t.Context(), "a", 2)
			ctx, cancel := context.WithTimeout(t.Context(), work)
			defer cancel()
			c.send(ctx, "b", 4)
			c.all.Wait()
			c.wantEmpty(t, 2)
		})
	}
}

func TestClientOf(t *testing.T) {
	for _, tc := range []struct{ address, want string }{
		{"203.0.113.1", "203.0.113.1"},
		{"::ffff:203.0.113.1", "203.0.113.1"},
		{"2001:db8::1", "2001:db8::/64"},
		{"2001:db8::ffff:1", "2001:db8::/64"},
		{"2001:db8:0:1::1", "2001:db8:0:1::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	} {
		if got := ClientOf(netip.MustParseAddr(tc.address)); got != tc.want {
			t.Errorf("%s is client %s, want %s", tc.address, got, tc.want)
		}
	}
}

// BenchmarkQueue_threeFlood measures a turn of one client while three others flood.
func BenchmarkQueue_threeFlood(b *testing.B) {
	q, ctx := New(2), b.Context()
	done := make(chan struct{})
	var floods sync.WaitGroup
	for i := range 3 * 32 {
		floods.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if leave, err := q.Enter(ctx, fmt.Sprint("flood-", i%3)); err == nil {
					leave()
				}
			}
		})
	}
	for b.Loop() {
		leave, err := q.Enter(ctx, "polite")
		if err != nil {
			b.Fatal(err)
		}
		leave()
	}
	close(done)
	floods.Wait()
}

// TestQueue_ofAClassWaits: a hundred tables log in at the same moment, from one address too.
// A queue of one server would send some of them away.
func TestQueue_ofAClassWaits(t *testing.T) {
	for _, tc := range []struct {
		name  string
		queue *Queue
		all   bool
	}{
		{"of a class", NewForClass(1), true},
		{"of one server", New(1), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(1)
			c.queue = tc.queue
			c.send(t.Context(), "a", 100)
			c.all.Wait()
			if (len(c.served) == 100) != tc.all {
				t.Errorf("%s: %d of 100 were served", tc.name, len(c.served))
			}
			c.wantEmpty(t, 1)
		})
	}
}
