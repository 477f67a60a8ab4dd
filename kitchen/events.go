package kitchen

import (
	"maps"
	"slices"
	"sync"

	"restaurant/models"
)

// Events tells listeners what has become of an order. Each listener has room
// for one message; a newer one replaces the one not yet read. Nothing is lost by
// that, because an order carries the time of every step it has made, and no
// slow listener ever holds up a cook.
type Events struct {
	mu        sync.Mutex
	listeners map[int64]map[chan models.Order]struct{}
	closed    bool
}

// Subscribe gives a channel with the newest state of an order whenever it
// changes. It is closed when the house closes. Call cancel when done.
func (e *Events) Subscribe(orderID int64) (news <-chan models.Order, cancel func()) {
	ch := make(chan models.Order, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		close(ch)
		return ch, func() {}
	}
	if e.listeners == nil {
		e.listeners = map[int64]map[chan models.Order]struct{}{}
	}
	if e.listeners[orderID] == nil {
		e.listeners[orderID] = map[chan models.Order]struct{}{}
	}
	e.listeners[orderID][ch] = struct{}{}
	return ch, func() { e.unsubscribe(orderID, ch) }
}

func (e *Events) unsubscribe(orderID int64, ch chan models.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners[orderID], ch)
	if len(e.listeners[orderID]) == 0 {
		delete(e.listeners, orderID)
	}
}

// subscribed are those of the orders that somebody listens for.
func (e *Events) subscribed(ids []int64) (followed []int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		if e.listeners[id] != nil {
			followed = append(followed, id)
		}
	}
	return followed
}

// subscribedAll are the orders that somebody listens for.
func (e *Events) subscribedAll() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.listeners))
}

// publish never blocks: it alone sends, under the lock, to channels with room
// for one.
func (e *Events) publish(o models.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for ch := range e.listeners[o.ID] {
		newest := o
		select {
		case unread := <-ch: // two cooks may report out of order
			if len(unread.History()) > len(newest.History()) {
				newest = unread
			}
		default:
		}
		ch <- newest
	}
}

// Close ends all subscriptions, so that open streams end and the house can close.
func (e *Events) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, chans := range e.listeners {
		for ch := range chans {
			close(ch)
		}
	}
	e.listeners = nil
}
