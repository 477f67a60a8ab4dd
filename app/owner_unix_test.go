//go:build unix

package app

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRestore_keepsTheOwner: the server of another user can open what root has restored.
func TestRestore_keepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can restore for another user")
	}
	dir := t.TempDir()
	data, backup := filepath.Join(dir, "data"), filepath.Join(dir, "backup.db")
	run := func(args ...string) {
		t.Helper()
		if err := Run(t.Context(), append(args, "-data-dir", data), nil, Stdio{Out: io.Discard, Log: io.Discard}); err != nil {
			t.Fatal(err)
		}
	}
	run("keys", "rotate")
	run("backup", backup)
	walk := func(visit func(path string, uid uint32) error) {
		t.Helper()
		err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			return visit(path, info.Sys().(*syscall.Stat_t).Uid)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	for _, owner := range []uint32{0, nobody} { // root's own files are the control
		walk(func(path string, _ uint32) error { return os.Lchown(path, int(owner), -1) })
		run("restore", "-yes", backup)
		walk(func(path string, uid uint32) error {
			if uid != owner {
				t.Errorf("%s belongs to user %d, want %d", path, uid, owner)
			}
			return nil
		})
	}
}
