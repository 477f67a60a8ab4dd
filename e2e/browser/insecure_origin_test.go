package browser

import "testing"

// TestInsecureOrigin_wholeVisit goes the whole way by a host name over plain
// HTTP, as in a class room: no crypto.subtle, no clipboard, no Web Locks, and the
// cookies come without Sec-Fetch-Site.
func TestInsecureOrigin_wholeVisit(t *testing.T) {
	t.Parallel()
	guest := startServer(t, "RESTAURANT_KITCHEN_PACE=1s").newInsecureTab(t)
	guest.expectStatus(401)
	guest.open("/")
	guest.find(size("large", "Margherita"))
	for _, missing := range []string{"isSecureContext", "crypto.subtle", "crypto.randomUUID", "navigator.clipboard", "navigator.locks"} {
		if !guest.isTrue("!(" + missing + ")") {
			t.Errorf("%s is there: this origin is trusted, so the test shows nothing", missing)
		}
	}
	guest.logIn("alice")
	number := guest.order(size("large", "Margherita"))
	guest.checkAccessibility("strange origin, menu")
	guest.click(link("Order *").within(region("Basket")))
	guest.waitUntil("served", func() bool { return guest.isServed("Order " + number) })
	guest.goTo("Token")
	guest.waitText("Valid for ")
	eval[any](guest, `void (document.execCommand = () => false)`) // a browser that has no such command; see TestClass_copyWithoutClipboard
	guest.click(button("Copy"))
	guest.waitUntil("the text is selected, because it cannot be copied", func() bool {
		return guest.isTrue(`document.activeElement.localName === 'textarea' && document.activeElement.readOnly &&
			document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd).startsWith('eyJ')`)
	})
	guest.waitText("Ctrl C")
	guest.checkAccessibility("strange origin, token")
	guest.click(button("Change the claim"))
	guest.waitText("Wrong signature")
	guest.click(button("Send it to the server"))
	guest.waitText("401")
	guest.reload()
	guest.waitText("alice, guest", " left")
	guest.goTo("Notebook")
	guest.click(element{role: "DisclosureTriangle", name: "*"}.within(article("Entry *: POST /api/v1/auth/refresh, 200")))
	guest.waitText("http://" + insecureHost)
	guest.checkAccessibility("strange origin, notebook")
	guest.click(button("Log out"))
	guest.find(link("Log in"))
}

// TestToken_copy needs a clipboard, and the permission to use it.
func TestToken_copy(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.openAs("alice", "Token")
	guest.waitText("Valid for 14 min")
	guest.allowClipboard()
	guest.click(button("Copy"))
	guest.waitUntil("the token is on the clipboard", func() bool {
		return eval[bool](guest, `navigator.clipboard.readText().then(text => text === document.querySelector('#token').value && text.startsWith('eyJ'))`)
	})
}
