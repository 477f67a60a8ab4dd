package learn

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"restaurant/learn/course"
)

// This test sends random learners through all lessons, and asks a slow model beside the
// tracker after each event. The model forgets nothing that could count: it keeps all facts
// and answers of a lesson since its last reset, and looks in all of them for what the
// condition says.

const (
	learners  = 200
	eventsOf  = 200 // per learner
	trailsMax = 32  // from here on the tracker forgets partial matches, and the model does not
)

// deed is one thing that a learner does, or that happens to the server.
type deed struct {
	kind     string // fact, answer, hint, reset or restart, which is a fact, too
	fact     course.Fact
	lesson   int // of an answer, a hint or a reset
	question course.Question
	choice   int
}

func (d deed) String() string {
	switch d.kind {
	case "fact":
		return fmt.Sprintf("fact %+v", d.fact)
	case "restart":
		return d.kind
	}
	return fmt.Sprintf("%s in lesson number %d: question %q, choice %d", d.kind, d.lesson+1, d.question.ID, d.choice)
}

// TestRandomPaths_asTheModelSays: what was right is credited, and nothing else, also in the
// wrong order, with repeated steps, wrong answers, other accounts and restarts in between.
func TestRandomPaths_asTheModelSays(t *testing.T) {
	if known, all := 21, reflect.TypeFor[course.Pattern]().NumField(); known != all {
		t.Fatalf("a pattern has %d members, and the model knows %d: add the others to fits and changed", all, known)
	}
	c := course.Load()
	done, seen := make([]int, len(c.Lessons)), map[string]int{}
	for seed := range uint64(learners) {
		path, end := wander(c, seed)
		if step, difference := play(c, path); difference != "" {
			path = shorten(c, path[:step+1])
			_, shortest := play(c, path)
			var told strings.Builder
			for n, d := range path {
				fmt.Fprintf(&told, "\n  %d. %s", n+1, d)
			}
			t.Fatalf("seed %d, step %d: %s\nThe shortest path to a difference: %s%s", seed, step+1, difference, shortest, told.String())
		}
		for n, l := range end {
			if l.state() == StateDone {
				done[n]++
			}
			for i := range l.seen {
				seen[l.ID+" "+strconv.Itoa(i)] += count(l.seen[i : i+1])
			}
		}
	}
	// Where nobody gets, nothing was compared.
	for n, l := range c.Lessons {
		if done[n] < 5 || done[n] == learners {
			t.Errorf("%d of %d learners have done %s; want some and not all", done[n], learners, l.ID)
		}
		for i, p := range l.Done.Patterns() {
			if seen[l.ID+" "+strconv.Itoa(i)] == 0 {
				t.Errorf("%s: nobody has shown %q", l.ID, p.See)
			}
		}
	}
	t.Logf("learners who have done each lesson: %v", done)
}

// play does a path with a tracker and with the model, and returns the first step at which
// they differ, with both views; an empty difference if they never do.
func play(c *course.Course, path []deed) (step int, difference string) {
	saved := map[string]record{}
	save := func(_ *course.Fact, records []record) {
		for _, r := range records {
			saved[r.lesson] = r
		}
	}
	tr, m := NewTracker(c, nil, save), newModel(c)
	for step, d := range path {
		before := m.seenCounts()
		m.happen(d)
		var header string
		switch d.kind {
		case "fact":
			header = tr.Observe(d.fact)
		case "answer":
			_, header = tr.Answer(c.Lessons[d.lesson].ID, d.question, d.choice)
		case "hint":
			tr.Hint(c.Lessons[d.lesson].ID, d.choice)
		case "reset":
			tr.Reset(c.Lessons[d.lesson].ID)
		case "restart":
			tr = NewTracker(c, reread(saved), save)
			header = tr.Start()
		}
		if difference := m.differs(tr); difference != "" {
			return step, difference
		}
		if d.kind != "reset" {
			if want, got := m.news(before), lastWords(header); !maps.Equal(want, got) {
				return step, fmt.Sprintf("the header says %q, the model %v", header, want)
			}
		}
	}
	return 0, ""
}

// reread returns the records as they are after they were stored as JSON and read again.
func reread(saved map[string]record) (records []record) {
	for _, r := range saved {
		text, err := json.Marshal(r.progress, json.Deterministic(true))
		r.progress = progress{}
		if err == nil {
			err = json.Unmarshal(text, &r.progress)
		}
		if err != nil {
			panic(err)
		}
		records = append(records, r)
	}
	return records
}

// lastWords is what a header says last of each lesson: one fact may take it several steps on.
func lastWords(header string) map[string]string {
	words := map[string]string{}
	for part := range strings.SplitSeq(header, ", ") {
		if id, text, ok := strings.Cut(part, " "); ok {
			words[id] = text
		}
	}
	return words
}

// shorten leaves out of a path everything without which it still shows a difference.
func shorten(c *course.Course, path []deed) []deed {
	for before := 0; before != len(path); {
		before = len(path)
		for n := len(path) - 1; n >= 0; n-- {
			without := slices.Delete(slices.Clone(path), n, n+1)
			if _, difference := play(c, without); difference != "" {
				path = without
			}
		}
	}
	return path
}

// model is what a lesson must show, by definition.
type model []*expected

// expected is a lesson and all that has happened in it since it was started over.
type expected struct {
	*course.Lesson
	patterns []course.Pattern // those of All first, like seen
	facts    []course.Fact    // those that fit one of them
	answers  []deed
	touched  bool // an answer was given, or a hint taken
	seen     []bool
}

func newModel(c *course.Course) (m model) {
	for _, l := range c.Lessons {
		m = append(m, newExpected(l))
	}
	return m
}

func newExpected(l *course.Lesson) *expected {
	patterns := l.Done.Patterns()
	return &expected{Lesson: l, patterns: patterns, seen: make([]bool, len(patterns))}
}

func (m model) happen(d deed) {
	switch d.kind {
	case "fact", "restart":
		for _, l := range m {
			if slices.ContainsFunc(l.patterns, func(p course.Pattern) bool { return fits(p, d.fact) }) {
				l.facts = append(l.facts, d.fact)
				l.look()
			}
		}
	case "answer":
		m[d.lesson].touched = true
		m[d.lesson].answers = append(m[d.lesson].answers, d)
		m[d.lesson].look()
	case "hint":
		m[d.lesson].touched = true
	case "reset":
		m[d.lesson] = newExpected(m[d.lesson].Lesson)
	}
}

func (m model) seenCounts() (counts []int) {
	for _, l := range m {
		counts = append(counts, count(l.seen))
	}
	return counts
}

// news is what the header must say last of each lesson of which more is seen than before.
func (m model) news(before []int) map[string]string {
	news, next := map[string]string{}, "none"
	for _, l := range slices.Backward(m) {
		if !l.Extra && l.state() != StateDone {
			next = l.ID
		}
	}
	for n, l := range m {
		switch now := count(l.seen); {
		case now == before[n]:
		case now == len(l.seen):
			news[l.ID] = "done; next=" + next
		default:
			news[l.ID] = fmt.Sprintf("%d/%d", now, len(l.seen))
		}
	}
	return news
}

// differs returns the first lesson of which tracker and model do not say the same, and what
// both say.
func (m model) differs(tr *Tracker) string {
	lessons, _ := tr.snapshot()
	for n, l := range lessons {
		seen := make([]bool, len(l.Seen))
		for i, at := range l.Seen {
			seen[i] = at != 0
		}
		if l.State != m[n].state() || !slices.Equal(seen, m[n].seen) {
			return fmt.Sprintf("%s: the tracker says %s, seen %v; the model says %s, seen %v", l.ID, l.State, seen, m[n].state(), m[n].seen)
		}
		if len(l.Trails) >= trailsMax {
			return l.ID + ": the path has too many tokens and orders, so that the tracker may forget some: let wander use fewer"
		}
	}
	return ""
}

func count(seen []bool) (n int) {
	for _, s := range seen {
		if s {
			n++
		}
	}
	return n
}

func (l *expected) state() State {
	switch {
	case !slices.Contains(l.seen, false):
		return StateDone
	case l.touched || slices.Contains(l.seen, true):
		return StateStarted
	}
	return StateOpen
}

// look goes through everything that has happened, and asks of each pattern that was not shown
// before if it is now. Nothing that happens later takes that back.
func (l *expected) look() {
	for i, p := range l.Done.All {
		l.seen[i] = l.seen[i] || l.shows(p)
	}
	for i := range l.Done.Seq {
		seen := &l.seen[len(l.Done.All)+i]
		*seen = *seen || l.follows(i+1, reached{}, map[reached]bool{})
	}
}

// shows reports if there are facts or answers enough for a pattern of All.
func (l *expected) shows(p course.Pattern) bool {
	if p.Answer != "" {
		return l.mostRight(p.Answer) >= max(1, p.Min)
	}
	fitting, clients, subjects := 0, map[uint64]bool{}, map[uint64]bool{}
	for _, f := range l.facts {
		if fits(p, f) {
			fitting++
			clients[f.Client], subjects[f.Subject] = true, true
		}
	}
	switch p.Different {
	case "client":
		return len(clients) >= 2
	case "subject":
		return len(subjects) >= 2
	}
	return fitting >= max(1, p.Min)
}

// mostRight is how many questions of a group, or with an id, were answered rightly at the
// same time, when they were most.
func (l *expected) mostRight(group string) (most int) {
	right := map[string]bool{}
	for _, a := range l.answers {
		if cmp.Or(a.question.Group, a.question.ID) == group {
			right[a.question.ID] = a.choice == a.question.Answer
			most = max(most, count(slices.Collect(maps.Values(right))))
		}
	}
	return most
}

// reached is how many patterns of a sequence are found before a fact, with which token and
// order; 0 while any will do.
type reached struct {
	patterns, before int
	token            uint64
	order            int64
}

// follows reports if from a place on the facts show the first n patterns of the sequence, in
// this order and with the same token and order. It tries every fact for every pattern, and
// notes from where it was in vain.
func (l *expected) follows(n int, from reached, without map[reached]bool) bool {
	if from.patterns == n {
		return true
	}
	if without[from] {
		return false
	}
	p := l.Done.Seq[from.patterns]
	for i := from.before; i < len(l.facts); i++ {
		f := l.facts[i]
		if !fits(p, f) {
			continue
		}
		next := reached{from.patterns + 1, i + 1, from.token, from.order}
		if p.Same == "token" && !also(p, f) {
			next.token = f.TokenHash
		}
		if p.Same == "order" {
			next.order = f.Order
		}
		isAnother := from.token != 0 && next.token != from.token || from.order != 0 && next.order != from.order
		if !isAnother && l.follows(n, next, without) {
			return true
		}
	}
	without[from] = true
	return false
}

// also reports if the token was refused in the other way that is as good.
func also(p course.Pattern, f course.Fact) bool {
	return p.TokenAlso != "" && f.Token == p.TokenAlso
}

// fits reports if a fact is what a pattern describes, member by member.
func fits(p course.Pattern, f course.Fact) bool {
	is := func(wanted, said string) bool { return wanted == "" || wanted == said }
	return p.Answer == "" &&
		p.Route == f.Method+" "+f.Route && p.Via == f.Via && p.Foreign == f.Foreign &&
		(p.Status == nil || slices.Contains(p.Status, f.Status)) &&
		is(p.Problem, f.Problem) && is(p.Role, f.Role) && is(p.OrderStatus, f.OrderStatus) && is(p.LoginName, f.LoginName) && is(p.Noted, f.Noted) &&
		(is(p.Token, f.Token) || also(p, f)) &&
		(p.VIP == nil || f.Token == "valid" && f.VIP == *p.VIP) &&
		(p.Replayed == nil || f.Replayed == *p.Replayed) &&
		(!p.Active || f.Active) && (!p.KeyFile || f.KeyFile) &&
		(p.Same != "token" || f.TokenHash != 0 || also(p, f)) &&
		(p.Same != "order" || f.Order != 0) &&
		(p.Different != "client" || f.Client != 0) &&
		(p.Different != "subject" || f.Subject != 0)
}

// walk makes the path of one learner.
type walk struct {
	*rand.Rand
	course *course.Course
	model  model
	order  []int // of the lessons, as this learner does them
	facts  []course.Fact
	clock  int64

	patterns []course.Pattern // of all lessons, without answers
}

// account is one of the demo accounts with its token.
type account struct {
	id    int64
	role  string
	vip   bool
	token uint64
}

// Hashes that a float64 could not keep.
var accounts = []account{
	{1, "guest", false, 1<<63 + 1}, {2, "guest", false, 1<<63 + 3}, {3, "guest", true, 1<<62 + 1}, {4, "chef", false, 1<<61 + 1}, {5, "manager", false, 1<<60 + 1},
}

// wander returns what a learner does, which depends on nothing but the seed, and how far the
// model says that this leads.
func wander(c *course.Course, seed uint64) (path []deed, end model) {
	w := &walk{Rand: rand.New(rand.NewPCG(seed, 16)), course: c, model: newModel(c), clock: 1_700_000_000_000}
	w.order = w.Perm(len(c.Lessons))
	for _, l := range c.Lessons {
		for _, p := range l.Done.Patterns() {
			if p.Answer == "" {
				w.patterns = append(w.patterns, p)
			}
		}
	}
	for range eventsOf {
		d := w.next()
		w.model.happen(d)
		path = append(path, d)
	}
	return path, w.model
}

func (w *walk) chance(percent int) bool { return w.IntN(100) < percent }

// one returns one of several values.
func one[T any](w *walk, of ...T) T { return of[w.IntN(len(of))] }

// next is the next deed: mostly one that leads on in the lesson that the learner is at.
func (w *walk) next() deed {
	n := w.lesson()
	l := w.model[n]
	switch {
	case w.chance(2):
		d := w.fact(course.StartFact(0))
		d.kind = "restart"
		return d
	case w.chance(2):
		return deed{kind: "hint", lesson: n, choice: 1 + w.IntN(2)}
	case w.chance(1):
		return deed{kind: "reset", lesson: w.IntN(len(w.model))}
	case w.chance(3):
		return w.answer(n, one(w, l.AllQuestions()...))
	case len(w.facts) > 0 && w.chance(8):
		return w.fact(one(w, w.facts...))
	}
	p := one(w, l.patterns...)
	if missing := slices.Index(l.seen, false); missing >= 0 && w.chance(80) {
		p = l.patterns[missing]
	}
	if p.Answer != "" {
		questions := slices.DeleteFunc(l.AllQuestions(), func(q course.Question) bool { return cmp.Or(q.Group, q.ID) != p.Answer })
		return w.answer(n, one(w, questions...))
	}
	f := w.right(p)
	if w.chance(25) {
		f = w.changed(f)
	}
	return w.fact(f)
}

// lesson is the one that the learner is at: the first that is not done, or any.
func (w *walk) lesson() int {
	for _, n := range w.order {
		if w.model[n].state() != StateDone && w.chance(85) {
			return n
		}
	}
	return w.IntN(len(w.model))
}

func (w *walk) answer(lesson int, q course.Question) deed {
	choice := q.Answer
	if w.chance(30) {
		choice = 1 + w.IntN(max(len(q.Choices), course.NumberOff))
	}
	return deed{kind: "answer", lesson: lesson, question: q, choice: choice}
}

func (w *walk) fact(f course.Fact) deed {
	w.clock++
	f.At = w.clock
	w.facts = append(w.facts, f)
	return deed{kind: "fact", fact: f}
}

// right returns a fact that fits a pattern; what the pattern leaves out is anything.
func (w *walk) right(p course.Pattern) course.Fact {
	who := w.account()
	method, route, _ := strings.Cut(p.Route, " ")
	f := course.Fact{
		Endpoint: course.Endpoint{Method: method, Route: route}, Status: 200, Problem: p.Problem, Who: who.id, Role: cmp.Or(p.Role, who.role), VIP: who.vip,
		Token: cmp.Or(p.Token, one(w, "none", "valid", "valid")), TokenHash: who.token, Order: w.orderNumber(), OrderStatus: cmp.Or(p.OrderStatus, one(w, "", "placed", "served")),
		Replayed: w.chance(30), KeyFile: p.KeyFile || w.chance(20), Foreign: p.Foreign, Via: p.Via, Noted: p.Noted,
		Client: one(w, accounts[:3]...).token, Program: one(w, "curl", "Firefox"), Subject: one(w, accounts[:3]...).token, Active: p.Active || w.chance(50),
		LoginName: cmp.Or(p.LoginName, one(w, "", "known", "unknown")),
	}
	if len(p.Status) > 0 {
		f.Status = one(w, p.Status...)
	}
	if p.VIP != nil {
		f.VIP, f.Token = *p.VIP, "valid"
	}
	if p.Replayed != nil {
		f.Replayed = *p.Replayed
	}
	if p.TokenAlso != "" && w.chance(30) {
		f.Token, f.TokenHash = p.TokenAlso, 0
	}
	if f.Token == "none" {
		f.TokenHash, f.Role = 0, p.Role
	}
	return f
}

// account is mostly the learner's first.
func (w *walk) account() account {
	if w.chance(60) {
		return accounts[0]
	}
	return one(w, accounts...)
}

func (w *walk) orderNumber() int64 {
	if w.chance(60) {
		return 1
	}
	return 1 + int64(w.IntN(3))
}

// changed changes one member of a fact, mostly to what another pattern wants.
func (w *walk) changed(f course.Fact) course.Fact {
	other := w.right(one(w, w.patterns...))
	one(w,
		func() { f.Endpoint = other.Endpoint },
		func() { f.Method = one(w, "GET", "POST", "HEAD") },
		func() { f.Status = one(w, other.Status, 500) },
		func() { f.Problem = other.Problem },
		func() { f.Token = one(w, other.Token, "none", "valid") },
		func() { f.TokenHash = one(w, other.TokenHash, 0) },
		func() { f.Role = one(w, other.Role, "guest", "chef", "manager") },
		func() { f.VIP = !f.VIP },
		func() { f.Order = one(w, other.Order, 0) },
		func() { f.OrderStatus = one(w, other.OrderStatus, "") },
		func() { f.Replayed = !f.Replayed },
		func() { f.KeyFile = !f.KeyFile },
		func() { f.Foreign = !f.Foreign },
		func() { f.Via = one(w, "", "kiosk", "wire", "stage") },
		func() { f.Noted = one(w, other.Noted, "") },
		func() { f.Client = one(w, other.Client, 0) },
		func() { f.Subject = one(w, other.Subject, 0) },
		func() { f.Active = !f.Active },
		func() { f.LoginName = one(w, "", "known", "unknown") },
	)()
	return f
}
