package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Program returns the path of the real program. It is built once, and Run
// removes it.
var Program = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "restaurant-program-")
	if err != nil {
		panic(err)
	}
	built = dir
	path := filepath.Join(dir, "restaurant")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	build := exec.Command("go", "build", "-race=false", "-o", path, ".") // whatever GOFLAGS says
	build.Dir = Root()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	return path
})

// built is the folder of the program, empty if nothing was built.
var built string

// Root returns the folder of the program's own module, from any folder in it.
var Root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for {
		text, _ := os.ReadFile(filepath.Join(dir, "go.mod"))
		if bytes.HasPrefix(text, []byte("module restaurant\n")) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			panic("no folder above has the go.mod of the module restaurant")
		}
		dir = filepath.Dir(dir)
	}
})

// Process is a started program. It ends with its test.
type Process struct {
	URL, Addr string
	Client    *http.Client
	Cmd       *exec.Cmd
	Output    *Output
	Done      chan error // closed once the process has ended

	t testing.TB
}

// Output collects what a process writes; it may be read meanwhile.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// FreeAddr returns a loopback address that no process listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
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
	p.Begin()
	return p
}

// Prepare returns a process that has not begun.
func Prepare(t testing.TB, dir, addr string, cmd *exec.Cmd) *Process {
	p := &Process{t: t, Cmd: cmd, Addr: addr, URL: "http://" + addr, Client: http.DefaultClient, Output: new(Output), Done: make(chan error, 1)}
	cmd.Env = append(os.Environ(), "ADDR="+addr, "DATA_DIR="+dir, "RATE_LIMIT=off")
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	return p
}

// RunProgram runs the program to its end.
func RunProgram(t testing.TB, dir, input string, args ...string) (output string, code int) {
	t.Helper()
	cmd := exec.Command(Program(), args...)
	cmd.Env = append(os.Environ(), "DATA_DIR="+dir)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Begin starts a prepared process.
func (p *Process) Begin() {
	p.t.Helper()
	if err := p.Cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { p.Done <- p.Cmd.Wait(); close(p.Done) }()
	p.t.Cleanup(p.Kill)
}

// AwaitReady polls readyz.
func (p *Process) AwaitReady() {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if res, err := http.Get(p.URL + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-p.Done:
			p.t.Fatalf("the program ended: %v\n%s", err, p.Output)
		case <-time.After(2 * time.Millisecond):
		}
	}
	p.t.Fatalf("not ready after 20 s\n%s", p.Output)
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

// Kill ends the process as a power cut would.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill()
	<-p.Done
}

// Signal asks the process to shut down.
func (p *Process) Signal() {
	p.t.Helper()
	if err := p.Cmd.Process.Signal(stopSignal); err != nil {
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
	body := fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, username, username)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if status := p.Call("POST", "/api/v1/auth/login", "", body, &token); status != http.StatusOK {
		p.t.Fatalf("login: %d", status)
	}
	return token.AccessToken
}

// Call makes a request, decodes the answer into a value unless that is nil, and
// returns the status: 0 if there was no whole answer or it could not be decoded.
func (p *Process) Call(method, path, token, body string, into any, headers ...string) int {
	p.t.Helper()
	a := p.Do(method, path, token, body, headers...)
	if into != nil && json.Unmarshal(a.Body, into) != nil {
		return 0
	}
	return a.Status
}

// Answer is a whole answer. Without one, or with half of one, its status is 0.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Close  bool // the server closes the connection after this answer
}

// Do makes a request; headers are names and values by turns.
func (p *Process) Do(method, path, token, body string, headers ...string) Answer {
	p.t.Helper()
	req, err := http.NewRequest(method, p.URL+path, strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return Answer{}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.Client.Do(req)
	if err != nil {
		return Answer{}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}
	}
	return Answer{res.StatusCode, res.Header, text, res.Close}
}
