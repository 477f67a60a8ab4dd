package models

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"restaurant/e2e/testkit"
)

// primaryNote is what an instance remembers.
type primaryNote struct {
	mu    sync.Mutex
	known Primary
}

func (n *primaryNote) memory() PrimaryMemory {
	n.mu.Lock()
	defer n.mu.Unlock()
	return PrimaryMemory{Known: n.known, Remember: func(p Primary) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.known = p
		return nil
	}}
}

func (n *primaryNote) open(t testing.TB, url string) *Store {
	t.Helper()
	s, err := ReopenPostgres(t.Context(), url, n.memory())
	noError(t, err)
	t.Cleanup(func() { noError(t, s.Close()) })
	return s
}

// orderSoon orders until it is taken, for as long as a guest might.
func orderSoon(t testing.TB, s *Store, u User, dish MenuItem, key string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) { // asked again, not raced against
		_, _, err := s.PlaceOrder(t.Context(), orderWithKey(u, dish, key, key))
		if err == nil {
			return
		}
		if !errors.Is(err, ErrDatabaseUnavailable) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// The old primary comes back and takes writes, as one that was started by hand does. It
// is the first address, and gets nothing: neither from an instance that runs, nor from
// one that starts.
func TestFence_stalePrimaryGetsNoWrite(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair, note := testkit.NewPostgresPair(t), new(primaryNote)
		first, second := pair.Servers[0], pair.Servers[1]
		url := pair.URL("&target_session_attrs=read-write")
		s := note.open(t, url)
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		startFollowing(t, s)
		first.AwaitStandby(true)
		orderSoon(t, s, alice, dish, "before")

		first.Kill()
		second.Promote()
		first.Start()
		first.AwaitStandby(false)
		stale := first.Transactions()
		for _, key := range []string{"a", "b", "c"} {
			second.CutConnections()
			orderSoon(t, s, alice, dish, key)
		}
		if n := second.Count("SELECT count(*) FROM orders"); n != 4 {
			t.Errorf("the new primary has %d orders, want 4", n)
		}
		if now := first.Transactions(); now != stale {
			t.Errorf("%d transactions wrote to the stale primary", now-stale)
		}
		if note.known.Timeline != 2 {
			t.Errorf("the instance remembers %+v", note.known)
		}

		again := note.open(t, url)
		orderSoon(t, again, alice, dish, "after a start")
		_, err := ReopenPostgres(t.Context(), pair.URL("", first.Addr), note.memory())
		wantSentence(t, err, first.Addr, "old primary", "timeline 1", "timeline 2", "primary.json", "Nothing was changed")
		if !errors.Is(err, ErrStalePrimary) {
			t.Errorf("the error is %v", err)
		}
		second.Kill()
		_, err = ReopenPostgres(t.Context(), url, note.memory())
		wantSentence(t, err, first.Addr+": it is an old primary", second.Addr+": nothing listens there")
		if now := first.Transactions(); now != stale {
			t.Errorf("a start began %d transactions that write at the stale primary", now-stale)
		}
		control := new(primaryNote).open(t, pair.URL("", first.Addr)) // who knows nothing cannot know
		orderSoon(t, control, alice, dish, "control")
	})
}

// A standby is promoted while the old primary still answers.
func TestFence_movesFromALivingPrimary(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair, note := testkit.NewPostgresPair(t), new(primaryNote)
		first, second := pair.Servers[0], pair.Servers[1]
		s := note.open(t, pair.URL(""))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		first.AwaitStandby(true)
		first.AwaitStandby(false)
		events := startFollowing(t, s)
		second.Promote()
		events.waitFor(t, "that the primary has changed", func() bool { return events.any > 1 })
		stale := first.Transactions()
		for _, key := range []string{"a", "b", "c"} {
			orderSoon(t, s, alice, dish, key)
		}
		if now, n := first.Transactions(), second.Count("SELECT count(*) FROM orders"); now != stale || n != 3 {
			t.Errorf("%d transactions wrote to the old primary, and the new one has %d orders", now-stale, n)
		}
		// A statement may fail while the connections move, after as long as it may take; then it is tried again.
		for deadline := time.Now().Add(2*primaryWatchEvery + answerTimeout); second.Count("SELECT count(*) FROM database_primaries") != 2; time.Sleep(10 * time.Millisecond) { // polled, not raced against
			if time.Now().After(deadline) {
				t.Fatal("the database does not list both primaries")
			}
		}
	})
}

// A transaction that has begun on the old primary does not end there.
func TestFence_runningTransactionIsNotCommitted(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair := testkit.NewPostgresPair(t)
		first, second := pair.Servers[0], pair.Servers[1]
		s := new(primaryNote).open(t, pair.URL(""))
		events := startFollowing(t, s)
		insert := func(during func()) error {
			return s.write(t.Context(), func(tx *gorm.DB) error {
				err := tx.Exec("INSERT INTO deliveries (name, arrived_at) VALUES (?, 1)", rand.Text()).Error
				during()
				return err
			})
		}
		noError(t, insert(func() {})) // the control
		first.AwaitStandby(true)      // which then has all that was migrated
		first.AwaitStandby(false)
		err := insert(func() {
			second.Promote()
			events.waitFor(t, "that the primary has changed", func() bool { return events.any > 1 })
		})
		if n := first.Count("SELECT count(*) FROM deliveries"); !errors.Is(err, ErrDatabaseUnavailable) || n != 1 {
			t.Errorf("it ends with %v, and the old primary has %d rows, want 1", err, n)
		}
	})
}

// A frozen primary is replaced. When it goes on, nothing is written to it.
func TestFence_movesFromAFrozenPrimary(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair, note := testkit.NewPostgresPair(t), new(primaryNote)
		first, second := pair.Servers[0], pair.Servers[1]
		s := note.open(t, pair.URL(""))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		startFollowing(t, s)
		first.AwaitStandby(true)
		orderSoon(t, s, alice, dish, "before")
		stale := first.Transactions()
		first.Freeze()
		second.Promote()
		orderSoon(t, s, alice, dish, "meanwhile") // which the old primary may still read, once it goes on
		first.Thaw()
		for _, key := range []string{"a", "b", "c"} {
			second.CutConnections()
			orderSoon(t, s, alice, dish, key)
		}
		first.CutConnections() // a commit that waits for the standby is not seen until it ends
		if n := first.Count("SELECT count(*) FROM orders WHERE idempotency_key IN ('a', 'b', 'c')"); n != 0 {
			t.Errorf("the old primary has %d of the orders that came after it went on", n)
		}
		if now := first.Transactions(); now > stale+1 {
			t.Errorf("%d transactions wrote to the old primary, want at most the one that came while it was frozen", now-stale)
		}
	})
}

func TestFence_refusals(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair, note := testkit.NewPostgresPair(t), new(primaryNote)
		first, second := pair.Servers[0], pair.Servers[1]
		noError(t, note.open(t, pair.URL("", first.Addr)).Close()) // the control
		refused := func(t *testing.T, url string, wants ...string) {
			t.Helper()
			_, err := ReopenPostgres(t.Context(), url, note.memory())
			wantSentence(t, err, append(wants, "Nothing was changed")...)
			if !errors.Is(err, ErrDatabaseUnavailable) {
				t.Errorf("the error is %v", err)
			}
		}
		t.Run("a standby", func(t *testing.T) { refused(t, pair.URL("", second.Addr), "it is a standby", "promote it") })
		t.Run("a user who may not ask", func(t *testing.T) {
			first.Exec("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
			refused(t, pair.URL("", first.Addr), `the user "restaurant"`, "GRANT EXECUTE ON FUNCTION pg_control_system()")
			first.Exec("GRANT EXECUTE ON FUNCTION pg_control_system() TO restaurant")
			noError(t, note.open(t, pair.URL("", first.Addr)).Close())
		})
		t.Run("a copy that was started as another primary", func(t *testing.T) {
			second.Fork()
			refused(t, pair.URL(""), first.Addr, second.Addr, "both take writes")
		})
		t.Run("another cluster", func(t *testing.T) {
			other := testkit.NewPostgresPair(t).Servers[0]
			url := pair.URL("", other.Addr)
			fresh := new(primaryNote)
			noError(t, fresh.open(t, url).Close())
			refused(t, url, "another cluster", "primary.json")
			other.Exec("INSERT INTO database_primaries VALUES ('" + note.known.System + "', 1, 1), ('" + fresh.known.System + "', 1, 2)") // as pg_upgrade and one instance leave it
			noError(t, note.open(t, url).Close())
			if note.known.System != fresh.known.System {
				t.Errorf("it remembers %+v", note.known)
			}
		})
	})
}

// Many connect at the same moment and share one look at all addresses.
func TestFence_asksOnceForAll(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair := testkit.NewPostgresPair(t)
		cfg, _, err := postgresConfig(pair.URL(""))
		noError(t, err)
		f := fenceOf(cfg)
		dial, dials := f.cfg.DialFunc, atomic.Int64{}
		f.cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials.Add(1)
			return dial(ctx, network, addr)
		}
		ask := func() {
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if a, err := f.find(t.Context()); err != nil && !errors.Is(err, ErrDatabaseUnavailable) || err == nil && a.name != pair.Servers[0].Addr {
						t.Errorf("it finds %s, %v", a.name, err)
					}
				})
			}
			all.Wait()
			if n := dials.Swap(0); n < 2 || n > 6 {
				t.Errorf("50 have asked %d times, want twice", n)
			}
		}
		ask()
		pair.Servers[0].Kill()
		time.Sleep(surveyValid) // what was found is too old now
		ask()
	})
}

func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		d := jitter(time.Second)
		if d < time.Second/2 || d > time.Second {
			t.Fatalf("%v", d)
		}
		seen[d] = true
	}
	if len(seen) < 90 {
		t.Errorf("only %d different pauses of 100", len(seen))
	}
}
