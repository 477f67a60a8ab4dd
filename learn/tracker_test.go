package learn

import (
	"slices"
	"strings"
	"testing"
	"time"

	"restaurant/learn/course"
)

// newCourse returns a course of one lesson with a condition.
func newCourse(done course.Condition) *course.Course {
	return &course.Course{Lessons: []*course.Lesson{{
		ID: "L01", Done: done, Predict: course.Question{ID: course.PredictID, Choices: []string{"a", "b"}, Answer: 1},
		Questions: []course.Question{{ID: "who", Choices: []string{"a", "b"}, Answer: 2}},
	}}}
}

// newTracker returns a tracker of newCourse that stores nothing.
func newTracker(done course.Condition) *Tracker { return NewTracker(newCourse(done), nil, discard) }

func discard(*course.Fact, []record) {}

// lessonOf returns the first lesson of a tracker.
func lessonOf(tr *Tracker) lesson {
	lessons, _ := tr.snapshot()
	return lessons[0]
}

var clock = int64(1_700_000_000_000)

func fact(route string, status int, more ...func(*course.Fact)) course.Fact {
	clock++
	method, route, _ := strings.Cut(route, " ")
	f := course.Fact{At: clock, Endpoint: course.Endpoint{Method: method, Route: route}, Status: status, Token: course.TokenNone}
	for _, m := range more {
		m(&f)
	}
	return f
}

func withToken(token uint64, state string) func(*course.Fact) {
	return func(f *course.Fact) { f.TokenHash, f.Token = token, state }
}

func withOrder(n int64, replayed bool) func(*course.Fact) {
	return func(f *course.Fact) { f.Order, f.Replayed = n, replayed }
}

// observe observes facts and returns what the last one has changed.
func observe(tr *Tracker, facts ...course.Fact) (news string) {
	for _, f := range facts {
		news = tr.Observe(f)
	}
	return news
}

// TestTracker_allInAnyOrder: the order of All does not matter.
func TestTracker_allInAnyOrder(t *testing.T) {
	tr := newTracker(course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a", Status: []int{200}}, {See: "b", Route: "GET /b", Problem: "p"}}})
	b := func(f *course.Fact) { f.Problem = "p" }
	for i, want := range []struct {
		fact course.Fact
		news string
	}{
		{fact("GET /b", 404), ""}, {fact("GET /b", 404, b), "L01 1/2"}, {fact("GET /b", 404, b), ""},
		{fact("GET /a", 500), ""}, {fact("POST /a", 200), ""}, {fact("GET /a", 200), "L01 done; next=none"}, {fact("GET /a", 200), ""},
	} {
		if news := observe(tr, want.fact); news != want.news {
			t.Errorf("fact %d changes %q, want %q", i, news, want.news)
		}
	}
}

// TestTracker_seqNeedsItsOrder: the order of Seq matters, and others may come in between.
func TestTracker_seqNeedsItsOrder(t *testing.T) {
	seq := course.Condition{Seq: []course.Pattern{{See: "a", Route: "GET /a"}, {See: "b", Route: "GET /b"}, {See: "a again", Route: "GET /a"}}}
	a, b := func() course.Fact { return fact("GET /a", 200) }, func() course.Fact { return fact("GET /b", 200) }
	for _, tc := range []struct {
		name  string
		facts []course.Fact
		done  bool
	}{
		{"in order", []course.Fact{a(), b(), a()}, true},
		{"with others in between", []course.Fact{b(), a(), a(), a(), b(), b(), fact("GET /c", 200), a()}, true},
		{"one of them is missing", []course.Fact{a(), a(), a(), a()}, false},
		{"the other way round", []course.Fact{b(), a(), b()}, false},
		{"one fact does not count twice", []course.Fact{a(), b()}, false},
	} {
		tr := newTracker(seq)
		observe(tr, tc.facts...)
		if l := lessonOf(tr); (l.State == StateDone) != tc.done {
			t.Errorf("%s: %s, still to see %v", tc.name, l.State, l.StillToSee())
		}
	}
}

// TestTracker_sameTokenOrOrder mixes two users' tokens and orders.
func TestTracker_sameTokenOrOrder(t *testing.T) {
	expire := course.Condition{Seq: []course.Pattern{
		{See: "valid", Route: "GET /me", Token: "valid", Same: "token"},
		{See: "expired", Route: "GET /me", Token: "token-expired", Same: "token"},
	}}
	me := func(token uint64, state string) course.Fact { return fact("GET /me", 200, withToken(token, state)) }
	for _, tc := range []struct {
		name  string
		facts []course.Fact
		done  bool
	}{
		{"the same", []course.Fact{me(1, "valid"), me(1, "token-expired")}, true},
		{"another", []course.Fact{me(1, "valid"), me(2, "token-expired")}, false},
		{"the first of two", []course.Fact{me(1, "valid"), me(2, "valid"), me(1, "token-expired")}, true},
		{"the second of two", []course.Fact{me(1, "valid"), me(2, "valid"), me(2, "token-expired")}, true},
		{"one without a jti", []course.Fact{me(0, "valid"), me(0, "token-expired")}, false},
		{"the other way round", []course.Fact{me(1, "token-expired"), me(1, "valid")}, false},
	} {
		tr := newTracker(expire)
		observe(tr, tc.facts...)
		if got := lessonOf(tr).State == StateDone; got != tc.done {
			t.Errorf("%s: done %t", tc.name, got)
		}
	}
	again := course.Condition{Seq: []course.Pattern{
		{See: "ordered", Route: "POST /orders", Same: "order"}, {See: "again", Route: "POST /orders", Same: "order", Replayed: new(true)},
	}}
	tr := newTracker(again)
	if news := observe(tr, fact("POST /orders", 201, withOrder(1, false)), fact("POST /orders", 201, withOrder(2, false)), fact("POST /orders", 201, withOrder(1, true))); !strings.Contains(news, "done") {
		t.Errorf("the same order again: %q", news)
	}
	tr = newTracker(again)
	if news := observe(tr, fact("POST /orders", 201, withOrder(1, false)), fact("POST /orders", 201, withOrder(2, true))); news != "" {
		t.Errorf("another order again: %q", news)
	}
}

// TestTracker_differentClients: one client twice is not two.
func TestTracker_differentClients(t *testing.T) {
	tr := newTracker(course.Condition{All: []course.Pattern{{See: "two", Route: "GET /a", Different: "client"}}})
	by := func(client uint64) course.Fact {
		return fact("GET /a", 200, func(f *course.Fact) { f.Client = client })
	}
	if news := observe(tr, by(0), by(1), by(1)); news != "" {
		t.Errorf("one client: %q", news)
	}
	if news := observe(tr, by(2)); !strings.Contains(news, "done") {
		t.Errorf("two clients: %q", news)
	}
}

// TestTracker_notesAnswersAndHints: neither costs anything.
func TestTracker_notesAnswersAndHints(t *testing.T) {
	tr := newTracker(course.Condition{All: []course.Pattern{{See: "who", Answer: "who"}}})
	l := lessonOf(tr)
	if right, news := tr.Answer("L01", l.Predict, 2); right || news != "" {
		t.Errorf("a wrong guess: %t %q", right, news)
	}
	tr.Answer("L01", l.Predict, 1)
	tr.Hint("L01", 2)
	tr.Hint("L01", 2)
	if right, _ := tr.Answer("L01", l.Questions[0], 1); right {
		t.Error("a wrong answer is right")
	}
	if right, news := tr.Answer("L01", l.Questions[0], 2); !right || news != "L01 done; next=none" {
		t.Errorf("the right answer: %t %q", right, news)
	}
	p := lessonOf(tr).progress
	if p.Answers[course.PredictID] != 2 || p.Answers["who"] != 2 || p.Attempts != 1 || !slices.Equal(p.Hints, []int{2}) || p.StartedAt.IsZero() || p.DoneAt.IsZero() {
		t.Errorf("kept is %+v", p)
	}
}

// TestTracker_forgetsOrders: a lesson that is done stays so, and names the deleted order no more.
func TestTracker_forgetsOrders(t *testing.T) {
	tr := newTracker(course.Condition{Seq: []course.Pattern{{See: "ordered", Route: "POST /orders", Same: "order"}}})
	observe(tr, fact("POST /orders", 201, withOrder(2, false)))
	if l := lessonOf(tr); !l.IsDone() || l.orderMatch().Order != 2 {
		t.Fatalf("%s, order %d", l.State, l.orderMatch().Order)
	}
	tr.ForgetOrders()
	if l := lessonOf(tr); !l.IsDone() || l.orderMatch().Order != 0 || len(l.StillToSee()) != 0 {
		t.Errorf("%s, order %d, still to see %v", l.State, l.orderMatch().Order, l.StillToSee())
	}
}

// TestTracker_foreignPages: what a strange page asks counts only where the pattern wants
// one, and there nothing else counts.
func TestTracker_foreignPages(t *testing.T) {
	tr := newTracker(course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a"}, {See: "b", Route: "GET /a", Foreign: true}}})
	foreign := func(f *course.Fact) { f.Foreign = true }
	for i, want := range []struct {
		fact course.Fact
		news string
	}{
		{fact("GET /a", 200), "L01 1/2"}, {fact("GET /a", 200), ""}, {fact("GET /a", 200, foreign), "L01 done; next=none"},
	} {
		if news := observe(tr, want.fact); news != want.news {
			t.Errorf("fact %d changes %q, want %q", i, news, want.news)
		}
	}
	placed := func(f *course.Fact) { f.Order = 7 }
	observe(tr, fact("POST /api/v1/orders", 201, placed, foreign))
	if _, order := tr.snapshot(); order == 7 {
		t.Errorf("the order of a strange page, %d, is taken for the learner's", order)
	}
}

// TestTracker_extrasDoNotCount: an extra is credited, and is neither counted nor next.
func TestTracker_extrasDoNotCount(t *testing.T) {
	c := newCourse(course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a"}}})
	extra := *c.Lessons[0]
	extra.ID, extra.Extra, extra.Done = "X01", true, course.Condition{All: []course.Pattern{{See: "b", Route: "GET /b"}}}
	c.Lessons = append(c.Lessons, &extra)
	tr := NewTracker(c, nil, discard)
	if news := observe(tr, fact("GET /b", 200)); news != "X01 done; next=L01" {
		t.Errorf("the extra changes %q", news)
	}
	lessons, _ := tr.snapshot()
	if o := (overview{Lessons: lessons}); o.Count() != 1 || o.DoneCount() != 0 || len(c.Select("")) != 1 || len(c.Select("X01")) != 1 {
		t.Errorf("%d of %d are done, and %d are printed", o.DoneCount(), o.Count(), len(c.Select("")))
	}
	tr.Restore(nil)
	if news := observe(tr, fact("GET /a", 200)); news != "L01 done; next=none" {
		t.Errorf("with only an extra left: %q", news)
	}
}

// TestTracker_minimum: so many requests, however they are spread over restarts.
func TestTracker_minimum(t *testing.T) {
	done := course.Condition{All: []course.Pattern{{See: "three", Route: "GET /a", Status: []int{200}, Min: 3}}}
	tr := newTracker(done)
	if news := observe(tr, fact("GET /a", 200), fact("GET /a", 404), fact("GET /a", 200)); news != "" {
		t.Errorf("two change %q", news)
	}
	tr = NewTracker(newCourse(done), []record{newRecord(lessonOf(tr))}, discard)
	if news := observe(tr, fact("GET /a", 200)); news != "L01 done; next=none" {
		t.Errorf("the third changes %q", news)
	}
}

// TestTracker_groupOfQuestions: so many different questions, and not one of them twice.
func TestTracker_groupOfQuestions(t *testing.T) {
	c := newCourse(course.Condition{All: []course.Pattern{{See: "two", Answer: "cases", Min: 2}}})
	l := c.Lessons[0]
	l.Questions = nil
	for _, id := range []string{"a", "b", "c"} {
		l.Questions = append(l.Questions, course.Question{ID: id, Group: "cases", Choices: []string{"x", "y"}, Answer: 1})
	}
	tr := NewTracker(c, nil, discard)
	for i, want := range []struct {
		question, choice int
		news             string
	}{{0, 1, ""}, {0, 1, ""}, {1, 2, ""}, {0, 2, ""}, {2, 1, ""}, {0, 1, "L01 done; next=none"}} {
		if _, news := tr.Answer("L01", l.Questions[want.question], want.choice); news != want.news {
			t.Errorf("answer %d changes %q, want %q", i, news, want.news)
		}
	}
}

// TestTracker_viaAndNoted: what was reported counts only where a pattern asks for it.
func TestTracker_viaAndNoted(t *testing.T) {
	tr := newTracker(course.Condition{All: []course.Pattern{
		{See: "here", Route: "GET /me"}, {See: "there", Route: "GET /me", Via: "kiosk"}, {See: "repaired", Route: "GET /me", Noted: "repaired"},
	}})
	via := func(place string) func(*course.Fact) { return func(f *course.Fact) { f.Via = place } }
	noted := func(word string) func(*course.Fact) { return func(f *course.Fact) { f.Noted = word } }
	for i, want := range []struct {
		fact course.Fact
		news string
	}{
		{fact("GET /me", 200, via("wire"), noted("repaired")), ""}, {fact("GET /me", 200, via("kiosk")), "L01 1/3"}, {fact("GET /me", 200, noted("broken")), "L01 2/3"},
		{fact("GET /me", 200), ""}, {fact("GET /me", 200, noted("repaired")), "L01 done; next=none"},
	} {
		if news := observe(tr, want.fact); news != want.news {
			t.Errorf("fact %d changes %q, want %q", i, news, want.news)
		}
	}
}

// TestTracker_locked: facts count for a lesson that is locked, in silence, and it is done as
// soon as its part opens: because the part before is done, or because a teacher says so.
func TestTracker_locked(t *testing.T) {
	lessons := func() *course.Course {
		c := &course.Course{}
		for id, part := range map[string]string{"L01": "I.", "L02": "II.", "L03": "III."} {
			c.Lessons = append(c.Lessons, &course.Lesson{ID: id, Part: part, Done: course.Condition{All: []course.Pattern{{See: id, Route: "GET /" + id}}}})
		}
		slices.SortFunc(c.Lessons, func(a, b *course.Lesson) int { return strings.Compare(a.ID, b.ID) })
		return c
	}
	states := func(tr *Tracker) (all []State) {
		now, _ := tr.snapshot()
		for _, l := range now {
			all = append(all, l.Shown())
		}
		return all
	}
	want := func(tr *Tracker, news, wantNews string, wanted ...State) {
		t.Helper()
		if got := states(tr); news != wantNews || !slices.Equal(got, wanted) {
			t.Errorf("%q and %v, want %q and %v", news, got, wantNews, wanted)
		}
	}
	open := ""
	newLocked := func() *Tracker {
		tr := NewTracker(lessons(), nil, discard)
		tr.isOpen = func(part string) bool { return part == open }
		return tr
	}

	tr := newLocked()
	want(tr, "", "", StateOpen, StateLocked, StateLocked)
	want(tr, observe(tr, fact("GET /L02", 200)), "", StateOpen, StateLocked, StateLocked)
	if cert := newCertificate("i", tr.lessons, time.Now()); len(cert.Lessons) != 0 {
		t.Errorf("the certificate names a locked lesson: %v", cert.Lessons)
	}
	want(tr, observe(tr, fact("GET /L01", 200)), "L01 done; next=L02, L02 done; next=L03", StateDone, StateDone, StateOpen)

	tr = newLocked()
	observe(tr, fact("GET /L03", 200))
	open = "III."
	tr.Settle()
	want(tr, "", "", StateOpen, StateLocked, StateDone)

	tr = newLocked()
	tr.isOpen = nil
	want(tr, observe(tr, fact("GET /L03", 200)), "L03 done; next=L01", StateOpen, StateOpen, StateDone)
}

// TestTracker_saysWhatIsAsked: a refusal that a lesson asks for and that counts for nothing; but only
// while the lesson is begun, and not one that has counted and is tried again.
func TestTracker_saysWhatIsAsked(t *testing.T) {
	c := newCourse(course.Condition{All: []course.Pattern{{See: "a", Route: "GET /a", Status: []int{401}}, {See: "b", Route: "GET /b"}}})
	c.Lessons[0].Asks = []course.Pattern{{Route: "GET /c", Status: []int{405}}}
	var asked []bool
	tr := NewTracker(c, nil, func(f *course.Fact, _ []record) { asked = append(asked, f.Asked) })
	observe(tr, fact("GET /c", 405), fact("GET /a", 401), fact("GET /a", 401), fact("GET /a", 403), fact("GET /c", 405), fact("GET /b", 200), fact("GET /a", 401))
	if want := []bool{false, false, false, false, true, false, false}; !slices.Equal(asked, want) {
		t.Errorf("asked for are %v, want %v", asked, want)
	}
}
