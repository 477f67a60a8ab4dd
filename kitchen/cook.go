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
	// untilWoken is a pause that ends with a new order or other rules.
	untilWoken time.Duration = -1
	// untilOtherRules is a pause that only other rules end.
	untilOtherRules time.Duration = -2
)

// Run advances orders until ctx ends, as far as the mode lets it.
func (k *Kitchen) Run(ctx context.Context) {
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
	rules, moved, err := k.advance(ctx)
	if rules.mode.Manual {
		return untilOtherRules
	}
	if err := errors.Join(err, k.publish(ctx, moved)); err != nil {
		return k.logAndBackOff(ctx, err)
	}
	took := time.Since(start)
	if len(moved) >= batch { // there may be more
		return took
	}
	oldest, err := k.store.OldestPending(ctx)
	if err != nil {
		return k.logAndBackOff(ctx, err)
	}
	next, open := rules.next(oldest)
	switch {
	case !open && k.store.Shared():
		return max(rules.mode.Pace, pollInterval)
	case !open:
		return untilWoken
	case len(moved) == 0 && !next.After(start):
		return max(took, contentionDelay)
	case rules.hold && k.store.Shared(): // a chef may be ahead in another instance
		next = earlier(next, start.Add(pollInterval))
	}
	return max(took, min(time.Until(next), rules.placedWait())) // the clock may have been set back
}

// rules are those of one run.
type rules struct {
	mode Mode
	// hold keeps placed orders until holdEnd, so that a chef can be first.
	hold    bool
	holdEnd time.Time
}

// placedWait is how long an order stays placed.
func (r *rules) placedWait() time.Duration {
	if r.hold {
		return max(r.mode.Pace, chefFirst)
	}
	return r.mode.Pace
}

// next returns when the first of the oldest orders is due, and false if none is open.
func (r *rules) next(oldest models.Pending) (next time.Time, open bool) {
	if oldest.Placed != nil {
		next = oldest.Placed.Add(r.placedWait()).Time()
		if r.hold {
			next = earlier(next, r.holdEnd)
		}
	}
	if oldest.Cooking != nil {
		next = earlier(next, oldest.Cooking.Add(r.mode.Pace).Time())
	}
	return next, !next.IsZero()
}

// earlier returns the earlier one of two times, of which the first may be zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// advance advances due orders by rules that do not change meanwhile. In a manual kitchen
// none are due.
func (k *Kitchen) advance(ctx context.Context) (rules, []int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := rules{mode: k.mode, holdEnd: k.boardRead.Load().Add(chefFirst)}
	if r.mode.Manual {
		return r, nil, nil
	}
	r.hold = time.Now().Before(r.holdEnd)
	now := models.Now()
	moved, err := k.store.AdvanceDue(ctx, models.Due{Placed: now.Add(-r.placedWait()), Cooking: now.Add(-r.mode.Pace)}, batch)
	return r, moved, err
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

// wait returns after d, or when the rules change. Wake ends it only when no order is
// open: a new order is never due before an older one.
func (k *Kitchen) wait(ctx context.Context, d time.Duration) {
	var due <-chan time.Time
	var wake <-chan struct{}
	switch d {
	case untilWoken:
		wake = k.wake
	case untilOtherRules:
	default:
		due = time.After(d)
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-k.rules:
	case <-due:
	}
}
