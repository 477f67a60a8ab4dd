package models

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// manyOrders opens a database with so many rows that the planner, which knows their
// number, scans a whole table only where no index helps.
func manyOrders(t testing.TB) (s *Store, alice User, dish MenuItem, o Order) {
	t.Helper()
	s = openStore(t)
	alice, dish = newUser(t, s, "alice"), newDish(t, s)
	o = placeOrder(t, s, alice, dish)
	newSession(t, s, alice, "alice")
	newUser(t, s, "marco")
	newUser(t, s, "carla")
	for _, stmt := range []string{
		`INSERT INTO users (username, name, password_hash, role, vip, created_at)
			SELECT 'guest-' || i, 'Guest', '', 'guest', false, 1 FROM generate_series(1, 3000) i`,
		`INSERT INTO orders (user_id, status, done, lines, total_cents, idempotency_key, request_hash, placed_at, updated_at)
			SELECT 4 + i % 2000, CASE WHEN i % 50 = 0 THEN 'placed' ELSE 'served' END, i % 50 <> 0, '{"v":2,"lines":[]}', 1, 'key-' || i, '', i, i FROM generate_series(1, 20000) i`,
		`INSERT INTO login_sessions SELECT 'sid-' || i, 4 + i % 2000, 'body', '', i, i, 4000000000000, 4000000000000, CASE WHEN i % 100 = 0 THEN 1 END FROM generate_series(1, 5000) i`,
		`INSERT INTO refresh_tokens SELECT 'hash-' || i, 'sid-' || i, 4000000000000, NULL FROM generate_series(1, 5000) i`,
		`INSERT INTO login_tallies SELECT 'place-' || i, 1, i, false FROM generate_series(1, 3000) i`,
		`ANALYZE`,
	} {
		exec(t, s, stmt)
	}
	return s, alice, dish, o
}

// postgresPlan asks PostgreSQL how it would run a statement.
func postgresPlan(t testing.TB, s *Store, stmt statement) string {
	t.Helper()
	rows, err := poolOf(t, s, true).Query("EXPLAIN "+stmt.sql, stmt.vars...)
	noError(t, err)
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var line string
		noError(t, rows.Scan(&line))
		plan = append(plan, line)
	}
	noError(t, rows.Err())
	return strings.Join(plan, "\n")
}

func TestPostgres_hotQueriesUseAnIndex(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s, alice, dish, o := manyOrders(t)
		recorded := recordStatements(t, s)
		for _, tc := range []struct {
			name string
			call func() error
			want []string // one for each statement: an index that its plan names
		}{
			{"orders of a guest", func() error {
				_, err := s.OrdersOf(t.Context(), alice.ID, "", math.MaxInt64, 20)
				return err
			}, []string{"orders_of_guest"}},
			{"orders of a guest with a status", func() error {
				_, err := s.OrdersOf(t.Context(), alice.ID, StatusPlaced, math.MaxInt64, 20)
				return err
			}, []string{"orders_of_guest"}},
			{"orders of a guest that are done", func() error {
				_, err := s.OrdersOf(t.Context(), alice.ID, StatusServed, math.MaxInt64, 20)
				return err
			}, []string{"orders_"}},
			{"open orders", func() error {
				_, err := s.OpenOrders(t.Context(), "", 0, 20)
				return err
			}, []string{"orders_"}},
			{"orders with a status", func() error {
				_, err := s.OpenOrders(t.Context(), StatusPlaced, 0, 20)
				return err
			}, []string{"orders_"}},
			{"orders that were cancelled", func() error {
				_, err := s.OpenOrders(t.Context(), StatusCancelled, 0, 20)
				return err
			}, []string{"orders_done"}},
			{"one order of a guest", func() error {
				_, err := s.OrderOf(t.Context(), alice.ID, o.ID)
				return err
			}, []string{"orders_"}},
			{"the oldest step", func() error {
				_, err := s.OldestPending(t.Context())
				return err
			}, []string{"orders_due"}},
			{"the steps that are due", func() error {
				_, err := s.AdvanceDue(t.Context(), Due{}, 200)
				return err
			}, []string{"orders_due"}},
			{"a new order with a key", func() error {
				_, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a"))
				return err
			}, []string{""}},
			{"the same again", func() error {
				_, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, "k", "a"))
				return err
			}, []string{"", "orders_idempotency"}},
			{"a step of an order", func() error {
				_, err := s.AdvanceOrder(t.Context(), o.ID, StatusPreparing)
				return err
			}, []string{"orders_", "orders_pkey", ""}},
			{"a user by name", func() error {
				_, err := s.UserByUsername(t.Context(), "alice")
				return err
			}, []string{"users_username_key"}},
			{"a page of users", func() error {
				_, err := s.Users(t.Context(), 5, 20)
				return err
			}, []string{"users_pkey"}},
			{"a change of a user's role", func() error {
				_, err := s.UpdateUser(t.Context(), alice.ID, UserChanges{Role: new(RoleChef)})
				return err
			}, []string{"users_managers", "users_pkey", "users_managers", "users_pkey", "login_sessions_of_user", ""}},
			{"a login", func() error {
				_, err := s.OpenSession(t.Context(), alice, LoginSession{ID: "new", UserID: alice.ID, Delivery: DeliverBody}, "new-1")
				return err
			}, []string{"users_pkey", "", ""}},
			{"a refresh", func() error {
				_, _, err := s.Rotate(t.Context(), newRotation("new", 1))
				if !errors.Is(err, ErrRefreshInvalid) { // expired at once, but asked for all the same
					return err
				}
				return nil
			}, []string{"refresh_tokens_pkey", "refresh_tokens_pkey"}},
			{"the session of a refresh token", func() error {
				_, err := s.SessionOfRefresh(t.Context(), "hash-7")
				return err
			}, []string{"refresh_tokens_pkey"}},
			{"the sessions of a guest", func() error {
				_, err := s.SessionsOf(t.Context(), alice.ID)
				return err
			}, []string{"login_sessions_of_user"}},
			{"the end of one", func() error {
				return s.EndSession(t.Context(), 11, "sid-7", EndLogout)
			}, []string{"login_sessions_", ""}},
			{"the end of all", func() error {
				return s.EndSessions(t.Context(), 99, "", EndLogout)
			}, []string{"login_sessions_of_user", ""}},
			{"the denylist", func() error {
				_, err := listRevoked(t, s)
				return err
			}, []string{"login_sessions_ended"}},
			{"what was missed of it", func() error {
				return s.read(t.Context()).Raw(missedQuery, Now(), Now()).Scan(new([]RevokedSession)).Error
			}, []string{"login_sessions_ended_at"}},
			{"failed logins", func() error {
				_, err := s.LoginTallies(t.Context(), "one", "another")
				return err
			}, []string{"login_tallies_pkey"}},
			{"the last access", func() error {
				_, _, err := s.AccessWatermarks(t.Context())
				return err
			}, []string{"login_sessions_access"}},
			{"the sweep", func() error {
				_, err := s.SweepSessions(t.Context())
				return err
			}, []string{"login_sessions_access"}},
		} {
			t.Run(tc.name, func(t *testing.T) {
				*recorded = nil
				noError(t, tc.call())
				stmts := slices.Clone(*recorded)
				if len(stmts) != len(tc.want) {
					t.Fatalf("%d statements, want %d: %v", len(stmts), len(tc.want), stmts)
				}
				for i, stmt := range stmts {
					if plan := postgresPlan(t, s, stmt); strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, tc.want[i]) {
						t.Errorf("%s\nplan: %s\nwant: %s", stmt.sql, plan, tc.want[i])
					}
				}
			})
		}
		t.Run("but without an index the plan says so", func(t *testing.T) {
			if plan := postgresPlan(t, s, statement{"SELECT * FROM orders WHERE total_cents = $1", []any{1}}); !strings.Contains(plan, "Seq Scan") {
				t.Errorf("plan: %s", plan)
			}
		})
	})
}
