package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/fetch"
)

func TestMenu(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/")
	guest.finds(heading("Menu"))
	guest.finds(size("large", "Margherita"))
	guest.everyone("menu")
	guest.looks("menu")

	guest.fills(thing{role: "searchbox", name: "Find"}, "truffle")
	guest.misses(article("Margherita"))
	guest.fills(thing{role: "searchbox", name: "Find"}, "no such thing")
	guest.sees("No dish is like that")
	guest.everyone("menu, nothing found")
}

func TestMenuWhileItLoads(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	menu, arrives := held("GET /api/v1/menu")
	guest.sends(menu)
	guest.opens("/#/menu")
	guest.sees("Reading the menu")
	guest.everyone("menu, loading")
	arrives()
	guest.sees("Margherita")
	guest.misses(thing{role: "StaticText", name: "Reading the menu …"})
}

func TestMenuWithoutDishes(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.sends(answered("GET /api/v1/menu", `{"items":[],"currency":"EUR"}`))
	guest.opens("/#/menu")
	guest.sees("The menu is empty", "POST /api/v1/menu")
	guest.everyone("menu, empty")
}

func TestMenuInTrouble(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(503)
	guest.sends(refused("GET /api/v1/menu", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.opens("/#/menu")
	guest.sees("503", "The order book cannot be reached", "Try again in a moment.")
	guest.clicks(button("Show the request"))
	guest.sees("GET /api/v1/menu HTTP/1.1")
	guest.everyone("menu, refused")
	guest.sends()
	guest.clicks(button("Try again"))
	guest.sees("Margherita")
}

func TestMenuForTheImpatient(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(429)
	guest.sends(refused("GET /api/v1/menu", 429, "rate-limited", "Not so fast", "Wait 3 seconds.", &fetch.HeaderEntry{Name: "Retry-After", Value: "3"}))
	guest.opens("/#/menu")
	for _, left := range []string{"3 s", "2 s", "1 s"} {
		if counting := guest.finds(button("Try again in " + left)); property(counting, "disabled") != "true" {
			t.Errorf("with %s to wait the button is not disabled", left)
		}
		if left == "2 s" {
			guest.sends()
		}
	}
	guest.clicks(button("Try again"))
	guest.sees("Margherita")
}

// TestTheHouseSaysNotSoFast has the house itself refuse.
func TestTheHouseSaysNotSoFast(t *testing.T) {
	t.Parallel()
	guest := openHouse(t, "RATE_LIMIT=1/s").seat(t)
	guest.provokes(429)
	guest.opens("/#/about")
	guest.finds(heading("How it works"))
	guest.until("a refusal", func() bool { return eval[int](guest, `fetch('/api/v1/menu').then(r => r.status)`) == 429 })
	guest.goes("Menu")
	guest.finds(button("Try again in *"))
	guest.everyone("menu, throttled")
	guest.clicks(button("Try again"))
	guest.sees("Margherita")
}

func TestTheLounge(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.provokes(401, 403)
	guest.opens("/#/menu")
	guest.clicks(button("Knock at the lounge"))
	guest.sees("401")
	guest.logsIn("alice")
	guest.clicks(button("Knock at the lounge"))
	guest.sees("403", "vip: false")
	guest.everyone("menu, lounge closed")
	guest.clicks(button("Log out"))
	guest.logsIn("vera")
	guest.clicks(button("Knock at the lounge"))
	guest.misses(thing{role: "StaticText", name: "403"})
}
