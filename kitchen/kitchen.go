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
	"time"

	"restaurant/models"
)

// Kitchen changes the status of orders and publishes each change.
type Kitchen struct {
	// Events passes the changes to subscribers.
	Events Events

	store *models.Store
	pace  time.Duration
	wake  chan struct{}
	log   *slog.Logger
	// unpublished are orders that have advanced but could not be read since.
	unpublished []int64
}

// Manual is the pace of a kitchen in which only Advance moves orders.
const Manual time.Duration = 0

// New makes a kitchen in which each step of an order takes pace.
func New(store *models.Store, pace time.Duration, log *slog.Logger) *Kitchen {
	return &Kitchen{store: store, pace: pace, wake: make(chan struct{}, 1), log: log}
}

// Wake makes Run look for a new order. It never blocks.
func (k *Kitchen) Wake() {
	select {
	case k.wake <- struct{}{}:
	default: // Run will wake already
	}
}

// Advance moves an order to the status to. If that does not follow its current
// status, the error is models.TransitionError.
func (k *Kitchen) Advance(ctx context.Context, id int64, to models.Status) (models.Order, error) {
	return k.publishOne(k.store.AdvanceOrder(ctx, id, to))
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
