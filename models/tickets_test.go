package models

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTickets_leaveNothing: what a killed program has left is replaced, and Close removes all.
func TestTickets_leaveNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	killed, err := OpenTickets(t.Context(), dir)
	noError(t, err)
	noError(t, killed.Add(t.Context(), "hash", "alice", time.Now().Add(time.Hour)))
	pool, err := killed.db.DB()
	noError(t, err)
	noError(t, pool.Close()) // as the system does when it ends a program
	next, err := OpenTickets(t.Context(), dir)
	noError(t, err)
	if _, ok, err := next.Guest(t.Context(), "hash"); ok || err != nil {
		t.Errorf("the ticket of before is known: %t, %v", ok, err)
	}
	noError(t, next.Add(t.Context(), "hash", "alice", time.Now().Add(time.Hour)))
	if guest, ok, err := next.Guest(t.Context(), "hash"); guest != "alice" || !ok || err != nil {
		t.Errorf("its own ticket: %q, %t, %v", guest, ok, err)
	}
	noError(t, next.Close())
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after Close: %v", err)
	}
}
