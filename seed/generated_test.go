package seed

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
)

// fixture is a store with a menu, and a second connection to its file.
type fixture struct {
	*models.Store
	t   testing.TB
	sql *sql.DB
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "restaurant.db")
	store, err := models.OpenSQLite(t.Context(), path)
	noError(t, err)
	t.Cleanup(func() { noError(t, store.Close()) })
	noError(t, Menu(t.Context(), store))
	db, err := sql.Open("sqlite", path)
	noError(t, err)
	t.Cleanup(func() { noError(t, db.Close()) })
	return &fixture{store, t, db}
}

func (f *fixture) query(query string) (answer string) {
	f.t.Helper()
	if err := f.sql.QueryRow(query).Scan(&answer); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func (f *fixture) wantQuery(query, want string) {
	f.t.Helper()
	if got := f.query(query); got != want {
		f.t.Errorf("%s gives %s, want %s", query, got, want)
	}
}

// generate generates guests and orders and checks the reports.
func (f *fixture) generate(guests, orders int) (added, taken int, from time.Time) {
	f.t.Helper()
	last := 0
	report := func(done int) {
		if done <= last {
			f.t.Errorf("%d done after %d", done, last)
		}
		last = done
	}
	added, taken, err := Guests(f.t.Context(), f.Store, guests, report)
	noError(f.t, err)
	if last != guests || added+taken != guests {
		f.t.Errorf("%d of %d guests are reported, %d added, %d taken", last, guests, added, taken)
	}
	last = 0
	written, from, err := Orders(f.t.Context(), f.Store, orders, report)
	noError(f.t, err)
	if last != orders || written != orders {
		f.t.Errorf("%d of %d orders are reported, %d written", last, orders, written)
	}
	return added, taken, from
}

// wantConsistent checks what is true after every run.
func (f *fixture) wantConsistent() {
	f.t.Helper()
	f.wantQuery("PRAGMA integrity_check", "ok")
	f.wantQuery("SELECT count(*) FROM pragma_foreign_key_check", "0")
	for what, query := range map[string]string{
		"orders are open":                    `status NOT IN ('served', 'cancelled')`,
		"orders were served out of step":     `status = 'served' AND NOT coalesce(placed_at < preparing_at AND preparing_at < ready_at AND ready_at < served_at AND served_at = updated_at AND cancelled_at IS NULL, 0)`,
		"orders were cancelled out of step":  `status = 'cancelled' AND NOT coalesce(placed_at < cancelled_at AND cancelled_at = updated_at AND preparing_at IS NULL AND ready_at IS NULL AND served_at IS NULL, 0)`,
		"orders lie in the future":           `updated_at >= (SELECT max(arrived_at) FROM deliveries)`,
		"orders were placed at night":        `placed_at / 3600000 % 24 NOT BETWEEN 11 AND 22`,
		"bills have another total":           `total_cents <> (SELECT sum(l.value->>'quantity' * (l.value->>'unit_price_cents')) FROM json_each(lines, '$.lines') l)`,
		"orders have no or too many lines":   `json_array_length(lines, '$.lines') NOT BETWEEN 1 AND 5`,
		"orders come before their guest":     `placed_at < (SELECT created_at FROM users WHERE users.id = user_id)`,
		"lines are not as the menu has them": `EXISTS (SELECT 1 FROM json_each(lines, '$.lines') l WHERE NOT EXISTS (SELECT 1 FROM menu_items m, json_each(m.sizes) s WHERE m.id = l.value->>'menu_item_id' AND m.name = l.value->>'name' AND m.available AND s.value->>'size' = l.value->>'size' AND s.value->>'price_cents' = l.value->>'unit_price_cents'))`,
		"guests got what is not for them":    `EXISTS (SELECT 1 FROM json_each(lines, '$.lines') l JOIN menu_items m ON m.id = l.value->>'menu_item_id' JOIN users u ON u.id = user_id WHERE m.vip_only > u.vip OR m.age_restricted > coalesce(u.birth_date < '2000', 0))`,
	} {
		if n := f.query("SELECT count(*) FROM orders WHERE " + query); n != "0" {
			f.t.Errorf("%s %s", n, what)
		}
	}
}

const outOfOrder = "SELECT count(*) FROM (SELECT placed_at < lag(placed_at) OVER (ORDER BY id) AS back FROM orders) WHERE back"

func TestOrders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	added, taken, from := f.generate(150, 2500)
	if added != 150 || taken != 0 || from != today().Time().AddDate(0, 0, -historyDays) {
		t.Errorf("%d added, %d taken, from %v", added, taken, from)
	}
	f.wantConsistent()
	f.wantQuery("SELECT count(*) FROM users", "150")
	f.wantQuery("SELECT count(*) FROM users WHERE username = 'guest-' || substr(name, 7)", "150")
	f.wantQuery("SELECT count(*) FROM orders", "2500")
	f.wantQuery(outOfOrder, "0")
	for what, query := range map[string]string{
		"a few are cancelled":             "SELECT count(*) BETWEEN 25 AND 125 FROM orders WHERE status = 'cancelled'",
		"all of two years":                "SELECT count(DISTINCT placed_at / 86400000) = 730 FROM orders",
		"every number of lines":           "SELECT count(DISTINCT json_array_length(lines, '$.lines')) = 5 FROM orders",
		"most of the menu":                "SELECT count(DISTINCT l.value->>'name') > 70 FROM orders, json_each(lines, '$.lines') l",
		"at a table and to take home":     "SELECT count(table_name) BETWEEN 1250 AND 2100 FROM orders",
		"VIPs and the young are among us": "SELECT sum(vip) BETWEEN 1 AND 20 AND count(birth_date) BETWEEN 110 AND 149 FROM users",
		"some guests have many orders":    "SELECT max(n) > 5 * avg(n) FROM (SELECT count(*) n FROM orders GROUP BY user_id)",
		"nearly all have some":            "SELECT count(DISTINCT user_id) > 140 FROM orders",
	} {
		if f.query(query) != "1" {
			t.Errorf("not so: %s", what)
		}
	}
}

func TestOrders_sameInEveryRun(t *testing.T) {
	var first string
	for range 2 {
		synctest.Test(t, func(t *testing.T) { // so that both begin on the same day
			f := newFixture(t)
			f.generate(50, 400)
			both := f.query("SELECT group_concat(concat_ws(' ', id, username, vip, birth_date, created_at)) FROM users") +
				f.query("SELECT group_concat(concat_ws(' ', id, user_id, status, lines, total_cents, table_name, placed_at, preparing_at, updated_at)) FROM orders")
			if first != "" && both != first {
				t.Error("two runs over an empty database differ")
			}
			first = both
		})
	}
}

func TestOrders_leaveRealUsersAlone(t *testing.T) {
	f := newFixture(t)
	real, err := f.AddUser(t.Context(), models.NewUser{Username: "guest-7", Password: "a sentence only I know", Name: "Me", Role: models.RoleGuest})
	noError(t, err)
	order := models.NewOrder{UserID: real.ID, Lines: []models.NewLine{{MenuItemID: 1, Size: models.SizeSmall, Quantity: 1}}}
	mine, _, err := f.PlaceOrder(t.Context(), order)
	noError(t, err)
	if added, taken, _ := f.generate(20, 200); added != 19 || taken != 1 {
		t.Errorf("%d added, %d taken", added, taken)
	}
	if got, err := f.User(t.Context(), real.ID); err != nil || got.PasswordHash != real.PasswordHash || got.Name != "Me" {
		t.Errorf("guest-7 became %+v, %v", got, err)
	}
	if all, err := f.OrdersOf(t.Context(), real.ID, "", 1<<60, 100); err != nil || len(all) != 1 || all[0].ID != mine.ID {
		t.Errorf("guest-7 has %d orders, %v", len(all), err)
	}
}

func TestOrders_addMoreEachTime(t *testing.T) {
	f := newFixture(t)
	_, _, from := f.generate(30, 3) // so few that the last would hardly be on the last day by itself
	added, taken, again := f.generate(40, 500)
	if added != 10 || taken != 30 || again != from {
		t.Errorf("%d added, %d taken, from %v and then from %v", added, taken, from, again)
	}
	f.wantQuery("SELECT count(*) FROM orders", "503")
	f.wantConsistent()
}

func TestOrders_resume(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	added, taken, err := Guests(ctx, f.Store, 3*guestBatch, func(int) { stop() })
	if !errors.Is(err, context.Canceled) || added != guestBatch || taken != 0 {
		t.Errorf("%d guests added, %d taken, %v", added, taken, err)
	}
	f.wantQuery("SELECT count(*) FROM users", "5000")

	ctx, stop = context.WithCancel(t.Context())
	written, from, err := Orders(ctx, f.Store, 2*orderBatch, func(int) { stop() })
	if !errors.Is(err, context.Canceled) || written != orderBatch || from.IsZero() {
		t.Errorf("%d orders written from %v, %v", written, from, err)
	}
	f.wantQuery("SELECT count(*) FROM orders", "5000")
	f.wantQuery("PRAGMA integrity_check", "ok")
	f.wantQuery("SELECT count(*) FROM orders WHERE status NOT IN ('served', 'cancelled')", "0")

	if written, _, err = Orders(ctx, f.Store, 10, func(int) { t.Error("work after the end") }); !errors.Is(err, context.Canceled) || written != 0 {
		t.Errorf("%d orders after the end, %v", written, err)
	}
	if _, _, again := f.generate(guestBatch+1, 1000); !again.After(from.AddDate(0, 0, 360)) {
		t.Errorf("from %v it goes on at %v", from, again)
	}
	f.wantQuery("SELECT count(*) FROM orders", "6000")
	f.wantQuery(outOfOrder, "0")
	f.wantConsistent()
}

func TestOrders_needGuestsAndDishes(t *testing.T) {
	f := newFixture(t)
	nothing := func(int) { t.Error("something was written") }
	if _, _, err := Orders(t.Context(), f.Store, 1, nothing); !errors.Is(err, ErrNoGuests) {
		t.Errorf("without guests: %v", err)
	}
	_, _, err := Guests(t.Context(), f.Store, 1, func(int) {})
	noError(t, err)
	for _, m := range f.Menu().Items {
		if !m.VIPOnly && !m.AgeRestricted {
			noError(t, f.DeleteMenuItem(t.Context(), m.ID))
		}
	}
	if _, _, err := Orders(t.Context(), f.Store, 1, nothing); !errors.Is(err, ErrNoDishes) {
		t.Errorf("without dishes: %v", err)
	}
}
