package e2e

import (
	"testing"
)

// TestAPizzaByMouse goes the whole way, and tries it without a wristband first.
func TestAPizzaByMouse(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.provokes(401)
	guest.opens("/")
	guest.clicks(size("large", "Margherita"))
	guest.clicks(size("small", "Diavola"))
	guest.clicks(button("One more small Diavola"))
	guest.clicks(button("One less small Diavola"))
	guest.fills(textbox("Note for large Margherita"), "well done")
	guest.everyone("menu with a basket")
	guest.looks("basket")

	guest.clicks(button("Order"))
	guest.sees("401", "Your basket is kept.")
	guest.everyone("menu, not without a wristband")
	guest.finds(link("Why?"))
	guest.clicks(button("Log in").within(region("Basket")))
	guest.clicks(button("alice").within(loginDialog))
	guest.clicks(button("Get my wristband").within(loginDialog))
	guest.misses(loginDialog)
	guest.clicks(button("Order"))
	guest.sees("Order 1 is taken")
	guest.everyone("menu, ordered")

	guest.clicks(link("Watch order 1 come"))
	guest.finds(heading("My orders"))
	guest.finds(article("Order 1*"))
	carla := h.token("carla")
	for _, status := range []string{"preparing", "ready", "served"} {
		h.advance(carla, 1, status)
		guest.until("order 1 is "+status, func() bool { return guest.step("Order 1") == status })
	}
	guest.everyone("my orders, served")
	if n := guest.sent("GET /api/v1/orders/1/events"); n != 1 {
		t.Errorf("the events of one order were asked for %d times", n)
	}
}

// served tells whether an order has arrived.
func (p *tab) served(order string) bool { return p.step(order) == "served" }

// TestAPizzaByKeyboard never touches the mouse.
func TestAPizzaByKeyboard(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/")
	guest.finds(size("large", "Margherita"))
	guest.presses("Tab")
	if at := guest.focused(); at != link("Skip to content") {
		t.Errorf("the first stop of Tab is %s", at)
	}
	guest.tabsTo(link("Log in"))
	guest.presses("Enter")
	guest.finds(loginDialog)
	guest.tabsTo(textbox("Name"))
	guest.types("alice")
	guest.tabsTo(textbox("Password"))
	guest.types("alice-likes-pizza")
	guest.presses("Enter")
	guest.misses(loginDialog)
	guest.finds(button("Log out"))
	guest.tabsTo(button("*large * add Margherita"))
	guest.presses("Space")
	guest.finds(button("One more large Margherita"))
	guest.tabsTo(button("One more large Margherita"))
	guest.presses("Enter")
	guest.until("two of them, and the focus where it was", func() bool {
		return guest.says("2 for €25.00") && guest.focused() == button("One more large Margherita")
	})
	guest.tabsTo(button("Order"))
	guest.presses("Enter")
	guest.finds(link("Watch order 1 come"))
	guest.tabsTo(link("Watch order 1 come"))
	guest.presses("Enter")
	guest.until("the focus on the new heading", func() bool { return guest.focused().name == "My orders" })
	if title := eval[string](guest, `document.title`); title != "My orders - The Restaurant" {
		t.Errorf("the title is %q", title)
	}
	guest.until("order 1 is served", func() bool { return guest.served("Order 1") })
}

// TestEveryViewByKeyboard goes to each view by the navigation, and Tab passes
// everything there is to press.
func TestEveryViewByKeyboard(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401, 403)
	guest.arrives("alice", "Menu")
	for _, view := range []string{"My orders", "Token", "Notebook", "Kitchen", "Office", "My logins", "How it works"} {
		guest.walksTo(link(view), "Tab")
		guest.presses("Enter")
		guest.until("the focus on the heading of "+view, func() bool { return guest.focused().role == "heading" })
		guest.settles()
		missed := guest.unreached()
		if len(missed) > 0 {
			t.Errorf("%s: Tab does not reach %q", view, missed)
		}
	}
}

// unreached tabs through the whole page once and gives what can be pressed but
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
		p.presses("Tab") // beyond the last stop lies the browser's own frame, then the first
		if at = eval[string](p, note); at == "nothing" {
			nothing++
		}
	}
	return eval[[]string](p, `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
		.filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0 && !passed.has(e))
		.filter(e => e.type !== 'radio' || ![...document.getElementsByName(e.name)].some(o => passed.has(o)))
		.map(e => (e.innerText || e.outerHTML).slice(0, 80)).concat(ringless)`)
}
