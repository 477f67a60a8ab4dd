package e2e

import "testing"

// TestAnOriginThatBrowsersDoNotTrust goes the whole way by a host name over plain
// HTTP, as in a class room: no crypto.subtle, no clipboard, no Web Locks, and the
// cookies come without Sec-Fetch-Site.
func TestAnOriginThatBrowsersDoNotTrust(t *testing.T) {
	t.Parallel()
	guest := openHouse(t, "KITCHEN_PACE=1s").strangeSeat(t)
	guest.provokes(401)
	guest.opens("/")
	guest.finds(size("large", "Margherita"))
	for _, missing := range []string{"isSecureContext", "crypto.subtle", "crypto.randomUUID", "navigator.clipboard", "navigator.locks"} {
		if !guest.holds("!(" + missing + ")") {
			t.Errorf("%s is there: this origin is trusted, so the test shows nothing", missing)
		}
	}
	guest.logsIn("alice")
	number := guest.ordersDish(size("large", "Margherita"))
	guest.everyone("strange origin, menu")
	guest.clicks(link("Watch order *"))
	guest.until("served", func() bool { return guest.served("Order " + number) })
	guest.goes("Token")
	guest.sees("Valid for 14 min")
	guest.clicks(button("Copy"))
	guest.until("the text is selected, because it cannot be copied", func() bool {
		return guest.holds(`document.activeElement.localName === 'textarea' && document.activeElement.readOnly &&
			document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd).startsWith('eyJ')`)
	})
	guest.sees("Ctrl C")
	guest.everyone("strange origin, token")
	guest.clicks(button("Change the claim"))
	guest.sees("Bad stamp")
	guest.clicks(button("Show it to the door"))
	guest.sees("401")
	guest.reloads()
	guest.sees("alice, guest", " left")
	guest.goes("Notebook")
	guest.clicks(thing{role: "DisclosureTriangle", name: "*"}.within(article("Entry *: POST /api/v1/auth/refresh, 200")))
	guest.sees("http://" + strangeHost)
	guest.everyone("strange origin, notebook")
	guest.clicks(button("Log out"))
	guest.finds(link("Log in"))
}

// TestCopying needs a clipboard, and the permission to use it.
func TestCopying(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.arrives("alice", "Token")
	guest.sees("Valid for 14 min")
	guest.mayCopy()
	guest.clicks(button("Copy"))
	guest.until("the token is on the clipboard", func() bool {
		return eval[bool](guest, `navigator.clipboard.readText().then(text => text === document.querySelector('#token').value && text.startsWith('eyJ'))`)
	})
}
