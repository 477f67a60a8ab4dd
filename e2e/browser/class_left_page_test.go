package browser

import (
	"testing"
	"time"
)

// TestClass_freedTableStaysFree: a page that was left open loses its login when the teacher frees the table, and
// then shows what nobody needs a login for. None of that takes the table; somebody who uses the page does.
func TestClass_freedTableStaysFree(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, mode string
		after      func(learner *tab) // when the table is free
	}{
		{"the stream of an order comes back", "in memory", func(*tab) {}},
		{"the computer has slept", "in memory", func(learner *tab) { learner.sleep(16 * time.Minute) }},
		{"the window is looked at", "in a cookie", func(learner *tab) { eval[bool](learner, `dispatchEvent(new Event('focus'))`) }},
		{"the connection comes back", "", func(learner *tab) {
			learner.disconnect(true)
			learner.waitUntil("the connection is lost", func() bool { return learner.hasText("No connection") })
			learner.disconnect(false)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			room := startClass(t, "-tables", "1")
			room.mustCall("POST", "/teach/pace", room.code, `{"kitchen": "manual"}`, nil)
			learner := room.joined(t)
			learner.expectStatus(401, notDelivered)
			base := eval[string](learner, `location.pathname.slice(0, -1)`)
			menu, events := base+"/api/v1/menu", "GET "+base+"/api/v1/orders/1/events"
			learner.find(size("large", "Margherita"))
			if tc.mode != "" {
				learner.logIn("vera", tc.mode)
				learner.order(size("large", "Margherita"))
				learner.waitUntil("the order is followed", func() bool { return learner.sent(events) == 1 })
			}
			learner.waitUntil("the menu is read", func() bool { return learner.allAnswered(menu) })
			before := learner.sent("GET " + menu)

			room.mustCall("POST", "/teach/tables/01/reset", room.code, `{"what": "all"}`, nil)
			tc.after(learner)
			learner.waitUntil("the menu is read again", func() bool {
				return learner.sent("GET "+menu) > before && learner.allAnswered(menu)
			})
			learner.isNobody()
			if n := room.freeTables(); n != 1 {
				t.Errorf("while the page is open, %d tables are free", n)
			}
			followed := learner.sent(events)
			if !eval[bool](learner, follow) || learner.sent(events) != followed {
				t.Error("the page follows an order without a login")
			}
			learner.click(button("Try to enter the lounge"))
			learner.waitText("No wristband")
			if n := room.freeTables(); n != 0 {
				t.Errorf("when somebody uses the page, %d tables are free", n)
			}
		})
	}
}

// allAnswered reports whether each request to a path has its whole answer.
func (p *tab) allAnswered(path string) bool {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	for id, url := range p.seen.urls {
		if _, whole := p.seen.finished[id]; !whole && url == p.origin+path {
			return false
		}
	}
	return true
}

// follow follows an order as the page does by itself, and reports whether the page has kept the request back.
const follow = `import(new URL('js/lib/api.js', document.baseURI))
	.then(({ open }) => open('api/v1/orders/1/events', { live: true, poll: true })).then(answer => answer.loggedOut === true)`

// freeTables is how many tables of the class are free.
func (room *classroom) freeTables() int {
	room.t.Helper()
	var class struct{ Free int }
	room.mustCall("GET", "/class", "", "", &class)
	return class.Free
}
