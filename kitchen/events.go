package kitchen

import (
	"maps"
	"slices"
	"sync"

	"restaurant/models"
)

// Events passes changes of orders to subscribers. A channel holds one order; a newer
// state replaces one that has not been read. Nothing is lost by that, because an
// order holds the time of each step, and a slow subscriber never blocks Publish.
type Events struct {
	mu          sync.Mutex
	subscribers map[int64]map[chan models.Order]struct{} // by order id
	closed      bool
}

// Subscribe returns a channel that receives the newest state of an order whenever
// it changes. Close closes it. Call cancel when done.
func (e *Events) Subscribe(orderID int64) (changes <-chan models.Order, cancel func()) {
	ch := make(chan models.Order, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		close(ch)
		return ch, func() {}
	}
	if e.subscribers == nil {
		e.subscribers = map[int64]map[chan models.Order]struct{}{}
	}
	if e.subscribers[orderID] == nil {
		e.subscribers[orderID] = map[chan models.Order]struct{}{}
	}
	e.subscribers[orderID][ch] = struct{}{}
	return ch, func() { e.unsubscribe(orderID, ch) }
}

func (e *Events) unsubscribe(orderID int64, ch chan models.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.subscribers[orderID], ch)
	if len(e.subscribers[orderID]) == 0 {
		delete(e.subscribers, orderID)
	}
}

// subscribed returns those of the orders that have subscribers.
func (e *Events) subscribed(ids []int64) (subscribed []int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		if e.subscribers[id] != nil {
			subscribed = append(subscribed, id)
		}
	}
	return subscribed
}

// subscribedAll returns all orders that have subscribers.
func (e *Events) subscribedAll() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.subscribers))
}

// publish never blocks: only it sends, under the lock, and it empties a channel
// first.
func (e *Events) publish(o models.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for ch := range e.subscribers[o.ID] {
		newest := o
		select {
		case unread := <-ch: // concurrent calls may come out of order
			if len(unread.History()) > len(newest.History()) {
				newest = unread
			}
		default:
		}
		ch <- newest
	}
}

// Close ends all subscriptions, so that open event streams end.
func (e *Events) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, chans := range e.subscribers {
		for ch := range chans {
			close(ch)
		}
	}
	e.subscribers = nil
}
