package models

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
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

// TestInstallDatabase_failsWithoutLoss: the log of a database that was killed is part of it.
func TestInstallDatabase_failsWithoutLoss(t *testing.T) {
	path, from := filepath.Join(t.TempDir(), "restaurant.db"), filepath.Join(t.TempDir(), "restoring.db")
	write(t, path, "the database")
	write(t, path+"-wal", "the last commits")
	if err := InstallDatabase(from, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there was installed: %v", err)
	}
	wantFiles(t, path, "the database", "the last commits")

	write(t, from, "a backup")
	noError(t, InstallDatabase(from, path))
	wantFiles(t, path, "a backup", "")
}

// TestSettleInstall_afterAKill stops InstallDatabase after each of its steps. A log never lies
// beside a database that is not its own.
func TestSettleInstall_afterAKill(t *testing.T) {
	for name, tc := range map[string]struct {
		files         []string // the endings of what was left
		database, log string
	}{
		"the log was moved":          {[]string{"", ".replaced-wal"}, "of ", "of .replaced-wal"},
		"and the database":           {[]string{".replaced", ".replaced-wal"}, "of .replaced", "of .replaced-wal"},
		"the new one is there":       {[]string{"", ".replaced", ".replaced-wal"}, "of ", ""},
		"and the old log is deleted": {[]string{"", ".replaced"}, "of ", ""},
		"the new one is in use":      {[]string{"", "-wal", ".replaced", ".replaced-wal"}, "of ", "of -wal"},
		"nothing":                    {[]string{"", "-wal"}, "of ", "of -wal"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "restaurant.db")
			for _, ending := range tc.files {
				write(t, path+ending, "of "+ending)
			}
			noError(t, SettleInstall(path))
			wantFiles(t, path, tc.database, tc.log)
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	noError(t, os.WriteFile(path, []byte(text), 0o600))
}

// wantFiles wants a database with this text and beside it this log, or none, and nothing else.
func wantFiles(t *testing.T, path, database, log string) {
	t.Helper()
	want := map[string]string{path: database}
	if log != "" {
		want[path+"-wal"] = log
	}
	found, err := filepath.Glob(path + "*")
	noError(t, err)
	got := map[string]string{}
	for _, file := range found {
		got[file] = string(readFile(t, file))
	}
	if !maps.Equal(got, want) {
		t.Errorf("the files are %q, want %q", got, want)
	}
}
