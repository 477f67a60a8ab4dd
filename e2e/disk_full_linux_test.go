package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"restaurant/e2e/testkit"
	"restaurant/problem"
)

// freeBytes is what is left on a small disk when the guests begin to order.
const freeBytes = 512 << 10

// smallDisk is a running server whose database soon has no room to grow.
type smallDisk struct {
	server   *testkit.Process
	slug     string              // what the refusals say
	makeRoom func()              // lets the database grow again
	stop     func() (dir string) // stops the server and returns its folder
}

// TestDiskFull_isRefusedAndPasses lets guests order until nothing more fits. Each
// refusal says so, nothing of what was acknowledged is lost, reading goes on,
// and when there is room again, so does writing.
func TestDiskFull_isRefusedAndPasses(t *testing.T) {
	t.Setenv("RESTAURANT_KITCHEN_PACE", "1ms")
	t.Setenv("RESTAURANT_LOG_LEVEL", "error")
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://localhost:8080")
	t.Run("a file that may not grow", func(t *testing.T) { fillUp(t, limitedFile(t)) })
	t.Run("a small file system", func(t *testing.T) {
		if !mayMount(t) {
			t.Skip("this system permits no mount in a namespace of our own")
		}
		fillUp(t, smallFileSystem(t))
	})
}

func fillUp(t *testing.T, disk smallDisk) {
	guests := testkit.NewWorkload(t)
	guests.Attach(disk.server)
	var refusals atomic.Int64
	wait := guests.PlaceOrders(disk.server, func(a testkit.Answer) bool {
		wantFull(t, disk.slug, a)
		return refusals.Add(1) > 4*testkit.Clients // a smaller order may still fit in between
	})
	wait()
	if guests.Receipts() == 0 {
		t.Error("the disk was full from the beginning")
	}
	if t.Failed() {
		return // what follows would complain about every single order
	}
	orders := guests.Orders(disk.server)
	if len(orders) != guests.Receipts() {
		t.Errorf("%d orders can be read for %d receipts", len(orders), guests.Receipts())
	}
	for _, path := range []string{"/api/v1/menu", "/api/v1/auth/me", "/readyz"} {
		if status := disk.server.Call("GET", path, guests.Token, "", nil); status != 200 {
			t.Errorf("%s answers %d on a full disk", path, status)
		}
	}

	disk.makeRoom()
	guests.PlacePending(disk.server)
	guests.WantEachOnce(disk.server)
	guests.WantAllServed(disk.server)
	guests.Client.CloseIdleConnections() // the server would wait for those that have not sent anything yet
	wantIntact(t, disk.stop())
	t.Logf("%d orders, %d refusals", guests.Receipts(), refusals.Load())
}

func wantFull(t *testing.T, slug string, a testkit.Answer) {
	var p problem.Problem
	if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != 503 || p.Status != 503 || p.Type != "/problems/"+slug || a.Header.Get("Content-Type") != problem.ContentType {
		t.Errorf("a full disk answers %d %s", a.Status, a.Body)
	}
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
}

// limitedFile is a server that the system forbids to let any file grow, which needs
// no rights. SQLite calls only ENOSPC a full disk, and EFBIG an I/O error, so the
// refusals have the other name.
func limitedFile(t *testing.T) smallDisk {
	dir := t.TempDir()
	server := testkit.Start(t, dir)
	const unlimited = ^uint64(0)
	limit := func(size uint64) {
		t.Helper()
		limits := syscall.Rlimit{Cur: size, Max: unlimited}
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(server.Cmd.Process.Pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limits)), 0, 0, 0); errno != 0 {
			t.Fatal(errno)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "restaurant.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	limit(uint64(info.Size()) + freeBytes)
	return smallDisk{server, "database-unavailable", func() { limit(unlimited) }, func() string { server.Stop(); return dir }}
}

// inNamespace runs a script where it may mount what no other process sees.
func inNamespace(script string, args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", script}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	return cmd
}

// TestDiskFull_atTheStart says what to do, whether the last server could close its database
// or not.
func TestDiskFull_atTheStart(t *testing.T) {
	if !mayMount(t) {
		t.Skip("this system permits no mount in a namespace of our own")
	}
	for _, tc := range []struct{ signal, command string }{{"INT", ""}, {"KILL", ""}, {"KILL", "keys rotate"}} {
		t.Run(tc.signal+" "+tc.command, func(t *testing.T) {
			t.Setenv("RESTAURANT_DATA_DIR", t.TempDir())
			t.Setenv("RESTAURANT_ADDR", testkit.FreeAddr(t))
			out, err := inNamespace(mount+`
				"$0" >"$RESTAURANT_DATA_DIR/out" 2>&1 & first=$!
				until curl -sf "http://$RESTAURANT_ADDR/readyz"; do sleep 0.1; done >"$RESTAURANT_DATA_DIR/ready"
				kill -$1 $first; wait $first
				cat /dev/zero >"$RESTAURANT_DATA_DIR/something else"
				timeout 20 "$0" $2`, testkit.Program(), tc.signal, tc.command).CombinedOutput()
			_, refusal, _ := strings.Cut(string(out), "restaurant: ")
			if err == nil || !strings.Contains(refusal, "disk") || !strings.Contains(refusal, "is full") || !strings.Contains(refusal, "free some space there and try again") ||
				strings.Contains(refusal, "backup") || strings.Count(strings.TrimSpace(refusal), "\n") > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

const mount = `mount -t tmpfs -o size=16m,mode=700 tmpfs "$RESTAURANT_DATA_DIR"`

func mayMount(t *testing.T) bool {
	cmd := inNamespace(mount)
	cmd.Env = append(os.Environ(), "RESTAURANT_DATA_DIR="+t.TempDir())
	return cmd.Run() == nil
}

// smallFileSystem is a server whose folder is a file system of its own, which
// something else fills.
func smallFileSystem(t *testing.T) smallDisk {
	dir := t.TempDir()
	server := testkit.Prepare(t, dir, testkit.FreeAddr(t), inNamespace(mount+` && exec "$0"`, testkit.Program()))
	server.Start()
	server.AwaitReady()
	inside := filepath.Join("/proc", strconv.Itoa(server.Cmd.Process.Pid), "root", dir)
	disk, err := os.OpenRoot(inside) // it lives on after the server, as long as this is open
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Close() })
	var left syscall.Statfs_t
	if err := syscall.Statfs(inside, &left); err != nil {
		t.Fatal(err)
	}
	if err := disk.WriteFile("something else", make([]byte, int64(left.Bfree)*left.Bsize-freeBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	makeRoom := func() {
		if err := disk.Remove("something else"); err != nil {
			t.Fatal(err)
		}
	}
	return smallDisk{server, "storage-full", makeRoom, func() string {
		server.Stop()
		copied := filepath.Join(t.TempDir(), "copied")
		if err := os.CopyFS(copied, disk.FS()); err != nil {
			t.Fatal(err)
		}
		return copied
	}}
}
