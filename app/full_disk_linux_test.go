package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"restaurant/problem"
)

// room is what is left on a small disk when the guests begin to order.
const room = 512 << 10

// smallDisk is an open house whose order book soon has no room to grow.
type smallDisk struct {
	house    *running
	slug     string              // what the refusals say
	makeRoom func()              // lets the order book grow again
	close    func() (dir string) // closes the house and gives its folder
}

// TestAFullDiskRefusesAndPasses lets guests order until nothing more fits. Each
// refusal says so, nothing of what was acknowledged is lost, reading goes on,
// and when there is room again, so does writing.
func TestAFullDiskRefusesAndPasses(t *testing.T) {
	t.Setenv("KITCHEN_PACE", "1ms")
	t.Setenv("LOG_LEVEL", "error")
	t.Setenv("PUBLIC_URL", "http://localhost:8080")
	t.Run("a file that may not grow", func(t *testing.T) { fillUp(t, limitedFile(t)) })
	if mayMount(t) {
		t.Run("a small file system", func(t *testing.T) { fillUp(t, smallFileSystem(t)) })
	} else {
		t.Log("this system lets nobody mount a file system of their own, so only the limit of a file was tested")
	}
}

func fillUp(t *testing.T, disk smallDisk) {
	guests := newRegulars(t)
	guests.come(disk.house)
	var refusals atomic.Int64
	wait := guests.order(disk.house, func(a answer) bool {
		wantFull(t, disk.slug, a)
		return refusals.Add(1) > 4*regularsCount // a smaller order may still fit in between
	})
	wait()
	if len(guests.receipts) == 0 {
		t.Error("the disk was full from the beginning")
	}
	if t.Failed() {
		return // what follows would complain about every single order
	}
	book := guests.book(disk.house)
	if len(book) != len(guests.receipts) {
		t.Errorf("%d orders can be read for %d receipts", len(book), len(guests.receipts))
	}
	for _, path := range []string{"/api/v1/menu", "/api/v1/auth/me", "/readyz"} {
		if status := disk.house.call("GET", path, guests.token, "", nil); status != 200 {
			t.Errorf("%s answers %d on a full disk", path, status)
		}
	}

	disk.makeRoom()
	guests.settle(disk.house)
	guests.wantEachOnce(disk.house)
	guests.wantAllServed(disk.house)
	guests.client.CloseIdleConnections() // the house would wait for those that have not said anything yet
	wantIntact(t, disk.close())
	t.Logf("%d orders, %d refusals", len(guests.receipts), refusals.Load())
}

func wantFull(t *testing.T, slug string, a answer) {
	var p problem.Problem
	if err := json.Unmarshal(a.text, &p); err != nil || a.status != 503 || p.Status != 503 || p.Type != "/problems/"+slug || a.header.Get("Content-Type") != problem.ContentType {
		t.Errorf("a full disk answers %d %s", a.status, a.text)
	}
	if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
}

// limitedFile is a house that the system forbids to let any file grow. Everybody
// may set such a limit. The engine calls only ENOSPC a full disk, and EFBIG an
// I/O error, so the refusals have the other name.
func limitedFile(t *testing.T) smallDisk {
	dir := t.TempDir()
	house := start(t, dir)
	limit := func(size uint64) {
		t.Helper()
		if err := unix.Prlimit(house.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "restaurant.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	limit(uint64(info.Size()) + room)
	return smallDisk{house, "database-unavailable", func() { limit(unix.RLIM_INFINITY) }, func() string { house.close(); return dir }}
}

// apart makes a program run where it may mount what nobody else sees.
func apart(script string, args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", script}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	return cmd
}

const mount = `mount -t tmpfs -o size=16m,mode=700 tmpfs "$DATA_DIR"`

func mayMount(t *testing.T) bool {
	cmd := apart(mount)
	cmd.Env = append(os.Environ(), "DATA_DIR="+t.TempDir())
	return cmd.Run() == nil
}

// smallFileSystem is a house whose folder is a file system of its own, which
// something else fills.
func smallFileSystem(t *testing.T) smallDisk {
	dir := t.TempDir()
	house := prepare(t, dir, freeAddr(t), apart(mount+` && exec "$0"`, program()))
	house.begin()
	house.ready()
	inside := filepath.Join("/proc", strconv.Itoa(house.cmd.Process.Pid), "root", dir)
	disk, err := os.OpenRoot(inside) // it lives on after the house, as long as this is open
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Close() })
	var left unix.Statfs_t
	if err := unix.Statfs(inside, &left); err != nil {
		t.Fatal(err)
	}
	if err := disk.WriteFile("something else", make([]byte, int64(left.Bfree)*left.Bsize-room), 0o600); err != nil {
		t.Fatal(err)
	}
	makeRoom := func() {
		if err := disk.Remove("something else"); err != nil {
			t.Fatal(err)
		}
	}
	return smallDisk{house, "storage-full", makeRoom, func() string {
		house.close()
		copied := filepath.Join(t.TempDir(), "copied")
		if err := os.CopyFS(copied, disk.FS()); err != nil {
			t.Fatal(err)
		}
		return copied
	}}
}
