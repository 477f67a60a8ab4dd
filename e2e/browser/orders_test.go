package e2e

import (
	"fmt"
	"net/http"
	"testing"
)

func TestMyOrders(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.provokes(401, 409)
	guest.opens("/#/orders")
	guest.sees("You wear no wristband")
	guest.everyone("my orders, nobody")
	guest.clicks(button("Ask without one"))
	guest.sees("401")
	guest.everyone("my orders, refused")

	guest.logsIn("alice")
	guest.sees("No orders yet")
	guest.everyone("my orders, empty")

	alice, carla := h.token("alice"), h.token("carla")
	first, second := h.orders(alice), h.orders(alice)
	guest.reloads()
	guest.finds(article(fmt.Sprintf("Order %d", first)))
	guest.sees("live")
	guest.everyone("my orders, live")
	guest.looks("orders")

	guest.clicks(button(fmt.Sprintf("Cancel order %d", second)))
	guest.sees(fmt.Sprintf("Order %d is cancelled.", second))
	h.advance(carla, first, "preparing")
	guest.sees("Too late: the kitchen is at it (409).")
	guest.everyone("my orders, one cancelled and one too late")
	h.advance(carla, first, "ready")
	h.advance(carla, first, "served")
	guest.until("served", func() bool { return guest.served(fmt.Sprintf("Order %d", first)) })
}

// advance moves an order as a chef beside the browser would.
func (h *house) advance(chef string, order int64, status string) {
	h.t.Helper()
	h.must("PATCH", fmt.Sprintf("/api/v1/kitchen/orders/%d", order), chef, fmt.Sprintf(`{"status":%q}`, status), nil)
}

// TestTooLateToCancel presses the button in the moment in which the kitchen
// begins: the page cannot know yet.
func TestTooLateToCancel(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.provokes(409)
	order := h.orders(h.token("alice"))
	guest.sends(lost(fmt.Sprintf("GET /api/v1/orders/%d/events", order)))
	guest.provokes(notDelivered)
	guest.arrives("alice", "My orders")
	guest.finds(button(fmt.Sprintf("Cancel order %d", order)))
	h.advance(h.token("carla"), order, "preparing")
	guest.clicks(button(fmt.Sprintf("Cancel order %d", order)))
	guest.sees("409")
	guest.everyone("my orders, too late")
}

func TestOrdersWhileTheyLoadAndInTrouble(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	h.orders(h.token("alice"))
	guest := h.seat(t)
	guest.provokes(503)
	orders, arrive := held("GET /api/v1/orders")
	guest.sends(orders)
	guest.arrives("alice", "My orders")
	guest.sees("Reading your orders")
	guest.everyone("my orders, loading")
	arrive()
	guest.finds(article("Order 1"))

	guest.sends(refused("GET /api/v1/orders*", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.goes("Menu")
	guest.goes("My orders")
	guest.sees("503", "The order book cannot be reached")
	guest.everyone("my orders, in trouble")
	guest.sends()
	guest.clicks(button("Try again"))
	guest.finds(article("Order 1"))
}

// TestAStreamIsResumed cuts the network under an open stream. What happened
// meanwhile is there when it is back, and was asked for with Last-Event-ID.
func TestAStreamIsResumed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.provokes(notDelivered)
	alice, carla := h.token("alice"), h.token("carla")
	order := h.orders(alice)
	h.advance(carla, order, "preparing")
	guest.arrives("alice", "My orders")
	guest.sees("live")
	guest.until("preparing is known", func() bool { return guest.step("Order 1") == "preparing" })

	guest.disconnect(true)
	guest.sees("paused")
	guest.finds(article("Order 1"))
	guest.everyone("my orders, offline")
	h.advance(carla, order, "ready")
	guest.disconnect(false)
	guest.until("ready is known", func() bool { return guest.step("Order 1") == "ready" })
	guest.sees("live")
	if resumed := guest.header(fmt.Sprintf("GET /api/v1/orders/%d/events", order), "Last-Event-ID"); resumed == "" {
		t.Error("the stream was not resumed with Last-Event-ID")
	}
	h.advance(carla, order, "served")
	guest.until("served", func() bool { return guest.served("Order 1") })
}

// step is the state that the article of an order shows.
func (p *tab) step(order string) string {
	all := p.all(article(order))
	if len(all) == 0 {
		return ""
	}
	return callOn[string](p, all[0].BackendDOMNodeID, `function() { return this.querySelector('[aria-current=step] .track__name')?.textContent ?? '' }`)
}

// TestAStreamThatNeverWorks falls back to asking every five seconds, and says so.
func TestAStreamThatNeverWorks(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	order := h.orders(h.token("alice"))
	guest := h.seat(t)
	guest.provokes(http.StatusServiceUnavailable)
	guest.sends(refused(fmt.Sprintf("GET /api/v1/orders/%d/events", order), 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.arrives("alice", "My orders")
	guest.sees("the stream failed three times: asked every 5 seconds")
	guest.everyone("my orders, asked")
	h.advance(h.token("carla"), order, "preparing")
	guest.until("preparing is known", func() bool { return guest.step("Order 1") == "preparing" })
}

// TestTheHouseClosesAndOpens pulls the plug of the house itself.
func TestTheHouseClosesAndOpens(t *testing.T) {
	t.Parallel()
	h := openHouse(t, "KITCHEN=manual")
	order := h.orders(h.token("alice"))
	guest := h.seat(t)
	guest.provokes(notDelivered)
	guest.arrives("alice", "My orders")
	guest.sees("live")
	h.close()
	guest.sees("No connection to the restaurant")
	guest.finds(article("Order 1"))
	guest.finds(button("Try now"))
	guest.everyone("my orders, closed house")
	h.open()
	h.advance(h.token("carla"), order, "preparing")
	guest.misses(button("Try now"))
	guest.until("preparing is known", func() bool { return guest.step("Order 1") == "preparing" })
}
