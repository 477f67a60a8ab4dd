package learn

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"restaurant/learn/course"
)

// writeDelay is how old a fact may become before it is on the disk. Progress is written
// at once.
const writeDelay = time.Second

// batch is what the next transaction writes.
type batch struct {
	facts   []*course.Fact
	records map[string]record // the newest of each lesson
	written []chan<- error    // get the result
}

func (b *batch) add(f *course.Fact, records ...record) {
	if f != nil {
		b.facts = append(b.facts, f)
	}
	if len(b.facts) > 2*keepFacts { // of which the older half would not be kept anyway
		b.facts = slices.Delete(b.facts, 0, keepFacts)
	}
	for _, r := range records {
		if b.records == nil {
			b.records = map[string]record{}
		}
		b.records[r.lesson] = r
	}
}

// addAll adds what came after b.
func (b *batch) addAll(newer batch) {
	for _, f := range newer.facts {
		b.add(f)
	}
	for _, r := range newer.records {
		b.add(nil, r)
	}
	b.written = append(b.written, newer.written...)
}

// isUrgent reports whether somebody waits, or whether progress would be lost.
func (b *batch) isUrgent() bool { return len(b.records)+len(b.written) > 0 }

func (b *batch) isEmpty() bool { return len(b.facts) == 0 && !b.isUrgent() }

// inbox is what requests hand to the goroutine that writes.
type inbox struct {
	mu    sync.Mutex
	batch batch
	wake  chan struct{} // has a word when there is something, or when it has become urgent
}

// put changes the batch. It wakes the writer no more often than needed: many thousand facts
// may come in a second.
func (i *inbox) put(change func(*batch)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	wasEmpty, wasUrgent := i.batch.isEmpty(), i.batch.isUrgent()
	change(&i.batch)
	if !wasEmpty && wasUrgent == i.batch.isUrgent() {
		return
	}
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// take takes everything out.
func (i *inbox) take() batch {
	i.mu.Lock()
	defer i.mu.Unlock()
	b := i.batch
	i.batch = batch{}
	return b
}

func (i *inbox) isUrgent() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.batch.isUrgent()
}

// Save has a fact, unless it is nil, and records written soon. It does not wait for the
// disk. While that is slow, old facts get lost, and progress does not.
func (s *Store) Save(f *course.Fact, records []record) {
	s.inbox.put(func(b *batch) { b.add(f, records...) })
}

// flush waits until everything that was saved is written.
func (s *Store) flush(ctx context.Context) error {
	written := make(chan error, 1)
	s.inbox.put(func(b *batch) { b.written = append(b.written, written) })
	select {
	case err := <-written:
		return err
	case <-s.ended:
		return s.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes what comes in until ctx ends, and then what is left. A batch that cannot be
// written is kept for the next time.
func (s *Store) run(ctx context.Context) {
	defer close(s.ended)
	var b batch
	var due <-chan time.Time
	for open := true; open; {
		select {
		case <-s.inbox.wake:
			if !s.inbox.isUrgent() {
				if due == nil {
					due = time.After(writeDelay)
				}
				continue
			}
		case <-due:
		case <-ctx.Done():
			open = false
		}
		b.addAll(s.inbox.take())
		due = nil
		if s.writeBatch(&b); s.failed != nil {
			due = time.After(writeDelay)
		}
	}
}

// writeBatch writes and empties a batch, or logs why it cannot.
func (s *Store) writeBatch(b *batch) {
	err := s.write(context.Background(), b)
	if err != nil && s.failed == nil {
		s.log.Error("cannot write the progress of the lessons; requests still count, and the server tries again", "err", err)
	}
	s.failed = err
	for _, written := range b.written {
		written <- err
	}
	b.written = nil
	if err == nil {
		*b = batch{}
	}
}

func (s *Store) write(ctx context.Context, b *batch) error {
	if len(b.facts)+len(b.records) == 0 {
		return nil
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // has no effect after Commit
	for _, r := range b.records {
		text, err := json.Marshal(r.progress, json.Deterministic(true))
		if err != nil { // nor will it ever be possible, and the others must not wait for it
			s.log.Error("the progress of a lesson cannot be written", "lesson", r.lesson, "err", err)
			continue
		}
		_, err = tx.ExecContext(ctx, `REPLACE INTO progress (lesson, done_if, record) VALUES (?, ?, ?)`, r.lesson, r.doneIf, string(text))
		if err != nil {
			return err
		}
	}
	for some := range slices.Chunk(b.facts[max(0, len(b.facts)-keepFacts):], factsTogether) {
		if err := writeFacts(ctx, tx, some); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE number <= (SELECT max(number) FROM facts) - ?`, keepFacts); err != nil {
		return err
	}
	return tx.Commit()
}

// factsTogether is how many facts one statement writes. Most of the time of a statement goes into
// preparing it; but the driver looks through all values for each of them.
const factsTogether = 50

func writeFacts(ctx context.Context, tx *sql.Tx, facts []*course.Fact) error {
	var values []any
	for _, f := range facts {
		values = append(values, f.At, f.Method, strings.TrimPrefix(f.Via+":"+f.Route, ":"), f.Status, f.Problem,
			f.Who, f.Token, int64(f.TokenHash), f.Order) //nolint:gosec // the same 64 bits
	}
	query := `INSERT INTO facts (at, method, route, status, problem, who, token, token_hash, order_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)` + //nolint:gosec // fixed text
		strings.Repeat(", (?, ?, ?, ?, ?, ?, ?, ?, ?)", len(facts)-1)
	_, err := tx.ExecContext(ctx, query, values...)
	return err
}
