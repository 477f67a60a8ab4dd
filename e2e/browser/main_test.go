package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// strangeHost is a name that is not localhost, so browsers grant it no secure
// context over plain HTTP, as on a teacher's laptop in a class room.
const strangeHost = "restaurant.test"

var (
	program string          // the real one, built once
	browser context.Context // one process for all tests; each has a context of its own in it
)

var otherProgram = flag.String("program", "", "look at this program instead of building the one of this folder")

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withBrowser(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func withBrowser(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "restaurant-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if program = *otherProgram; program == "" {
		if program, err = build(dir); err != nil {
			return 0, err
		}
	}
	path, err := findBrowser()
	if err != nil {
		return 0, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("host-resolver-rules", "MAP "+strangeHost+" 127.0.0.1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to make a sandbox as root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	defer end()
	var closeBrowser context.CancelFunc
	browser, closeBrowser = chromedp.NewContext(allocator)
	defer closeBrowser()
	if err = chromedp.Do(browser); err != nil {
		return 0, fmt.Errorf("%s does not start: %w", path, err)
	}
	return run(), nil
}

func build(dir string) (string, error) {
	path := filepath.Join(dir, "restaurant")
	cmd := exec.Command("go", "build", "-C", "../..", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the program does not build: %w\n%s", err, out)
	}
	return path, nil
}

func findBrowser() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the browser tests need Chromium: install it (on Debian: apt-get install chromium), or leave out -tags e2e")
}

// patience is how long a test waits for what must happen. It is long, because
// the machine may be busy; what takes long in fact is measured elsewhere.
const patience = 20 * time.Second

// eventually polls until the condition holds. Nothing here sleeps for a guess.
func eventually(t testing.TB, holds func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}
