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

// pendingWrite is the write of one caller of do or insertOrder.
type pendingWrite struct {
	ctx    context.Context
	fn     func(tx *gorm.DB) error
	single bool      // see Store.writeStatement
	order  *orderRow // nil, or what is written together with other orders, instead of by fn
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
	return w.wait(&pendingWrite{ctx: ctx, fn: fn, single: single})
}

// insertOrder queues an order, as do does.
func (w *sqliteWriter) insertOrder(ctx context.Context, o *orderRow) error {
	defer count(ctx, insertOrdersSQL) // of the statement for all, its share
	return w.wait(&pendingWrite{ctx: ctx, fn: o.insertAlone, order: o})
}

// wait queues a write and waits for its transaction.
func (w *sqliteWriter) wait(j *pendingWrite) error {
	defer timeStatement(j.ctx)()
	j.done = make(chan struct{})
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	select {
	case w.queue <- j:
	case <-j.ctx.Done():
		return j.ctx.Err()
	case <-w.closing:
		return errClosed
	}
	<-j.done // fn uses the caller's variables, so the caller must not return before it
	if p, ok := errors.AsType[panicked](j.err); ok {
		panic(p.Error())
	}
	return j.err
}

// confirm has nothing to wait for but the file itself.
func (w *sqliteWriter) confirm(context.Context) error { return nil }

func (w *sqliteWriter) state() (DatabaseState, bool) { return DatabaseState{}, false }

var errClosed = fmt.Errorf("%w: the database is closed", ErrDatabaseUnavailable)

// commit runs first, and what arrives meanwhile, in one transaction. All callers
// get their answers after the commit.
func (w *sqliteWriter) commit(first *pendingWrite) {
	start := time.Now()
	batch, err := w.runBatch(first)
	if errors.Is(err, errApart) || errors.Is(err, gorm.ErrForeignKeyViolated) { // which the commit finds
		err = w.runApart(batch)
	}
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

// errApart means that the orders of a transaction cannot be written together.
var errApart = errors.New("the orders must be written one by one")

// runBatch runs the writes of one transaction and commits it. The error means that
// none of them was kept.
func (w *sqliteWriter) runBatch(first *pendingWrite) (batch []*pendingWrite, err error) {
	tx := w.db.Begin()
	batch = append(make([]*pendingWrite, 0, maxCommit), first)
	if tx.Error != nil {
		return batch, tx.Error
	}
	ran := 0
	if first.order == nil {
		if first.run(tx, true); first.err != nil {
			return batch, rollBack(tx, first.err)
		}
		ran = 1
	}
	for batch = w.takeWaiting(batch); ran < len(batch); batch = w.takeWaiting(batch) {
		if err := runTogether(tx, batch[ran:]); err != nil {
			return batch, rollBack(tx, err)
		}
		ran = len(batch)
	}
	return batch, w.finish(tx)
}

// runApart runs the writes once more, each by itself.
func (w *sqliteWriter) runApart(batch []*pendingWrite) error {
	tx := w.db.Begin()
	if tx.Error != nil {
		return tx.Error
	}
	for _, j := range batch {
		if j.run(tx, false); transactionLost(j.err) {
			return rollBack(tx, j.err)
		}
	}
	return w.finish(tx)
}

// rollBack returns the error for the other writes of the transaction. The engine may
// have rolled it back already.
func rollBack(tx *gorm.DB, err error) error {
	tx.Rollback()
	return neighbourError(err)
}

// finish commits, if that is allowed.
func (w *sqliteWriter) finish(tx *gorm.DB) error {
	if err := w.mayWrite(); err != nil {
		return rollBack(tx, err)
	}
	err := tx.Commit().Error
	if err != nil {
		w.db.Exec("ROLLBACK") // after some failures the transaction is still open
	}
	return err
}

// takeWaiting adds the writes that are waiting.
func (w *sqliteWriter) takeWaiting(batch []*pendingWrite) []*pendingWrite {
	for len(batch) < maxCommit {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// runTogether writes the orders by one statement, and runs the other writes. The error
// means that the transaction cannot go on.
func runTogether(tx *gorm.DB, writes []*pendingWrite) error {
	if err := insertTogether(tx, writes); err != nil {
		return err
	}
	for _, j := range writes {
		if j.order != nil {
			continue
		}
		if j.run(tx, false); transactionLost(j.err) {
			return j.err
		}
	}
	return nil
}

// insertTogether writes those of the writes that are orders.
func insertTogether(tx *gorm.DB, writes []*pendingWrite) error {
	var rows []*orderRow
	for _, j := range writes {
		if j.order == nil {
			continue
		}
		if j.err = j.ctx.Err(); j.err == nil {
			rows = append(rows, j.order)
		}
	}
	if err := insertOrders(tx, rows); transactionLost(err) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: %w", errApart, err)
	}
	for _, j := range writes {
		if j.order != nil && j.err == nil {
			j.err = j.order.outcome()
		}
	}
	return nil
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
