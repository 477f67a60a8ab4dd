package handlers

import (
	"math"
	"testing"
)

// fillable lets an order book be full, and have room again for what comes after
// an order. In a file it uses up all numbers that an order could have: SQLite
// then says the same as on a full disk, on every system. (A disk that is really
// full needs the real program, see full_disk_linux_test.go.) In PostgreSQL a
// trigger says what the server says on a full disk.
func (h *house) fillable(t *testing.T) (fill func(), empty func(last int64)) {
	db := h.shelf.beside(t)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	if h.shelf.file != "" {
		turnTo := func(number int64) { run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'orders'", number) }
		return func() { turnTo(math.MaxInt64) }, turnTo
	}
	fill = func() {
		run(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$`)
		run("CREATE TRIGGER no_room BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION no_room()")
	}
	return fill, func(int64) { run("DROP FUNCTION no_room CASCADE") }
}

func TestAFullOrderBookIsNamedAndPasses(t *testing.T) {
	h := newHouse(t)
	alice := h.as(t, "alice")
	fill, empty := h.fillable(t)
	first := h.order(t, alice)
	fill()
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

	empty(first.ID)
	second := h.order(t, alice, with("Idempotency-Key", "pizza"))
	if again := h.order(t, alice, with("Idempotency-Key", "pizza")); again.ID != second.ID || second.ID == first.ID {
		t.Errorf("orders %d, %d and %d", first.ID, second.ID, again.ID)
	}
}
