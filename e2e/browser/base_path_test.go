package browser

import "testing"

// TestBasePath_pageWorks uses the page at the end of a path, without a proxy that strips
// it: an order, its stream, a lesson, and no request that begins at the root.
func TestBasePath_pageWorks(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	s.Kill()
	const base = "/school/restaurant"
	s.settings = append(s.settings, "RESTAURANT_PUBLIC_URL=http://"+s.Addr+base)
	s.restart()
	guest := s.newTab(t)
	guest.expectStatus(401, 404)
	guest.open(base + "#/orders")
	guest.waitText("You have no wristband")
	guest.logIn("alice")
	guest.waitText("No orders yet")
	s.placeOrder(s.Login("alice"))
	guest.reload()
	guest.find(article("Order 1"))
	guest.waitText("live")
	guest.open(base + "/#/lessons/L01")
	guest.doLesson("L01", mouse{guest})
	guest.open(base + "/#/notebook")
	guest.find(heading("Waiter’s notebook"))
	paths := eval[[]string](guest, `performance.getEntriesByType("resource").map((e) => new URL(e.name).pathname)`)
	for _, path := range paths {
		if len(path) < len(base) || path[:len(base)] != base {
			t.Errorf("the page asked for %s", path)
		}
	}
	if len(paths) == 0 {
		t.Error("the page asked for nothing")
	}
}
