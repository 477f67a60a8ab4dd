package e2e

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestOpenFiles_goneOrReplaced changes the data folder under a running server. The next
// order is refused, readyz says so, the log says what to do, and the end is no success.
func TestOpenFiles_goneOrReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows lets nobody delete or replace a file that is open")
	}
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			other := filepath.Join(dir, "other")
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, other, text)
			if err := os.Rename(other, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, change := range map[string]func(t *testing.T, dir string){
		"the whole folder is deleted":       remove(""),
		"the database is deleted":           remove("restaurant.db"),
		"the database's log is deleted":     remove("restaurant.db-wal"),
		"the index of its log is deleted":   remove("restaurant.db-shm"),
		"the lessons' progress is deleted":  remove("lessons.db"),
		"the lock is deleted":               remove("lock"),
		"the keys are deleted":              remove("keys"),
		"the database is replaced":          replace("restaurant.db"),
		"the lock is replaced":              replace("lock"),
		"the lessons' progress is replaced": replace("lessons.db"),
		"the signing key is deleted": func(t *testing.T, dir string) {
			files, err := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			remove(strings.TrimPrefix(files[0], dir))(t, dir)
		},
		"the folder of the keys is made again": func(t *testing.T, dir string) {
			keys := filepath.Join(dir, "keys")
			if err := os.CopyFS(keys+"2", os.DirFS(keys)); err != nil {
				t.Fatal(err)
			}
			remove("keys")(t, dir)
			if err := os.Rename(keys+"2", keys); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			server := testkit.Start(t, dir)
			alice := server.Login("alice")
			if status := server.Call("POST", "/api/v1/orders", alice, onePizza, nil); status != 201 {
				t.Fatalf("the control: %d", status)
			}
			change(t, dir)
			wantNoWrite(t, server.Do("POST", "/api/v1/orders", alice, onePizza))
			wantNoWrite(t, server.Do("GET", "/readyz", "", ""))
			if status := server.Call("GET", "/api/v1/menu", "", "", nil); status != 200 {
				t.Errorf("reading the menu: %d", status)
			}
			server.AwaitOutput(`level=ERROR msg="the data folder has changed`)
			server.AwaitOutput("restaurant restore FILE")
			server.Signal()
			if code := server.Wait(20 * time.Second); code != 1 {
				t.Errorf("exits with %d: %s", code, server.Output)
			}
		})
	}
}

func wantNoWrite(t *testing.T, a testkit.Answer) {
	t.Helper()
	if a.Status != 503 || !strings.Contains(string(a.Body), "database-unavailable") || a.Header.Get("Retry-After") == "" {
		t.Errorf("answers %d %s", a.Status, a.Body)
	}
}

// TestOpenFiles_putBack: what was only moved and comes back is written to again.
func TestOpenFiles_putBack(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows lets nobody move a folder with open files")
	}
	dir := filepath.Join(t.TempDir(), "data")
	server := testkit.Start(t, dir)
	alice := server.Login("alice")
	if err := os.Rename(dir, dir+"2"); err != nil {
		t.Fatal(err)
	}
	wantNoWrite(t, server.Do("POST", "/api/v1/orders", alice, onePizza))
	server.AwaitOutput("the data folder has changed")
	if err := os.Rename(dir+"2", dir); err != nil {
		t.Fatal(err)
	}
	if status := server.Call("POST", "/api/v1/orders", alice, onePizza, nil); status != 201 {
		t.Errorf("after it came back: %d", status)
	}
	server.AwaitOutput("writing goes on")
	server.Stop()
}
