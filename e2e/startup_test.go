package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/e2e/testkit/process"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// TestStartup_refusesAFolderInUse also shows that a killed process leaves no lock
// behind.
func TestStartup_refusesAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	first := testkit.Start(t, dir)
	second := testkit.Launch(t, dir, testkit.FreeAddr(t))
	if code := second.Wait(10 * time.Second); code != 1 || !isOneSentence(second.Output.String(), "is in use by another restaurant") {
		t.Errorf("the second: exit code %d, output %s", code, second.Output)
	}
	seed := testkit.Launch(t, dir, testkit.FreeAddr(t), "seed")
	if code := seed.Wait(10 * time.Second); code != 1 || !isOneSentence(seed.Output.String(), "is in use by another restaurant") {
		t.Errorf("seed: exit code %d, output %s", code, seed.Output)
	}
	first.Kill()
	testkit.Start(t, dir)
}

// TestStartup_holdsAllOfLocalhost: a browser that looks for localhost tries [::1] first,
// and must not reach another program there.
func TestStartup_holdsAllOfLocalhost(t *testing.T) {
	other, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no [::1]: %v", err)
	}
	defer other.Close()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	addr := "localhost:" + port
	for _, args := range [][]string{nil, {"demo"}, {"-addr", testkit.FreeAddr(t), "-tls", "self-signed", "-tls-addr", addr}} {
		server := testkit.Launch(t, t.TempDir(), addr, args...)
		if code := server.Wait(10 * time.Second); code != 1 || !isOneSentence(server.Output.String(), "Stop what uses the port") {
			t.Errorf("%q: exit code %d, output %s", args, code, server.Output)
		}
	}
	other.Close()
	server := testkit.Launch(t, t.TempDir(), addr)
	server.AwaitReady()
	for _, url := range []string{"http://127.0.0.1:" + port, "http://[::1]:" + port} {
		if a, err := process.NewClient(url).Do(t.Context(), "GET", "/api/v1/menu", "", ""); err != nil || a.Status != http.StatusOK {
			t.Errorf("%s: %d, %v", url, a.Status, err)
		}
	}
	server.Stop()
}

// isOneSentence reports whether an output is one line that explains a failure.
func isOneSentence(output, wants string) bool {
	output = strings.TrimSpace(output)
	return strings.HasPrefix(output, "restaurant: ") && strings.Contains(output, wants) && !strings.Contains(output, "\n")
}

// TestStartup_explainsFailures gives each trouble to a folder that was fine before,
// and checks that nothing in it is changed.
func TestStartup_explainsFailures(t *testing.T) {
	busy, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())

	good := t.TempDir()
	testkit.Start(t, good).Stop()
	keys, err := filepath.Glob(filepath.Join(good, "keys", "*.pem"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys: %v %v", keys, err)
	}
	key := filepath.Join("keys", filepath.Base(keys[0]))
	write := func(name, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			os.Remove(filepath.Join(dir, name+"-wal"))
		}
	}
	for _, tc := range []struct {
		name, wants string
		damage      func(t *testing.T, dir string)
		args        []string
	}{
		{"a port in use", "Stop what uses the port", nil, []string{"-addr", "localhost:" + port}},
		{"a bad setting", "RESTAURANT_KITCHEN_PACE must be", nil, []string{"-kitchen-pace", "slow"}},
		{"a folder that is a file", "cannot be", nil, []string{"-data-dir", keys[0]}},
		{"a damaged database", "restore a backup", write("restaurant.db", strings.Repeat("no database ", 1000)), nil},
		{"a database with a damaged page", "restore a backup", damagePage, nil},
		{"a damaged key", "restore it from a backup", write(key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), nil},
		{"an empty key", "restore it from a backup", write(key, ""), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			restrictKeys(t, dir)
			if tc.damage != nil {
				tc.damage(t, dir)
			}
			before := snapshot(t, dir)
			server := testkit.Launch(t, dir, testkit.FreeAddr(t), tc.args...)
			if code := server.Wait(10 * time.Second); code != 1 || !isOneSentence(server.Output.String(), tc.wants) {
				t.Errorf("exit code %d, output %s", code, server.Output)
			}
			if after := snapshot(t, dir); after != before {
				t.Errorf("the folder was changed:\n%s\n%s", before, after)
			}
		})
	}
}

// restrictKeys gives copied keys the mode that the program gives its own.
func restrictKeys(t *testing.T, dir string) {
	t.Helper()
	keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*"))
	for _, k := range keys {
		if err := os.Chmod(k, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// damagePage overwrites all pages of the database but the first.
func damagePage(t *testing.T, dir string) {
	path := filepath.Join(dir, "restaurant.db")
	os.Remove(path + "-wal")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	if info.Size() < 3*4096 {
		t.Fatalf("the database has only %d bytes", info.Size())
	}
	for page := int64(1); page*4096 < info.Size(); page++ {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xAA}, 4096), page*4096); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshot lists what is in a folder, without the lock and SQLite's own helpers.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || info.Name() == "lock" || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&list, "%s %d %x\n", path, len(text), sum(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

func sum(text []byte) (h uint64) {
	for _, b := range text {
		h = h*1099511628211 ^ uint64(b)
	}
	return h
}

// The goals are 40 ms and 27 MiB on two quiet cores. The limits leave room for another machine:
// Linux counts up to 3 MiB more or less of the same program, depending on how it lies in memory.
const (
	slowestStart = 200 * time.Millisecond
	mostAtRest   = 32
)

// BenchmarkStartup measures the time from exec to ready, over an empty folder and over an
// existing one, and the memory at rest, five seconds after a start that nobody asked anything.
func BenchmarkStartup(b *testing.B) {
	b.Setenv("RESTAURANT_LOG_LEVEL", "error")
	existing := b.TempDir()
	testkit.Start(b, existing).Kill()
	_, err := os.Stat(filepath.Join("..", "stubs"))
	asItIs := err == nil // with an address of its own the module has no stubs, and takes more
	for _, tc := range []struct {
		name    string
		dir     func(b *testing.B) string
		slowest time.Duration
	}{
		{"empty", func(b *testing.B) string { return b.TempDir() }, time.Minute}, // it hashes passwords
		{"existing", func(*testing.B) string { return existing }, slowestStart},
	} {
		b.Run(tc.name, func(b *testing.B) {
			for b.Loop() {
				server := testkit.Start(b, tc.dir(b))
				b.StopTimer()
				server.Kill()
				b.StartTimer()
			}
			if each := b.Elapsed() / time.Duration(b.N); each > tc.slowest {
				b.Errorf("a start takes %v, at most %v", each, tc.slowest)
			}
			server := testkit.Start(b, tc.dir(b))
			defer server.Kill()
			time.Sleep(5 * time.Second)
			rest := memoryMiB(server, "VmRSS:")
			b.ReportMetric(rest, "MiB-at-rest")
			if asItIs && rest > mostAtRest {
				b.Errorf("%.1f MiB at rest, at most %d", rest, mostAtRest)
			}
		})
	}
}

// memoryMiB reads a line of what the system shows of a process's memory, where it does.
func memoryMiB(p *testkit.Process, field string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), field)
	var kib float64
	_, _ = fmt.Sscan(rest, &kib)
	return kib / 1024
}
