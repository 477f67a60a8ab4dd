package class

import (
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/problem"
)

// Report is what a restaurant on the computer of a learner tells the class. It holds nothing
// secret but the code of the table: of requests what facts hold, of lessons what the teacher
// sees of a table.
type Report struct {
	Code    string                 `json:"code"`
	Lessons []learn.LessonOverview `json:"lessons"`
	// Facts are the requests since the report before, oldest first.
	Facts []ReportedFact `json:"facts"`
}

// ReportedFact is a request on the computer of a learner.
type ReportedFact struct {
	At      time.Time `json:"at"`
	Route   string    `json:"route"` // the method and the pattern of the path
	Status  int       `json:"status"`
	Problem *string   `json:"problem"`
	Token   string    `json:"token"`
	// Helped is whether a lesson needed it, or asks for such a refusal.
	Helped bool `json:"helped"`
}

const (
	// reportEvery is how often a restaurant reports.
	reportEvery = 5 * time.Second
	// reportedFor is how long a report counts although the restaurant at the class is used
	// meanwhile.
	reportedFor = 30 * time.Second
	// maxReportedFacts is how many facts a report may hold.
	maxReportedFacts = 100
)

// reports are those of one table since the class was opened.
type reports struct {
	mu      sync.Mutex
	limit   *rate.Limiter
	lessons []learn.LessonOverview // nil: there was none
	at      time.Time              // of the newest one
	active  time.Time              // of the newest one with something new in it
}

// allow refuses reports that come much faster than a restaurant sends them.
func (r *reports) allow() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limit == nil {
		r.limit = rate.NewLimiter(rate.Every(reportEvery/5), 10)
	}
	if !r.limit.Allow() {
		return problem.RateLimited.New("A restaurant reports every five seconds. Only one computer may report for a table.").RetryAfter(reportEvery)
	}
	return nil
}

// keep takes a report.
func (r *reports) keep(lessons []learn.LessonOverview, facts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lessons == nil || facts > 0 {
		r.active = time.Now()
	}
	r.lessons, r.at = lessons, time.Now()
}

// forget makes the next learner of a table begin without reports.
func (r *reports) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lessons = nil
}

// takeReport takes the report of a restaurant on the computer of a learner.
func (c *Class) takeReport(gc *gin.Context) error {
	var req Report
	if err := httpjson.Bind(gc, &req); err != nil {
		return err
	}
	switch {
	case req.Code == "":
		return httpjson.Invalid("code", "is required: it is the code of your table, such as 07-kmx")
	case len(req.Facts) > maxReportedFacts:
		return httpjson.Invalid("facts", "must be 100 at most")
	}
	t, err := c.admit(gc.Request, plainCode(req.Code))
	if err != nil {
		return err
	}
	if err := t.reports.allow(); err != nil {
		return err
	}
	if err := t.take(); err != nil {
		return err
	}
	t.reports.keep(known(req.Lessons), len(req.Facts))
	for _, f := range req.Facts {
		if seen, ok := t.reportedFact(f); ok {
			t.history.add(seen)
			c.feed.publish(&seen)
		}
	}
	c.feed.publish(nil)
	return httpjson.NoContent(gc)
}

// reported returns the lessons that were reported, and when something new was in them, if the
// learner works on a computer of their own. Who goes back to the restaurant at the class is
// seen there.
func (t *table) reported(now time.Time) (lessons []learn.LessonOverview, active time.Time, ok bool) {
	r := &t.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lessons == nil || now.Sub(r.at) > reportedFor && t.lastAt().After(r.at) {
		return nil, time.Time{}, false
	}
	return r.lessons, r.active, true
}

// known keeps of reported lessons what this release knows. Texts are those of the course, so that no
// text of a stranger comes to the screen of the teacher.
func known(reported []learn.LessonOverview) (all []learn.LessonOverview) {
	for _, l := range learn.Contents() {
		if n := slices.IndexFunc(reported, func(r learn.LessonOverview) bool { return r.ID == l.ID }); n >= 0 {
			l = merge(l, reported[n])
		}
		all = append(all, l)
	}
	return all
}

func merge(l, r learn.LessonOverview) learn.LessonOverview {
	if slices.Contains([]learn.State{learn.StateOpen, learn.StateStarted, learn.StateDone, learn.StateLocked}, r.State) {
		l.State = r.State
	}
	l.StartedAt, l.DoneAt, l.NewAt = past(r.StartedAt), past(r.DoneAt), past(r.NewAt)
	l.Seen = min(max(0, r.Seen), l.Of)
	l.Still = slices.DeleteFunc(l.Still, func(text string) bool { return !slices.Contains(r.Still, text) })
	l.Hints = slices.DeleteFunc(r.Hints, func(n int) bool { return n < 1 || n > 2 })
	l.Hints = l.Hints[:min(2, len(l.Hints))]
	l.Wrong, l.Restarts = min(max(0, r.Wrong), 999), min(max(0, r.Restarts), 999)
	l.Restored, l.Unsigned = r.Restored, r.Unsigned
	if r.Guess != nil && *r.Guess >= 1 && *r.Guess <= 9 {
		l.Guess, l.GuessRight = r.Guess, r.GuessRight
	}
	return l
}

// past is a time, if it can be when something happened. Clocks of two computers differ.
func past(t *time.Time) *time.Time {
	if t == nil || t.Unix() < 0 || time.Until(*t) > time.Hour {
		return nil
	}
	return t
}

// aRoute is a method and the pattern of a path.
var aRoute = regexp.MustCompile(`^[A-Z]{3,7} [a-z]{0,10}:?[A-Za-z0-9/:._*-]+$`)

// reportedFact returns a fact as the class keeps it, if it can be one. It counts from its arrival: the
// clock of another computer may be wrong.
func (t *table) reportedFact(f ReportedFact) (fact, bool) {
	ok := len(f.Route) <= 120 && aRoute.MatchString(f.Route) && f.Status >= 0 && f.Status <= 599 && (f.Problem == nil || problem.Find(*f.Problem) != nil) &&
		(f.Token == "none" || f.Token == "valid" || problem.Find(f.Token) != nil)
	return fact{t.text(), time.Now().UTC(), f.Route, f.Status, f.Problem, f.Token, f.Helped}, ok
}
