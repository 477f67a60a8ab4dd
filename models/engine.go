package models

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	// do runs fn in a transaction and returns once it is durable. single means
	// that fn runs one statement, see Store.writeStatement.
	do(ctx context.Context, single bool, fn func(tx *gorm.DB) error) error
	// insertOrder writes an order, sets its ID and returns once it is durable.
	// gorm.ErrDuplicatedKey: its idempotency key is used; gorm.ErrForeignKeyViolated:
	// there is no such user.
	insertOrder(ctx context.Context, o *orderRow) error
	// confirm returns an error if what do writes would not become durable now. It leaves
	// no row.
	confirm(ctx context.Context) error
	dialect() dialect
	// shared reports whether other processes may write, too.
	shared() bool
	// notify sends n to the other instances when the transaction commits.
	notify(tx *gorm.DB, n notification) error
	// listen runs until ctx ends. It calls hear for each notification of another
	// instance, missed when some may have been lost (ended sessions apart, which it
	// reads again), and lost when the connection breaks.
	listen(ctx context.Context, hear func(notification), missed func(), lost func(error))
	// state returns how a shared database is, and false for a file.
	state() (DatabaseState, bool)
	// close finishes the writes that have begun.
	close() error

	pending() int
	commits() int64
	onCommit(fn func(Commit))
	guard(check func() error)
	// mayWrite returns what the guard says, as ErrDatabaseUnavailable.
	mayWrite() error
}

// dialect holds the SQL that has no portable form.
type dialect struct {
	openOrders     string   // the table orders, read along its index of open orders
	skipLocked     string   // ends a SELECT: skip rows that others have locked
	clearOrders    []string // empties the table orders and restarts its ids
	advanceMenuIDs string   // moves the sequence of dish ids past explicit ids, where needed
	lastID         string   // reads the highest id that a table has given out, NULL for none
	lockOrders     string   // takes the locks that an order takes and BEGIN does not
	raiseID        []string // let the ids of @table continue after @id, if they are not further already
}

// openGORM opens GORM over pool, which d uses, and closes pool on failure.
func openGORM(d gorm.Dialector, pool *sql.DB) (*gorm.DB, error) {
	db, err := gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true,           // the first statement fails with a better error
		Logger:                 logger.Discard, // the request log names failures once, with the request id
	})
	if err == nil {
		err = timeCallbacks(db)
	}
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// classify wraps failures of the engine in ErrStorageFull or
// ErrDatabaseUnavailable.
func classify(err error) error { return classifyPostgres(classifySQLite(err)) }

// Commit describes one commit: how many writes it holds, and the time from BEGIN
// until it was durable.
type Commit struct {
	Writes int
	Took   time.Duration
}

// writeStats counts the writes of an engine, and holds what runs before and after them.
type writeStats struct {
	waiting    atomic.Int64
	done       atomic.Int64
	commitHook atomic.Pointer[func(Commit)]
	check      atomic.Pointer[func() error]
}

func (s *writeStats) pending() int { return int(s.waiting.Load()) }

func (s *writeStats) commits() int64 { return s.done.Load() }

func (s *writeStats) guard(check func() error) { s.check.Store(&check) }

func (s *writeStats) mayWrite() error {
	if check := s.check.Load(); check != nil {
		if err := (*check)(); err != nil {
			return fmt.Errorf("%w: %w", ErrDatabaseUnavailable, err)
		}
	}
	return nil
}

func (s *writeStats) onCommit(fn func(Commit)) { s.commitHook.Store(&fn) }

func (s *writeStats) committed(writes int, start time.Time) {
	s.done.Add(1)
	if hook := s.commitHook.Load(); hook != nil {
		(*hook)(Commit{writes, time.Since(start)})
	}
}

// migrations are the versions of the schema, one folder per engine. A released
// file is never edited; a later change is a new file in both folders.
//
//go:embed migrations/*/*.sql
var migrations embed.FS

// migrationsOf lists the scripts of an engine in order; the first makes version 1.
func migrationsOf(engine string) ([]string, error) {
	return fs.Glob(migrations, path.Join("migrations", engine, "*.sql"))
}
