package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// stopTimeout is how long a process may take to end after it was asked to; then
// it is killed.
const stopTimeout = 10 * time.Second

// child is a process that was started here, and ends here.
type child struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
	err  error         // of its end; read only after gone
	stop context.CancelFunc
}

// command prepares a process that is asked to close, and then made to, when ctx
// ends. It sees only the settings given here: a variable that somebody has set
// for their own house would change what is measured.
func command(ctx context.Context, settings []string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(inherited(), settings...)
	cmd.Cancel = func() error {
		if cmd.Process.Signal(os.Interrupt) != nil { // there are no signals on Windows
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = stopTimeout
	dieWithParent(cmd)
	return cmd
}

// inherited are the variables that a program needs to run at all, and those that
// set up Go itself, which are the same for the house and the limits.
func inherited() []string {
	needed := []string{"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "GOMAXPROCS", "GOGC", "GOMEMLIMIT"}
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return !slices.Contains(needed, strings.ToUpper(name))
	})
}

// start starts a process that runs on beside this one.
func start(ctx context.Context, prepare func(context.Context) *exec.Cmd) (*child, error) {
	ctx, stop := context.WithCancel(ctx)
	c := &child{cmd: prepare(ctx), gone: make(chan struct{}), stop: stop}
	if err := c.cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	go func() {
		defer close(c.gone)
		c.err = c.cmd.Wait()
	}()
	return c, nil
}

// close asks the process to end and waits until it has.
func (c *child) close() {
	c.stop()
	<-c.gone
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// lastLines is the end of what a process wrote, for a message about its failure.
func lastLines(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // it was only read
	const most = 600
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd) // at worst the message shows the beginning
	}
	text, _ := io.ReadAll(io.LimitReader(f, most))
	return strings.TrimSpace(string(text))
}

// withOutput adds the last words of a process to an error.
func withOutput(err error, words string) error {
	if words = strings.TrimSpace(words); words == "" {
		return err
	}
	return fmt.Errorf("%w; it said: %s", err, words)
}
