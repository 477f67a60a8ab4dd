package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	gosqlite "github.com/glebarez/go-sqlite"
	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// applicationID marks a SQLite file as an order book of this program (the
// ASCII of "Rest"), so that a foreign database is never touched.
const applicationID = 0x52657374

// quickCheckBelow is the size in bytes up to which a start reads the whole
// file to find damage. A larger book would make every start slow.
const quickCheckBelow = 16 << 20

// dialect names the index of open orders: without statistics SQLite would read on
// along the ids, past all that is done.
func (w *writer) dialect() dialect {
	return dialect{
		version: "SELECT sqlite_version()", openOrders: "orders INDEXED BY orders_open",
		noOrders: []string{"DELETE FROM orders", "DELETE FROM sqlite_sequence WHERE name = 'orders'"},
	}
}

// shared is false, because the data folder is locked.
func (w *writer) shared() bool { return false }

// notify has nobody to tell.
func (w *writer) notify(*gorm.DB, notification) error { return nil }

// listen has nobody to listen to.
func (w *writer) listen(context.Context, func(notification), func(), func(error)) {}

// insert asks for nothing in return: with RETURNING, or a condition of its own,
// SQLite would copy every page first.
func (w *writer) insert(tx *gorm.DB, query string, args ...any) (id int64, err error) {
	res, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// OpenSQLite opens the order book in a file and brings its schema up to date.
// The error is a sentence for whoever starts the house; a file that is damaged,
// foreign or newer than this program is left as it is.
func OpenSQLite(ctx context.Context, path string) (*Store, error) {
	if err := inspectFile(ctx, path); err != nil {
		return nil, openError(path, err)
	}
	if err := createPrivate(path); err != nil {
		return nil, openError(path, err)
	}
	writer, err := openPool(path, 1, "_txlock=immediate&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, openError(path, err)
	}
	if err := migrate(ctx, writer); err != nil {
		return nil, errors.Join(openError(path, err), closePool(writer))
	}
	reader, err := openPool(path, max(2, runtime.NumCPU()), "_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(openError(path, err), closePool(writer))
	}
	s := &Store{engine: newWriter(writer), reader: reader}
	if err := s.readMenu(ctx); err != nil {
		return nil, errors.Join(openError(path, err), s.Close())
	}
	return s, nil
}

// createPrivate makes an empty file that only its owner can read, before SQLite
// makes one that others can, too. SQLite gives its helper files the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openPool opens the file with the settings that every connection needs: WAL
// lets readers go on beside the writer, FULL makes a commit survive a power cut.
func openPool(path string, size int, extra string) (*gorm.DB, error) {
	pool, err := sql.Open(sqlite.DriverName, dsn(path)+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&"+extra)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	db, err := gorm.Open(dialector{&sqlite.Dialector{Conn: countingPool{pool}}}, &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		Logger:                 logger.Discard, // failures are logged once, at the door, with the request id
	})
	if err == nil {
		err = clockStatements(db)
	}
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// dialector names the failures of the engine wherever they come up, also while
// rows are being read.
type dialector struct{ *sqlite.Dialector }

// Translate makes dialector a gorm.ErrorTranslator.
func (d dialector) Translate(err error) error { return d.Dialector.Translate(classify(err)) }

// dsn escapes what would end the path in SQLite's URI syntax.
func dsn(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}

// migrate brings the schema up to date, each version in a transaction of its
// own. PRAGMA user_version, which is part of the transaction, counts them.
func migrate(ctx context.Context, db *gorm.DB) error {
	files, err := migrationsOf("sqlite")
	if err != nil {
		return err
	}
	for number, file := range files {
		err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			var version int
			if err := tx.Raw("PRAGMA user_version").Scan(&version).Error; err != nil || version > number {
				return err
			}
			return apply(tx, file, number+1)
		})
		if err != nil {
			return fmt.Errorf("migration %s: %w", file, err)
		}
	}
	return nil
}

func apply(tx *gorm.DB, file string, version int) error {
	script, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	for _, stmt := range []string{
		string(script),
		fmt.Sprintf("PRAGMA user_version = %d", version),
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	} {
		if err := tx.Exec(stmt).Error; err != nil {
			return err
		}
	}
	return nil
}

// inspectFile reads a file before anything writes to it: one that is damaged, foreign
// or newer than this program stays as it is, to the byte.
func inspectFile(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	pool, err := sql.Open(sqlite.DriverName, dsn(path)+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	defer pool.Close()
	if info.Size() <= quickCheckBelow {
		if err := check(ctx, pool); err != nil {
			return err
		}
	}
	return checkSchema(ctx, pool)
}

func check(ctx context.Context, pool *sql.DB) error {
	var verdict string
	err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err == nil && verdict != "ok" {
		return errors.New("its pages contradict each other")
	}
	return err
}

// checkSchema tells whether the file is an order book that this program knows.
func checkSchema(ctx context.Context, pool *sql.DB) error {
	var version, application, tables int
	err := pool.QueryRowContext(ctx, `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_user_version, pragma_application_id`).Scan(&version, &application, &tables)
	if err != nil {
		return err
	}
	files, err := migrationsOf("sqlite")
	switch {
	case err != nil:
		return err
	case tables > 0 && application != applicationID:
		return errors.New("it is a database of another program")
	case version > len(files):
		return fmt.Errorf("it was written by a newer release (schema %d, this one knows %d): start that release, or restore a backup", version, len(files))
	}
	return nil
}

// openError makes one sentence of what stopped the house from opening its book.
func openError(path string, err error) error {
	switch codeOf(err) {
	case sqliteNotADB, sqliteCorrupt:
		err = errors.New("it is damaged or no SQLite database")
	case sqliteCantOpen, sqliteReadOnly, sqlitePerm:
		err = errors.New("this user may not open it for writing")
	}
	return fmt.Errorf("the order book %s cannot be opened: %w. Nothing was changed; restore a backup, or choose another DATA_DIR", path, err)
}

// Primary result codes of SQLite (sqlite.org/rescode.html).
const (
	sqlitePerm      = 3
	sqliteBusy      = 5
	sqliteNoMem     = 7
	sqliteReadOnly  = 8
	sqliteInterrupt = 9
	sqliteIOErr     = 10
	sqliteCorrupt   = 11
	sqliteFull      = 13
	sqliteCantOpen  = 14
	sqliteNotADB    = 26
)

// codeOf gives the primary result code, or 0 where the error is not SQLite's.
func codeOf(err error) int {
	if e, ok := errors.AsType[*gosqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// namedSQLite gives the failures of SQLite that are nobody's mistake their names.
func namedSQLite(err error) error {
	switch codeOf(err) {
	case sqliteFull:
		return fmt.Errorf("%w: %w", ErrStorageFull, err)
	case sqliteBusy, sqliteNoMem, sqliteReadOnly, sqliteInterrupt, sqliteIOErr, sqliteCantOpen, sqliteCorrupt, sqliteNotADB:
		return fmt.Errorf("%w: %w", ErrDatabaseUnavailable, err)
	}
	return err
}

// BackupSQLite copies the order book at path, which may be in use, to a new
// file. The copy appears under its name only when it is whole and on the disk.
func BackupSQLite(ctx context.Context, path, to string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no order book at %s to copy", path)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists already; choose a new name, so that no older backup is overwritten", to)
	}
	pool, err := sql.Open(sqlite.DriverName, dsn(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer pool.Close()
	partial := to + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := pool.ExecContext(ctx, "VACUUM INTO ?", partial); err != nil {
		return errors.Join(fmt.Errorf("the copy failed: %w", err), os.Remove(partial))
	}
	return finishBackup(partial, to)
}

// finishBackup makes a finished file safe on the disk, readable by its owner only,
// and gives it its name.
func finishBackup(partial, to string) error {
	f, err := os.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(partial, to)
}
