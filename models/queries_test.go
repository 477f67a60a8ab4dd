package models

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"
)

// statement is one SQL text as it went to the engine, with its parameters: a
// literal in their place could be planned differently.
type statement struct {
	sql  string
	vars []any
}

// recordStatements notes every statement of the store from now on, as it goes to the
// engine, whatever code wrote it.
func recordStatements(t testing.TB, s *Store) *[]statement {
	t.Helper()
	noError(t, s.kept.close())
	s.kept = nil // it has the same texts, which go through the reader now
	var recorded []statement
	for _, db := range []*gorm.DB{s.reader, writerDB(s)} {
		pool := recordingPool{statementRecorder{db.ConnPool, &recorded}, db.ConnPool.(gorm.ConnPoolBeginner)}
		db.ConnPool, db.Statement.ConnPool = pool, pool
	}
	return &recorded
}

type statementRecorder struct {
	gorm.ConnPool
	statements *[]statement
}

func (e statementRecorder) record(query string, args []any) {
	if counts(query) {
		*e.statements = append(*e.statements, statement{query, slices.Clone(args)})
	}
}

func (e statementRecorder) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e.record(query, args)
	return e.ConnPool.ExecContext(ctx, query, args...)
}

func (e statementRecorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.record(query, args)
	return e.ConnPool.QueryContext(ctx, query, args...)
}

func (e statementRecorder) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.record(query, args)
	return e.ConnPool.QueryRowContext(ctx, query, args...)
}

type recordingPool struct {
	statementRecorder
	begin gorm.ConnPoolBeginner
}

func (p recordingPool) GetDBConn() (*sql.DB, error) {
	return p.ConnPool.(gorm.GetDBConnector).GetDBConn()
}

func (p recordingPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.begin.BeginTx(ctx, opts)
	return &recordingTx{statementRecorder{tx, p.statements}, tx.(gorm.TxCommitter)}, err
}

type recordingTx struct {
	statementRecorder
	gorm.TxCommitter
}

// planOf asks the engine how it would run a statement.
func planOf(t testing.TB, s *Store, stmt statement) string {
	t.Helper()
	rows, err := poolOf(t, s, true).Query("EXPLAIN QUERY PLAN "+stmt.sql, stmt.vars...)
	noError(t, err)
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		noError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan = append(plan, detail)
	}
	noError(t, rows.Err())
	return strings.Join(plan, "\n")
}

func TestSQLite_hotQueriesUseAnIndex(t *testing.T) {
	s := openFile(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	o := placeOrder(t, s, alice, dish)
	recorded := recordStatements(t, s)
	for _, tc := range []struct {
		name string
		call func() error
		want []string // one for each statement: what its plan names
	}{
		{"orders of a guest", func() error {
			_, err := s.OrdersOf(t.Context(), alice.ID, "", math.MaxInt64, 20)
			return err
		}, []string{"orders_of_guest (user_id=? AND id<?)"}},
		{"orders of a guest with a status", func() error {
			_, err := s.OrdersOf(t.Context(), alice.ID, StatusPlaced, math.MaxInt64, 20)
			return err
		}, []string{"orders_of_guest (user_id=? AND id>? AND id<?)"}},
		{"orders of a guest that are done", func() error {
			_, err := s.OrdersOf(t.Context(), alice.ID, StatusServed, math.MaxInt64, 20)
			return err
		}, []string{"orders_done_of_guest (user_id=? AND status=? AND id<?)"}},
		{"open orders", func() error {
			_, err := s.OpenOrders(t.Context(), "", 0, 20)
			return err
		}, []string{"orders_open (id>?)"}},
		{"orders with a status", func() error {
			_, err := s.OpenOrders(t.Context(), StatusPlaced, 0, 20)
			return err
		}, []string{"orders_open (id>?)"}},
		{"orders that were cancelled", func() error {
			_, err := s.OpenOrders(t.Context(), StatusCancelled, 0, 20)
			return err
		}, []string{"orders_done (status=? AND id>?)"}},
		{"one order of a guest", func() error {
			_, err := s.OrderOf(t.Context(), alice.ID, o.ID)
			return err
		}, []string{"INTEGER PRIMARY KEY"}},
		{"the oldest step", func() error {
			_, err := s.OldestPending(t.Context())
			return err
		}, []string{"orders_due (status=?)"}},
		{"the steps that are due", func() error {
			_, err := s.AdvanceDue(t.Context(), Due{}, 200)
			return err
		}, []string{"orders_due (status=? AND updated_at<?)"}},
		{"a new order with a key", func() error {
			_, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a"))
			return err
		}, []string{""}},
		{"the same again", func() error {
			_, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a"))
			return err
		}, []string{"", "orders_idempotency (user_id=? AND idempotency_key=?)"}},
		{"a step of an order", func() error {
			_, err := s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
			return err
		}, []string{"INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY"}},
		{"a user by name", func() error {
			_, err := s.UserByUsername(t.Context(), "alice")
			return err
		}, []string{"sqlite_autoindex_users_1 (username=?)"}},
		{"a page of users", func() error {
			_, err := s.Users(t.Context(), 5, 20)
			return err
		}, []string{"INTEGER PRIMARY KEY"}},
		{"a change of a user's role", func() error {
			_, err := s.UpdateUser(t.Context(), alice.ID, UserChanges{Role: new(RoleChef)})
			return err
		}, []string{"users_managers", "INTEGER PRIMARY KEY", "users_managers", "INTEGER PRIMARY KEY", "login_sessions_of_user (user_id=?)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			*recorded = nil
			noError(t, tc.call())
			stmts := *recorded
			if len(stmts) != len(tc.want) {
				t.Fatalf("%d statements, want %d: %v", len(stmts), len(tc.want), stmts)
			}
			for i, stmt := range stmts {
				plan := planOf(t, s, stmt)
				wantNoFullScan(t, stmt, plan)
				if !strings.Contains(plan, tc.want[i]) || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s\nplan: %s\nwant: %s", stmt.sql, plan, tc.want[i])
				}
			}
		})
	}
	t.Run("but without an index the plan says SCAN", func(t *testing.T) {
		if plan := planOf(t, s, statement{"SELECT * FROM orders WHERE total_cents = ?", []any{1}}); !strings.Contains(plan, "SCAN orders") {
			t.Errorf("plan: %s", plan)
		}
	})
}

// wantNoFullScan lets a scan pass only where it runs along one of the small
// partial indexes, or over the batch that is due.
func wantNoFullScan(t *testing.T, stmt statement, plan string) {
	t.Helper()
	for line := range strings.Lines(plan) {
		along := strings.Contains(line, "orders_due") || strings.Contains(line, "SCAN CONSTANT ROW") || strings.HasPrefix(line, "SCAN due") || strings.Contains(line, "users_managers")
		if strings.Contains(line, "SCAN") && !along {
			t.Errorf("%s\nplan: %s", stmt.sql, plan)
		}
	}
}
