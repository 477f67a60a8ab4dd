package models

import (
	"context"
	"errors"
	"sync"
	"time"

	"gorm.io/gorm"
)

// Listener is what a house wants to hear of the other branches over the same order
// book. Nothing depends on a piece of news arriving: whenever some may have been
// missed, it is all asked for anew.
type Listener struct {
	// Keys is called when signing keys have changed.
	Keys func(context.Context) error
	// Orders have made a step.
	Orders func(ctx context.Context, ids []int64) error
	// AnyOrders is called when orders may have made steps of which nobody told.
	AnyOrders func(context.Context) error
	// Lost is called when no news can be heard for the moment, and why.
	Lost func(error)
}

// notification is what one branch tells the others.
type notification struct {
	From   string           `json:"from"` // a process; it needs no news of itself
	Ended  []RevokedSession `json:"ended,omitempty"`
	Orders []int64          `json:"orders,omitempty"`
	Keys   bool             `json:"keys,omitempty"`
	Menu   bool             `json:"menu,omitempty"`
}

// notify tells the other branches, as soon as the transaction is kept.
func (s *Store) notify(tx *gorm.DB, n notification) error {
	if len(n.Ended) == 0 && len(n.Orders) == 0 && !n.Keys && !n.Menu {
		return nil
	}
	return s.engine.notify(tx, n)
}

// Follow listens to the other branches until ctx ends. Where there are none, it
// returns at once.
func (s *Store) Follow(ctx context.Context, news Listener) {
	if !s.Shared() {
		return
	}
	e := &refreshQueue{bell: make(chan struct{}, 1)}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { e.run(ctx, s, news) })
	hear := func(n notification) {
		s.tellEnded(n.Ended)
		e.add(n, false)
	}
	missed := func() { e.add(notification{Keys: true, Menu: true}, true) }
	s.engine.listen(ctx, hear, missed, news.Lost)
}

// refreshQueue are what has to be read in the order book because of news. They are
// run apart, so that a slow answer holds up no news of ended sessions.
type refreshQueue struct {
	mu        sync.Mutex
	due       notification
	anyOrders bool
	bell      chan struct{}
}

func (e *refreshQueue) add(n notification, anyOrders bool) {
	e.mu.Lock()
	e.due.Keys = e.due.Keys || n.Keys
	e.due.Menu = e.due.Menu || n.Menu
	e.due.Orders = append(e.due.Orders, n.Orders...)
	e.anyOrders = e.anyOrders || anyOrders
	e.mu.Unlock()
	select {
	case e.bell <- struct{}{}:
	default: // it is ringing already
	}
}

func (e *refreshQueue) take() (n notification, anyOrders bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, anyOrders = e.due, e.anyOrders
	e.due, e.anyOrders = notification{}, false
	return n, anyOrders
}

// errandsAgain is how long an errand that failed waits.
const errandsAgain = time.Second

func (e *refreshQueue) run(ctx context.Context, s *Store, news Listener) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.bell:
		}
		n, anyOrders := e.take()
		if err := e.do(ctx, s, news, n, anyOrders); err != nil && ctx.Err() == nil {
			news.Lost(err)
			e.add(n, anyOrders)
			pause(ctx, errandsAgain)
		}
	}
}

func (e *refreshQueue) do(ctx context.Context, s *Store, news Listener, n notification, anyOrders bool) (err error) {
	if n.Keys {
		err = errors.Join(err, news.Keys(ctx))
	}
	if n.Menu {
		err = errors.Join(err, s.readMenu(ctx))
	}
	if anyOrders {
		return errors.Join(err, news.AnyOrders(ctx))
	}
	if len(n.Orders) > 0 {
		err = errors.Join(err, news.Orders(ctx, n.Orders))
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
