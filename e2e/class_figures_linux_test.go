package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// residentKiB is how much memory a process has, and openFiles how many files.
func residentKiB(t *testing.T, p *testkit.Process) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.Cmd.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func openFiles(t *testing.T, p *testkit.Process) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.Cmd.Process.Pid), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// awaitOpen waits until all tables of a class have opened their lessons, the last of their files.
func awaitOpen(t *testing.T, dir string, tables int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		open, err := filepath.Glob(filepath.Join(dir, "class", "tables", "*", "lessons.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		if len(open) == tables {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d tables are open after a minute", len(open), tables)
		}
	}
}

// TestClass_thirtyTablesStaySmall: they take 64 MiB more than one restaurant, and 300 files. How long
// they take to open depends on what else a computer does; here it is only logged.
func TestClass_thirtyTablesStaySmall(t *testing.T) {
	const tables, moreKiB, files = 30, 64 << 10, 300
	one := testkit.Start(t, t.TempDir())
	dir, began := t.TempDir(), time.Now()
	c := startClass(t, dir, tables)
	first := c.join(t)
	if status := first.Call("GET", "/readyz", "", "", nil); status != 200 {
		t.Fatalf("the first table is not ready: %d", status)
	}
	ready := time.Since(began)
	awaitOpen(t, dir, tables)
	all := time.Since(began)
	if got := openFiles(t, c.Process); got > files {
		t.Errorf("%d tables have %d files open, %d at most", tables, got, files)
	}
	more := residentKiB(t, c.Process) - residentKiB(t, one)
	if more > moreKiB {
		t.Errorf("%d tables take %d KiB more than one restaurant, %d at most", tables, more, moreKiB)
	}
	t.Logf("the first was ready after %v, all after %v; %d KiB more than one, %d files", ready, all, more, openFiles(t, c.Process))
}
