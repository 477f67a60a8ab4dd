package handlers

import (
	"math"
	"testing"
)

// fillableDatabase lets a database be full, and have room again for what comes after
// an order. In a file it uses up all numbers that an order could have: SQLite
// then says the same as on a full disk, on every system. (A disk that is really
// full needs the real program, see e2e/disk_full_linux_test.go.) In PostgreSQL a
// trigger says what the server says on a full disk.
func (srv *server) fillableDatabase(t *testing.T) (fill func(), empty func(last int64)) {
	db := srv.location.secondConnection(t)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	if srv.location.file != "" {
		turnTo := func(number int64) { // before the first order there is no row to change
			run("DELETE FROM sqlite_sequence WHERE name = 'orders'")
			run("INSERT INTO sqlite_sequence (name, seq) VALUES ('orders', ?)", number)
		}
		return func() { turnTo(math.MaxInt64) }, turnTo
	}
	fill = func() {
		run(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$`)
		run("CREATE TRIGGER no_room BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION no_room()")
	}
	return fill, func(int64) { run("DROP FUNCTION no_room CASCADE") }
}

// A full database is a 503 of its own, and orders are possible again when there is room.
func TestDatabase_fullIsNamedAndPasses(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	fill, empty := srv.fillableDatabase(t)
	first := srv.newOrder(t, alice)
	fill()
	for range 3 {
		res := srv.post(t, ordersPath, margherita, alice, with("Idempotency-Key", "pizza")).wants(t, 503, "storage-full")
		if res.Header().Get("Retry-After") != "5" {
			t.Errorf("Retry-After is %q", res.Header().Get("Retry-After"))
		}
	}
	srv.get(t, "/api/v1/menu").wants(t, 200, "")
	srv.get(t, ordersPath+"/"+itoa(first.ID), alice).wants(t, 200, "")
	if page := decode[ordersResponse](t, srv.get(t, ordersPath, alice).wants(t, 200, "")); len(page.Items) != 1 {
		t.Errorf("%d orders in a full database", len(page.Items))
	}

	empty(first.ID)
	second := srv.newOrder(t, alice, with("Idempotency-Key", "pizza"))
	if again := srv.newOrder(t, alice, with("Idempotency-Key", "pizza")); again.ID != second.ID || second.ID == first.ID {
		t.Errorf("orders %d, %d and %d", first.ID, second.ID, again.ID)
	}
}
