package learn

import (
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// What can be put back.
const (
	resetLesson  = "lesson"
	resetLessons = "lessons"
	resetKitchen = "kitchen"
)

type resetRequest struct {
	// lesson and lessons forget what was learnt; kitchen puts the restaurant back to its first day.
	What string `json:"what" example:"lessons" enums:"lesson,lessons,kitchen" validate:"required"`
	// Which one, for lesson.
	Lesson string `json:"lesson" example:"L03"`
} //@name ResetRequest

type resetResponse struct {
	What string `json:"what" example:"lessons" enums:"lesson,lessons,kitchen" validate:"required"`
	// What is lost by it.
	Loses []Loss `json:"loses" validate:"required"`
	Done  bool   `json:"done" example:"true" validate:"required"`
} //@name Reset

// preview says what a reset would lose, and changes nothing.
//
//	@Summary	What a reset would lose
//	@ID			previewReset
//	@Tags		lessons
//	@Produce	json
//	@Param		what	query		string	true	"lesson, lessons or kitchen"	Enums(lesson, lessons, kitchen)
//	@Param		lesson	query		string	false	"Which one, for lesson"
//	@Success	200		{object}	resetResponse
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable"
//	@Router		/learn/reset [get]
func (s *School) preview(c *gin.Context) error {
	req := resetRequest{What: c.DefaultQuery("what", resetLessons), Lesson: c.Query("lesson")}
	loses, err := s.loses(c, req)
	if err != nil {
		return err
	}
	return respond(c, resetResponse{What: req.What, Loses: loses})
}

// reset begins anew, without a restart. A fresh kitchen leaves the lessons as
// they are, and is for a manager, or for the one learner of a house that only
// this machine reaches.
//
//	@Summary	Begin anew: a lesson, all lessons, or the restaurant
//	@ID			reset
//	@Tags		lessons
//	@Accept		json,x-www-form-urlencoded
//	@Produce	json
//	@Security	Bearer
//	@x-security-optional	true
//	@Param		body	body		resetRequest	true	"What to put back"
//	@Success	200		{object}	resetResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required, cross-origin"
//	@Failure	404		{object}	problem.Problem	"not-found"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/learn/reset [post]
func (s *School) reset(c *gin.Context) error {
	var req resetRequest
	if err := bind(c, &req); err != nil {
		return err
	}
	loses, err := s.loses(c, req)
	if err != nil {
		return err
	}
	switch req.What {
	case resetLesson:
		s.Tracker.Reset(tableOf(c), req.Lesson)
	case resetLessons:
		s.Tracker.Reset(tableOf(c))
	case resetKitchen:
		if err := s.owns(c); err != nil {
			return err
		}
		if err := s.Fresh(c.Request.Context()); err != nil {
			return err
		}
		s.Tracker.forgetOrder(tableOf(c))
	}
	return respond(c, resetResponse{What: req.What, Loses: loses, Done: true})
}

// forgetOrder lets commands speak of order 1 again.
func (t *Tracker) forgetOrder(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.table(name).order = 0
}

// loses is what a reset takes away.
func (s *School) loses(c *gin.Context, req resetRequest) ([]Loss, error) {
	switch req.What {
	case resetKitchen:
		return s.Preview(c.Request.Context())
	case resetLessons:
		return s.unlearn(c, s.Course.Lessons), nil
	case resetLesson:
		l, err := s.lesson(req.Lesson)
		if err != nil {
			return nil, err
		}
		return s.unlearn(c, []*Lesson{l}), nil
	}
	return nil, invalid("what", "must be lesson, lessons or kitchen")
}

func (s *School) unlearn(c *gin.Context, lessons []*Lesson) []Loss {
	v := s.Tracker.view(tableOf(c))
	done, seen, answers := Loss{What: "lessons that are done"}, Loss{What: "things that were seen"}, Loss{What: "answers"}
	for _, l := range lessons {
		p := v.of(l)
		if p.State == StateDone {
			done.Count++
		}
		seen.Count += int64(len(p.Seen) - len(p.stillToSee(l)))
		answers.Count += int64(len(p.Answers))
	}
	return []Loss{done, seen, answers}
}

// savedProgress is the progress of one table, to be kept and restored.
type savedProgress struct {
	Table   string        `json:"table" example:"main" validate:"required"`
	SavedAt time.Time     `json:"saved_at" example:"2026-01-31T19:15:00Z" validate:"required"`
	Lessons []savedLesson `json:"lessons" validate:"required"`
} //@name Progress

type savedLesson struct {
	Lesson string `json:"lesson" example:"L01" validate:"required"`
	State  State  `json:"state" example:"done" enums:"open,started,done" validate:"required"`
	// Null while the lesson is open.
	StartedAt *time.Time `json:"started_at" example:"2026-01-31T19:00:00Z" extensions:"x-nullable"`
	DoneAt    *time.Time `json:"done_at" example:"2026-01-31T19:04:00Z" extensions:"x-nullable"`
	// Choices by question, and the hints that were taken.
	Answers map[string]int `json:"answers" swaggertype:"object,integer" example:"predict:2"`
	Hints   []int          `json:"hints" example:"1"`
} //@name LessonProgress

// save gives the progress as a file. Half-seen lessons are in it as started.
//
//	@Summary	Download your progress
//	@ID			saveProgress
//	@Tags		lessons
//	@Produce	json
//	@Success	200	{object}	savedProgress
//	@Router		/learn/progress [get]
func (s *School) save(c *gin.Context) error {
	v := s.Tracker.view(tableOf(c))
	out := savedProgress{Table: tableOf(c), SavedAt: time.Now().UTC().Truncate(time.Second), Lessons: []savedLesson{}}
	for n, l := range s.Course.Lessons {
		p := v.progress[n]
		answers := p.Answers
		if answers == nil {
			answers = map[string]int{}
		}
		out.Lessons = append(out.Lessons, savedLesson{l.ID, p.State, moment(p.StartedAt), moment(p.DoneAt), answers, append([]int{}, p.Hints...)})
	}
	c.Header("Content-Disposition", `attachment; filename="progress.json"`)
	return respond(c, out)
}

// restore puts a downloaded progress in the place of the present one. It is the
// learner's own word: no certificate hangs on it.
//
//	@Summary	Restore your progress
//	@ID			restoreProgress
//	@Tags		lessons
//	@Accept		json
//	@Produce	json
//	@Param		body	body		savedProgress	true	"What GET /learn/progress has given"
//	@Success	200		{object}	listResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	403		{object}	problem.Problem	"cross-origin"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Router		/learn/progress [put]
func (s *School) restore(c *gin.Context) error {
	var in savedProgress
	if err := bind(c, &in); err != nil {
		return err
	}
	records := map[string]progress{}
	for _, saved := range in.Lessons {
		l, known := s.Course.Lesson(saved.Lesson)
		if !known {
			continue // of another release
		}
		p, err := saved.progress(l)
		if err != nil {
			return err
		}
		records[l.ID] = p
	}
	s.Tracker.restore(tableOf(c), records)
	return s.list(c)
}

// progress makes a record of what was saved. What a lesson that was only begun
// has seen must be seen again.
func (saved savedLesson) progress(l *Lesson) (progress, error) {
	p := newProgress(l)
	if !slices.Contains([]State{StateOpen, StateStarted, StateDone}, saved.State) {
		return p, invalid("lessons", "each state must be open, started or done")
	}
	p.State = saved.State
	if saved.StartedAt != nil {
		p.StartedAt = saved.StartedAt.UTC()
	}
	if saved.DoneAt != nil {
		p.DoneAt = saved.DoneAt.UTC()
	}
	for id, choice := range saved.Answers {
		q, known := l.question(id)
		if !known || choice < 1 || choice > len(q.Choices) {
			return p, invalid("lessons", "each answer must be the number of a choice of a question")
		}
	}
	for _, n := range saved.Hints {
		if n < 1 || n > len(l.Hints) {
			return p, invalid("lessons", "each hint must be 1 or 2")
		}
	}
	p.Answers, p.Hints = saved.Answers, saved.Hints
	if p.State == StateDone {
		for i := range p.Seen {
			p.Seen[i] = max(1, p.DoneAt.UnixMilli())
		}
	}
	return p, nil
}

// restore replaces the progress of a table; lessons without a record are open.
func (t *Tracker) restore(name string, records map[string]progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tab := t.table(name)
	for n, l := range t.course.Lessons {
		p, given := records[l.ID]
		if !given {
			p = newProgress(l)
		}
		p.dirty = true
		tab.progress[n] = p
	}
	t.hurry()
}

// Closed is mounted where there is no school, so that whoever looks for one
// learns why.
func Closed(r gin.IRouter, _ gin.HandlerFunc) {
	get(r, "/learn", handle(func(*gin.Context) error {
		return problem.NotFound.New("The lessons need the demo accounts: start the house with DEMO_DATA=on.")
	}))
}
