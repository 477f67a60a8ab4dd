package app

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestPublicMode_saysHowTheKeyIsMade: with the settings of the server. The folder alone leads to
// another database where the server has one at an address.
func TestPublicMode_saysHowTheKeyIsMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := []string{"RESTAURANT_DATA_DIR=" + dir, "RESTAURANT_ADDR=127.0.0.1:0", "RESTAURANT_PUBLIC=on", "RESTAURANT_PUBLIC_URL=https://pizza.example", "RESTAURANT_BEHIND_PROXY=on"}
	run := func(args ...string) string {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		return textOf(Run(ctx, args, environ, Stdio{In: strings.NewReader(""), Out: whenWritten(stop), Log: io.Discard}))
	}
	got := run("serve")
	if !strings.Contains(got, "restaurant keys rotate and the same settings") || !strings.Contains(got, filepath.Join(dir, "keys")) || strings.Contains(got, "-data-dir") {
		t.Errorf("without a key: %q", got)
	}
	if got := run("keys", "rotate"); got != "" {
		t.Fatalf("keys rotate: %s", got)
	}
	if got := run("serve"); got != "" {
		t.Errorf("with the key: %s", got)
	}
}
