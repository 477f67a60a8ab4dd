package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

const (
	classTables = 30
	// lessonFor is how long the learners work, each with a request a second.
	lessonFor = time.Minute
)

// learner sits at a table of a class, as alice.
type learner struct {
	*client
	token, order string

	asked  int
	took   []time.Duration
	failed error // the last
}

// classLoad measures how a class fares in which all tables are busy at once.
func classLoad(ctx context.Context, o options, dir string, out io.Writer) error {
	s, err := newServer(o.program, filepath.Join(dir, "class"), "RESTAURANT_LOG_LEVEL=warn")
	if err != nil {
		return err
	}
	defer s.stop()
	s.ready = "/" // the class itself has no readyz
	progress("opening %d tables", classTables)
	cmd := command(ctx, s.settings, s.program, "class", "-tables", fmt.Sprint(classTables), "-unlock", "all", "-rate-limit", "50/s")
	if _, err := s.run(ctx, cmd); err != nil {
		return err
	}
	learners, err := s.seatLearners(ctx)
	if err != nil {
		return err
	}
	rest, err := memoryNow(s.pid())
	if err != nil {
		return err
	}
	progress("%d learners work for %s", classTables, lessonFor)
	used, err := watch(s.pid(), func() error { work(ctx, learners); return ctx.Err() })
	if err != nil {
		return err
	}
	return printClass(out, learners, rest, used)
}

// seatLearners lets a learner join each table and log in there.
func (s *server) seatLearners(ctx context.Context) (all []*learner, err error) {
	for range classTables {
		var seat struct{ Base string }
		if err := s.get(ctx, call{http.MethodPost, "/class/join", "", `{"name":""}`, http.StatusCreated}, &seat); err != nil {
			return nil, err
		}
		l := &learner{client: newClient(seat.Base)}
		if l.token, _, err = l.login(ctx, demo("alice")); err != nil {
			return nil, err
		}
		if l.order, err = l.orderOfTwo(ctx); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// work lets the learners ask, one after the other within each second.
func work(ctx context.Context, learners []*learner) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, l := range learners {
		all.Go(func() {
			for end := time.Now().Add(lessonFor); time.Now().Before(end) && ctx.Err() == nil; {
				began := time.Now()
				l.ask(ctx)
				_ = pause(ctx, time.Second-time.Since(began)) // the loop sees that ctx has ended
			}
		})
		if pause(ctx, time.Second/classTables) != nil {
			return
		}
	}
}

// ask does what comes next in a lesson.
func (l *learner) ask(ctx context.Context) {
	calls := []call{
		{http.MethodGet, "/api/v1/menu", "", "", http.StatusOK},
		{http.MethodPost, "/api/v1/orders", l.token, l.order, http.StatusCreated},
		{http.MethodGet, pageOrders, l.token, "", http.StatusOK},
		{http.MethodGet, "/api/v1/auth/me", l.token, "", http.StatusOK},
		{http.MethodGet, "/learn/lessons/L01", "", "", http.StatusOK},
	}
	began := time.Now()
	if _, err := l.do(ctx, calls[l.asked%len(calls)]); err != nil {
		l.failed = err
	}
	l.asked++
	l.took = append(l.took, time.Since(began))
}

// printClass prints a line. Any request that failed is an error.
func printClass(out io.Writer, learners []*learner, rest int64, used usage) error {
	var took []time.Duration
	for _, l := range learners {
		if l.failed != nil {
			return l.failed
		}
		took = append(took, l.took...)
	}
	sums := summarize(took, lessonFor)
	var t table
	t.add("learners, each with a request a second", "requests", "p50, ms", "p99, ms", "slowest, ms", "cores", "before, MiB", "peak, MiB")
	t.add(fmt.Sprint(len(learners)), count(sums.Requests), millis(sums.P50), millis(sums.P99), millis(sums.Max),
		fmt.Sprintf("%.2f", used.cores), mebibytes(rest), mebibytes(used.peak))
	t.print(out)
	return nil
}
