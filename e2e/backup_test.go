package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

const onePizza = `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`

// TestBackup_whileOrdersArrive copies the database while guests order, and starts
// a server over the copy.
func TestBackup_whileOrdersArrive(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "copy.db")
	server := testkit.Start(t, dir)
	alice := server.Login("alice")
	var before struct{ ID int64 }
	server.Call("POST", "/api/v1/orders", alice, onePizza, &before)
	ctx, stop := context.WithCancel(t.Context())
	var ordering sync.WaitGroup
	ordering.Go(func() {
		for ctx.Err() == nil {
			server.Call("POST", "/api/v1/orders", alice, onePizza, nil)
		}
	})
	backup := testkit.Launch(t, dir, testkit.FreeAddr(t), "backup", to)
	if code := backup.Wait(20 * time.Second); code != 0 {
		t.Errorf("backup exits with %d: %s", code, backup.Output)
	}
	stop()
	ordering.Wait()
	second := testkit.Launch(t, dir, testkit.FreeAddr(t), "backup", to)
	if code := second.Wait(20 * time.Second); code != 1 || !strings.Contains(second.Output.String(), "exists already") {
		t.Errorf("a second backup to the same file exits with %d: %s", code, second.Output)
	}
	other := t.TempDir()
	if err := os.Rename(to, filepath.Join(other, "restaurant.db")); err != nil {
		t.Fatal(err)
	}
	restored := testkit.Start(t, other)
	if status := restored.Call("GET", fmt.Sprintf("/api/v1/orders/%d", before.ID), restored.Login("alice"), "", nil); status != 200 {
		t.Errorf("the copy answers %d for an order from before", status)
	}
}
