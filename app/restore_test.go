package app

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestLock_endsAnInterruptedRestore: whatever opens the folder next finds the old database
// where a restore has only put it aside.
func TestLock_endsAnInterruptedRestore(t *testing.T) {
	data := t.TempDir()
	rotate := func() {
		t.Helper()
		if err := Run(t.Context(), []string{"keys", "rotate", "-data-dir", data}, nil, Stdio{Out: io.Discard, Log: io.Discard}); err != nil {
			t.Fatal(err)
		}
	}
	rotate()
	path := filepath.Join(data, "restaurant.db")
	was, err := os.Stat(path)
	if err == nil {
		err = os.Rename(path, path+".replaced")
	}
	if err != nil {
		t.Fatal(err)
	}
	rotate()
	is, err := os.Stat(path)
	if err != nil || !os.SameFile(was, is) {
		t.Errorf("the database is not the one from before: %v", err)
	}
}
