package learn

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/learn/course"
)

// openTracker opens a store until the test ends, and the tracker that uses it.
func openTracker(t testing.TB, file string, c *course.Course) (*Tracker, *Store) {
	t.Helper()
	s, records, err := openStore(t.Context(), file, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return NewTracker(c, records, s.Save), s
}

// holdDisk keeps the store from writing until release is called, or the test ends.
func holdDisk(t *testing.T, s *Store) (release func()) {
	t.Helper()
	conn, err := s.db.Conn(context.Background()) // the only one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s.Save(&course.Fact{}, []record{}) // is written at once
	for s.db.Stats().WaitCount == 0 {
		time.Sleep(time.Millisecond)
	}
	return func() { conn.Close() }
}

var (
	waitsForA  = course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a"}}}
	waitsForAB = course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a"}, {See: "b", Route: "GET /b"}}}
)

func mustFacts(t *testing.T, s *Store, limit int) []course.Fact {
	t.Helper()
	facts, err := s.Facts(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// TestStore_keepsProgressOverRestarts: a sequence that was half seen goes on.
func TestStore_keepsProgressOverRestarts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lessons.db")
	c := newCourse(course.Condition{Seq: []course.Pattern{{See: "a", Route: "GET /a", Status: []int{200}}, {See: "b", Route: "GET /b", Status: []int{200}}}})
	tr, s := openTracker(t, file, c)
	observe(tr, fact("GET /b", 200), fact("GET /a", 200))
	tr.Hint("L01", 1)
	if facts := mustFacts(t, s, 20); len(facts) != 2 {
		t.Errorf("%d facts are kept", len(facts))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tr, s = openTracker(t, file, c)
	if l := lessonOf(tr); l.State != StateStarted || !slices.Equal(l.progress.Hints, []int{1}) || len(mustFacts(t, s, 20)) != 2 {
		t.Errorf("after the restart: %+v", l.progress)
	}
	if news := observe(tr, fact("GET /b", 200)); news != "L01 done; next=none" {
		t.Errorf("what was half seen before the restart goes on: %q", news)
	}
	tr.Reset("L01")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if tr, _ = openTracker(t, file, c); lessonOf(tr).State != StateOpen {
		t.Errorf("after the reset: %+v", lessonOf(tr).progress)
	}
}

// TestStore_changedConditionDropsHalfSeen opens the file of an earlier release.
func TestStore_changedConditionDropsHalfSeen(t *testing.T) {
	for _, tc := range []struct {
		facts []course.Fact
		want  State
	}{
		{[]course.Fact{fact("GET /a", 200)}, StateStarted},
		{[]course.Fact{fact("GET /a", 200), fact("GET /b", 200)}, StateDone},
	} {
		file := filepath.Join(t.TempDir(), "lessons.db")
		old, s := openTracker(t, file, newCourse(waitsForAB))
		observe(old, tc.facts...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		now, _ := openTracker(t, file, newCourse(course.Condition{All: []course.Pattern{{See: "c", Route: "GET /c"}, {See: "b", Route: "GET /b"}}}))
		if l := lessonOf(now); l.State != tc.want || tc.want != StateDone && len(l.StillToSee()) != 2 {
			t.Errorf("%s became %+v", tc.want, l.progress)
		}
	}
}

// version1 is the schema in which each table had a column for one of several learners.
const version1 = `
CREATE TABLE progress ("table" TEXT NOT NULL, lesson TEXT NOT NULL, done_if TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY ("table", lesson)) STRICT, WITHOUT ROWID;
CREATE TABLE facts ("table" TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL,
    status INTEGER NOT NULL, problem TEXT NOT NULL, who INTEGER NOT NULL, token TEXT NOT NULL, token_hash INTEGER NOT NULL,
    order_number INTEGER NOT NULL, PRIMARY KEY ("table", number)) STRICT, WITHOUT ROWID;
INSERT INTO progress VALUES ('main', 'L01', 'x', '{"state":"done","seen":[5]}'), ('07', 'L01', 'x', '{"state":"open","seen":[0]}');
INSERT INTO facts VALUES ('main', 8, 5, 'GET', '/a', 200, '', 1, 'valid', 3, 0), ('07', 9, 6, 'GET', '/b', 200, '', 1, 'valid', 3, 0);
PRAGMA user_version = 1; PRAGMA application_id = 0x4c65726e;`

// TestStore_migratesVersion1: the learner main is kept, and new facts come after theirs.
func TestStore_migratesVersion1(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lessons.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(version1); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for range 2 { // the second time there is nothing to do
		tr, s := openTracker(t, file, newCourse(waitsForA))
		observe(tr, fact("GET /c", 200))
		facts := mustFacts(t, s, 20)
		if old := facts[len(facts)-1]; lessonOf(tr).State != StateDone || old.Route != "/a" || old.TokenHash != 3 || facts[0].Route != "/c" {
			t.Errorf("after the migration: %+v, %+v", lessonOf(tr).progress, facts)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStore_changedConditionKeepsAnswers: a question that an earlier release has seen answered is not
// asked again, so its answer still counts. A wrong one does not.
func TestStore_changedConditionKeepsAnswers(t *testing.T) {
	answer := course.Pattern{See: "who", Answer: "who"}
	for choice, want := range map[int]int{1: 0, 2: 1} {
		file := filepath.Join(t.TempDir(), "lessons.db")
		c := newCourse(course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a"}, answer}})
		old, s := openTracker(t, file, c)
		old.Answer("L01", c.Lessons[0].Questions[0], choice)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		tr, _ := openTracker(t, file, newCourse(course.Condition{All: []course.Pattern{{See: "b", Route: "GET /b"}, {See: "a", Route: "GET /a"}, answer}}))
		if l := lessonOf(tr); l.SeenCount() != want {
			t.Errorf("answer %d: still to see %q", choice, l.StillToSee())
		}
	}
}

// TestStore_migratesVersion2: progress and facts are kept, and measurements can be stored.
func TestStore_migratesVersion2(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lessons.db")
	tr, s := openTracker(t, file, newCourse(waitsForA))
	observe(tr, fact("GET /a", 200))
	if _, err := s.db.Exec("DROP TABLE measurements; PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tr, s = openTracker(t, file, newCourse(waitsForA))
	before := len(mustFacts(t, s, 20))
	for _, result := range []string{"1", "2"} { // the newer one counts
		if err := s.saveMeasurement(t.Context(), measurement{"weigh", time.UnixMilli(clock), []byte(result)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.measurements(t.Context())
	if err != nil || len(got) != 1 || string(got[0].result) != "2" || got[0].at.UnixMilli() != clock {
		t.Errorf("the measurements are %v, %v", got, err)
	}
	if lessonOf(tr).State != StateDone || before != 1 {
		t.Errorf("%+v with %d facts", lessonOf(tr).progress, before)
	}
}

// TestStore_keepsEveryFactUnderNormalLoad writes while requests come in.
func TestStore_keepsEveryFactUnderNormalLoad(t *testing.T) {
	tr, s := openTracker(t, filepath.Join(t.TempDir(), "lessons.db"), newCourse(waitsForA))
	for n := range keepFacts {
		observe(tr, fact("GET /b", n))
	}
	facts := mustFacts(t, s, 2*keepFacts)
	if len(facts) != keepFacts {
		t.Fatalf("%d facts are kept", len(facts))
	}
	for n, f := range facts {
		if f.Status != keepFacts-1-n {
			t.Fatalf("fact %d is %+v", n, f)
		}
	}
}

// TestStore_slowDiskDoesNotDelayRequests lets more facts come than may wait: they count
// all the same, and progress is not lost.
func TestStore_slowDiskDoesNotDelayRequests(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lessons.db")
	tr, s := openTracker(t, file, newCourse(waitsForA))
	release := holdDisk(t, s)
	for range 10 * keepFacts {
		observe(tr, fact("GET /b", 200))
	}
	observe(tr, fact("GET /a", 200))
	if waits := s.inbox.take(); len(waits.facts) < keepFacts || len(waits.facts) > 2*keepFacts || len(waits.records) != 1 {
		t.Errorf("%d facts and %d records wait", len(waits.facts), len(waits.records))
	} else {
		s.inbox.put(func(b *batch) { b.addAll(waits) })
	}
	release()
	if facts := mustFacts(t, s, 10*keepFacts); len(facts) != keepFacts || facts[0].Route != "/a" {
		t.Errorf("%d facts are kept", len(facts))
	}
	s.Close()
	if tr, _ = openTracker(t, file, newCourse(waitsForA)); lessonOf(tr).State != StateDone {
		t.Errorf("the progress is %+v", lessonOf(tr).progress)
	}
}

// TestBatch_isBounded: while nothing can be written, only the newest facts are held.
// TestStore_writesByItself: facts after writeDelay, again and again, and progress at once,
// though nobody asks for them.
func TestStore_writesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := openTracker(t, filepath.Join(t.TempDir(), "lessons.db"), newCourse(waitsForA))
		onDisk := func(table string) (n int) {
			t.Helper()
			synctest.Wait()
			if err := s.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for written := range 3 {
			s.Save(&course.Fact{}, nil)
			time.Sleep(writeDelay / 2)
			s.Save(&course.Fact{}, nil)
			if n := onDisk("facts"); n != 2*written {
				t.Errorf("early, %d facts are on the disk, want %d", n, 2*written)
			}
			time.Sleep(writeDelay / 2)
			if n := onDisk("facts"); n != 2*written+2 {
				t.Errorf("after %v, %d facts are on the disk, want %d", writeDelay, n, 2*written+2)
			}
		}
		s.Save(&course.Fact{}, nil)
		if n := onDisk("progress"); n != 0 {
			t.Errorf("%d lessons are on the disk", n)
		}
		s.Save(nil, []record{{lesson: "L01"}})
		if facts, lessons := onDisk("facts"), onDisk("progress"); facts != 7 || lessons != 1 {
			t.Errorf("at once, %d facts and %d lessons are on the disk, want 7 and 1", facts, lessons)
		}
	})
}

func TestBatch_isBounded(t *testing.T) {
	var b batch
	for n := range 10 * keepFacts {
		b.add(&course.Fact{At: int64(n)})
	}
	if n := len(b.facts); n < keepFacts || n > 2*keepFacts || b.facts[n-1].At != 10*keepFacts-1 {
		t.Errorf("%d facts are held", n)
	}
}

// TestStore_failedWriteIsRepeated takes a table away and puts it back.
func TestStore_failedWriteIsRepeated(t *testing.T) {
	tr, s := openTracker(t, filepath.Join(t.TempDir(), "lessons.db"), newCourse(waitsForA))
	exec := func(statement string) {
		t.Helper()
		if _, err := s.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("ALTER TABLE facts RENAME TO away")
	observe(tr, fact("GET /b", 200), fact("GET /a", 200))
	if _, err := s.Facts(t.Context(), 10); err == nil {
		t.Fatal("facts are written into no table")
	}
	observe(tr, fact("GET /c", 200))
	exec("ALTER TABLE away RENAME TO facts")
	if facts := mustFacts(t, s, 10); len(facts) != 3 || facts[0].Route != "/c" {
		t.Errorf("kept is %+v", facts)
	}
	var records int
	if err := s.db.QueryRow(`SELECT count(*) FROM progress`).Scan(&records); err != nil || records != 1 {
		t.Errorf("%d records, %v", records, err)
	}
}

// TestStore_refusesOtherFiles with a sentence.
func TestStore_refusesOtherFiles(t *testing.T) {
	for name, spoil := range map[string]func(file string){
		"damaged":                    func(file string) { os.WriteFile(file, []byte(strings.Repeat("no database ", 1000)), 0o600) },
		"of another program":         func(file string) { alter(t, file, "PRAGMA application_id = 1") },
		"written by a newer release": func(file string) { alter(t, file, "PRAGMA user_version = 9") },
	} {
		file := filepath.Join(t.TempDir(), "lessons.db")
		spoil(file)
		_, _, err := openStore(t.Context(), file, nil)
		if err == nil || !strings.Contains(err.Error(), "lessons.db") || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestStore_heldByAnotherProgram: it is whole, and no copy helps.
func TestStore_heldByAnotherProgram(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lessons.db")
	other, err := sql.Open("sqlite", dsn(file))
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	for _, stmt := range []string{"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"} {
		if _, err := other.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err = openStore(t.Context(), file, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "Close that program") || strings.Contains(err.Error(), "copy") {
		t.Errorf("it says %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	openTracker(t, file, &course.Course{}) // the control
}

// TestStore_oneBadRecordBlocksNoOther: one that cannot be read is left out at the start,
// and one that cannot be written is left out of its transaction.
func TestStore_oneBadRecordBlocksNoOther(t *testing.T) {
	two := newCourse(waitsForA)
	twin := *two.Lessons[0]
	twin.ID += "b"
	two.Lessons = append(two.Lessons, &twin)
	for name, spoil := range map[string]string{
		"no JSON":            `UPDATE progress SET record = 'no JSON' WHERE lesson = ?`,
		"an impossible time": `UPDATE progress SET record = '{"state":"done","started_at":"99999-01-01T00:00:00Z","seen":[1]}' WHERE lesson = ?`,
		"an unknown state":   `UPDATE progress SET record = '{"state":"mastered","seen":[1]}' WHERE lesson = ?`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "lessons.db")
			tr, s := openTracker(t, file, two)
			observe(tr, fact("GET /a", 200))
			mustFacts(t, s, 10) // when these are read, all is written
			if _, err := s.db.Exec(spoil, twin.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tr, _ = openTracker(t, file, two)
			lessons, _ := tr.snapshot()
			if lessons[0].State != StateDone || lessons[1].State != StateOpen {
				t.Errorf("the lessons are %s and %s", lessons[0].State, lessons[1].State)
			}
		})
	}
	t.Run("one that cannot be written", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "lessons.db")
		tr, s := openTracker(t, file, two)
		bad := newProgress(&twin)
		bad.State, bad.StartedAt = StateStarted, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		good := newProgress(two.Lessons[0])
		good.State = StateStarted
		tr.Restore(map[string]progress{twin.ID: bad, two.Lessons[0].ID: good})
		observe(tr, fact("GET /c", 200))
		if facts := mustFacts(t, s, 10); len(facts) != 1 {
			t.Errorf("%d facts are written", len(facts))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		tr, _ = openTracker(t, file, two)
		if lessons, _ := tr.snapshot(); lessons[0].State != StateStarted {
			t.Errorf("the other lesson is %s", lessons[0].State)
		}
	})
}

// alter creates a valid file and changes it.
func alter(t *testing.T, file, statement string) {
	_, s := openTracker(t, file, newCourse(waitsForA))
	if _, err := s.db.Exec(statement); err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestStore_learnerTakesLessThan100KB fills the file with all that a learner can have,
// with twice as many lessons as there are: a thousand learners take 100 MB.
func TestStore_learnerTakesLessThan100KB(t *testing.T) {
	var c course.Course
	for _, l := range course.Load().Lessons {
		twin := *l
		twin.ID += "b"
		c.Lessons = append(c.Lessons, l, &twin)
	}
	file := filepath.Join(t.TempDir(), "lessons.db")
	tr, s := openTracker(t, file, &c)
	all := map[string]progress{}
	for _, l := range c.Lessons {
		p := newProgress(l)
		p.State, p.StartedAt, p.DoneAt = StateDone, time.UnixMilli(clock), time.UnixMilli(clock)
		for n := range p.Seen {
			p.Seen[n] = clock
		}
		p.Answers, p.Hints = map[string]int{course.PredictID: 1, "who-is-who": 2, "another": 3}, []int{1, 2}
		all[l.ID] = p
	}
	tr.Restore(all)
	routes := []string{"GET /api/v1/menu", "POST /api/v1/auth/login", "GET /api/v1/kitchen/orders", "PATCH /api/v1/kitchen/orders/:id"}
	for n := range keepFacts {
		observe(tr, fact(routes[n%len(routes)], 401, withToken(hash(fmt.Sprint(n)), "token-signature-invalid"),
			func(f *course.Fact) { f.Problem, f.Who = "token-signature-invalid", 1 }))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 100_000 {
		t.Errorf("a learner takes %d bytes", info.Size())
	}
}

// BenchmarkObserve is what a request costs for which lessons wait, and one for which none
// does, while facts are written.
func BenchmarkObserve(b *testing.B) {
	for _, route := range []string{"GET /api/v1/auth/me", "GET /api/v1/orders"} {
		b.Run(route, func(b *testing.B) {
			tr, _ := openTracker(b, filepath.Join(b.TempDir(), "lessons.db"), course.Load())
			f := fact(route, 200)
			b.ReportAllocs()
			n := uint64(0)
			for b.Loop() {
				n++
				f.TokenHash, f.Token = n%100+1, course.TokenValid
				tr.Observe(f)
			}
		})
	}
}
