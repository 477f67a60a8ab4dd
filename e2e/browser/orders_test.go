package browser

import (
	"fmt"
	"net/http"
	"testing"
)

// TestOrders_list follows two orders live; one is cancelled and one is too late for that.
func TestOrders_list(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest := s.newTab(t)
	guest.expectStatus(401, 409)
	guest.open("/#/orders")
	guest.waitText("You have no wristband")
	guest.checkAccessibility("my orders, nobody")
	guest.click(button("Ask without one"))
	guest.waitText("401")
	guest.checkAccessibility("my orders, refused")

	guest.logIn("alice")
	guest.waitText("No orders yet")
	guest.checkAccessibility("my orders, empty")

	alice, carla := s.Login("alice"), s.Login("carla")
	first, second := s.placeOrder(alice), s.placeOrder(alice)
	guest.reload()
	guest.find(article(fmt.Sprintf("Order %d", first)))
	guest.waitText("live")
	guest.checkAccessibility("my orders, live")
	guest.checkWidths("orders")

	guest.click(button(fmt.Sprintf("Cancel order %d", second)))
	guest.waitText(fmt.Sprintf("Order %d is cancelled.", second))
	s.advance(carla, first, "preparing")
	guest.waitText("Too late: the kitchen has started (409).")
	guest.checkAccessibility("my orders, one cancelled and one too late")
	s.advance(carla, first, "ready")
	s.advance(carla, first, "served")
	guest.waitUntil("served", func() bool { return guest.isServed(fmt.Sprintf("Order %d", first)) })
}

// advance moves an order as a chef beside the browser would.
func (s *server) advance(chef string, order int64, status string) {
	s.t.Helper()
	s.mustCall("PATCH", fmt.Sprintf("/api/v1/kitchen/orders/%d", order), chef, fmt.Sprintf(`{"status":%q}`, status), nil)
}

// TestOrders_cancelTooLate presses the button in the moment in which the kitchen
// begins: the page cannot know yet.
func TestOrders_cancelTooLate(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest := s.newTab(t)
	guest.expectStatus(409)
	order := s.placeOrder(s.Login("alice"))
	stream, _ := hold(fmt.Sprintf("GET /api/v1/orders/%d/events", order)) // no step comes, and nothing else is asked instead
	guest.intercept(stream)
	guest.openAs("alice", "My orders")
	guest.find(button(fmt.Sprintf("Cancel order %d", order)))
	s.advance(s.Login("carla"), order, "preparing")
	guest.click(button(fmt.Sprintf("Cancel order %d", order)))
	guest.waitText("409")
	guest.checkAccessibility("my orders, too late")
}

// TestOrders_loadingAndRefused says what the page waits for, and what went wrong.
func TestOrders_loadingAndRefused(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	s.placeOrder(s.Login("alice"))
	guest := s.newTab(t)
	guest.expectStatus(503)
	orders, arrive := hold("GET /api/v1/orders")
	guest.intercept(orders)
	guest.openAs("alice", "My orders")
	guest.waitText("Reading your orders")
	guest.checkAccessibility("my orders, loading")
	arrive()
	guest.find(article("Order 1"))

	guest.intercept(refuse("GET /api/v1/orders*", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.goTo("Menu")
	guest.goTo("My orders")
	guest.waitText("503", "The order book cannot be reached")
	guest.checkAccessibility("my orders, in trouble")
	guest.intercept()
	guest.click(button("Try again"))
	guest.find(article("Order 1"))
}

// TestOrders_streamResumes cuts the network under an open stream. What happened
// meanwhile is there when it is back, and was asked for with Last-Event-ID.
func TestOrders_streamResumes(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	guest := s.newTab(t)
	guest.expectStatus(notDelivered)
	alice, carla := s.Login("alice"), s.Login("carla")
	order := s.placeOrder(alice)
	s.advance(carla, order, "preparing")
	guest.openAs("alice", "My orders")
	guest.waitText("live")
	guest.waitUntil("preparing is known", func() bool { return guest.step("Order 1") == "preparing" })

	guest.disconnect(true)
	guest.waitText("paused")
	guest.find(article("Order 1"))
	guest.checkAccessibility("my orders, offline")
	s.advance(carla, order, "ready")
	guest.disconnect(false)
	guest.waitUntil("ready is known", func() bool { return guest.step("Order 1") == "ready" })
	guest.waitText("live")
	if resumed := guest.header(fmt.Sprintf("GET /api/v1/orders/%d/events", order), "Last-Event-ID"); resumed == "" {
		t.Error("the stream was not resumed with Last-Event-ID")
	}
	s.advance(carla, order, "served")
	guest.waitUntil("served", func() bool { return guest.isServed("Order 1") })
}

// step is the state that the article of an order shows.
func (p *tab) step(order string) string {
	all := p.all(article(order))
	if len(all) == 0 {
		return ""
	}
	return callOn[string](p, all[0].BackendDOMNodeID, `function() { return this.querySelector('[aria-current=step] .track__name')?.textContent ?? '' }`)
}

// TestOrders_pollsWithoutStream falls back to asking every five seconds, and says so.
func TestOrders_pollsWithoutStream(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	order := s.placeOrder(s.Login("alice"))
	guest := s.newTab(t)
	guest.expectStatus(http.StatusServiceUnavailable)
	guest.intercept(refuse(fmt.Sprintf("GET /api/v1/orders/%d/events", order), 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	guest.openAs("alice", "My orders")
	guest.waitText("the stream failed three times: asked every 5 seconds")
	guest.checkAccessibility("my orders, asked")
	s.advance(s.Login("carla"), order, "preparing")
	guest.waitUntil("preparing is known", func() bool { return guest.step("Order 1") == "preparing" })
}

// TestOrders_serverRestarts kills the server under an open page.
func TestOrders_serverRestarts(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	order := s.placeOrder(s.Login("alice"))
	guest := s.newTab(t)
	guest.expectStatus(notDelivered)
	guest.openAs("alice", "My orders")
	guest.waitText("live")
	s.Kill()
	guest.waitText("No connection to the restaurant")
	guest.find(article("Order 1"))
	guest.find(button("Try now"))
	guest.checkAccessibility("my orders, closed house")
	s.restart()
	s.advance(s.Login("carla"), order, "preparing")
	guest.waitGone(button("Try now"))
	guest.waitUntil("preparing is known", func() bool { return guest.step("Order 1") == "preparing" })
}

// TestOrders_timesOfAllSteps shows when each step was, also of an order that was served before
// the page was opened.
func TestOrders_timesOfAllSteps(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	alice, carla := s.Login("alice"), s.Login("carla")
	for range 2 {
		order := s.placeOrder(alice)
		for _, status := range []string{"preparing", "ready", "served"} {
			s.advance(carla, order, status)
		}
	}
	s.placeOrder(alice)
	s.advance(carla, 3, "preparing")
	guest := s.newTab(t)
	guest.openAs("alice", "My orders")
	guest.waitUntil("all times are there", func() bool {
		return guest.isTrue(`[...document.querySelectorAll('.track small')].map(e => /^\d\d:\d\d:\d\d$/.test(e.textContent) ? 1 : 0).join('') === '110011111111'`)
	})
	if n := guest.sent("GET /api/v1/orders/1/events"); n != 1 {
		t.Errorf("the steps of order 1 were asked for %d times", n)
	}
}

// TestOrders_chosenBeforeTheListCame: an order that the address names comes by itself, and
// with the list. It is there once.
func TestOrders_chosenBeforeTheListCame(t *testing.T) {
	t.Parallel()
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	s.placeOrder(s.Login("alice"))
	s.placeOrder(s.Login("alice"))
	guest := s.newTab(t)
	list, listArrives := hold("GET /api/v1/orders")
	one, oneArrives := hold("GET /api/v1/orders/1")
	guest.intercept(list, one)
	guest.openAs("alice", "My orders")
	guest.waitText("Reading your orders")
	guest.open("/#/orders/1")
	guest.waitUntil("it is asked for", func() bool { return guest.sent("GET /api/v1/orders/1") == 1 })
	listArrives()
	guest.find(article("Order 2"))
	oneArrives()
	guest.waitUntil("it is chosen", func() bool {
		return guest.isTrue(`document.querySelector('.order--chosen h2')?.textContent === 'Order 1'`)
	})
	if n := len(guest.all(article("Order 1"))); n != 1 {
		t.Errorf("the order is there %d times", n)
	}
}
