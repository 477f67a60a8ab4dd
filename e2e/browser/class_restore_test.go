package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClass_teacherRestoresTables damages files while the class is stopped, as a full disk or a
// battery that ends may. The teacher sees which tables are broken, restores them, reads what is
// lost, and the learners go on.
func TestClass_teacherRestoresTables(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "3")
	learner := room.joined(t)
	one, two, three := strings.TrimSuffix(eval[string](learner, `location.pathname`), "/"), room.take(t, "Bob"), room.take(t, "Vera")
	for _, base := range []string{one, two, three} {
		room.mustCall("GET", base+"/api/v1/menu", "", "", nil)
		room.orderAt(base)
	}
	room.mustCall("POST", "/teach/tables/01/reset", room.code, `{"what": "lesson", "lesson": "L02"}`, nil) // leaves a copy
	room.orderAt(one)
	room.Stop()
	for _, file := range []string{"01/restaurant.db", "02/restaurant.db", "02/lessons.db"} {
		if err := os.WriteFile(filepath.Join(room.dir, "class", "tables", file), []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	room.start(room.Addr)

	learner.expectStatus(503, notDelivered)
	learner.reload()
	learner.waitText("503")
	teacher := room.asTeacher(t)
	by := steps{teacher}
	teacher.waitText("2 may need help")
	by.restore("Table 01", "Orders since then are lost; the lessons are as they were.")
	by.restore("Table 02", "There was no copy, so the restaurant is fresh. Its orders are lost; the lessons begin again, too.")
	teacher.waitText("Nobody is stuck.")
	for base, want := range map[string]int{one: 1, two: 0, three: 1} {
		if n := room.ordersAt(base); n != want {
			t.Errorf("%s has %d orders, want %d", base, n, want)
		}
	}
	learner.reload()
	learner.logIn("alice")
	learner.goTo("My orders")
	learner.waitText("Order 1")
}

// restore restores a broken table by keyboard, and waits until the page says what is lost.
func (s steps) restore(table, lost string) {
	s.t.Helper()
	s.press(button(table), "Enter")
	s.waitText("restaurant.db", "comes the newest copy")
	s.checkAccessibility("a broken table")
	s.press(button("Restore the table"), "Enter")
	s.waitText(lost, "The damaged files are in", "At work")
	s.focusIsSeen("restoring")
	s.pressKey("Escape")
	s.waitUntil("the focus back on the row", func() bool { return s.focused() == button(table) })
}

// orderAt orders something as alice at a table.
func (room *classroom) orderAt(base string) {
	room.t.Helper()
	room.mustCall("POST", base+"/api/v1/orders", room.aliceAt(base), `{"items": [{"menu_item_id": 1, "size": "large", "quantity": 1}]}`, nil)
}

// ordersAt is how many orders alice has at a table.
func (room *classroom) ordersAt(base string) int {
	room.t.Helper()
	var list struct{ Items []any }
	room.mustCall("GET", base+"/api/v1/orders", room.aliceAt(base), "", &list)
	return len(list.Items)
}

// aliceAt logs alice in at a table, and returns the access token.
func (room *classroom) aliceAt(base string) string {
	room.t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	room.mustCall("POST", base+"/api/v1/auth/login", "", `{"username": "alice", "password": "alice-likes-pizza"}`, &token)
	return token.AccessToken
}
