package learn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	sqlite "github.com/glebarez/go-sqlite" // the driver that models uses, too
	"github.com/go-json-experiment/json"

	"restaurant/learn/course"
)

const (
	// storeID marks the file as one of ours (the ASCII of "Lern").
	storeID = 0x4c65726e
	// storeVersion is that of the schema. In version 1 each table had a column for one of
	// several learners, who was always main. Version 2 had no measurements.
	storeVersion = 3

	// keepFacts is how many facts are kept. Progress is apart from them, so nothing that
	// was achieved goes with an old fact.
	keepFacts = 500
)

const schema = `
CREATE TABLE progress (
    lesson  TEXT NOT NULL PRIMARY KEY,
    done_if TEXT NOT NULL,                 -- hash of the condition that the record is about
    record  TEXT NOT NULL                  -- JSON, see progress in lesson_state.go
) STRICT, WITHOUT ROWID;

-- One line for each request: never a token, a password or a body.
CREATE TABLE facts (
    number       INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,         -- Unix milliseconds
    method       TEXT    NOT NULL,
    route        TEXT    NOT NULL,         -- the pattern, never the path
    status       INTEGER NOT NULL,
    problem      TEXT    NOT NULL,
    who          INTEGER NOT NULL,         -- user id, 0 for nobody
    token        TEXT    NOT NULL,         -- none, valid, or the slug of the refusal
    token_hash   INTEGER NOT NULL,         -- 64 bits of the SHA-256 of the jti
    order_number INTEGER NOT NULL
) STRICT;
`

const measurementsSchema = `
CREATE TABLE measurements (
    name   TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,               -- Unix milliseconds
    result TEXT    NOT NULL                -- JSON, the answer of the lab
) STRICT, WITHOUT ROWID;
`

// migrate brings version 1 to version 2.
const migrate = `
ALTER TABLE progress RENAME TO progress_1;
ALTER TABLE facts RENAME TO facts_1;` + schema + `
INSERT INTO progress SELECT lesson, done_if, record FROM progress_1 WHERE "table" = 'main';
INSERT INTO facts SELECT number, at, method, route, status, problem, who, token, token_hash, order_number FROM facts_1 WHERE "table" = 'main';
DROP TABLE progress_1;
DROP TABLE facts_1;
`

// Store keeps progress and facts in a file of its own, so that neither a restart nor a
// reset of the restaurant loses them. One goroutine writes, behind the requests.
type Store struct {
	db  *sql.DB
	log *slog.Logger

	inbox  inbox // of the goroutine that writes
	stop   context.CancelFunc
	ended  chan struct{} // closed when nothing more is written
	failed error         // of the last write; read it when ended is closed
}

// record is the progress of a lesson as it is stored.
type record struct {
	lesson, doneIf string
	progress       progress
}

func newRecord(l lesson) record { return record{l.ID, conditionHash(l.Lesson), l.clone()} }

// restore returns the progress for a lesson of today. If its condition has changed, what
// was half seen is dropped, and what was done stays done.
func (r record) restore(l *course.Lesson) progress {
	p := r.progress
	if empty := newProgress(l); r.doneIf != conditionHash(l) || len(p.Seen) != len(empty.Seen) {
		p.Seen, p.Trails, p.Others, p.Counts = empty.Seen, nil, nil, nil
	}
	return p.withAnswers(l)
}

func conditionHash(l *course.Lesson) string {
	text, err := json.Marshal(l.Done, json.Deterministic(true))
	if err != nil { // it was read from JSON
		panic(err)
	}
	return strconv.FormatUint(hash(string(text)), 36)
}

// openStore opens the file, which it creates if there is none, and returns the records
// in it. The error is a sentence for the operator.
func openStore(ctx context.Context, path string, log *slog.Logger) (*Store, []record, error) {
	// NORMAL: a crash of the program loses nothing, a power cut perhaps the last second.
	db, err := sql.Open("sqlite", dsn(path)+"&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	s := &Store{db: db, log: log, inbox: inbox{wake: make(chan struct{}, 1)}, ended: make(chan struct{})}
	if err = createFile(path); err == nil {
		err = s.prepare(ctx)
	}
	var records []record
	if err == nil {
		records, err = s.records(ctx)
	}
	if err != nil {
		db.Close()
		return nil, nil, fmt.Errorf("cannot open the progress of the lessons in %s: %w. %s. Orders are in another file", path, err, nextStep(err))
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	go s.run(ctx)
	return s, records, nil
}

// errHeld means that another program has locked the file.
var errHeld = errors.New("another program holds it")

// nextStep says what to do about a file that cannot be opened. What is whole needs no copy.
func nextStep(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "Make the user that runs the server its owner (on Unix with chown), or use the right user"
	case errors.Is(err, errHeld):
		return "Close that program and try again"
	}
	return "Move the file away to start again, or restore a copy"
}

func isBusy(err error) bool {
	const busy = 5 // sqlite.org/rescode.html
	coded, ok := errors.AsType[*sqlite.Error](err)
	return ok && coded.Code()&0xff == busy
}

// dsn escapes what would end the path in SQLite's URI syntax.
func dsn(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?_pragma=busy_timeout(5000)"
}

// readRecords reads the records of a file that nobody has open, if all of it is whole. It changes
// nothing: a log that a crash has left stays where it is.
func readRecords(ctx context.Context, path string) ([]record, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	mode := "&_pragma=query_only(1)" // leaves no empty log behind
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		mode = "&mode=ro"
	}
	db, err := sql.Open("sqlite", dsn(path)+mode)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var result string
	var application, version int
	err = db.QueryRowContext(ctx, "SELECT quick_check, application_id, user_version FROM pragma_quick_check, pragma_application_id, pragma_user_version").
		Scan(&result, &application, &version)
	switch {
	case err != nil:
		return nil, err
	case result != "ok" || application != storeID || version > storeVersion:
		return nil, fmt.Errorf("%s is not whole, or not of this release", path)
	}
	return (&Store{db: db, log: slog.New(slog.DiscardHandler)}).records(ctx)
}

// createFile creates the file before SQLite would create one that others can read.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return errors.Unwrap(err)
	}
	return f.Close()
}

// prepare creates the tables of a new file, migrates an old one, and refuses one that is
// not ours.
func (s *Store) prepare(ctx context.Context) error {
	var version, application int
	err := s.db.QueryRowContext(ctx, "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id").Scan(&version, &application)
	script := migrate + measurementsSchema
	switch {
	case isBusy(err):
		return errHeld
	case err != nil:
		return errors.New("it is damaged or not a SQLite database")
	case version == 0 && application == 0:
		script = schema + measurementsSchema
	case application != storeID:
		return errors.New("it is a database of another program")
	case version > storeVersion:
		return errors.New("it was written by a newer release; start that one")
	case version == storeVersion:
		return nil
	case version == 2:
		script = measurementsSchema
	}
	_, err = s.db.ExecContext(ctx, fmt.Sprintf("BEGIN;%s PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", script, storeVersion, storeID))
	return err
}

func (s *Store) records(ctx context.Context) (records []record, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT lesson, done_if, record FROM progress`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r record
		var text []byte
		if err := rows.Scan(&r.lesson, &r.doneIf, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &r.progress); err != nil || !r.progress.State.valid() {
			s.log.Error("the progress of a lesson is damaged, so that lesson starts over; the others are as they were", "lesson", r.lesson, "err", err)
			continue
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

// saveMeasurement keeps a measurement in place of the one of the same name.
func (s *Store) saveMeasurement(ctx context.Context, m measurement) error {
	_, err := s.db.ExecContext(ctx, `REPLACE INTO measurements (name, at, result) VALUES (?, ?, ?)`, m.name, m.at.UnixMilli(), string(m.result))
	return err
}

// measurements returns the newest measurement of each name.
func (s *Store) measurements(ctx context.Context) (all []measurement, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT name, at, result FROM measurements ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m measurement
		var at int64
		if err := rows.Scan(&m.name, &at, &m.result); err != nil {
			return nil, err
		}
		m.at = time.UnixMilli(at).UTC()
		all = append(all, m)
	}
	return all, rows.Err()
}

// Close writes what is left and closes the file. Call it when no request runs any more.
func (s *Store) Close() error {
	s.stop()
	<-s.ended
	return errors.Join(s.failed, s.db.Close())
}

// Facts returns the newest facts, newest first, with those that have just been saved.
func (s *Store) Facts(ctx context.Context, limit int) ([]course.Fact, error) {
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT at, method, route, status, problem, who, token, token_hash, order_number
		FROM facts ORDER BY number DESC LIMIT ?`, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var facts []course.Fact
	for rows.Next() {
		var f course.Fact
		var token int64
		if err := rows.Scan(&f.At, &f.Method, &f.Route, &f.Status, &f.Problem, &f.Who, &f.Token, &token, &f.Order); err != nil {
			return nil, err
		}
		f.TokenHash = uint64(token) //nolint:gosec // the same 64 bits
		facts = append(facts, f)
	}
	return facts, rows.Err()
}
