package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

const (
	refreshCall = "POST /api/v1/auth/refresh"
	logoutCall  = "POST /api/v1/auth/logout"
)

// deleteCookie deletes a cookie of the server: "access" or "refresh".
func (p *tab) deleteCookie(which string) {
	p.t.Helper()
	call(p, network.DeleteCookies, network.DeleteCookiesParams{Name: p.cookieName(which), URL: p.origin + "/api/v1/auth"})
}

func (p *tab) cookieName(which string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`document.body.dataset[%s]`, quote(which+"Cookie")))
}

// isNobody waits until the page shows that nobody is logged in.
func (p *tab) isNobody() {
	p.t.Helper()
	p.find(link("Log in"))
	p.waitGone(button("Log out"))
}

// TestLostTokens_endedForGood lets go after whatever refusal of a refresh is final, and
// keeps the login when it is not.
func TestLostTokens_endedForGood(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, mode := range []string{"in memory", "in a cookie"} {
		guest := s.newTab(t)
		guest.expectStatus(400, 401, 403, 415, 503)
		guest.openAs("alice", "Menu", mode)

		guest.intercept(refuse(refreshCall, 503, "database-unavailable", "The order book cannot be reached", "Try again."))
		guest.reload()
		guest.waitUntil("a refresh that is put off", func() bool { return guest.sent(refreshCall) > 0 }) // the menu tries once more
		guest.find(button("Log out"))
		guest.intercept()
		guest.reload()
		guest.waitText("Alice, guest", " left")

		call(guest, network.ClearBrowserCookies, struct{}{})
		guest.reload()
		guest.isNobody()
		guest.waitText("Your login session has ended.")

		guest.logIn("alice", mode)
		call(guest, network.SetCookie, network.SetCookieParams{Name: guest.cookieName("refresh"), Value: "of-another-program", URL: guest.origin + "/", Path: "/api/v1/auth"})
		guest.reload()
		guest.isNobody()

		for status, slug := range map[int64]string{400: "malformed-json", 403: "cross-origin", 415: "unsupported-media-type"} {
			guest.logIn("alice", mode)
			guest.intercept(refuse(refreshCall, status, slug, "No", "Never."))
			guest.reload()
			guest.isNobody()
			guest.intercept()
		}
	}
}

// TestLostTokens_loggingOut works whatever the server says, and even if it says nothing.
func TestLostTokens_loggingOut(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, mode := range []string{"in memory", "in a cookie"} {
		guest := s.newTab(t)
		guest.expectStatus(400, 401, notDelivered)
		guest.openAs("alice", "Menu", mode)
		call(guest, network.ClearBrowserCookies, struct{}{})
		guest.click(button("Log out"))
		guest.isNobody()

		guest.logIn("alice", mode)
		guest.intercept(refuse(logoutCall, 400, "ambiguous-credentials", "Two wristbands at once", "Send one."))
		guest.click(button("Log out"))
		guest.isNobody()
		guest.intercept()

		before := s.countSessions("alice")
		guest.logIn("alice", mode)
		guest.disconnect(true)
		guest.click(button("Log out"))
		guest.isNobody()
		guest.waitText("The page tells the server when the connection is back.")
		guest.disconnect(false)
		guest.waitUntil("the login session has ended", func() bool { return s.countSessions("alice") == before })
		guest.reload()
		guest.isNobody()
	}
}

// countSessions counts the login sessions of a user beside the one that it opens to ask.
func (s *server) countSessions(username string) int {
	s.t.Helper()
	var list struct{ Items []struct{ Current bool } }
	token := s.Login(username)
	s.mustCall("GET", "/api/v1/auth/sessions", token, "", &list)
	s.mustCall("POST", "/api/v1/auth/logout", token, "", nil)
	return len(list.Items) - 1
}

// TestLostTokens_whoOneIs comes from the token: another login in the same browser has
// replaced the cookies.
func TestLostTokens_whoOneIs(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, tc := range []struct{ mode, cookie string }{
		{"in memory", `"refresh"`}, {"in memory", `true`}, {"in a cookie", `"refresh"`}, {"in a cookie", `true`},
	} {
		t.Run(tc.mode+", then "+tc.cookie, func(t *testing.T) {
			t.Parallel()
			guest := s.newTab(t)
			guest.openAs("vera", "My orders", tc.mode)
			guest.waitText("Vera, VIP guest")
			elsewhere := guest.newTabOfSameUser()
			elsewhere.open("/problems")
			if status := eval[int](elsewhere, `fetch('/api/v1/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' },
				body: '{"username":"alice","password":"alice-likes-pizza","cookie":`+tc.cookie+`}' }).then(answer => answer.status)`); status != 200 {
				t.Fatalf("the login elsewhere is answered %d", status)
			}
			if tc.mode == "in a cookie" && tc.cookie == "true" { // the cookie that the page uses is Alice's already
				eval[bool](guest, `dispatchEvent(new Event('focus'))`)
				guest.waitText("You are Alice now", "Alice, guest")
				guest.click(button("Close"))
			}
			guest.reload()
			guest.waitText("Alice, guest", " left")
			shown := eval[string](guest, `document.querySelector('.account__who').textContent`)
			if shown != "Alice, guest" {
				t.Errorf("the header says %q", shown)
			}
			guest.goTo("Menu")
			id := guest.order(size("large", "Margherita"))
			if status := s.Call("GET", "/api/v1/orders/"+id, s.Login("alice"), "", nil); status != 200 {
				t.Errorf("Alice gets %d for the order that was placed in her name", status)
			}
			guest.click(button("Try to enter the lounge"))
			guest.expectStatus(403)
			guest.waitText("vip: false")
		})
	}
}

// TestLostTokens_cookieIsGone orders in cookie mode after the browser has deleted the
// cookie of the access token: one refresh, and the order is taken.
func TestLostTokens_cookieIsGone(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.openAs("alice", "Menu", "in a cookie")
	guest.click(size("large", "Margherita"))
	guest.deleteCookie("access")
	guest.click(button("Order"))
	guest.find(link("Order 1").within(region("Basket")))
	if n := guest.sent(refreshCall); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	call(guest, network.ClearBrowserCookies, struct{}{}) // at once: the page still watches the order, and might refresh in between
	guest.goTo("My orders")
	guest.isNobody()
	if n := guest.sent(refreshCall); n != 2 {
		t.Errorf("without any cookie %d refreshes", n-1)
	}
}

// sleep lets the clock on the wall go on, as while a computer sleeps.
func (p *tab) sleep(d time.Duration) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`void (Date.now = (now => () => now() + %d)(Date.now))`, d.Milliseconds()))
}

// TestLostTokens_sleep wakes up a computer: its clock on the wall has gone on, and the
// one that only counts has stood still.
func TestLostTokens_sleep(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"in memory", "in a cookie"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			guest := startServer(t).newTab(t)
			guest.openAs("alice", "Menu", mode)
			guest.click(size("large", "Margherita"))
			guest.waitText("14:")
			guest.sleep(16 * time.Minute)
			guest.waitText("expired")
			guest.click(button("Order"))
			guest.find(link("Order 1").within(region("Basket")))
			if n := guest.sent(refreshCall); n != 1 {
				t.Errorf("%d refreshes", n)
			}
		})
	}
}
