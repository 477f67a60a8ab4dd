package models

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
)

// openRaw opens a file without any of our settings, as another program would.
func openRaw(t testing.TB, path string) *sql.DB {
	t.Helper()
	pool, err := sql.Open(sqlite.DriverName, dsn(path))
	noError(t, err)
	t.Cleanup(func() { noError(t, pool.Close()) })
	return pool
}

// execRaw runs statements in a file and closes it again.
func execRaw(t testing.TB, path string, stmts ...string) {
	t.Helper()
	pool := openRaw(t, path)
	for _, stmt := range stmts {
		_, err := pool.Exec(stmt)
		noError(t, err)
	}
	noError(t, pool.Close())
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	noError(t, err)
	return text
}

// closedStore writes a database with some content and closes it.
func closedStore(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "restaurant.db")
	s := openAt(t, path)
	alice := newUser(t, s, "alice")
	var dishes []MenuItem
	for i := range 40 {
		dishes = append(dishes, newDish(t, s, func(m *MenuItem) {
			m.Name, m.Description = fmt.Sprint("Dish ", i), strings.Repeat("Basil. ", 60)
		}))
	}
	for range 10 {
		placeOrder(t, s, alice, dishes...)
	}
	noError(t, s.Close())
	return path
}

func TestOpenSQLite_createsTheSchema(t *testing.T) {
	s := openFile(t)
	files, err := migrationsOf("sqlite")
	noError(t, err)
	if got := queryInt(t, s, "PRAGMA user_version"); got != int64(len(files)) {
		t.Errorf("user_version = %d, want %d", got, len(files))
	}
	if got := queryInt(t, s, "PRAGMA application_id"); got != applicationID {
		t.Errorf("application_id = %#x, want %#x", got, applicationID)
	}
	for _, table := range []string{"users", "menu_items", "orders", "deliveries"} {
		if got := queryInt(t, s, "SELECT count(*) FROM "+table); got != 0 {
			t.Errorf("%s has %d rows", table, got)
		}
	}
	if got := queryInt(t, s, "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite%'"); got != 0 {
		t.Errorf("%d tables are not STRICT", got)
	}
}

func TestOpenSQLite_againChangesNothing(t *testing.T) {
	t.Parallel()
	path := closedStore(t)
	before := readFile(t, path)
	s := openAt(t, path)
	if n := len(s.Menu().Items); n != 40 {
		t.Errorf("%d dishes after reopening, want 40", n)
	}
	noError(t, s.Close())
	if !bytes.Equal(before, readFile(t, path)) {
		t.Error("opening and closing changed the file")
	}
}

// The files are copied while the store is open, as kill -9 would leave them.
func TestOpenSQLite_afterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "restaurant.db")
	s := openAt(t, path)
	o := placeOrder(t, s, newUser(t, s, "alice"), newDish(t, s))
	left := filepath.Join(t.TempDir(), "restaurant.db")
	for _, suffix := range []string{"", "-wal"} {
		noError(t, os.WriteFile(left+suffix, readFile(t, path+suffix), 0o600))
	}
	again := openAt(t, left)
	if got, err := again.Order(t.Context(), o.ID); err != nil || got.TotalCents != o.TotalCents {
		t.Errorf("the order is %+v, %v", got, err)
	}
	wantIntact(t, again)
}

func TestOpenSQLite_takesThePathLiterally(t *testing.T) {
	dir := t.TempDir()
	const name = "what? #1 100%25 [x] &é.db"
	noError(t, openAt(t, filepath.Join(dir, name)).Close())
	entries, err := os.ReadDir(dir)
	noError(t, err)
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("the folder holds %v, want only %s", entries, name)
	}
}

func TestOpenSQLite_refusesNewerOrForeign(t *testing.T) {
	t.Parallel()
	asIfNewer := []string{"PRAGMA user_version = 99"}
	foreign := []string{"CREATE TABLE pets (name TEXT)", "INSERT INTO pets VALUES ('Rex')"}
	large := append([]string{"PRAGMA page_size = 65536", "VACUUM"}, foreign...)
	large = append(large, "CREATE TABLE photos AS SELECT zeroblob(17000000) AS photo")
	for _, tc := range []struct {
		name    string
		ours    bool
		journal string
		stmts   []string
		says    string
	}{
		{"a database of a newer release", true, "WAL", asIfNewer, "newer release"},
		{"a restored backup of a newer release", true, "DELETE", asIfNewer, "newer release"},
		{"a database of another program", false, "WAL", foreign, "another program"},
		{"a large database of another program", false, "WAL", large, "another program"},
		{"a database of another program in rollback mode", false, "DELETE", foreign, "another program"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "restaurant.db")
			if tc.ours {
				path = closedStore(t)
				noError(t, openAt(t, path).Close()) // the control: so far it opens
			}
			execRaw(t, path, append(tc.stmts, "PRAGMA journal_mode = "+tc.journal)...)
			before := readFile(t, path)
			_, err := OpenSQLite(t.Context(), path)
			wantSentence(t, err, path, tc.says, "Nothing was changed")
			if !bytes.Equal(before, readFile(t, path)) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenSQLite_refusesDamage(t *testing.T) {
	t.Parallel()
	original := closedStore(t)
	whole := readFile(t, original)
	page := 4096
	if len(whole) < 8*page {
		t.Fatalf("the file has only %d bytes", len(whole))
	}
	for _, tc := range []struct {
		name   string
		damage func(b []byte) []byte
	}{
		{"text", func([]byte) []byte { return []byte("the menu of tonight\n") }},
		{"garbage in the header", func(b []byte) []byte { return overwrite(b, 0, 100) }},
		{"garbage in the schema", func(b []byte) []byte { return overwrite(b, 100, page) }},
		{"pages overwritten in the middle", func(b []byte) []byte { return overwrite(b, 3*page, 5*page) }},
		{"a page of zeros in the middle", func(b []byte) []byte { clear(b[4*page : 5*page]); return b }},
		{"the last page cut off", func(b []byte) []byte { return b[:len(b)-page] }},
		{"cut off in the middle of a page", func(b []byte) []byte { return b[:len(b)/2+100] }},
		{"cut off in the header", func(b []byte) []byte { return b[:50] }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "restaurant.db")
			damaged := tc.damage(bytes.Clone(whole))
			noError(t, os.WriteFile(path, damaged, 0o600))
			_, err := OpenSQLite(t.Context(), path)
			wantSentence(t, err, path, "Nothing was changed", "restore a backup")
			if !bytes.Equal(damaged, readFile(t, path)) {
				t.Error("the file was changed")
			}
			entries, err := os.ReadDir(filepath.Dir(path))
			noError(t, err)
			if len(entries) != 1 {
				t.Errorf("the folder now holds %v", entries)
			}
		})
	}
	t.Run("but the same bytes undamaged are opened", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "restaurant.db")
		noError(t, os.WriteFile(path, whole, 0o600))
		if got := queryInt(t, openAt(t, path), "SELECT count(*) FROM orders"); got != 10 {
			t.Errorf("%d orders, want 10", got)
		}
	})
}

func overwrite(b []byte, from, to int) []byte {
	for i := from; i < to; i++ {
		b[i] = byte(i*7 + 13)
	}
	return b
}

func TestOpenSQLite_refusesAFolder(t *testing.T) {
	_, err := OpenSQLite(t.Context(), t.TempDir())
	wantSentence(t, err, "cannot be opened")
}

// Without an immediate lock such transactions fail when two programs, such as a
// server and restaurant users add, write to one file.
func TestOpenSQLite_twoProgramsMayWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "restaurant.db")
	server := openAt(t, path)
	alice, dish := newUser(t, server, "alice"), newDish(t, server)
	command := openAt(t, path)
	var programs sync.WaitGroup
	for i, s := range []*Store{server, command} {
		programs.Go(func() {
			for j := range 20 {
				if _, _, err := s.PlaceOrder(t.Context(), orderWithKey(alice, dish, fmt.Sprint(i, j), "a")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	programs.Wait()
	if got := queryInt(t, server, "SELECT count(*) FROM orders"); got != 40 {
		t.Errorf("%d orders, want 40", got)
	}
}

// largeOrder is an order that fills pages.
func largeOrder(u User, dish MenuItem) NewOrder {
	n := NewOrder{UserID: u.ID}
	for range 50 {
		n.Lines = append(n.Lines, NewLine{MenuItemID: dish.ID, Size: SizeSmall, Quantity: 1, Note: strings.Repeat("!", 200)})
	}
	return n
}

// fillDisk lets the disk end here and orders until nothing more fits. It returns
// how many orders were acknowledged, and what the next one was told.
func fillDisk(t testing.TB, s *Store, n NewOrder) (written int64, err error) {
	t.Helper()
	exec(t, s, "PRAGMA max_page_count = 1") // the engine takes the size of today
	for written < 100 {
		if _, _, err = s.PlaceOrder(t.Context(), n); err != nil {
			return written, err
		}
		written++
	}
	t.Fatal("the database never becomes full")
	return 0, nil
}

// A full disk loses nothing, and writing goes on once there is room.
func TestSQLite_fullDiskIsErrStorageFull(t *testing.T) {
	t.Parallel()
	s := openFile(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	first, _, err := s.PlaceOrder(t.Context(), largeOrder(alice, dish)) // the control
	noError(t, err)

	written, err := fillDisk(t, s, largeOrder(alice, dish))
	if err == nil || strings.Contains(err.Error(), "rollback") {
		t.Errorf("err = %v", err)
	}
	big := dish
	big.Description = strings.Repeat("Basil. ", 5000)
	if err := s.ReplaceMenuItem(t.Context(), &big); !errors.Is(err, ErrStorageFull) || errors.Is(err, ErrDatabaseUnavailable) {
		t.Errorf("a longer description: %v, want ErrStorageFull", err)
	}
	if o, err := s.OrderOf(t.Context(), alice.ID, first.ID); err != nil || len(linesOf(t, o)) != 50 {
		t.Errorf("reading does not go on: %s, %v", o.Lines, err)
	}
	if got := queryInt(t, s, "SELECT count(*) FROM orders"); got != written+1 {
		t.Errorf("%d orders in the database, but %d were acknowledged", got, written+1)
	}
	if got, err := storedDish(t, s, dish.ID); err != nil || got.Version != 1 || got.Description != dish.Description {
		t.Errorf("half a change stays: %+v, %v", got, err)
	}

	exec(t, s, "PRAGMA max_page_count = 100000")
	if _, _, err := s.PlaceOrder(t.Context(), largeOrder(alice, dish)); err != nil {
		t.Errorf("writing does not go on: %v", err)
	}
	wantIntact(t, s)
}

// These write with INSERT … RETURNING, which the driver runs only when its rows
// are read.
func TestSQLite_fullDiskWithReturning(t *testing.T) {
	s := openFile(t)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)
	if _, err := fillDisk(t, s, largeOrder(alice, dish)); !errors.Is(err, ErrStorageFull) {
		t.Errorf("an order: %v, want ErrStorageFull", err)
	}
	big := margherita()
	big.Description = strings.Repeat("Basil. ", 5000)
	if err := s.CreateMenuItem(t.Context(), &big); !errors.Is(err, ErrStorageFull) {
		t.Errorf("a dish: %v, want ErrStorageFull", err)
	}
}

func wantIntact(t testing.TB, s *Store) {
	t.Helper()
	var result string
	noError(t, s.read(t.Context()).Raw("PRAGMA integrity_check").Scan(&result).Error)
	if result != "ok" {
		t.Errorf("integrity_check: %s", result)
	}
}

func TestClassifySQLite(t *testing.T) {
	s := openFile(t)
	exec(t, s, "PRAGMA query_only = 1") // the writer's only connection refuses now, as on a read-only disk
	dish := margherita()
	err := s.CreateMenuItem(t.Context(), &dish)
	if !errors.Is(err, ErrDatabaseUnavailable) || errors.Is(err, ErrStorageFull) {
		t.Errorf("err = %v, want ErrDatabaseUnavailable", err)
	}
	exec(t, s, "PRAGMA query_only = 0")
	noError(t, s.CreateMenuItem(t.Context(), &dish))
}

func TestBackupSQLite_whileInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, to := filepath.Join(dir, "restaurant.db"), filepath.Join(dir, "copy.db")
	s := openAt(t, path)
	alice, dish := newUser(t, s, "alice"), newDish(t, s)

	var mu sync.Mutex
	var acknowledged []Order
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	enough := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for ctx.Err() == nil {
				o := placeOrder(t, s, alice, dish)
				mu.Lock()
				if acknowledged = append(acknowledged, o); len(acknowledged) == 40 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	mu.Lock()
	before := slices.Clone(acknowledged)
	mu.Unlock()
	noError(t, os.WriteFile(to+".partial", []byte("left behind by a power cut"), 0o600))
	err := BackupSQLite(t.Context(), path, to)
	stop()
	callers.Wait()
	noError(t, err)

	backup := openAt(t, to)
	wantIntact(t, backup)
	for _, want := range before {
		got, err := backup.OrderOf(t.Context(), alice.ID, want.ID)
		if err != nil || got.TotalCents != want.TotalCents || got.PlacedAt != want.PlacedAt || len(linesOf(t, got)) != 1 {
			t.Errorf("order %d: %+v, %v", want.ID, got, err)
		}
	}
	if info, err := os.Stat(to); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if _, err := os.Lstat(to + ".partial"); !os.IsNotExist(err) {
		t.Errorf("the half copy stays: %v", err)
	}
}

func TestBackupSQLite_refuses(t *testing.T) {
	t.Parallel()
	path := closedStore(t)
	dir := t.TempDir()
	for _, tc := range []struct {
		name, from, to string
		says           string
		arrange        func(to string) error
	}{
		{"to overwrite an older backup", path, filepath.Join(dir, "old.db"), "exists already", func(to string) error { return os.WriteFile(to, []byte("precious"), 0o600) }},
		{"to follow a link", path, filepath.Join(dir, "link.db"), "exists already", func(to string) error { return os.Symlink("nowhere", to) }},
		{"to copy what is not there", filepath.Join(dir, "none.db"), filepath.Join(dir, "a.db"), "no database", nil},
		{"to write into a folder that is not there", path, filepath.Join(dir, "none", "a.db"), "there is no folder " + filepath.Join(dir, "none"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.arrange != nil {
				noError(t, tc.arrange(tc.to))
			}
			err := BackupSQLite(t.Context(), tc.from, tc.to)
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("err = %v, want one sentence that says %q", err, tc.says)
			}
		})
	}
	if got := string(readFile(t, filepath.Join(dir, "old.db"))); got != "precious" {
		t.Errorf("the older backup is now %q", got)
	}
	noError(t, BackupSQLite(t.Context(), path, filepath.Join(dir, "new.db"))) // the control
}

// TestSQLite_interruptedByTheCaller: a statement that its caller has given up is no
// failure of the database to whoever asks why.
func TestSQLite_interruptedByTheCaller(t *testing.T) {
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "restaurant.db"))
	noError(t, err)
	defer s.Close()
	for i := range 200 {
		ctx, giveUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*time.Microsecond, giveUp)
		var n int64
		err := s.read(ctx).Raw("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT count(*) FROM n").Scan(&n).Error
		giveUp()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("given up after %d µs: %v", i, err)
		}
	}
}

// TestOpenSQLite_saysWhoIsInTheWay: a backup would undo work, and mend neither of the two.
func TestOpenSQLite_saysWhoIsInTheWay(t *testing.T) {
	t.Parallel()
	t.Run("another program", func(t *testing.T) {
		t.Parallel()
		path := closedStore(t)
		other, err := sql.Open(sqlite.DriverName, dsn(path)+"?_pragma=locking_mode(EXCLUSIVE)&_txlock=exclusive")
		noError(t, err)
		defer other.Close()
		tx, err := other.BeginTx(t.Context(), nil)
		noError(t, err)
		_, err = OpenSQLite(t.Context(), path)
		wantSentence(t, err, path, "another program holds it", "try again")
		if strings.Contains(err.Error(), "backup with") {
			t.Error(err)
		}
		noError(t, tx.Rollback())
		noError(t, other.Close())
		noError(t, openAt(t, path).Close())
	})
	t.Run("another user", func(t *testing.T) {
		if os.Geteuid() <= 0 {
			t.Skip("no file is forbidden to root, or to anybody on Windows")
		}
		path := closedStore(t)
		noError(t, os.Chmod(path, 0o400))
		_, err := OpenSQLite(t.Context(), path)
		wantSentence(t, err, path, "no right to write", "chown")
		files, err := filepath.Glob(path + "*") // SQLite gives those beside the database its mode
		noError(t, err)
		for _, file := range files {
			noError(t, os.Chmod(file, 0o600))
		}
		noError(t, openAt(t, path).Close())
	})
	t.Run("a folder", func(t *testing.T) { // SQLite says the same of missing rights and of too many open files
		path := t.TempDir()
		_, err := OpenSQLite(t.Context(), path)
		wantSentence(t, err, path, "cannot be opened", "chown", "ulimit -n")
		if strings.Contains(err.Error(), "backup") || strings.Contains(err.Error(), "has no right") {
			t.Error(err)
		}
	})
	t.Run("another user, in the words of the system", func(t *testing.T) {
		err := openError("restaurant.db", &fs.PathError{Op: "open", Path: "restaurant.db", Err: fs.ErrPermission})
		wantSentence(t, err, "no right to write", "chown")
		if strings.Contains(err.Error(), "backup") {
			t.Error(err)
		}
	})
}
