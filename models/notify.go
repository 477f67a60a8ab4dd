package models

import (
	"context"
	"errors"
	"sync"
	"time"

	"gorm.io/gorm"
)

// Listener receives the changes that instances make in the same database, this one, too:
// where a commit has failed to answer, only its notification says that it has happened.
// Notifications may get lost: whenever that is possible, everything is read again.
type Listener struct {
	// Keys runs after signing keys have changed.
	Keys func(context.Context) error
	// BoardRead runs after a chef has read the board. It must not block for long.
	BoardRead func()
	// Orders runs after these orders have changed.
	Orders func(ctx context.Context, ids []int64) error
	// AnyOrders runs when any order may have changed.
	AnyOrders func(context.Context) error
	// Lost receives why notifications cannot be received or handled right now.
	Lost func(error)
}

// notification is what instances send each other.
type notification struct {
	From   string           `json:"from"` // the process
	Ended  []RevokedSession `json:"ended,omitempty"`
	Orders []int64          `json:"orders,omitempty"`
	Keys   bool             `json:"keys,omitempty"`
	Menu   bool             `json:"menu,omitempty"`
	Board  bool             `json:"board,omitempty"` // a chef has read it
	// AnyOrders means that notifications of orders may have been lost.
	AnyOrders bool `json:"-"`
}

// notify sends n to all instances when the transaction commits.
func (s *Store) notify(tx *gorm.DB, n notification) error {
	if len(n.Ended) == 0 && len(n.Orders) == 0 && !n.Keys && !n.Menu && !n.Board {
		return nil
	}
	return s.engine.notify(tx, n)
}

// NotifyBoardRead tells the other instances, if there can be any, that a chef has read
// the board.
func (s *Store) NotifyBoardRead(ctx context.Context) error {
	if !s.Shared() {
		return nil
	}
	return s.write(ctx, func(tx *gorm.DB) error { return s.notify(tx, notification{Board: true}) })
}

// Follow passes changes to l until ctx ends. If there can be no other instances, it
// returns at once.
func (s *Store) Follow(ctx context.Context, l Listener) {
	if !s.Shared() {
		return
	}
	q := &refreshQueue{wake: make(chan struct{}, 1)}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { q.run(ctx, s, l) })
	hear := func(n notification) {
		s.reportEnded(n.Ended)
		if n.Board {
			l.BoardRead()
		}
		q.add(n)
	}
	missed := func() { q.add(notification{Keys: true, Menu: true, AnyOrders: true}) }
	s.engine.listen(ctx, hear, missed, l.Lost)
}

// refreshQueue holds what must be read from the database because of notifications.
// It runs in a goroutine of its own, so that a slow query delays no ended session.
type refreshQueue struct {
	mu   sync.Mutex
	due  notification
	wake chan struct{}
}

func (q *refreshQueue) add(n notification) {
	q.mu.Lock()
	q.due.Keys = q.due.Keys || n.Keys
	q.due.Menu = q.due.Menu || n.Menu
	q.due.AnyOrders = q.due.AnyOrders || n.AnyOrders
	q.due.Orders = append(q.due.Orders, n.Orders...)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default: // run will wake already
	}
}

func (q *refreshQueue) take() notification {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.due
	q.due = notification{}
	return n
}

// refreshRetry is the pause before a failed refresh is tried again.
const refreshRetry = time.Second

func (q *refreshQueue) run(ctx context.Context, s *Store, l Listener) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
		n := q.take()
		if err := s.refresh(ctx, l, n); err != nil && ctx.Err() == nil {
			l.Lost(err)
			q.add(n)
			sleep(ctx, refreshRetry)
		}
	}
}

func (s *Store) refresh(ctx context.Context, l Listener, n notification) (err error) {
	if n.Keys {
		err = l.Keys(ctx)
	}
	if n.Menu {
		err = errors.Join(err, s.readMenu(ctx))
	}
	switch {
	case n.AnyOrders:
		err = errors.Join(err, l.AnyOrders(ctx))
	case len(n.Orders) > 0:
		err = errors.Join(err, l.Orders(ctx, n.Orders))
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
