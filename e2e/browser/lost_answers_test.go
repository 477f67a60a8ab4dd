package browser

import (
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// loseAnswer is a request that is delivered, and whose answer gets lost.
func loseAnswer(request string) rule {
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		if e.ResponseStatusCode == 0 {
			_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID, InterceptResponse: new(true)})
			return
		}
		_, _ = chromedp.Call(p.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonConnectionReset})
	}}
}

// orders is the number of orders that alice has.
func (s *server) orders() int {
	s.t.Helper()
	var list struct{ Items []struct{} }
	s.mustCall("GET", "/api/v1/orders", s.Login("alice"), "", &list)
	return len(list.Items)
}

// TestLostAnswer_ordersOnce loses the answer to an order, reloads the page, and orders
// again, also after another login: it is cooked once.
func TestLostAnswer_ordersOnce(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(notDelivered, 401)
	guest.openAs("alice", "Menu")
	guest.click(size("large", "Margherita"))
	guest.fill(textbox("Note for large Margherita"), "well done")
	guest.fill(textbox("Table (if you like)"), "7")
	guest.intercept(loseAnswer("POST /api/v1/orders"))
	guest.click(button("Order"))
	guest.waitText("No connection to the restaurant", "This order was sent, and no answer came.")
	guest.checkAccessibility("menu, an answer lost")
	guest.intercept()
	guest.reload()
	guest.waitText("This order was sent, and no answer came.")
	guest.click(button("Log out"))
	guest.click(button("Order"))
	guest.waitText("401")
	guest.logIn("alice")
	guest.click(button("Order"))
	guest.find(link("Order 1").within(region("Basket")))
	if n := s.orders(); n != 1 {
		t.Errorf("there are %d orders", n)
	}
	if number := guest.order(size("large", "Margherita")); number != "2" {
		t.Errorf("the next order is %s", number)
	}
	if n := s.orders(); n != 2 {
		t.Errorf("after the next one there are %d orders", n)
	}
}

// TestLostAnswer_anotherBasket changes the basket after the answer was lost. The guest
// learns that the first order had arrived, before there are two.
func TestLostAnswer_anotherBasket(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(notDelivered, 422)
	guest.openAs("alice", "Menu")
	guest.click(size("large", "Margherita"))
	guest.intercept(loseAnswer("POST /api/v1/orders"))
	guest.click(button("Order"))
	guest.waitText("This order was sent, and no answer came.")
	guest.intercept()
	guest.click(size("small", "Diavola"))
	guest.click(button("Order"))
	guest.waitText("422", "The order that you sent before had arrived")
	if n := s.orders(); n != 1 {
		t.Errorf("there are %d orders", n)
	}
	guest.click(button("Order"))
	guest.find(link("Order 2").within(region("Basket")))
}

// TestLostAnswer_refusedOrder lets a refused order be corrected: nothing is unanswered.
func TestLostAnswer_refusedOrder(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(409)
	guest.openAs("alice", "Menu")
	guest.click(size("large", "Margherita"))
	guest.intercept(refuse("POST /api/v1/orders", 409, "item-unavailable", "Sold out", "Leave it out."))
	guest.click(button("Order"))
	guest.waitText("409", "Sold out")
	if guest.hasText("no answer came") {
		t.Error("a refusal counts as no answer")
	}
	guest.intercept()
	guest.click(size("small", "Diavola"))
	guest.click(button("Order"))
	guest.find(link("Order 1").within(region("Basket")))
}
