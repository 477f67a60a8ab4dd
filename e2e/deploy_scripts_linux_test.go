package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// startScript starts a script in a process group of its own, and waits until it has written a file.
func startScript(t *testing.T, cmd *exec.Cmd, written string) (ended chan error) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(written); err == nil {
			return ended
		}
	}
	t.Fatalf("%v has not written %s", cmd.Args, written)
	return nil
}

// wantEnd waits until a script has ended after Ctrl-C.
func wantEnd(t *testing.T, cmd *exec.Cmd, ended chan error) {
	t.Helper()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	select {
	case <-ended:
	case <-time.After(40 * time.Second):
		t.Fatal("it does not end")
	}
}

// TestWithPostgres_endsAFrozenServer: make branches prints the command that freezes it.
func TestWithPostgres_endsAFrozenServer(t *testing.T) {
	t.Parallel() // it mostly waits
	testkit.NeedPostgres(t)
	for name, freeze := range map[string]string{
		"running": "", "frozen": `kill -STOP $TEST_POSTGRES_PID $(cat /proc/$TEST_POSTGRES_PID/task/$TEST_POSTGRES_PID/children);`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			note := filepath.Join(t.TempDir(), "folder")
			cmd := exec.Command("../deploy/with-postgres.sh", "-t", "bash", "-c", freeze+` echo $TEST_POSTGRES_DATA >"$0.new"; mv "$0.new" "$0"; exec sleep 100`, note)
			wantEnd(t, cmd, startScript(t, cmd, note))
			folder, err := os.ReadFile(note)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(strings.TrimSpace(string(folder))); err == nil {
				t.Errorf("%s is left", folder)
			}
		})
	}
}

// TestInstall_leavesNoRule: neither when it is interrupted nor when it has installed. The machine
// is a folder, and apt-get a script that stops in the middle.
func TestInstall_leavesNoRule(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../deploy/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, install := range map[string]string{"interrupted": `touch "$NOTE"; exec sleep 100`, "done": `touch "$NOTE"`, "failed": `touch "$NOTE"; exit 1`} {
		dir := t.TempDir()
		policy, note := filepath.Join(dir, "policy-rc.d"), filepath.Join(dir, "note")
		for file, text := range map[string]string{
			"install.sh": strings.ReplaceAll(string(script), "/usr/sbin/policy-rc.d", policy),
			"id":         "#!/bin/sh\necho 0\n",
			"apt-get":    "#!/bin/sh\ntest -x " + policy + " || exit 1\n" + install + "\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("bash", "-c", `set -euo pipefail; . "$0/install.sh"; need no-such-program no-such-package; touch "$0/went-on"`, dir)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "NOTE="+note)
		ended := startScript(t, cmd, note)
		if name == "interrupted" {
			wantEnd(t, cmd, ended)
		} else {
			<-ended
		}
		if _, err := os.Stat(policy); err == nil {
			t.Errorf("%s: the rule is left", name)
		}
		if _, err := os.Stat(filepath.Join(dir, "went-on")); (err == nil) != (name == "done") {
			t.Errorf("%s: the script goes on: %t", name, err == nil)
		}
	}
}
