package kitchen

import (
	"context"
	"errors"
	"time"

	"restaurant/models"
)

const (
	// batch is how many orders of one status advance in one transaction. It bounds
	// how long other writes wait.
	batch = 64
	// errorBackoff is the pause after a failure.
	errorBackoff = time.Second
	// pollInterval is the longest pause with a shared database: if another instance
	// dies, nothing wakes this one for its orders.
	pollInterval = time.Second
	// contentionDelay is the pause while another instance advances the due orders.
	contentionDelay = 50 * time.Millisecond
	// untilWoken is a pause that only Wake ends.
	untilWoken time.Duration = -1
)

// Run advances orders until ctx ends. A manual kitchen has nothing to run.
func (k *Kitchen) Run(ctx context.Context) {
	if k.pace == Manual {
		return
	}
	for ctx.Err() == nil {
		k.wait(ctx, k.advanceDue(ctx))
	}
}

// advanceDue advances due orders and returns the pause until the next run, at least
// as long as this run took, so that requests get half of the writer's time. It
// finishes also when ctx ends.
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
	oldest, open, err := k.store.OldestPendingAt(ctx)
	if err != nil {
		return k.logAndBackOff(ctx, err)
	}
	switch {
	case !open && k.store.Shared():
		return max(k.pace, pollInterval)
	case !open:
		return untilWoken
	case len(moved) == 0 && oldest <= due:
		return max(took, contentionDelay)
	}
	return max(took, time.Until(oldest.Add(k.pace).Time()))
}

// publish publishes the orders that have advanced, and those that an earlier run
// could not read.
func (k *Kitchen) publish(ctx context.Context, moved []int64) error {
	k.unpublished = append(k.unpublished, moved...)
	if err := k.Publish(ctx, k.unpublished); err != nil {
		return err
	}
	k.unpublished = nil
	return nil
}

func (k *Kitchen) logAndBackOff(ctx context.Context, err error) time.Duration {
	k.log.ErrorContext(ctx, "the kitchen cannot use the database; it tries again", "after", errorBackoff, "err", err)
	return errorBackoff
}

// wait returns after d. Wake ends it only when no order is open: a new order is
// never due before an older one.
func (k *Kitchen) wait(ctx context.Context, d time.Duration) {
	var due <-chan time.Time
	var wake <-chan struct{}
	if d == untilWoken {
		wake = k.wake
	} else {
		due = time.After(d)
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-due:
	}
}
