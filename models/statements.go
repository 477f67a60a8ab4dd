package models

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
)

// Statements counts what one request asks of the database, so that a learner
// sees in Server-Timing that checking a wristband asks nothing.
type Statements struct {
	count, nanos atomic.Int64
}

// Count is the number of SQL statements so far. BEGIN, COMMIT and savepoints
// do not count.
func (s *Statements) Count() int64 { return s.count.Load() }

// Spent is the time in the database so far: of a read until its first row, of
// a write including its commit.
func (s *Statements) Spent() time.Duration { return time.Duration(s.nanos.Load()) }

type statementsKey struct{}

// CountStatements gives a context whose queries are counted.
func CountStatements(ctx context.Context) (context.Context, *Statements) {
	s := new(Statements)
	return context.WithValue(ctx, statementsKey{}, s), s
}

// measure notes one call to the database and the time it took.
func measure(ctx context.Context, query string) (done func()) {
	s, _ := ctx.Value(statementsKey{}).(*Statements)
	if s == nil {
		return func() {}
	}
	if counts(query) {
		s.count.Add(1)
	}
	start := time.Now()
	return func() { s.nanos.Add(int64(time.Since(start))) }
}

// counts tells whether a learner would call this a query.
func counts(query string) bool {
	return query != "" && !strings.HasPrefix(query, "SAVEPOINT") && !strings.HasPrefix(query, "ROLLBACK TO")
}

// countingPool stands between GORM and the database. It sits this low because
// here every statement passes, whoever wrote it, and every failure of the
// database can be named in one place.
type countingPool struct{ *sql.DB }

func (p countingPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	defer measure(ctx, query)()
	res, err := p.DB.ExecContext(ctx, query, args...)
	return res, named(err)
}

func (p countingPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	defer measure(ctx, query)()
	rows, err := p.DB.QueryContext(ctx, query, args...)
	return rows, named(err)
}

func (p countingPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	defer measure(ctx, query)()
	return p.DB.QueryRowContext(ctx, query, args...)
}

// BeginTx makes countingPool a gorm.ConnPoolBeginner.
func (p countingPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	defer measure(ctx, "")()
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, named(err)
	}
	return &countingTx{tx, ctx}, nil // a pointer: GORM asks whether it is nil
}

// GetDBConn makes countingPool a gorm.GetDBConnector, so that the pool can be closed.
func (p countingPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

type countingTx struct {
	*sql.Tx
	ctx context.Context // of BeginTx: Commit takes none of its own
}

func (t *countingTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	defer measure(ctx, query)()
	res, err := t.Tx.ExecContext(ctx, query, args...)
	return res, named(err)
}

func (t *countingTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	defer measure(ctx, query)()
	rows, err := t.Tx.QueryContext(ctx, query, args...)
	return rows, named(err)
}

func (t *countingTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	defer measure(ctx, query)()
	return t.Tx.QueryRowContext(ctx, query, args...)
}

func (t *countingTx) Commit() error {
	defer measure(t.ctx, "")()
	return named(t.Tx.Commit())
}
