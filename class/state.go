package class

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/problem"
)

// stateResponse is what the teacher sees of all tables.
type stateResponse struct {
	At     time.Time    `json:"at"`
	Tables []tableState `json:"tables"`
	// Lessons are all, with how many tables are where.
	Lessons []lessonState `json:"lessons"`
	// Problems are the refusals of the last minutes that no lesson asked for, the commonest
	// first.
	Problems []problemState `json:"problems"`
	// Reveal are the guesses that the wall shows, or null.
	Reveal *revealResponse `json:"reveal"`
}

// tableState is how far a table is.
type tableState struct {
	Table string  `json:"table"`
	Name  *string `json:"name"`
	State State   `json:"state"`
	// Reason says why a broken table cannot be opened, or is null.
	Reason *string    `json:"reason"`
	LastAt *time.Time `json:"last_at"`
	// Reported is whether the learner works on a computer of their own, which reports it.
	Reported bool `json:"reported"`
	// Lesson is the one that the learner is at, since then; null when all are done. What
	// follows is about it.
	Lesson *string    `json:"lesson"`
	Since  *time.Time `json:"since"`
	Seen   int        `json:"seen"`
	Of     int        `json:"of"`
	Still  []string   `json:"still"`
	// Stuck is whether help is needed; StuckBy is time or refusals, or null.
	Stuck   bool    `json:"stuck"`
	StuckBy *string `json:"stuck_by"`
	Hints   int     `json:"hints"`
	Wrong   int     `json:"wrong"`
	// Last is the newest request since the class was opened, or null.
	Last *lastFact `json:"last"`
	// Done are the lessons that are done, extras too.
	Done []string `json:"done"`

	troubles []string
}

type lastFact struct {
	Route   string  `json:"route"`
	Status  int     `json:"status"`
	Problem *string `json:"problem"`
}

// lessonState is how many tables have done a lesson, are at it, and are stuck in it.
type lessonState struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Part    string `json:"part"`
	Minutes int    `json:"minutes"`
	Extra   bool   `json:"extra"`
	Done    int    `json:"done"`
	Working int    `json:"working"`
	Stuck   int    `json:"stuck"`
}

// problemState is at how many tables a refusal is a matter of now, and what to say.
type problemState struct {
	Problem string `json:"problem"`
	Tables  int    `json:"tables"`
	Say     string `json:"say"`
}

func (c *Class) teacherState(gc *gin.Context) error {
	httpjson.NoStore(gc)
	return httpjson.Respond(gc, http.StatusOK, c.state(time.Now()))
}

func (c *Class) state(now time.Time) stateResponse {
	res := stateResponse{At: now.UTC(), Lessons: allLessons(), Tables: []tableState{}}
	for _, t := range c.tables {
		s := t.stateAt(now)
		res.Tables = append(res.Tables, s)
		for n := range res.Lessons {
			res.Lessons[n].count(s)
		}
	}
	res.Problems, res.Reveal = radar(res.Tables), c.revealed()
	return res
}

func allLessons() (all []lessonState) {
	for _, l := range learn.Contents() {
		all = append(all, lessonState{ID: l.ID, Title: l.Title, Part: l.Part, Minutes: l.Minutes, Extra: l.Extra})
	}
	return all
}

// count counts a table that somebody has taken.
func (l *lessonState) count(s tableState) {
	if slices.Contains(s.Done, l.ID) {
		l.Done++
	}
	if s.Lesson == nil || *s.Lesson != l.ID || s.State != StateSeated && s.State != StateIdle {
		return
	}
	l.Working++
	if s.Stuck {
		l.Stuck++
	}
}

func (t *table) stateAt(now time.Time) tableState {
	facts, inRow := t.history.newest()
	res := tableState{Table: t.text(), Name: httpjson.Optional(t.seat().Name), State: t.state(), Still: []string{}, Done: []string{}, troubles: troubles(facts, now)}
	at := t.lastAt()
	if _, active, reported := t.reported(now); reported {
		at, res.Reported = active, true
	}
	if !at.IsZero() {
		res.LastAt = new(at.UTC())
	}
	if in := t.inside.Load(); in != nil && in.broken != nil {
		// The advice behind it is for an operator of one restaurant; a teacher restores the table.
		fact, _, _ := strings.Cut(in.broken.Error(), ". ")
		res.Reason = &fact
	}
	if len(facts) > 0 {
		res.Last = &lastFact{facts[0].Route, facts[0].Status, facts[0].Problem}
	}
	lessons := t.lessons()
	for _, l := range lessons {
		if l.State == learn.StateDone {
			res.Done = append(res.Done, l.ID)
		}
	}
	if l := learn.Current(lessons); l != nil {
		res.at(l, sinceOf(l, lessons, t.seat().TakenAt))
		res.stuck(l, inRow, now, t.class.quietSince(now))
	}
	return res
}

// at sets what is about the lesson that the learner is at.
func (s *tableState) at(l *learn.LessonOverview, since *time.Time) {
	s.Lesson, s.Since, s.Seen, s.Of, s.Hints, s.Wrong = &l.ID, since, l.Seen, l.Of, len(l.Hints), l.Wrong
	s.Still = append(s.Still, l.Still...)
}

// sinceOf is when a learner came to a lesson: when it was begun, or the one before was done,
// or the table was taken.
func sinceOf(l *learn.LessonOverview, all []learn.LessonOverview, taken time.Time) (since *time.Time) {
	if l.StartedAt != nil {
		return l.StartedAt
	}
	if !taken.IsZero() {
		since = &taken
	}
	for _, before := range all {
		if before.DoneAt != nil && (since == nil || before.DoneAt.After(*since)) {
			since = before.DoneAt
		}
	}
	return since
}

// Why a table is stuck.
const (
	stuckByTime     = "time"
	stuckByRefusals = "refusals"
)

// stuck says whether help is needed: three equal refusals in a row, or twice the minutes of
// the lesson without anything new seen. Time before quiet does not count.
func (s *tableState) stuck(l *learn.LessonOverview, inRow int, now, quiet time.Time) {
	if s.State != StateSeated && s.State != StateIdle {
		return
	}
	if from := cmp.Or(l.NewAt, s.Since); from != nil && from.After(quiet) {
		quiet = *from
	}
	switch {
	case inRow >= stuckAfter:
		s.Stuck, s.StuckBy = true, new(stuckByRefusals)
	case s.Since != nil && now.Sub(quiet) > 2*time.Duration(l.Minutes)*time.Minute:
		s.Stuck, s.StuckBy = true, new(stuckByTime)
	}
}

// quietSince is since when everybody could work: the class was opened, and the last pause is
// over.
func (c *Class) quietSince(now time.Time) time.Time {
	until, paused := c.pause()
	switch {
	case paused:
		return now
	case until.After(c.opened):
		return until
	}
	return c.opened
}

// radar counts the tables of each refusal, the commonest first.
func radar(tables []tableState) []problemState {
	found := []problemState{}
	for _, t := range tables {
		for _, slug := range t.troubles {
			n := slices.IndexFunc(found, func(p problemState) bool { return p.Problem == slug })
			if n < 0 {
				n, found = len(found), append(found, problemState{Problem: slug, Say: sayingOf(slug)})
			}
			found[n].Tables++
		}
	}
	slices.SortStableFunc(found, func(a, b problemState) int {
		return cmp.Or(b.Tables-a.Tables, strings.Compare(a.Problem, b.Problem))
	})
	return found
}

// sayings are what a teacher says where the words for all servers are wrong in a class, which
// speaks plain HTTP and has the API below the addresses of its tables.
var sayings = map[string]string{
	"authentication-required": "Nobody knows who you are. Did you send the wristband? Look for the line that begins with Authorization.",
	"token-algorithm-refused": "The server never lets a token choose the algorithm. Log in again.",
	"token-key-unknown":       "The token is of another table, or from before yours was restored. Log in at your own table.",
	"token-expired":           "Your token has ended. Log in again, and send the new one.",
	"token-revoked":           "Somebody logged out, or a role has changed. Log in again.",
	"refresh-token-invalid":   "This voucher is of no login that still goes on. Log in again.",
	"refresh-token-reused":    "A voucher works once. This one was used before, so the login has ended: log in again. That is what L09 shows.",
	"malformed-json":          "There is a comma or a quotation mark too much, or one is missing. The answer says where.",
	"item-unavailable":        "Leave that line out, or choose a dish that is available.",
	"weather-full":            "Wait until one of the faults has ended, or end them all.",
}

// sayingOf is what to say after a refusal: words of its own, or the first sentence of what to do next.
func sayingOf(slug string) string {
	if own, ok := sayings[slug]; ok {
		return own
	}
	kind := problem.Find(slug)
	if kind == nil {
		return ""
	}
	sentence, _, more := strings.Cut(kind.Next, ". ")
	if more {
		sentence += "."
	}
	return sentence
}

// tableResponse is what the teacher sees of one table.
type tableResponse struct {
	tableState
	// Code and Base are the code of the table and its address.
	Code string `json:"code"`
	Base string `json:"base"`
	// Facts are the newest requests, newest first.
	Facts []fact `json:"facts"`
	// Lessons are all lessons, with the answers.
	Lessons []learn.LessonOverview `json:"lessons"`
	// Next is what the learner does next, or null.
	Next *learn.NextStep `json:"next"`
	// Undo is the id for undoing the newest reset, as that call said, and UndoUntil how long
	// that works; null if there is nothing to undo.
	Undo      *string    `json:"undo"`
	UndoUntil *time.Time `json:"undo_until"`
}

func (c *Class) teacherTable(gc *gin.Context) error {
	t, err := c.tableOf(gc)
	if err != nil {
		return err
	}
	joined := c.joined(t)
	facts, _ := t.history.newest()
	res := tableResponse{tableState: t.stateAt(time.Now()), Code: joined.Code, Base: joined.Base, Facts: facts, Lessons: t.lessons()}
	if in := t.opened(); res.Lesson != nil && in != nil && !res.Reported {
		res.Next = in.restaurant.Lessons().NextStep(*res.Lesson)
	}
	if made, ok := t.newestReset(); ok {
		res.Undo, res.UndoUntil = &made.ID, new(made.At.Add(undoTime))
	}
	httpjson.NoStore(gc)
	return httpjson.Respond(gc, http.StatusOK, res)
}

// tableOf returns the table that the path of a request of the teacher names.
func (c *Class) tableOf(gc *gin.Context) (*table, error) {
	t := c.byNumber(gc.Param("number"))
	if t == nil {
		return nil, c.noSuchTable()
	}
	return t, nil
}

func (c *Class) noSuchTable() error {
	return problem.TableUnknown.New("There is no table of this number. They are 01 to " + numberText(len(c.tables)) + ".")
}
