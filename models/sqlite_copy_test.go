package models

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestPrepareRestore_olderRelease: a backup of a release that did not mark its backups is
// migrated and marked, with the time of the file; the backup itself stays as it is.
func TestPrepareRestore_olderRelease(t *testing.T) {
	t.Parallel()
	files, err := migrationsOf("sqlite")
	noError(t, err)
	for version := 1; version <= len(files); version++ {
		backup := fileAtVersion(t, version, `INSERT INTO users VALUES (1, 'alice', 'Alice', 'x', 'guest', 0, NULL, 1)`)
		made := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
		noError(t, os.Chtimes(backup, made, made))
		before := readFile(t, backup)
		to := filepath.Join(t.TempDir(), "copy.db")
		if version == 1 { // login sessions came with version 2
			noError(t, os.WriteFile(to, []byte("left over"), 0o600))
		}
		holds, err := PrepareRestore(t.Context(), backup, to)
		noError(t, err)
		if holds.Users != 1 || holds.Orders != 0 || holds.LastIDs["users"] != 1 || holds.CopiedAt == nil || !holds.CopiedAt.Time().Equal(made) {
			t.Errorf("version %d: it holds %+v", version, holds)
		}
		if !bytes.Equal(before, readFile(t, backup)) {
			t.Errorf("version %d: the backup was changed", version)
		}
		identity, err := openAt(t, to).Identity(t.Context())
		noError(t, err)
		if identity.CopiedAt == nil {
			t.Errorf("version %d: the copy is not marked", version)
		}
	}
}

// TestBackupSQLite_marksOnlyTheCopy: what is copied stays a database in use.
func TestBackupSQLite_marksOnlyTheCopy(t *testing.T) {
	path, to := closedStore(t), filepath.Join(t.TempDir(), "copy.db")
	start := Now()
	noError(t, BackupSQLite(t.Context(), path, to))
	copied, err := openAt(t, to).Identity(t.Context())
	noError(t, err)
	if copied.CopiedAt == nil || *copied.CopiedAt < start || *copied.CopiedAt > Now() {
		t.Errorf("the copy is %+v", copied)
	}
	original, err := openAt(t, path).Identity(t.Context())
	noError(t, err)
	if original.CopiedAt != nil {
		t.Errorf("the original is %+v", original)
	}
}

// TestBackupSQLite_isPrivateFromTheBeginning: who is killed half-way leaves no hashes of
// passwords that others can read.
func TestBackupSQLite_isPrivateFromTheBeginning(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes of files")
	}
	path, to := closedStore(t), filepath.Join(t.TempDir(), "copy.db")
	noError(t, vacuumInto(t.Context(), path, to))
	info, err := os.Stat(to)
	noError(t, err)
	if info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("before it is finished, the copy is %v with %d bytes", info.Mode(), info.Size())
	}
}

// TestInstallDatabase_failsWithoutLoss: the log of a database that was killed holds its last
// commits. It stays beside a database that cannot be replaced, and goes with one that is.
func TestInstallDatabase_failsWithoutLoss(t *testing.T) {
	dir := t.TempDir()
	path, from := filepath.Join(dir, "restaurant.db"), filepath.Join(dir, "restoring.db")
	noError(t, os.Mkdir(path, 0o700)) // which a file cannot replace
	noError(t, os.WriteFile(path+"-wal", []byte("the last commits"), 0o600))
	noError(t, os.WriteFile(from, []byte("a backup"), 0o600))
	if err := InstallDatabase(from, path); err == nil {
		t.Error("a folder was replaced")
	}
	if text := readFile(t, path+"-wal"); string(text) != "the last commits" {
		t.Errorf("the log is %q", text)
	}

	noError(t, os.Remove(path))
	noError(t, InstallDatabase(from, path))
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if text := readFile(t, path); err != nil || string(text) != "a backup" || len(left) != 1 {
		t.Errorf("%q, beside it %v, %v", text, left, err)
	}
}
