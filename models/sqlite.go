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
	zombiezen "zombiezen.com/go/sqlite"
)

// applicationID marks a SQLite file as ours (the ASCII of "Rest"), so that a
// database of another program is never touched.
const applicationID = 0x52657374

// quickCheckBelow is the file size in bytes up to which each start looks for
// damage. Reading a larger file would make every start slow.
const quickCheckBelow = 16 << 20

// dialect names the index of open orders: without statistics SQLite would walk
// the ids, past all orders that are done.
func (w *sqliteWriter) dialect() dialect {
	return dialect{
		openOrders:  "orders INDEXED BY orders_open",
		clearOrders: []string{"DELETE FROM orders", "DELETE FROM sqlite_sequence WHERE name = 'orders'"},
		lastID:      "SELECT seq FROM sqlite_sequence WHERE name = ?",
		raiseID: []string{
			"INSERT INTO sqlite_sequence (name, seq) SELECT @table, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = @table)",
			"UPDATE sqlite_sequence SET seq = max(seq, @id) WHERE name = @table",
		},
	}
}

// shared is false, because the program locks its data folder. So there is no
// other instance to notify or to listen to.
func (w *sqliteWriter) shared() bool                                                    { return false }
func (w *sqliteWriter) notify(*gorm.DB, notification) error                             { return nil }
func (w *sqliteWriter) listen(context.Context, func(notification), func(), func(error)) {}

// sqliteUse is how much of the computer a database may use.
type sqliteUse struct {
	// sync is SQLite's pragma for commits.
	sync string
	// readers read at a time, and idle of them keep their files open when nobody reads.
	readers, idle int
	// kept connections keep their statements, once they have run.
	kept int
}

// OpenSQLite opens the database in a file and migrates its schema. The error is
// a sentence for the operator. A file that is damaged, of another program or of a
// newer release is left unchanged. Its commits survive a power cut.
func OpenSQLite(ctx context.Context, path string) (*Store, error) {
	readers := max(2, runtime.NumCPU())
	return openSQLite(ctx, path, sqliteUse{sync: "FULL", readers: readers, idle: readers, kept: readers})
}

// OpenSQLiteOfMany is OpenSQLite for one of many databases that a process has open on one disk.
// It keeps few files open, and its commits survive the end of the process, however it ends.
// A power cut may take the last ones away; the file stays whole.
func OpenSQLiteOfMany(ctx context.Context, path string) (*Store, error) {
	return openSQLite(ctx, path, sqliteUse{sync: "NORMAL", readers: 2, idle: 1})
}

func openSQLite(ctx context.Context, path string, use sqliteUse) (*Store, error) {
	if err := inspectFile(ctx, path); err != nil {
		return nil, openError(path, err)
	}
	if err := createPrivate(path); err != nil {
		return nil, openError(path, err)
	}
	writer, err := openPool(path, 1, "_txlock=immediate&_pragma=temp_store(MEMORY)&_pragma=synchronous("+use.sync+")")
	if err != nil {
		return nil, openError(path, err)
	}
	if err := migrate(ctx, writer); err != nil {
		return nil, errors.Join(openError(path, err), closePool(writer))
	}
	reader, err := openPool(path, use.readers, "_pragma=query_only(1)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, errors.Join(openError(path, err), closePool(writer))
	}
	if pool, err := reader.DB(); err == nil {
		pool.SetMaxIdleConns(use.idle)
	}
	s := &Store{engine: newSQLiteWriter(writer), reader: reader, ready: newReadiness()}
	if use.kept > 0 {
		s.kept = newKeptReader(path, use.kept)
	}
	if err := s.readMenu(ctx); err != nil {
		return nil, errors.Join(openError(path, err), s.Close())
	}
	return s, nil
}

// createPrivate creates the file with mode 0600: SQLite would let others read it.
// SQLite gives its helper files the mode of the database.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openPool opens the file with the settings of every connection: WAL lets readers
// work beside the writer.
func openPool(path string, size int, extra string) (*gorm.DB, error) {
	pool, err := sql.Open(sqlite.DriverName, dsn(path)+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&"+extra)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return openGORM(dialector{&sqlite.Dialector{Conn: newCountingPool(pool)}}, pool)
}

// dialector classifies failures also where they occur while rows are read.
type dialector struct{ *sqlite.Dialector }

// Translate makes dialector a gorm.ErrorTranslator.
func (d dialector) Translate(err error) error { return d.Dialector.Translate(classify(err)) }

// dsn escapes what would end the path in SQLite's URI syntax.
func dsn(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}

// migrate applies each missing version in a transaction of its own. PRAGMA
// user_version, which is part of the transaction, holds the version.
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

// inspectFile returns an error if the file is damaged, of another program or of a
// newer release. It runs before anything writes, so such a file stays as it is.
func inspectFile(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	pool, err := openToRead(path)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := checkLog(ctx, path, pool); err != nil {
		return err
	}
	result := "ok"
	if info.Size() <= quickCheckBelow {
		err = pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result)
	}
	switch {
	case err != nil:
		return err
	case result != "ok":
		return errors.New("its pages do not fit together")
	}
	return checkSchema(ctx, pool)
}

// openToRead opens a file such that it and the files beside it stay as they are. A
// connection that might write would end by moving the log into the database.
func openToRead(path string) (*sql.DB, error) {
	mode := "_pragma=query_only(1)" // leaves no empty log behind
	if hasLog(path) {
		mode = "mode=ro"
	}
	return sql.Open(sqlite.DriverName, dsn(path)+"?_pragma=busy_timeout(5000)&"+mode)
}

// hasLog reports whether a write-ahead log with content is beside a database: it is
// open, or was not closed.
func hasLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// checkSchema returns an error unless this program knows the file's schema.
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

const makeWritable = "let the user who runs the server write to RESTAURANT_DATA_DIR and to all files in it (on Unix with chown -R), and try again"

// openError makes a sentence for the operator of why the file cannot be opened, and what to do.
func openError(path string, err error) error {
	next := "restore a backup with restaurant restore FILE, or choose another RESTAURANT_DATA_DIR"
	switch code := codeOf(err); {
	case isFull(err):
		next = "free some space there and try again"
	case code == sqliteBusy:
		next = "close the other program, such as a database browser or a backup, and try again"
	case isForbidden(err):
		next = makeWritable
	case code == sqliteCantOpen:
		next = makeWritable + ". If this computer says that too many files are open, allow more (ulimit -n)"
	case (code == sqliteNotADB || code == sqliteCorrupt) && hasLog(path):
		next = "if you replaced it with a copy, old files (-wal, -shm) of the earlier database may damage it: use restaurant restore FILE, which removes them"
	}
	return fmt.Errorf("the database %s cannot be opened: %w. Nothing was changed; %s", path, reasonOf(err), next)
}

// reasonOf gives an error of SQLite about a file the operator's words.
func reasonOf(err error) error {
	switch code := codeOf(err); {
	case isFull(err):
		return errors.New("its disk is full")
	case code == sqliteBusy:
		return errors.New("another program holds it")
	case isForbidden(err):
		return errors.New("this user has no right to write to it")
	case code == sqliteCantOpen:
		return errors.New("it or a file beside it cannot be opened")
	case code == sqliteNotADB || code == sqliteCorrupt:
		return errors.New("it is damaged or not a SQLite database")
	}
	return err
}

// isForbidden reports whether the rights of a file, or of its folder, are in the way.
func isForbidden(err error) bool {
	switch codeOf(err) {
	case sqliteReadOnly, sqlitePerm:
		return true
	}
	return errors.Is(err, fs.ErrPermission)
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

// sqliteIOErrShmSize is the extended code for no room for the -shm file, which each
// open database has.
const sqliteIOErrShmSize = sqliteIOErr | 19<<8

// codeOf returns the primary result code, or 0 for an error that is not SQLite's.
func codeOf(err error) int { return extendedCodeOf(err) & 0xff }

func extendedCodeOf(err error) int {
	if e, ok := errors.AsType[*gosqlite.Error](err); ok {
		return e.Code()
	}
	if code := zombiezen.ErrCode(err); code != zombiezen.ResultError {
		return int(code)
	}
	return 0
}

// isFull reports whether there is no room for what has to be written.
func isFull(err error) bool {
	code := extendedCodeOf(err)
	return code&0xff == sqliteFull || code == sqliteIOErrShmSize
}

func classifySQLite(err error) error {
	switch codeOf(err) {
	case sqliteFull:
		if errors.Is(err, ErrStorageFull) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrStorageFull, err)
	case sqliteInterrupt: // only a context that has ended interrupts
		return fmt.Errorf("%w: %w: %w", ErrDatabaseUnavailable, context.Canceled, err)
	case sqliteBusy, sqliteNoMem, sqliteReadOnly, sqliteIOErr, sqliteCantOpen, sqliteCorrupt, sqliteNotADB:
		return fmt.Errorf("%w: %w", ErrDatabaseUnavailable, err)
	}
	if err != nil && err.Error() == "sql: database is closed" { // for a request that was cut off; database/sql exports no name for it
		return fmt.Errorf("%w: %w", ErrDatabaseUnavailable, err)
	}
	return err
}
