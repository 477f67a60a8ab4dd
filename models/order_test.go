package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gorm.io/gorm"
)

// keyed is an order of one small portion under an idempotency key.
func keyed(u User, dish MenuItem, key, hash string) NewOrder {
	return NewOrder{
		UserID: u.ID, Lines: []NewLine{{MenuItemID: dish.ID, Size: SizeSmall, Quantity: 1}},
		IdempotencyKey: key, RequestHash: hash,
	}
}

func TestPlaceOrderCopiesNamesAndPrices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBook(t)
		alice := enter(t, s, "alice")
		pizza := cook(t, s)
		water := cook(t, s, func(m *MenuItem) { m.Name, m.Sizes = "Acqua", []Size{{SizeRegular, 200}} })
		time.Sleep(1500 * time.Millisecond)
		placed, replayed, err := s.PlaceOrder(t.Context(), NewOrder{
			UserID: alice.ID, Table: new("12"),
			Lines: []NewLine{
				{MenuItemID: pizza.ID, Size: SizeLarge, Quantity: 2, Note: "without basil"},
				{MenuItemID: water.ID, Size: SizeRegular, Quantity: 3},
				{MenuItemID: pizza.ID, Size: SizeSmall, Quantity: 1},
			},
		})
		noError(t, err)
		if replayed || placed.ID != 1 {
			t.Errorf("replayed %v, id %d", replayed, placed.ID)
		}

		// Tomorrow's menu must not rewrite today's bill.
		pizza.Name, pizza.Sizes = "Margherita extra", []Size{{SizeLarge, 9900}}
		noError(t, s.ReplaceMenuItem(t.Context(), &pizza))
		noError(t, s.DeleteMenuItem(t.Context(), water.ID))

		o, err := s.OrderOf(t.Context(), alice.ID, placed.ID)
		noError(t, err)
		wantSame(t, linesOf(t, o), []OrderLine{
			{pizza.ID, "Margherita", SizeLarge, 2, "without basil", 1250, 2500},
			{water.ID, "Acqua", SizeRegular, 3, "", 200, 600},
			{pizza.ID, "Margherita", SizeSmall, 1, "", 750, 750},
		})
		wantSame(t, linesOf(t, placed), linesOf(t, o))
		if want := int64(2*1250 + 3*200 + 750); o.TotalCents != want || placed.TotalCents != want {
			t.Errorf("total %d, answered %d, want %d", o.TotalCents, placed.TotalCents, want)
		}
		if o.Status != StatusPlaced || o.TableName == nil || *o.TableName != "12" || o.IdempotencyKey != nil || o.RequestHash != nil {
			t.Errorf("stored %+v", o)
		}
		if want := Now(); o.PlacedAt != want || o.UpdatedAt != want || want.Time().Second() != 1 {
			t.Errorf("placed at %v, updated at %v, want %v", o.PlacedAt.Time(), o.UpdatedAt.Time(), want.Time())
		}
	})
}

func TestAddTo(t *testing.T) {
	for _, tc := range []struct {
		name                   string
		total, price, quantity int64
		want                   int64
		ok                     bool
	}{
		{"a line adds its price times its quantity", 100, 750, 3, 2350, true},
		{"the largest sum that fits", math.MaxInt64 - 1000, 500, 2, math.MaxInt64, true},
		{"one cent more does not", math.MaxInt64 - 999, 500, 2, 0, false},
		{"one such dish alone", 0, math.MaxInt64, 1, math.MaxInt64, true},
		{"two of them", 0, math.MaxInt64, 2, 0, false},
		{"a product that wraps around to a small number", 0, 1 << 33, 1<<31 + 1, 0, false},
		{"no portion", 100, 750, 0, 0, false},
		{"a negative quantity", 100, 750, -1, 0, false},
		{"a dish for nothing", 100, 0, 1, 0, false},
		{"a dish with money on top", 100, -750, 1, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := OrderLine{UnitPriceCents: tc.price, Quantity: tc.quantity, LineTotalCents: tc.price * tc.quantity}
			got, fault := line.addTo(tc.total)
			if got != tc.want || (fault == nil) != tc.ok {
				t.Errorf("addTo = %d, %v, want %d", got, fault, tc.want)
			}
		})
	}
}

func TestPlaceOrderRefusesALine(t *testing.T) {
	t.Parallel()
	s := openBook(t)
	alice := enter(t, s, "alice")
	plain := cook(t, s)
	secret := cook(t, s, func(m *MenuItem) { m.Name, m.VIPOnly = "Secret truffle", true })
	wine := cook(t, s, func(m *MenuItem) { m.Name, m.AgeRestricted = "Chianti", true })
	soldOut := cook(t, s, func(m *MenuItem) { m.Name, m.Available = "Puntarelle", false })
	secretWine := cook(t, s, func(m *MenuItem) {
		m.Name, m.VIPOnly, m.AgeRestricted, m.Available = "Secret Barolo", true, true, false
	})
	dear := cook(t, s, func(m *MenuItem) { m.Name, m.Sizes = "The house", []Size{{SizeSmall, math.MaxInt64 / 2}} })
	deleted := cook(t, s)
	noError(t, s.DeleteMenuItem(t.Context(), deleted.ID))

	small := func(m MenuItem) NewLine { return NewLine{MenuItemID: m.ID, Size: SizeSmall, Quantity: 1} }
	ok := small(plain)
	for _, tc := range []struct {
		name       string
		vip, adult bool
		lines      []NewLine
		index      int
		field      string
		reason     error // nil for the controls
	}{
		{"a plain dish is served to anybody", false, false, []NewLine{ok, ok}, 0, "", nil},
		{"a dish that never was", false, false, []NewLine{ok, {MenuItemID: 999, Size: SizeSmall, Quantity: 1}}, 1, "menu_item_id", ErrInvalidLine},
		{"a dish that is gone", false, false, []NewLine{small(deleted), ok}, 0, "menu_item_id", ErrInvalidLine},
		{"a dish with the number 0", false, false, []NewLine{{Size: SizeSmall, Quantity: 1}}, 0, "menu_item_id", ErrInvalidLine},
		{"a size that the dish does not come in", false, false, []NewLine{{MenuItemID: plain.ID, Size: SizeMedium, Quantity: 1}}, 0, "size", ErrInvalidLine},
		{"a size that it comes in", false, false, []NewLine{{MenuItemID: plain.ID, Size: SizeLarge, Quantity: 1}}, 0, "", nil},
		{"a secret dish for a plain guest", false, true, []NewLine{ok, ok, small(secret)}, 2, "menu_item_id", ErrVIPOnly},
		{"a secret dish for a VIP", true, false, []NewLine{ok, small(secret)}, 0, "", nil},
		{"wine for a guest under age", true, false, []NewLine{small(wine)}, 0, "menu_item_id", ErrAgeRestricted},
		{"wine for an adult", false, true, []NewLine{small(wine)}, 0, "", nil},
		{"a sold out dish", true, true, []NewLine{small(soldOut)}, 0, "menu_item_id", ErrItemUnavailable},
		{"secret wine, sold out, tells a plain child nothing but that it is secret", false, false, []NewLine{small(secretWine)}, 0, "menu_item_id", ErrVIPOnly},
		{"secret wine, sold out, for a VIP child", true, false, []NewLine{small(secretWine)}, 0, "menu_item_id", ErrAgeRestricted},
		{"secret wine, sold out, for an adult VIP", true, true, []NewLine{small(secretWine)}, 0, "menu_item_id", ErrItemUnavailable},
		{"a bill that fits", false, false, []NewLine{small(dear), small(dear)}, 0, "", nil},
		{"a bill that does not fit", false, false, []NewLine{small(dear), small(dear), small(dear)}, 2, "quantity", ErrInvalidLine},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := number(t, s, "SELECT count(*) FROM orders")
			o, _, err := s.PlaceOrder(t.Context(), NewOrder{UserID: alice.ID, VIP: tc.vip, AgeOver18: tc.adult, Lines: tc.lines})
			after := number(t, s, "SELECT count(*) FROM orders")
			if tc.reason == nil {
				noError(t, err)
				if after != before+1 || len(linesOf(t, o)) != len(tc.lines) {
					t.Errorf("%d new orders with the lines %s", after-before, o.Lines)
				}
				return
			}
			fault, isLine := errors.AsType[*LineError](err)
			if !isLine || !errors.Is(err, tc.reason) || fault.Index != tc.index || fault.Field != tc.field || fault.Message == "" {
				t.Errorf("err = %#v, want line %d, field %s: %v", err, tc.index, tc.field, tc.reason)
			}
			if errors.Is(tc.reason, ErrVIPOnly) && strings.Contains(fault.Message+err.Error(), "Secret") {
				t.Errorf("%q tells the name of a secret dish", fault.Message)
			}
			if after != before {
				t.Errorf("%d orders were written", after-before)
			}
		})
	}
}

func TestOrderNeedsAGuestWhoExists(t *testing.T) {
	s := openBook(t)
	alice, dish := enter(t, s, "alice"), cook(t, s)
	if _, _, err := s.PlaceOrder(t.Context(), keyed(User{ID: alice.ID + 1}, dish, "", "")); err == nil {
		t.Error("somebody who does not exist has ordered")
	}
	place(t, s, alice, dish)
}

func TestIdempotencyKey(t *testing.T) {
	s := openBook(t)
	alice, vera, dish := enter(t, s, "alice"), enter(t, s, "vera"), cook(t, s)
	try := func(name string, n NewOrder, wantID int64, wantReplayed bool, want error) {
		t.Helper()
		o, replayed, err := s.PlaceOrder(t.Context(), n)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || replayed != wantReplayed || want == nil && o.ID != wantID {
			t.Errorf("%s: order %d, replayed %v, %v; want order %d, %v, %v", name, o.ID, replayed, err, wantID, wantReplayed, want)
		}
	}
	try("the first time", keyed(alice, dish, "k1", "body 1"), 1, false, nil)
	try("again", keyed(alice, dish, "k1", "body 1"), 1, true, nil)
	try("with another body", keyed(alice, dish, "k1", "body 2"), 0, false, ErrKeyReused)
	try("again after the refusal", keyed(alice, dish, "k1", "body 1"), 1, true, nil)
	try("the key of another guest is another key", keyed(vera, dish, "k1", "body 2"), 2, false, nil)
	try("and stays so", keyed(vera, dish, "k1", "body 2"), 2, true, nil)
	try("another key", keyed(alice, dish, "k2", "body 1"), 3, false, nil)
	try("a key in another case is another key", keyed(alice, dish, "K1", "body 1"), 4, false, nil)
	try("no key", keyed(alice, dish, "", "body 1"), 5, false, nil)
	try("no key again", keyed(alice, dish, "", "body 1"), 6, false, nil)

	wrong := keyed(alice, dish, "k3", "body 3")
	wrong.Lines[0].Size = SizeMedium
	try("a refused order", wrong, 0, false, ErrInvalidLine)
	try("leaves its key free", keyed(alice, dish, "k3", "body 4"), 7, false, nil)

	if _, err := s.CancelOrder(t.Context(), alice.ID, 1); err != nil {
		t.Fatal(err)
	}
	noError(t, s.DeleteMenuItem(t.Context(), dish.ID))
	try("when the dish is gone", keyed(alice, dish, "k1", "body 1"), 1, true, nil)
	if o, _, _ := s.PlaceOrder(t.Context(), keyed(alice, dish, "k1", "body 1")); o.Status != StatusCancelled || len(linesOf(t, o)) != 1 || o.TotalCents != 750 {
		t.Errorf("the repeated answer is %+v, want the order as it is now", o)
	}
	if got := number(t, s, "SELECT count(*) FROM orders"); got != 7 {
		t.Errorf("%d orders, want 7", got)
	}
}

// Should two writers ever miss each other's order, the book itself objects.
func TestBookTakesAKeyOncePerGuest(t *testing.T) {
	s := openBook(t)
	alice, vera := enter(t, s, "alice"), enter(t, s, "vera")
	write := func(u User, key any) error {
		return s.writer.db.WithContext(t.Context()).Exec(`INSERT INTO orders (user_id, status, lines, total_cents, idempotency_key, placed_at, updated_at)
			VALUES (?, 'placed', '{"v":1}', 1, ?, 1, 1)`, u.ID, key).Error
	}
	noError(t, write(alice, "k"))
	noError(t, write(vera, "k"))
	noError(t, write(alice, "other"))
	noError(t, write(alice, nil))
	noError(t, write(alice, nil))
	if err := write(alice, "k"); !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("the same key again: %v, want ErrDuplicatedKey", err)
	}
}

func TestConcurrentRequestsWithOneKeyMakeOneOrder(t *testing.T) {
	s := openBook(t)
	alice, dish := enter(t, s, "alice"), cook(t, s)
	var mu sync.Mutex
	ids, fresh := map[int64]bool{}, 0
	var waiters sync.WaitGroup
	for range 32 {
		waiters.Go(func() {
			o, replayed, err := s.PlaceOrder(t.Context(), keyed(alice, dish, "once", "body"))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if ids[o.ID] = true; !replayed {
				fresh++
			}
		})
	}
	waiters.Wait()
	if len(ids) != 1 || fresh != 1 || number(t, s, "SELECT count(*) FROM orders") != 1 {
		t.Errorf("%d different orders, %d of them new, want 1 and 1", len(ids), fresh)
	}
}

func TestOrderOfIsForItsGuestOnly(t *testing.T) {
	s := openBook(t)
	alice, vera, dish := enter(t, s, "alice"), enter(t, s, "vera"), cook(t, s)
	o := place(t, s, alice, dish)
	if got, err := s.OrderOf(t.Context(), alice.ID, o.ID); err != nil || got.ID != o.ID {
		t.Errorf("her own order: %+v, %v", got, err)
	}
	_, theirs := s.OrderOf(t.Context(), vera.ID, o.ID)
	_, none := s.OrderOf(t.Context(), vera.ID, o.ID+1)
	if !errors.Is(theirs, ErrNotFound) || theirs.Error() != none.Error() {
		t.Errorf("another guest's order: %v; none: %v; want the same ErrNotFound", theirs, none)
	}
	if got, err := s.Order(t.Context(), o.ID); err != nil || got.UserID != alice.ID {
		t.Errorf("for the staff: %+v, %v", got, err)
	}
	if _, err := s.Order(t.Context(), o.ID+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("none for the staff: %v, want ErrNotFound", err)
	}
}

// bring leads an order by legal steps to a status.
func bring(t testing.TB, s *Store, o Order, to Status) Order {
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

func ids(orders []Order) []int64 {
	var list []int64
	for _, o := range orders {
		list = append(list, o.ID)
	}
	return list
}

// evening has orders 1 to 8 in every status, of two guests.
func evening(t testing.TB, s *Store) (alice, vera User) {
	t.Helper()
	alice, vera = enter(t, s, "alice"), enter(t, s, "vera")
	dish := cook(t, s)
	for _, o := range []struct {
		who    User
		status Status
	}{
		{alice, StatusServed}, {vera, StatusPlaced}, {alice, StatusPlaced}, {alice, StatusCancelled},
		{alice, StatusPreparing}, {vera, StatusReady}, {alice, StatusPlaced}, {alice, StatusPlaced},
	} {
		bring(t, s, place(t, s, o.who, dish), o.status)
	}
	return alice, vera
}

func TestOrdersOf(t *testing.T) {
	s := openBook(t)
	alice, vera := evening(t, s)
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
	s := openBook(t)
	evening(t, s)
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

func TestEveryTransition(t *testing.T) {
	t.Parallel()
	follows := map[Status][]Status{
		StatusPlaced:    {StatusPreparing, StatusCancelled},
		StatusPreparing: {StatusReady},
		StatusReady:     {StatusServed},
	}
	synctest.Test(t, func(t *testing.T) {
		s := openBook(t)
		alice, vera, dish := enter(t, s, "alice"), enter(t, s, "vera"), cook(t, s)
		for _, from := range statuses {
			for _, to := range statuses {
				allowed := false
				for _, f := range follows[from] {
					allowed = allowed || f == to
				}
				tryStep(t, s, bring(t, s, place(t, s, alice, dish), from), to, allowed, func(id int64) (Order, error) {
					return s.AdvanceOrder(t.Context(), id, to)
				})
			}
			o := bring(t, s, place(t, s, alice, dish), from)
			if _, err := s.CancelOrder(t.Context(), vera.ID, o.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("another guest cancels from %s: %v, want ErrNotFound", from, err)
			}
			tryStep(t, s, o, StatusCancelled, from == StatusPlaced, func(id int64) (Order, error) {
				return s.CancelOrder(t.Context(), alice.ID, id)
			})
		}
		for _, to := range statuses {
			if _, err := s.AdvanceOrder(t.Context(), 9999, to); !errors.Is(err, ErrNotFound) {
				t.Errorf("an order that is not there to %s: %v, want ErrNotFound", to, err)
			}
		}
	})
}

func tryStep(t *testing.T, s *Store, before Order, to Status, allowed bool, step func(id int64) (Order, error)) {
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

func TestUnknownStatusDoesNotFollow(t *testing.T) {
	s := openBook(t)
	o := place(t, s, enter(t, s, "alice"), cook(t, s))
	if _, err := s.AdvanceOrder(t.Context(), o.ID, "burnt"); !errors.Is(err, ErrInvalidTransition) {
		t.Errorf("err = %v, want ErrInvalidTransition", err)
	}
}

func TestConcurrentStepsHaveOneWinner(t *testing.T) {
	t.Parallel()
	s := openBook(t)
	alice, dish := enter(t, s, "alice"), cook(t, s)
	o := place(t, s, alice, dish)
	if won := race(t, 20, func(int) error {
		_, err := s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		return err
	}); won != 1 {
		t.Errorf("%d of 20 cooks took the ticket, want 1", won)
	}
	o = place(t, s, alice, dish)
	if won := race(t, 20, func(i int) error {
		var err error
		if i%2 == 0 {
			_, err = s.CancelOrder(t.Context(), alice.ID, o.ID)
		} else {
			_, err = s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		}
		return err
	}); won != 1 {
		t.Errorf("%d of 20 cooks and cancelling guests won, want 1", won)
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

func TestAdvanceDueAndOldestStep(t *testing.T) {
	t.Parallel()
	const pace = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		s := openBook(t)
		advance := func(limit int) []Order {
			t.Helper()
			orders, err := s.AdvanceDue(t.Context(), Now().Add(-pace), limit)
			noError(t, err)
			return orders
		}
		wantOldest := func(want Millis, wantAny bool) {
			t.Helper()
			got, any, err := s.OldestStep(t.Context())
			if got != want || any != wantAny || err != nil {
				t.Errorf("oldest step %v, %v, %v, want %v, %v", got.Time(), any, err, want.Time(), wantAny)
			}
		}
		wantOldest(0, false)
		alice, dish := enter(t, s, "alice"), cook(t, s)
		time.Sleep(time.Minute)
		first := place(t, s, alice, dish) // 0 s
		time.Sleep(time.Second)
		second := place(t, s, alice, dish) // 1 s
		cancelled := place(t, s, alice, dish)
		bring(t, s, cancelled, StatusCancelled)
		wantOldest(first.PlacedAt, true)

		time.Sleep(2*time.Second - time.Millisecond)
		wantSame(t, ids(advance(10)), nil) // a millisecond too early
		time.Sleep(time.Millisecond)       // 3 s
		got := advance(10)
		if len(got) != 1 || got[0].ID != first.ID {
			t.Fatalf("the orders %v went on, want only %d", ids(got), first.ID)
		}
		wantSame(t, got[0].History(), []Step{{StatusPlaced, first.PlacedAt}, {StatusPreparing, Now()}})
		if got[0].Status != StatusPreparing || got[0].UpdatedAt != Now() || len(linesOf(t, got[0])) != 1 || got[0].TotalCents != 750 {
			t.Errorf("it is returned as %+v", got[0])
		}
		wantSame(t, ids(advance(10)), nil) // not twice in one moment
		wantOldest(second.PlacedAt, true)

		time.Sleep(time.Hour)
		wantSame(t, ids(advance(1)), []int64{second.ID}) // the one that has waited longest
		wantSame(t, ids(advance(1)), []int64{first.ID})
		wantSame(t, ids(advance(1)), nil)
		for range 2 {
			time.Sleep(pace)
			advance(10)
		}
		for _, o := range []Order{first, second} {
			got, err := s.Order(t.Context(), o.ID)
			noError(t, err)
			if got.Status != StatusServed || len(got.History()) != 4 || !slices.IsSortedFunc(got.History(), later) {
				t.Errorf("order %d went %v", o.ID, got.History())
			}
		}
		time.Sleep(pace)
		wantSame(t, ids(advance(10)), nil) // served and cancelled orders rest
		wantOldest(0, false)
		if got, err := s.Order(t.Context(), cancelled.ID); err != nil || got.Status != StatusCancelled {
			t.Errorf("the cancelled order is %s, %v", got.Status, err)
		}
	})
}

// later orders steps by their time, and two at the same moment not at all.
func later(a, b Step) int {
	if a.At == b.At {
		return 1
	}
	return cmp.Compare(a.At, b.At)
}

func TestHistory(t *testing.T) {
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

func TestStatusValid(t *testing.T) {
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

func BenchmarkPlaceOrder(b *testing.B) {
	for _, guests := range []int{1, 32} {
		b.Run(fmt.Sprintf("guests=%d", guests), func(b *testing.B) {
			s := openBook(b)
			n := keyed(enter(b, s, "alice"), cook(b, s), "", "")
			n.Lines = append(n.Lines, n.Lines[0])
			work := make(chan struct{})
			var waiters sync.WaitGroup
			for range guests {
				waiters.Go(func() {
					for range work {
						if _, _, err := s.PlaceOrder(context.Background(), n); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ReportAllocs()
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			waiters.Wait()
		})
	}
}

func BenchmarkOrdersOf(b *testing.B) {
	s := openBook(b)
	alice, dish := enter(b, s, "alice"), cook(b, s)
	for range 200 {
		place(b, s, alice, dish, dish)
	}
	b.ReportAllocs()
	for b.Loop() {
		page, err := s.OrdersOf(b.Context(), alice.ID, "", 150, 20)
		if err != nil || len(page) != 20 {
			b.Fatalf("%d orders, %v", len(page), err)
		}
	}
}
