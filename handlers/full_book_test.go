package handlers

import (
	"database/sql"
	"math"
	"path/filepath"
	"testing"
)

// besides opens the order book a second time, as another program would.
func (h *house) besides(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.dir, "restaurant.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// TestAFullOrderBookIsNamedAndPasses uses up all numbers that an order could
// have: the engine then says the same as on a full disk, on every system. (A
// disk that is really full needs the real program, see full_disk_linux_test.go.)
func TestAFullOrderBookIsNamedAndPasses(t *testing.T) {
	h := newHouse(t)
	db, alice := h.besides(t), h.as(t, "alice")
	first := h.order(t, alice)
	turnTo := func(number int64) {
		t.Helper()
		if _, err := db.Exec("UPDATE sqlite_sequence SET seq = ? WHERE name = 'orders'", number); err != nil {
			t.Fatal(err)
		}
	}
	turnTo(math.MaxInt64)
	for range 3 {
		res := h.post(t, ordersPath, margherita, alice, with("Idempotency-Key", "pizza")).wants(t, 503, "storage-full")
		if res.Header().Get("Retry-After") != "5" {
			t.Errorf("Retry-After is %q", res.Header().Get("Retry-After"))
		}
	}
	h.get(t, "/api/v1/menu").wants(t, 200, "")
	h.get(t, ordersPath+"/"+itoa(first.ID), alice).wants(t, 200, "")
	if page := decode[ordersResponse](t, h.get(t, ordersPath, alice).wants(t, 200, "")); len(page.Items) != 1 {
		t.Errorf("%d orders in a full book", len(page.Items))
	}

	turnTo(first.ID)
	second := h.order(t, alice, with("Idempotency-Key", "pizza"))
	if again := h.order(t, alice, with("Idempotency-Key", "pizza")); again.ID != second.ID || second.ID == first.ID {
		t.Errorf("orders %d, %d and %d", first.ID, second.ID, again.ID)
	}
}
