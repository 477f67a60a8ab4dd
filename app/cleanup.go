package app

import (
	"context"
	"time"
)

const (
	// keysEvery is how often expired keys are removed. Cheap: it scans a few entries in
	// memory.
	keysEvery = time.Second
	// cleanupEvery is how often everything else that has expired is deleted.
	cleanupEvery = time.Minute
	// maxClockLag is how far the computer's clock may fall behind before that is logged.
	maxClockLag = 5 * time.Second
)

// cleanupLoop deletes what has expired, until ctx ends. It finishes what it has begun:
// an interrupted statement would leave SQLite's write-ahead log behind.
func (a *App) cleanupLoop(ctx context.Context) {
	keys, rest := time.NewTicker(keysEvery), time.NewTicker(cleanupEvery)
	defer keys.Stop()
	defer rest.Stop()
	a.cleanupExpired(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-keys.C:
			a.logError(ctx, "an old key cannot be deleted", a.api.Authority.Keys().Sweep(context.WithoutCancel(ctx)))
		case <-rest.C:
			a.cleanupExpired(ctx)
		}
	}
}

func (a *App) cleanupExpired(ctx context.Context) {
	finish := context.WithoutCancel(ctx)
	a.api.Authority.Denylist().Sweep(a.api.Authority.Now())
	a.logError(ctx, "other instances cannot be told that this one is running", a.api.Authority.Keys().Heartbeat(finish))
	for ctx.Err() == nil {
		n, err := a.api.Store.SweepSessions(finish)
		a.logError(ctx, "expired login sessions cannot be deleted", err)
		if err != nil || n == 0 {
			break
		}
	}
	if a.api.Store.Shared() {
		a.logError(ctx, "old failed logins cannot be deleted", a.api.Store.SweepLoginTallies(finish))
	}
	if behind := a.api.Authority.Keys().ClockBehind(); behind > maxClockLag {
		a.api.Log.Warn("this computer's clock was set back; the server checks tokens with the time that has really passed", "behind", behind)
	}
}

func (a *App) logError(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		a.api.Log.Error(what, "err", err)
	}
}
