package learn

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/learn/course"
)

// mainTable is the only one, see docs/decisions/0072.
const mainTable = "main"

// savedProgress is the learner's progress, to be kept and restored.
//
//	@Description	Your progress. Save it in a file to restore it later.
type savedProgress struct {
	Table   string        `json:"table" example:"main" enums:"main" validate:"required"`
	SavedAt time.Time     `json:"saved_at" example:"2026-01-31T19:15:00Z" format:"date-time" validate:"required"`
	Lessons []savedLesson `json:"lessons" validate:"required"`
	// A JWS with a hash of the lessons, signed with the key that signs access tokens. It shows that this server has written the file.
	Signature *string `json:"signature" example:"eyJhbGciOi…" extensions:"x-nullable" validate:"required"`
} //@name Progress

// @Description	The answer of GET /learn/progress. It replaces all progress. Lessons that are not in it become open.
type restoreRequest struct {
	Table   *string          `json:"table" example:"main" enums:"main"`
	SavedAt time.Time        `json:"saved_at" example:"2026-01-31T19:15:00Z" format:"date-time"`
	Lessons []restoredLesson `json:"lessons" validate:"required"`
	// Without it, or if it does not fit, the teacher of a class sees that nobody vouches for the file.
	Signature *string `json:"signature" example:"eyJhbGciOi…" extensions:"x-nullable"`
} //@name RestoreRequest

// @Description	How far you are in one lesson.
type savedLesson struct {
	Lesson string `json:"lesson" example:"L01" validate:"required"`
	State  State  `json:"state" example:"done" validate:"required"`
	// Null while the lesson is open.
	StartedAt *time.Time `json:"started_at" example:"2026-01-31T19:00:00Z" format:"date-time" extensions:"x-nullable" validate:"required"`
	DoneAt    *time.Time `json:"done_at" example:"2026-01-31T19:04:00Z" format:"date-time" extensions:"x-nullable" validate:"required"`
	// Choices by question, and the hints that were taken.
	Answers map[string]int `json:"answers" swaggertype:"object,integer" example:"predict:2" validate:"required"`
	Hints   []int          `json:"hints" example:"1" minimum:"1" maximum:"2" validate:"required"`
	// If the first choice was right, by question.
	FirstTry map[string]bool `json:"first_try" swaggertype:"object,boolean" example:"predict:true" validate:"required"`
} //@name LessonProgress

// restoredLesson is a savedLesson of which only the state has to be there.
//
//	@Description	How far you were in one lesson.
type restoredLesson struct {
	Lesson    string          `json:"lesson" example:"L01" minLength:"1" validate:"required"`
	State     State           `json:"state" example:"done" validate:"required"`
	StartedAt *time.Time      `json:"started_at" example:"2026-01-31T19:00:00Z" format:"date-time"`
	DoneAt    *time.Time      `json:"done_at" example:"2026-01-31T19:04:00Z" format:"date-time"`
	Answers   map[string]int  `json:"answers" swaggertype:"object,integer" example:"predict:2"`
	Hints     []int           `json:"hints" example:"1" minimum:"1" maximum:"2"`
	FirstTry  map[string]bool `json:"first_try" swaggertype:"object,boolean" example:"predict:true"`
} //@name RestoredLesson

// saveProgress returns the progress as a file. Half-seen lessons are in it as started.
//
//	@Summary	Download your progress
//	@ID			showProgress
//	@Tags		lessons
//	@Produce	json
//	@Success	200	{object}	savedProgress
//	@Header	200	{string}	Content-Disposition	"A file name for saving it"
//	@Router		/learn/progress [get]
func (h *Handler) saveProgress(c *gin.Context) error {
	lessons, _ := h.Tracker().snapshot()
	out := savedProgress{Table: mainTable, SavedAt: time.Now().UTC().Truncate(time.Second)}
	for _, l := range lessons {
		saved := savedLesson{l.ID, l.State, nilIfZero(l.StartedAt), nilIfZero(l.DoneAt), l.Answers, l.progress.Hints, l.FirstTry}
		if saved.Answers == nil {
			saved.Answers = map[string]int{}
		}
		if saved.FirstTry == nil {
			saved.FirstTry = map[string]bool{}
		}
		out.Lessons = append(out.Lessons, saved)
	}
	if h.Sign != nil {
		signature, err := h.Sign(progressKind, progressSeal{out.SavedAt, hashOf(out.restored())})
		if err != nil {
			return err
		}
		out.Signature = &signature
	}
	c.Header("Content-Disposition", `attachment; filename="progress.json"`)
	return respond(c, out)
}

// progressKind is the kind of document that a progressSeal is.
const progressKind = "progress"

// progressSeal is what is signed of saved progress.
type progressSeal struct {
	SavedAt time.Time `json:"saved_at"`
	// Lessons is the SHA-256 of the lessons.
	Lessons string `json:"lessons_sha256"`
}

// restored returns the lessons as they come back.
func (p savedProgress) restored() (lessons []restoredLesson) {
	for _, l := range p.Lessons {
		lessons = append(lessons, restoredLesson(l))
	}
	return lessons
}

// hashOf is the same for lessons that say the same.
func hashOf(lessons []restoredLesson) string {
	text, err := json.Marshal(lessons, json.Deterministic(true))
	if err != nil { // they came from JSON, or go there
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// isOurs reports whether this server has signed the progress as it is.
func (h *Handler) isOurs(in restoreRequest) bool {
	var seal progressSeal
	return h.Verify != nil && in.Signature != nil && h.Verify(progressKind, *in.Signature, &seal) == nil && seal.SavedAt.Equal(in.SavedAt) && seal.Lessons == hashOf(in.Lessons)
}

// restoreProgress replaces the progress by a downloaded one. It is the learner's own
// word: no certificate depends on it.
//
//	@Summary	Restore your progress
//	@ID			restoreProgress
//	@Tags		lessons
//	@Accept		json
//	@Produce	json
//	@Param		body	body		restoreRequest	true	"The answer of GET /learn/progress"
//	@Success	200		{object}	listResponse
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	403		{object}	problem.Problem	"cross-origin"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Router		/learn/progress [put]
func (h *Handler) restoreProgress(c *gin.Context) error {
	var in restoreRequest
	if err := httpjson.Bind(c, &in); err != nil {
		return err
	}
	switch {
	case in.Table != nil && *in.Table != mainTable:
		return httpjson.Invalid("table", "must be main: a server has one learner")
	case in.Lessons == nil:
		return httpjson.Invalid("lessons", "is required: without it you would lose all progress")
	}
	records, ours := map[string]progress{}, h.isOurs(in)
	for _, saved := range in.Lessons {
		if err := saved.check(); err != nil {
			return err
		}
		l, known := course.Load().Lesson(saved.Lesson)
		if !known {
			continue // of another release
		}
		p, err := saved.progress(l)
		if err != nil {
			return err
		}
		p.Unsigned = p.Restored && !ours
		records[l.ID] = p
	}
	h.Tracker().Restore(records)
	return h.list(c)
}

// check looks at what must hold for a lesson of another release, too.
func (saved restoredLesson) check() error {
	switch {
	case saved.Lesson == "":
		return httpjson.Invalid("lessons", "each must name its lesson, such as L01")
	case !saved.State.valid():
		return httpjson.Invalid("lessons", "each state must be open, started or done")
	case !isPast(saved.StartedAt) || !isPast(saved.DoneAt):
		return httpjson.Invalid("lessons", "each started_at and done_at must be a time from 1970 until now")
	}
	return nil
}

// progress returns what was saved of a lesson. The requests that a lesson which was only started
// has seen must be seen again; its answers count.
func (saved restoredLesson) progress(l *course.Lesson) (progress, error) {
	p := newProgress(l)
	p.State = saved.State
	if saved.StartedAt != nil {
		p.StartedAt = saved.StartedAt.UTC()
	}
	if saved.DoneAt != nil {
		p.DoneAt = saved.DoneAt.UTC()
	}
	for id, choice := range saved.Answers {
		q, known := l.Question(id)
		if !known || !q.HasChoice(choice) {
			return p, httpjson.Invalid("lessons", "each answer must be the number of a choice of a question")
		}
	}
	for id := range saved.FirstTry {
		if _, known := saved.Answers[id]; !known {
			return p, httpjson.Invalid("lessons", "each first_try must be of a question that has an answer")
		}
	}
	for _, n := range saved.Hints {
		if n < 1 || n > len(l.Hints) {
			return p, httpjson.Invalid("lessons", "each hint must be 1 or 2")
		}
	}
	slices.Sort(saved.Hints)
	p.Answers, p.FirstTry, p.Hints = saved.Answers, saved.FirstTry, slices.Compact(saved.Hints)
	if p.State == StateDone {
		p.Restored = true
		for i := range p.Seen {
			p.Seen[i] = max(1, p.DoneAt.UnixMilli())
		}
	}
	return p.withAnswers(l), nil
}

// isPast reports whether a time, if there is one, can be when something happened. Clocks
// differ by less than a day; and JSON knows no year after 9999, so what is later could
// not be written again.
func isPast(t *time.Time) bool {
	return t == nil || t.Unix() >= 0 && time.Until(*t) < 24*time.Hour
}
