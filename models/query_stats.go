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

// Statements counts the SQL of one request. Server-Timing shows it, so that a
// learner sees that verifying an access token takes no query.
type Statements struct {
	count, nanos atomic.Int64
}

// Count returns the number of statements so far, without BEGIN, COMMIT and
// savepoints.
func (s *Statements) Count() int64 { return s.count.Load() }

// Spent returns the time in the database so far, commits included.
func (s *Statements) Spent() time.Duration { return time.Duration(s.nanos.Load()) }

type statementsKey struct{}

// timedKey marks a context whose whole transaction is being timed already.
type timedKey struct{}

// CountStatements returns a context whose statements are counted.
func CountStatements(ctx context.Context) (context.Context, *Statements) {
	s := new(Statements)
	return context.WithValue(ctx, statementsKey{}, s), s
}

func count(ctx context.Context, query string) {
	if s, _ := ctx.Value(statementsKey{}).(*Statements); s != nil && counts(query) {
		s.count.Add(1)
	}
}

// counts reports whether query is more than transaction control.
func counts(query string) bool {
	return query != "" && !strings.HasPrefix(query, "SAVEPOINT") && !strings.HasPrefix(query, "ROLLBACK TO") && !strings.HasPrefix(query, "RELEASE")
}

// timeStatement adds the time until done is called.
func timeStatement(ctx context.Context) (done func()) {
	s, _ := ctx.Value(statementsKey{}).(*Statements)
	if s == nil || ctx.Value(timedKey{}) != nil {
		return func() {}
	}
	start := time.Now()
	return func() { s.nanos.Add(int64(time.Since(start))) }
}

// timeCallbacks times whole GORM calls, scanning of rows included: the driver
// does most of its work only then.
func timeCallbacks(db *gorm.DB) error {
	const key = "restaurant:timing"
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

// counted sees every statement between GORM and the database. It counts them and
// classifies failures, because GORM shows its translator only some of those.
type counted struct{ gorm.ConnPool }

func (c counted) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	count(ctx, query)
	res, err := c.ConnPool.ExecContext(ctx, query, args...)
	return res, classify(err)
}

func (c counted) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx, query)
	rows, err := c.ConnPool.QueryContext(ctx, query, args...)
	return rows, classify(err)
}

func (c counted) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	count(ctx, query)
	return c.ConnPool.QueryRowContext(ctx, query, args...)
}

// countingPool is a pool whose statements are counted, also inside transactions.
type countingPool struct {
	counted
	db *sql.DB
}

func newCountingPool(db *sql.DB) countingPool { return countingPool{counted{db}, db} }

// BeginTx makes countingPool a gorm.ConnPoolBeginner.
func (p countingPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.db.BeginTx(ctx, opts)
	if err != nil {
		return nil, classify(err)
	}
	return &countingTx{counted{tx}, tx}, nil // a pointer, because GORM asks whether it is nil
}

// GetDBConn makes countingPool a gorm.GetDBConnector, so that the pool can be closed.
func (p countingPool) GetDBConn() (*sql.DB, error) { return p.db, nil }

type countingTx struct {
	counted
	tx *sql.Tx
}

func (t *countingTx) Commit() error   { return classify(t.tx.Commit()) }
func (t *countingTx) Rollback() error { return t.tx.Rollback() }
