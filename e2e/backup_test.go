package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
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

// TestBackup_byCron runs the line of docs/operations.md for cron, as cron does, while the
// server is running.
func TestBackup_byCron(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no cron")
	}
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^0 3 \* \* \* cd /srv/restaurant && (.*)$`).FindSubmatch(page)
	if line == nil {
		t.Fatal("docs/operations.md has no line for cron")
	}
	folder := t.TempDir()
	program, err := os.ReadFile(testkit.Program())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "restaurant"), program, 0o700); err != nil {
		t.Fatal(err)
	}
	backups := filepath.Join(folder, "backups")
	if err := os.Mkdir(backups, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, days := range map[string]int{"old.db": 20, "recent.db": 10} {
		writeFile(t, filepath.Join(backups, name), nil)
		at := time.Now().Add(-time.Duration(days) * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(backups, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	server := testkit.Start(t, filepath.Join(folder, "data"))
	id := register(t, server, "later")
	cron := exec.Command("/bin/sh", "-c", strings.ReplaceAll(string(line[1]), `\%`, "%")) // to cron, % alone ends the line
	cron.Dir, cron.Env = folder, []string{"PATH=/usr/bin:/bin", "HOME=" + folder}
	if text, err := cron.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	server.Stop()
	var names []string
	entries, err := os.ReadDir(backups)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if err != nil || !regexp.MustCompile(`^\d{4}-\d\d-\d\d\.db recent\.db$`).MatchString(strings.Join(names, " ")) {
		t.Fatalf("the backups are %q, %v", names, err)
	}
	if out, code := testkit.RunProgram(t, filepath.Join(folder, "data"), "", "restore", "-yes", filepath.Join(backups, names[0])); code != 0 {
		t.Fatalf("restore exits with %d: %s", code, out)
	}
	if next := register(t, testkit.Start(t, filepath.Join(folder, "data")), "victim"); next <= id {
		t.Errorf("user %d comes after %d", next, id)
	}
}
