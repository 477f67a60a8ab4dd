// Package models is the order book: everything that must still be known after
// a power cut. Each file holds one kind of row, its rules and its queries.
// Nothing outside this folder sees GORM or SQL.
package models

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
)

// Currency is the ISO 4217 code of every price.
const Currency = "EUR"

// Failures with a name. middleware/errors.go and handlers map them to problems.
var (
	// ErrNotFound means that the row does not exist or this user may not see it.
	ErrNotFound = errors.New("not found")
	// ErrUsernameTaken means that another user has this username.
	ErrUsernameTaken = errors.New("another user has this username")
	// ErrLastManager means that no manager would be left.
	ErrLastManager = errors.New("last manager")
	// ErrUserUnknown means that the user a token names does not exist.
	ErrUserUnknown = errors.New("user unknown")
	// ErrStale means that the row has changed since the caller read it.
	ErrStale = errors.New("stale version")
	// ErrInvalidTransition means that the status asked for does not follow the
	// current one.
	ErrInvalidTransition = errors.New("invalid transition")
	// ErrKeyReused means that the idempotency key belongs to another request.
	ErrKeyReused = errors.New("idempotency key reused")
	// ErrStorageFull means that the disk is full; nothing was written.
	ErrStorageFull = errors.New("storage full")
	// ErrDatabaseUnavailable means that the database does not answer.
	ErrDatabaseUnavailable = errors.New("database unavailable")
	// ErrStalePrimary means that only an old primary answers, to which nothing may be
	// written. Such an error is ErrDatabaseUnavailable, too.
	ErrStalePrimary = errors.New("stale primary")
	// ErrOnlyStandby means that only a standby answers. Such an error is
	// ErrDatabaseUnavailable, too.
	ErrOnlyStandby = errors.New("only a standby")
	// ErrStandbyAway means that the database waits for a standby which does not confirm
	// what is written. Such an error is ErrDatabaseUnavailable, too.
	ErrStandbyAway = errors.New("standby away")
)

// Store is an open database, SQLite or PostgreSQL. Both run the same queries;
// what differs is in sqlite.go and postgres.go.
type Store struct {
	engine engine      // writes
	reader *gorm.DB    // reads
	kept   *keptReader // reads pages of orders; nil: reader does
	menu   menuCache
	ready  *readiness

	sessionsEnded atomic.Pointer[func([]RevokedSession)]
	statusReached atomic.Pointer[func(Status, int)]
}

// Close finishes running queries and closes the database.
func (s *Store) Close() error {
	return errors.Join(closePool(s.reader), s.kept.close(), s.engine.close())
}

func closePool(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

func (s *Store) read(ctx context.Context) *gorm.DB { return s.reader.WithContext(ctx) }

// write runs fn in a transaction and returns once it is durable. If fn fails,
// nothing is kept. If fn has ended login sessions, it calls the function of
// OnSessionsEnded before it returns.
func (s *Store) write(ctx context.Context, fn func(tx *gorm.DB) error) error {
	var ended []RevokedSession
	err := s.engine.do(context.WithValue(ctx, endedKey{}, &ended), false, func(tx *gorm.DB) error {
		ended = nil // the engine may run fn again
		return fn(tx)
	})
	if err == nil || errors.Is(err, ErrDatabaseUnavailable) { // when the connection is lost, the commit may have happened
		s.reportEnded(ended)
	}
	return err
}

// writeStatement is write for an fn that runs a single statement. The engine
// undoes a failed statement by itself, so this saves the savepoint.
func (s *Store) writeStatement(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return s.engine.do(ctx, true, fn)
}

// Shared reports whether other instances may write to the same database.
func (s *Store) Shared() bool { return s.engine.shared() }

// Waiting returns the number of writes that are waiting or running.
func (s *Store) Waiting() int { return s.engine.pending() }

// GuardWrites makes check run before each commit. While it returns an error, nothing is
// written. It must be quick.
func (s *Store) GuardWrites(check func() error) { s.engine.guard(check) }

// OnCommit makes fn run after each commit. fn must not block.
func (s *Store) OnCommit(fn func(Commit)) { s.engine.onCommit(fn) }

// mapNotFound replaces gorm.ErrRecordNotFound by ErrNotFound.
func mapNotFound(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrNotFound
	}
	return err
}

// Millis is a time in Unix milliseconds (UTC). As an integer it sorts and
// compares alike in every engine.
type Millis int64

// Now returns the current time.
func Now() Millis { return Millis(time.Now().UnixMilli()) }

// Time converts to a time.Time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Add returns m + d.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }
