package learn

import (
	"cmp"
	"maps"
	"slices"
	"strings"
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

func (p progress) clone() progress {
	p.Seen, p.Trails, p.Hints, p.Programs = slices.Clone(p.Seen), slices.Clone(p.Trails), slices.Clone(p.Hints), slices.Clone(p.Programs)
	p.Others, p.Counts, p.Answers, p.Numbers, p.FirstTry = maps.Clone(p.Others), maps.Clone(p.Counts), maps.Clone(p.Answers), maps.Clone(p.Numbers), maps.Clone(p.FirstTry)
	return p
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

// rightAnswers is how many questions of a group, or of an id, are answered rightly now.
func (l *lesson) rightAnswers(group string) (n int) {
	for _, q := range l.Questions {
		if cmp.Or(q.Group, q.ID) == group && l.Answers[q.ID] == q.Answer {
			n++
		}
	}
	return n
}

// withAnswers counts the right answers that were kept: what is answered is not asked again.
func (p progress) withAnswers(of *course.Lesson) progress {
	l := lesson{Lesson: of, progress: p}
	for i, p := range of.Done.Patterns() {
		if p.Answer != "" && l.Seen[i] == 0 && l.rightAnswers(p.Answer) >= max(1, p.Min) {
			l.Seen[i] = max(1, l.StartedAt.UnixMilli())
		}
	}
	return l.progress
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

func (l *lesson) start(at int64) {
	l.dirty = true
	if l.State == StateOpen {
		l.State, l.StartedAt = StateStarted, time.UnixMilli(at).UTC()
	}
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

func (l *lesson) restart(p progress) {
	p.Restarts = l.Restarts + 1
	l.progress, l.dirty = p, true
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

// orderMatch is the match of the sequence whose order the requests name; zero for none. It is the
// furthest one that is about an order. Where the learner registers a guest, others may have gone
// further with earlier orders: then it is the newest order of the newest guest.
func (l *lesson) orderMatch() (own course.PartialMatch) {
	registers := slices.ContainsFunc(l.Steps, func(s course.Step) bool { return s.ID == course.GuestStep })
	for _, m := range l.Trails {
		closer := m.Steps > own.Steps
		if registers {
			closer = m.Guest > own.Guest || m.Guest == own.Guest && m.Order > own.Order
		}
		if m.Order != 0 && closer {
			own = m
		}
	}
	return own
}

// ownOrder is all that is kept of the matches when a lesson is done: its requests still name the
// learner's own order and guest.
func (l *lesson) ownOrder() []course.PartialMatch {
	if m := l.orderMatch(); m.Order != 0 {
		return []course.PartialMatch{m}
	}
	return nil
}

// forgetOrders drops the matches that are about an order, which is deleted, and what only they have
// shown: with another order it must be seen again. What is done stays done.
func (l *lesson) forgetOrders() {
	about := func(m course.PartialMatch) bool { return m.Order != 0 }
	if !slices.ContainsFunc(l.Trails, about) {
		return
	}
	l.Trails, l.dirty = slices.DeleteFunc(l.Trails, about), true
	if l.IsDone() {
		return
	}
	left := len(l.Done.All) // the patterns of the sequence are behind those
	for _, m := range l.Trails {
		left = max(left, len(l.Done.All)+m.Steps)
	}
	clear(l.Seen[left:])
}

// SeenCount is how many patterns were seen.
func (l *lesson) SeenCount() (n int) {
	for _, at := range l.Seen {
		n += min(1, int(at))
	}
	return n
}

// stepSeen reports whether everything that waits for a step has been seen; nil if
// nothing waits for it.
func (l *lesson) stepSeen(id string) (seen *bool) {
	for i, pattern := range l.Done.Patterns() {
		if pattern.Step == id {
			all := l.Seen[i] != 0 && (seen == nil || *seen)
			seen = &all
		}
	}
	return seen
}
