package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"restaurant/e2e/testkit/process"
)

// server is the real program, in a process of its own over a folder of its own. It
// is known only by what it answers over HTTP.
type server struct {
	*client
	addr, program, dir string
	settings           []string
	ready              string // see process.Process; empty: readyz
	process            *process.Process
}

// newServer returns a server that is not started. Its port stays the same when it
// is restarted, because tokens name it.
func newServer(program, dir string, settings ...string) (*server, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	settings = append([]string{"RESTAURANT_ADDR=" + addr, "RESTAURANT_DATA_DIR=" + filepath.Join(dir, "data"), "RESTAURANT_RATE_LIMIT=off"}, settings...)
	return &server{client: newClient("http://" + addr), addr: addr, program: program, dir: dir, settings: settings}, os.MkdirAll(dir, 0o700)
}

// start starts the program and returns the time until it was ready.
func (s *server) start(ctx context.Context) (time.Duration, error) {
	return s.run(ctx, command(ctx, s.settings, s.program))
}

// run starts a command that listens at the server's address.
func (s *server) run(ctx context.Context, cmd *exec.Cmd) (time.Duration, error) {
	log, err := os.OpenFile(filepath.Join(s.dir, "restaurant.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }() // the program writes to a handle of its own
	cmd.Stdout, cmd.Stderr = log, log
	p := process.New(s.addr, cmd)
	p.Output, p.Client = logFile(log.Name()), s.Client
	if s.ready != "" {
		p.Ready = s.ready
	}
	began := time.Now()
	if err := p.Start(); err != nil {
		return 0, err
	}
	s.process = p
	err = p.AwaitReady(ctx)
	return time.Since(began), err
}

// stop stops the program, if it runs, and waits until it has ended.
func (s *server) stop() {
	if s.process != nil {
		s.process.Stop()
		s.HTTP.CloseIdleConnections()
	}
}

func (s *server) pid() int { return s.process.Cmd.Process.Pid }

// command is killed when ctx ends, which is when nothing of it is needed any more. It
// sees only the settings given here: a variable that is set for another server would
// change what is measured.
func command(ctx context.Context, settings []string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(inherited(), settings...)
	return cmd
}

// inherited are the variables that a program needs to run at all, and those that
// set up Go itself, which are the same for programs and baselines.
func inherited() []string {
	needed := []string{"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"}
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return !slices.Contains(needed, strings.ToUpper(name))
	})
}

// logFile is the name of a file with a program's output, too long to be kept in
// memory. As text it is the end of that.
type logFile string

func (l logFile) String() string {
	f, err := os.Open(string(l))
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // it was only read
	const most = 600
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd) // at worst the message shows the beginning
	}
	text, _ := io.ReadAll(io.LimitReader(f, most))
	return string(text)
}

// restarts is how often a start is measured.
const restarts = 5

// restart restarts the program several times on the data it has, and returns the
// median of the times until it was ready and the memory it then needs at rest, in
// bytes (0 where it cannot be read).
func (s *server) restart(ctx context.Context) (time.Duration, int64, error) {
	var times []time.Duration
	for range restarts {
		s.stop()
		d, err := s.start(ctx)
		if err != nil {
			return 0, 0, err
		}
		times = append(times, d)
	}
	if err := pause(ctx, 3*time.Second); err != nil { // at rest is after the garbage of the start is gone
		return 0, 0, err
	}
	rest, err := memoryNow(s.pid())
	return median(times), rest, err
}

// kitchenIdle waits until the kitchen has served what was ordered, so that the next
// measurement does not pay for the last one. It reports whether that happened
// within a minute. It takes a manager's token, because a chef who looks holds orders
// back.
func (s *server) kitchenIdle(ctx context.Context, manager string) (bool, error) {
	for range 240 {
		var open struct{ Items []struct{} }
		if err := s.get(ctx, call{http.MethodGet, "/api/v1/kitchen/orders?limit=1", manager, "", http.StatusOK}, &open); err != nil {
			return false, err
		}
		if len(open.Items) == 0 {
			return true, nil
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return false, err
		}
	}
	return false, nil
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
