package models

import (
	"context"
	"embed"
	"io/fs"
	"path"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
)

// engine is what each database does in a way of its own.
type engine interface {
	// do runs fn in a transaction and returns when it is on the disk. once says
	// that fn keeps all or nothing by itself, see Store.writeOnce.
	do(ctx context.Context, once bool, fn func(tx *gorm.DB) error) error
	// insert writes one row and gives its id. A row that is there already is
	// gorm.ErrDuplicatedKey.
	insert(tx *gorm.DB, query string, args ...any) (id int64, err error)
	// dialect is the SQL that has no portable form.
	dialect() dialect
	// shared tells whether other processes may write, too.
	shared() bool
	// notify tells the other branches, as soon as the transaction is kept.
	notify(tx *gorm.DB, n notification) error
	// listen calls hear for each notice of another branch, missed when all but ended
	// sessions may have been missed, and lost when nothing can be heard, until ctx
	// ends.
	listen(ctx context.Context, hear func(notification), missed func(), lost func(error))
	// close ends what writes; what has been taken on is finished first.
	close() error

	pending() int
	onCommit(fn func(Commit))
}

// dialect holds the SQL for which there is no portable form.
type dialect struct {
	version    string   // the query for the engine's version
	openOrders string   // the table orders, read along its index of open orders
	skipLocked string   // ends a query: takes the rows that nobody else is changing
	noOrders   []string // empties the table orders, and begins their numbers anew
	idsTaken   string   // tells the engine of ids of dishes that it has not given out, if it must be told
}

// classify gives the failures of the engine that are nobody's mistake their names.
func classify(err error) error { return namedPostgres(namedSQLite(err)) }

// Commit tells of one commit: how many writes it kept, and how long it took
// from BEGIN to the disk.
type Commit struct {
	Writes int
	Took   time.Duration
}

// writeStats is what an engine can tell about its writes.
type writeStats struct {
	waiting    atomic.Int64
	commitHook atomic.Pointer[func(Commit)]
}

// pending is the number of writes that wait or are being written.
func (t *writeStats) pending() int { return int(t.waiting.Load()) }

// onCommit calls fn after each commit.
func (t *writeStats) onCommit(fn func(Commit)) { t.commitHook.Store(&fn) }

// committed tells of a commit that began at start.
func (t *writeStats) committed(writes int, start time.Time) {
	if tell := t.commitHook.Load(); tell != nil {
		(*tell)(Commit{writes, time.Since(start)})
	}
}

// migrations are the versions of the schema, in a folder for each engine. One
// that has landed is never edited: what changes later is a new file in both.
//
//go:embed migrations/*/*.sql
var migrations embed.FS

// migrationsOf lists the scripts of an engine; the first makes version 1.
func migrationsOf(engine string) ([]string, error) {
	return fs.Glob(migrations, path.Join("migrations", engine, "*.sql"))
}
