package models

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

const (
	// queueTimeout is how long a statement waits for a connection.
	queueTimeout = 3 * time.Second
	// answerTimeout is how long a statement waits for its answer. A server that can
	// be reached gives up before (statement_timeout).
	answerTimeout = 7 * time.Second
)

// boundedPool limits how long a statement waits for a connection, and finishes
// what has begun: to cancel a running statement would cost its connection.
type boundedPool struct {
	countingPool
	outage *outage
}

func newBoundedPool(cfg *pgx.ConnConfig, size int) boundedPool {
	fence := fenceOf(cfg)
	pool := stdlib.OpenDB(*cfg, stdlib.OptionBeforeConnect(fence.choose), stdlib.OptionResetSession(fence.reuse), stdlib.OptionShouldPing(fence.shouldPing))
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return boundedPool{newCountingPool(pool), outageOf(cfg)}
}

func (p boundedPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.countingPool.ExecContext(p.queued(ctx), query, args...)
}

func (p boundedPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.countingPool.QueryContext(p.queued(ctx), query, args...)
}

func (p boundedPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.countingPool.QueryRowContext(p.queued(ctx), query, args...)
}

// BeginTx makes boundedPool a gorm.ConnPoolBeginner.
func (p boundedPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	return p.countingPool.BeginTx(p.queued(ctx), opts)
}

// startedKey finds the function of a queued context that marks its statement as
// running.
type startedKey struct{}

// queued returns a context that ends while the statement waits for a connection:
// after queueTimeout, in an outage, or when the caller is gone. Once the statement
// runs, only a caller with a deadline ends it: such callers prefer to lose the
// connection to waiting.
func (p boundedPool) queued(caller context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(caller))
	forgetOutage := p.outage.onBegin(func() { cancel(errUnreachable) })
	timer := time.AfterFunc(queueTimeout, func() {
		forgetOutage()
		cancel(fmt.Errorf("%w: no connection was free within %v", ErrDatabaseUnavailable, queueTimeout))
	})
	forgetCaller := context.AfterFunc(caller, func() { cancel(caller.Err()) })
	if caller.Err() != nil {
		cancel(caller.Err()) // AfterFunc may be late
	}
	return causeContext{context.WithValue(ctx, startedKey{}, func() {
		timer.Stop()
		forgetOutage()
		if _, limited := caller.Deadline(); !limited {
			forgetCaller()
		}
	})}
}

// causeContext has its cause as its error: pgx takes context.Canceled for a caller
// who is gone.
type causeContext struct{ context.Context }

// Err returns why the context ended, or nil.
func (c causeContext) Err() error { return context.Cause(c.Context) }

// timeouts limits each statement, once it has a connection, to answerTimeout and
// ends it in an outage. It carries the fence to where connections are made.
type timeouts struct {
	outage *outage
	fence  *fence
}

type (
	answeredKey  struct{}
	noTimeoutKey struct{}
)

// withoutTimeout exempts statements from answerTimeout.
func withoutTimeout(ctx context.Context) context.Context {
	return context.WithValue(ctx, noTimeoutKey{}, true)
}

// TraceQueryStart makes timeouts a pgx.QueryTracer. It returns the context of the
// statement.
func (t timeouts) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if started, queued := ctx.Value(startedKey{}).(func()); queued {
		started()
	}
	if ctx.Value(noTimeoutKey{}) != nil {
		return ctx
	}
	timed, stopTimer := context.WithTimeout(ctx, answerTimeout)
	running, cancel := context.WithCancelCause(timed)
	forgetOutage := t.outage.onBegin(func() { cancel(errUnreachable) })
	leaveStale := func() {
		if !t.fence.current(conn.PgConn()) {
			cancel(errMoved)
		}
	}
	forgetMove := t.fence.moved.onBegin(leaveStale)
	leaveStale() // the transaction may have begun before the move
	return context.WithValue(causeContext{running}, answeredKey{}, func() {
		forgetOutage()
		forgetMove()
		cancel(nil)
		stopTimer()
	})
}

// TraceQueryEnd runs after the last row has been read.
func (timeouts) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if answered, ok := ctx.Value(answeredKey{}).(func()); ok {
		answered()
	}
}
