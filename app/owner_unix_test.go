//go:build unix

package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestore_refusesRootInAnothersFolder: the server of that user could not open the files,
// and what lies there may be a link to a file of somebody else.
func TestRestore_refusesRootInAnothersFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can write into another user's folder")
	}
	dir := t.TempDir()
	data, backup := filepath.Join(dir, "data"), filepath.Join(dir, "backup.db")
	run := func(args ...string) error {
		return Run(t.Context(), append(args, "-data-dir", data), nil, Stdio{Out: io.Discard, Log: io.Discard})
	}
	noError := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	noError(run("keys", "rotate"))
	noError(run("backup", backup))
	const nobody = 65534
	database := filepath.Join(data, "restaurant.db")
	noError(os.Chown(database, nobody, -1))
	if err := run("restore", "-yes", backup); err == nil || !strings.Contains(err.Error(), "user with the number 65534") {
		t.Errorf("root restores for another user: %v", err)
	}
	noError(os.Chown(database, 0, -1))
	noError(run("restore", "-yes", backup)) // the control
}
