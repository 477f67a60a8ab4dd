package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
)

// TestViews looks at every view with something in it, as wide as a telephone and as a desk,
// light and dark: nothing is wider than the window, and axe finds nothing. `make e2e RUN=Views`
// keeps the pictures for eyes.
func TestViews(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual", "RESTAURANT_RATE_LIMIT=off")
	s.placeOrdersOfAllKinds()
	for _, tc := range []struct {
		name string
		show func(p *tab)
	}{
		{"welcome", func(p *tab) {
			p.open("/")
			p.find(size("large", "Margherita"))
		}},
		{"basket", func(p *tab) {
			p.openAs("alice", "Menu")
			p.click(size("large", "Margherita"))
			p.click(size("large", "Margherita"))
			p.click(size("medium", "Quattro formaggi"))
			p.find(button("One more large Margherita"))
		}},
		{"basket, ordered", func(p *tab) {
			p.openAs("alice", "Menu")
			p.order(size("large", "Margherita"))
			p.waitText("placed")
		}},
		{"lounge", func(p *tab) {
			p.openAs("vera", "Menu")
			p.click(button("Try to enter the lounge"))
			p.waitText("Welcome")
		}},
		{"about", func(p *tab) { p.open("/#/about") }},
		{"login", func(p *tab) { p.open("/#/login"); p.find(button("alice")) }},
		{"login, dialog", func(p *tab) {
			p.expectStatus(401)
			p.open("/#/about")
			p.click(link("Log in"))
			p.fill(textbox("Name").within(loginDialog), "alice")
			p.fill(textbox("Password").within(loginDialog), "wrong")
			p.click(button("Log in and get my wristband").within(loginDialog))
			p.waitText("401")
		}},
		{"orders, nobody", func(p *tab) { p.open("/#/orders"); p.waitText("You have no wristband") }},
		{"orders, none", func(p *tab) { p.openAs("bob", "My orders"); p.waitText("No orders yet") }},
		{"orders", func(p *tab) {
			p.openAs("alice", "My orders")
			p.find(article("Order 5"))
			p.waitText("live")
		}},
		{"orders, one", func(p *tab) {
			p.openAs("alice", "My orders")
			p.open("/#/orders/2")
			p.waitUntil("it is chosen", func() bool { return p.isTrue(`document.querySelector('.order--chosen') !== null`) })
		}},
		{"kitchen, guest", func(p *tab) {
			p.expectStatus(403)
			p.openAs("alice", "Kitchen")
			p.waitText("403")
		}},
		{"kitchen", func(p *tab) { p.openAs("carla", "Kitchen"); p.find(button("Start cooking order 1")) }},
		{"office", func(p *tab) { p.openAs("marco", "Office"); p.find(button("Save bob")) }},
		{"sessions", func(p *tab) { p.openAs("alice", "My logins"); p.waitText("This one") }},
		{"token, none", func(p *tab) { p.open("/#/token"); p.find(heading("Token")) }},
		{"token", func(p *tab) {
			p.openAs("alice", "Token")
			p.waitText("Valid for", "Checked by the server: it is right.")
		}},
		{"token, changed", func(p *tab) {
			p.expectStatus(401)
			p.openAs("alice", "Token")
			p.click(button("Change the claim"))
			p.waitText("Checked by the server: it is wrong.")
			p.click(button("Send it to the server"))
			p.waitText("401")
		}},
		{"notebook", func(p *tab) {
			p.expectStatus(403)
			p.openAs("alice", "Kitchen")
			p.waitText("403")
			p.goTo("Notebook")
			p.click(element{role: "DisclosureTriangle", name: "*POST /api/v1/auth/login*"})
			p.find(button("Replay"))
		}},
		{"lessons", func(p *tab) { p.open("/#/lessons"); p.find(link("L01*")) }},
		{"lesson 1", func(p *tab) { p.open("/#/lessons/L01"); p.find(button("Save my guess")) }},
		{"lesson 2, done", func(p *tab) {
			p.expectStatus(401)
			p.open("/#/lessons/L02")
			p.doLesson("L02", mouse{p})
			if p.hasText("?.") { // a guess may be a question
				p.t.Error("a sentence ends twice")
			}
		}},
		{"lesson 5", func(p *tab) {
			p.open("/#/lessons/L05")
			p.lockInGuess(mouse{p})
		}},
		{"problems", func(p *tab) { p.open("/problems") }},
		{"problem", func(p *tab) { p.open("/problems/token-expired") }},
		{"404", func(p *tab) { p.expectStatus(404); p.open("/menu") }},
		{"sheet", func(p *tab) { p.open("/learn/sheet?lessons=L01-L02") }},
		{"glossary", func(p *tab) { p.open("/learn/glossary") }},
		{"expired", func(p *tab) {
			p.open("/#/token")
			p.click(checkbox("Get a new one automatically*"))
			p.logIn("alice", "30 s")
			p.goTo("Menu")
			p.waitText("Your wristband expires in")
		}},
		{"offline", func(p *tab) {
			p.expectStatus(notDelivered)
			p.open("/#/menu")
			p.find(size("large", "Margherita"))
			p.disconnect(true)
			p.click(button("Try to enter the lounge"))
			p.waitText("No connection to the restaurant")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := s.newTab(t)
			tc.show(p)
			p.look()
		})
	}
	for _, path := range []string{"/learn/sheet?lessons=L01-L02", "/#/about", "/#/menu"} {
		t.Run("printed"+path, func(t *testing.T) {
			t.Parallel()
			p := s.newTab(t)
			p.open(path)
			p.waitText("Margherita")
			call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
			p.resize(720, 3000)
			p.waitForPaint()
			p.screenshot("print")
		})
	}
	t.Run("swagger", func(t *testing.T) { // its faults of accessibility are not ours
		t.Parallel()
		for _, scheme := range []string{"light", "dark"} {
			p := s.newTab(t)
			p.emulateMedia("prefers-color-scheme", scheme)
			p.open("/swagger/index.html")
			p.find(button("Authorize"))
			p.inBothWidths(func(width int64) { p.screenshot(fmt.Sprint(width, " ", scheme)) })
			p.click(button("Authorize"))
			p.waitText("Password (OAuth2, password)")
			p.inBothWidths(func(width int64) { p.screenshot(fmt.Sprint("authorize ", width, " ", scheme)) })
		}
	})
	t.Run("421", func(t *testing.T) {
		t.Parallel()
		p := openPageOf(t, foreignHost, s.Addr)
		p.expectStatus(421)
		p.open("/")
		p.waitText("421")
		p.look()
	})
	t.Run("431", func(t *testing.T) {
		t.Parallel()
		p := s.newTab(t)
		p.expectStatus(431)
		for i := range 3 {
			call(p, network.SetCookie, network.SetCookieParams{Name: fmt.Sprint("of-another-program-", i), Value: strings.Repeat("a", 3400), URL: p.origin})
		}
		p.open("/")
		p.waitText("431")
		p.look()
	})
}

// placeOrdersOfAllKinds places an order of alice for each status there is, and two more.
func (s *server) placeOrdersOfAllKinds() {
	s.t.Helper()
	alice, carla := s.Login("alice"), s.Login("carla")
	for range 5 {
		s.placeOrder(alice)
	}
	s.mustCall(http.MethodPost, "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":2,"note":"Please no basil, and cut it into twelve pieces."},
		{"menu_item_id":2,"size":"medium","quantity":1},{"menu_item_id":3,"size":"medium","quantity":1}],"table":"12"}`, nil)
	for order, steps := range map[int64][]string{2: {"preparing", "ready", "served"}, 3: {"preparing", "ready"}, 4: {"preparing"}} {
		for _, step := range steps {
			s.advance(carla, order, step)
		}
	}
	s.mustCall(http.MethodPost, "/api/v1/orders/5/cancel", alice, "", nil)
}

// look takes pictures of what is there in both widths and schemes, of the window and of the
// whole page, and checks each.
func (p *tab) look() {
	p.t.Helper()
	p.inBothWidths(func(width int64) {
		for _, scheme := range []string{"light", "dark"} {
			state := fmt.Sprint(width, " ", scheme)
			p.emulateMedia("prefers-color-scheme", scheme)
			p.waitForPaint()
			p.screenshot(state)
			p.checkNoHorizontalScroll(state)
			whole := eval[int64](p, `document.documentElement.scrollHeight`) + 100
			p.resize(width, min(3000, whole))
			p.waitForPaint()
			p.screenshot(state + " whole")
			p.resize(width, min(6000, whole)) // or axe would take what the lowest bar hides for hidden
			for _, violation := range p.violations(`['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']`) {
				p.t.Errorf("%s: %s", state, violation)
			}
			p.resize(width, windowHeights[width])
		}
	})
	p.emulateMedia("prefers-color-scheme", "light")
}

var windowHeights = map[int64]int64{375: 667, 1280: 800}

// inBothWidths does something in a window as wide as a telephone, and as wide as a desk.
func (p *tab) inBothWidths(do func(width int64)) {
	p.t.Helper()
	for _, width := range []int64{375, 1280} {
		p.resize(width, windowHeights[width])
		p.waitForPaint()
		do(width)
	}
}
