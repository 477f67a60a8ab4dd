package class

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"restaurant/httpjson"
	"restaurant/learn"
)

const (
	// maxFacts is how many requests of each table the teacher sees.
	maxFacts = 20
	// stuckAfter is how many equal refusals in a row are a sign that somebody needs help.
	stuckAfter = 3
)

// fact is a request at a table, as the teacher sees it: no address, no token and no user.
type fact struct {
	Table string    `json:"table"`
	At    time.Time `json:"at"`
	// Route is the method and the pattern of the path.
	Route   string  `json:"route"`
	Status  int     `json:"status"`
	Problem *string `json:"problem"`
	// Token is none, valid, or the slug with which the token was refused.
	Token string `json:"token"`

	helped bool // a lesson needed it, or asks for such a refusal
}

func (t *table) newFact(f *learn.Fact, helped bool) fact {
	route := f.Route
	if f.Via != "" {
		route = f.Via + ":" + route
	}
	return fact{t.text(), time.UnixMilli(f.At).UTC(), f.Method + " " + route, f.Status, httpjson.Optional(f.Problem), f.Token, helped}
}

// refused reports whether a request was refused, and no lesson asked for that.
func (f fact) refused() bool { return f.Status >= http.StatusBadRequest && !f.helped }

// equals reports whether two requests got the same answer at the same place.
func (f fact) equals(g fact) bool {
	return f.Route == g.Route && f.Status == g.Status && f.slug() == g.slug()
}

// slug is the kind of the refusal, or the words of its status; empty without a refusal.
func (f fact) slug() string {
	switch {
	case f.Problem != nil:
		return *f.Problem
	case f.Status >= http.StatusBadRequest:
		return http.StatusText(f.Status)
	}
	return ""
}

// history is what the class remembers of the requests of a table since it was opened.
type history struct {
	mu    sync.Mutex
	facts []fact // the newest ones, oldest first
	inRow int    // how many of the newest are equal refusals
}

func (h *history) add(f fact) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !f.refused():
		h.inRow = 0
	case h.inRow > 0 && f.equals(h.facts[len(h.facts)-1]):
		h.inRow++
	default:
		h.inRow = 1
	}
	h.facts = append(h.facts, f)
	h.facts = h.facts[max(0, len(h.facts)-maxFacts):]
}

// newest returns the facts, newest first, and how many of them are equal refusals.
func (h *history) newest() (facts []fact, inRow int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	facts = slices.Clone(h.facts)
	slices.Reverse(facts)
	return facts, h.inRow
}

// forget makes the next learner of a table begin without refusals.
func (h *history) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.facts, h.inRow = nil, 0
}

// observe is told by the lessons of the table what has happened; see learn.Options. A lesson
// that has changed without a request ends a row of refusals, too: the learner goes on.
func (t *table) observe(f *learn.Fact, helped bool) {
	if f == nil {
		t.history.mu.Lock()
		t.history.inRow = 0
		t.history.mu.Unlock()
		t.class.feed.publish(nil)
		return
	}
	seen := t.newFact(f, helped)
	t.history.add(seen)
	t.class.feed.publish(&seen)
}

// lessons returns how far the learner is; nil while the restaurant is not open.
func (t *table) lessons() []learn.LessonOverview {
	if reported, _, ok := t.reported(time.Now()); ok {
		return reported
	}
	if in := t.opened(); in != nil {
		return in.restaurant.Lessons().Overview()
	}
	return nil
}

// radarTime is how long a refusal is a matter of now.
const radarTime = 5 * time.Minute

// troubles are the kinds of refusals that a table got just now and no lesson asked for.
func troubles(facts []fact, now time.Time) (slugs []string) {
	for _, f := range facts {
		if f.refused() && now.Sub(f.At) < radarTime && !slices.Contains(slugs, f.slug()) {
			slugs = append(slugs, f.slug())
		}
	}
	return slugs
}
