package learn

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"restaurant/learn/course"
)

// Fact is what is kept of a request: no token, password, body or address.
type Fact = course.Fact

// LessonOverview is how far the learner is with a lesson, as a teacher may know it.
type LessonOverview struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Part    string `json:"part"`
	Minutes int    `json:"minutes"`
	// Extra is true for a lesson beside the course, which does not count.
	Extra     bool       `json:"extra"`
	State     State      `json:"state"`
	StartedAt *time.Time `json:"started_at"`
	DoneAt    *time.Time `json:"done_at"`
	// NewAt is when the server saw something new for the lesson last, or null.
	NewAt *time.Time `json:"new_at"`
	// Seen is how many of the Of things were seen, and Still says which were not.
	Seen  int      `json:"seen"`
	Of    int      `json:"of"`
	Still []string `json:"still"`
	Hints []int    `json:"hints"`
	// Wrong counts wrong answers.
	Wrong int `json:"wrong"`
	// Guess is the first guess, from 1, or null; GuessRight is whether it was right.
	Guess      *int  `json:"guess"`
	GuessRight *bool `json:"guess_right"`
	// Answers are the newest choices, by question.
	Answers map[string]int `json:"answers"`
	// Restarts is how often the learner began again.
	Restarts int `json:"restarts"`
	// Restored is true if it was done according to a saved file.
	Restored bool `json:"restored"`
	// Unsigned is true if this server has not written that file as it is.
	Unsigned bool `json:"unsigned"`
}

// Overview returns all lessons.
func (h *Handler) Overview() []LessonOverview { return h.Tracker().overview() }

func (t *Tracker) overview() (all []LessonOverview) {
	lessons, _ := t.snapshot()
	for n := range lessons {
		all = append(all, lessons[n].overview())
	}
	return all
}

// ReadOverview returns all lessons with the progress in a file that nobody has open, which it
// does not change; or an error if that file is not whole. isOpen is that of Options.
func ReadOverview(ctx context.Context, file string, isOpen func(part string) bool) ([]LessonOverview, error) {
	records, err := readRecords(ctx, file)
	if err != nil {
		return nil, err
	}
	t := NewTracker(course.Load(), records, nil)
	t.isOpen = isOpen
	return t.overview(), nil
}

// Contents returns all lessons as they are before anything is done.
func Contents() (all []LessonOverview) {
	for _, l := range course.Load().Lessons {
		l := lesson{Lesson: l, progress: newProgress(l)}
		all = append(all, l.overview())
	}
	return all
}

func (l *lesson) overview() LessonOverview {
	o := LessonOverview{
		ID: l.ID, Title: l.Title, Part: l.Part, Minutes: l.Minutes, Extra: l.Extra, State: l.Shown(),
		StartedAt: nilIfZero(l.StartedAt), DoneAt: nilIfZero(l.DoneAt), Seen: l.SeenCount(), Of: len(l.Seen), Still: l.StillToSee(),
		Hints: l.progress.Hints, Wrong: l.Attempts, Answers: map[string]int{}, Restarts: l.Restarts, Restored: l.Restored, Unsigned: l.Unsigned,
	}
	maps.Copy(o.Answers, l.Answers)
	if newest := slices.Max(l.Seen); newest != 0 {
		o.NewAt = new(time.UnixMilli(newest).UTC())
	}
	if guess, ok := l.Answers[course.PredictID]; ok {
		o.Guess = &guess
	}
	if right, ok := l.FirstTry[course.PredictID]; ok {
		o.GuessRight = &right
	}
	return o
}

// NextStep is what a learner does next in a lesson.
type NextStep struct {
	Lesson string `json:"lesson"`
	// ID is that of the step, or of the question.
	ID string `json:"id"`
	// Say says what to do.
	Say string `json:"say"`
	// Command is the line for a terminal, or the address of the page on which it is done.
	Command string `json:"command"`
}

// NextStep returns the first step of a lesson that the server has not seen, then the first
// question without a right answer; nil if nothing is left, or there is no such lesson.
func (h *Handler) NextStep(id string) *NextStep {
	if _, known := course.Load().Lesson(id); !known {
		return nil
	}
	lessons, target := h.snapshot()
	l := find(lessons, id)
	if l.IsDone() {
		return nil
	}
	t := task{l.numbered(target), l}
	for _, s := range l.Steps {
		if seen := l.stepSeen(s.ID); seen != nil && !*seen {
			command := t.Command("curl", s)
			if s.Page != "" {
				command = t.PageURL(s)
			}
			return &NextStep{l.ID, s.ID, s.Say, command}
		}
	}
	for _, q := range l.Questions {
		if l.Answers[q.ID] != q.Answer {
			return &NextStep{l.ID, q.ID, q.Question, t.Ask(q, "").Command()}
		}
	}
	return nil
}

// Question is a question of a lesson, with its answer.
type Question struct {
	Question string   `json:"question"`
	Choices  []string `json:"choices"`
	// Answer is the number of the right choice, from 1.
	Answer int    `json:"answer"`
	Why    string `json:"why"`
}

// FindQuestion returns a question of a lesson, if there is one.
func FindQuestion(lesson, id string) (q Question, ok bool) {
	l, ok := course.Load().Lesson(lesson)
	if !ok {
		return q, false
	}
	found, ok := l.Question(id)
	return Question{found.Question, found.Choices, found.Answer, found.Why}, ok
}

// Parts are the parts of the course in order, without the extras.
func Parts() (parts []string) {
	for _, l := range course.Load().Counted() {
		if !slices.Contains(parts, l.Part) {
			parts = append(parts, l.Part)
		}
	}
	return parts
}

// Current returns the lesson that the learner is at. One request may be a part of several
// lessons, so it is the one in which something was seen last of those where the learner has
// answered or taken a hint; or else the first that is not done. It is nil when all that count
// are done.
func Current(all []LessonOverview) *LessonOverview {
	var chosen, first *LessonOverview
	for n := range all {
		switch l := &all[n]; {
		case l.State == StateDone || l.State == StateLocked:
		case len(l.Answers)+len(l.Hints) > 0 && (chosen == nil || l.touched().After(chosen.touched())):
			chosen = l
		case first == nil && !l.Extra:
			first = l
		}
	}
	return cmp.Or(chosen, first)
}

// touched is when something was seen last in, or the beginning of, a lesson that is begun.
func (l *LessonOverview) touched() time.Time { return *cmp.Or(l.NewAt, l.StartedAt, &time.Time{}) }
