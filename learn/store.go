package learn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	_ "github.com/glebarez/go-sqlite" // the driver that the order book uses, too
	"github.com/go-json-experiment/json"
)

// bookID marks the file as a lesson book (the ASCII of "Lern").
const bookID = 0x4c65726e

const (
	// writeEvery is how old a fact may become before it is on the disk; a lesson
	// that was completed is written at once.
	writeEvery = 250 * time.Millisecond
	// keepFacts is how many facts of a table are kept. Progress stands apart from
	// them, so nothing that was achieved goes with an old fact.
	keepFacts = 500
)

const schema = `
CREATE TABLE progress (
    "table"    TEXT    NOT NULL,           -- whose progress; 'main' is who has the whole server
    lesson     TEXT    NOT NULL,
    done_if    TEXT    NOT NULL,           -- hash of the condition that the record speaks of
    record     TEXT    NOT NULL,           -- JSON, see progress in tracker.go
    PRIMARY KEY ("table", lesson)
) STRICT, WITHOUT ROWID;

-- One line for each request: what may be told of it, never a token, a password or a body.
CREATE TABLE facts (
    "table"      TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    at           INTEGER NOT NULL,         -- Unix milliseconds
    method       TEXT    NOT NULL,
    route        TEXT    NOT NULL,         -- the pattern, never the address
    status       INTEGER NOT NULL,
    problem      TEXT    NOT NULL,
    who          INTEGER NOT NULL,         -- user id, 0 for nobody
    token        TEXT    NOT NULL,         -- none, valid, or the slug of the refusal
    token_hash   INTEGER NOT NULL,         -- 64 bits of the SHA-256 of the jti
    order_number INTEGER NOT NULL,
    PRIMARY KEY ("table", number)
) STRICT, WITHOUT ROWID;
`

// Store keeps the progress of learners in a file of its own, so that neither a
// restart nor a fresh kitchen loses it.
type Store struct {
	db      *sql.DB
	tracker *Tracker
	log     *slog.Logger
}

// OpenBook opens the lesson book in a file, and gives the tracker what is in it.
// The error is a sentence for whoever starts the house.
func OpenBook(ctx context.Context, path string, tracker *Tracker, log *slog.Logger) (*Store, error) {
	explain := func(err error) error {
		return fmt.Errorf("the lesson book %s cannot be opened: %w. Move it away to begin anew, or restore a copy; the order book is another file", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // before SQLite makes one that others can read
	if err != nil {
		return nil, explain(errors.Unwrap(err))
	}
	if err := f.Close(); err != nil {
		return nil, explain(err)
	}
	// NORMAL: a crash of the program loses nothing, a power cut perhaps the last second.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err != nil {
		return nil, explain(err)
	}
	db.SetMaxOpenConns(1)
	b := &Store{db: db, tracker: tracker, log: log}
	if err = b.prepare(ctx); err == nil {
		err = b.read(ctx)
	}
	if err != nil {
		return nil, errors.Join(explain(err), db.Close())
	}
	return b, nil
}

// prepare makes the tables of a new file, and refuses one that is not ours.
func (b *Store) prepare(ctx context.Context) error {
	var version, application int
	err := b.db.QueryRowContext(ctx, "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id").Scan(&version, &application)
	switch {
	case err != nil:
		return errors.New("it is damaged or no SQLite database")
	case version == 0 && application == 0:
		_, err := b.db.ExecContext(ctx, fmt.Sprintf("BEGIN;%s PRAGMA user_version = 1; PRAGMA application_id = %d; COMMIT", schema, bookID))
		return err
	case application != bookID:
		return errors.New("it is a database of another program")
	case version > 1:
		return errors.New("it was written by a newer release; start that one")
	}
	return nil
}

// read gives the tracker the progress that was written. What a lesson of an
// earlier release had half seen is dropped if its condition has changed since;
// what was done stays done.
func (b *Store) read(ctx context.Context) error {
	rows, err := b.db.QueryContext(ctx, `SELECT "table", lesson, done_if, record FROM progress`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, lesson, doneIf string
		var record []byte
		if err := rows.Scan(&name, &lesson, &doneIf, &record); err != nil {
			return err
		}
		var p progress
		if err := json.Unmarshal(record, &p); err != nil {
			return fmt.Errorf("the record of %s is damaged", lesson)
		}
		b.tracker.place(name, lesson, doneIf, p)
	}
	return rows.Err()
}

// place puts a record back, if its lesson still exists.
func (t *Tracker) place(name, lesson, doneIf string, p progress) {
	l, ok := t.course.Lesson(lesson)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if doneIf != conditionHash(l) || len(p.Seen) != len(l.Done.patterns()) {
		p.Seen, p.Trails, p.Others = newProgress(l).Seen, nil, nil
	}
	tab := t.table(name)
	tab.progress[slices.Index(t.course.Lessons, l)] = p
}

// conditionHash tells whether a record speaks of the condition of today.
func conditionHash(l *Lesson) string {
	text, err := json.Marshal(l.Done, json.Deterministic(true))
	if err != nil { // it was read from JSON
		panic(err)
	}
	return strconv.FormatUint(hash(string(text)), 36)
}

// Close writes what is left and closes the file.
func (b *Store) Close() error {
	return errors.Join(b.write(context.Background()), b.db.Close())
}

// Run writes down what the tracker has seen, until ctx ends.
func (b *Store) Run(ctx context.Context) {
	ticks := time.NewTicker(writeEvery)
	defer ticks.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		case <-b.tracker.wake:
		}
		err := b.write(context.WithoutCancel(ctx))
		if err != nil && !failed {
			b.log.Error("the lesson book cannot be written; what learners do still counts, and is written as soon as it can be", "err", err)
		}
		failed = err != nil
	}
}

// change is what has happened at one table since the book was written last.
type change struct {
	name    string
	records map[*Lesson]progress
	facts   []Fact
	lost    int
}

// write brings everything new to the disk in one transaction. What it cannot
// write it gives back.
func (b *Store) write(ctx context.Context) error {
	changes := b.tracker.takePending()
	if len(changes) == 0 {
		return nil
	}
	err := b.transact(ctx, changes)
	if err != nil {
		b.tracker.restorePending(changes)
		return err
	}
	for _, ch := range changes {
		if ch.lost > 0 {
			b.log.Warn("there were more requests than the lesson book takes; they counted, but their lines are missing", "table", ch.name, "lines", ch.lost)
		}
	}
	return nil
}

// takePending hands over what is new at all tables.
func (t *Tracker) takePending() (changes []change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tab := range t.tables {
		if len(tab.pending) == 0 && !slices.ContainsFunc(tab.progress, func(p progress) bool { return p.dirty }) {
			continue
		}
		ch := change{name: tab.name, facts: tab.pending, lost: tab.lost, records: map[*Lesson]progress{}}
		for n := range tab.progress {
			if p := &tab.progress[n]; p.dirty {
				p.dirty = false
				ch.records[t.course.Lessons[n]] = p.clone()
			}
		}
		tab.pending, tab.lost = tab.spare[:0], 0
		tab.spare = nil
		changes = append(changes, ch)
	}
	return changes
}

// done returns the room of facts that are on the disk.
func (t *Tracker) done(changes []change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ch := range changes {
		if tab := t.table(ch.name); cap(ch.facts) > cap(tab.spare) {
			tab.spare = ch.facts
		}
	}
}

// restorePending takes on again what could not be written.
func (t *Tracker) restorePending(changes []change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ch := range changes {
		tab := t.table(ch.name)
		facts := slices.Concat(ch.facts, tab.pending)
		tab.lost += ch.lost + max(0, len(facts)-maxPending)
		tab.pending = facts[:min(len(facts), maxPending)]
		for l := range ch.records {
			tab.progress[slices.Index(t.course.Lessons, l)].dirty = true
		}
	}
}

const (
	putRecord = `INSERT INTO progress ("table", lesson, done_if, record) VALUES (?, ?, ?, ?)
		ON CONFLICT ("table", lesson) DO UPDATE SET done_if = excluded.done_if, record = excluded.record`
	lastNumber = `SELECT coalesce(max(number), 0) FROM facts WHERE "table" = ?`
	putFact    = `INSERT INTO facts ("table", number, at, method, route, status, problem, who, token, token_hash, order_number)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	dropFacts = `DELETE FROM facts WHERE "table" = ? AND number <= ?`
	listFacts = `SELECT at, method, route, status, problem, who, token, token_hash, order_number
		FROM facts WHERE "table" = ? ORDER BY number DESC LIMIT ?`
)

func (b *Store) transact(ctx context.Context, changes []change) (err error) {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	for _, ch := range changes {
		if err := ch.write(ctx, tx); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	b.tracker.done(changes)
	return nil
}

func (ch change) write(ctx context.Context, tx *sql.Tx) error {
	for l, p := range ch.records {
		text, err := json.Marshal(p, json.Deterministic(true))
		if err == nil {
			_, err = tx.ExecContext(ctx, putRecord, ch.name, l.ID, conditionHash(l), string(text))
		}
		if err != nil {
			return err
		}
	}
	var number int64
	if err := tx.QueryRowContext(ctx, lastNumber, ch.name).Scan(&number); err != nil {
		return err
	}
	for _, f := range ch.facts {
		number++
		_, err := tx.ExecContext(ctx, putFact, ch.name, number, f.At, f.Method, f.Route, f.Status, f.Problem, f.Who,
			f.Token, int64(f.TokenHash), f.Order) //nolint:gosec // the same 64 bits
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, dropFacts, ch.name, number-keepFacts)
	return err
}

// Facts lists the newest facts of a table, newest first.
func (b *Store) Facts(ctx context.Context, name string, limit int) ([]Fact, error) {
	if err := b.write(ctx); err != nil { // what has just happened belongs to it
		return nil, err
	}
	rows, err := b.db.QueryContext(ctx, listFacts, name, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var facts []Fact
	for rows.Next() {
		var f Fact
		var token int64
		if err := rows.Scan(&f.At, &f.Method, &f.Route, &f.Status, &f.Problem, &f.Who, &f.Token, &token, &f.Order); err != nil {
			return nil, err
		}
		f.TokenHash = uint64(token) //nolint:gosec // the same 64 bits
		facts = append(facts, f)
	}
	return facts, rows.Err()
}
