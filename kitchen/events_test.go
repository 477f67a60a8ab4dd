package kitchen

import (
	"sync"
	"testing"
	"testing/synctest"

	"restaurant/models"
)

// These tests run in a bubble, because a goroutine that waits there for something
// that never comes fails at once.

// orderAt is order 1 after it has got this status, in its history of that length.
func orderAt(status models.Status) models.Order {
	o := models.Order{ID: 1, Status: status, PlacedAt: 1}
	at := models.Millis(2)
	switch status {
	case models.StatusServed:
		o.ServedAt = &at
		fallthrough
	case models.StatusReady:
		o.ReadyAt = &at
		fallthrough
	case models.StatusPreparing:
		o.PreparingAt = &at
	case models.StatusCancelled:
		o.CancelledAt = &at
	}
	return o
}

// receive gives what waits in a channel, and "" if nothing does.
func receive(changes <-chan models.Order) models.Status {
	select {
	case o := <-changes:
		return o.Status
	default:
		return ""
	}
}

func wantReceived(t *testing.T, changes <-chan models.Order, want models.Status) {
	t.Helper()
	if got := receive(changes); got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestEvents_everySubscriberReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e Events
		one, cancelOne := e.Subscribe(1)
		two, cancelTwo := e.Subscribe(1)
		other, cancelOther := e.Subscribe(2)
		defer cancelTwo()
		defer cancelOther()
		e.publish(orderAt(models.StatusPreparing))
		wantReceived(t, one, models.StatusPreparing)
		wantReceived(t, two, models.StatusPreparing)
		wantReceived(t, other, "") // another order's subscriber
		cancelOne()
		e.publish(orderAt(models.StatusReady))
		wantReceived(t, one, "") // it has canceled
		wantReceived(t, two, models.StatusReady)
	})
}

func TestEvents_slowSubscriberGetsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e Events
		changes, cancel := e.Subscribe(1)
		defer cancel()
		for range 1000 {
			e.publish(orderAt(models.StatusPreparing))
		}
		e.publish(orderAt(models.StatusReady))
		e.publish(orderAt(models.StatusServed))
		wantReceived(t, changes, models.StatusServed)
		wantReceived(t, changes, "")
	})
}

func TestEvents_oldStateNeverReplacesANewOne(t *testing.T) {
	for _, tc := range []struct {
		name      string
		published []models.Status
		want      models.Status
	}{
		{"in order", []models.Status{models.StatusPreparing, models.StatusReady, models.StatusServed}, models.StatusServed},
		{"the last two swapped", []models.Status{models.StatusPreparing, models.StatusServed, models.StatusReady}, models.StatusServed},
		{"the other way round", []models.Status{models.StatusServed, models.StatusReady, models.StatusPreparing}, models.StatusServed},
		{"the same twice", []models.Status{models.StatusReady, models.StatusReady}, models.StatusReady},
		{"cancelled", []models.Status{models.StatusCancelled, models.StatusPlaced}, models.StatusCancelled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e Events
				changes, cancel := e.Subscribe(1)
				defer cancel()
				for _, status := range tc.published {
					e.publish(orderAt(status))
				}
				wantReceived(t, changes, tc.want)
				wantReceived(t, changes, "")
			})
		})
	}
}

func TestEvents_closeEndsSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e Events
		idle, cancelIdle := e.Subscribe(1)
		unread, cancelUnread := e.Subscribe(2)
		ready := orderAt(models.StatusReady)
		ready.ID = 2
		e.publish(ready)
		e.Close()
		if _, open := <-idle; open {
			t.Error("an idle subscriber is not told")
		}
		wantReceived(t, unread, models.StatusReady) // what was said before counts
		if _, open := <-unread; open {
			t.Error("a subscriber with an unread change is not told")
		}
		late, cancelLate := e.Subscribe(1)
		if _, open := <-late; open {
			t.Error("a subscriber after Close is not told")
		}
		// None of these may panic.
		e.publish(ready)
		e.Close()
		for _, cancel := range []func(){cancelIdle, cancelUnread, cancelLate} {
			cancel()
			cancel()
		}
	})
}

func TestEvents_cancelTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e Events
		_, cancel := e.Subscribe(1)
		changes, cancelOther := e.Subscribe(1)
		defer cancelOther()
		cancel()
		cancel()
		e.publish(orderAt(models.StatusReady))
		wantReceived(t, changes, models.StatusReady) // the other one is still subscribed
	})
}

func TestEvents_cancelLeavesNothing(t *testing.T) {
	var e Events
	var cancels []func()
	for id := range int64(100) {
		for range 3 {
			_, cancel := e.Subscribe(id)
			cancels = append(cancels, cancel)
		}
	}
	if len(e.subscribers) != 100 || len(e.subscribers[7]) != 3 {
		t.Fatalf("%d orders are listened to, the seventh by %d", len(e.subscribers), len(e.subscribers[7]))
	}
	for _, cancel := range cancels {
		cancel()
	}
	if len(e.subscribers) != 0 {
		t.Errorf("%d orders are still remembered", len(e.subscribers))
	}
}

// For the race detector.
func TestEvents_concurrently(t *testing.T) {
	var e Events
	var goroutines sync.WaitGroup
	for range 8 {
		goroutines.Go(func() {
			for range 200 {
				changes, cancel := e.Subscribe(1)
				e.publish(orderAt(models.StatusReady))
				receive(changes)
				cancel()
			}
		})
	}
	goroutines.Go(e.Close)
	goroutines.Wait()
}
