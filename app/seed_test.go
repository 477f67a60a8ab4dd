package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restaurant/models"
	"restaurant/seed"
)

// runSeed runs the command seed over a data folder and returns its output.
func runSeed(ctx context.Context, dir string, args ...string) (string, error) {
	var out bytes.Buffer
	args = append([]string{"seed", "-data-dir", dir}, args...)
	err := Run(ctx, args, nil, Stdio{Out: &out, Log: &out})
	return out.String(), err
}

func TestSeed_rejectsBadNumbers(t *testing.T) {
	t.Parallel()
	public := []string{"-public", "on", "-behind-proxy", "on", "-public-url", "https://restaurant.example"}
	for _, tc := range []struct {
		name, wants string
		args        []string
	}{
		{"a negative number", "whole number from 0", []string{"-orders", "-1"}},
		{"no number", "whole number from 0", []string{"-guests", "many"}},
		{"a number with an exponent", "digits only", []string{"-orders", "1e6"}},
		{"a number with a plus", "digits only", []string{"-orders", "+5"}},
		{"nothing", "whole number from 0", []string{"-orders", ""}},
		{"more than fit", "to 1000000", []string{"-guests", "1000001"}},
		{"a number that no computer holds", "to 100000000", []string{"-orders", "99999999999999999999"}},
		{"orders in public mode", "RESTAURANT_PUBLIC=on refuses", append([]string{"-orders", "1"}, public...)},
		{"guests in public mode", "RESTAURANT_PUBLIC=on refuses", append([]string{"-guests", "1"}, public...)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if output, err := runSeed(t.Context(), dir, tc.args...); err == nil || !strings.Contains(err.Error(), tc.wants) || strings.Contains(err.Error(), "\n") || output != "" {
				t.Errorf("says %q, %v", output, err)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("the folder was created nevertheless")
			}
		})
	}
	if _, err := runSeed(t.Context(), t.TempDir(), "-orders", "1"); !errors.Is(err, seed.ErrNoGuests) {
		t.Errorf("orders without guests: %v", err)
	}
	if output, err := runSeed(t.Context(), t.TempDir(), append([]string{"-orders", "0", "-guests", "0"}, public...)...); err != nil || strings.Contains(output, "guests") {
		t.Errorf("nothing generated in public mode: %v, %s", err, output)
	}
}

// stopper calls stop as soon as a word is written, as if Ctrl-C were pressed then.
type stopper struct {
	bytes.Buffer
	word string
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.stop()
	}
	return s.Buffer.Write(p)
}

// TestSeed_interrupted: the error says how to go on, and that works.
func TestSeed_interrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	out := &stopper{word: "orders: 0 of", stop: stop}
	err := Run(ctx, []string{"seed", "-data-dir", dir, "-guests", "10", "-orders", "50"}, nil, Stdio{Out: out, Log: io.Discard})
	const wants = "The database is intact, with 10 new guests and 0 new orders. To go on: restaurant seed -guests 10 -orders 50, with the same settings"
	if err == nil || !strings.Contains(err.Error(), wants) {
		t.Fatalf("says %v", err)
	}
	if output, err := runSeed(t.Context(), dir, "-guests", "10", "-orders", "50"); err != nil || !strings.Contains(output, "50 orders are new") {
		t.Errorf("going on: %v, %s", err, output)
	}
}

// TestSeed_explainsInterrupt: each error is one sentence that says what to do next.
func TestSeed_explainsInterrupt(t *testing.T) {
	c := generateOptions{guests: 10, orders: 100}
	for wants, err := range map[string]error{
		"the disk is full: free some space first. The database is intact":                      models.ErrStorageFull,
		"stopped before the end. The database is intact":                                       context.Canceled,
		"with 4 new guests and 30 new orders. To go on: restaurant seed -guests 10 -orders 70": models.ErrDatabaseUnavailable,
	} {
		if got := c.explainInterrupt(err, 4, 30).Error(); !strings.Contains(got, wants) || strings.Contains(got, "\n") {
			t.Errorf("%v: %s", err, got)
		}
	}
}

// TestProgress_rewritesItsLineOnATerminal: in a file each line would stay, so there are
// few of them.
func TestProgress_rewritesItsLineOnATerminal(t *testing.T) {
	show := func(terminal bool) string {
		var out bytes.Buffer
		p := &progress{out: &out, what: "orders", total: 300, terminal: terminal}
		for done := 0; done <= 300; done += 100 {
			p.report(done)
		}
		p.stop()
		return out.String()
	}
	if got := show(true); strings.Count(got, "\r") != 4 || strings.Count(got, "\n") != 1 || !strings.Contains(got, "orders: 100 of 300, 33%") {
		t.Errorf("on a terminal: %q", got)
	}
	if got := show(false); got != "orders: 0 of 300, 0%\norders: 300 of 300, 100%\n" {
		t.Errorf("in a file: %q", got)
	}
}
