package models

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gorm.io/gorm"
)

// orderWithKey is an order of one small portion under an idempotency key.
func orderWithKey(u User, dish MenuItem, key, hash string) NewOrder {
	return NewOrder{
		UserID: u.ID, Lines: []NewLine{{MenuItemID: dish.ID, Size: SizeSmall, Quantity: 1}},
		IdempotencyKey: key, RequestHash: hash,
	}
}

func TestPlaceOrder_copiesNamesAndPrices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice := newUser(t, s, "alice")
		pizza := newDish(t, s)
		water := newDish(t, s, func(m *MenuItem) { m.Name, m.Sizes = "Acqua", []Size{{SizeRegular, 200}} })
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
		if o.Status != StatusPlaced || o.TableName == nil || *o.TableName != "12" {
			t.Errorf("stored %+v", o)
		}
		if want := Now(); o.PlacedAt != want || o.UpdatedAt != want || want.Time().Second() != 1 {
			t.Errorf("placed at %v, updated at %v, want %v", o.PlacedAt.Time(), o.UpdatedAt.Time(), want.Time())
		}
	})
}

func TestTotalLines(t *testing.T) {
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
			lines := []OrderLine{{UnitPriceCents: tc.price, Quantity: tc.quantity}}
			if tc.total > 0 {
				lines = append([]OrderLine{{UnitPriceCents: tc.total, Quantity: 1}}, lines...)
			}
			_, got, err := TotalLines(lines)
			if got != tc.want || (err == nil) != tc.ok {
				t.Errorf("the total is %d, %v, want %d", got, err, tc.want)
			}
		})
	}
}

func TestPlaceOrder_refusesALine(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	alice := newUser(t, s, "alice")
	plain := newDish(t, s)
	secret := newDish(t, s, func(m *MenuItem) { m.Name, m.VIPOnly = "Secret truffle", true })
	wine := newDish(t, s, func(m *MenuItem) { m.Name, m.AgeRestricted = "Chianti", true })
	soldOut := newDish(t, s, func(m *MenuItem) { m.Name, m.Available = "Puntarelle", false })
	secretWine := newDish(t, s, func(m *MenuItem) {
		m.Name, m.VIPOnly, m.AgeRestricted, m.Available = "Secret Barolo", true, true, false
	})
	dear := newDish(t, s, func(m *MenuItem) { m.Name, m.Sizes = "The chef's table", []Size{{SizeSmall, math.MaxInt64 / 2}} })
	deleted := newDish(t, s)
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
			before := queryInt(t, s, "SELECT count(*) FROM orders")
			o, _, err := s.PlaceOrder(t.Context(), NewOrder{UserID: alice.ID, VIP: tc.vip, AgeOver18: tc.adult, Lines: tc.lines})
			after := queryInt(t, s, "SELECT count(*) FROM orders")
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

func TestPlaceOrder_needsAUser(t *testing.T) {
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	if _, _, err := s.PlaceOrder(t.Context(), orderWithKey(User{ID: alice.ID + 1}, dish, "", "")); err == nil {
		t.Error("a user who does not exist has ordered")
	}
	placeOrder(t, s, alice, dish)
}

func TestPlaceOrder_idempotencyKey(t *testing.T) {
	s := openStore(t)
	alice, vera, dish := newUser(t, s, "alice"), newUser(t, s, "vera"), newDish(t, s)
	var fresh []int64 // the ids of the orders that were new; a repetition may use up numbers
	try := func(name string, n NewOrder, which int, wantReplayed bool, want error) {
		t.Helper()
		o, replayed, err := s.PlaceOrder(t.Context(), n)
		if err == nil && !replayed {
			fresh = append(fresh, o.ID)
		}
		if !errors.Is(err, want) || (err == nil) != (want == nil) || replayed != wantReplayed || want == nil && (len(fresh) < which || o.ID != fresh[which-1]) {
			t.Errorf("%s: order %d of %v, replayed %v, %v; want the %d., %v, %v", name, o.ID, fresh, replayed, err, which, wantReplayed, want)
		}
	}
	try("the first time", orderWithKey(alice, dish, "k1", "body 1"), 1, false, nil)
	try("again", orderWithKey(alice, dish, "k1", "body 1"), 1, true, nil)
	try("with another body", orderWithKey(alice, dish, "k1", "body 2"), 0, false, ErrKeyReused)
	try("again after the refusal", orderWithKey(alice, dish, "k1", "body 1"), 1, true, nil)
	try("the key of another guest is another key", orderWithKey(vera, dish, "k1", "body 2"), 2, false, nil)
	try("and stays so", orderWithKey(vera, dish, "k1", "body 2"), 2, true, nil)
	try("another key", orderWithKey(alice, dish, "k2", "body 1"), 3, false, nil)
	try("a key in another case is another key", orderWithKey(alice, dish, "K1", "body 1"), 4, false, nil)
	try("no key", orderWithKey(alice, dish, "", "body 1"), 5, false, nil)
	try("no key again", orderWithKey(alice, dish, "", "body 1"), 6, false, nil)

	wrong := orderWithKey(alice, dish, "k3", "body 3")
	wrong.Lines[0].Size = SizeMedium
	try("a refused order", wrong, 0, false, ErrInvalidLine)
	try("leaves its key free", orderWithKey(alice, dish, "k3", "body 4"), 7, false, nil)

	if _, err := s.CancelOrder(t.Context(), alice.ID, 1); err != nil {
		t.Fatal(err)
	}
	noError(t, s.DeleteMenuItem(t.Context(), dish.ID))
	try("when the dish is gone", orderWithKey(alice, dish, "k1", "body 1"), 1, true, nil)
	if o, _, _ := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k1", "body 1")); o.Status != StatusCancelled || len(linesOf(t, o)) != 1 || o.TotalCents != 750 {
		t.Errorf("the repeated answer is %+v, want the order as it is now", o)
	}
	if got := queryInt(t, s, "SELECT count(*) FROM orders"); got != 7 {
		t.Errorf("%d orders, want 7", got)
	}
}

// If two writers ever missed each other's order, the schema would still refuse
// the second.
func TestPlaceOrder_schemaKeepsKeysUnique(t *testing.T) {
	s := openStore(t)
	alice, vera := newUser(t, s, "alice"), newUser(t, s, "vera")
	write := func(u User, key any) error {
		return writerDB(s).WithContext(t.Context()).Exec(`INSERT INTO orders (user_id, status, lines, total_cents, idempotency_key, placed_at, updated_at)
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

func TestPlaceOrder_concurrentRequestsWithOneKeyMakeOneOrder(t *testing.T) {
	s := openStore(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	var mu sync.Mutex
	ids, fresh := map[int64]bool{}, 0
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			o, replayed, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "once", "body"))
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
	callers.Wait()
	if len(ids) != 1 || fresh != 1 || queryInt(t, s, "SELECT count(*) FROM orders") != 1 {
		t.Errorf("%d different orders, %d of them new, want 1 and 1", len(ids), fresh)
	}
}
