package models

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

// TestReady_whileAnotherProgramHoldsTheLock: an order would wait, and so the store is not
// ready; it says so in time, and is ready again as soon as the lock is free.
func TestReady_whileAnotherProgramHoldsTheLock(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/restaurant.db"
	s := openAt(t, path)
	noError(t, s.Ready(t.Context()))
	other := openRaw(t, path)
	other.SetMaxOpenConns(1)
	t.Cleanup(func() { other.Close() })
	_, err := other.Exec("BEGIN IMMEDIATE")
	noError(t, err)
	start := time.Now()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if err := s.Ready(t.Context()); !errors.Is(err, ErrDatabaseUnavailable) {
				t.Errorf("ready: %v", err)
			}
		})
	}
	asking.Wait()
	if took := time.Since(start); took > 2*readyTimeout {
		t.Errorf("the answer took %v", took)
	}
	_, err = other.Exec("ROLLBACK")
	noError(t, err)
	noError(t, s.writeStatement(t.Context(), insertRows("a"))) // when this is done, the lock is free for sure
	noError(t, s.Ready(t.Context()))
}

func TestReady_whileAnotherProgramLocksOrders(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := stores.New(t, t.TempDir())
		s, other := openPostgres(t, url), secondConnection(t, url)
		noError(t, s.Ready(t.Context()))
		_, err := other.Exec("BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE")
		noError(t, err)
		wantUnavailableWithin(t, 2*readyTimeout, func() error { return s.Ready(t.Context()) })
		_, err = other.Exec("ROLLBACK")
		noError(t, err)
		for deadline := time.Now().Add(10 * time.Second); s.Ready(t.Context()) != nil; time.Sleep(10 * time.Millisecond) { // polled: the test that waited may still end
			if time.Now().After(deadline) {
				t.Fatal("never ready again")
			}
		}
	})
}

// TestReady_writesNothingAndIsShared: many who ask cause few tests, and no commit.
func TestReady_writesNothingAndIsShared(t *testing.T) {
	s := openStore(t)
	before := s.Commits()
	start := time.Now()
	for range 2000 {
		noError(t, s.Ready(t.Context()))
	}
	if n := s.Commits() - before; n != 0 {
		t.Errorf("%d commits", n)
	}
	left := s.ready.tests.Tokens()
	if took := time.Since(start); left > 1+took.Seconds() {
		t.Errorf("the limit of tests was not used up: %v are left after %v", left, took)
	}
}

// TestGuardWrites_keepsNothing: while the guard says no, nothing is written, and then
// everything is again.
func TestGuardWrites_keepsNothing(t *testing.T) {
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	var verdict error
	s.GuardWrites(func() error { return verdict })
	verdict = os.ErrNotExist
	n := NewOrder{UserID: alice.ID, Lines: []NewLine{{MenuItemID: dish.ID, Size: SizeLarge, Quantity: 1}}}
	if _, _, err := s.PlaceOrder(t.Context(), n); !errors.Is(err, ErrDatabaseUnavailable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an order: %v", err)
	}
	if _, err := s.UpdateUser(t.Context(), alice.ID, UserChanges{Name: new("Al")}); !errors.Is(err, ErrDatabaseUnavailable) {
		t.Errorf("a change: %v", err)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, ErrDatabaseUnavailable) {
		t.Errorf("ready: %v", err)
	}
	if n := queryInt(t, s, "SELECT count(*) FROM orders") + queryInt(t, s, "SELECT count(*) FROM users WHERE name = 'Al'"); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	verdict = nil
	noError(t, s.Ready(t.Context()))
	_, _, err := s.PlaceOrder(t.Context(), n)
	noError(t, err)
}
