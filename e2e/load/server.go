package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// readyTimeout is how long a house may take until it is ready.
const readyTimeout = time.Minute

// server is a real one: the program that everybody runs, in a process of its own
// over a folder of its own. It is known only by what it answers over HTTP.
type server struct {
	*client
	program, dir string
	settings     []string
	process      *child
}

// build builds the program without cgo, as `make build` does.
func build(ctx context.Context, dir string) (string, error) {
	progress("building the program")
	program := filepath.Join(dir, "restaurant")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-C", "../..", "-trimpath", "-tags", "nomsgpack", "-ldflags", "-s -w", "-o", program, ".") // as make build does
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", withOutput(fmt.Errorf("the program could not be built (%w); go run ./load works in the folder of the source only", err), string(text))
	}
	return program, nil
}

// newServer makes a house on a free port that is not open yet. The port stays
// the same when it closes and opens again, because tokens name it.
func newServer(ctx context.Context, program, dir string, settings ...string) (*server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	settings = append([]string{"ADDR=" + addr, "DATA_DIR=" + filepath.Join(dir, "data"), "RATE_LIMIT=off"}, settings...)
	return &server{client: newClient("http://" + addr), program: program, dir: dir, settings: settings}, os.MkdirAll(dir, 0o700)
}

// open starts the house and returns the time until it was ready.
func (h *server) open(ctx context.Context) (time.Duration, error) {
	log, err := os.OpenFile(h.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }() // the house writes to a handle of its own
	began := time.Now()
	h.process, err = start(ctx, func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx, h.settings, h.program)
		cmd.Stdout, cmd.Stderr = log, log
		return cmd
	})
	if err != nil {
		return 0, err
	}
	err = h.awaitReady(ctx)
	return time.Since(began), err
}

// awaitReady asks every millisecond: a start takes a few of them, and a coarser
// question would measure itself.
func (h *server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		if _, err := h.do(ctx, call{http.MethodGet, "/readyz", "", "", http.StatusOK}); err == nil {
			return nil
		}
		select {
		case <-h.process.gone:
			return withOutput(fmt.Errorf("the restaurant ended instead of opening: %w", h.process.err), lastLines(h.logFile()))
		case <-ctx.Done():
			h.close()
			return withOutput(errors.New("the restaurant was not ready in time"), lastLines(h.logFile()))
		case <-time.After(time.Millisecond):
		}
	}
}

// close closes the house, if it is open, and waits until it is.
func (h *server) close() {
	if h.process != nil {
		h.process.close()
		h.http.CloseIdleConnections()
	}
}

func (h *server) logFile() string { return filepath.Join(h.dir, "restaurant.log") }

// restarts is how often a start is measured.
const restarts = 5

// reopen closes and opens the house several times on the data it has, and
// returns the median of the times until it was ready and the memory it then
// needs at rest, in bytes (0 where nobody can tell).
func (h *server) reopen(ctx context.Context) (time.Duration, int64, error) {
	var times []time.Duration
	for range restarts {
		h.close()
		d, err := h.open(ctx)
		if err != nil {
			return 0, 0, err
		}
		times = append(times, d)
	}
	if err := pause(ctx, 3*time.Second); err != nil { // a house is at rest once the garbage of its start is gone
		return 0, 0, err
	}
	rest, err := memoryNow(h.process.pid())
	return median(times), rest, err
}

// awaitIdle waits until the kitchen has served what was ordered, so that the
// next measurement does not pay for the last one. It says whether that happened
// within a minute.
func (h *server) awaitIdle(ctx context.Context, chef string) (bool, error) {
	for range 240 {
		var open struct{ Items []struct{} }
		if err := h.get(ctx, call{http.MethodGet, "/api/v1/kitchen/orders?limit=1", chef, "", http.StatusOK}, &open); err != nil {
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
