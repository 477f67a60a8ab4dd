package browser

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/fetch"
)

// TestMenu_findsDishes shows the dishes and filters them.
func TestMenu_findsDishes(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/")
	guest.find(heading("Menu"))
	guest.find(size("large", "Margherita"))
	guest.checkAccessibility("menu")
	guest.checkWidths("menu")

	guest.fill(element{role: "searchbox", name: "Find"}, "truffle")
	guest.waitGone(article("Margherita"))
	guest.fill(element{role: "searchbox", name: "Find"}, "no such thing")
	guest.waitText("No dish matches")
	guest.checkAccessibility("menu, nothing found")
}

// TestMenu_categories leads to a category and to the lounge, with a drawing beside each
// that takes the page's colours. A telephone folds them.
func TestMenu_categories(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.open("/")
	categories := element{role: "navigation", name: "Categories"}
	guest.click(link("Dolci").within(categories))
	const focused = `document.activeElement.closest('details, section')?.dataset.place`
	guest.waitUntil("the focus at Dolci, in sight", func() bool {
		return guest.isTrue(focused+` === 'dolci'`) && guest.isTrue(`document.activeElement.getBoundingClientRect().top >= 0 && document.activeElement.getBoundingClientRect().bottom < innerHeight`)
	})
	guest.goTo("Menu")
	guest.click(link("The lounge").within(categories))
	guest.waitUntil("the focus at the lounge", func() bool { return guest.isTrue(focused + ` === 'lounge'`) })
	guest.waitUntil("twelve drawings are there", func() bool { // which come in a file of their own
		return guest.isTrue(`[...document.querySelectorAll('main .category .picture')].filter(e => e.getBBox().width > 10).length === 12`)
	})
	const outline = `getComputedStyle(document.querySelector('.category .picture')).stroke`
	light := eval[string](guest, outline)
	guest.click(radio("Dark"))
	if dark := eval[string](guest, outline); dark == light {
		t.Errorf("light or dark, the outline is %s", dark)
	}
	guest.checkAccessibility("menu, dark")

	phone := s.newTab(t)
	phone.resize(375, 667)
	phone.open("/")
	phone.find(size("large", "Margherita"))
	phone.find(heading("Dolci"))
	if phone.has(article("Tiramis*")) {
		t.Error("the menu is not folded")
	}
	phone.checkAccessibility("menu, folded")
	phone.open("/#/menu/dolci")
	phone.find(article("Tiramis*"))
	phone.fill(element{role: "searchbox", name: "Find"}, "espresso")
	phone.find(article("Espresso*"))
}

// TestMenu_loading says that the menu is on its way.
func TestMenu_loading(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	menu, arrives := hold("GET /api/v1/menu")
	guest.intercept(menu)
	guest.open("/#/menu")
	guest.waitText("Reading the menu")
	guest.checkAccessibility("menu, loading")
	arrives()
	guest.waitText("Margherita")
	guest.waitGone(element{role: "StaticText", name: "Reading the menu …"})
}

// TestMenu_empty says so, and how a dish comes onto the menu.
func TestMenu_empty(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.intercept(fulfil("GET /api/v1/menu", `{"items":[],"currency":"EUR"}`))
	guest.open("/#/menu")
	guest.waitText("The menu is empty", "POST /api/v1/menu")
	guest.checkAccessibility("menu, empty")
}

// TestMenu_refused shows the problem and the request, and tries again.
func TestMenu_refused(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(503)
	guest.intercept(refuse("GET /api/v1/menu", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.open("/#/menu")
	guest.waitText("503", "The order book cannot be reached", "Try again in a moment.")
	guest.click(button("Show the request"))
	guest.waitText("GET /api/v1/menu HTTP/1.1")
	guest.checkAccessibility("menu, refused")
	guest.intercept()
	guest.click(button("Try again"))
	guest.waitText("Margherita")
}

// TestMenu_countsDown disables the button until Retry-After is over.
func TestMenu_countsDown(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(429)
	guest.intercept(refuse("GET /api/v1/menu", 429, "rate-limited", "Not so fast", "Wait 3 seconds.", &fetch.HeaderEntry{Name: "Retry-After", Value: "3"}))
	guest.recordCountdown()
	guest.open("/#/menu")
	guest.waitCountdown()
	guest.intercept()
	guest.click(button("Try again"))
	guest.waitText("Margherita")
	want := []string{"Try again in 3 s, disabled", "Try again in 2 s, disabled", "Try again in 1 s, disabled"}
	if shown := eval[[]string](guest, `e2e.countdown`); !slices.Equal(shown, want) {
		t.Errorf("the countdown shows %q", shown)
	}
}

// TestMenu_rateLimited has the server itself refuse.
func TestMenu_rateLimited(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_RATE_LIMIT=1/s").newTab(t)
	guest.expectStatus(429)
	guest.recordCountdown()
	guest.open("/#/about")
	guest.find(heading("How it works"))
	// A refusal right after a success leaves a second until the next success. On a
	// machine that stops for so long the view gets its menu, and the page begins again.
	eval[any](guest, `(async () => {
		for (let before, now = 0; !e2e.countdown.length; now = 0) {
			location.hash = '#/about'
			while (!(before === 200 && now === 429)) [before, now] = [now, (await fetch('/api/v1/menu')).status]
			location.hash = '#/menu'
			while (!e2e.countdown.length && !document.querySelector('main .dish')) await new Promise(next => setTimeout(next, 10))
		}
	})()`)
	guest.checkAccessibility("menu, throttled")
	guest.click(button("Try again"))
	guest.waitText("Margherita")
}

// TestMenu_lounge shows who may enter the lounge and who may not.
func TestMenu_lounge(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(401, 403)
	guest.open("/#/menu")
	guest.click(button("Try to enter the lounge"))
	guest.waitText("401")
	guest.logIn("alice")
	guest.click(button("Try to enter the lounge"))
	guest.waitText("403", "vip: false")
	guest.checkAccessibility("menu, lounge closed")
	guest.click(button("Log out"))
	guest.logIn("vera")
	guest.click(button("Try to enter the lounge"))
	guest.waitGone(element{role: "StaticText", name: "403"})
}
