package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// program builds the real program once.
var program = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "restaurant-program-")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "restaurant")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	build := exec.Command("go", "build", "-race=false", "-o", path, "..") // whatever GOFLAGS says
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	return path
})

func TestMain(m *testing.M) {
	code := testkit.Run(m)
	os.RemoveAll(filepath.Dir(program()))
	os.Exit(code)
}

// running is a started program.
type running struct {
	t      testing.TB
	cmd    *exec.Cmd
	url    string
	addr   string
	client *http.Client
	out    *output
	done   chan error
}

// output is what a program has said so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// freeAddr is a loopback address that nobody listens on.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// start starts the program over a data folder and waits until it is ready. It
// is ended with the test.
func start(t testing.TB, dir string, args ...string) *running {
	t.Helper()
	r := launch(t, dir, freeAddr(t), args...)
	r.ready()
	return r
}

func launch(t testing.TB, dir, addr string, args ...string) *running {
	t.Helper()
	r := prepare(t, dir, addr, exec.Command(program(), args...))
	r.begin()
	return r
}

// prepare makes a program that is not yet started.
func prepare(t testing.TB, dir, addr string, cmd *exec.Cmd) *running {
	r := &running{t: t, cmd: cmd, addr: addr, url: "http://" + addr, client: http.DefaultClient, out: new(output), done: make(chan error, 1)}
	cmd.Env = append(os.Environ(), "ADDR="+addr, "DATA_DIR="+dir, "RATE_LIMIT=off")
	cmd.Stdout, cmd.Stderr = r.out, r.out
	return r
}

func (r *running) begin() {
	r.t.Helper()
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() { r.done <- r.cmd.Wait(); close(r.done) }()
	r.t.Cleanup(func() { r.kill() })
}

// ready polls readyz; it is a condition to wait for, not a time to sleep.
func (r *running) ready() {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if res, err := http.Get(r.url + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-r.done:
			r.t.Fatalf("the program ended: %v\n%s", err, r.out)
		case <-time.After(2 * time.Millisecond):
		}
	}
	r.t.Fatalf("not ready after 20 s\n%s", r.out)
}

// kill ends the program as a power cut would.
func (r *running) kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// close asks the program to end in order.
func (r *running) close() {
	r.t.Helper()
	if err := r.cmd.Process.Signal(closingSignal); err != nil {
		r.t.Fatal(err)
	}
	if code := r.wait(10 * time.Second); code != 0 {
		r.t.Fatalf("ends with %d: %s", code, r.out)
	}
}

// wait gives the exit code.
func (r *running) wait(limit time.Duration) int {
	r.t.Helper()
	select {
	case <-r.done:
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		r.t.Fatalf("still running after %v\n%s", limit, r.out)
		return 0
	}
}

// login gives a token for a demo guest.
func (r *running) login(username string) string {
	r.t.Helper()
	body := fmt.Sprintf(`{"username":%q,"password":"%s-likes-pizza"}`, username, username)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if status := r.call("POST", "/api/v1/auth/login", "", body, &token); status != 200 {
		r.t.Fatalf("login: %d", status)
	}
	return token.AccessToken
}

// call makes one request; a failure of the connection is status 0.
func (r *running) call(method, path, token, body string, into any, headers ...string) int {
	a := r.exchange(method, path, token, body, headers...)
	if into != nil && json.Unmarshal(a.text, into) != nil {
		return 0
	}
	return a.status
}

// answer is a whole answer. Without one, or with half of one, its status is 0.
type answer struct {
	status  int
	header  http.Header
	text    []byte
	hangsUp bool // after this answer
}

func (r *running) exchange(method, path, token, body string, headers ...string) answer {
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Error(err)
		return answer{}
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
	res, err := r.client.Do(req)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}
	}
	return answer{res.StatusCode, res.Header, text, res.Close}
}

// tourCommand is one command of the README and the status it promises.
type tourCommand struct{ line, expect string }

var tourBlock = regexp.MustCompile("(?s)<!-- expect: ([^>]*) -->\n```sh tour\n(.*?)```")

// tour takes the commands out of the README.
func tour(t *testing.T) []tourCommand {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if blocks := bytes.Count(readme, []byte("```sh tour")); blocks != len(tourBlock.FindAll(readme, -1)) {
		t.Fatalf("one of %d blocks does not say what to expect", blocks)
	}
	var commands []tourCommand
	for _, block := range tourBlock.FindAllStringSubmatch(string(readme), -1) {
		expect, lines := strings.Fields(block[1]), strings.Split(strings.TrimSpace(block[2]), "\n")
		if len(expect) != len(lines) {
			t.Fatalf("%d commands and %d statuses:\n%s", len(lines), len(expect), block[0])
		}
		for i, line := range lines {
			commands = append(commands, tourCommand{line, expect[i]})
		}
	}
	return commands
}

// TestTheREADMEsTour runs the README's own commands, with curl, from a copy of
// the folder that they are written for, against the real program.
func TestTheREADMEsTour(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the README's commands need curl: install it")
	}
	commands := tour(t)
	if len(commands) < 15 {
		t.Fatalf("the README has only %d commands", len(commands))
	}
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "docs", "examples"), os.DirFS("../docs/examples")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KITCHEN_PACE", "100ms")
	house := start(t, t.TempDir())
	for _, c := range commands {
		t.Run(c.line, func(t *testing.T) {
			args := arguments(t, strings.ReplaceAll(c.line, "http://localhost:8080", house.url))
			cmd := exec.Command(args[0], append(args[1:], "-w", "\n%{http_code}")...)
			cmd.Dir = folder
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			text, status := string(out[:bytes.LastIndexByte(out, '\n')]), string(out[bytes.LastIndexByte(out, '\n')+1:])
			if c.expect == "stream" {
				if status != "200" || !strings.HasSuffix(strings.TrimSpace(text), "}") || !strings.Contains(text, `"status":"served"`) {
					t.Errorf("the stream says %s %s", status, text)
				}
			} else if status != c.expect {
				t.Errorf("answered %s, the README says %s\n%s", status, c.expect, text)
			}
		})
	}
}

// arguments splits a command as bash, cmd and PowerShell all do, and refuses
// what one of them reads differently.
func arguments(t *testing.T, line string) []string {
	t.Helper()
	if strings.ContainsAny(line, "'`\\|<>;*~%^(){}") || regexp.MustCompile(`\$|(^|\s)#|&&`).MatchString(line) {
		t.Fatal("a shell would read more into this line")
	}
	var args []string
	for _, word := range regexp.MustCompile(`"[^"]*"|[^\s"]+`).FindAllString(line, -1) {
		quoted := strings.HasPrefix(word, `"`)
		if !quoted && strings.ContainsAny(word, "&@") {
			t.Fatal("& and @ need quotes")
		}
		args = append(args, strings.Trim(word, `"`))
	}
	if args[0] != "curl" {
		t.Fatal("not a curl command")
	}
	return args
}

// TestDemo runs the program's own tour.
func TestDemo(t *testing.T) {
	t.Setenv("KITCHEN_PACE", "50ms")
	house := launch(t, t.TempDir(), freeAddr(t), "demo")
	deadline := time.After(20 * time.Second)
	for !strings.Contains(house.out.String(), "Ctrl-C") {
		select {
		case <-house.done:
			t.Fatalf("the demo ended:\n%s", house.out)
		case <-deadline:
			t.Fatalf("the demo is not done:\n%s", house.out)
		case <-time.After(5 * time.Millisecond):
		}
	}
	said := house.out.String()
	for _, want := range []string{"POST /api/v1/auth/login", "200 OK", "GET /api/v1/menu", "POST /api/v1/orders", "201 Created", "/events", `"status":"served"`, "Buon appetito"} {
		if !strings.Contains(said, want) {
			t.Errorf("the demo says nothing of %s:\n%s", want, said)
		}
	}
	if strings.Contains(said, "-----BEGIN") || regexp.MustCompile(`ey[\w-]+\.ey[\w-]+\.[\w-]{300}`).MatchString(said) {
		t.Error("the demo prints a whole token or a key")
	}
	if status := house.call("GET", "/api/v1/menu", "", "", nil); status != 200 {
		t.Errorf("after the demo the menu answers %d", status)
	}
}

// TestTwoProcessesNeverShareAFolder also shows that a killed process leaves no
// lock behind.
func TestTwoProcessesNeverShareAFolder(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	second := launch(t, dir, freeAddr(t))
	if code := second.wait(10 * time.Second); code != 1 || !isOneSentence(second.out.String(), "is in use by another restaurant") {
		t.Errorf("the second ends with %d and says %s", code, second.out)
	}
	seeding := launch(t, dir, freeAddr(t), "seed")
	if code := seeding.wait(10 * time.Second); code != 1 || !isOneSentence(seeding.out.String(), "is in use by another restaurant") {
		t.Errorf("seed ends with %d and says %s", code, seeding.out)
	}
	first.kill()
	start(t, dir)
}

func isOneSentence(said, wants string) bool {
	said = strings.TrimSpace(said)
	return strings.HasPrefix(said, "restaurant: ") && strings.Contains(said, wants) && !strings.Contains(said, "\n")
}

// TestWhatStopsAStart gives each trouble to a folder that was fine before, and
// looks that nothing in it is changed.
func TestWhatStopsAStart(t *testing.T) {
	busy, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())

	good := t.TempDir()
	start(t, good).close()
	keys, err := filepath.Glob(filepath.Join(good, "keys", "*.pem"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys: %v %v", keys, err)
	}
	key := filepath.Join("keys", filepath.Base(keys[0]))
	write := func(name, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			os.Remove(filepath.Join(dir, name+"-wal"))
		}
	}
	for _, tc := range []struct {
		name, wants string
		spoil       func(t *testing.T, dir string)
		env         string
	}{
		{"a port in use", "Stop what uses the port", nil, "ADDR=localhost:" + port},
		{"a bad setting", "KITCHEN_PACE must be", nil, "KITCHEN_PACE=slow"},
		{"a folder that is a file", "cannot be", nil, "DATA_DIR=" + keys[0]},
		{"a damaged order book", "restore a backup", write("restaurant.db", strings.Repeat("no database ", 1000)), ""},
		{"an order book with a damaged page", "restore a backup", damagePage, ""},
		{"a damaged key", "restore it from a backup", write(key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), ""},
		{"an empty key", "restore it from a backup", write(key, ""), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			tighten(t, dir)
			if tc.spoil != nil {
				tc.spoil(t, dir)
			}
			before := snapshot(t, dir)
			if tc.env != "" {
				name, value, _ := strings.Cut(tc.env, "=")
				args := []string{"-" + strings.ReplaceAll(strings.ToLower(name), "_", "-"), value}
				r := launch(t, dir, freeAddr(t), args...)
				if code := r.wait(10 * time.Second); code != 1 || !isOneSentence(r.out.String(), tc.wants) {
					t.Errorf("ends with %d and says %s", code, r.out)
				}
			} else {
				r := launch(t, dir, freeAddr(t))
				if code := r.wait(10 * time.Second); code != 1 || !isOneSentence(r.out.String(), tc.wants) {
					t.Errorf("ends with %d and says %s", code, r.out)
				}
			}
			if after := snapshot(t, dir); after != before {
				t.Errorf("the folder was changed:\n%s\n%s", before, after)
			}
		})
	}
}

// tighten gives a copied folder the modes that the program gives its own.
func tighten(t *testing.T, dir string) {
	t.Helper()
	keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*"))
	for _, k := range keys {
		if err := os.Chmod(k, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// damagePage overwrites the middle of the order book.
func damagePage(t *testing.T, dir string) {
	path := filepath.Join(dir, "restaurant.db")
	os.Remove(path + "-wal")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	if info.Size() < 3*4096 {
		t.Fatalf("the book has only %d bytes", info.Size())
	}
	for page := int64(1); page*4096 < info.Size(); page++ {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xAA}, 4096), page*4096); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshot says what is in a folder, without the lock and SQLite's own helpers.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || info.Name() == "lock" || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&list, "%s %d %x\n", path, len(text), sum(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

func sum(text []byte) (h uint64) {
	for _, b := range text {
		h = h*1099511628211 ^ uint64(b)
	}
	return h
}

// TestABackupOfAnOpenHouse copies the book while guests order, and opens the
// copy as a house of its own.
func TestABackupOfAnOpenHouse(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "copy.db")
	house := start(t, dir)
	alice := house.login("alice")
	var before struct{ ID int64 }
	house.call("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, &before)
	ctx, stop := context.WithCancel(t.Context())
	var ordering sync.WaitGroup
	ordering.Go(func() {
		for ctx.Err() == nil {
			house.call("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, nil)
		}
	})
	copying := launch(t, dir, freeAddr(t), "backup", to)
	if code := copying.wait(20 * time.Second); code != 0 {
		t.Errorf("backup ends with %d: %s", code, copying.out)
	}
	stop()
	ordering.Wait()
	again := launch(t, dir, freeAddr(t), "backup", to)
	if code := again.wait(20 * time.Second); code != 1 || !strings.Contains(again.out.String(), "exists already") {
		t.Errorf("a second backup to the same file ends with %d: %s", code, again.out)
	}
	other := t.TempDir()
	if err := os.Rename(to, filepath.Join(other, "restaurant.db")); err != nil {
		t.Fatal(err)
	}
	restored := start(t, other)
	if status := restored.call("GET", fmt.Sprintf("/api/v1/orders/%d", before.ID), restored.login("alice"), "", nil); status != 200 {
		t.Errorf("the copy answers %d for an order from before", status)
	}
}

// TestClosingTime sends SIGTERM while a stream is open: it ends in order, and so
// does the program.
func TestClosingTime(t *testing.T) {
	t.Setenv("KITCHEN", "manual")
	house := start(t, t.TempDir())
	alice := house.login("alice")
	house.call("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, nil)
	req, err := http.NewRequest("GET", house.url+"/api/v1/orders/1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+alice)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	stream := bufio.NewReader(res.Body)
	if first, err := stream.ReadString('\n'); err != nil || first != "event: status\n" {
		t.Fatalf("the stream begins with %q, %v", first, err)
	}
	start := time.Now()
	if err := house.cmd.Process.Signal(closingSignal); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	if code := house.wait(5 * time.Second); code != 0 {
		t.Errorf("ends with %d after %v: %s", code, time.Since(start), house.out)
	}
}

// BenchmarkStart measures the time from exec to ready, over an empty folder and
// over an existing one, and the memory at rest afterwards.
func BenchmarkStart(b *testing.B) {
	b.Setenv("LOG_LEVEL", "error")
	existing := b.TempDir()
	start(b, existing).kill()
	for _, tc := range []struct {
		name string
		dir  func(b *testing.B) string
	}{
		{"empty", func(b *testing.B) string { return b.TempDir() }},
		{"existing", func(*testing.B) string { return existing }},
	} {
		b.Run(tc.name, func(b *testing.B) {
			for b.Loop() {
				house := start(b, tc.dir(b))
				b.StopTimer()
				b.ReportMetric(residentMiB(house.cmd.Process.Pid), "MiB-at-rest")
				house.kill()
				b.StartTimer()
			}
		})
	}
}

// residentMiB reads the memory of a process where the system tells it.
func residentMiB(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib)
	return kib / 1024
}
