package browser

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
)

var (
	filmFolder = flag.String("film", "", "film the first minutes of somebody new into this folder")
	coldCaches = flag.Bool("cold", false, "film them on a computer that has compiled nothing yet")
)

// TestFilm does what somebody new does, with nothing but the README and the page: from git
// clone to a served pizza with curl, and to lesson 1 done on the page. It keeps a picture of
// each step, with the seconds since the beginning; reading takes longer than all of them.
func TestFilm(t *testing.T) {
	if *filmFolder == "" {
		t.Skip("only make film films")
	}
	f := newReel(t)
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	f.show("the README", "A folder with nothing in it, and the README of the project.")
	f.env = newcomersEnv(t)
	f.folder = t.TempDir()
	readme, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	f.run(strings.Replace(f.find(readme, "`(git clone ADDRESS [^`]+)`"), "ADDRESS", repository, 1))
	f.folder = filepath.Join(f.folder, "restaurant")
	s := f.start(f.find(readme, "```sh\n(go run \\.)\n"))
	ready := f.seconds()
	for line := range strings.Lines(f.find(readme, "(?s)\n```sh tour\n(.*?)```")) {
		f.run(strings.TrimSpace(line))
	}
	if !strings.Contains(f.output, `"status":"served"`) { // in the list of orders, with which it ends
		t.Error("the README's first tour serves no pizza")
	}
	f.checkLimit("a served pizza with curl", f.seconds())

	opened := f.seconds()
	guest := s.newTab(t)
	guest.expectStatus(401, 404)
	guest.open("/")
	by := camera{guest, f}
	by.press(link("Start lesson 1"))
	guest.doLesson("L01", by)
	f.keep("lesson 1 is done", guest)
	f.checkLimit("lesson 1 done on the page", ready+f.seconds()-opened)

	opened = f.seconds()
	guest.click(link("The Restaurant"))
	by.press(button("Order a pizza as alice"))
	guest.waitText("Now press Order")
	by.press(button("Order"))
	guest.waitUntil("it is served", func() bool {
		return guest.isTrue(`document.querySelector('basket-box [aria-current=step]')?.textContent.startsWith('served')`)
	})
	f.keep("served", guest)
	f.checkLimit("a served pizza on the page", ready+f.seconds()-opened)
}

// newcomersEnv is the environment without what tests or the settings of a server put there.
func newcomersEnv(t *testing.T) (env []string) {
	t.Helper()
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "RESTAURANT_") && !strings.HasPrefix(setting, "GOFLAGS=") {
			env = append(env, setting)
		}
	}
	if *coldCaches {
		caches := t.TempDir()
		env = append(env, "GOCACHE="+filepath.Join(caches, "build"), "GOMODCACHE="+filepath.Join(caches, "modules"),
			"GOFLAGS=-modcacherw") // so that the folder can be removed again
	}
	return env
}

// reel is a film: numbered pictures in a folder.
type reel struct {
	t        *testing.T
	began    time.Time
	pictures int
	terminal *tab // shows what was typed
	folder   string
	env      []string
	output   string // of the last command
}

func newReel(t *testing.T) *reel {
	t.Helper()
	if err := os.RemoveAll(*filmFolder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(*filmFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	f := &reel{t: t, terminal: openTab(t, nil, "", chrome, chromedp.WithNewBrowserContext())}
	f.terminal.resize(1000, 600)
	f.began = time.Now()
	return f
}

func (f *reel) seconds() float64 { return time.Since(f.began).Seconds() }

// find returns what a pattern captures in the README: the film follows it to the letter.
func (f *reel) find(readme []byte, pattern string) string {
	f.t.Helper()
	m := regexp.MustCompile(pattern).FindSubmatch(readme)
	if m == nil {
		f.t.Fatalf("the README does not say %s", pattern)
	}
	return string(m[1])
}

// run types a command into a terminal and waits for its end.
func (f *reel) run(line string) {
	f.t.Helper()
	cmd := exec.Command("script", "-qec", line, "/dev/null") // without a terminal, curl and git print other things
	cmd.Dir, cmd.Env = f.folder, f.env
	output, err := cmd.CombinedOutput()
	if err != nil {
		f.t.Fatalf("%s: %v\n%s", line, err, output)
	}
	f.output = strings.ReplaceAll(string(output), "\r", "")
	f.show(line, cmp.Or(strings.TrimSpace(f.output), "(it prints nothing)"))
}

// start types the command that starts the server, and waits until it says that it runs.
func (f *reel) start(line string) *server {
	f.t.Helper()
	words := strings.Fields(line)
	s := &server{t: f.t, Process: testkit.Prepare(f.t, "", "localhost:8080", exec.Command(words[0], words[1:]...))}
	s.Cmd.Dir, s.Cmd.Env = f.folder, f.env
	s.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run does not pass on that it is killed
	s.Start()
	f.t.Cleanup(func() { _ = syscall.Kill(-s.Cmd.Process.Pid, syscall.SIGKILL) })
	for !strings.Contains(s.Output.String(), "Restaurant is running at http://localhost:8080 ") {
		select {
		case <-s.Done:
			f.t.Fatalf("%s: %s", line, s.Output)
		case <-time.After(20 * time.Millisecond):
		}
	}
	f.show(line, s.Output.String())
	return s
}

// show keeps a picture of a terminal.
func (f *reel) show(line, output string) {
	f.t.Helper()
	rows := strings.Split(output, "\n")
	text := fmt.Sprintf("%.1f s\n\n$ %s\n%s", f.seconds(), line, strings.Join(rows[max(0, len(rows)-28):], "\n"))
	eval[any](f.terminal, fmt.Sprintf(`(() => {
		document.body.textContent = %s.replace(/^.{1500,}$/gm, line => line.slice(0, 1500) + ' ...')
		Object.assign(document.body.style, { margin: 0, padding: '16px', background: '#1f2328', color: '#e6edf3', font: '14px/1.4 monospace', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', minHeight: '100vh' })
	})()`, quote(text)))
	f.keep(line, f.terminal)
}

var unfitForNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// keep keeps a picture of a tab.
func (f *reel) keep(what string, p *tab) {
	f.t.Helper()
	p.waitForPaint()
	f.pictures++
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	name := fmt.Sprintf("%02d-%05.1fs-%.40s.png", f.pictures, f.seconds(), strings.Trim(unfitForNames.ReplaceAllString(what, "-"), "-"))
	if err == nil {
		err = os.WriteFile(filepath.Join(*filmFolder, name), picture, 0o600)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Logf("%6.1f s  %s", f.seconds(), what)
}

// checkLimit wants everything in three minutes. To compile it for the first time is not
// in our hands.
func (f *reel) checkLimit(what string, seconds float64) {
	f.t.Helper()
	f.t.Logf("from git clone to %s: %.1f s", what, seconds)
	if seconds > 180 && !*coldCaches {
		f.t.Errorf("%s takes %.0f s from git clone, more than three minutes", what, seconds)
	}
}

// camera is a mouse that is filmed before each press.
type camera struct {
	p *tab
	f *reel
}

func (c camera) press(x element) {
	c.p.t.Helper()
	c.p.find(x)
	c.f.keep("press "+x.String(), c.p)
	c.p.click(x)
}

func (c camera) choose(question element, choices []string, n int) {
	c.p.t.Helper()
	c.p.find(radio(choices[n-1]).within(question))
	c.f.keep("choose "+choices[n-1], c.p)
	c.p.click(radio(choices[n-1]).within(question))
}

func (c camera) write(field element, words string) {
	c.p.t.Helper()
	c.p.find(field)
	c.f.keep("write "+words, c.p)
	c.p.fill(field, words)
}

func (c camera) in(p *tab) inputDevice { return camera{p, c.f} }
