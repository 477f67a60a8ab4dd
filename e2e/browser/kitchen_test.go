package browser

import (
	"testing"
)

// TestKitchen_isForChefs shows a reader without a chef's access token why there is no board.
func TestKitchen_isForChefs(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401, 403)
	guest.open("/#/kitchen")
	guest.find(heading("Kitchen pass"))
	guest.waitText("You have no wristband")
	guest.checkAccessibility("kitchen, nobody")
	guest.click(button("Ask without one"))
	guest.waitText("401")
	guest.checkAccessibility("kitchen, refused")
	guest.logIn("alice")
	guest.waitText("403", "Your wristband says role: guest.")
	guest.checkAccessibility("kitchen, guest")
}

// TestKitchen_movesOrdersByHand takes an order through all its steps and cancels another.
func TestKitchen_movesOrdersByHand(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	chef := s.newTab(t)
	chef.expectStatus(409)
	gate, opens := hold("GET /api/v1/kitchen/orders")
	chef.intercept(gate)
	chef.openAs("carla", "Kitchen")
	chef.waitText("Looking into the kitchen")
	chef.checkAccessibility("kitchen, loading")
	opens()
	chef.waitText("All quiet")
	chef.checkAccessibility("kitchen, empty")
	chef.intercept()

	alice := s.Login("alice")
	order := s.placeOrder(alice)
	s.placeOrder(alice)
	chef.find(button("Start cooking order 1"))
	chef.checkAccessibility("kitchen")
	chef.checkWidths("kitchen")
	chef.click(button("Serve order 1 at once"))
	chef.waitText("409")
	chef.checkAccessibility("kitchen, one step at a time")
	chef.click(button("Start cooking order 1"))
	chef.click(button("Order 1 is ready"))
	chef.click(button("Serve order 1"))
	chef.waitGone(article("Order 1, *"))
	chef.click(button("Cancel order 2"))
	chef.waitText("All quiet")
	var served struct{ Status string }
	s.mustCall("GET", "/api/v1/orders/1", alice, "", &served)
	if served.Status != "served" {
		t.Errorf("order %d is %s", order, served.Status)
	}
}

// TestKitchen_letMeCook: a chef takes over from the automatic kitchen, and gives back.
func TestKitchen_letMeCook(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN_PACE=20ms")
	chef := s.newTab(t)
	chef.openAs("carla", "Kitchen")
	letMeCook := element{role: "switch", name: "Let me cook"}
	chef.find(letMeCook)
	chef.waitText("The kitchen cooks by itself, a step every 0.02 s.")
	chef.checkAccessibility("kitchen, automatic")
	chef.checkWidths("kitchen, automatic")
	chef.click(letMeCook)
	chef.waitText("You cook now: no order moves without you.", "The orders wait for you.")
	alice := s.Login("alice")
	s.placeOrder(alice)
	chef.click(button("Start cooking order 1"))
	chef.find(button("Order 1 is ready"))
	chef.checkAccessibility("kitchen, a chef cooks")
	chef.reload()
	chef.waitText("The orders wait for you.")

	manager := s.newTab(t)
	manager.openAs("marco", "Office")
	manager.waitText("A chef cooks. 0 placed, 1 preparing, 0 ready.")
	chef.click(letMeCook)
	chef.waitText("The kitchen cooks by itself again.")
	chef.waitGone(article("Order 1, *"))
	manager.click(button("Look again"))
	manager.waitText("The kitchen cooks by itself. No order is open.")
	manager.checkAccessibility("office, the kitchen")
}

// TestKitchen_modeRefused: the switch stays as it is in the kitchen.
func TestKitchen_modeRefused(t *testing.T) {
	t.Parallel()
	chef := startServer(t).newTab(t)
	chef.expectStatus(503)
	chef.openAs("carla", "Kitchen")
	letMeCook := element{role: "switch", name: "Let me cook"}
	chef.find(letMeCook)
	chef.intercept(refuse("PUT /api/v1/kitchen/mode", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	chef.click(letMeCook)
	chef.waitText("503")
	if !chef.isTrue(`!document.querySelector('[role=switch]').checked`) {
		t.Error("the switch says what is not so")
	}
}

// TestKitchen_keepsTheFocus keeps the focus at the ticket that moves.
func TestKitchen_keepsTheFocus(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	s.placeOrder(s.Login("alice"))
	s.placeOrder(s.Login("alice"))
	chef := s.newTab(t)
	chef.openAs("carla", "Kitchen")
	chef.find(button("Start cooking order 1"))
	chef.tabTo(button("Start cooking order 1"))
	for _, next := range []string{"Order 1 is ready", "Serve order 1"} {
		chef.pressKey("Enter")
		chef.waitUntil("the focus stays at the ticket: "+next, func() bool { return chef.focused() == button(next) })
	}
	chef.pressKey("Enter")
	chef.waitGone(article("Order 1, *"))
	chef.waitUntil("the focus is somewhere", func() bool { return chef.focused().role != "RootWebArea" })
}

// TestKitchen_offline switches the buttons off without a connection, and on again with it.
func TestKitchen_offline(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	s.placeOrder(s.Login("alice"))
	chef := s.newTab(t)
	chef.expectStatus(notDelivered)
	chef.openAs("carla", "Kitchen")
	chef.find(button("Start cooking order 1"))
	chef.disconnect(true)
	chef.waitText("No connection to the restaurant")
	chef.waitUntil("the buttons are off", func() bool {
		all := chef.all(button("Start cooking order 1"))
		return len(all) > 0 && property(all[0], "disabled") == "true"
	})
	chef.checkAccessibility("kitchen, offline")
	chef.disconnect(false)
	chef.click(button("Start cooking order 1"))
	chef.find(button("Order 1 is ready"))
}

// TestKitchen_refused shows why the board cannot be read, and tries again.
func TestKitchen_refused(t *testing.T) {
	t.Parallel()
	chef := startServer(t).newTab(t)
	chef.expectStatus(503)
	chef.intercept(refuse("GET /api/v1/kitchen/orders", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	chef.openAs("carla", "Kitchen")
	chef.waitText("503")
	chef.checkAccessibility("kitchen, in trouble")
	chef.intercept()
	chef.click(button("Try again"))
	chef.waitText("All quiet")
}

// TestKitchen_keepsTheBoardAfterExpiry keeps the board on the screen.
func TestKitchen_keepsTheBoardAfterExpiry(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual", "RESTAURANT_ACCESS_TOKEN_TTL=30s")
	s.placeOrder(s.Login("alice"))
	chef := s.newTab(t)
	chef.expectStatus(401)
	chef.open("/#/token")
	chef.click(checkbox("Get a new one automatically*"))
	chef.logIn("carla")
	chef.goTo("Kitchen")
	chef.find(button("Start cooking order 1"))
	chef.waitUntilExpired()
	chef.find(article("Order 1, placed"))
	chef.checkAccessibility("kitchen, expired")
	chef.click(button("Get a new one with the voucher"))
	chef.click(button("Start cooking order 1"))
	chef.find(button("Order 1 is ready"))
}
