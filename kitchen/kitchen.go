// Package kitchen cooks. It is the only place where an order's status changes,
// so whoever watches the kitchen has seen everything.
//
// Its queue is the order book itself: what was placed before a power cut is
// cooked after it.
package kitchen

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"restaurant/models"
)

// Kitchen changes the status of orders and tells whoever listens.
type Kitchen struct {
	// Events are the news about orders.
	Events Events

	store *models.Store
	pace  time.Duration
	wake  chan struct{}
	log   *slog.Logger
	// unpublished are orders that went on, but could not be read to tell of it.
	unpublished []int64
}

// Manual is the pace of a kitchen that doesn't cook by itself: a chef moves the
// orders.
const Manual time.Duration = 0

// New makes a kitchen in which each step of an order takes pace, or in which
// nobody cooks until a chef does, if pace is Manual.
func New(store *models.Store, pace time.Duration, log *slog.Logger) *Kitchen {
	return &Kitchen{store: store, pace: pace, wake: make(chan struct{}, 1), log: log}
}

// Wake tells the cooks that there is a new order in the book. It never waits.
func (k *Kitchen) Wake() {
	select {
	case k.wake <- struct{}{}:
	default: // the bell is ringing already
	}
}

// Advance gives an order the status to. The error is models.ErrInvalidTransition
// if that does not follow from where the order is.
func (k *Kitchen) Advance(ctx context.Context, id int64, to models.Status) (models.Order, error) {
	return k.publishOne(k.store.AdvanceOrder(ctx, id, to))
}

// Cancel cancels a guest's own order while nobody has begun to cook it.
func (k *Kitchen) Cancel(ctx context.Context, userID, id int64) (models.Order, error) {
	return k.publishOne(k.store.CancelOrder(ctx, userID, id))
}

// readBatch bounds how many orders one query reads.
const readBatch = 500

// Publish tells whoever follows one of these orders what has become of it. Nobody
// follows most of them, and those are not even read.
func (k *Kitchen) Publish(ctx context.Context, ids []int64) error {
	for some := range slices.Chunk(k.Events.subscribed(ids), readBatch) {
		orders, err := k.store.OrdersByID(ctx, some)
		if err != nil {
			return err
		}
		for _, o := range orders {
			k.Events.publish(o)
		}
	}
	return nil
}

// PublishAll is Heard for all orders: another branch may have moved them on
// without having been heard.
func (k *Kitchen) PublishAll(ctx context.Context) error {
	return k.Publish(ctx, k.Events.subscribedAll())
}

func (k *Kitchen) publishOne(o models.Order, err error) (models.Order, error) {
	if err == nil {
		k.Events.publish(o)
	}
	return o, err
}
