package models

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// postgresWriter writes to PostgreSQL, which runs writes concurrently and groups
// their commits by itself.
type postgresWriter struct {
	writeStats
	db     *gorm.DB
	closed atomic.Bool

	listenConfig *pgx.ConnConfig // of the connection for notifications
	self         string          // the From of this process's notifications
	opened       Millis
	outage       *outage
	fence        *fence
	standby      standbyWait
	absence      absence

	orders  chan *pendingOrder // that wait for a lane
	closing chan struct{}
	lanes   sync.WaitGroup
}

func newPostgresWriter(db *gorm.DB, cfg *pgx.ConnConfig) *postgresWriter {
	listen := cfg.Copy()
	listen.RuntimeParams["application_name"] += " (news)"
	listen.RuntimeParams["statement_timeout"] = "0"
	listen.Tracer = nil // it has timeouts of its own
	listen.ConnectTimeout = min(listen.ConnectTimeout, lastRetry)
	w := &postgresWriter{db: db, listenConfig: listen, self: rand.Text(), opened: Now(), outage: outageOf(cfg), fence: fenceOf(cfg),
		standby: standbyWait{stuck: make(chan struct{}, 1)}, orders: make(chan *pendingOrder), closing: make(chan struct{})}
	for range orderLanes {
		w.lanes.Go(w.lane)
	}
	return w
}

func (w *postgresWriter) dialect() dialect {
	return dialect{
		openOrders: "orders", skipLocked: " FOR UPDATE SKIP LOCKED",
		clearOrders: []string{"TRUNCATE orders RESTART IDENTITY"},
		advanceMenuIDs: `SELECT setval(pg_get_serial_sequence('menu_items', 'id'),
			greatest(nextval(pg_get_serial_sequence('menu_items', 'id')), (SELECT max(id) FROM menu_items)))`,
		lockOrders: "LOCK TABLE orders IN ROW EXCLUSIVE MODE",
		lastID:     "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, 'id')::regclass)",
		raiseID: []string{`SELECT setval(pg_get_serial_sequence(@table, 'id'),
			greatest(nextval(pg_get_serial_sequence(@table, 'id')), @id))`},
	}
}

func (w *postgresWriter) shared() bool { return true }

func (w *postgresWriter) close() error {
	if w.closed.CompareAndSwap(false, true) {
		close(w.closing)
	}
	w.lanes.Wait()
	return closePool(w.db)
}

// maxAttempts limits how often a write runs that PostgreSQL aborts in favour of
// another one.
const maxAttempts = 5

// do runs fn in a transaction. As in SQLite, a caller who leaves does not abort it.
func (w *postgresWriter) do(ctx context.Context, single bool, fn func(tx *gorm.DB) error) error {
	defer timeStatement(ctx)()
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	return w.attempt(context.WithValue(ctx, timedKey{}, true), 1, single, fn)
}

// attempt runs fn, which holds so many writes, until it is not aborted.
func (w *postgresWriter) attempt(ctx context.Context, writes int, single bool, fn func(tx *gorm.DB) error) (err error) {
	for range maxAttempts {
		start := time.Now()
		if err = w.mayWrite(); err == nil {
			err = transact(w.db.WithContext(ctx), single, fn)
		}
		if err == nil {
			w.committed(writes, start)
		}
		if !retryable(err) {
			break
		}
	}
	if err != nil && w.closed.Load() {
		return errClosed
	}
	return err
}

// transact runs fn once. A single statement is a transaction by itself.
func transact(db *gorm.DB, single bool, fn func(tx *gorm.DB) error) error {
	if single {
		return fn(db)
	}
	return db.Transaction(func(tx *gorm.DB) error {
		return fn(tx.WithContext(context.WithoutCancel(tx.Statement.Context)))
	})
}
