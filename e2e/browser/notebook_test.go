package browser

import "testing"

// TestNotebook_entries shows each request with its response, and as a command for each shell.
func TestNotebook_entries(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/notebook")
	guest.find(heading("Waiter’s notebook"))
	guest.waitText("No requests yet")
	guest.checkAccessibility("notebook, empty")

	guest.logIn("alice")
	first := guest.find(article("Entry 1: POST /api/v1/auth/login, 200"))
	guest.tryClick(guest.all(element{role: "DisclosureTriangle", name: "*"}.within(article(text(first.Name))))[0])
	guest.waitText("POST /api/v1/auth/login HTTP/1.1", "alice-likes-pizza", "HTTP/1.1 200 OK", "SQL statement")
	guest.waitText("No script can see that (HttpOnly)")
	guest.checkAccessibility("notebook, an entry")
	guest.checkWidths("notebook")

	guest.click(element{role: "tab", name: "sh"})
	guest.pressKey("Right")
	if at := guest.focused(); at.name != "cmd" {
		t.Errorf("from sh an arrow key leads to %s", at)
	}
	guest.pressKey("Right")
	guest.waitText("curl.exe ")
	guest.pressKey("Right")
	guest.waitText("### Entry 1")
	guest.checkAccessibility("notebook, as .http")
}

// TestNotebook_replay sends a request again, with its idempotency key, and without the token.
func TestNotebook_replay(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.openAs("alice", "Menu")
	guest.order(size("large", "Margherita"))
	guest.goTo("Notebook")
	order := article("Entry *: POST /api/v1/orders, 201")
	guest.click(element{role: "DisclosureTriangle", name: "*"}.within(order))
	guest.click(button("Replay").within(order))
	guest.find(article("Entry *: POST /api/v1/orders, 201"))
	guest.waitText("201, see entry")
	var orders struct{ Items []struct{ ID int64 } }
	s := guest.server
	s.mustCall("GET", "/api/v1/orders", s.Login("alice"), "", &orders)
	if len(orders.Items) != 1 {
		t.Errorf("an order that was sent twice with one key was taken %d times", len(orders.Items))
	}
	guest.click(element{role: "button", name: "Replay without the wristband"})
	guest.find(article("Entry *: POST /api/v1/orders, 401 refused"))
	guest.checkAccessibility("notebook, replayed")
}

// TestNotebook_offline lists a request that was not delivered.
func TestNotebook_offline(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(notDelivered)
	guest.open("/#/menu")
	guest.waitText("Margherita")
	guest.goTo("Notebook")
	guest.disconnect(true)
	guest.click(element{role: "DisclosureTriangle", name: "*"}.within(article("Entry 1: *")))
	guest.click(button("Replay"))
	guest.find(article("Entry 2: GET /api/v1/menu, not delivered"))
	guest.waitText("No connection to the restaurant")
	guest.checkAccessibility("notebook, offline")
	guest.disconnect(false)
	guest.waitGone(element{role: "StaticText", name: "No connection to the restaurant*"})
}

// TestNotebook_polls leaves out what the page asks again and again, unless asked for.
func TestNotebook_polls(t *testing.T) {
	t.Parallel()
	chef := startServer(t).newTab(t)
	chef.openAs("carla", "Kitchen")
	chef.waitUntil("the board has asked again", func() bool { return chef.sent("GET /api/v1/kitchen/orders") > 1 })
	chef.goTo("Notebook")
	chef.find(article("Entry *: GET /api/v1/kitchen/mode, 200"))
	if chef.hasText("the board asks again by itself") {
		t.Error("a poll is shown")
	}
	chef.click(checkbox("Also what the page asks again by itself (polls)"))
	chef.waitText("the board asks again by itself")
	chef.checkAccessibility("notebook with polls")
	chef.click(checkbox("Also what the page asks again by itself (polls)"))
	chef.waitGone(element{role: "StaticText", name: "the board asks again by itself*"})
}
