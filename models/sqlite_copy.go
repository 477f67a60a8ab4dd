package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/glebarez/sqlite"
)

// sideFiles are what SQLite keeps beside a database. Those of one database spoil
// another one: their content is taken to be part of it.
var sideFiles = []string{"-wal", "-shm", "-journal"}

// BackupSQLite copies the database at path, which may be in use, to a new file.
// The file gets its name only once it is complete and durable. It is marked as a
// backup, see Identity.
func BackupSQLite(ctx context.Context, path, to string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no database at %s to copy", path)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists already; choose a new name, so that the older file is not overwritten", to)
	}
	if folder := filepath.Dir(to); !isFolder(folder) {
		return fmt.Errorf("there is no folder %s for the copy; create it first, or choose another", folder)
	}
	partial := to + ".partial"
	if err := removeIfThere(partial); err != nil {
		return err
	}
	err := vacuumInto(ctx, path, partial)
	if err == nil {
		err = markCopy(ctx, partial, Now())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the copy failed: %w", err), removeIfThere(partial))
	}
	return finishCopy(partial, to)
}

// CopyOpenDatabase copies any SQLite database, which may be in use, to a new file, and marks
// nothing in it.
func CopyOpenDatabase(ctx context.Context, path, to string) error {
	if err := vacuumInto(ctx, path, to); err != nil {
		return fmt.Errorf("the copy failed: %w", err)
	}
	return finishCopy(to, to)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// vacuumInto copies a database into a new file, which only its owner may read from the
// beginning. SQLite takes an empty file for a new one.
func vacuumInto(ctx context.Context, path, to string) error {
	if err := createPrivate(to); err != nil {
		return err
	}
	pool, err := sql.Open(sqlite.DriverName, dsn(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// markCopy migrates the schema of a copy, which nobody else has open, and marks it as
// a backup made at a time, unless it is marked already. It leaves no files beside it.
func markCopy(ctx context.Context, path string, at Millis) (err error) {
	pool, err := sql.Open(sqlite.DriverName, dsn(path)+"?_pragma=journal_mode(DELETE)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, pool.Close()) }()
	if err := checkSchema(ctx, pool); err != nil {
		return err
	}
	db, err := openGORM(&sqlite.Dialector{Conn: pool}, pool)
	if err != nil {
		return err
	}
	if err := migrate(ctx, db); err != nil {
		return err
	}
	return db.WithContext(ctx).Model(&Identity{}).Where("copied_at IS NULL").Update("copied_at", at).Error
}

// finishCopy flushes the file, makes it readable for its owner only and gives it its
// name.
func finishCopy(partial, to string) error {
	f, err := os.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(partial, to)
}

// Contents is what a database file holds.
type Contents struct {
	// CopiedAt is when the backup was made; nil for a database in use and for a file
	// that was copied by other means.
	CopiedAt *Millis
	// LastUsed is the time of the newest order, step of an order, or login; 0 for none.
	LastUsed              Millis
	Orders, Users, Dishes int64
	// LastIDs are as in Identity.
	LastIDs map[string]int64
}

// ContentsOf reads what a file of the newest schema holds, and changes nothing.
func ContentsOf(ctx context.Context, path string) (c Contents, err error) {
	if _, err := os.Stat(path); err != nil {
		return c, err
	}
	pool, err := openToRead(path)
	if err != nil {
		return c, err
	}
	defer pool.Close()
	err = pool.QueryRowContext(ctx, `SELECT
		max(coalesce((SELECT max(updated_at) FROM orders), 0), coalesce((SELECT max(last_used_at) FROM login_sessions), 0)),
		(SELECT count(*) FROM orders), (SELECT count(*) FROM users), (SELECT count(*) FROM menu_items)`).
		Scan(&c.LastUsed, &c.Orders, &c.Users, &c.Dishes)
	if err != nil {
		return c, err
	}
	// The database in use may be of a release that knew no backups.
	_ = pool.QueryRowContext(ctx, "SELECT copied_at FROM database_identity").Scan(&c.CopiedAt)
	c.LastIDs = map[string]int64{}
	for _, table := range numberedTables {
		var last int64
		err := pool.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?", table).Scan(&last)
		if err != nil {
			return c, err
		}
		c.LastIDs[table] = last
	}
	return c, nil
}

// PrepareRestore makes a private copy of a backup, or of another copy of a database
// with the files beside it, at another path: checked, migrated and marked as a backup.
// It does not change the backup. The error is a sentence for the operator.
func PrepareRestore(ctx context.Context, backup, to string) (Contents, error) {
	info, err := os.Stat(backup)
	switch {
	case err != nil:
		return Contents{}, fmt.Errorf("there is no backup at %s: check the name", backup)
	case !info.Mode().IsRegular():
		return Contents{}, fmt.Errorf("%s is not a file: give the name of the backup itself", backup)
	case info.Size() == 0:
		return Contents{}, fmt.Errorf("%s is empty: use another backup", backup)
	}
	if err := CopyDatabase(backup, to); err != nil {
		return Contents{}, err
	}
	if err := inspectFile(ctx, to); err != nil {
		return Contents{}, fmt.Errorf("the backup %s cannot be used: %w", backup, reasonOf(err))
	}
	if err := markCopy(ctx, to, Millis(info.ModTime().UnixMilli())); err != nil {
		return Contents{}, fmt.Errorf("the backup %s cannot be used: %w", backup, reasonOf(err))
	}
	return ContentsOf(ctx, to)
}

// CopyDatabase copies a database file that nobody has open and, if it was not closed, its
// log. What is at the new path goes first.
func CopyDatabase(from, to string) error {
	if err := RemoveDatabase(to); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := copyFile(from+suffix, to+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // nothing is lost after reading
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// InstallDatabase moves a closed database to a path, in place of what is there. That is put
// back, with the files beside it, if the new one cannot take its place: the log of a database
// that was killed holds its last commits.
func InstallDatabase(from, path string) error {
	if err := SettleInstall(path); err != nil {
		return err
	}
	err := MoveDatabase(path, path+replaced)
	if err == nil {
		err = finishCopy(from, path)
	}
	return errors.Join(err, SettleInstall(path))
}

// replaced is what InstallDatabase puts behind the name of a database that goes.
const replaced = ".replaced"

// SettleInstall ends an InstallDatabase that was interrupted: the old database goes if the
// new one has its place, and otherwise comes back. Call it before you open a database.
func SettleInstall(path string) error {
	old := path + replaced
	if exists(old) && exists(path) {
		return RemoveDatabase(old)
	}
	return MoveDatabase(old, path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// CheckSQLite returns why a database that nobody has open cannot be used, or nil. It changes nothing.
func CheckSQLite(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil {
		return err
	} else if info.Size() == 0 {
		return errors.New("it is empty")
	}
	return inspectFile(ctx, path)
}

// MoveDatabase moves a database that nobody has open, with the files beside it. It may be missing.
func MoveDatabase(from, to string) error {
	for _, suffix := range append(slices.Clone(sideFiles), "") { // the database last: what is interrupted can be done again
		if err := renameIfThere(from+suffix, to+suffix); err != nil {
			return err
		}
	}
	return nil
}

// RemoveDatabase deletes a database and the files beside it: those first, because they must
// never lie beside another database.
func RemoveDatabase(path string) error {
	for _, suffix := range append(slices.Clone(sideFiles), "") {
		if err := removeIfThere(path + suffix); err != nil {
			return err
		}
	}
	return nil
}

func renameIfThere(from, to string) error {
	if err := os.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// errForeignLog means that a backup lies beside the log of another database.
var errForeignLog = errors.New("somebody copied a backup here, and old files (-wal, -shm) of the earlier database would damage it")

// checkLog returns errForeignLog if the file is a backup that no program has opened
// yet, and the log beside it is therefore not its own. A log that gives the database
// another id was written since by a program that opened the backup, see Distrust.
func checkLog(ctx context.Context, path string, pool *sql.DB) error {
	if !hasLog(path) {
		return nil
	}
	without, err := sql.Open(sqlite.DriverName, dsn(path)+"?immutable=1") // ignores the log
	if err != nil {
		return err
	}
	defer without.Close()
	const query = "SELECT id, copied_at FROM database_identity"
	var id, idWithLog string
	var copied, copiedWithLog *Millis
	if without.QueryRowContext(ctx, query).Scan(&id, &copied) != nil || copied == nil {
		return nil // not marked, or not whole without its log
	}
	if err := pool.QueryRowContext(ctx, query).Scan(&idWithLog, &copiedWithLog); err != nil || copiedWithLog != nil || id == idWithLog {
		return errForeignLog
	}
	return nil
}
