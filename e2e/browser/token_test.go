package browser

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// TestToken_inspector decodes tokens of every kind, and says what is wrong with each.
func TestToken_inspector(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.open("/#/token")
	guest.find(heading("Token"))
	guest.waitText("You have no wristband")
	guest.checkAccessibility("token, none")

	guest.logIn("alice")
	guest.waitText("Valid for 14 min", "the signature is right")
	guest.find(region("Header"))
	guest.find(region("Payload"))
	guest.find(region("Signature"))
	guest.waitText(`"RS256"`, `"alice"`, "today, in 14 min", "256 bytes", "Checked by the server: it is right.")
	guest.checkAccessibility("token, valid")
	guest.checkWidths("token")

	for pasted, verdict := range map[string]string{
		"not a token":        "is not base64url",
		"abc.def":            "it needs two dots and has one",
		"abc.def.ghi":        "is not JSON in base64url",
		"a.b.c.d":            "it needs two dots and has 3",
		foreignToken:         "Unknown key",
		"Bearer " + unsigned: "Algorithm refused",
	} {
		guest.fill(textbox("Token"), pasted)
		guest.waitText(verdict)
	}
	guest.fill(textbox("Token"), "abc.def")
	guest.waitText("it needs two dots and has one")
	guest.checkAccessibility("token, not a JWT")
	guest.fill(textbox("Token"), foreignToken)
	guest.waitText("Unknown key", "These are milliseconds")
	guest.checkAccessibility("token, of another house")
	guest.click(button("Use my wristband"))
	guest.waitText("Valid for ")
}

const (
	// foreignToken has the form of this server's tokens, an unknown kid, and its
	// times are in milliseconds.
	foreignToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjAxMjM0NTY3ODlhYmNkZWYiLCJ0eXAiOiJhdCtqd3QifQ." +
		"eyJzdWIiOiIxIiwibmFtZSI6ImFsaWNlIiwiaWF0IjoxNzk1MzQwODAwMDAwLCJleHAiOjE3OTUzNDE3MDAwMDB9.c2lnbmF0dXJl"
	unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIxIiwibmFtZSI6ImFsaWNlIn0.c2ln"
)

// TestToken_clocksAgreeAgain: while the server's clock is ahead, the page goes by that one. When the clocks agree
// again, as after a new start, a token that is valid is not called expired.
func TestToken_clocksAgreeAgain(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.openAs("alice", "Token")
	guest.waitText("Valid for 14 min")
	ahead := rule{"GET /api/v1/auth/me", func(p *tab, e *fetch.EventRequestPaused) {
		_, _ = chromedp.Call(p.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: 200, Body: []byte("{}"),
			ResponseHeaders: []*fetch.HeaderEntry{
				{Name: "Content-Type", Value: "application/json"}, {Name: "Server-Timing", Value: "auth;dur=1"},
				{Name: "Restaurant-Time", Value: time.Now().Add(16 * time.Minute).UTC().Format(http.TimeFormat)},
			},
		})
	}}
	guest.intercept(ahead)
	guest.click(button("Send it to the server"))
	guest.waitText("Expired ")
	guest.seen.mu.Lock()
	guest.seen.rules = nil
	guest.seen.mu.Unlock()
	guest.click(button("Send it to the server"))
	guest.waitText("Valid for ")
}

// TestToken_tampering changes a claim and shows the token to the server, which refuses it.
func TestToken_tampering(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.openAs("alice", "Token")
	guest.waitText("Valid for 14 min")
	guest.click(button("Send it to the server"))
	guest.waitText("The server accepts it.")
	guest.click(button("Change the claim"))
	guest.waitText("Wrong signature", `"manager"`, "Checked by the server: it is wrong.")
	guest.click(button("Send it to the server"))
	guest.waitText("401")
	guest.find(link("Why?"))
	guest.click(button("Show the request").within(region("Edit a claim")))
	guest.waitText("token-signature-invalid")
	guest.checkAccessibility("token, tampered with")
	guest.checkWidths("tampered")
	guest.goTo("Menu")
	guest.goTo("Token")
	guest.waitText("Wrong signature")
}

// TestToken_expiry has an access token that does not renew itself. It lives
// long enough for a slow machine to see the page before it ends.
func TestToken_expiry(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_ACCESS_TOKEN_TTL=30s", "RESTAURANT_KITCHEN=manual")
	s.placeOrder(s.Login("alice"))
	guest := s.newTab(t)
	guest.expectStatus(401)
	guest.open("/#/token")
	guest.click(checkbox("Get a new one automatically*"))
	guest.logIn("alice")
	guest.goTo("My orders")
	guest.find(article("Order 1"))
	guest.waitText("Your wristband expires in")
	guest.find(button("Get a new one with the voucher"))
	guest.waitUntilExpired()
	guest.find(article("Order 1"))
	guest.checkAccessibility("my orders, expired")
	guest.click(button("Cancel order 1"))
	guest.waitText("401")
	guest.checkAccessibility("my orders, refused because expired")
	guest.goTo("Menu")
	guest.waitText("Margherita")
	guest.click(size("large", "Margherita"))
	guest.fill(textbox("Note for large Margherita"), "well done")
	guest.click(button("Order"))
	guest.waitText("401", "Your basket is kept.")
	guest.checkAccessibility("menu, expired")
	guest.goTo("Token")
	guest.waitText("Expired ")
	guest.checkAccessibility("token, expired")
	if n := guest.sent("POST /api/v1/auth/refresh"); n != 0 {
		t.Errorf("it renewed itself %d times although that is switched off", n)
	}
	guest.click(button("Get a new one with the voucher").within(element{role: "main"}))
	guest.waitText("Valid for")
	guest.goTo("Menu")
	if note := eval[string](guest, `document.querySelector('.note').value`); note != "well done" {
		t.Errorf("what was typed before it expired is now %q", note)
	}
}

// waitUntilExpired waits for the end of an access token that lives for thirty seconds: for ten of
// them after the other, because each wait has a limit of its own.
func (p *tab) waitUntilExpired() {
	p.t.Helper()
	p.waitUntil("less than twenty seconds are left", func() bool { return p.isTrue(`/0:[01]\d left|expired/i.test(document.body.innerText)`) })
	p.waitUntil("less than ten seconds are left", func() bool { return p.isTrue(`/0:0\d left|expired/i.test(document.body.innerText)`) })
	p.waitText("Your wristband expired at ")
}

// TestToken_silentRefresh lets many requests meet an expired access token at once: one
// refresh, everything is answered, and the notebook shows it.
func TestToken_silentRefresh(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_ACCESS_TOKEN_TTL=15s").newTab(t)
	guest.openAs("alice", "Menu")
	guest.click(size("large", "Margherita"))
	refresh, letGo := hold("POST /api/v1/auth/refresh")
	guest.intercept(refresh)
	guest.waitUntilAboutToExpire()
	before := guest.sent("POST /api/v1/auth/refresh")
	guest.click(button("Try to enter the lounge"))
	guest.expectStatus(403)
	guest.click(button("Order"))
	letGo()
	guest.find(link("Order 1").within(region("Basket")))
	if n := guest.sent("POST /api/v1/auth/refresh") - before; n != 1 {
		t.Errorf("%d refreshes", n)
	}
	guest.goTo("Notebook")
	guest.find(article("Entry *: POST /api/v1/auth/refresh, 200"))
	guest.waitText("by itself: the wristband was about to expire")
	guest.checkAccessibility("notebook, refreshed by itself")
}

// waitUntilAboutToExpire waits until the next request has to refresh the access token.
func (p *tab) waitUntilAboutToExpire() {
	p.t.Helper()
	p.waitUntil("the access token is about to expire", func() bool { return p.hasText("0:02 left") || p.hasText("0:01 left") || p.hasText("expired") })
}

// TestToken_refusedAsExpired is for clocks that differ: the page took the
// access token for valid, and the server did not.
func TestToken_refusedAsExpired(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.openAs("alice", "Menu")
	guest.click(size("large", "Margherita"))
	expired := refuse("POST /api/v1/orders", 401, "token-expired", "Your wristband has expired", "Log in again.")
	once := rule{expired.request, func(p *tab, e *fetch.EventRequestPaused) {
		p.seen.mu.Lock()
		p.seen.rules = nil
		p.seen.mu.Unlock()
		expired.handle(p, e)
	}}
	guest.intercept(once)
	guest.click(button("Order"))
	guest.find(link("Order 1").within(region("Basket")))
	guest.goTo("Notebook")
	guest.find(article("Entry *: POST /api/v1/orders, 401 refused"))
	guest.find(article("Entry *: POST /api/v1/auth/refresh, 200"))
	guest.find(article("Entry *: POST /api/v1/orders, 201"))
}

// TestToken_twoTabsRefreshInTurn holds the first refresh on its way. The other
// tab must not send the same refresh token: used twice, it would end the login session.
func TestToken_twoTabsRefreshInTurn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		seat func(*server, testing.TB) *tab
		lock bool
	}{
		{"with Web Locks", (*server).newTab, true},
		{"without, on an origin that is not secure", (*server).newInsecureTab, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			one := tc.seat(startServer(t, "RESTAURANT_ACCESS_TOKEN_TTL=15s"), t)
			one.openAs("alice", "Menu")
			two := one.newTabOfSameUser()
			two.open("/#/menu")
			two.waitText("alice, guest", " left")
			if locks := eval[bool](one, `!!navigator.locks`); locks != tc.lock {
				t.Fatalf("Web Locks: %v", locks)
			}
			const refresh = "POST /api/v1/auth/refresh"
			first, second := one.sent(refresh), two.sent(refresh)
			gate, goOn := hold(refresh)
			one.intercept(gate)
			one.waitUntilAboutToExpire()
			one.goTo("My logins")
			one.waitUntil("the first tab refreshes its token", func() bool { return one.sent(refresh) == first+1 })
			two.waitUntil("the second needs one, too", func() bool { return two.hasText("expired") })
			two.goTo("My logins")
			two.waitForPaint()
			two.waitForPaint()
			if n := two.sent(refresh); n != second {
				t.Errorf("the second tab did not wait: %d refreshes", n-second)
			}
			goOn()
			one.find(button("End this one: *"))
			two.find(button("End this one: *"))
			if n := two.sent(refresh) - second; n > 1 {
				t.Errorf("the second tab asked %d times", n)
			}
			for _, p := range []*tab{one, two} {
				p.find(button("Log out"))
			}
		})
	}
}

// TestToken_logoutInAnotherTab logs the first tab out, too.
func TestToken_logoutInAnotherTab(t *testing.T) {
	t.Parallel()
	one := startServer(t).newTab(t)
	one.openAs("alice", "Menu")
	two := one.newTabOfSameUser()
	two.open("/#/menu")
	two.waitText("alice, guest", " left", "Margherita")
	two.click(button("Log out"))
	one.find(link("Log in"))
	one.waitText("You logged out in another tab.")
	two.logIn("vera")
	one.waitUntil("the first tab belongs to vera, too", func() bool { return one.hasText("vera") })
}

// TestToken_isInNoAddress keeps tokens out of the address and out of titles.
func TestToken_isInNoAddress(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.openAs("alice", "My orders")
	guest.goTo("Token")
	guest.waitText("Valid for")
	guest.seen.mu.Lock()
	urls := slices.Collect(maps.Values(guest.seen.urls))
	guest.seen.mu.Unlock() // its events wait for this lock, also the answer to the next command
	for _, url := range urls {
		if strings.Contains(url, "eyJ") {
			t.Errorf("a token in an address: %s", url)
		}
	}
	if at, _ := chromedp.Run(guest.ctx, chromedp.Evaluate[string](`location.href + document.title`)); strings.Contains(at, "eyJ") {
		t.Errorf("a token in %s", at)
	}
}
