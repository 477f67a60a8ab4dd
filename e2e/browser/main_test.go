// Package browser tests the page in a real browser, over the real program.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
)

// insecureHost is a name that is not localhost, so browsers grant it no secure
// context over plain HTTP, as on a teacher's laptop in a class room.
const insecureHost = "restaurant.test"

// chrome is one process for all tests; each has a browser context of its own in it.
var chrome context.Context

func TestMain(m *testing.M) {
	code, err := runWithChrome(func() int { return testkit.Run(m) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e/browser:", err)
		code = 1
	}
	os.Exit(code)
}

func runWithChrome(run func() int) (code int, err error) {
	path, err := findChrome()
	if err != nil {
		return 0, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("host-resolver-rules", "MAP "+insecureHost+" 127.0.0.1, MAP "+foreignHost+" 127.0.0.1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to make a sandbox as root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	defer end()
	var closeBrowser context.CancelFunc
	chrome, closeBrowser = chromedp.NewContext(allocator)
	defer closeBrowser()
	if err = chromedp.Do(chrome); err != nil {
		return 0, fmt.Errorf("%s does not start: %w", path, err)
	}
	return run(), nil
}

func findChrome() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the browser tests need Chromium: install it (on Debian: apt-get install chromium)")
}

// waitLimit is how long a test waits for what must happen. It is long, because
// the machine may be busy; what takes long in fact is measured elsewhere.
const waitLimit = 20 * time.Second

// eventually polls until the condition holds. No test sleeps for a guessed time.
func eventually(t testing.TB, holds func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(waitLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}
