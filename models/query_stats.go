package models

import (
	"context"
	"database/sql"
	"errors"
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

// Spent is the time in the database so far, commits included.
func (s *Statements) Spent() time.Duration { return time.Duration(s.nanos.Load()) }

type statementsKey struct{}

// clockedKey marks a context whose time in the database is being measured as a
// whole.
type clockedKey struct{}

// CountStatements gives a context whose queries are counted.
func CountStatements(ctx context.Context) (context.Context, *Statements) {
	s := new(Statements)
	return context.WithValue(ctx, statementsKey{}, s), s
}

// count notes one statement.
func count(ctx context.Context, query string) {
	if s, _ := ctx.Value(statementsKey{}).(*Statements); s != nil && counts(query) {
		s.count.Add(1)
	}
}

// timeStatement notes the time until done is called.
func timeStatement(ctx context.Context) (done func()) {
	s, _ := ctx.Value(statementsKey{}).(*Statements)
	if s == nil || ctx.Value(clockedKey{}) != nil {
		return func() {}
	}
	start := time.Now()
	return func() { s.nanos.Add(int64(time.Since(start))) }
}

// clockStatements measures whole statements, reading of their rows included:
// the driver does most of the work only then.
func clockStatements(db *gorm.DB) error {
	const key = "restaurant:spend"
	start := func(tx *gorm.DB) { tx.InstanceSet(key, timeStatement(tx.Statement.Context)) }
	stop := func(tx *gorm.DB) {
		if done, ok := tx.InstanceGet(key); ok {
			done.(func())()
		}
	}
	on := db.Callback()
	return errors.Join(
		on.Query().Before("*").Register(key+":start", start), on.Query().After("*").Register(key+":stop", stop),
		on.Create().Before("*").Register(key+":start", start), on.Create().After("*").Register(key+":stop", stop),
		on.Update().Before("*").Register(key+":start", start), on.Update().After("*").Register(key+":stop", stop),
		on.Delete().Before("*").Register(key+":start", start), on.Delete().After("*").Register(key+":stop", stop),
		on.Raw().Before("*").Register(key+":start", start), on.Raw().After("*").Register(key+":stop", stop),
		on.Row().Before("*").Register(key+":start", start), on.Row().After("*").Register(key+":stop", stop),
	)
}

// counts tells whether a learner would call this a query.
func counts(query string) bool {
	return query != "" && !strings.HasPrefix(query, "SAVEPOINT") && !strings.HasPrefix(query, "ROLLBACK TO") && !strings.HasPrefix(query, "RELEASE")
}

// countingPool stands between GORM and the database: every statement passes
// here, whoever wrote it. Failures are named here, too, because GORM shows its
// translator only some of them.
type countingPool struct{ *sql.DB }

func (p countingPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	count(ctx, query)
	res, err := p.DB.ExecContext(ctx, query, args...)
	return res, classify(err)
}

func (p countingPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx, query)
	rows, err := p.DB.QueryContext(ctx, query, args...)
	return rows, classify(err)
}

func (p countingPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	count(ctx, query)
	return p.DB.QueryRowContext(ctx, query, args...)
}

// BeginTx makes countingPool a gorm.ConnPoolBeginner.
func (p countingPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.DB.BeginTx(ctx, opts)
	if err != nil {
		return nil, classify(err)
	}
	return &countingTx{tx}, nil // a pointer: GORM asks whether it is nil
}

// GetDBConn makes countingPool a gorm.GetDBConnector, so that the pool can be closed.
func (p countingPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

type countingTx struct {
	*sql.Tx
}

func (t *countingTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	count(ctx, query)
	res, err := t.Tx.ExecContext(ctx, query, args...)
	return res, classify(err)
}

func (t *countingTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx, query)
	rows, err := t.Tx.QueryContext(ctx, query, args...)
	return rows, classify(err)
}

func (t *countingTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	count(ctx, query)
	return t.Tx.QueryRowContext(ctx, query, args...)
}

func (t *countingTx) Commit() error {
	return classify(t.Tx.Commit())
}
