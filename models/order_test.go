package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gorm.io/gorm"
)

func TestOrderOf_otherUsersGetNotFound(t *testing.T) {
	s := openStore(t)
	alice, vera, dish := newUser(t, s, "alice"), newUser(t, s, "vera"), newDish(t, s)
	o := placeOrder(t, s, alice, dish)
	if got, err := s.OrderOf(t.Context(), alice.ID, o.ID); err != nil || got.ID != o.ID {
		t.Errorf("her own order: %+v, %v", got, err)
	}
	_, theirs := s.OrderOf(t.Context(), vera.ID, o.ID)
	_, none := s.OrderOf(t.Context(), vera.ID, o.ID+1)
	if !errors.Is(theirs, ErrNotFound) || theirs.Error() != none.Error() {
		t.Errorf("another guest's order: %v; none: %v; want the same ErrNotFound", theirs, none)
	}
	if got, err := s.Order(t.Context(), o.ID); err != nil || got.UserID != alice.ID {
		t.Errorf("for a chef: %+v, %v", got, err)
	}
	if _, err := s.Order(t.Context(), o.ID+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("none for a chef: %v, want ErrNotFound", err)
	}
}

// advanceTo leads an order by legal steps to a status.
func advanceTo(t testing.TB, s *Store, o Order, to Status) Order {
	t.Helper()
	path := map[Status][]Status{
		StatusPreparing: {StatusPreparing}, StatusReady: {StatusPreparing, StatusReady},
		StatusServed: {StatusPreparing, StatusReady, StatusServed}, StatusCancelled: {StatusCancelled},
	}[to]
	for _, step := range path {
		var err error
		o, err = s.AdvanceOrder(t.Context(), o.ID, step)
		noError(t, err)
	}
	return o
}

func ids(orders []OrderSummary) []int64 {
	var list []int64
	for _, o := range orders {
		list = append(list, o.ID)
	}
	return list
}

// eightOrders has orders 1 to 8 in every status, of two guests.
func eightOrders(t testing.TB, s *Store) (alice, vera User) {
	t.Helper()
	alice, vera = newUser(t, s, "alice"), newUser(t, s, "vera")
	dish := newDish(t, s)
	for _, o := range []struct {
		who    User
		status Status
	}{
		{alice, StatusServed}, {vera, StatusPlaced}, {alice, StatusPlaced}, {alice, StatusCancelled},
		{alice, StatusPreparing}, {vera, StatusReady}, {alice, StatusPlaced}, {alice, StatusPlaced},
	} {
		advanceTo(t, s, placeOrder(t, s, o.who, dish), o.status)
	}
	return alice, vera
}

func TestOrdersOf(t *testing.T) {
	s := openStore(t)
	alice, vera := eightOrders(t, s)
	for _, tc := range []struct {
		name   string
		who    User
		status Status
		below  int64
		limit  int
		want   []int64
	}{
		{"all of a guest, the newest first", alice, "", math.MaxInt64, 20, []int64{8, 7, 5, 4, 3, 1}},
		{"the first page", alice, "", math.MaxInt64, 2, []int64{8, 7}},
		{"the second page", alice, "", 7, 2, []int64{5, 4}},
		{"the third page", alice, "", 4, 2, []int64{3, 1}},
		{"behind the last page", alice, "", 1, 2, nil},
		{"from a number that is another guest's", alice, "", 6, 2, []int64{5, 4}},
		{"of one status", alice, StatusPlaced, math.MaxInt64, 20, []int64{8, 7, 3}},
		{"a page of one status", alice, StatusPlaced, 8, 1, []int64{7}},
		{"another guest's", vera, "", math.MaxInt64, 20, []int64{6, 2}},
		{"a status that none has", vera, StatusServed, math.MaxInt64, 20, nil},
		{"a guest without orders", User{ID: 99}, "", math.MaxInt64, 20, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.OrdersOf(t.Context(), tc.who.ID, tc.status, tc.below, tc.limit)
			noError(t, err)
			wantSame(t, ids(got), tc.want)
		})
	}
}

func TestOpenOrders(t *testing.T) {
	s := openStore(t)
	eightOrders(t, s)
	for _, tc := range []struct {
		name   string
		status Status
		after  int64
		limit  int
		want   []int64
	}{
		{"everybody's that are not done, the oldest first", "", 0, 20, []int64{2, 3, 5, 6, 7, 8}},
		{"the first page", "", 0, 4, []int64{2, 3, 5, 6}},
		{"the second page", "", 6, 4, []int64{7, 8}},
		{"behind the last page", "", 8, 4, nil},
		{"of one status", StatusPlaced, 0, 20, []int64{2, 3, 7, 8}},
		{"a page of one status", StatusPlaced, 3, 1, []int64{7}},
		{"those that are done, when asked for", StatusServed, 0, 20, []int64{1}},
		{"those that were cancelled, when asked for", StatusCancelled, 0, 20, []int64{4}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.OpenOrders(t.Context(), tc.status, tc.after, tc.limit)
			noError(t, err)
			wantSame(t, ids(got), tc.want)
		})
	}
}

var statuses = []Status{StatusPlaced, StatusPreparing, StatusReady, StatusServed, StatusCancelled}

func TestTransition_everyPair(t *testing.T) {
	t.Parallel()
	follows := map[Status][]Status{
		StatusPlaced:    {StatusPreparing, StatusCancelled},
		StatusPreparing: {StatusReady},
		StatusReady:     {StatusServed},
	}
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice, vera, dish := newUser(t, s, "alice"), newUser(t, s, "vera"), newDish(t, s)
		for _, from := range statuses {
			for _, to := range statuses {
				allowed := false
				for _, f := range follows[from] {
					allowed = allowed || f == to
				}
				wantTransition(t, s, advanceTo(t, s, placeOrder(t, s, alice, dish), from), to, allowed, func(id int64) (Order, error) {
					return s.AdvanceOrder(t.Context(), id, to)
				})
			}
			o := advanceTo(t, s, placeOrder(t, s, alice, dish), from)
			if _, err := s.CancelOrder(t.Context(), vera.ID, o.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("another guest cancels from %s: %v, want ErrNotFound", from, err)
			}
			wantTransition(t, s, o, StatusCancelled, from == StatusPlaced, func(id int64) (Order, error) {
				return s.CancelOrder(t.Context(), alice.ID, id)
			})
		}
		for _, to := range statuses {
			if _, err := s.AdvanceOrder(t.Context(), 9999, to); !errors.Is(err, ErrNotFound) {
				t.Errorf("an order that is not there to %s: %v, want ErrNotFound", to, err)
			}
		}
		wantDoneConsistent(t, s)
	})
}

func wantTransition(t *testing.T, s *Store, before Order, to Status, allowed bool, step func(id int64) (Order, error)) {
	t.Helper()
	name := fmt.Sprintf("from %s to %s", before.Status, to)
	time.Sleep(time.Second)
	answer, err := step(before.ID)
	stored, readErr := s.Order(t.Context(), before.ID)
	noError(t, readErr)
	past, steps := before.History(), stored.History()
	if !allowed {
		if !errors.Is(err, ErrInvalidTransition) {
			t.Errorf("%s: %v, want ErrInvalidTransition", name, err)
		}
		if stored.Status != before.Status || stored.UpdatedAt != before.UpdatedAt || len(steps) != len(past) {
			t.Errorf("%s was refused, but the order is now %+v", name, stored)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if answer.Status != to || stored.Status != to || stored.UpdatedAt != Now() {
		t.Errorf("%s: answered %s, stored %s at %v", name, answer.Status, stored.Status, stored.UpdatedAt.Time())
	}
	wantSame(t, steps, append(past, Step{to, Now()}))
	wantSame(t, answer.History(), steps)
}

func TestTransition_unknownStatus(t *testing.T) {
	s := openStore(t)
	o := placeOrder(t, s, newUser(t, s, "alice"), newDish(t, s))
	if _, err := s.AdvanceOrder(t.Context(), o.ID, "burnt"); !errors.Is(err, ErrInvalidTransition) {
		t.Errorf("err = %v, want ErrInvalidTransition", err)
	}
}

func TestTransition_concurrentStepsHaveOneWinner(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	o := placeOrder(t, s, alice, dish)
	if won := race(t, 20, func(int) error {
		_, err := s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		return err
	}); won != 1 {
		t.Errorf("%d of 20 steps succeeded, want 1", won)
	}
	o = placeOrder(t, s, alice, dish)
	if won := race(t, 20, func(i int) error {
		var err error
		if i%2 == 0 {
			_, err = s.CancelOrder(t.Context(), alice.ID, o.ID)
		} else {
			_, err = s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		}
		return err
	}); won != 1 {
		t.Errorf("%d of 20 steps and cancellations succeeded, want 1", won)
	}
	if got, err := s.Order(t.Context(), o.ID); err != nil || len(got.History()) != 2 {
		t.Errorf("its history is %v, %v", got.History(), err)
	}
}

func race(t *testing.T, n int, step func(i int) error) (won int) {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = step(i) })
	}
	all.Wait()
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrInvalidTransition) {
			t.Error(err)
		}
	}
	return won
}

func TestAdvanceDue(t *testing.T) {
	t.Parallel()
	const pace = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		advance := func(limit int) []int64 {
			t.Helper()
			moved, err := s.AdvanceDue(t.Context(), Due{Now().Add(-pace), Now().Add(-pace)}, limit)
			noError(t, err)
			slices.Sort(moved)
			return moved
		}
		wantOldest := func(placed, cooking Millis) { // 0: none
			t.Helper()
			got, err := s.OldestPending(t.Context())
			noError(t, err)
			for _, pair := range []struct {
				got  *Millis
				want Millis
			}{{got.Placed, placed}, {got.Cooking, cooking}} {
				if (pair.got != nil) != (pair.want != 0) || pair.got != nil && *pair.got != pair.want {
					t.Errorf("the oldest steps are %v and %v, want %v and %v", got.Placed, got.Cooking, placed, cooking)
				}
			}
		}
		wantOldest(0, 0)
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		time.Sleep(time.Minute)
		first := placeOrder(t, s, alice, dish) // 0 s
		time.Sleep(time.Second)
		second := placeOrder(t, s, alice, dish) // 1 s
		cancelled := placeOrder(t, s, alice, dish)
		advanceTo(t, s, cancelled, StatusCancelled)
		wantOldest(first.PlacedAt, 0)

		time.Sleep(2*time.Second - time.Millisecond)
		wantSame(t, advance(10), nil) // a millisecond too early
		time.Sleep(time.Millisecond)  // 3 s
		wantSame(t, advance(10), []int64{first.ID})
		got, err := s.OrdersByID(t.Context(), []int64{first.ID})
		noError(t, err)
		wantSame(t, got[0].History(), []Step{{StatusPlaced, first.PlacedAt}, {StatusPreparing, Now()}})
		if got[0].Status != StatusPreparing || got[0].UpdatedAt != Now() || len(linesOf(t, got[0])) != 1 || got[0].TotalCents != 750 {
			t.Errorf("it has become %+v", got[0])
		}
		wantSame(t, advance(10), nil) // not twice in one moment
		wantOldest(second.PlacedAt, Now())

		third := placeOrder(t, s, alice, dish)
		time.Sleep(time.Hour)
		wantSame(t, advance(1), []int64{first.ID, second.ID}) // of each status the one that has waited longest
		wantSame(t, advance(1), []int64{third.ID})
		wantSame(t, advance(1), nil)
		for range 2 {
			time.Sleep(pace)
			advance(10)
		}
		for _, o := range []Order{first, second, third} {
			got, err := s.Order(t.Context(), o.ID)
			noError(t, err)
			if got.Status != StatusServed || len(got.History()) != 4 || !slices.IsSortedFunc(got.History(), compareSteps) {
				t.Errorf("order %d went %v", o.ID, got.History())
			}
		}
		time.Sleep(pace)
		wantDoneConsistent(t, s)
		wantSame(t, advance(10), nil) // served and cancelled orders rest
		wantOldest(0, 0)
		if got, err := s.Order(t.Context(), cancelled.ID); err != nil || got.Status != StatusCancelled {
			t.Errorf("the cancelled order is %s, %v", got.Status, err)
		}
	})
}

// Placed orders, and those that are cooking, are due at moments of their own.
func TestAdvanceDue_placedOrdersWaitApart(t *testing.T) {
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	placed, cooking := placeOrder(t, s, alice, dish).ID, placeOrder(t, s, alice, dish).ID
	_, err := s.AdvanceOrder(t.Context(), cooking, StatusPreparing)
	noError(t, err)
	for _, tc := range []struct {
		due  Due
		want []int64
	}{{Due{}, nil}, {Due{Cooking: Now()}, []int64{cooking}}, {Due{Placed: Now()}, []int64{placed}}} {
		moved, err := s.AdvanceDue(t.Context(), tc.due, 10)
		noError(t, err)
		wantSame(t, moved, tc.want)
	}
}

// compareSteps orders steps by their time, and two at the same moment not at all.
func compareSteps(a, b Step) int {
	if a.At == b.At {
		return 1
	}
	return cmp.Compare(a.At, b.At)
}

func TestOrder_history(t *testing.T) {
	at := func(n Millis) *Millis { return &n }
	for _, tc := range []struct {
		name  string
		order Order
		want  []Step
		done  bool
	}{
		{"placed", Order{Status: StatusPlaced, PlacedAt: 1}, []Step{{StatusPlaced, 1}}, false},
		{"half done", Order{Status: StatusReady, PlacedAt: 1, PreparingAt: at(2), ReadyAt: at(3)},
			[]Step{{StatusPlaced, 1}, {StatusPreparing, 2}, {StatusReady, 3}}, false},
		{"served", Order{Status: StatusServed, PlacedAt: 1, PreparingAt: at(2), ReadyAt: at(2), ServedAt: at(4)},
			[]Step{{StatusPlaced, 1}, {StatusPreparing, 2}, {StatusReady, 2}, {StatusServed, 4}}, true},
		{"cancelled", Order{Status: StatusCancelled, PlacedAt: 1, CancelledAt: at(2)},
			[]Step{{StatusPlaced, 1}, {StatusCancelled, 2}}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantSame(t, tc.order.History(), tc.want)
			if tc.order.Done() != tc.done {
				t.Errorf("Done = %v, want %v", tc.order.Done(), tc.done)
			}
		})
	}
}

func TestStatus_valid(t *testing.T) {
	for _, s := range statuses {
		if !s.Valid() {
			t.Errorf("%s is not valid", s)
		}
	}
	for _, s := range []Status{"", "Placed", "done", "placed "} {
		if s.Valid() {
			t.Errorf("%q is valid", s)
		}
	}
}

// BenchmarkPlaceOrder shows what an order costs one guest, and guests who order at once
// and so share commits: without keys, with a key each, and when every tenth order is a
// repetition.
func BenchmarkPlaceOrder(b *testing.B) {
	for _, tc := range []struct {
		name   string
		guests int
		keys   bool
		repeat int64 // every so many orders have a key that is used; 0: none
	}{{"guests=1", 1, false, 0}, {"guests=32", 32, false, 0}, {"guests=32,keys", 32, true, 0}, {"guests=32,keys,repeated", 32, true, 10}} {
		b.Run(tc.name, func(b *testing.B) {
			s := openStore(b)
			work := make(chan int64)
			var callers sync.WaitGroup
			for _, n := range benchGuests(b, s, tc.guests) {
				callers.Go(func() {
					for turn := range work {
						if tc.keys && (tc.repeat == 0 || turn%tc.repeat != 0 || n.IdempotencyKey == "") {
							n.IdempotencyKey = fmt.Sprintf("%08x-9f6b-4a8e-b7a4-1f0c3c1a9f6b", uint32(turn)*2654435761)
						}
						if _, _, err := s.PlaceOrder(context.Background(), n); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ReportAllocs()
			for turn := int64(0); b.Loop(); turn++ {
				work <- turn
			}
			close(work)
			callers.Wait()
		})
	}
}

// benchGuests returns an order of two lines for each of so many guests.
func benchGuests(b *testing.B, s *Store, guests int) []NewOrder {
	b.Helper()
	dish := newDish(b, s)
	orders := make([]NewOrder, guests)
	for i := range orders {
		u := testUsers["alice"]
		u.Username, u.PasswordHash = fmt.Sprint("guest-", i), unusableHash
		noError(b, s.createUser(b.Context(), &u))
		orders[i] = orderWithKey(u, dish, "", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")
		orders[i].Lines = append(orders[i].Lines, orders[i].Lines[0])
	}
	return orders
}

// BenchmarkOrdersOf reads a page over the kept connections and through database/sql, as
// PostgreSQL and the tables of a class do.
func BenchmarkOrdersOf(b *testing.B) {
	for _, name := range []string{"as it is", "through database/sql"} {
		b.Run(name, func(b *testing.B) {
			s := openStore(b)
			if name != "as it is" {
				noError(b, s.kept.close())
				s.kept = nil
			}
			alice, dish := newUser(b, s, "alice"), newDish(b, s)
			for range 200 {
				placeOrder(b, s, alice, dish, dish)
			}
			benchPage(b, s, alice.ID, 150)
		})
	}
}

func benchPage(b *testing.B, s *Store, guest, below int64) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		page, err := s.OrdersOf(b.Context(), guest, "", below, 20)
		if err != nil || len(page) != 20 {
			b.Fatalf("%d orders, %v", len(page), err)
		}
	}
}

// BenchmarkGrown compares a small database with one that has taken a million orders.
func BenchmarkGrown(b *testing.B) {
	for _, orders := range []int{20_000, 1_000_000} {
		s := openFile(b)
		guests := benchGuests(b, s, 200)
		fillOrders(b, s, orders, len(guests))
		b.Run(fmt.Sprintf("page/orders=%d", orders), func(b *testing.B) { benchPage(b, s, guests[100].UserID, math.MaxInt64) })
		b.Run(fmt.Sprintf("place/orders=%d", orders), func(b *testing.B) {
			for turn := 0; b.Loop(); turn++ {
				n := guests[turn%len(guests)]
				n.IdempotencyKey = fmt.Sprintf("%08x-9f6b-4a8e-b7a4-1f0c3c1a9f6b", uint32(turn)*2654435761)
				if _, _, err := s.PlaceOrder(b.Context(), n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fillOrders writes orders that are done, of each guest in turn, by one statement.
func fillOrders(b *testing.B, s *Store, orders, guests int) {
	b.Helper()
	line := OrderLine{MenuItemID: 1, Name: "Margherita", Size: "large", Quantity: 1, UnitPriceCents: 1250}
	lines, total, err := TotalLines([]OrderLine{line, line})
	noError(b, err)
	noError(b, s.write(b.Context(), func(tx *gorm.DB) error {
		return tx.Exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1 < ?)
			INSERT INTO orders (user_id, status, lines, total_cents, placed_at, updated_at, done)
			SELECT (SELECT min(id) FROM users WHERE username LIKE 'guest-%') + i % ?, 'served', ?, ?, 1700000000000+i, 1700000000000+i, 1 FROM n`,
			orders, guests, lines, total).Error
	}))
}
