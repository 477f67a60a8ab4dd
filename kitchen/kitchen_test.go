package kitchen

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/models"
)

// fixture is a store with two guests and one dish. It is opened and closed
// inside a synctest bubble, so that all of its goroutines live in there.
type fixture struct {
	store       *models.Store
	alice, vera models.User
	dish        models.MenuItem
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return fixtureOf(t, openStore(t))
}

// fixtureOf fills a new database.
func fixtureOf(t testing.TB, store *models.Store) *fixture {
	t.Helper()
	f := &fixture{store: store, dish: models.MenuItem{
		Name: "Margherita", Category: "Pizza", Sizes: []models.Size{{Size: models.SizeSmall, PriceCents: 750}}, Allergens: []string{}, Available: true,
	}}
	noError(t, store.CreateMenuItem(t.Context(), &f.dish))
	users := []models.User{
		{Username: "alice", Name: "Alice", Role: models.RoleGuest},
		{Username: "vera", Name: "Vera", Role: models.RoleGuest, VIP: true},
	}
	noError(t, store.SeedUsers(t.Context(), "users", users))
	f.alice, f.vera = users[0], users[1]
	return f
}

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

var stores = testkit.Stores[*models.Store]{SQLite: models.OpenSQLite, Postgres: models.OpenPostgres}

// openStore opens a new database.
func openStore(t testing.TB) *models.Store {
	t.Helper()
	return stores.OpenNew(t)
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// placeOrder places an order without waking the kitchen.
func (f *fixture) placeOrder(t testing.TB) models.Order {
	t.Helper()
	o, _, err := f.store.PlaceOrder(t.Context(), models.NewOrder{
		UserID: f.alice.ID,
		Lines:  []models.NewLine{{MenuItemID: f.dish.ID, Size: models.SizeSmall, Quantity: 1}},
	})
	noError(t, err)
	return o
}

func (f *fixture) order(t *testing.T, id int64) models.Order {
	t.Helper()
	o, err := f.store.Order(t.Context(), id)
	noError(t, err)
	return o
}

var silent = slog.New(slog.DiscardHandler)

// run runs a kitchen until close, which waits for its end.
func run(t *testing.T, k *Kitchen) (close func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer func() { gone <- struct{}{} }()
		k.Run(ctx)
	}()
	return func() {
		t.Helper()
		cancel()
		start := time.Now()
		<-gone
		if took := time.Since(start); took != 0 {
			t.Errorf("the kitchen ended %v after its context", took)
		}
	}
}

// wantSteps checks when an order came to each status, in seconds after it was
// placed.
func wantSteps(t *testing.T, o models.Order, seconds ...float64) {
	t.Helper()
	want := []models.Status{models.StatusPlaced, models.StatusPreparing, models.StatusReady, models.StatusServed}[:len(seconds)+1]
	steps := o.History()
	if len(steps) != len(want) || o.Status != want[len(want)-1] {
		t.Errorf("order %d is %s with the steps %v, want %v", o.ID, o.Status, steps, want)
		return
	}
	for i, s := range steps[1:] {
		if got := s.At.Time().Sub(o.PlacedAt.Time()).Seconds(); s.Status != want[i+1] || got != seconds[i] {
			t.Errorf("order %d came to %s after %v s, want %s after %v s", o.ID, s.Status, got, want[i+1], seconds[i])
		}
	}
}

func TestAdvance_publishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Manual: true, Pace: pace}, silent)
		o := f.placeOrder(t)
		changes, cancel := k.Events.Subscribe(o.ID)
		defer cancel()
		for _, status := range []models.Status{models.StatusPreparing, models.StatusReady, models.StatusServed} {
			got, err := k.Advance(t.Context(), o.ID, status)
			if err != nil || got.Status != status {
				t.Errorf("to %s: %s, %v", status, got.Status, err)
			}
			wantReceived(t, changes, status)
		}
		if _, err := k.Advance(t.Context(), o.ID, models.StatusServed); !errors.Is(err, models.ErrInvalidTransition) {
			t.Errorf("twice: %v, want ErrInvalidTransition", err)
		}
		wantReceived(t, changes, "") // what did not happen is not published
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Manual: true, Pace: pace}, silent)
		o := f.placeOrder(t)
		changes, cancel := k.Events.Subscribe(o.ID)
		defer cancel()
		if _, err := k.Cancel(t.Context(), f.vera.ID, o.ID); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("vera cancels alice's order: %v, want ErrNotFound", err)
		}
		wantReceived(t, changes, "")
		got, err := k.Cancel(t.Context(), f.alice.ID, o.ID)
		if err != nil || got.Status != models.StatusCancelled {
			t.Errorf("alice cancels her own: %s, %v", got.Status, err)
		}
		wantReceived(t, changes, models.StatusCancelled)

		o = f.placeOrder(t)
		_, err = k.Advance(t.Context(), o.ID, models.StatusPreparing)
		noError(t, err)
		if _, err := k.Cancel(t.Context(), f.alice.ID, o.ID); !errors.Is(err, models.ErrInvalidTransition) {
			t.Errorf("too late: %v, want ErrInvalidTransition", err)
		}
	})
}

func TestWake_neverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := New(nil, Mode{Pace: time.Second}, silent) // not running, so nothing reads the channel
		for range 1000 {
			k.Wake()
		}
	})
}

// logLines counts the lines of a log.
func logLines(log *bytes.Buffer) int { return bytes.Count(log.Bytes(), []byte("\n")) }
