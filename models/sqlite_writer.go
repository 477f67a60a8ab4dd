package models

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"gorm.io/gorm"
)

// maxCommit is the largest number of writes in one commit. It bounds how long the
// first of them waits for the last.
const maxCommit = 64

// sqliteWriter owns the only connection that writes. Flushing a commit to the disk
// takes far longer than the writes themselves, so all writes that are waiting
// share one transaction and one flush (group commit). It never waits for more
// writes: once the queue is empty, it commits.
type sqliteWriter struct {
	writeStats
	db        *gorm.DB
	queue     chan *pendingWrite
	closing   chan struct{}
	closed    chan struct{}
	closeOnce sync.Once
}

// pendingWrite is the write of one caller of do.
type pendingWrite struct {
	ctx    context.Context
	fn     func(tx *gorm.DB) error
	single bool // see Store.writeStatement
	err    error
	done   chan struct{}
}

func newSQLiteWriter(db *gorm.DB) *sqliteWriter {
	w := &sqliteWriter{db: db, queue: make(chan *pendingWrite), closing: make(chan struct{}), closed: make(chan struct{})}
	go w.run()
	return w
}

// close finishes the writes that have begun and refuses all others.
func (w *sqliteWriter) close() error {
	w.closeOnce.Do(func() { close(w.closing) })
	<-w.closed
	return closePool(w.db)
}

func (w *sqliteWriter) run() {
	defer close(w.closed)
	for {
		select {
		case first := <-w.queue:
			w.commit(first)
		case <-w.closing:
			return
		}
	}
}

// do queues fn and returns once its transaction is durable. It skips a write whose
// ctx ends while it is queued.
func (w *sqliteWriter) do(ctx context.Context, single bool, fn func(tx *gorm.DB) error) error {
	defer timeStatement(ctx)()
	j := &pendingWrite{ctx: ctx, fn: fn, single: single, done: make(chan struct{})}
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	<-j.done // fn uses the caller's variables, so do must not return before it
	if p, ok := errors.AsType[panicked](j.err); ok {
		panic(p.Error())
	}
	return j.err
}

var errClosed = fmt.Errorf("%w: the database is closed", ErrDatabaseUnavailable)

// commit runs first, and what arrives meanwhile, in one transaction. All callers
// get their answers after the commit.
func (w *sqliteWriter) commit(first *pendingWrite) {
	start := time.Now()
	batch, err := w.runBatch(w.db.Begin(), first)
	if err == nil {
		w.committed(len(batch), start)
	}
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
		close(j.done)
	}
}

// runBatch runs the writes of one transaction and commits it. The error means that
// none of them was kept.
func (w *sqliteWriter) runBatch(tx *gorm.DB, first *pendingWrite) (batch []*pendingWrite, err error) {
	batch = append(make([]*pendingWrite, 0, maxCommit), first)
	if tx.Error != nil {
		return batch, tx.Error
	}
	for j := first; j != nil; {
		if j.run(tx, j == first); transactionLost(j.err) || j == first && j.err != nil {
			tx.Rollback() // the engine may have done so already
			return batch, neighbourError(j.err)
		}
		if j = w.next(len(batch)); j != nil {
			batch = append(batch, j)
		}
	}
	if err := w.mayWrite(); err != nil {
		tx.Rollback()
		return batch, err
	}
	return batch, tx.Commit().Error
}

// next returns a write that is waiting, or nil.
func (w *sqliteWriter) next(taken int) *pendingWrite {
	if taken == maxCommit {
		return nil
	}
	select {
	case j := <-w.queue:
		return j
	default:
		return nil
	}
}

// run calls fn. If it fails, the shared transaction keeps nothing of it: SQLite
// undoes a single statement by itself, several need a savepoint. The first write
// needs neither, because a failure rolls back the transaction.
func (j *pendingWrite) run(tx *gorm.DB, first bool) {
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	// A context that ends would make the driver abort the transaction of all.
	ctx := context.WithValue(context.WithoutCancel(j.ctx), timedKey{}, true)
	tx = tx.WithContext(ctx)
	if first || j.single {
		j.err = j.call(tx)
		return
	}
	if j.err = savepoint(tx, "SAVEPOINT write"); j.err != nil {
		return
	}
	if j.err = j.call(tx); j.err != nil && !transactionLost(j.err) {
		j.err = errors.Join(j.err, savepoint(tx, "ROLLBACK TO write"))
	}
	if !transactionLost(j.err) {
		j.err = errors.Join(j.err, savepoint(tx, "RELEASE write"))
	}
}

// savepoint runs a savepoint statement. If that fails, the content of the
// transaction is unknown.
func savepoint(tx *gorm.DB, stmt string) error {
	if err := tx.Exec(stmt).Error; err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDatabaseUnavailable, stmt, err)
	}
	return nil
}

// call runs fn and turns its panic into an error, which do raises again.
func (j *pendingWrite) call(tx *gorm.DB) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = panicked{cause, debug.Stack()}
		}
	}()
	return j.fn(tx)
}

// neighbourError returns the error for the other writes of a failed batch.
func neighbourError(err error) error {
	if _, own := errors.AsType[panicked](err); own {
		return fmt.Errorf("%w: another write of the same transaction panicked", ErrDatabaseUnavailable)
	}
	return err
}

type panicked struct {
	cause any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("%v\n%s", p.cause, p.stack) }

// transactionLost reports whether the shared transaction cannot go on: after some
// failures SQLite has rolled it back by itself (sqlite.org/lang_transaction.html,
// section 4), and a panic may have left half a change.
func transactionLost(err error) bool {
	_, isPanic := errors.AsType[panicked](err)
	return isPanic || errors.Is(err, ErrStorageFull) || errors.Is(err, ErrDatabaseUnavailable)
}
