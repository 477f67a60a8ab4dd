package testkit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Server is a PostgreSQL of a test's own, which it may stop, freeze and start
// again. It ends with the test, however that ends.
type Server struct {
	// URL is the address of an empty database on it.
	URL string

	t         testing.TB
	bin, data string
}

// NewServer starts a server, as deploy/with-postgres.sh does: by that script,
// which ends when its standard input does.
func NewServer(t testing.TB) *Server {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(root(t), "deploy", "with-postgres.sh"), "-t",
		"-c", "synchronous_commit=on", "-c", "fsync=on", "-c", "full_page_writes=on", // what it has said is done stays done
		"sh", "-c", `printf '%s\n' "$TEST_DATABASE_URL" "$TEST_POSTGRES_BIN" "$TEST_POSTGRES_DATA"; exec cat`) // #nosec G204 -- a script of ours
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t}
	t.Cleanup(func() {
		s.signal(syscall.SIGCONT) // what is frozen does not end
		_ = in.Close()            // the script sees it also when it was closed by our end
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server of this test has not ended well: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for _, value := range []*string{&s.URL, &s.bin, &s.data} {
		if !lines.Scan() {
			t.Fatal("PostgreSQL does not start: the lines above say why")
		}
		*value = lines.Text()
	}
	return s
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	t.Fatalf("there is no go.mod above the test: %v", err)
	return ""
}

// Stop stops the server, and all connections to it break. The mode is pg_ctl's:
// fast, or immediate, which is as good as a crash.
func (s *Server) Stop(mode string) {
	s.t.Helper()
	s.control("stop", "-m", mode)
}

// Start starts the server again, on the same port.
func (s *Server) Start() {
	s.t.Helper()
	s.control("restart", "-m", "immediate", "-l", filepath.Join(s.data, "server.log")) // remembers the settings, which start does not
}

func (s *Server) control(args ...string) {
	s.t.Helper()
	args = append([]string{filepath.Join(s.bin, "pg_ctl"), "-D", s.data, "-s", "-w"}, args...)
	if os.Geteuid() == 0 { // as whom PostgreSQL refuses to run
		args = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"}, args...)
	}
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...) // #nosec G204 -- programs of PostgreSQL
	cmd.Dir = s.data
	if text, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, text)
	}
}

// Freeze stops all processes of the server where they are: connections stay, new
// ones are taken by the system, and nobody ever answers. So it is when a cable is
// cut.
func (s *Server) Freeze() {
	s.t.Helper()
	if s.signal(syscall.SIGSTOP) < 2 {
		s.t.Error("there was nothing to freeze")
	}
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

// signal sends a signal to the server and all its children and tells to how many.
func (s *Server) signal(sig syscall.Signal) (processes int) {
	text, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	first, _, _ := strings.Cut(string(text), "\n")
	server, aerr := strconv.Atoi(first)
	if err != nil || aerr != nil || syscall.Kill(server, sig) != nil { // the parent first: it must make no more children
		return 0
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", server, server))
	for _, child := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(pid, sig) // it may have ended by itself
			processes++
		}
	}
	return processes + 1
}
