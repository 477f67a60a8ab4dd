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
	// connectionWithin is how long a statement waits until it has a connection.
	connectionWithin = 3 * time.Second
	// answerWithin is how long a statement waits for its answer. The server should
	// have given up before (statement_timeout), unless it is out of reach.
	answerWithin = 7 * time.Second
)

// boundedPool lets statements stand in line for a connection, but not for ever,
// and finishes what has begun: a context that ends in the midst of a statement
// would cost the connection.
type boundedPool struct {
	countingPool
	outage *outage
}

func newPatientPool(cfg *pgx.ConnConfig, size int) boundedPool {
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return boundedPool{countingPool{pool}, outageOf(cfg)}
}

func (p boundedPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.countingPool.ExecContext(p.standInLine(ctx), query, args...)
}

func (p boundedPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.countingPool.QueryContext(p.standInLine(ctx), query, args...)
}

func (p boundedPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.countingPool.QueryRowContext(p.standInLine(ctx), query, args...)
}

// BeginTx makes patientPool a gorm.ConnPoolBeginner.
func (p boundedPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	return p.countingPool.BeginTx(p.standInLine(ctx), opts)
}

// queuedContext is the context of a statement that stands in line. It ends when that has
// taken too long, the server is out of reach or the guest leaves; once it is the
// statement's turn only a deadline ends it that the caller has given.
type queuedContext struct {
	context.Context
	queueTimer    *time.Timer
	unwatchOutage func() // forgets to tell of an outage
	unwatchCaller func() bool
}

type lineKey struct{}

func (p boundedPool) standInLine(ctx context.Context) context.Context {
	inner, leave := context.WithCancelCause(context.WithoutCancel(ctx))
	l := &queuedContext{Context: inner}
	l.unwatchOutage = p.outage.onBegin(func() { leave(errOutage) })
	l.queueTimer = time.AfterFunc(connectionWithin, func() {
		l.unwatchOutage()
		leave(fmt.Errorf("%w: no connection was free within %v", ErrDatabaseUnavailable, connectionWithin))
	})
	if deadline, given := ctx.Deadline(); given {
		time.AfterFunc(time.Until(deadline), func() { leave(fmt.Errorf("%w: no answer in time", ErrDatabaseUnavailable)) })
	}
	l.unwatchCaller = context.AfterFunc(ctx, func() { leave(ctx.Err()) })
	if ctx.Err() != nil {
		leave(ctx.Err())
	}
	return l
}

// Err says why the line was left.
func (l *queuedContext) Err() error { return context.Cause(l.Context) }

// Value gives the line itself to deadlines.
func (l *queuedContext) Value(key any) any {
	if key == (lineKey{}) {
		return l
	}
	return l.Context.Value(key)
}

// deadlines gives each statement, once it has a connection, a time within which
// it must be answered, and ends it when the server is out of reach.
type deadlines struct{ outage *outage }

type (
	answeredKey  struct{}
	unhurriedKey struct{}
)

// withoutTimeout is for statements that may take as long as they like.
func withoutTimeout(ctx context.Context) context.Context {
	return context.WithValue(ctx, unhurriedKey{}, true)
}

// cancelCauseContext is the context of a statement. Its error is the reason of its end: pgx
// takes any other for a guest who left.
type cancelCauseContext struct{ context.Context }

// Err says why the statement was ended.
func (e cancelCauseContext) Err() error { return context.Cause(e.Context) }

// TraceQueryStart makes deadlines a pgx.QueryTracer. What it returns is the
// context of the statement.
func (d deadlines) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if l, inLine := ctx.Value(lineKey{}).(*queuedContext); inLine {
		l.queueTimer.Stop()
		l.unwatchOutage()
		l.unwatchCaller()
	}
	if ctx.Value(unhurriedKey{}) != nil {
		return ctx
	}
	timed, answered := context.WithTimeout(ctx, answerWithin)
	cut, end := context.WithCancelCause(timed)
	forget := d.outage.onBegin(func() { end(errOutage) })
	return context.WithValue(cancelCauseContext{cut}, answeredKey{}, func() {
		forget()
		end(nil)
		answered()
	})
}

// TraceQueryEnd is called when the last row has been read.
func (deadlines) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if answered, ok := ctx.Value(answeredKey{}).(func()); ok {
		answered()
	}
}
