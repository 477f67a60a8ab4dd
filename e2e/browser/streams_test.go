package browser

import (
	"fmt"
	"testing"
)

// TestStreams_leaveRoom opens several windows side by side with everything that they
// hold open. A browser has six connections to a server for all of them, and the next
// window must load; what has no stream is asked for, and gets one when a place is free.
func TestStreams_leaveRoom(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		seat func(*server, testing.TB) *tab
	}{
		{"with Web Locks", (*server).newTab},
		{"without, on an origin that is not secure", (*server).newInsecureTab},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, "RESTAURANT_KITCHEN=manual")
			alice, carla := s.Login("alice"), s.Login("carla")
			orders := []int64{s.placeOrder(alice), s.placeOrder(alice), s.placeOrder(alice)}
			newest := orders[2]
			events := fmt.Sprintf("GET /api/v1/orders/%d/events", newest)
			first := tc.seat(s, t)
			first.openAs("alice", "My orders")
			first.waitText("live")
			windows := []*tab{first}
			for range 4 {
				next := first.newTabOfSameUser()
				next.open("/#/orders")
				next.find(article(fmt.Sprintf("Order %d*", newest)))
				next.waitText("every 5 seconds")
				windows = append(windows, next)
			}
			streams := 0
			for _, w := range windows {
				for _, id := range orders {
					streams += w.sent(fmt.Sprintf("GET /api/v1/orders/%d/events", id))
				}
			}
			if streams != 2 {
				t.Errorf("five windows have opened %d streams", streams)
			}
			s.advance(carla, newest, "preparing")
			for i, w := range windows {
				w.waitUntil(fmt.Sprintf("window %d knows that it is being prepared", i+1), func() bool { return w.step(fmt.Sprintf("Order %d", newest)) == "preparing" })
			}
			first.goTo("Menu")
			first.waitUntil("another window has the stream", func() bool {
				for _, w := range windows[1:] {
					if w.sent(events) > 0 {
						return true
					}
				}
				return false
			})
		})
	}
}
