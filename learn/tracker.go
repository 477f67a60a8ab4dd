package learn

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"restaurant/learn/course"
)

// State is how far a lesson is.
//
//	@Description	How far you are in a lesson.
type State string //@name LessonState

// The states. StateLocked is only shown: a lesson of a part that is not open yet. What the
// server sees of it counts, and as soon as the part opens it may be done.
const (
	StateOpen    State = "open"
	StateStarted State = "started"
	StateDone    State = "done"
	StateLocked  State = "locked"
)

func (s State) valid() bool { return s == StateOpen || s == StateStarted || s == StateDone }

// Tracker knows how far the learner is with each lesson. It keeps everything in memory,
// so that the very response that completes a lesson can say so, and hands on what is to
// be stored.
type Tracker struct {
	subscriptions map[course.Endpoint][]subscription
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

// lesson is a lesson of the course and how far the learner is with it.
type lesson struct {
	*course.Lesson
	progress
	dirty  bool // has changed since it was handed on
	locked bool // in a snapshot: its part is not open
}

// progress is what is stored of a lesson, as JSON.
type progress struct {
	State     State     `json:"state"`
	StartedAt time.Time `json:"started_at,omitzero"`
	DoneAt    time.Time `json:"done_at,omitzero"`
	// Seen is when each pattern was seen first, in Unix milliseconds; 0 for not yet.
	Seen []int64 `json:"seen"`
	// Others is what patterns that need two different clients or subjects saw first.
	Others map[int]uint64 `json:"others,omitzero"`
	// Counts are how often patterns that need several requests have seen one.
	Counts map[int]int `json:"counts,omitzero"`
	// Programs are the two clients that a pattern saw, by name.
	Programs []string `json:"programs,omitzero"`
	// Trails are the partial matches of the sequence.
	Trails []course.PartialMatch `json:"trails,omitzero"`
	// Answers are the newest choices, by question.
	Answers map[string]int `json:"answers,omitzero"`
	// Numbers are the newest answers that are numbers, by question.
	Numbers map[string]float64 `json:"numbers,omitzero"`
	// FirstTry is whether the first choice was right, by question.
	FirstTry map[string]bool `json:"first_try,omitzero"`
	// Hints are the numbers of those that were taken.
	Hints []int `json:"hints,omitzero"`
	// Restarts counts how often the lesson was started over.
	Restarts int `json:"restarts,omitzero"`
	// Restored is true if somebody said that it was done, in a saved file.
	Restored bool `json:"restored,omitzero"`
	// Unsigned is true if that file was not one that this server has written.
	Unsigned bool `json:"unsigned,omitzero"`
	// Attempts counts wrong answers.
	Attempts int `json:"attempts,omitzero"`
}

func newProgress(l *course.Lesson) progress {
	return progress{State: StateOpen, Seen: make([]int64, len(l.Done.Patterns()))}
}

// NewTracker returns a tracker that goes on from the stored records. It calls save for
// each fact, and whenever lessons have changed; save must not block.
func NewTracker(c *course.Course, records []record, save func(*course.Fact, []record)) *Tracker {
	t := &Tracker{subscriptions: map[course.Endpoint][]subscription{}, save: save}
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
	t.update(&f, func() { header = t.credit(&f) })
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

// apply reports whether a fact has shown something that the lesson still waited for.
func (l *lesson) apply(s *subscription, f *course.Fact) (further bool) {
	switch {
	case s.seq != nil:
		var changed bool
		l.Trails, changed, further = course.Advance(l.Trails, s.seq, s.place, f)
		l.dirty = l.dirty || changed // a restart must not lose a token or an order
	case l.Seen[s.number] != 0 || !s.Matches(f):
	case s.Answer != "" && s.Min > 1:
		further = l.rightAnswers(s.Answer) >= s.Min
	case s.Min > 1:
		further = l.count(s.number) >= s.Min
	case s.Different == "":
		further = true
	default:
		further = l.second(&s.Pattern, s.number, f)
	}
	if further {
		l.Seen[s.number], l.dirty = f.At, true
	}
	return further
}

// count counts one more request that a pattern has seen.
func (l *lesson) count(pattern int) int {
	if l.Counts == nil {
		l.Counts = map[int]int{}
	}
	l.Counts[pattern]++
	l.dirty = true
	return l.Counts[pattern]
}

// rightAnswers is how many questions of a group are answered rightly now.
func (l *lesson) rightAnswers(group string) (n int) {
	for _, q := range l.Questions {
		if q.Group == group && l.Answers[q.ID] == q.Answer {
			n++
		}
	}
	return n
}

// second reports whether a fact differs from the first that the pattern saw.
func (l *lesson) second(p *course.Pattern, number int, f *course.Fact) bool {
	first, seen := l.Others[number]
	if !seen {
		if l.Others == nil {
			l.Others = map[int]uint64{}
		}
		l.Others[number], l.dirty = p.DifferentIn(f), true
	}
	different := seen && first != p.DifferentIn(f)
	if p.IsOfClients() && (!seen || different) {
		l.Programs = append(l.Programs, f.Program)
	}
	return different
}

// see says what a pattern has seen, and for which programs.
func (l *lesson) see(p course.Pattern) string {
	if p.IsOfClients() && len(l.Programs) > 1 {
		return p.See + ": " + strings.Join(l.Programs, " and ")
	}
	return p.See
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
	l.State, l.DoneAt, l.Trails, l.Others, l.Counts = StateDone, time.UnixMilli(at).UTC(), nil, nil, nil
	next := "none"
	if l := nextOf(t.lessons); l != nil {
		next = l.ID
	}
	return l.ID + " done; next=" + next
}

func (l *lesson) start(at int64) {
	l.dirty = true
	if l.State == StateOpen {
		l.State, l.StartedAt = StateStarted, time.UnixMilli(at).UTC()
	}
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

func (l *lesson) answer(q course.Question, choice int) {
	if _, again := l.Answers[q.ID]; q.ID == course.PredictID && again {
		return // the first guess counts
	}
	if l.Answers == nil {
		l.Answers = map[string]int{}
	}
	if l.FirstTry == nil {
		l.FirstTry = map[string]bool{}
	}
	if _, again := l.Answers[q.ID]; !again {
		l.FirstTry[q.ID] = choice == q.Answer
	}
	l.Answers[q.ID] = choice
	if choice != q.Answer && q.ID != course.PredictID {
		l.Attempts++
	}
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

func (l *lesson) restart(p progress) {
	p.Restarts = l.Restarts + 1
	l.progress, l.dirty = p, true
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

// ForgetOrder lets commands speak of order 1 again.
func (t *Tracker) ForgetOrder() { t.update(nil, func() { t.order = 0 }) }

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

func (p progress) clone() progress {
	p.Seen, p.Trails, p.Hints, p.Programs = slices.Clone(p.Seen), slices.Clone(p.Trails), slices.Clone(p.Hints), slices.Clone(p.Programs)
	p.Others, p.Counts, p.Answers, p.Numbers, p.FirstTry = maps.Clone(p.Others), maps.Clone(p.Counts), maps.Clone(p.Answers), maps.Clone(p.Numbers), maps.Clone(p.FirstTry)
	return p
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

// IsDone reports whether the lesson is done.
func (l *lesson) IsDone() bool { return l.State == StateDone }

// Shown is the state as the learner is told it.
func (l *lesson) Shown() State {
	if l.locked && !l.IsDone() {
		return StateLocked
	}
	return l.State
}

// HasGuessed reports whether the learner may know what is still to see, which would spoil
// the guess.
func (l *lesson) HasGuessed() bool {
	_, guessed := l.Answers[course.PredictID]
	return guessed || l.IsDone()
}

// stillToShow is StillToSee, or nil before the guess.
func (l *lesson) stillToShow() *[]string {
	if !l.HasGuessed() {
		return nil
	}
	missing := append([]string{}, l.StillToSee()...)
	return &missing
}

// StillToSee is what is missing, in words: first the requests, and then the answers, which
// are asked for after the steps.
func (l *lesson) StillToSee() (missing []string) {
	var answers []string
	for i, pattern := range l.Done.Patterns() {
		switch {
		case l.Seen[i] != 0:
		case pattern.Answer != "":
			answers = append(answers, pattern.See)
		default:
			missing = append(missing, pattern.See)
		}
	}
	return append(missing, answers...)
}

// order is the first order that the furthest match of the sequence is about; 0 for none.
func (l *lesson) order() uint64 {
	var furthest course.PartialMatch
	for _, m := range l.Trails {
		if m.Order != 0 && m.Steps > furthest.Steps {
			furthest = m
		}
	}
	return furthest.Order
}

// SeenCount is how many patterns were seen.
func (l *lesson) SeenCount() (n int) {
	for _, at := range l.Seen {
		n += min(1, int(at))
	}
	return n
}
