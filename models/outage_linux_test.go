package models

import (
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// beforeNoticed is less than it takes to notice an outage, which Ready does not wait for.
const beforeNoticed = pingTimeout + lastRetry

// atOnce tells a refusal because of what is known from one after a wait, which takes
// readyTimeout at least, on however busy a machine.
const atOnce = readyTimeout / 2

// The server freezes while an instance listens for notifications. Within the time
// of detection, statements that run, connect or queue fail; later ones fail at
// once.
func TestOutage_nobodyWaits(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		server := testkit.NewPostgresServer(t)
		s := openPostgres(t, withSettings(t, server.URL, "pool_max_conns", "4"))
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		noError(t, s.Ready(t.Context())) // so that a statement of the next finds a connection
		startFollowing(t, s)

		server.Freeze()
		began := time.Now()
		var waiting sync.WaitGroup
		for range 8 {
			waiting.Go(func() {
				wantUnavailableWithin(t, silenceBeforePing+pingTimeout+lastRetry+time.Second, func() error { _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "", "")); return err })
			})
			waiting.Go(func() {
				wantUnavailableWithin(t, silenceBeforePing+pingTimeout+lastRetry+time.Second, func() error { _, err := s.OrdersOf(t.Context(), alice.ID, "", 100, 20); return err })
			})
		}
		wantUnavailableWithin(t, beforeNoticed, func() error { return s.Ready(t.Context()) })
		waiting.Wait()
		t.Logf("it was noticed after %v", time.Since(began))
		for range 8 {
			wantUnavailableWithin(t, atOnce, func() error { _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "", "")); return err })
			wantUnavailableWithin(t, atOnce, func() error { return s.Ready(t.Context()) })
		}

		server.Thaw()
		began = time.Now()
		for s.Ready(t.Context()) != nil {
			if time.Since(began) > 5*time.Second {
				t.Fatal("the end of the outage was not noticed")
			}
			time.Sleep(time.Millisecond) // asked again, not raced against
		}
		placeOrder(t, s, alice, dish)
		for s.Ready(t.Context()) != nil || outageWatchers(s) > 0 { // those in line for a connection are forgotten last
			if time.Since(began) > 2*queueTimeout {
				t.Fatalf("%d who no longer wait would still be told", outageWatchers(s))
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// outageWatchers counts the statements that an outage would end.
func outageWatchers(s *Store) int {
	o := s.engine.(*postgresWriter).outage
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.watchers)
}
