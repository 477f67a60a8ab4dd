package models

import (
	"context"
	"sync"
	"testing"
	"time"
)

func TestStatements_ofEachCall(t *testing.T) {
	s := openStore(t)
	marco, alice, dish := newUser(t, s, "marco"), newUser(t, s, "alice"), newDish(t, s)
	newUser(t, s, "carla")
	o := placeOrder(t, s, alice, dish)
	wrong := orderWithKey(alice, dish, "", "")
	wrong.Lines[0].Size = SizeMedium
	wrongAgain := wrong
	wrongAgain.IdempotencyKey = "another"
	ordering := func(n NewOrder) func(context.Context) {
		return func(ctx context.Context) { _, _, _ = s.PlaceOrder(ctx, n) }
	}
	for _, tc := range []struct {
		name string
		want int64
		call func(ctx context.Context)
	}{
		{"nothing", 0, func(context.Context) {}},
		{"a user who exists", 1, func(ctx context.Context) { _, _ = s.UserByUsername(ctx, "alice") }},
		{"a user who does not exist", 1, func(ctx context.Context) { _, _ = s.UserByUsername(ctx, "vera") }},
		{"a page of users", 1, func(ctx context.Context) { _, _ = s.Users(ctx, 0, 20) }},
		{"a page of orders", 1, func(ctx context.Context) { _, _ = s.OrdersOf(ctx, alice.ID, "", 100, 20) }},
		{"a page of the kitchen", 1, func(ctx context.Context) { _, _ = s.OpenOrders(ctx, "", 0, 20) }},
		{"one order", 1, func(ctx context.Context) { _, _ = s.OrderOf(ctx, alice.ID, o.ID) }},
		{"another guest's order", 1, func(ctx context.Context) { _, _ = s.OrderOf(ctx, marco.ID, o.ID) }},
		{"an order without a key", 1, ordering(orderWithKey(alice, dish, "", ""))},
		{"an order with a key", 1, ordering(orderWithKey(alice, dish, "k", "a"))},
		{"the same again", 2, ordering(orderWithKey(alice, dish, "k", "a"))},
		{"the key for another request", 2, ordering(orderWithKey(alice, dish, "k", "b"))},
		{"an order that is refused", 0, ordering(wrong)},
		{"an order that is refused, with a key", 1, ordering(wrongAgain)},
		{"a step", 2 + notifyStatements(s), func(ctx context.Context) { _, _ = s.AdvanceOrder(ctx, o.ID, StatusPreparing) }},
		{"a step that does not follow", 2, func(ctx context.Context) { _, _ = s.CancelOrder(ctx, alice.ID, o.ID) }},
		{"the steps that are due", 1 + notifyStatements(s), func(ctx context.Context) { _, _ = s.AdvanceDue(ctx, Due{Now(), Now()}, 200) }},
		{"the oldest step", 1, func(ctx context.Context) { _, _ = s.OldestPending(ctx) }},
		{"a change of a user's name", 3, func(ctx context.Context) { _, _ = s.UpdateUser(ctx, alice.ID, UserChanges{Name: new("Alice B.")}) }},
		{"a change that ends a user's sessions", 4, func(ctx context.Context) { _, _ = s.UpdateUser(ctx, alice.ID, UserChanges{VIP: new(true)}) }},
		{"a new dish", 2 + notifyStatements(s), func(ctx context.Context) { _ = s.CreateMenuItem(ctx, new(margherita())) }},
		{"a dish deleted", 2 + notifyStatements(s), func(ctx context.Context) { _ = s.DeleteMenuItem(ctx, dish.ID, 1) }},
		{"readiness", 1, func(ctx context.Context) { _ = s.Ready(ctx) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, counted := CountStatements(t.Context())
			start := time.Now()
			tc.call(ctx)
			took := time.Since(start)
			if got := counted.Count(); got != tc.want {
				t.Errorf("%d statements, want %d", got, tc.want)
			}
			if spent := counted.Spent(); (spent > 0) != (tc.want > 0) || spent > took {
				t.Errorf("spent %v of %v", spent, took)
			}
		})
	}
}

// notifyStatements is the number of statements that notify other instances.
func notifyStatements(s *Store) int64 {
	if s.Shared() {
		return 1
	}
	return 0
}

func TestStatements_spentIncludesTheQuery(t *testing.T) {
	s := openStore(t)
	ctx, counted := CountStatements(t.Context())
	start := time.Now()
	var n int64
	slow := "(WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 300000) SELECT i FROM numbers) AS counted"
	noError(t, s.read(ctx).Table(slow).Count(&n).Error)
	if took := time.Since(start); n != 300000 || counted.Spent() < took/2 {
		t.Errorf("spent %v of %v", counted.Spent(), took)
	}
}

func TestStatements_withoutTransactionControl(t *testing.T) {
	for query, want := range map[string]bool{
		"": false, "SAVEPOINT write": false, "ROLLBACK TO write": false, "RELEASE write": false,
		"SELECT 1": true, "UPDATE orders SET status = 'ready'": true, "INSERT INTO users VALUES (1)": true,
	} {
		if got := counts(query); got != want {
			t.Errorf("%q counts: %v, want %v", query, got, want)
		}
	}
}

func TestStatements_eachContextCountsItsOwn(t *testing.T) {
	s := openStore(t)
	var requests sync.WaitGroup
	for range 8 {
		requests.Go(func() {
			ctx, counted := CountStatements(t.Context())
			for range 10 {
				if _, err := s.Users(ctx, 0, 20); err != nil {
					t.Error(err)
				}
			}
			if got := counted.Count(); got != 10 {
				t.Errorf("%d statements, want 10", got)
			}
		})
	}
	requests.Wait()
	if _, err := s.Users(t.Context(), 0, 20); err != nil { // without a counter it works just so
		t.Error(err)
	}
}
