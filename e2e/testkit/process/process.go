// Package process builds, starts and calls the real program. It knows nothing of
// tests, so e2e/load uses it as well as e2e/testkit.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// readyTimeout is how long a program may take until it is ready.
const readyTimeout = time.Minute

// stopTimeout is how long a program may take to end after it was asked to; then
// Stop kills it.
const stopTimeout = 10 * time.Second

// Root returns the folder of the program's own module, from any folder in it.
var Root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	for err == nil {
		_, noModule := os.Stat(filepath.Join(dir, "go.mod")) // other modules are in folders of this one
		_, noCommands := os.Stat(filepath.Join(dir, "app", "commands.go"))
		if noModule == nil && noCommands == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	panic("this works in the folder of the source only: no folder above has a go.mod and app/commands.go")
})

// Build builds the program into a folder, without cgo, and returns its path.
func Build(ctx context.Context, dir string, flags ...string) (string, error) {
	return BuildFrom(ctx, Root(), dir, flags...)
}

// BuildFrom is Build for a source in another folder.
func BuildFrom(ctx context.Context, source, dir string, flags ...string) (string, error) {
	path := filepath.Join(dir, "restaurant")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	args := append([]string{"build", "-race=false", "-o", path}, flags...) // whatever GOFLAGS says
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the program does not build: %w\n%s", err, out)
	}
	return path, nil
}

// Process is a program that listens at an address.
type Process struct {
	*Client
	Addr   string // host:port
	Ready  string // path that answers 200 once it is ready
	Cmd    *exec.Cmd
	Output fmt.Stringer  // what it wrote, for messages
	Done   chan struct{} // closed once it has ended
	err    error         // of its end; read only after Done
}

// New returns a process that is not started. Its output is kept in memory unless
// the command has a place for it.
func New(addr string, cmd *exec.Cmd) *Process {
	p := &Process{Client: NewClient("http://" + addr), Addr: addr, Ready: "/readyz", Cmd: cmd, Done: make(chan struct{})}
	if cmd.Stdout == nil && cmd.Stderr == nil {
		output := new(buffer)
		cmd.Stdout, cmd.Stderr, p.Output = output, output, output
	}
	dieWithParent(cmd)
	return p
}

// buffer collects what a process writes; it may be read meanwhile.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Start starts the process and does not wait.
func (p *Process) Start() error {
	if err := p.Cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(p.Done)
		p.err = p.Cmd.Wait()
	}()
	return nil
}

// AwaitReady asks whether it is ready every millisecond: a start takes a few of them, and a
// coarser question would measure itself.
func (p *Process) AwaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		if a, err := p.Do(ctx, http.MethodGet, p.Ready, "", ""); err == nil && a.Status == http.StatusOK {
			return nil
		}
		select {
		case <-p.Done:
			return WithOutput(fmt.Errorf("the program ended: %w", p.err), p.Output.String())
		case <-ctx.Done():
			return WithOutput(errors.New("the program was not ready in time"), p.Output.String())
		case <-time.After(time.Millisecond):
		}
	}
}

// Signal asks the process to shut down. On Windows it cannot be asked.
func (p *Process) Signal() error { return p.Cmd.Process.Signal(stopSignal) }

// Kill ends the process as a power cut would.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may have ended
	<-p.Done
}

// Stop shuts the process down, and kills it if that takes too long.
func (p *Process) Stop() {
	defer p.HTTP.CloseIdleConnections()
	if p.Signal() == nil {
		select {
		case <-p.Done:
			return
		case <-time.After(stopTimeout):
		}
	}
	p.Kill()
}

// WithOutput adds the end of what a process wrote to an error.
func WithOutput(err error, output string) error {
	const most = 2000
	if output = strings.TrimSpace(output); output == "" {
		return err
	}
	return fmt.Errorf("%w; it wrote: %s", err, output[max(0, len(output)-most):])
}
