package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"

	"gorm.io/gorm"
)

// pending prices an order and lets it wait for a lane.
func pending(t testing.TB, s *Store, n NewOrder) *pendingOrder {
	t.Helper()
	o, err := n.price(s.Menu())
	noError(t, err)
	return &pendingOrder{row: n.row(o), done: make(chan struct{})}
}

// wantStored checks that an order is stored as it was given.
func wantStored(t testing.TB, s *Store, o Order) {
	t.Helper()
	stored, err := s.OrderOf(t.Context(), o.UserID, o.ID)
	noError(t, err)
	if !reflect.DeepEqual(stored, o) {
		t.Errorf("stored %+v, want %+v", stored, o)
	}
}

// Orders of one statement get their own ids, and an error is for the one that it is about.
func TestPostgres_ordersOfAStatement(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		alice, vera, dish := newUser(t, s, "alice"), newUser(t, s, "vera"), newDish(t, s)
		_, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "used", "body"))
		noError(t, err)
		for _, tc := range []struct {
			name   string
			guests []User
			keys   []string
			want   []error
		}{
			{"all fresh", []User{vera, alice, vera, alice}, []string{"", "a", "b", ""}, make([]error, 4)},
			{"one key used", []User{vera, alice, vera}, []string{"used", "used", ""}, []error{nil, gorm.ErrDuplicatedKey, nil}},
			{"one key twice", []User{vera, vera, alice}, []string{"twice", "twice", "twice"}, []error{nil, gorm.ErrDuplicatedKey, nil}},
			{"one guest unknown", []User{vera, {ID: 99}, alice, alice}, []string{"c", "d", "used", "e"}, []error{nil, gorm.ErrForeignKeyViolated, gorm.ErrDuplicatedKey, nil}},
			{"all used", []User{alice, alice}, []string{"used", "a"}, []error{gorm.ErrDuplicatedKey, gorm.ErrDuplicatedKey}},
		} {
			t.Run(tc.name, func(t *testing.T) {
				var batch []*pendingOrder
				for i, guest := range tc.guests {
					n := orderWithKey(guest, dish, tc.keys[i], "hash")
					n.Lines[0].Note = fmt.Sprint(tc.name, i)
					if i%2 == 1 {
						n.Table = new(fmt.Sprint(i))
					}
					batch = append(batch, pending(t, s, n))
				}
				s.engine.(*postgresWriter).insertTogether(batch)
				for i, j := range batch {
					<-j.done
					if !errors.Is(j.err, tc.want[i]) || (j.err == nil) != (tc.want[i] == nil) {
						t.Errorf("order %d: %v, want %v", i, j.err, tc.want[i])
					} else if j.err == nil {
						wantStored(t, s, j.row.Order)
					}
				}
			})
		}
	})
}

// While the orders before are being written, those that come gather, and then share a commit.
func TestPostgres_waitingOrdersShareACommit(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		const guests = 40
		url := stores.New(t, t.TempDir())
		s := openPostgres(t, url)
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		var mu sync.Mutex
		var commits []int
		s.OnCommit(func(c Commit) { mu.Lock(); defer mu.Unlock(); commits = append(commits, c.Writes) })
		other, err := secondConnection(t, url).BeginTx(t.Context(), nil)
		noError(t, err)
		_, err = other.Exec("LOCK TABLE orders")
		noError(t, err)
		orders := make([]Order, guests)
		var all sync.WaitGroup
		for i := range orders {
			all.Go(func() {
				n := orderWithKey(alice, dish, fmt.Sprint("key ", i), "hash")
				n.Lines[0].Note = fmt.Sprint("order ", i)
				var err error
				if orders[i], _, err = s.PlaceOrder(t.Context(), n); err != nil {
					t.Error(err)
				}
			})
		}
		for s.Waiting() < guests {
			runtime.Gosched()
		}
		noError(t, other.Rollback())
		all.Wait()
		for i, o := range orders {
			if wantStored(t, s, o); linesOf(t, o)[0].Note != fmt.Sprint("order ", i) {
				t.Errorf("order %d is %+v", i, o)
			}
		}
		if len(commits) > guests/2 {
			t.Errorf("%d orders took commits of %v", guests, commits)
		}
	})
}

// Two instances get the same keys in opposite orders. Nothing ends a circle of locks
// here, so one would be a failure.
func TestPostgres_instancesWithTheSameKeysNeverBlockEachOther(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		url := withSettings(t, stores.New(t, t.TempDir()), "deadlock_timeout", "1h")
		both := []*Store{openPostgres(t, url), openPostgres(t, url)}
		alice, vera, dish := newUser(t, both[0], "alice"), newUser(t, both[0], "vera"), newDish(t, both[0])
		refreshMenus(t, both)
		const rounds, keys = 20, 50
		for round := range rounds {
			var running sync.WaitGroup
			for i, s := range both {
				var batch []*pendingOrder
				for k := range keys {
					batch = append(batch, pending(t, s, orderWithKey([]User{alice, vera}[k%2], dish, fmt.Sprint(round, " ", k), "hash")))
				}
				if i == 1 {
					slices.Reverse(batch)
				}
				running.Go(func() {
					s.engine.(*postgresWriter).insertTogether(batch)
					for _, j := range batch {
						if j.err != nil && !errors.Is(j.err, gorm.ErrDuplicatedKey) {
							t.Error(j.err)
						}
					}
				})
			}
			running.Wait()
		}
		if got := queryInt(t, both[0], "SELECT count(*) FROM orders"); got != rounds*keys {
			t.Errorf("%d orders, want %d", got, rounds*keys)
		}
	})
}

// Whoever waits for a lane leaves the line at once, or when the database is closed.
func TestPostgres_ordersLeaveTheLine(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := openStore(t)
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		gone, leave := context.WithCancel(t.Context())
		leave()
		full := &postgresWriter{orders: make(chan *pendingOrder)} // no lane reads them
		working := s.engine
		s.engine = full
		if _, _, err := s.PlaceOrder(gone, orderWithKey(alice, dish, "", "")); !errors.Is(err, context.Canceled) {
			t.Errorf("who had left was told %v", err)
		}
		s.engine = working
		placeOrder(t, s, alice, dish) // the control
		noError(t, s.Close())
		if _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "", "")); !errors.Is(err, ErrDatabaseUnavailable) {
			t.Errorf("after closing: %v", err)
		}
		if got := s.Waiting(); got != 0 {
			t.Errorf("%d are under way", got)
		}
	})
}
