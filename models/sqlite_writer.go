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

// maxCommit is how many writes share one commit at the most. It bounds how long
// the first of them waits for the last.
const maxCommit = 64

// writer owns the one connection that writes. Making a commit safe on the disk
// takes far longer than the writes themselves, so all that are waiting share
// one transaction and one flush (group commit). Nobody waits for company: with
// the queue empty the transaction is committed at once.
type writer struct {
	writeStats
	db      *gorm.DB
	queue   chan *write
	closing chan struct{}
	closed  chan struct{}
	once    sync.Once
}

// write is one caller's change, waiting to be written.
type write struct {
	ctx  context.Context
	fn   func(tx *gorm.DB) error
	once bool // see Store.writeOnce
	err  error
	done chan struct{}
}

func newWriter(db *gorm.DB) *writer {
	w := &writer{db: db, queue: make(chan *write), closing: make(chan struct{}), closed: make(chan struct{})}
	go w.run()
	return w
}

// close writes what has been taken on, and then nothing more.
func (w *writer) close() error {
	w.once.Do(func() { close(w.closing) })
	<-w.closed
	return closePool(w.db)
}

func (w *writer) run() {
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

// do waits until fn has been written and is on the disk. A caller who gives up
// before the turn has come is skipped.
func (w *writer) do(ctx context.Context, once bool, fn func(tx *gorm.DB) error) error {
	defer timeStatement(ctx)()
	j := &write{ctx: ctx, fn: fn, once: once, done: make(chan struct{})}
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return fmt.Errorf("%w: the order book is closed", ErrDatabaseUnavailable)
	}
	<-j.done // fn works with the caller's variables, so nobody leaves before it has ended
	if p, ok := errors.AsType[panicked](j.err); ok {
		panic(p.Error())
	}
	return j.err
}

// commit writes first, and whoever comes while that is being done, in one
// transaction. Everybody is answered after the commit.
func (w *writer) commit(first *write) {
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

// runBatch runs the writes of one transaction and commits it. The error is one that
// keeps all of them from being written.
func (w *writer) runBatch(tx *gorm.DB, first *write) (batch []*write, err error) {
	batch = append(make([]*write, 0, maxCommit), first)
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
	return batch, tx.Commit().Error
}

// next is who is waiting at this moment, or nobody.
func (w *writer) next(taken int) *write {
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

// run makes the change. If it fails, no trace of it stays in the transaction
// that others share: the engine takes back a single statement by itself, several
// are put behind a savepoint. The first of a transaction needs neither.
func (j *write) run(tx *gorm.DB, first bool) {
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	// A context that ends would make the engine break off the transaction of all.
	ctx := context.WithValue(context.WithoutCancel(j.ctx), clockedKey{}, true)
	tx = tx.WithContext(ctx)
	if first || j.once {
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

// savepoint sets, takes or drops a savepoint. Where that fails, nobody knows what is
// in the transaction.
func savepoint(tx *gorm.DB, stmt string) error {
	if err := tx.Exec(stmt).Error; err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDatabaseUnavailable, stmt, err)
	}
	return nil
}

// call runs the caller's function; its panic is the caller's, too.
func (j *write) call(tx *gorm.DB) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = panicked{cause, debug.Stack()}
		}
	}()
	return j.fn(tx)
}

// neighbourError is what those are told whose writes were lost with a neighbour's.
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

// transactionLost tells whether a failure leaves the transaction of everybody in doubt:
// after some, SQLite has rolled it back by itself (sqlite.org/lang_transaction.html,
// section 4), and a panic may have left half a change.
func transactionLost(err error) bool {
	_, half := errors.AsType[panicked](err)
	return half || errors.Is(err, ErrStorageFull) || errors.Is(err, ErrDatabaseUnavailable)
}
