package models

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
)

// Several instances share one database: two programs one file, or many one
// PostgreSQL. What one does must hold for all.

const goroutines = 32

// newInstances opens one new database several times.
func newInstances(t testing.TB, count int) []*Store {
	t.Helper()
	opened, at := make([]*Store, count), stores.New(t, t.TempDir())
	for i := range opened {
		opened[i] = stores.Open(t, at)
	}
	return opened
}

// refreshMenus makes every instance read the menu.
func refreshMenus(t testing.TB, stores []*Store) {
	t.Helper()
	for _, s := range stores {
		noError(t, s.readMenu(t.Context()))
	}
}

// concurrently calls do in many goroutines, spread over the instances.
func concurrently(stores []*Store, do func(s *Store, guest int)) {
	var all sync.WaitGroup
	for guest := range goroutines {
		all.Go(func() { do(stores[guest%len(stores)], guest) })
	}
	all.Wait()
}

// Concurrent orders with one key, spread over instances, make one order.
func TestPlaceOrder_oneKeyAcrossInstancesMakesOneOrder(t *testing.T) {
	t.Parallel()
	stores := newInstances(t, 3)
	alice, dish := newUser(t, stores[0], "alice"), newDish(t, stores[0])
	refreshMenus(t, stores)
	for round := range 10 {
		var mu sync.Mutex
		ids, fresh := map[int64]int{}, 0
		concurrently(stores, func(s *Store, _ int) {
			o, replayed, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, fmt.Sprint("key ", round), "body"))
			mu.Lock()
			defer mu.Unlock()
			if err != nil || len(linesOf(t, o)) != 1 {
				t.Errorf("%+v, %v", o, err)
			}
			if ids[o.ID]++; !replayed {
				fresh++
			}
		})
		if len(ids) != 1 || fresh != 1 {
			t.Errorf("orders %v, %d of them new", ids, fresh)
		}
	}
	if got := queryInt(t, stores[1], "SELECT count(*) FROM orders"); got != 10 {
		t.Errorf("%d orders, want 10", got)
	}
}

// Of concurrent orders with one key but different bodies, one is taken.
func TestPlaceOrder_oneKeyForManyBodiesMakesOneOrder(t *testing.T) {
	t.Parallel()
	stores := newInstances(t, 3)
	alice, dish := newUser(t, stores[0], "alice"), newDish(t, stores[0])
	refreshMenus(t, stores)
	errs := make([]error, goroutines)
	concurrently(stores, func(s *Store, guest int) {
		_, _, errs[guest] = s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "key", fmt.Sprint("body ", guest)))
	})
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		} else if !errors.Is(err, ErrKeyReused) {
			t.Error(err)
		}
	}
	if got := queryInt(t, stores[1], "SELECT count(*) FROM orders"); got != 1 || taken != 1 {
		t.Errorf("%d orders, %d were taken, want one", got, taken)
	}
}

// Of many managers who are demoted concurrently on all instances, one stays.
func TestUpdateUser_instancesKeepOneManager(t *testing.T) {
	t.Parallel()
	stores := newInstances(t, 3)
	const managers = 4
	users := make([]User, managers)
	for i := range users {
		users[i] = User{Username: fmt.Sprint("guest-", i), Name: "Guest", Role: RoleManager}
	}
	noError(t, stores[0].SeedUsers(t.Context(), "managers", users))
	for range 10 {
		exec(t, stores[0], "UPDATE users SET role = 'manager'")
		errs := make([]error, goroutines)
		concurrently(stores, func(s *Store, guest int) {
			_, errs[guest] = s.UpdateUser(t.Context(), users[guest%managers].ID, UserChanges{Role: new(RoleChef)})
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, ErrLastManager) {
				t.Error(err)
			}
		}
		if got := queryInt(t, stores[0], "SELECT count(*) FROM users WHERE role = 'manager'"); got != 1 {
			t.Fatalf("%d managers are left, want 1", got)
		}
	}
}

// However many instances advance orders, none moves twice and none is left.
func TestAdvanceDue_instancesShareTheOrders(t *testing.T) {
	t.Parallel()
	const orders = 200
	stores := newInstances(t, 3)
	alice, dish := newUser(t, stores[0], "alice"), newDish(t, stores[0])
	for range orders {
		placeOrder(t, stores[0], alice, dish)
	}
	time.Sleep(2 * time.Millisecond) // so that what is moved now is not due again
	due := Now().Add(-time.Millisecond)
	var mu sync.Mutex
	steps := map[int64]int{}
	for {
		moved := 0
		concurrently(stores, func(s *Store, _ int) {
			ids, err := s.AdvanceDue(t.Context(), Due{due, due}, 7)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || len(ids) > 7 {
				t.Errorf("%d orders, %v", len(ids), err)
			}
			moved += len(ids)
			for _, id := range ids {
				steps[id]++
			}
		})
		if moved == 0 {
			break
		}
	}
	if len(steps) != orders {
		t.Errorf("%d of %d orders were moved", len(steps), orders)
	}
	for id, n := range steps {
		o, err := stores[0].Order(t.Context(), id)
		if n != 1 || err != nil || o.Status != StatusPreparing {
			t.Errorf("order %d was moved %d times and is %s, %v", id, n, o.Status, err)
		}
	}
}

// While one instance has locked some due orders, the others advance the rest
// without waiting.
func TestAdvanceDue_skipsRowsOfAnotherInstance(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 2)
		alice, dish := newUser(t, stores[0], "alice"), newDish(t, stores[0])
		var placed []int64
		for range 4 {
			placed = append(placed, placeOrder(t, stores[0], alice, dish).ID)
			time.Sleep(2 * time.Millisecond) // the first is the oldest
		}
		failed := errors.New("the instance died")
		err := stores[0].write(t.Context(), func(tx *gorm.DB) error {
			var held []struct{ ID int64 }
			if err := tx.Raw(advanceSQL(stores[0].engine.dialect(), 2), Now(), Millis(0), Now(), Millis(math.MaxInt64)).Scan(&held).Error; err != nil || len(held) != 2 {
				t.Errorf("%d orders, %v", len(held), err)
			}
			rest, err := stores[1].AdvanceDue(context.Background(), Due{Now(), Now()}, 10)
			noError(t, err)
			wantSame(t, slices.Sorted(slices.Values(rest)), placed[2:])
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		taken, err := stores[1].AdvanceDue(t.Context(), Due{Now().Add(-time.Millisecond), Now().Add(-time.Millisecond)}, 10)
		noError(t, err)
		if len(taken) < 2 {
			t.Errorf("orders of a dead instance are not taken over: %v", taken)
		}
	})
}

// Of concurrent refreshes with one token on all instances, one succeeds and the
// session ends once.
func TestRotate_oneInstanceWins(t *testing.T) {
	t.Parallel()
	stores := newInstances(t, 3)
	var ended []*endedSessions
	for _, s := range stores {
		ended = append(ended, watchEnded(s))
	}
	alice := newUser(t, stores[0], "alice")
	for round := range 10 {
		sid := fmt.Sprint("alice ", round)
		newSession(t, stores[0], alice, sid)
		errs := make([]error, goroutines)
		concurrently(stores, func(s *Store, guest int) {
			r := newRotation(sid, 1)
			r.NewHash = fmt.Sprint(sid, " new ", guest)
			_, _, errs[guest] = s.Rotate(t.Context(), r)
		})
		won, ends := 0, 0
		for _, e := range ended {
			ends += len(e.take())
		}
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, ErrRefreshReused) {
				t.Error(err)
			}
		}
		if won != 1 || ends != 1 {
			t.Errorf("%d won, and the session was ended %d times", won, ends)
		}
	}
}

// When a session ends during a refresh, either the refresh fails or the denylist
// covers its new access token.
func TestRotate_whileItsSessionEnds(t *testing.T) {
	t.Parallel()
	stores := newInstances(t, 2)
	alice := newUser(t, stores[0], "alice")
	for round := range 50 {
		sid := fmt.Sprint("alice ", round)
		newSession(t, stores[0], alice, sid)
		r := newRotation(sid, 1)
		r.AccessUntil = r.AccessUntil.Add(time.Minute) // later than that of the login
		endings := watchEnded(stores[1])
		var rotated LoginSession
		var errRotate, errEnd error
		var both sync.WaitGroup
		both.Go(func() { rotated, _, errRotate = stores[0].Rotate(t.Context(), r) })
		both.Go(func() { errEnd = stores[1].EndSession(t.Context(), alice.ID, sid, EndLogout) })
		both.Wait()
		ended := endings.take()
		if errEnd != nil || len(ended) != 1 {
			t.Fatalf("ended %v, %v", ended, errEnd)
		}
		switch {
		case errRotate == nil && ended[0].AccessUntil != rotated.AccessUntil:
			t.Fatalf("a token until %d is out, but the session is denied only until %d", rotated.AccessUntil, ended[0].AccessUntil)
		case errRotate != nil && !errors.Is(errRotate, ErrRefreshInvalid):
			t.Fatal(errRotate)
		}
	}
}

// whileLocked runs during inside a transaction, after these statements of it.
func whileLocked(t *testing.T, s *Store, stmts []string, during func()) {
	t.Helper()
	noError(t, s.write(context.Background(), func(tx *gorm.DB) error {
		for _, stmt := range stmts {
			if err := tx.Exec(stmt).Error; err != nil {
				return err
			}
		}
		during()
		return nil
	}))
}

// waitsForLock starts do, checks that it waits for a lock, and returns the channel
// that will receive its error.
func waitsForLock(t *testing.T, s *Store, do func() error) (result <-chan error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	for deadline := time.Now().Add(2 * time.Second); ; {
		var waiting int
		noError(t, s.read(context.Background()).Raw(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE NOT l.granted AND a.datname = current_database()`).Scan(&waiting).Error)
		if waiting > 0 {
			return done
		}
		if len(done) > 0 || time.Now().After(deadline) {
			t.Error("it waits for no lock")
			return done
		}
	}
}

// These put two instances exactly where one must wait for the other.
func TestLocks_secondTransactionSeesTheFirst(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		open := func(t *testing.T) (one, other *Store, alice User) {
			stores := newInstances(t, 2)
			return stores[0], stores[1], newUser(t, stores[0], "alice")
		}
		login := func(s *Store, u User) func() error {
			return func() error {
				_, err := s.OpenSession(context.Background(), u, LoginSession{ID: "late", UserID: u.ID, Delivery: DeliverBody, AccessUntil: Now(), ExpiresAt: Now().Add(week)}, "late-1")
				return err
			}
		}
		t.Run("a login after a change of the password", func(t *testing.T) {
			one, other, alice := open(t)
			var result <-chan error
			whileLocked(t, one, []string{"UPDATE users SET password_hash = 'new'"}, func() { result = waitsForLock(t, one, login(other, alice)) })
			if err := <-result; !errors.Is(err, ErrStale) {
				t.Errorf("err = %v, want ErrStale", err)
			}
		})
		t.Run("a login after a change of the role", func(t *testing.T) {
			one, other, alice := open(t)
			var now User
			var result <-chan error
			whileLocked(t, one, []string{"UPDATE users SET role = 'chef'"}, func() {
				result = waitsForLock(t, one, func() (err error) {
					now, err = other.OpenSession(context.Background(), alice, LoginSession{ID: "late", UserID: alice.ID, Delivery: DeliverBody}, "late-1")
					return err
				})
			})
			if err := <-result; err != nil || now.Role != RoleChef {
				t.Errorf("the access token says %s, %v", now.Role, err)
			}
		})
		t.Run("a change of the password after a login", func(t *testing.T) {
			one, other, alice := open(t)
			endings := watchEnded(other)
			var result <-chan error
			whileLocked(t, one, []string{
				"SELECT 1 FROM users FOR SHARE", // as OpenSession does
				"INSERT INTO login_sessions VALUES ('early', 1, 'body', '', 1, 1, 1, 4000000000000, NULL)",
			}, func() {
				result = waitsForLock(t, one, func() error { return other.ChangePassword(context.Background(), alice, "new", "") })
			})
			err := <-result
			if ended := endings.take(); err != nil || len(ended) != 1 {
				t.Errorf("ended %v, %v: the session of the old password lives on", ended, err)
			}
		})
		t.Run("a refresh after the end of its session", func(t *testing.T) {
			one, other, alice := open(t)
			newSession(t, one, alice, "alice")
			var result <-chan error
			whileLocked(t, one, []string{"UPDATE login_sessions SET ended_at = 1"}, func() {
				result = waitsForLock(t, one, func() error {
					_, _, err := other.Rotate(context.Background(), newRotation("alice", 1))
					return err
				})
			})
			if err := <-result; !errors.Is(err, ErrRefreshInvalid) {
				t.Errorf("err = %v, want ErrRefreshInvalid", err)
			}
			if n := queryInt(t, one, "SELECT count(*) FROM refresh_tokens"); n != 1 {
				t.Error("a new refresh token was written all the same")
			}
		})
		t.Run("an order after one with the same key", func(t *testing.T) {
			one, other, alice := open(t)
			dish := newDish(t, other)
			var o Order
			var replayed bool
			var result <-chan error
			whileLocked(t, one, []string{`INSERT INTO orders (user_id, status, lines, total_cents, idempotency_key, request_hash, placed_at, updated_at)
				VALUES (1, 'placed', '{"v":2,"lines":[]}', 5, 'k', 'a', 1, 1)`}, func() {
				result = waitsForLock(t, one, func() (err error) {
					o, replayed, err = other.PlaceOrder(context.Background(), orderWithKey(alice, dish, "k", "a"))
					return err
				})
			})
			if err := <-result; err != nil || !replayed || o.TotalCents != 5 {
				t.Errorf("%+v, replayed %v, %v", o, replayed, err)
			}
		})
		t.Run("a demotion after another one", func(t *testing.T) {
			one, other, _ := open(t)
			marco := newUser(t, one, "marco")
			exec(t, one, "UPDATE users SET role = 'manager'")
			var result <-chan error
			whileLocked(t, one, []string{"UPDATE users SET role = 'guest' WHERE username = 'alice'"}, func() {
				result = waitsForLock(t, one, func() error {
					_, err := other.UpdateUser(context.Background(), marco.ID, UserChanges{Role: new(RoleGuest)})
					return err
				})
			})
			if err := <-result; !errors.Is(err, ErrLastManager) {
				t.Errorf("err = %v, want ErrLastManager", err)
			}
		})
	})
}
