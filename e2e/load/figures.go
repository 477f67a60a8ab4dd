package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// figures are what one measurement gave. They also travel between the processes
// of this program, as JSON.
type figures struct {
	Requests int64
	Span     time.Duration // of the measurement
	P50      time.Duration // half of the requests took no longer
	P90      time.Duration
	P99      time.Duration
	Max      time.Duration
	Wrong    int64 // answers with another status than the expected one
	Example  int64 // the status of one of them
	Broken   int64 // connections that failed, and answers that did not come in time
	usage
}

// failed is how many requests failed.
func (f figures) failed() int64 { return f.Wrong + f.Broken }

// faults puts failures into words; without any it is empty.
func (f figures) faults() (words string) {
	if f.Wrong > 0 {
		words += fmt.Sprintf(", %d wrong answers (such as status %d)", f.Wrong, f.Example)
	}
	if f.Broken > 0 {
		words += fmt.Sprintf(", %d broken connections or timeouts", f.Broken)
	}
	return words
}

// rate is requests a second.
func (f figures) rate() float64 { return float64(f.Requests) / f.Span.Seconds() }

// median is the middle value; of two in the middle, the upper one.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// share is the value below which this part of the sorted values lies.
func share(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// collect sums up how long each request took; at least one is needed.
func collect(took []time.Duration, span time.Duration) figures {
	slices.Sort(took)
	return figures{
		Requests: int64(len(took)), Span: span,
		P50: share(took, 0.50), P90: share(took, 0.90), P99: share(took, 0.99), Max: took[len(took)-1],
	}
}

// loop does something again and again, in several goroutines, until the time is
// over, and in each at least once. The first error ends it.
func loop(ctx context.Context, atOnce int, span time.Duration, do func(context.Context) error) (figures, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu      sync.Mutex
		all     []time.Duration
		workers sync.WaitGroup
	)
	began := time.Now()
	for range atOnce {
		workers.Go(func() {
			var took []time.Duration
			for more := true; more; more = time.Since(began) < span && ctx.Err() == nil {
				at := time.Now()
				if err := do(ctx); err != nil {
					cancel(err)
					return
				}
				took = append(took, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return figures{}, err
	}
	return collect(all, time.Since(began)), nil
}
