package models

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"testing"
)

// TestKeptReader_readsWhatDatabaseSQLReads compares both for all lists and for limits
// around the number of rows that a kept text names.
func TestKeptReader_readsWhatDatabaseSQLReads(t *testing.T) {
	s := openFile(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	bob := newUser(t, s, "bob")
	window := "Am Fenster \"2\""
	for i := range 70 {
		n := orderWithKey([]User{alice, alice, bob}[i%3], dish, "", "")
		if i%2 == 0 {
			n.Table = &window
		}
		_, _, err := s.PlaceOrder(t.Context(), n)
		noError(t, err)
	}
	exec(t, s, `UPDATE orders SET status = 'served', done = 1, updated_at = updated_at + id WHERE id % 4 = 0`)
	through := &Store{engine: s.engine, reader: s.reader}
	for _, limit := range []int{1, 20, 31, 32, 33, 64, 65, 101} {
		for _, status := range []Status{"", StatusPlaced, StatusServed, StatusReady} {
			for name, list := range map[string]func(*Store) ([]OrderSummary, error){
				"a guest's": func(s *Store) ([]OrderSummary, error) {
					return s.OrdersOf(t.Context(), alice.ID, status, math.MaxInt64, limit)
				},
				"a guest's, older": func(s *Store) ([]OrderSummary, error) { return s.OrdersOf(t.Context(), alice.ID, status, 40, limit) },
				"the kitchen's":    func(s *Store) ([]OrderSummary, error) { return s.OpenOrders(t.Context(), status, 5, limit) },
			} {
				got, err := list(s)
				noError(t, err)
				want, err := list(through)
				noError(t, err)
				if len(got) > limit || !reflect.DeepEqual(got, want) {
					t.Errorf("%s orders %q up to %d: %d, want %d", name, status, limit, len(got), len(want))
				}
			}
		}
	}
}

// TestKeptReader_seesWhatWasWritten: a statement that is kept shows each write at once, also
// one that changes the schema.
func TestKeptReader_seesWhatWasWritten(t *testing.T) {
	s := openFile(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	for want := 1; want <= 40; want++ {
		o := placeOrder(t, s, alice, dish)
		if want%10 == 0 {
			exec(t, s, fmt.Sprintf("CREATE INDEX new_%d ON orders (table_name, id)", want))
		}
		page, err := s.OrdersOf(t.Context(), alice.ID, "", math.MaxInt64, 101)
		noError(t, err)
		if len(page) != want || page[0].ID != o.ID {
			t.Fatalf("after order %d the page has %d orders", want, len(page))
		}
	}
}

// TestKeptReader_holdsNoSnapshot: a page that ends before its statement, or that fails, would
// keep the log from being moved into the database, and show old orders.
func TestKeptReader_holdsNoSnapshot(t *testing.T) {
	s := openFile(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	for range 5 {
		placeOrder(t, s, alice, dish)
	}
	page, err := s.OrdersOf(t.Context(), alice.ID, "", math.MaxInt64, 2)
	noError(t, err)
	if len(page) != 2 {
		t.Fatalf("%d orders", len(page))
	}
	wantMovable(t, s)
	exec(t, s, `UPDATE orders SET lines = '{"v":3,"lines":[]}'`)
	if _, err := s.OrdersOf(t.Context(), alice.ID, "", math.MaxInt64, 2); err == nil {
		t.Fatal("lines of a later format are read")
	}
	wantMovable(t, s)
}

// wantMovable writes something and lets SQLite move the whole log into the database.
func wantMovable(t *testing.T, s *Store) {
	t.Helper()
	exec(t, s, "UPDATE users SET name = name || '.'")
	var busy, frames, moved int
	noError(t, poolOf(t, s, true).QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved))
	if busy != 0 {
		t.Errorf("a reader holds %d of %d frames", frames-moved, frames)
	}
}

// TestKeptReader_failuresAreThoseOfADatabase: a file that is gone, and a store that is closed.
func TestKeptReader_failuresAreThoseOfADatabase(t *testing.T) {
	s := openFile(t)
	alice := newUser(t, s, "alice")
	list := func() error { _, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); return err }
	noError(t, list()) // the control
	good := s.kept
	s.kept = newKeptReader(filepath.Join(t.TempDir(), "none", "restaurant.db"), 1)
	for range 3 { // a connection that did not open is no connection lost
		if err := list(); !errors.Is(err, ErrDatabaseUnavailable) {
			t.Errorf("without a file: %v", err)
		}
	}
	s.kept = good
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.OrdersOf(ended, alice.ID, "", 100, 20); !errors.Is(err, context.Canceled) {
		t.Errorf("for a client that has left: %v", err)
	}
	noError(t, s.Close())
	if err := list(); !errors.Is(err, ErrDatabaseUnavailable) {
		t.Errorf("after closing: %v", err)
	}
	noError(t, s.Close())
}

// TestKeptReader_cannotWrite: its connections are for reading.
func TestKeptReader_cannotWrite(t *testing.T) {
	s := openFile(t)
	_, err := s.kept.orderPage(t.Context(), 1, "UPDATE users SET name = 'x' RETURNING id, name, name, id, name, id, id -- ", nil)
	if codeOf(err) != sqliteReadOnly {
		t.Errorf("got %v", err)
	}
}
