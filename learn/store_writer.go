package learn

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"restaurant/learn/course"
)

const (
	// writeDelay is how old a fact may become before it is on the disk. Progress is
	// written at once.
	writeDelay = 250 * time.Millisecond
	// maxWaiting bounds the facts in the channel. What comes beyond it, while the disk is
	// slow, still counts for the lessons; only its line is lost.
	maxWaiting = 512
)

// entry is what a request hands to the goroutine that writes.
type entry struct {
	fact    *course.Fact // or nil
	records []record
	written chan<- error // gets the result of writing everything up to here
}

// Save has a fact, unless it is nil, and records written soon. It does not wait for the
// disk: facts may fill half of the channel, and progress changes too rarely to fill the
// other half.
func (s *Store) Save(f *course.Fact, records []record) {
	if records != nil || len(s.entries) < maxWaiting {
		s.send(entry{fact: f, records: records})
	}
}

func (s *Store) send(e entry) {
	select {
	case s.entries <- e:
	case <-s.ended:
	}
}

// flush waits until everything that was saved is written.
func (s *Store) flush(ctx context.Context) error {
	written := make(chan error, 1)
	s.send(entry{written: written})
	select {
	case err := <-written:
		return err
	case <-s.ended:
		return s.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// batch is what the next transaction writes.
type batch struct {
	facts   []*course.Fact
	records map[string]record // the newest of each lesson
	waiting []chan<- error
}

func (b *batch) add(e entry) {
	if e.fact != nil {
		b.facts = append(b.facts, e.fact)
	}
	if len(b.facts) > 2*keepFacts { // of which the older half would not be kept anyway
		b.facts = slices.Delete(b.facts, 0, keepFacts)
	}
	for _, r := range e.records {
		b.records[r.lesson] = r
	}
	if e.written != nil {
		b.waiting = append(b.waiting, e.written)
	}
}

// run writes entries until ctx ends, and then what is left. A batch that cannot be
// written is kept for the next time.
func (s *Store) run(ctx context.Context) {
	defer close(s.ended)
	b := batch{records: map[string]record{}}
	var due <-chan time.Time
	for open := true; open; {
		select {
		case e := <-s.entries:
			b.add(e)
			if e.records == nil && e.written == nil {
				if due == nil {
					due = time.After(writeDelay)
				}
				continue
			}
		case <-due:
		case <-ctx.Done():
			open = false
		}
		for len(s.entries) > 0 { // which has no other receiver
			b.add(<-s.entries)
		}
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
	for _, written := range b.waiting {
		written <- err
	}
	b.waiting = nil
	if err == nil {
		b.facts = nil
		clear(b.records)
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
	for _, f := range b.facts {
		_, err := tx.ExecContext(ctx, `INSERT INTO facts (at, method, route, status, problem, who, token, token_hash, order_number)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			f.At, f.Method, strings.TrimPrefix(f.Via+":"+f.Route, ":"), f.Status, f.Problem, f.Who, f.Token, int64(f.TokenHash), f.Order) //nolint:gosec // the same 64 bits
		if err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE number <= (SELECT max(number) FROM facts) - ?`, keepFacts); err != nil {
		return err
	}
	return tx.Commit()
}
