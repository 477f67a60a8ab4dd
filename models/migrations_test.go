package models

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"gorm.io/gorm"
)

// fileAtVersion makes a database file as an earlier release left it.
func fileAtVersion(t testing.TB, version int, fill ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "restaurant.db")
	db, err := openPool(path, 1, "_txlock=immediate")
	noError(t, err)
	files, err := migrationsOf("sqlite")
	noError(t, err)
	for i := range version {
		noError(t, db.Transaction(func(tx *gorm.DB) error { return apply(tx, files[i], i+1) }))
	}
	for _, stmt := range fill {
		noError(t, db.Exec(stmt).Error)
	}
	noError(t, closePool(db))
	return path
}

// A file of each earlier version, with an order in every status, opens and works.
func TestMigrations_earlierVersionsOfSQLite(t *testing.T) {
	t.Parallel()
	for version := 1; version <= 2; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			fill := []string{`INSERT INTO users VALUES (1, 'alice', 'Alice', 'x', 'guest', 0, NULL, 1)`}
			statuses := []Status{StatusPlaced, StatusPreparing, StatusReady, StatusServed, StatusCancelled}
			for i, status := range statuses {
				fill = append(fill, fmt.Sprintf(`INSERT INTO orders (id, user_id, status, lines, total_cents, placed_at, updated_at) VALUES
					(%d, 1, '%s', '{"v":1,"lines":[{"menu_item_id":1,"name":"Margherita","size":"small","quantity":2,"unit_price_cents":750}]}', 1500, 7, 7)`, i+1, status))
			}
			s := openAt(t, fileAtVersion(t, version, fill...))
			wantIntact(t, s)
			wantDoneConsistent(t, s)
			for i, status := range statuses {
				os, err := s.OrdersOf(t.Context(), 1, status, math.MaxInt64, 20)
				noError(t, err)
				wantSame(t, ids(os), []int64{int64(i + 1)})
				if lines := linesOf(t, Order{Lines: os[0].Lines}); lines[0].LineTotalCents != 1500 {
					t.Errorf("the bill is %s", os[0].Lines)
				}
			}
			open, err := s.OpenOrders(t.Context(), "", 0, 20)
			noError(t, err)
			wantSame(t, ids(open), []int64{1, 2, 3})
			moved, err := s.AdvanceDue(t.Context(), Due{Now(), Now()}, 20)
			noError(t, err)
			slices.Sort(moved)
			wantSame(t, moved, []int64{1, 2, 3})
			wantDoneConsistent(t, s)
		})
	}
}

// wantDoneConsistent checks that an order is marked as done just when nothing follows.
func wantDoneConsistent(t testing.TB, s *Store) {
	t.Helper()
	if n := queryInt(t, s, "SELECT count(*) FROM orders WHERE done <> (status IN ('served', 'cancelled'))"); n != 0 {
		t.Errorf("%d orders are on the wrong side of done", n)
	}
}
