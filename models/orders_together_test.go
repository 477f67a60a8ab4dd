package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"gorm.io/gorm"
)

// ordersTest lets orders wait for one commit.
type ordersTest struct {
	*batchTest
	alice, vera User
	dish        MenuItem
}

// placed is what a caller of PlaceOrder got.
type placed struct {
	Order
	replayed bool
	err      error
}

// newOrdersTest opens a database; prepare runs before the first write waits.
func newOrdersTest(t *testing.T, prepare func(o *ordersTest)) *ordersTest {
	t.Helper()
	o := &ordersTest{batchTest: &batchTest{s: openFile(t), block: make(chan struct{})}}
	o.alice, o.vera, o.dish = newUser(t, o.s, "alice"), newUser(t, o.s, "vera"), newDish(t, o.s)
	if prepare != nil {
		prepare(o)
	}
	o.s.OnCommit(func(c Commit) { o.commits = append(o.commits, c.Writes) })
	o.write(t.Context(), false, func(*gorm.DB) error { <-o.block; return nil })
	return o
}

// place adds an order to the queue and returns when it stands there. The answer is
// there when release has returned.
func (o *ordersTest) place(ctx context.Context, n NewOrder) (p *placed) {
	p = new(placed)
	o.writes.Go(func() { p.Order, p.replayed, p.err = o.s.PlaceOrder(ctx, n) })
	synctest.Wait()
	return p
}

// wantKept checks that an order was taken and is stored as it was answered.
func (o *ordersTest) wantKept(t *testing.T, p *placed, replayed bool) {
	t.Helper()
	if p.err != nil || p.replayed != replayed {
		t.Errorf("the order was answered with %+v", p)
		return
	}
	stored, err := o.s.OrderOf(t.Context(), p.UserID, p.ID)
	noError(t, err)
	if !reflect.DeepEqual(stored, p.Order) {
		t.Errorf("stored %+v, answered %+v", stored, p.Order)
	}
}

func TestSQLiteWriter_ordersOfACommitAreOneStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var recorded *[]statement
		o := newOrdersTest(t, func(o *ordersTest) { recorded = recordStatements(t, o.s) })
		var orders []*placed
		for i := range 20 {
			n := orderWithKey([]User{o.alice, o.vera}[i%2], o.dish, "", "")
			n.Lines[0].Note = fmt.Sprint("order ", i)
			if i%3 > 0 {
				n.IdempotencyKey, n.RequestHash = fmt.Sprint("k", i), fmt.Sprint("hash ", i)
			}
			if i%4 == 0 {
				n.Table = new(fmt.Sprint(i))
			}
			orders = append(orders, o.place(t.Context(), n))
			if i == 10 {
				o.write(t.Context(), false, insertRows("another write"))
			}
		}
		o.release()
		inserts := 0
		for _, stmt := range *recorded {
			if strings.Contains(stmt.sql, "INTO orders") {
				inserts++
			}
		}
		if inserts != 1 || len(o.commits) != 1 || o.commits[0] != 22 {
			t.Errorf("%d statements for 20 orders, commits of %v writes; want 1 and 22", inserts, o.commits)
		}
		for i, p := range orders {
			o.wantKept(t, p, false)
			if p.ID != int64(i+1) || linesOf(t, p.Order)[0].Note != fmt.Sprint("order ", i) {
				t.Errorf("order %d is %+v", i, p.Order)
			}
		}
		if got := o.rows(t); got != "another write" {
			t.Errorf("beside them was written %q", got)
		}
	})
}

// A used key is found among the others, wherever it stands, and harms none of them.
func TestSQLiteWriter_usedKeysAmongOrders(t *testing.T) {
	for _, at := range []int{0, 2, 5} {
		t.Run(fmt.Sprint("place ", at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var first Order
				o := newOrdersTest(t, func(o *ordersTest) {
					var err error
					first, _, err = o.s.PlaceOrder(t.Context(), orderWithKey(o.alice, o.dish, "used", "body"))
					noError(t, err)
				})
				var fresh []*placed
				var again, other *placed
				for i := range 6 {
					if i == at {
						again = o.place(t.Context(), orderWithKey(o.alice, o.dish, "used", "body"))
						other = o.place(t.Context(), orderWithKey(o.alice, o.dish, "used", "another body"))
					}
					n := orderWithKey(o.vera, o.dish, "", "")
					if i%2 == 0 {
						n.IdempotencyKey = "used" // by another guest
						n.RequestHash = fmt.Sprint(i)
					}
					fresh = append(fresh, o.place(t.Context(), n))
				}
				o.release()
				if again.err != nil || !again.replayed || again.ID != first.ID {
					t.Errorf("the repetition got %+v, want order %d", again, first.ID)
				}
				if !errors.Is(other.err, ErrKeyReused) {
					t.Errorf("the key with another body got %+v", other)
				}
				for i, p := range fresh {
					if i == 2 || i == 4 { // the first of them took the key
						if !errors.Is(p.err, ErrKeyReused) {
							t.Errorf("order %d got %+v", i, p)
						}
						continue
					}
					o.wantKept(t, p, false)
				}
				if got := queryInt(t, o.s, "SELECT count(*) FROM orders"); got != 5 {
					t.Errorf("%d orders, want 5", got)
				}
			})
		})
	}
}

// A guest who is not there any more harms none of those who order at the same moment.
func TestSQLiteWriter_unknownUserAmongOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrdersTest(t, nil)
		before := o.place(t.Context(), orderWithKey(o.alice, o.dish, "k", "a"))
		beside := o.write(t.Context(), false, insertRows("beside"))
		gone := o.place(t.Context(), orderWithKey(User{ID: 99}, o.dish, "", ""))
		failing := o.write(t.Context(), false, insertRows("half", "half"))
		same := o.place(t.Context(), orderWithKey(o.alice, o.dish, "k", "a"))
		after := o.place(t.Context(), orderWithKey(o.vera, o.dish, "", ""))
		o.release()
		if !errors.Is(gone.err, ErrUserUnknown) || !errors.Is(*failing, gorm.ErrDuplicatedKey) {
			t.Errorf("they were told %v and %v", gone.err, *failing)
		}
		noError(t, *beside)
		o.wantKept(t, before, false)
		o.wantKept(t, same, true)
		o.wantKept(t, after, false)
		if got := o.rows(t); got != "beside" || same.ID != before.ID {
			t.Errorf("beside them was written %q, and the repetition is %d, want %d", got, same.ID, before.ID)
		}
		if got := queryInt(t, o.s, "SELECT count(*) FROM orders"); got != 2 {
			t.Errorf("%d orders, want 2", got)
		}
	})
}

func TestSQLiteWriter_skipsCanceledOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrdersTest(t, nil)
		gone, leave := context.WithCancel(t.Context())
		leave()
		late := o.place(gone, orderWithKey(o.alice, o.dish, "", ""))
		control := o.place(t.Context(), orderWithKey(o.alice, o.dish, "", ""))
		o.release()
		if !errors.Is(late.err, context.Canceled) {
			t.Errorf("who had left was told %v", late.err)
		}
		o.wantKept(t, control, false)
		if got := queryInt(t, o.s, "SELECT count(*) FROM orders"); got != 1 {
			t.Errorf("%d orders, want 1", got)
		}
	})
}

// The schema still refuses what it refused before, at the latest with the commit.
func TestMigrations_ordersTogether(t *testing.T) {
	for _, version := range []int{0, 1, 2, 7} {
		t.Run(fmt.Sprint("from version ", version), func(t *testing.T) {
			s := openAt(t, fileAtVersion(t, version))
			alice := newUser(t, s, "alice")
			insert := func(user int64, status Status, cents int) error {
				return s.write(t.Context(), func(tx *gorm.DB) error {
					return tx.Exec(`INSERT INTO orders (user_id, status, lines, total_cents, placed_at, updated_at) VALUES (?, ?, '{"v":2,"lines":[]}', ?, 1, 1)`, user, status, cents).Error
				})
			}
			for _, status := range []Status{StatusPlaced, StatusPreparing, StatusReady, StatusServed, StatusCancelled} {
				noError(t, insert(alice.ID, status, 1))
			}
			for name, err := range map[string]error{
				"a status that does not exist": insert(alice.ID, "eaten", 1), "an order for nothing": insert(alice.ID, StatusPlaced, 0),
				"a guest who does not exist": insert(alice.ID+1, StatusPlaced, 1),
				"a guest with orders leaves": s.write(t.Context(), func(tx *gorm.DB) error { return tx.Exec("DELETE FROM users").Error }),
			} {
				if err == nil {
					t.Error(name, "is not refused")
				}
			}
			wantIntact(t, s)
			if got := queryInt(t, s, "SELECT count(*) FROM orders"); got != 5 {
				t.Errorf("%d orders, want 5", got)
			}
			if got := queryInt(t, s, "SELECT count(*) FROM sqlite_schema WHERE name = 'orders' AND sql LIKE '%DEFERRABLE INITIALLY DEFERRED%' AND sql NOT LIKE '%status IN%'"); got != 1 {
				t.Error("the text of the schema is the old one")
			}
		})
	}
}
