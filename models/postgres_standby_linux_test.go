package models

import (
	"errors"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// The standby that commits wait for dies. An order is refused, and so is its repetition,
// because the order is on the primary only: if that dies, too, nobody has it.
func TestStandby_replayIsAsSafeAsTheOrder(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair := testkit.NewPostgresPair(t)
		first, second := pair.Servers[0], pair.Servers[1]
		s := new(primaryNote).open(t, pair.URL(""))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		first.AwaitStandby(true)
		orderSoon(t, s, alice, dish, "before")
		noError(t, s.Ready(t.Context()))

		second.Kill()
		order := func() (Order, bool, error) {
			return s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "meanwhile", "meanwhile"))
		}
		if _, _, err := order(); !errors.Is(err, ErrDatabaseUnavailable) {
			t.Fatalf("an order without a standby: %v", err)
		}
		for deadline := time.Now().Add(15 * time.Second); first.Count("SELECT count(*) FROM orders") != 2; time.Sleep(10 * time.Millisecond) { // the server hears later that nobody waits
			if time.Now().After(deadline) {
				t.Fatal("the control: the order cannot be read")
			}
		}
		if o, replayed, err := order(); !errors.Is(err, ErrDatabaseUnavailable) {
			t.Errorf("it is repeated as %+v, %v, %v", o, replayed, err)
		}
		if err := s.Ready(t.Context()); !errors.Is(err, ErrDatabaseUnavailable) {
			t.Errorf("ready without a standby: %v", err)
		}

		second.Start()
		first.AwaitStandby(true)
		if _, replayed, err := order(); err != nil || !replayed {
			t.Errorf("with the standby it is repeated as %v, %v", replayed, err)
		}
	})
}

// An instance that runs says why, and refuses at once, until the standby is back. Nobody
// has to order for that.
func TestStandby_writesAreRefusedAtOnce(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair := testkit.NewPostgresPair(t)
		first, second := pair.Servers[0], pair.Servers[1]
		s := new(primaryNote).open(t, pair.URL(""))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		startFollowing(t, s)
		first.AwaitStandby(true)
		orderSoon(t, s, alice, dish, "before")
		first.CutConnections()                                                                                                // then all that was written before is counted
		for deadline := time.Now().Add(3 * standbyPatience); s.Ready(t.Context()) != nil; time.Sleep(10 * time.Millisecond) { // it connects again
			if time.Now().After(deadline) {
				t.Fatalf("after its connections were cut: %v", s.Ready(t.Context()))
			}
		}
		written := first.Written()
		for range 3 {
			noError(t, s.Ready(t.Context()))
		}

		second.Kill()
		for deadline := time.Now().Add(3 * standbyPatience); !errors.Is(s.Ready(t.Context()), ErrStandbyAway); { // asked again, not raced against
			if time.Now().After(deadline) {
				t.Fatalf("it is not noticed: %v", s.Ready(t.Context()))
			}
		}
		if now := first.Written(); now != written {
			t.Errorf("to ask whether it is ready has written %d rows", now-written)
		}
		if state, _ := s.Database(); state.Role != DatabaseWaiting || state.Away < standbyPatience {
			t.Errorf("it is %+v", state)
		}
		orders := first.Count("SELECT count(*) FROM orders")
		for _, key := range []string{"a", "b", "c"} {
			began := time.Now()
			_, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, key, key))
			if took := time.Since(began); !errors.Is(err, ErrStandbyAway) || took > standbyPatience/2 { // who waits for the standby waits for standbyPatience
				t.Errorf("after %v an order is refused with %v", took, err)
			}
		}
		if now := first.Count("SELECT count(*) FROM orders"); now != orders {
			t.Errorf("%d orders that were refused are there", now-orders)
		}
		if _, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); err != nil {
			t.Errorf("nothing can be read either: %v", err)
		}

		second.Start()
		orderSoon(t, s, alice, dish, "a")
		noError(t, s.Ready(t.Context()))
		if state, shared := s.Database(); !shared || state.Role != DatabasePrimary || state.Away != 0 {
			t.Errorf("with the standby it is %+v", state)
		}
	})
}
