package browser

import (
	"testing"
)

// TestLayout_telephone: the navigation has two rows at most, and what sticks to the foot
// covers a quarter of the window at most, unless somebody has opened it.
func TestLayout_telephone(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_KITCHEN=manual").newTab(t)
	guest.expectStatus(401)
	guest.resize(375, 667)
	checkFoot := func(state string) {
		t.Helper()
		guest.waitForPaint()
		top := eval[float64](guest, `Math.min(...['.line', 'basket-box'].map(s => document.querySelector(s))
			.filter(e => e && getComputedStyle(e).position === 'sticky').map(e => e.getBoundingClientRect().top))`)
		if top < 0.75*667 {
			t.Errorf("%s: the foot covers the window below %.0f of 667 pixels: %s", state, top, guest.screenshot("foot"))
		}
		if rows := eval[int](guest, `new Set([...document.querySelectorAll('.site-nav a')].map(e => e.offsetTop)).size`); rows > 2 {
			t.Errorf("%s: the navigation has %d rows", state, rows)
		}
	}
	guest.open("/#/lessons/L01") // it leaves a note at the foot
	guest.find(heading("L01*"))
	guest.open("/#/menu")
	guest.find(region("Your lesson"))
	checkFoot("with a lesson")
	guest.click(size("large", "Margherita"))
	guest.find(button("Look inside"))
	checkFoot("with a basket")
	guest.click(link("The Restaurant"))
	guest.click(button("Order a pizza as alice"))
	guest.waitText("Now press Order.")
	checkFoot("with what to press")
	guest.click(button("Order"))
	guest.find(link("Order 1").within(region("Basket")))
	checkFoot("with an order")
	guest.click(button("Close").within(region("Basket")))
	guest.goTo("Token")
	guest.click(checkbox("Get a new one automatically*"))
	guest.click(button("Log out"))
	guest.logIn("alice", "30 s")
	guest.goTo("Menu")
	guest.waitText("Your wristband expires in")
	guest.click(size("large", "Margherita"))
	checkFoot("with a warning")
	guest.checkAccessibility("telephone, a warning")
}

// TestLayout_usesTheWidth: on a desk, views are as wide as their neighbours.
func TestLayout_usesTheWidth(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.openAs("alice", "Menu")
	for range 2 {
		s.placeOrder(s.Login("alice"))
	}
	guest.resize(1280, 800)
	for _, tc := range []struct{ path, content, parts string }{
		{"/#/orders", ".order", "2"},
		{"/#/lessons", ".part-of-course", "2"},
		{"/#/login", ".login-card", "1"},
	} {
		guest.open(tc.path)
		guest.waitUntil(tc.content+" beside each other, over the whole width", func() bool {
			return guest.isTrue(`(() => {
				const boxes = [...document.querySelectorAll(` + quote(tc.content) + `)].slice(0, ` + tc.parts + `).map(e => e.getBoundingClientRect()), all = document.querySelector('main').getBoundingClientRect()
				return boxes.length === ` + tc.parts + ` && boxes.every(b => b.top === boxes[0].top) && boxes.at(-1).right - boxes[0].left > 0.98 * all.width
			})()`)
		})
	}
}

// TestLayout_focusIsInSight: on a telephone, what has the focus is not hidden behind the
// basket, which sticks to the foot.
func TestLayout_focusIsInSight(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.resize(375, 667)
	guest.open("/#/menu")
	guest.click(size("large", "Margherita"))
	guest.find(button("Look inside"))
	eval[any](guest, `document.querySelector('#content').focus()`)
	for passed := 0; guest.focused() != button("Try to enter the lounge"); passed++ {
		if passed == 120 {
			guest.fail("Tab never reaches the lounge")
		}
		guest.pressKey("Tab")
		guest.waitForPaint()
		if hidden := eval[string](guest, `(() => {
			const e = document.activeElement, { left, top, width, height } = e.getBoundingClientRect()
			const cover = document.elementFromPoint(left + width / 2, top + height / 2)?.closest('basket-box, .line')
			return cover && !cover.contains(e) ? e.textContent : ''
		})()`); hidden != "" {
			t.Errorf("the focus is hidden at %q: %s", hidden, guest.screenshot("hidden"))
		}
	}
}
