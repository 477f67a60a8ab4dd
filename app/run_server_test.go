package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRunParts_stopsInReverseOrder: each part has ended before the one before it is
// stopped, whether ctx ends or a part fails.
func TestRunParts_stopsInReverseOrder(t *testing.T) {
	broken := errors.New("broken")
	for name, want := range map[string]error{"ctx ends": nil, "a part fails": broken} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var log []string
				step := func(name string) part {
					p := worker(func(ctx context.Context) {
						<-ctx.Done()
						time.Sleep(time.Second)
						log = append(log, name+" ended")
					})
					stop := p.stop
					p.stop = func(failed context.Context) error { log = append(log, "stop "+name); return stop(failed) }
					return p
				}
				trigger := task(func(context.Context) error { return want })
				if want == nil {
					time.AfterFunc(time.Minute, cancel)
				}
				err := runParts(ctx, []part{step("1"), step("2"), step("3"), trigger})
				if !errors.Is(err, want) || err == nil != (want == nil) {
					t.Errorf("returns %v", err)
				}
				if want := []string{"stop 3", "3 ended", "stop 2", "2 ended", "stop 1", "1 ended"}; !slices.Equal(log, want) {
					t.Errorf("got %q, want %q", log, want)
				}
			})
		})
	}
}

// TestRunParts_failureCutsTheDrainShort: a server that has failed has nobody to drain.
func TestRunParts_failureCutsTheDrainShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := serveOnPipe(t, dirWithKeys(t), nil).App
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		err := runParts(ctx, []part{
			task(func(ctx context.Context) error {
				time.Sleep(10 * time.Second)
				return errors.New("the server stopped")
			}),
			{run: func() error { return nil }, stop: func(failed context.Context) error { app.drain(failed, time.Minute); return nil }},
		})
		if took := time.Since(start); took != 10*time.Second || err == nil || !strings.Contains(err.Error(), "stopped") || !app.api.Draining() {
			t.Errorf("ended after %v with %v", took, err)
		}
	})
}
