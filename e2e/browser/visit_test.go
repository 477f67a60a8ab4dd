package browser

import (
	"testing"
)

// TestVisit_byMouse goes the whole way, and tries it without an access token first.
func TestVisit_byMouse(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest := s.newTab(t)
	guest.expectStatus(401)
	guest.open("/")
	guest.click(size("large", "Margherita"))
	guest.click(size("small", "Diavola"))
	guest.click(button("One more small Diavola"))
	guest.click(button("One less small Diavola"))
	guest.fill(textbox("Note for large Margherita"), "well done")
	guest.checkAccessibility("menu with a basket")
	guest.checkWidths("basket")

	guest.click(button("Order"))
	guest.waitText("401", "Your basket is kept.")
	guest.checkAccessibility("menu, not without a wristband")
	guest.find(link("Why?"))
	guest.click(button("Log in").within(region("Basket")))
	guest.click(button("alice").within(loginDialog))
	guest.click(button("Log in and get my wristband").within(loginDialog))
	guest.waitGone(loginDialog)
	guest.click(button("Order"))
	guest.waitText("is taken: €")
	guest.checkAccessibility("menu, ordered")

	guest.click(link("Order 1").within(region("Basket")))
	guest.find(heading("My orders"))
	guest.find(article("Order 1*"))
	carla := s.Login("carla")
	for _, status := range []string{"preparing", "ready", "served"} {
		s.advance(carla, 1, status)
		guest.waitUntil("order 1 is "+status, func() bool { return guest.step("Order 1") == status })
	}
	guest.checkAccessibility("my orders, served")
	if n := guest.sent("GET /api/v1/orders/1/events"); n != 2 { // by the basket, and by My orders
		t.Errorf("the events of one order were asked for %d times", n)
	}
}

// isServed reports whether the page shows an order as served.
func (p *tab) isServed(order string) bool { return p.step(order) == "served" }

// TestVisit_byKeyboard never touches the mouse.
func TestVisit_byKeyboard(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/")
	guest.find(size("large", "Margherita"))
	guest.pressKey("Tab")
	if at := guest.focused(); at != link("Skip to content") {
		t.Errorf("the first stop of Tab is %s", at)
	}
	guest.tabTo(link("Log in"))
	guest.pressKey("Enter")
	guest.find(loginDialog)
	guest.tabTo(textbox("Name"))
	guest.typeText("alice")
	guest.tabTo(textbox("Password"))
	guest.typeText("alice-likes-pizza")
	guest.pressKey("Enter")
	guest.waitGone(loginDialog)
	guest.find(button("Log out"))
	guest.tabTo(button("*large * add Margherita"))
	guest.pressKey("Space")
	guest.find(button("One more large Margherita"))
	guest.tabTo(button("One more large Margherita"))
	guest.pressKey("Enter")
	guest.waitUntil("two of them, and the focus where it was", func() bool {
		return guest.hasText("2 for €25.00") && guest.focused() == button("One more large Margherita")
	})
	guest.tabTo(button("Order"))
	guest.pressKey("Enter")
	guest.find(link("Order 1").within(region("Basket")))
	guest.tabTo(link("Order 1").within(region("Basket")))
	guest.pressKey("Enter")
	guest.waitUntil("the focus on the new heading", func() bool { return guest.focused().name == "My orders" })
	if title := eval[string](guest, `document.title`); title != "My orders - The Restaurant" {
		t.Errorf("the title is %q", title)
	}
	guest.waitUntil("order 1 is served", func() bool { return guest.isServed("Order 1") })
}

// TestVisit_everyViewByKeyboard goes to each view by the navigation, and Tab passes
// everything there is to press.
func TestVisit_everyViewByKeyboard(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401, 403)
	guest.openAs("alice", "Menu")
	for _, view := range []string{"My orders", "Token", "Notebook", "Kitchen", "Office", "My logins", "How it works"} {
		guest.moveFocusTo(link(view), "Tab")
		guest.pressKey("Enter")
		guest.waitUntil("the focus on the heading of "+view, func() bool { return guest.focused().role == "heading" })
		guest.waitForPaint()
		missed := guest.unreached()
		if len(missed) > 0 {
			t.Errorf("%s: Tab does not reach %q", view, missed)
		}
	}
}

// unreached tabs through the whole page once and returns what can be pressed but
// was not passed, and what was passed without a visible ring.
func (p *tab) unreached() []string {
	p.t.Helper()
	eval[any](p, `void (() => {
		window.passed = new Set()
		window.ringless = []
		document.activeElement.blur()
	})()`)
	const note = `(() => {
		const at = document.activeElement
		if (at === document.body) return 'nothing'
		if (passed.has(at)) return 'known'
		passed.add(at)
		const s = getComputedStyle(at), box = at.getClientRects()[0] ?? at.getBoundingClientRect(), name = (at.innerText || at.outerHTML).slice(0, 80)
		if (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2) ringless.push('no ring: ' + name)
		const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20))
		if (top && !at.contains(top) && !top.contains(at) && ![...(at.labels ?? [])].some(l => l.contains(top))) ringless.push('hidden behind ' + top.outerHTML.slice(0, 60) + ': ' + name)
		return 'new'
	})()`
	for at, nothing := "", 0; at != "known" && nothing < 3; {
		p.pressKey("Tab") // beyond the last stop lies the browser's own frame, then the first
		if at = eval[string](p, note); at == "nothing" {
			nothing++
		}
	}
	return eval[[]string](p, `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
		.filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0 && !passed.has(e))
		.filter(e => e.type !== 'radio' || ![...document.getElementsByName(e.name)].some(o => passed.has(o)))
		.map(e => (e.innerText || e.outerHTML).slice(0, 80)).concat(ringless)`)
}
