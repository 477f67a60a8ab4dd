package models

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// standbyPatience is how long a commit waits for a standby until it is said to be away.
const standbyPatience = 2 * time.Second

// standbyWait is the state in which commits wait for a standby that does not confirm them
// (synchronous_standby_names). Writes then fail at once: one that waited in vain would be
// on the primary all the same, unconfirmed. It ends when a write was confirmed.
type standbyWait struct {
	since atomic.Pointer[time.Time] // nil while commits are confirmed
	stuck chan struct{}             // wakes awaitConfirmations
}

var errStandbyAway = fmt.Errorf("%w: %w", ErrDatabaseUnavailable, ErrStandbyAway)

// mayWrite refuses writes also while they would wait for a standby in vain.
func (w *postgresWriter) mayWrite() error {
	if w.standby.since.Load() != nil {
		return errStandbyAway
	}
	return w.writeStats.mayWrite()
}

// stuckQuery counts commits of this user's instances that wait for a standby. A user sees
// what its own connections wait for.
var stuckQuery = fmt.Sprintf(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = current_user
	AND datname = current_database() AND query_start < clock_timestamp() - interval '%d ms'`, standbyPatience.Milliseconds())

// lookForStuck asks whether commits wait for a standby for too long. If so, writes are
// refused until one is confirmed.
func (w *postgresWriter) lookForStuck(ctx context.Context, conn *pgx.Conn) error {
	var stuck int
	err := conn.QueryRow(ctx, stuckQuery).Scan(&stuck)
	if stuck > 0 && w.standby.since.CompareAndSwap(nil, new(time.Now().Add(-standbyPatience))) {
		w.fence.log.Error("orders are refused: the database waits for a standby that does not confirm what is written",
			"next", "start the standby, or change synchronous_standby_names on the primary")
		w.standby.stuck <- struct{}{} // there is room, because since was nil
	}
	return err
}

// awaitConfirmations tries to write, each time that commits are stuck, until that is
// confirmed. It runs until ctx ends.
func (w *postgresWriter) awaitConfirmations(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.standby.stuck:
		}
		for ctx.Err() == nil && w.tryToWrite(ctx) != nil {
			sleep(ctx, jitter(lastRetry))
		}
		since := w.standby.since.Swap(nil)
		if ctx.Err() == nil {
			w.fence.log.Info("orders are taken again: what is written is confirmed", "after", time.Since(*since).Round(time.Millisecond))
		}
	}
}

func (w *postgresWriter) tryToWrite(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, answerTimeout) // so that the end of ctx ends it, see queued
	defer cancel()
	return w.confirm(limited)
}

// confirm writes something small into the log of the database, not into a table, if
// commits wait for a standby, and returns once that was confirmed.
func (w *postgresWriter) confirm(ctx context.Context) error {
	return w.db.WithContext(ctx).Exec("SELECT pg_logical_emit_message(true, 'restaurant', '') WHERE current_setting('synchronous_standby_names') <> ''").Error
}
