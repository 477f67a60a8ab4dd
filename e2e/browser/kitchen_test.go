package e2e

import (
	"testing"
)

func TestTheKitchenIsForChefs(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401, 403)
	guest.opens("/#/kitchen")
	guest.finds(heading("Kitchen pass"))
	guest.sees("You wear no wristband")
	guest.everyone("kitchen, nobody")
	guest.clicks(button("Ask without one"))
	guest.sees("401")
	guest.everyone("kitchen, refused")
	guest.logsIn("alice")
	guest.sees("403", "Your wristband says role: guest.")
	guest.everyone("kitchen, guest")
}

func TestKitchenByHand(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	chef := h.seat(t)
	chef.provokes(409)
	gate, opens := held("GET /api/v1/kitchen/orders")
	chef.sends(gate)
	chef.arrives("carla", "Kitchen")
	chef.sees("Looking at the pass")
	chef.everyone("kitchen, loading")
	opens()
	chef.sees("All quiet")
	chef.everyone("kitchen, empty")
	chef.sends()

	alice := h.token("alice")
	order := h.orders(alice)
	h.orders(alice)
	chef.finds(button("Start cooking order 1"))
	chef.everyone("kitchen")
	chef.looks("kitchen")
	chef.clicks(button("Serve order 1 at once"))
	chef.sees("409")
	chef.everyone("kitchen, one step at a time")
	chef.clicks(button("Start cooking order 1"))
	chef.clicks(button("Order 1 is ready"))
	chef.clicks(button("Serve order 1"))
	chef.misses(article("Order 1, *"))
	chef.clicks(button("Cancel order 2"))
	chef.sees("All quiet")
	var served struct{ Status string }
	h.must("GET", "/api/v1/orders/1", alice, "", &served)
	if served.Status != "served" {
		t.Errorf("order %d is %s", order, served.Status)
	}
}

// TestKitchenByKeyboard keeps the focus at the ticket that moves.
func TestKitchenByKeyboard(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	h.orders(h.token("alice"))
	h.orders(h.token("alice"))
	chef := h.seat(t)
	chef.arrives("carla", "Kitchen")
	chef.finds(button("Start cooking order 1"))
	chef.tabsTo(button("Start cooking order 1"))
	for _, next := range []string{"Order 1 is ready", "Serve order 1"} {
		chef.presses("Enter")
		chef.until("the focus stays at the ticket: "+next, func() bool { return chef.focused() == button(next) })
	}
	chef.presses("Enter")
	chef.misses(article("Order 1, *"))
	chef.until("the focus is somewhere", func() bool { return chef.focused().role != "RootWebArea" })
}

func TestKitchenWithoutAConnection(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	h.orders(h.token("alice"))
	chef := h.seat(t)
	chef.provokes(notDelivered)
	chef.arrives("carla", "Kitchen")
	chef.finds(button("Start cooking order 1"))
	chef.disconnect(true)
	chef.sees("No connection to the restaurant")
	chef.until("the buttons are off", func() bool {
		all := chef.all(button("Start cooking order 1"))
		return len(all) > 0 && property(all[0], "disabled") == "true"
	})
	chef.everyone("kitchen, offline")
	chef.disconnect(false)
	chef.clicks(button("Start cooking order 1"))
	chef.finds(button("Order 1 is ready"))
}

func TestKitchenInTrouble(t *testing.T) {
	t.Parallel()
	chef := openHouse(t).seat(t)
	chef.provokes(503)
	chef.sends(refused("GET /api/v1/kitchen/orders", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	chef.arrives("carla", "Kitchen")
	chef.sees("503")
	chef.everyone("kitchen, in trouble")
	chef.sends()
	chef.clicks(button("Try again"))
	chef.sees("All quiet")
}

// TestTheKitchenWhenAWristbandExpires keeps the board on the screen.
func TestTheKitchenWhenAWristbandExpires(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual", "ACCESS_TOKEN_TTL=5s")
	h.orders(h.token("alice"))
	chef := h.seat(t)
	chef.provokes(401)
	chef.opens("/#/token")
	chef.clicks(checkbox("Renew it by itself*"))
	chef.logsIn("carla")
	chef.goes("Kitchen")
	chef.finds(button("Start cooking order 1"))
	chef.sees("Your wristband expired at ")
	chef.finds(article("Order 1, placed"))
	chef.everyone("kitchen, expired")
	chef.clicks(button("Get a new one with the voucher"))
	chef.clicks(button("Start cooking order 1"))
	chef.finds(button("Order 1 is ready"))
}
