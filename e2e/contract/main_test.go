// Package contract holds what the documents say against the real program, and tries the
// clients, generators and checkers that people bring along.
package contract

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"restaurant/e2e/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// startServer starts the real program over a database of its own, with a kitchen that
// is quick enough for tests. Settings such as "RESTAURANT_KITCHEN=manual" come on top.
func startServer(t testing.TB, settings ...string) *testkit.Process {
	t.Helper()
	p := testkit.Prepare(t, t.TempDir(), testkit.FreeAddr(t), exec.Command(testkit.Program(), "serve"))
	p.Cmd.Env = append(p.Cmd.Env, "RESTAURANT_KITCHEN_PACE=300ms")
	p.Cmd.Env = append(p.Cmd.Env, settings...)
	p.Start()
	p.AwaitReady()
	return p
}

// npm returns a command of node_modules, such as redocly, to be run in dir. Without
// npm ci the test is skipped. Redocly reports its use and looks for newer versions
// unless it is told not to; newman and bru do neither.
func npm(t testing.TB, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("node_modules", ".bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not installed: run make contract", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	return cmd
}

// mustRun runs a command to its end and fails the test, with what it wrote, unless it
// exits with 0.
func mustRun(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}
