package browser

import (
	"testing"
)

// TestWelcome_twoLines says what this is on the first screen, of a telephone, too, and
// only there.
func TestWelcome_twoLines(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, width := range []int64{375, 1280} {
		guest := s.newTab(t)
		guest.resize(width, 667)
		guest.open("/")
		guest.find(button("Order a pizza as alice"))
		guest.waitText("API", "token")
		guest.find(heading("Menu"))
		if !guest.isTrue(`document.querySelector('#welcome .row').getBoundingClientRect().bottom < document.querySelector('.line').getBoundingClientRect().top`) {
			t.Errorf("at %d pixels the welcome is not on the first screen: %s", width, guest.screenshot("welcome"))
		}
		guest.checkAccessibility("welcome")
		guest.checkWidths("welcome")
		guest.goTo("Token")
		guest.waitGone(button("Order a pizza as alice"))
	}
}

// TestWelcome_orderAsAlice leads to a served pizza in two presses.
func TestWelcome_orderAsAlice(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_KITCHEN_PACE=500ms").newTab(t)
	guest.resize(1280, 740)
	guest.open("/")
	guest.find(button("Order"))
	if !guest.isTrue(`document.querySelector('.basket__act .primary').disabled`) {
		t.Error("the empty basket can be ordered")
	}
	guest.click(button("Order a pizza as alice"))
	guest.waitText("Now press Order")
	guest.waitUntil("the focus on Order", func() bool { return guest.focused() == button("Order") })
	guest.find(button("One more large Margherita"))
	guest.waitUntil("Order is in sight, above the foot", func() bool {
		return guest.isTrue(`document.querySelector('.basket__act .primary').getBoundingClientRect().bottom <= document.querySelector('.line').getBoundingClientRect().top`)
	})
	guest.checkAccessibility("welcome, what to press")
	guest.click(button("Order"))
	guest.find(link("Order 1").within(region("Basket")))
	guest.waitUntil("it is served in the basket", func() bool {
		return guest.isTrue(`document.querySelector('basket-box [aria-current=step]')?.textContent.startsWith('served')`)
	})
	if !guest.isTrue(`[...document.querySelectorAll('basket-box .track small')].every(e => /^\d\d:\d\d:\d\d$/.test(e.textContent))`) {
		t.Error("the times of its steps are not all there")
	}
	if guest.hasText("Press a price to put a dish in") || guest.hasText("Now press Order") {
		t.Error("what is over is still said")
	}
	guest.checkAccessibility("welcome, served")
	if n := guest.sent("GET /api/v1/orders/1/events"); n != 1 {
		t.Errorf("the events were asked for %d times", n)
	}
	guest.find(button("Order a pizza")) // now as whoever is logged in
	guest.click(button("Close").within(region("Basket")))
	guest.waitText("Press a price to put a dish in")
}

// TestWelcome_backWhereTheyWere: a guest who comes back lands where they were.
func TestWelcome_backWhereTheyWere(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/")
	guest.click(link("Start lesson 1"))
	guest.find(heading("L01*"))
	guest.open("/healthz")
	guest.open("/")
	guest.find(heading("L01*"))
	guest.click(link("The Restaurant"))
	guest.find(button("Order a pizza as alice"))
	guest.open("/healthz")
	guest.open("/")
	guest.find(button("Order a pizza as alice"))
}

// TestWelcome_refused says why alice is not logged in.
func TestWelcome_refused(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(503)
	guest.intercept(refuse("POST /api/v1/auth/login", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.open("/")
	guest.click(button("Order a pizza as alice"))
	guest.waitText("503", "Try again in a moment.")
	guest.checkAccessibility("welcome, refused")
	guest.intercept()
	guest.click(button("Try again"))
	guest.waitText("Now press Order")
}

// TestWelcome_withoutDemoAccounts offers neither alice nor lessons.
func TestWelcome_withoutDemoAccounts(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_DEMO_DATA=off").newTab(t)
	guest.open("/")
	guest.find(link("How it works").within(region("Welcome")))
	if guest.has(button("Order a pizza as alice")) || guest.has(link("Start lesson 1")) {
		t.Error("the page offers what is not there")
	}
}
