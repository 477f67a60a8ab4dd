package app

import (
	"context"
	"log/slog"
	"time"

	"restaurant/handlers"
)

const (
	// keysEvery is how often keys that no longer count are looked for. It is a
	// look at a few entries in memory.
	keysEvery = time.Second
	// tidyEvery is how often everything else that has expired is cleared away.
	tidyEvery = time.Minute
	// maxClockLag is how far the computer's clock may fall behind before the
	// log says so.
	maxClockLag = 5 * time.Second
)

// cleanupLoop clears away what has expired, until ctx ends. What it has begun it
// finishes: a statement that is broken off would leave the order book's log
// behind.
func cleanupLoop(ctx context.Context, api *handlers.API) {
	keys, rest := time.NewTicker(keysEvery), time.NewTicker(tidyEvery)
	defer keys.Stop()
	defer rest.Stop()
	cleanupExpired(ctx, api)
	for {
		select {
		case <-ctx.Done():
			return
		case <-keys.C:
			logError(ctx, api.Log, "an old key cannot be deleted", api.Authority.Keys().Sweep(context.WithoutCancel(ctx)))
		case <-rest.C:
			cleanupExpired(ctx, api)
		}
	}
}

func cleanupExpired(ctx context.Context, api *handlers.API) {
	api.Authority.Denylist().Sweep(api.Authority.Now())
	logError(ctx, api.Log, "other branches cannot be told that this one is open", api.Authority.Keys().Heartbeat(context.WithoutCancel(ctx)))
	for ctx.Err() == nil {
		n, err := api.Store.SweepSessions(context.WithoutCancel(ctx))
		logError(ctx, api.Log, "expired login sessions cannot be deleted", err)
		if err != nil || n == 0 {
			break
		}
	}
	if api.Store.Shared() {
		logError(ctx, api.Log, "old failed logins cannot be deleted", api.Store.SweepLoginTallies(context.WithoutCancel(ctx)))
	}
	if behind := api.Authority.Keys().ClockBehind(); behind > maxClockLag {
		api.Log.Warn("this computer's clock was set back; tokens are judged by the time that has really passed", "behind", behind)
	}
}

func logError(ctx context.Context, log *slog.Logger, what string, err error) {
	if err != nil && ctx.Err() == nil {
		log.Error(what, "err", err)
	}
}
