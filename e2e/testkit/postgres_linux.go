package testkit

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"restaurant/e2e/testkit/process"
)

// PostgresServer is a PostgreSQL of a test's own, which it may stop, freeze and start
// again. It ends with the test, however that ends.
type PostgresServer struct {
	// URL is the address of an empty database on it.
	URL string

	t         testing.TB
	bin, data string
}

// NewPostgresServer starts a server, as deploy/with-postgres.sh does: by that script,
// which ends when its standard input does.
func NewPostgresServer(t testing.TB) *PostgresServer {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(process.Root(), "deploy", "with-postgres.sh"), "-t",
		"-c", "synchronous_commit=on", "-c", "fsync=on", "-c", "full_page_writes=on", // what it has acknowledged stays
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
	s := &PostgresServer{t: t}
	t.Cleanup(func() {
		s.signal(syscall.SIGCONT) // what is frozen does not end
		_ = in.Close()            // the script sees it also when it was closed by our end
		if err := cmd.Wait(); err != nil {
			t.Errorf("the PostgreSQL of this test has failed: %v", err)
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

// Stop stops the server, and all connections to it break. The mode is pg_ctl's:
// fast, or immediate, which is as good as a crash.
func (s *PostgresServer) Stop(mode string) {
	s.t.Helper()
	s.control("stop", "-m", mode)
}

// Start starts the server again, on the same port.
func (s *PostgresServer) Start() {
	s.t.Helper()
	s.control("restart", "-m", "immediate", "-l", filepath.Join(s.data, "server.log")) // remembers the settings, which start does not
}

func (s *PostgresServer) control(args ...string) {
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

// Freeze stops all processes of the server where they are: connections stay, the
// system accepts new ones, and no answer ever comes. So it is when a cable is cut.
func (s *PostgresServer) Freeze() {
	s.t.Helper()
	if s.signal(syscall.SIGSTOP) < 2 {
		s.t.Error("there was nothing to freeze")
	}
}

// Thaw lets a frozen server go on.
func (s *PostgresServer) Thaw() { s.signal(syscall.SIGCONT) }

// signal sends a signal to the server and all its children and returns to how many.
func (s *PostgresServer) signal(sig syscall.Signal) (processes int) {
	return len(signalServer(s.data, sig))
}
