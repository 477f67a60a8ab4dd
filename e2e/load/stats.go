package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// stats are what one measurement gave. They also travel between the processes
// of this program, as JSON.
type stats struct {
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
func (f stats) failed() int64 { return f.Wrong + f.Broken }

// failures puts failures into words; without any it is empty.
func (f stats) failures() (words string) {
	if f.Wrong > 0 {
		words += fmt.Sprintf(", %d wrong answers (such as status %d)", f.Wrong, f.Example)
	}
	if f.Broken > 0 {
		words += fmt.Sprintf(", %d broken connections or timeouts", f.Broken)
	}
	return words
}

// rate is requests a second.
func (f stats) rate() float64 { return float64(f.Requests) / f.Span.Seconds() }

// median is the middle value; of two in the middle, the upper one.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// percentile is the value below which this part of the sorted values lies.
func percentile(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// summarize sums up how long each request took; at least one is needed.
func summarize(took []time.Duration, span time.Duration) stats {
	slices.Sort(took)
	return stats{
		Requests: int64(len(took)), Span: span,
		P50: percentile(took, 0.50), P90: percentile(took, 0.90), P99: percentile(took, 0.99), Max: took[len(took)-1],
	}
}

// closedLoop lets workers do something again and again, until the time is over, and
// each at least so often, or once. The first error ends it.
func closedLoop(ctx context.Context, workers, least int, span time.Duration, do func(ctx context.Context, worker int) error) (stats, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([][]time.Duration, workers)
	var all sync.WaitGroup
	began := time.Now()
	for i := range workers {
		all.Go(func() {
			at := began
			for len(took[i]) == 0 || (len(took[i]) < least || at.Sub(began) < span) && ctx.Err() == nil {
				if err := do(ctx, i); err != nil {
					cancel(err)
					return
				}
				now := time.Now()
				took[i], at = append(took[i], now.Sub(at)), now
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return stats{}, err
	}
	return summarize(slices.Concat(took...), time.Since(began)), nil
}
