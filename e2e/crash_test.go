package e2e

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/glebarez/go-sqlite" // the driver "sqlite"

	"restaurant/e2e/testkit"
)

// TestCrash_losesNoAcknowledgedOrder kills the program while guests order, twenty
// times over one folder, and then counts.
func TestCrash_losesNoAcknowledgedOrder(t *testing.T) {
	dir := t.TempDir()
	killRepeatedly(t, dir, 20)
	wantIntact(t, dir)
}

func killRepeatedly(t *testing.T, dir string, kills int) {
	t.Helper()
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	t.Setenv("RESTAURANT_LOG_LEVEL", "error")
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://localhost:8080") // or tokens would hold at one address only
	guests := testkit.NewWorkload(t)
	for range kills {
		server := testkit.Start(t, dir)
		guests.Attach(server)
		wait := guests.PlaceOrders(server, func(a testkit.Answer) bool {
			if a.Status != 0 {
				t.Errorf("refused with %d %s", a.Status, a.Body)
			}
			return true
		})
		guests.AwaitReceipts(1 + rand.IntN(100))
		time.Sleep(rand.N(5 * time.Millisecond)) // acknowledgements follow commits; this hits what comes between, more or less often
		server.Kill()
		wait()
	}

	t.Setenv("RESTAURANT_KITCHEN_PACE", "1ms")
	server := testkit.Start(t, dir)
	guests.Attach(server)
	guests.PlacePending(server)
	guests.WantEachOnce(server)
	guests.WantAllServed(server)
	t.Logf("%d orders over %d kills", guests.Receipts(), kills)
}

// wantIntact lets the engine check the database and a backup of it. Copying makes
// new pages and indexes, so a sound copy says nothing about the original.
func wantIntact(t *testing.T, dir string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	backup := testkit.Launch(t, dir, testkit.FreeAddr(t), "backup", to)
	if code := backup.Wait(20 * time.Second); code != 0 {
		t.Fatalf("backup exits with %d: %s", code, backup.Output)
	}
	for _, path := range []string{filepath.Join(dir, "restaurant.db"), to} {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var verdict string
		var strays int
		err = db.QueryRow("SELECT group_concat(integrity_check), (SELECT count(*) FROM pragma_foreign_key_check) FROM pragma_integrity_check").Scan(&verdict, &strays)
		if err != nil || verdict != "ok" || strays != 0 {
			t.Errorf("%s: integrity_check says %s, %d rows point nowhere, %v", filepath.Base(path), strings.TrimSpace(verdict), strays, err)
		}
	}
}
