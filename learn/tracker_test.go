package learn

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

// class is a course of one lesson with the given condition.
func class(done Condition) (*Tracker, *Lesson) {
	l := &Lesson{ID: "L01", Done: done, Predict: Question{ID: PredictID, Choices: []string{"a", "b"}, Answer: 1},
		Questions: []Question{{ID: "who", Choices: []string{"a", "b"}, Answer: 2}}}
	return NewTracker(&Course{Lessons: []*Lesson{l}}), l
}

var clock = int64(1_700_000_000_000)

func fact(route string, status int, more ...func(*Fact)) Fact {
	clock++
	method, route, _ := strings.Cut(route, " ")
	f := Fact{At: clock, Method: method, Route: route, Status: status, Token: tokenNone}
	for _, m := range more {
		m(&f)
	}
	return f
}

func with(token uint64, state string) func(*Fact) {
	return func(f *Fact) { f.TokenHash, f.Token = token, state }
}

func order(n int64, replayed bool) func(*Fact) {
	return func(f *Fact) { f.Order, f.Replayed = n, replayed }
}

// watch feeds facts to a table and gives what the last one changed.
func watch(tr *Tracker, facts ...Fact) (news string) {
	for _, f := range facts {
		news = tr.Observe(Main, f)
	}
	return news
}

func TestAllMayComeInAnyOrder(t *testing.T) {
	tr, _ := class(Condition{All: []Pattern{{See: "a", Route: "GET /a", Status: []int{200}}, {See: "b", Route: "GET /b", Problem: "p"}}})
	b := func(f *Fact) { f.Problem = "p" }
	for i, want := range []struct {
		fact Fact
		news string
	}{
		{fact("GET /b", 404), ""}, {fact("GET /b", 404, b), "L01 1/2"}, {fact("GET /b", 404, b), ""},
		{fact("GET /a", 500), ""}, {fact("POST /a", 200), ""}, {fact("GET /a", 200), "L01 done; next=none"}, {fact("GET /a", 200), ""},
	} {
		if news := watch(tr, want.fact); news != want.news {
			t.Errorf("fact %d changes %q, want %q", i, news, want.news)
		}
	}
}

func TestASequenceNeedsItsOrder(t *testing.T) {
	seq := Condition{Seq: []Pattern{{See: "a", Route: "GET /a"}, {See: "b", Route: "GET /b"}, {See: "a again", Route: "GET /a"}}}
	a, b := func() Fact { return fact("GET /a", 200) }, func() Fact { return fact("GET /b", 200) }
	for _, tc := range []struct {
		name  string
		facts []Fact
		done  bool
	}{
		{"in order", []Fact{a(), b(), a()}, true},
		{"with others in between", []Fact{b(), a(), a(), a(), b(), b(), fact("GET /c", 200), a()}, true},
		{"one of them is missing", []Fact{a(), a(), a(), a()}, false},
		{"the other way round", []Fact{b(), a(), b()}, false},
		{"one fact does not count twice", []Fact{a(), b()}, false},
	} {
		tr, l := class(seq)
		watch(tr, tc.facts...)
		if p := tr.snapshot(Main).of(l); (p.State == StateDone) != tc.done {
			t.Errorf("%s: %s, still to see %v", tc.name, p.State, p.stillToSee(l))
		}
	}
}

// TestTheSameTokenAllAlong mixes two learners' tokens and orders.
func TestTheSameTokenAllAlong(t *testing.T) {
	expire := Condition{Seq: []Pattern{
		{See: "valid", Route: "GET /me", Token: "valid", Same: sameToken},
		{See: "expired", Route: "GET /me", Token: "token-expired", Same: sameToken},
	}}
	me := func(token uint64, state string) Fact { return fact("GET /me", 200, with(token, state)) }
	for _, tc := range []struct {
		name  string
		facts []Fact
		done  bool
	}{
		{"the same", []Fact{me(1, "valid"), me(1, "token-expired")}, true},
		{"another", []Fact{me(1, "valid"), me(2, "token-expired")}, false},
		{"the first of two", []Fact{me(1, "valid"), me(2, "valid"), me(1, "token-expired")}, true},
		{"the second of two", []Fact{me(1, "valid"), me(2, "valid"), me(2, "token-expired")}, true},
		{"one without a jti", []Fact{me(0, "valid"), me(0, "token-expired")}, false},
		{"the other way round", []Fact{me(1, "token-expired"), me(1, "valid")}, false},
	} {
		tr, l := class(expire)
		watch(tr, tc.facts...)
		if got := tr.snapshot(Main).of(l).State == StateDone; got != tc.done {
			t.Errorf("%s: done %t", tc.name, got)
		}
	}
	again := Condition{Seq: []Pattern{
		{See: "ordered", Route: "POST /orders", Same: sameOrder}, {See: "again", Route: "POST /orders", Same: sameOrder, Replayed: new(true)},
	}}
	tr, _ := class(again)
	if news := watch(tr, fact("POST /orders", 201, order(1, false)), fact("POST /orders", 201, order(2, false)), fact("POST /orders", 201, order(1, true))); !strings.Contains(news, "done") {
		t.Errorf("the same order again: %q", news)
	}
	tr, _ = class(again)
	if news := watch(tr, fact("POST /orders", 201, order(1, false)), fact("POST /orders", 201, order(2, true))); news != "" {
		t.Errorf("another order again: %q", news)
	}
}

// TestACrowdTakesNoMemory sends more tokens than a sequence remembers: the newest
// can still complete it.
func TestACrowdTakesNoMemory(t *testing.T) {
	tr, l := class(Condition{Seq: []Pattern{
		{See: "valid", Route: "GET /me", Token: "valid", Same: sameToken}, {See: "expired", Route: "GET /me", Token: "token-expired", Same: sameToken},
	}})
	const crowd = 10 * maxTrails
	for n := range crowd {
		watch(tr, fact("GET /me", 200, with(uint64(n+1), "valid")))
	}
	if n := len(tr.snapshot(Main).of(l).Trails); n > maxTrails {
		t.Errorf("%d ways are remembered", n)
	}
	if news := watch(tr, fact("GET /me", 401, with(1, "token-expired"))); news != "" {
		t.Errorf("the first of them: %q", news)
	}
	if news := watch(tr, fact("GET /me", 401, with(crowd, "token-expired"))); !strings.Contains(news, "done") {
		t.Errorf("the last of them: %q", news)
	}
}

func TestTwoDifferentClients(t *testing.T) {
	tr, _ := class(Condition{All: []Pattern{{See: "two", Route: "GET /a", Different: differentClient}}})
	by := func(client uint64) Fact { return fact("GET /a", 200, func(f *Fact) { f.Client = client }) }
	if news := watch(tr, by(0), by(1), by(1)); news != "" {
		t.Errorf("one client: %q", news)
	}
	if news := watch(tr, by(2)); !strings.Contains(news, "done") {
		t.Errorf("two clients: %q", news)
	}
}

func TestAnswersAndHintsAreNotedAndCostNothing(t *testing.T) {
	tr, l := class(Condition{All: []Pattern{{See: "who", Answer: "who"}}})
	if right, news := tr.Answer(Main, l, l.Predict, 2); right || news != "" {
		t.Errorf("a wrong guess: %t %q", right, news)
	}
	tr.Answer(Main, l, l.Predict, 1)
	tr.Hint(Main, l, 2)
	tr.Hint(Main, l, 2)
	if right, _ := tr.Answer(Main, l, l.Questions[0], 1); right {
		t.Error("a wrong answer is right")
	}
	if right, news := tr.Answer(Main, l, l.Questions[0], 2); !right || news != "L01 done; next=none" {
		t.Errorf("the right answer: %t %q", right, news)
	}
	p := tr.snapshot(Main).of(l)
	if p.Answers[PredictID] != 2 || p.Answers["who"] != 2 || p.Attempts != 1 || !slices.Equal(p.Hints, []int{2}) || p.StartedAt.IsZero() || p.DoneAt.IsZero() {
		t.Errorf("kept is %+v", p)
	}
}

// TestTwoTablesSideBySide sees nothing cross over, in memory or on the disk.
func TestTwoTablesSideBySide(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lessons.db")
	tr, l := class(Condition{Seq: []Pattern{{See: "a", Route: "GET /a", Status: []int{200}}, {See: "b", Route: "GET /b", Status: []int{200}}}})
	b := openBook(t, file, tr)
	tr.Observe("07", fact("GET /a", 200))
	tr.Observe("08", fact("GET /b", 200))
	tr.Observe("08", fact("GET /a", 200))
	tr.Hint("08", l, 1)
	if news := tr.Observe("07", fact("GET /b", 200)); news != "L01 done; next=none" {
		t.Errorf("table 07: %q", news)
	}
	check := func(tr *Tracker) {
		t.Helper()
		for name, want := range map[string]State{"07": StateDone, "08": StateStarted, Main: StateOpen} {
			if p := tr.snapshot(name).of(l); p.State != want || (len(p.Hints) > 0) != (name == "08") {
				t.Errorf("table %s: %+v", name, p)
			}
		}
	}
	check(tr)
	for name, want := range map[string]int{"07": 2, "08": 2, Main: 0} {
		facts, err := b.Facts(t.Context(), name, 20)
		if err != nil || len(facts) != want {
			t.Errorf("table %s has %d facts, %v", name, len(facts), err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := NewTracker(tr.course)
	openBook(t, file, again)
	check(again)
	again.Reset("07")
	if p, other := again.snapshot("07").of(l), again.snapshot("08").of(l); p.State != StateOpen || other.State != StateStarted {
		t.Errorf("after the reset of one: %+v, %+v", p, other)
	}
	if news := again.Observe("08", fact("GET /b", 200)); news != "L01 done; next=none" {
		t.Errorf("what was half seen before the restart goes on: %q", news)
	}
}

func openBook(t testing.TB, file string, tr *Tracker) *Store {
	t.Helper()
	b, err := OpenBook(context.Background(), file, tr, silent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// TestALessonThatHasChangedForgetsOnlyWhatWasHalfSeen opens the book of an
// earlier release.
func TestALessonThatHasChangedForgetsOnlyWhatWasHalfSeen(t *testing.T) {
	for _, tc := range []struct {
		facts []Fact
		want  State
	}{{[]Fact{fact("GET /a", 200)}, StateStarted}, {[]Fact{fact("GET /a", 200), fact("GET /b", 200)}, StateDone}} {
		file := filepath.Join(t.TempDir(), "lessons.db")
		old, _ := class(Condition{All: []Pattern{{See: "a", Route: "GET /a"}, {See: "b", Route: "GET /b"}}})
		b := openBook(t, file, old)
		watch(old, tc.facts...)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		now, l := class(Condition{All: []Pattern{{See: "c", Route: "GET /c"}, {See: "b", Route: "GET /b"}}})
		openBook(t, file, now)
		if p := now.snapshot(Main).of(l); p.State != tc.want || tc.want != StateDone && len(p.stillToSee(l)) != 2 {
			t.Errorf("%s became %+v", tc.want, p)
		}
	}
}

// TestNoFactIsLostUnderNormalLoad keeps the writer running while requests come in.
func TestNoFactIsLostUnderNormalLoad(t *testing.T) {
	tr, _ := class(Condition{All: []Pattern{{See: "a", Route: "GET /a"}}})
	b := openBook(t, filepath.Join(t.TempDir(), "lessons.db"), tr)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { b.Run(ctx); close(ended) }()
	const tables, facts = 4, keepFacts / 2
	for n := range facts {
		for i := range tables {
			tr.Observe(fmt.Sprint("t", i), fact("GET /b", n))
		}
	}
	stop()
	<-ended
	for i := range tables {
		kept, err := b.Facts(t.Context(), fmt.Sprint("t", i), 2*facts)
		if err != nil || len(kept) != facts {
			t.Fatalf("table %d has %d facts, %v", i, len(kept), err)
		}
		for n, f := range kept {
			if f.Status != facts-1-n {
				t.Fatalf("fact %d of table %d is %+v", n, i, f)
			}
		}
	}
}

// TestARushIsBounded lets more come than the book takes: it counts all the same.
func TestARushIsBounded(t *testing.T) {
	tr, l := class(Condition{All: []Pattern{{See: "a", Route: "GET /a"}}})
	b := openBook(t, filepath.Join(t.TempDir(), "lessons.db"), tr)
	for range 3 * maxPending {
		watch(tr, fact("GET /b", 200))
	}
	watch(tr, fact("GET /a", 200))
	if tab := tr.tables[Main]; len(tab.pending) != maxPending || tab.lost != 2*maxPending+1 {
		t.Errorf("%d wait, %d are lost", len(tab.pending), tab.lost)
	}
	kept, err := b.Facts(t.Context(), Main, 10*maxPending)
	if err != nil || len(kept) != keepFacts || tr.snapshot(Main).of(l).State != StateDone {
		t.Errorf("%d are kept, %v", len(kept), err)
	}
}

// TestABookThatCannotBeWrittenLosesNothing closes the file under the tracker.
func TestABookThatCannotBeWrittenLosesNothing(t *testing.T) {
	tr, _ := class(Condition{All: []Pattern{{See: "a", Route: "GET /a"}}})
	file := filepath.Join(t.TempDir(), "lessons.db")
	broken := openBook(t, file, tr)
	broken.db.Close()
	watch(tr, fact("GET /b", 200), fact("GET /a", 200))
	if err := broken.write(t.Context()); err == nil {
		t.Fatal("a closed file takes facts")
	}
	watch(tr, fact("GET /c", 200))
	twin := &Store{db: openBook(t, file, NewTracker(tr.course)).db, tracker: tr, log: silent}
	facts, err := twin.Facts(t.Context(), Main, 10)
	if err != nil || len(facts) != 3 || facts[0].Route != "/c" {
		t.Errorf("kept is %+v, %v", facts, err)
	}
	var records int
	if err := twin.db.QueryRow(`SELECT count(*) FROM progress`).Scan(&records); err != nil || records != 1 {
		t.Errorf("%d records, %v", records, err)
	}
}

func TestABookThatIsNoneIsRefused(t *testing.T) {
	tr, _ := class(Condition{All: []Pattern{{See: "a", Route: "GET /a"}}})
	for name, spoil := range map[string]func(file string){
		"damaged":                    func(file string) { os.WriteFile(file, []byte(strings.Repeat("no database ", 1000)), 0o600) },
		"of another program":         func(file string) { alter(t, file, "PRAGMA application_id = 1") },
		"written by a newer release": func(file string) { alter(t, file, "PRAGMA user_version = 9") },
		"a record":                   func(file string) { alter(t, file, `INSERT INTO progress VALUES ('main', 'L01', '', 'no JSON')`) },
	} {
		file := filepath.Join(t.TempDir(), "lessons.db")
		spoil(file)
		_, err := OpenBook(t.Context(), file, tr, silent)
		if err == nil || !strings.Contains(err.Error(), "lessons.db") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// alter makes a good book and changes it.
func alter(t *testing.T, file, stmt string) {
	tr, _ := class(Condition{All: []Pattern{{See: "a", Route: "GET /a"}}})
	b := openBook(t, file, tr)
	if _, err := b.db.Exec(stmt); err != nil {
		t.Fatal(err)
	}
	b.Close()
}

// fullTables fills the tables of so many learners with all that they can have:
// every lesson done, and the newest facts.
func fullTables(t testing.TB, tr *Tracker, b *Store, learners int) {
	t.Helper()
	routes := []string{"GET /api/v1/menu", "POST /api/v1/auth/login", "GET /api/v1/kitchen/orders", "PATCH /api/v1/kitchen/orders/:id"}
	for i := range learners {
		name := fmt.Sprintf("%04d", i)
		for n, l := range tr.course.Lessons {
			p := newProgress(l)
			p.State, p.StartedAt, p.DoneAt, p.dirty = StateDone, time.UnixMilli(clock), time.UnixMilli(clock), true
			for s := range p.Seen {
				p.Seen[s] = clock
			}
			p.Answers, p.Hints = map[string]int{PredictID: 1, "who-is-who": 2, "another": 3}, []int{1, 2}
			tr.mu.Lock()
			tr.table(name).progress[n] = p
			tr.mu.Unlock()
		}
		for n := range keepFacts {
			tr.Observe(name, fact(routes[n%len(routes)], 401, with(hash(name+fmt.Sprint(n)), "token-signature-invalid"),
				func(f *Fact) { f.Problem, f.Who = "token-signature-invalid", int64(i) }))
		}
		if err := b.write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAThousandLearnersFitIntoAHundredMegabytes writes a tenth of them, with
// twice as many lessons as there are.
func TestAThousandLearnersFitIntoAHundredMegabytes(t *testing.T) {
	const learners, megabytes = 100, 100
	c := course(t)
	c.Lessons = slices.Concat(c.Lessons, c.Lessons)
	for n := range c.Lessons[len(c.Lessons)/2:] {
		twin := *c.Lessons[n]
		twin.ID = fmt.Sprintf("L%02d", n+50)
		c.Lessons[len(c.Lessons)/2+n] = &twin
	}
	tr := NewTracker(c)
	file := filepath.Join(t.TempDir(), "lessons.db")
	b := openBook(t, file, tr)
	fullTables(t, tr, b, learners)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d learners take %d KiB, so 1000 take %d MB", learners, info.Size()>>10, info.Size()*1000/learners/1_000_000)
	if info.Size() > megabytes*1_000_000*learners/1000 {
		t.Errorf("%d learners take %d bytes", learners, info.Size())
	}
}

// BenchmarkObserve is what a request costs for which lessons wait, and one for
// which none does; the book is written meanwhile.
func BenchmarkObserve(b *testing.B) {
	for _, route := range []string{"GET /api/v1/auth/me", "GET /api/v1/orders"} {
		b.Run(route, func(b *testing.B) {
			tr := NewTracker(course(b))
			book := openBook(b, filepath.Join(b.TempDir(), "lessons.db"), tr)
			ctx, stop := context.WithCancel(b.Context())
			ended := make(chan struct{})
			go func() { book.Run(ctx); close(ended) }()
			f := fact(route, 200)
			b.ReportAllocs()
			n := uint64(0)
			for b.Loop() {
				n++
				f.TokenHash, f.Token = n%100+1, tokenValid
				tr.Observe(Main, f)
			}
			stop()
			<-ended
		})
	}
}

// request is a request of a guest whose wristband was looked at, as the witness
// meets it.
func request() *gin.Context {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/api/v1/auth/me", nil)
	c.Request.Header.Set("User-Agent", "curl/8.14.1")
	return c
}

// TestAPageCanSayThatItIsAnotherProgram although browsers send their own User-Agent.
func TestAPageCanSayThatItIsAnotherProgram(t *testing.T) {
	c := request()
	before := factOf(c).Client
	c.Request.Header.Set("X-User-Agent", "my-first-program")
	page := factOf(c).Client
	c.Request.Header.Del("X-User-Agent")
	c.Request.Header.Set("User-Agent", "my-first-program")
	if curl := factOf(c).Client; page != curl || page == before {
		t.Errorf("curl is %x, the page %x, and %x before it said who it is", curl, page, before)
	}
}

// BenchmarkWitness is all that the lessons cost a request, apart from writing.
func BenchmarkWitness(b *testing.B) {
	tr, c := NewTracker(course(b)), request()
	b.ReportAllocs()
	for b.Loop() {
		tr.Observe(Main, factOf(c))
	}
}

// TestARequestTakesLessThanAKilobyte keeps the writer away, so that the facts
// pile up until there is no more room for them.
func TestARequestTakesLessThanAKilobyte(t *testing.T) {
	const requests = 10 * maxPending
	tr, c := NewTracker(course(t)), request()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		tr.Observe(Main, factOf(c))
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / requests; bytes > 1024 {
		t.Errorf("a request takes %d bytes", bytes)
	}
}
