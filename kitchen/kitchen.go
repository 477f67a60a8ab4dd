// Package kitchen cooks. It is the only place where an order's status changes,
// so whoever watches the kitchen has seen everything.
//
// Its queue is the database itself: orders that were placed before a power cut
// advance after it.
package kitchen

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"restaurant/models"
)

// Kitchen changes the status of orders and publishes each change.
type Kitchen struct {
	// Events passes the changes to subscribers.
	Events Events

	store *models.Store
	wake  chan struct{} // a new order
	rules chan struct{} // what Run has computed its pause from has changed
	log   *slog.Logger
	// unpublished are orders that have advanced but could not be read since.
	unpublished []int64

	// mu is held while Run advances orders. So no order moves by an old rule once
	// SetMode or BoardRead has returned.
	mu   sync.Mutex
	mode Mode
	// boardRead needs no mu: what instances notify must not wait for a slow statement.
	boardRead atomic.Pointer[time.Time]
}

// Mode says who moves the orders of this process, and how fast.
type Mode struct {
	// Manual is set if only Advance moves orders.
	Manual bool
	// Pace is how long each step takes in an automatic kitchen. A manual one keeps it
	// until it becomes automatic.
	Pace time.Duration
}

// chefFirst is how long orders stay placed after a chef has read the board, and how
// long one does so at most.
const chefFirst = time.Minute

// noticeTimeout is how long a chef waits at most until the other instances are told.
const noticeTimeout = time.Second

// New makes a kitchen that begins in mode.
func New(store *models.Store, mode Mode, log *slog.Logger) *Kitchen {
	k := &Kitchen{store: store, mode: mode, wake: make(chan struct{}, 1), rules: make(chan struct{}, 1), log: log}
	k.boardRead.Store(new(time.Time))
	return k
}

// Wake makes Run look for a new order. It never blocks.
func (k *Kitchen) Wake() { signal(k.wake) }

// signal wakes the one who waits for ch. If it will wake already, it does nothing.
func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Mode returns the mode of this process.
func (k *Kitchen) Mode() Mode {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.mode
}

// SetMode changes the mode of this process and returns the new one. A pace of 0 keeps
// the present one. It waits until orders that are advancing have done so.
func (k *Kitchen) SetMode(manual bool, pace time.Duration) Mode {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mode.Manual = manual
	if pace > 0 {
		k.mode.Pace = pace
	}
	signal(k.rules)
	return k.mode
}

// BoardRead is to be called before a chef reads the board. It keeps placed orders from
// moving by themselves for a minute, in other instances from the moment that they are
// notified. Where that fails, as while a standby is away, the chef can read all the same.
func (k *Kitchen) BoardRead(ctx context.Context) {
	k.mu.Lock() // the chef must see what moves by the rules of before
	k.NoteBoardRead()
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	if err := k.store.NotifyBoardRead(ctx); err != nil {
		k.log.WarnContext(ctx, "cannot tell the other instances that a chef has read the board; their kitchens may be first", "err", err)
	}
}

// NoteBoardRead is BoardRead for what another instance notifies, and never waits. Run need
// not wake for it, because no order is due earlier.
func (k *Kitchen) NoteBoardRead() { k.boardRead.Store(new(time.Now())) }

// Advance moves an order to the status to. If that does not follow its current
// status, the error is models.TransitionError.
func (k *Kitchen) Advance(ctx context.Context, id int64, to models.Status) (models.Order, error) {
	o, err := k.publishOne(k.store.AdvanceOrder(ctx, id, to))
	if err == nil {
		signal(k.rules) // its next step may be the first that is due
	}
	return o, err
}

// Cancel cancels an order of this user while it is placed.
func (k *Kitchen) Cancel(ctx context.Context, userID, id int64) (models.Order, error) {
	return k.publishOne(k.store.CancelOrder(ctx, userID, id))
}

// readBatch bounds how many orders one query reads.
const readBatch = 500

// Publish sends the current state of orders to their subscribers. Most orders have
// none; those are not read.
func (k *Kitchen) Publish(ctx context.Context, ids []int64) error {
	for batch := range slices.Chunk(k.Events.subscribed(ids), readBatch) {
		orders, err := k.store.OrdersByID(ctx, batch)
		if err != nil {
			return err
		}
		for _, o := range orders {
			k.Events.publish(o)
		}
	}
	return nil
}

// PublishAll publishes every subscribed order, after notifications of other
// instances may have been lost.
func (k *Kitchen) PublishAll(ctx context.Context) error {
	return k.Publish(ctx, k.Events.subscribedAll())
}

func (k *Kitchen) publishOne(o models.Order, err error) (models.Order, error) {
	if err == nil {
		k.Events.publish(o)
	}
	return o, err
}
