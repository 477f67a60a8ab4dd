package testkit

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit/process"
)

// Program returns the path of the real program. It is built once, and Run
// removes it.
var Program = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "restaurant-program-")
	if err != nil {
		panic(err)
	}
	built = dir
	path, err := process.Build(context.Background(), dir)
	if err != nil {
		panic(err)
	}
	return path
})

// built is the folder of the program, empty if nothing was built.
var built string

// Process is a program that was started by a test, and ends with it. What goes
// wrong with it fails the test.
type Process struct {
	*process.Process
	t testing.TB
}

// Answer is a whole answer. Without one, or with half of one, its status is 0.
type Answer = process.Answer

// FreeAddr returns an address of localhost that no process listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	return "localhost:" + strconv.Itoa(FreePorts(t, 1))
}

// FreePorts returns the first of n ports of localhost in a row that no process listens on.
func FreePorts(t testing.TB, n int) int {
	t.Helper()
	first, err := process.FreePorts(n)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

// Start starts the program over a data folder and waits until it is ready.
func Start(t testing.TB, dir string, args ...string) *Process {
	t.Helper()
	p := Launch(t, dir, FreeAddr(t), args...)
	p.AwaitReady()
	return p
}

// Launch starts the program and does not wait.
func Launch(t testing.TB, dir, addr string, args ...string) *Process {
	t.Helper()
	p := Prepare(t, dir, addr, exec.Command(Program(), args...))
	p.Start()
	return p
}

// Prepare returns a process that is not started.
func Prepare(t testing.TB, dir, addr string, cmd *exec.Cmd) *Process {
	cmd.Env = append(os.Environ(), "RESTAURANT_ADDR="+addr, "RESTAURANT_DATA_DIR="+dir, "RESTAURANT_RATE_LIMIT=off")
	return &Process{process.New(addr, cmd), t}
}

// RunProgram runs the program to its end.
func RunProgram(t testing.TB, dir, input string, args ...string) (output string, code int) {
	t.Helper()
	cmd := exec.Command(Program(), args...)
	cmd.Env = append(os.Environ(), "RESTAURANT_DATA_DIR="+dir)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil { // it did not start
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Start starts a prepared process.
func (p *Process) Start() {
	p.t.Helper()
	if err := p.Process.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.Kill)
}

// AwaitReady polls readyz.
func (p *Process) AwaitReady() {
	p.t.Helper()
	if err := p.Process.AwaitReady(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// AwaitOutput waits until the process has written text.
func (p *Process) AwaitOutput(text string) {
	p.t.Helper()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(p.Output.String(), text) {
		select {
		case <-p.Done:
			p.t.Fatalf("the program ended before it wrote %q:\n%s", text, p.Output)
		case <-deadline:
			p.t.Fatalf("no %q after 20 s:\n%s", text, p.Output)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Below returns the same process for a client whose paths begin at another address of it.
func (p *Process) Below(url string) *Process {
	inner := *p.Process
	inner.Client = &process.Client{URL: url, HTTP: p.HTTP}
	return &Process{&inner, p.t}
}

// Signal asks the process to shut down.
func (p *Process) Signal() {
	p.t.Helper()
	if err := p.Process.Signal(); err != nil {
		p.t.Fatal(err)
	}
}

// Stop shuts the process down and fails the test unless it exits with 0.
func (p *Process) Stop() {
	p.t.Helper()
	p.Signal()
	if code := p.Wait(10 * time.Second); code != 0 {
		p.t.Fatalf("exit code %d: %s", code, p.Output)
	}
}

// Wait waits for the end of the process and returns its exit code.
func (p *Process) Wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.Done:
		return p.Cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		p.t.Fatalf("still running after %v\n%s", limit, p.Output)
		return 0
	}
}

// Login returns an access token of a demo user.
func (p *Process) Login(username string) string {
	p.t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if status := p.Call("POST", "/api/v1/auth/login", "", process.DemoCredentials(username), &token); status != http.StatusOK {
		p.t.Fatalf("login: %d", status)
	}
	return token.AccessToken
}

// Call makes a request, decodes the answer into a value unless that is nil, and
// returns the status: 0 if there was no whole answer or it could not be decoded.
func (p *Process) Call(method, path, token, body string, into any, headers ...string) int {
	a := p.Do(method, path, token, body, headers...)
	if into != nil && json.Unmarshal(a.Body, into) != nil {
		return 0
	}
	return a.Status
}

// Do makes a request; headers are names and values by turns.
func (p *Process) Do(method, path, token, body string, headers ...string) Answer {
	a, err := p.Client.Do(context.Background(), method, path, token, body, headers...)
	if err != nil {
		return Answer{}
	}
	return a
}
