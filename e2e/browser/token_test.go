package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

func TestTokenInspector(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.opens("/#/token")
	guest.finds(heading("Token"))
	guest.sees("You wear no wristband")
	guest.everyone("token, none")

	guest.logsIn("alice")
	guest.sees("Valid for 14 min", "the stamp fits")
	guest.finds(region("Header"))
	guest.finds(region("Payload"))
	guest.finds(region("Signature"))
	guest.sees(`"RS256"`, `"alice"`, "today, in 14 min", "256 bytes", "Checked by the server: it fits.")
	guest.everyone("token, valid")
	guest.looks("token")

	for pasted, verdict := range map[string]string{
		"not a token":        "is not base64url",
		"abc.def":            "it needs two dots and has one",
		"abc.def.ghi":        "is not JSON in base64url",
		"a.b.c.d":            "it needs two dots and has 3",
		anotherHousesToken:   "Stamp of a stranger",
		"Bearer " + unsigned: "Algorithm refused",
	} {
		guest.fills(textbox("Token"), pasted)
		guest.sees(verdict)
	}
	guest.fills(textbox("Token"), "abc.def")
	guest.sees("it needs two dots and has one")
	guest.everyone("token, not a JWT")
	guest.fills(textbox("Token"), anotherHousesToken)
	guest.sees("Stamp of a stranger", "These are milliseconds")
	guest.everyone("token, of another house")
	guest.clicks(button("Use my wristband"))
	guest.sees("Valid for 14 min")
}

const (
	// anotherHousesToken has this house's form and the kid of nobody, and its
	// times are in milliseconds.
	anotherHousesToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjAxMjM0NTY3ODlhYmNkZWYiLCJ0eXAiOiJhdCtqd3QifQ." +
		"eyJzdWIiOiIxIiwibmFtZSI6ImFsaWNlIiwiaWF0IjoxNzk1MzQwODAwMDAwLCJleHAiOjE3OTUzNDE3MDAwMDB9.c2lnbmF0dXJl"
	unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIxIiwibmFtZSI6ImFsaWNlIn0.c2ln"
)

func TestTamperingIsRefused(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.arrives("alice", "Token")
	guest.sees("Valid for 14 min")
	guest.clicks(button("Show it to the door"))
	guest.sees("The door opens.")
	guest.clicks(button("Change the claim"))
	guest.sees("Bad stamp", `"manager"`, "Checked by the server: it does not fit.")
	guest.clicks(button("Show it to the door"))
	guest.sees("401")
	guest.finds(link("Why?"))
	guest.clicks(button("Show the request").within(region("Edit a claim")))
	guest.sees("token-signature-invalid")
	guest.everyone("token, tampered with")
	guest.looks("tampered")
	guest.goes("Menu")
	guest.goes("Token")
	guest.sees("Bad stamp")
}

// TestExpiryCanBeWatched has a wristband that lives for five seconds and does not
// renew itself.
func TestExpiryCanBeWatched(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "ACCESS_TOKEN_TTL=5s", "KITCHEN=manual")
	h.orders(h.token("alice"))
	guest := h.seat(t)
	guest.provokes(401)
	guest.opens("/#/token")
	guest.clicks(checkbox("Renew it by itself*"))
	guest.logsIn("alice")
	guest.goes("My orders")
	guest.finds(article("Order 1"))
	guest.sees("Your wristband expires in")
	guest.finds(button("Get a new one with the voucher"))
	guest.sees("Your wristband expired at ")
	guest.finds(article("Order 1"))
	guest.everyone("my orders, expired")
	guest.clicks(button("Cancel order 1"))
	guest.sees("401")
	guest.everyone("my orders, refused because expired")
	guest.goes("Menu")
	guest.sees("Margherita")
	guest.clicks(size("large", "Margherita"))
	guest.fills(textbox("Note for large Margherita"), "well done")
	guest.clicks(button("Order"))
	guest.sees("401", "Your basket is kept.")
	guest.everyone("menu, expired")
	guest.goes("Token")
	guest.sees("Expired ")
	guest.everyone("token, expired")
	if n := guest.sent("POST /api/v1/auth/refresh"); n != 0 {
		t.Errorf("it renewed itself %d times although that is switched off", n)
	}
	guest.clicks(button("Get a new one with the voucher").within(thing{role: "main"}))
	guest.sees("Valid for")
	guest.goes("Menu")
	if note := eval[string](guest, `document.querySelector('.note').value`); note != "well done" {
		t.Errorf("what was typed before it expired is now %q", note)
	}
}

// TestSilentRefresh lets many requests meet an expired wristband at once: one
// refresh, everything is answered, and the notebook shows it.
func TestSilentRefresh(t *testing.T) {
	t.Parallel()
	guest := openHouse(t, "ACCESS_TOKEN_TTL=5s").seat(t)
	guest.arrives("alice", "Menu")
	guest.clicks(size("large", "Margherita"))
	guest.aboutToExpire()
	before := guest.sent("POST /api/v1/auth/refresh")
	guest.clicks(button("Knock at the lounge"))
	guest.provokes(403)
	guest.clicks(button("Order"))
	guest.finds(link("Watch order 1 come"))
	if n := guest.sent("POST /api/v1/auth/refresh") - before; n != 1 {
		t.Errorf("%d refreshes", n)
	}
	guest.goes("Notebook")
	guest.finds(article("Entry *: POST /api/v1/auth/refresh, 200"))
	guest.sees("by itself: the wristband was about to expire")
	guest.everyone("notebook, refreshed by itself")
}

// aboutToExpire waits until the next request has to renew the wristband.
func (p *tab) aboutToExpire() {
	p.t.Helper()
	p.until("the wristband is about to expire", func() bool { return p.says("0:02 left") || p.says("0:01 left") || p.says("expired") })
}

// TestAServerThatSaysExpired is for clocks that differ: the page believed that
// the wristband holds, and the house did not.
func TestAServerThatSaysExpired(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.arrives("alice", "Menu")
	guest.clicks(size("large", "Margherita"))
	expired := refused("POST /api/v1/orders", 401, "token-expired", "Your wristband has expired", "Log in again.")
	once := rule{expired.request, func(p *tab, e *fetch.EventRequestPaused) {
		p.seen.mu.Lock()
		p.seen.weather = nil
		p.seen.mu.Unlock()
		expired.becomes(p, e)
	}}
	guest.sends(once)
	guest.clicks(button("Order"))
	guest.finds(link("Watch order 1 come"))
	guest.goes("Notebook")
	guest.finds(article("Entry *: POST /api/v1/orders, 401 refused"))
	guest.finds(article("Entry *: POST /api/v1/auth/refresh, 200"))
	guest.finds(article("Entry *: POST /api/v1/orders, 201"))
}

// TestTwoTabsRefreshOneAfterTheOther holds the first refresh on its way. The other
// tab must not send the same voucher: used twice, it would end the login session.
func TestTwoTabsRefreshOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		seat func(*house, testing.TB) *tab
		lock bool
	}{
		{"with Web Locks", (*house).seat, true},
		{"without, on an origin that is not secure", (*house).strangeSeat, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			one := tc.seat(openHouse(t, "ACCESS_TOKEN_TTL=6s"), t)
			one.arrives("alice", "Menu")
			two := one.another()
			two.opens("/#/menu")
			two.sees("alice, guest", " left")
			if locks := eval[bool](one, `!!navigator.locks`); locks != tc.lock {
				t.Fatalf("Web Locks: %v", locks)
			}
			const refresh = "POST /api/v1/auth/refresh"
			first, second := one.sent(refresh), two.sent(refresh)
			gate, goOn := held(refresh)
			one.sends(gate)
			one.aboutToExpire()
			one.goes("My logins")
			one.until("the first tab asks for a new wristband", func() bool { return one.sent(refresh) == first+1 })
			two.until("the second needs one, too", func() bool { return two.says("expired") })
			two.goes("My logins")
			two.settles()
			two.settles()
			if n := two.sent(refresh); n != second {
				t.Errorf("the second tab did not wait: %d refreshes", n-second)
			}
			goOn()
			one.finds(button("End this one: *"))
			two.finds(button("End this one: *"))
			if n := two.sent(refresh) - second; n > 1 {
				t.Errorf("the second tab asked %d times", n)
			}
			for _, p := range []*tab{one, two} {
				p.finds(button("Log out"))
			}
		})
	}
}

// TestAnotherTabLogsOut tells the first one.
func TestAnotherTabLogsOut(t *testing.T) {
	t.Parallel()
	one := openHouse(t).seat(t)
	one.arrives("alice", "Menu")
	two := one.another()
	two.opens("/#/menu")
	two.sees("alice, guest", " left", "Margherita")
	two.clicks(button("Log out"))
	one.finds(link("Log in"))
	one.sees("You logged out in another tab.")
	two.logsIn("vera")
	one.until("the first tab belongs to vera, too", func() bool { return one.says("vera") })
}

// TestNothingLeavesBySight keeps tokens out of the address and out of titles.
func TestNothingLeavesBySight(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.arrives("alice", "My orders")
	guest.goes("Token")
	guest.sees("Valid for")
	guest.seen.mu.Lock()
	urls := slices.Collect(maps.Keys(guest.seen.requests))
	guest.seen.mu.Unlock() // or the browser could tell nothing more, not even an answer
	for _, url := range urls {
		if strings.Contains(url, "eyJ") {
			t.Errorf("a token in an address: %s", url)
		}
	}
	if at, _ := chromedp.Run(guest.ctx, chromedp.Evaluate[string](`location.href + document.title`)); strings.Contains(at, "eyJ") {
		t.Errorf("a token in %s", at)
	}
}
