package learn

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"restaurant/learn/course"
)

// Tracker knows how far the learner is with each lesson. It keeps everything in memory,
// so that the very response that completes a lesson can say so, and hands on what is to
// be stored.
type Tracker struct {
	subscriptions map[course.Endpoint][]subscription
	asks          map[course.Endpoint][]subscription // refusals that are no trouble
	save          func(*course.Fact, []record)
	// isOpen reports whether a part is open whatever is done; nil: all are. It must not call
	// the tracker.
	isOpen func(part string) bool

	mu      sync.Mutex
	lessons []lesson
	order   int64 // the newest order that was placed
}

// subscription is a pattern that waits for facts of one endpoint.
type subscription struct {
	course.Pattern
	lesson, number int              // which pattern of which lesson it is
	seq            []course.Pattern // the sequence that it belongs to, if any
	place          int              // its place in seq
}

// NewTracker returns a tracker that goes on from the stored records. It calls save for
// each fact, and whenever lessons have changed; save must not block.
func NewTracker(c *course.Course, records []record, save func(*course.Fact, []record)) *Tracker {
	t := &Tracker{subscriptions: map[course.Endpoint][]subscription{}, asks: map[course.Endpoint][]subscription{}, save: save}
	for n, l := range c.Lessons {
		p := newProgress(l)
		for _, r := range records {
			if r.lesson == l.ID {
				p = r.restore(l)
			}
		}
		t.lessons = append(t.lessons, lesson{Lesson: l, progress: p})
		t.subscribe(n, l)
	}
	return t
}

func (t *Tracker) subscribe(n int, l *course.Lesson) {
	// Backwards, so that one fact takes a sequence one step on and not two.
	for i, p := range slices.Backward(l.Done.Patterns()) {
		s := subscription{Pattern: p, lesson: n, number: i}
		if place := i - len(l.Done.All); place >= 0 {
			s.seq, s.place = l.Done.Seq, place
		}
		at := p.Endpoint(l)
		t.subscriptions[at] = append(t.subscriptions[at], s)
	}
	for _, p := range l.Asks {
		at := p.Endpoint(l)
		t.asks[at] = append(t.asks[at], subscription{Pattern: p, lesson: n})
	}
}

// isAsked reports whether a lesson that is begun asks for such a refusal, however often. One
// that counts, and is tried again, is trouble: the learner may not see that it has counted.
func (t *Tracker) isAsked(f *course.Fact) bool {
	return f.Status >= http.StatusBadRequest && slices.ContainsFunc(t.asks[f.Endpoint], func(s subscription) bool {
		return t.lessons[s.lesson].State == StateStarted && s.Matches(f)
	})
}

// update changes the lessons and hands on the fact, unless it is nil, and what has changed.
func (t *Tracker) update(f *course.Fact, change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	var changed []record
	for n := range t.lessons {
		if l := &t.lessons[n]; l.dirty {
			l.dirty = false
			changed = append(changed, newRecord(*l))
		}
	}
	t.save(f, changed)
}

// Observe credits a request and returns what it has changed, in the words of the
// Lesson-Progress header; empty if nothing.
func (t *Tracker) Observe(f course.Fact) (header string) {
	t.update(&f, func() { header, f.Asked = t.credit(&f), t.isAsked(&f) })
	return header
}

func (t *Tracker) credit(f *course.Fact) string {
	if f.Order != 0 && f.Status == http.StatusCreated && !f.Foreign {
		t.order = f.Order
	}
	var changes []string
	for _, s := range t.subscriptions[f.Endpoint] {
		if l := &t.lessons[s.lesson]; l.State != StateDone && l.apply(&s, f) {
			if change := t.advance(l, f.At); change != "" {
				changes = append(changes, change)
			}
		}
	}
	return strings.Join(slices.Compact(append(changes, t.settle(f.At)...)), ", ")
}

// settle completes the lessons of which all was seen, and whose part is open by now.
func (t *Tracker) settle(at int64) (changes []string) {
	for n := range t.lessons {
		if l := &t.lessons[n]; !l.IsDone() && !slices.Contains(l.Seen, 0) && !t.isLocked(l) {
			changes = append(append(changes, t.complete(l, at)), t.settle(at)...)
		}
	}
	return changes
}

// Settle is to be called when isOpen has changed.
func (t *Tracker) Settle() {
	t.update(nil, func() { t.settle(time.Now().UnixMilli()) })
}

// isLocked reports whether the part of a lesson is not open yet. It opens when the part
// before is done, and stays so while one of its own lessons is done. Extras are always open.
func (t *Tracker) isLocked(l *lesson) bool {
	if t.isOpen == nil || l.Extra || t.isOpen(l.Part) {
		return false
	}
	first := slices.IndexFunc(t.lessons, func(o lesson) bool { return o.Part == l.Part })
	if first == 0 {
		return false
	}
	before := t.lessons[first-1].Part
	return slices.ContainsFunc(t.lessons, func(o lesson) bool { return o.Part == before && !o.IsDone() }) &&
		!slices.ContainsFunc(t.lessons, func(o lesson) bool { return o.Part == l.Part && o.IsDone() })
}

// advance updates the state of a lesson of which something was seen, and says so. Of a
// locked one it says nothing.
func (t *Tracker) advance(l *lesson, at int64) string {
	l.start(at)
	switch {
	case t.isLocked(l):
		return ""
	case slices.Contains(l.Seen, 0):
		return l.ID + " " + strconv.Itoa(l.SeenCount()) + "/" + strconv.Itoa(len(l.Seen))
	}
	return t.complete(l, at)
}

func (t *Tracker) complete(l *lesson, at int64) string {
	l.dirty = true
	l.State, l.DoneAt, l.Trails, l.Others, l.Counts = StateDone, time.UnixMilli(at).UTC(), l.ownOrder(), nil, nil
	next := "none"
	if l := nextOf(t.lessons); l != nil {
		next = l.ID
	}
	return l.ID + " done; next=" + next
}

// Start credits a start of the server, and returns what that has changed, as Observe does.
func (t *Tracker) Start() (header string) {
	f := course.StartFact(time.Now().UnixMilli())
	t.update(nil, func() { header = t.credit(&f) })
	return header
}

// Answer notes the answer to a question of a lesson, and returns whether it is right
// and what that has changed, as Observe does.
func (t *Tracker) Answer(id string, q course.Question, choice int) (right bool, header string) {
	return t.note(id, q, choice, func(*lesson) {})
}

// AnswerNumber is Answer for a number that was judged.
func (t *Tracker) AnswerNumber(id string, q course.Question, number float64, choice int) (right bool, header string) {
	return t.note(id, q, choice, func(l *lesson) {
		if l.Numbers == nil {
			l.Numbers = map[string]float64{}
		}
		l.Numbers[q.ID] = number
	})
}

func (t *Tracker) note(id string, q course.Question, choice int, also func(*lesson)) (right bool, header string) {
	right = choice == q.Answer
	now := time.Now().UnixMilli()
	t.update(nil, func() {
		l := find(t.lessons, id)
		l.answer(q, choice)
		also(l)
		l.start(now)
		if right {
			f := course.AnswerFact(l.Lesson, cmp.Or(q.Group, q.ID), now)
			header = t.credit(&f)
		}
	})
	return right, header
}

// Hint notes that a hint was taken.
func (t *Tracker) Hint(id string, number int) {
	t.update(nil, func() {
		l := find(t.lessons, id)
		if p := &l.progress; !slices.Contains(p.Hints, number) {
			p.Hints = append(p.Hints, number)
		}
		l.start(time.Now().UnixMilli())
	})
}

// Reset forgets the progress of a lesson.
func (t *Tracker) Reset(id string) {
	t.update(nil, func() {
		l := find(t.lessons, id)
		l.restart(newProgress(l.Lesson))
	})
}

// Restore replaces all progress; lessons that are not in saved become open.
func (t *Tracker) Restore(saved map[string]progress) {
	t.update(nil, func() {
		for n := range t.lessons {
			l := &t.lessons[n]
			p, ok := saved[l.ID]
			if !ok {
				p = newProgress(l.Lesson)
			}
			l.restart(p)
		}
		t.settle(time.Now().UnixMilli())
	})
}

// ForgetOrders is for a restaurant whose orders count from 1 again: no command may name an order of before.
func (t *Tracker) ForgetOrders() {
	t.update(nil, func() {
		t.order = 0
		for n := range t.lessons {
			t.lessons[n].forgetOrders()
		}
	})
}

// snapshot copies how far the learner is, and the number of the newest order, 1 without any.
func (t *Tracker) snapshot() (lessons []lesson, order int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lessons = slices.Clone(t.lessons)
	for n := range lessons {
		lessons[n].progress, lessons[n].locked = lessons[n].clone(), t.isLocked(&t.lessons[n])
	}
	return lessons, max(1, t.order)
}

// find returns the lesson of an id of the course.
func find(lessons []lesson, id string) *lesson {
	return &lessons[slices.IndexFunc(lessons, func(l lesson) bool { return l.ID == id })]
}

// nextOf returns the lesson to go on with, or nil when all that count are done.
func nextOf(lessons []lesson) *lesson {
	for n := range lessons {
		if lessons[n].State != StateDone && !lessons[n].Extra {
			return &lessons[n]
		}
	}
	return nil
}
