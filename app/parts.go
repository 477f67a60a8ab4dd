package app

import (
	"context"
	"errors"
	"slices"
)

// part is something that starts and stops with the server. run blocks until stop is
// called, may return before, and is nil if there is only something to do at the stop.
// stop may take its time, unless a part has failed: then failed ends.
type part struct {
	run  func() error
	stop func(failed context.Context) error
}

// runParts starts the parts in order. Once ctx ends or a part fails, it stops them in
// reverse order, one after the other, and returns what went wrong.
func runParts(ctx context.Context, parts []part) error {
	failed, fail := context.WithCancelCause(context.WithoutCancel(ctx))
	defer fail(nil)
	done := make([]chan struct{}, len(parts))
	for i, p := range parts {
		done[i] = make(chan struct{})
		go func() {
			defer close(done[i])
			if p.run == nil {
				return
			}
			if err := p.run(); err != nil {
				fail(err)
			}
		}()
	}
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	var errs []error
	for i, p := range slices.Backward(parts) {
		errs = append(errs, p.stop(failed))
		<-done[i]
	}
	return errors.Join(context.Cause(failed), errors.Join(errs...))
}

// worker is a part that ends with its context.
func worker(run func(context.Context)) part {
	return task(func(ctx context.Context) error { run(ctx); return nil })
}

// task is a worker that can fail.
func task(run func(context.Context) error) part {
	ctx, cancel := context.WithCancel(context.Background())
	return part{
		run:  func() error { return run(ctx) },
		stop: func(context.Context) error { cancel(); return nil },
	}
}
