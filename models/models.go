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

// Currency is the ISO 4217 code of every price in the house.
const Currency = "EUR"

// Named failures of the order book. middleware/errors.go translates them.
var (
	// ErrNotFound means that no such row exists, or none that this guest may see.
	ErrNotFound = errors.New("not found")
	// ErrUsernameTaken means that another guest has this username.
	ErrUsernameTaken = errors.New("another user has this username")
	// ErrLastManager means that the change would leave the house without a manager.
	ErrLastManager = errors.New("last manager")
	// ErrUserUnknown means that a token speaks of a user who is not in this book.
	ErrUserUnknown = errors.New("user unknown")
	// ErrStale means that the row has changed since the caller read it.
	ErrStale = errors.New("stale version")
	// ErrInvalidTransition means that the status asked for does not follow.
	ErrInvalidTransition = errors.New("invalid transition")
	// ErrKeyReused means that the idempotency key stands for another request.
	ErrKeyReused = errors.New("idempotency key reused")
	// ErrStorageFull means that the disk has no room; nothing was written.
	ErrStorageFull = errors.New("storage full")
	// ErrDatabaseUnavailable means that the database does not answer.
	ErrDatabaseUnavailable = errors.New("database unavailable")
)

// Store is the open order book, in SQLite or in PostgreSQL. The queries are the
// same; what differs is in sqlite.go and postgres.go.
type Store struct {
	engine engine   // writes
	reader *gorm.DB // reads
	menu   menuInMemory

	sessionsEnded atomic.Pointer[func([]RevokedSession)]
}

// Close closes the order book. Running queries are finished first.
func (s *Store) Close() error {
	return errors.Join(closePool(s.reader), s.engine.close())
}

func closePool(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

// readyWithin is how long a database elsewhere may take to say that it is there.
// Whoever asks has others to ask, and does so every few seconds.
const readyWithin = time.Second

// Ready tells whether the order book can be read.
func (s *Store) Ready(ctx context.Context) error {
	if s.Shared() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, readyWithin)
		defer cancel()
	}
	var one int
	return s.read(ctx).Raw("SELECT 1").Scan(&one).Error
}

// EngineVersion is the version of the SQL engine, such as "3.53.3" or "15.14".
func (s *Store) EngineVersion(ctx context.Context) (string, error) {
	var version string
	err := s.read(ctx).Raw(s.engine.dialect().version).Scan(&version).Error
	return version, err
}

func (s *Store) read(ctx context.Context) *gorm.DB { return s.reader.WithContext(ctx) }

// write runs fn in a transaction and returns when it is on the disk: all of it
// is kept, or nothing. If fn has ended login sessions, OnSessionsEnded is told first.
func (s *Store) write(ctx context.Context, fn func(tx *gorm.DB) error) error {
	var ended []RevokedSession
	err := s.engine.do(context.WithValue(ctx, endedKey{}, &ended), false, func(tx *gorm.DB) error {
		ended = nil // the engine may run fn again
		return fn(tx)
	})
	if err == nil {
		s.tellEnded(ended)
	}
	return err
}

// writeOnce is write for an fn that can only fail before it has changed
// something: a single statement, that is, of which the engine keeps all or
// nothing by itself. It saves the savepoint.
func (s *Store) writeOnce(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return s.engine.do(ctx, true, fn)
}

// Shared tells whether other houses may write to the same order book.
func (s *Store) Shared() bool { return s.engine.shared() }

// Waiting is the number of writes that are under way.
func (s *Store) Waiting() int { return s.engine.pending() }

// OnCommit calls fn after each commit. It must not wait for anything.
func (s *Store) OnCommit(fn func(Commit)) { s.engine.onCommit(fn) }

// mapNotFound turns GORM's "no such row" into ours.
func mapNotFound(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrNotFound
	}
	return err
}

// Millis is a moment in Unix milliseconds (UTC). Stored as an integer it sorts,
// compares and survives every engine alike.
type Millis int64

// Now is the present moment.
func Now() Millis { return Millis(time.Now().UnixMilli()) }

// Time is the moment as a time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Add moves the moment by d.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }
