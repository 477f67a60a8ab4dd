package models

import (
	"sync"
	"time"
)

// absence is since when, and why, the database cannot be used, as the connection for
// notifications sees it.
type absence struct {
	mu    sync.Mutex
	since time.Time // zero while it is there
	why   error
}

// lost notes that the connection for notifications is gone or cannot be made. It logs what
// is new about that.
func (w *postgresWriter) lost(err error) {
	a := &w.absence
	a.mu.Lock()
	defer a.mu.Unlock()
	known := !a.since.IsZero() && roleOf(a.why) == roleOf(err)
	if a.since.IsZero() {
		a.since = time.Now()
	}
	if a.why = err; !known {
		w.fence.log.Warn("the database is away; this instance connects again by itself, and refuses orders until then", "role", roleOf(err), "why", whyNot(err))
	}
}

// found notes that the connection for notifications works.
func (w *postgresWriter) found(at string) {
	a := &w.absence
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.since.IsZero() {
		w.fence.log.Info("the database is back", "at", at, "timeline", w.fence.newest().Timeline, "away", time.Since(a.since).Round(time.Millisecond))
	}
	a.since, a.why = time.Time{}, nil
}

func (w *postgresWriter) state() (DatabaseState, bool) {
	w.absence.mu.Lock()
	defer w.absence.mu.Unlock()
	s := DatabaseState{Role: DatabasePrimary, Primary: w.fence.newest()}
	switch since := w.standby.since.Load(); {
	case !w.absence.since.IsZero():
		s.Role, s.Away = roleOf(w.absence.why), time.Since(w.absence.since)
	case since != nil:
		s.Role, s.Away = DatabaseWaiting, time.Since(*since)
	}
	return s, true
}
