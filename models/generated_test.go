package models

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// newGuests are users as seed generates them.
func newGuests(n int) []User {
	users := make([]User, n)
	for i := range users {
		users[i] = User{Username: fmt.Sprintf("guest-%d", i+1), Name: fmt.Sprintf("Guest %d", i+1), CreatedAt: Millis(1000 + i)}
	}
	return users
}

// servedOrder is an order that took a minute for each step.
func servedOrder(u int64, at Millis, lines ...OrderLine) Order {
	minute := func(n int) *Millis { return new(at.Add(time.Duration(n) * time.Minute)) }
	bill, total := totalLines(lines...)
	return Order{UserID: u, Lines: bill, TotalCents: total, PlacedAt: at, PreparingAt: minute(1), ReadyAt: minute(2), ServedAt: minute(3)}
}

func totalLines(lines ...OrderLine) (OrderLines, int64) {
	bill, total, err := TotalLines(lines)
	if err != nil {
		panic(err)
	}
	return bill, total
}

var (
	twoPizzas = OrderLine{MenuItemID: 1, Name: "Margherita", Size: SizeSmall, Quantity: 2, UnitPriceCents: 750}
	oneTea    = OrderLine{MenuItemID: 2, Name: "Tè d'autore", Size: SizeRegular, Quantity: 1, Note: "no sugar, ? and @", UnitPriceCents: 300}
)

// A username that is taken keeps its account; adding the same guests again adds
// none.
func TestAddGeneratedGuests_skipsTakenNames(t *testing.T) {
	s := openStore(t)
	real := User{Username: "guest-2", Name: "Really somebody", Role: RoleManager, PasswordHash: "theirs"}
	noError(t, s.createUser(t.Context(), &real))

	users := newGuests(450) // more than two statements hold
	users[0].VIP, users[0].BirthDate = true, new("1980-12-24")
	users[2].BirthDate = new("2010-01-01")
	added, err := s.AddGeneratedGuests(t.Context(), users)
	if err != nil || added != 449 {
		t.Errorf("%d are new, %v; want 449", added, err)
	}
	if added, err = s.AddGeneratedGuests(t.Context(), users); err != nil || added != 0 {
		t.Errorf("the second time %d are new, %v", added, err)
	}
	if got, err := s.UserByUsername(t.Context(), "guest-2"); err != nil || !reflect.DeepEqual(got, real) {
		t.Errorf("guest-2 became %+v, %v", got, err)
	}
	first, err := s.UserByUsername(t.Context(), "guest-1")
	noError(t, err)
	if want := (User{ID: first.ID, Username: "guest-1", Name: "Guest 1", PasswordHash: unusableHash, Role: RoleGuest,
		VIP: true, BirthDate: new("1980-12-24"), CreatedAt: 1000}); !reflect.DeepEqual(first, want) {
		t.Errorf("guest-1 is %+v", first)
	}

	gs, err := s.GeneratedGuests(t.Context(), "guest-", Millis(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()))
	noError(t, err)
	if len(gs) != 449 {
		t.Fatalf("%d guests, want 449", len(gs))
	}
	if gs[0] != (GeneratedGuest{first.ID, true, true, 1000}) {
		t.Errorf("the first is %+v", gs[0])
	}
	for i, g := range gs[1:] {
		if g.VIP || g.Adult || g.ID == real.ID || g.CreatedAt <= gs[i].CreatedAt {
			t.Errorf("guest %d is %+v", i+2, g)
		}
	}
}

// A guess at the password of a generated guest must cost what one at a real
// password costs; a hash that is refused unread would answer a thousand times
// as fast.
func TestAddGeneratedGuests_noPasswordFits(t *testing.T) {
	s := openStore(t)
	_, err := s.AddGeneratedGuests(t.Context(), newGuests(1))
	noError(t, err)
	u, err := s.UserByUsername(t.Context(), "guest-1")
	noError(t, err)
	hash := HashPassword("alice-likes-pizza")
	theirs, real := time.Hour, time.Hour
	quickest := func(least *time.Duration, password, hash string) {
		start := time.Now()
		if ok, err := PasswordMatches(password, hash); ok || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
		*least = min(*least, time.Since(start))
	}
	// By turns: a machine that is busy for a moment is so for both.
	for _, password := range []string{"guest-1", "", "guest-1-likes-pizza", unusableHash, strings.Repeat("\x00", 32)} {
		quickest(&theirs, password, u.PasswordHash)
		quickest(&real, password, hash)
	}
	if theirs*5 < real || real*5 < theirs {
		t.Errorf("a wrong password of a generated guest takes %v, of a real one %v", theirs, real)
	}
}

func TestAddHistory(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	orders := make([]Order, 450)
	for i := range orders {
		orders[i] = servedOrder(alice.ID, Millis(1_000_000*i), twoPizzas, oneTea)
	}
	orders[1].TableName = new("terrace 2")
	orders[2] = Order{UserID: alice.ID, PlacedAt: 2_000_000, CancelledAt: new(Millis(2_000_001))}
	orders[2].Lines, orders[2].TotalCents = totalLines(oneTea)
	noError(t, s.AddHistory(t.Context(), orders))

	var got []Order
	noError(t, s.read(t.Context()).Order("id DESC").Find(&got).Error)
	if len(got) != len(orders) {
		t.Fatalf("%d orders, want %d", len(got), len(orders))
	}
	for i, want := range orders {
		want.ID, want.Status, want.TotalCents, want.UpdatedAt = int64(i+1), StatusServed, 1800, want.PlacedAt+180_000
		if i == 2 {
			want.Status, want.TotalCents, want.UpdatedAt = StatusCancelled, 300, 2_000_001
		}
		if o := got[len(got)-1-i]; !reflect.DeepEqual(o, want) {
			t.Errorf("order %d is %+v, want %+v", i+1, o, want)
		}
	}
	if oldest, err := s.OldestPending(t.Context()); oldest != (Pending{}) || err != nil {
		t.Errorf("the kitchen has something to do: %v", err)
	}
}

func TestAddHistory_allOrNothing(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	good := servedOrder(alice.ID, 1, twoPizzas)
	changed := func(change func(o *Order)) Order {
		o := good
		change(&o)
		return o
	}
	for name, bad := range map[string]Order{
		"an order that is being cooked":   changed(func(o *Order) { o.ServedAt = nil }),
		"an order that was just placed":   changed(func(o *Order) { o.PreparingAt, o.ReadyAt, o.ServedAt = nil, nil, nil }),
		"a step left out":                 changed(func(o *Order) { o.PreparingAt = nil }),
		"a step before the one before it": changed(func(o *Order) { o.ReadyAt = new(Millis(0)) }),
		"served and cancelled":            changed(func(o *Order) { o.CancelledAt = new(Millis(999_999)) }),
		"a bill of nothing":               changed(func(o *Order) { o.Lines, o.TotalCents = "[]", 0 }),
		"a guest who does not exist":      changed(func(o *Order) { o.UserID = 999 }),
	} {
		t.Run(name, func(t *testing.T) {
			history := make([]Order, 300)
			for i := range history {
				history[i] = good
			}
			if err := s.AddHistory(t.Context(), append(history, bad)); err == nil {
				t.Error("it is taken")
			}
			if n := queryInt(t, s, "SELECT count(*) FROM orders"); n != 0 {
				t.Errorf("%d orders stay", n)
			}
		})
	}
	noError(t, s.AddHistory(t.Context(), []Order{good}))
}

func TestAddHistory_fullDiskKeepsWholeBatches(t *testing.T) {
	s := openFile(t)
	alice := newUser(t, s, "alice")
	batch := make([]Order, 500)
	for i := range batch {
		batch[i] = servedOrder(alice.ID, Millis(i), twoPizzas)
	}
	noError(t, s.AddHistory(t.Context(), batch))
	exec(t, s, "PRAGMA max_page_count = 1") // the engine takes the size of today
	if err := s.AddHistory(t.Context(), batch); !errors.Is(err, ErrStorageFull) {
		t.Errorf("orders: %v, want ErrStorageFull", err)
	}
	if _, err := s.AddGeneratedGuests(t.Context(), newGuests(5000)); !errors.Is(err, ErrStorageFull) {
		t.Errorf("guests: %v, want ErrStorageFull", err)
	}
	if n := queryInt(t, s, "SELECT count(*) FROM orders") + queryInt(t, s, "SELECT count(*) FROM users"); n != 501 {
		t.Errorf("%d rows, want those of before", n)
	}
	wantIntact(t, s)
}

func TestLastGenerated(t *testing.T) {
	s := openStore(t)
	want := func(when string, at Millis, ok bool) {
		t.Helper()
		if gotAt, gotOK, err := s.LastGenerated(t.Context()); gotAt != at || gotOK != ok || err != nil {
			t.Errorf("%s: %d, %t, %v", when, gotAt, gotOK, err)
		}
	}
	want("empty", 0, false)
	_, err := s.AddGeneratedGuests(t.Context(), newGuests(1))
	noError(t, err)
	noError(t, s.AddHistory(t.Context(), []Order{servedOrder(1, 7, twoPizzas), servedOrder(1, 5, twoPizzas)}))
	want("after a generated order", 5, true)
	real := User{Username: "somebody", Name: "Somebody", Role: RoleGuest, PasswordHash: "theirs"}
	noError(t, s.createUser(t.Context(), &real))
	placeOrder(t, s, real, newDish(t, s))
	want("after a real order", 0, false)
}

func TestLastGenerated_scansNothing(t *testing.T) {
	s := openFile(t)
	recorded := recordStatements(t, s)
	_, err := s.GeneratedGuests(t.Context(), "guest-", 0)
	noError(t, err)
	_, _, err = s.LastGenerated(t.Context())
	noError(t, err)
	if len(*recorded) != 2 {
		t.Errorf("%d statements", len(*recorded))
	}
	for _, stmt := range *recorded {
		wantNoFullScan(t, stmt, planOf(t, s, stmt))
	}
}
