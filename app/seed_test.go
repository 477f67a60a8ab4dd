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

// sow runs seed over a data folder and gives what it says.
func sow(ctx context.Context, dir string, args ...string) (string, error) {
	var out bytes.Buffer
	args = append([]string{"seed", "-data-dir", dir}, args...)
	err := Run(ctx, args, func(string) string { return "" }, Stdio{Out: &out, Log: &out})
	return out.String(), err
}

func TestSeedRefusesWhatIsNoCrowd(t *testing.T) {
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
		{"orders in a house for the public", "PUBLIC=on refuses", append([]string{"-orders", "1"}, public...)},
		{"guests in a house for the public", "PUBLIC=on refuses", append([]string{"-guests", "1"}, public...)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if said, err := sow(t.Context(), dir, tc.args...); err == nil || !strings.Contains(err.Error(), tc.wants) || strings.Contains(err.Error(), "\n") || said != "" {
				t.Errorf("says %q, %v", said, err)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("the folder was made all the same")
			}
		})
	}
	if _, err := sow(t.Context(), t.TempDir(), "-orders", "1"); !errors.Is(err, seed.ErrNoGuests) {
		t.Errorf("orders without guests: %v", err)
	}
	if said, err := sow(t.Context(), t.TempDir(), append([]string{"-orders", "0", "-guests", "0"}, public...)...); err != nil || strings.Contains(said, "guests") {
		t.Errorf("nothing generated for the public: %v, %s", err, said)
	}
}

// stopper ends a context as soon as a word is written, as Ctrl-C would.
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

func TestAStoppedSeedSaysHowToGoOn(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	out := &stopper{word: "orders: 0 of", stop: stop}
	err := Run(ctx, []string{"seed", "-data-dir", dir, "-guests", "10", "-orders", "50"}, func(string) string { return "" }, Stdio{Out: out, Log: io.Discard})
	const wants = "The database is intact, with 10 new guests and 0 new orders. To go on: restaurant seed -guests 10 -orders 50, with the same settings"
	if err == nil || !strings.Contains(err.Error(), wants) {
		t.Fatalf("says %v", err)
	}
	if said, err := sow(t.Context(), dir, "-guests", "10", "-orders", "50"); err != nil || !strings.Contains(said, "50 orders are new") {
		t.Errorf("going on: %v, %s", err, said)
	}
}

func TestWhatStopsASeedIsASentence(t *testing.T) {
	c := generateOptions{guests: 10, orders: 100}
	for wants, err := range map[string]error{
		"the disk is full; make room first. The database is intact":                            models.ErrStorageFull,
		"stopped before the end. The database is intact":                                       context.Canceled,
		"with 4 new guests and 30 new orders. To go on: restaurant seed -guests 10 -orders 70": models.ErrDatabaseUnavailable,
	} {
		if got := c.explainInterrupt(err, 4, 30).Error(); !strings.Contains(got, wants) || strings.Contains(got, "\n") {
			t.Errorf("%v: %s", err, got)
		}
	}
}
