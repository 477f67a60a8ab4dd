package kitchen

import (
	"context"
	"errors"
	"time"

	"restaurant/models"
)

// batch is how many tickets of one status the cooks take off the rail at once. It
// bounds the time for which they hold the order book.
const batch = 64

// errorBackoff is how long the cooks wait after the order book failed them.
const errorBackoff = time.Second

const (
	// pollInterval is how long the cooks rest at the least when nothing is to be cooked,
	// but others write to the same order book: should a branch go dark, nobody
	// rings for its orders.
	pollInterval = time.Second
	// contentionDelay is how long they wait for a ticket that is due and that the cooks
	// of another branch are just taking.
	contentionDelay = 50 * time.Millisecond
)

// Run cooks until ctx ends. In a manual kitchen there is nothing to do.
func (k *Kitchen) Run(ctx context.Context) {
	if k.pace == Manual {
		return
	}
	for ctx.Err() == nil {
		k.wait(ctx, k.advanceDue(ctx))
	}
}

// untilWoken stands for "until the bell rings".
const untilWoken time.Duration = -1

// advanceDue takes every step that is due and says how long until the next one is, but
// not before the waiters have had the order book for as long as the cooks. What
// the cooks have in their hands when the house closes, they finish.
func (k *Kitchen) advanceDue(ctx context.Context) time.Duration {
	ctx = context.WithoutCancel(ctx)
	start := time.Now()
	due := models.Now().Add(-k.pace)
	moved, err := k.store.AdvanceDue(ctx, due, batch)
	if err := errors.Join(err, k.publish(ctx, moved)); err != nil {
		return k.logAndBackOff(ctx, err)
	}
	took := time.Since(start)
	if len(moved) >= batch { // there may be more
		return took
	}
	oldest, any, err := k.store.OldestPendingAt(ctx)
	if err != nil {
		return k.logAndBackOff(ctx, err)
	}
	switch {
	case !any && k.store.Shared():
		return max(k.pace, pollInterval)
	case !any:
		return untilWoken
	case len(moved) == 0 && oldest <= due:
		return max(took, contentionDelay)
	}
	return max(took, time.Until(oldest.Add(k.pace).Time()))
}

// publish tells what has become of orders to whoever follows one. Nobody
// follows most of them, and those are not even read.
func (k *Kitchen) publish(ctx context.Context, moved []int64) error {
	k.unpublished = append(k.unpublished, moved...)
	if err := k.Publish(ctx, k.unpublished); err != nil {
		return err
	}
	k.unpublished = nil
	return nil
}

func (k *Kitchen) logAndBackOff(ctx context.Context, err error) time.Duration {
	k.log.ErrorContext(ctx, "the kitchen cannot read the order book; it tries again", "after", errorBackoff, "err", err)
	return errorBackoff
}

// wait waits until the next step is due. The bell counts only when the rail is
// empty: a new order is never due before the older ones.
func (k *Kitchen) wait(ctx context.Context, d time.Duration) {
	if d == untilWoken {
		select {
		case <-ctx.Done():
		case <-k.wake:
		}
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
