package learn

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/middleware"
	"restaurant/problem"
)

// State is how far a lesson is.
type State string

// The three states.
const (
	StateOpen    State = "open"
	StateStarted State = "started"
	StateDone    State = "done"
)

// Main is the table of a learner who has the whole server for themselves.
const Main = "main"

// maxPending bounds the facts of a table that wait for the disk. Whatever comes
// beyond it still counts for the lessons; only its line in the notebook is lost.
const maxPending = 512

// Tracker watches what learners do and knows how far each of them is. It keeps
// everything in memory, so that the very answer that completes a lesson can say
// so; Book writes it down afterwards.
type Tracker struct {
	course    *Course
	interests map[endpoint][]subscription
	wake      chan struct{} // something is worth writing at once

	mu     sync.Mutex
	tables map[string]*table
}

// subscription is a pattern that waits for facts of one place.
type subscription struct {
	lesson, pattern int
	Pattern
	inSeq int // its place in the sequence, or -1
}

// table is one learner's table.
type table struct {
	name     string
	progress []progress // by lesson
	order    int64      // the newest order that was placed here

	pending []Fact // facts that are not on the disk yet
	spare   []Fact // room for the next ones
	lost    int    // facts for which there was no room
}

// progress is how far one learner is with one lesson.
type progress struct {
	State     State     `json:"state"`
	StartedAt time.Time `json:"started_at,omitzero"`
	DoneAt    time.Time `json:"done_at,omitzero"`
	// Seen is when each pattern was seen first, in Unix milliseconds; 0 for not yet.
	Seen []int64 `json:"seen"`
	// Others are what patterns that need two different ones have seen so far.
	Others map[int]uint64 `json:"others,omitzero"`
	Trails []partialMatch `json:"trails,omitzero"`
	// Answers are the newest choices, by question.
	Answers map[string]int `json:"answers,omitzero"`
	// Hints are the numbers of those that were taken; Attempts counts wrong answers.
	Hints    []int `json:"hints,omitzero"`
	Attempts int   `json:"attempts,omitzero"`

	dirty bool // not on the disk yet
}

// NewTracker makes a tracker of a course without any tables yet.
func NewTracker(course *Course) *Tracker {
	t := &Tracker{course: course, interests: map[endpoint][]subscription{}, wake: make(chan struct{}, 1), tables: map[string]*table{}}
	for n, l := range course.Lessons {
		all := len(l.Done.All)
		// Backwards, so that one fact takes a sequence one step on and not two.
		for i, p := range slices.Backward(l.Done.patterns()) {
			in := subscription{lesson: n, pattern: i, Pattern: p, inSeq: -1}
			if i >= all {
				in.inSeq = i - all
			}
			at := p.endpoint(l)
			t.interests[at] = append(t.interests[at], in)
		}
	}
	return t
}

// table finds or lays a table; the caller holds the lock.
func (t *Tracker) table(name string) *table {
	tab, ok := t.tables[name]
	if !ok {
		tab = &table{name: name, progress: make([]progress, len(t.course.Lessons))}
		for n, l := range t.course.Lessons {
			tab.progress[n] = newProgress(l)
		}
		t.tables[name] = tab
	}
	return tab
}

func newProgress(l *Lesson) progress {
	return progress{State: StateOpen, Seen: make([]int64, len(l.Done.patterns()))}
}

// Observe credits a fact to a table and says what it changed, in the words of the
// Lesson-Progress header; empty if nothing.
func (t *Tracker) Observe(name string, f Fact) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	tab := t.table(name)
	tab.note(f)
	if f.Order != 0 && f.Status == 201 {
		tab.order = f.Order
	}
	var news []string
	for _, in := range t.interests[endpoint{f.Method, f.Route}] {
		p := &tab.progress[in.lesson]
		if p.State != StateDone && p.apply(t.course.Lessons[in.lesson], &in, &f) {
			news = append(news, t.updateState(tab, in.lesson, f.At))
		}
	}
	return strings.Join(slices.Compact(news), ", ")
}

// note keeps a fact for the disk, if there is room.
func (tab *table) note(f Fact) {
	if f.Method == answered {
		return
	}
	if len(tab.pending) == maxPending {
		tab.lost++
		return
	}
	tab.pending = append(tab.pending, f)
}

// apply tells whether a fact has shown something of the lesson that had not been
// seen before.
func (p *progress) apply(l *Lesson, in *subscription, f *Fact) bool {
	further := false
	switch {
	case in.inSeq >= 0:
		p.Trails, further = advance(p.Trails, l.Done.Seq, in.inSeq, f)
	case p.Seen[in.pattern] != 0 || !in.matches(f):
	case in.Different == "":
		further = true
	default:
		further = p.different(in.pattern, f.distinctBy(in.Different))
	}
	if further {
		p.Seen[in.pattern], p.dirty = f.At, true
	}
	return further
}

// different tells whether this is the second of two different ones.
func (p *progress) different(pattern int, one uint64) bool {
	before, any := p.Others[pattern]
	if !any {
		if p.Others == nil {
			p.Others = map[int]uint64{}
		}
		p.Others[pattern], p.dirty = one, true
	}
	return any && before != one
}

// updateState moves the state of a lesson of which something was seen, and says so.
func (t *Tracker) updateState(tab *table, lesson int, at int64) string {
	p, l := &tab.progress[lesson], t.course.Lessons[lesson]
	p.start(at)
	if slices.Contains(p.Seen, 0) {
		seen := 0
		for _, when := range p.Seen {
			seen += min(1, int(when))
		}
		return l.ID + " " + strconv.Itoa(seen) + "/" + strconv.Itoa(len(p.Seen))
	}
	p.State, p.DoneAt, p.Trails, p.Others = StateDone, time.UnixMilli(at).UTC(), nil, nil
	t.flushSoon()
	return l.ID + " done; next=" + t.next(tab)
}

func (p *progress) start(at int64) {
	p.dirty = true
	if p.State == StateOpen {
		p.State, p.StartedAt = StateStarted, time.UnixMilli(at).UTC()
	}
}

// next is the first lesson that is not done, or "none".
func (t *Tracker) next(tab *table) string {
	for n, p := range tab.progress {
		if p.State != StateDone {
			return t.course.Lessons[n].ID
		}
	}
	return "none"
}

// flushSoon has the book written now rather than soon.
func (t *Tracker) flushSoon() {
	select {
	case t.wake <- struct{}{}:
	default: // somebody has knocked already
	}
}

// Answer notes the answer to a question of a lesson, and tells whether it is right
// and what that changed.
func (t *Tracker) Answer(name string, lesson *Lesson, q Question, choice int) (right bool, news string) {
	right = choice == q.Answer
	t.change(name, lesson, func(p *progress) {
		if p.Answers == nil {
			p.Answers = map[string]int{}
		}
		if _, again := p.Answers[q.ID]; q.ID == PredictID && again {
			return // what counts is the first guess
		}
		p.Answers[q.ID] = choice
		if !right && q.ID != PredictID {
			p.Attempts++
		}
	})
	if right {
		news = t.Observe(name, Fact{At: time.Now().UnixMilli(), Method: answered, Route: lesson.ID + "/" + q.ID})
	}
	return right, news
}

// Hint notes that a hint was taken. It costs nothing.
func (t *Tracker) Hint(name string, lesson *Lesson, number int) {
	t.change(name, lesson, func(p *progress) {
		if !slices.Contains(p.Hints, number) {
			p.Hints = append(p.Hints, number)
		}
	})
}

func (t *Tracker) change(name string, lesson *Lesson, fn func(*progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tab := t.table(name)
	p := &tab.progress[slices.Index(t.course.Lessons, lesson)]
	fn(p)
	p.start(time.Now().UnixMilli())
}

// Reset makes lessons of a table new again; without ids, all of them.
func (t *Tracker) Reset(name string, ids ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tab := t.table(name)
	for n, l := range t.course.Lessons {
		if len(ids) == 0 || slices.Contains(ids, l.ID) {
			tab.progress[n] = newProgress(l)
			tab.progress[n].dirty = true
		}
	}
	t.flushSoon()
}

// lessonView is a copy of what a table knows of all lessons.
type lessonView struct {
	course   *Course
	progress []progress
	order    int64
}

// snapshot copies the state of a table.
func (t *Tracker) snapshot(name string) lessonView {
	t.mu.Lock()
	defer t.mu.Unlock()
	tab := t.table(name)
	v := lessonView{course: t.course, progress: slices.Clone(tab.progress), order: max(1, tab.order)}
	for n := range v.progress {
		v.progress[n] = v.progress[n].clone()
	}
	return v
}

func (p progress) clone() progress {
	p.Seen, p.Trails, p.Hints = slices.Clone(p.Seen), slices.Clone(p.Trails), slices.Clone(p.Hints)
	p.Others, p.Answers = cloneMap(p.Others), cloneMap(p.Answers)
	return p
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return nil
	}
	c := make(map[K]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// stillToSee is what is missing, in words and in order.
func (p progress) stillToSee(l *Lesson) []string {
	missing := []string{}
	for i, pattern := range l.Done.patterns() {
		if p.Seen[i] == 0 {
			missing = append(missing, pattern.See)
		}
	}
	return missing
}

// next is the lesson to go on with, or nil when all are done.
func (v lessonView) next() *Lesson {
	for n, p := range v.progress {
		if p.State != StateDone {
			return v.course.Lessons[n]
		}
	}
	return nil
}

// lastDone is the lesson that was completed last, or nil.
func (v lessonView) lastDone() *Lesson {
	var newest *Lesson
	var at time.Time
	for n, p := range v.progress {
		if p.DoneAt.After(at) {
			newest, at = v.course.Lessons[n], p.DoneAt
		}
	}
	return newest
}

func (v lessonView) of(l *Lesson) progress { return v.progress[slices.Index(v.course.Lessons, l)] }

// ProgressHeader says in an answer what the request has changed.
const ProgressHeader = "Lesson-Progress"

// Witness makes a fact of each response of the API and credits it.
func (t *Tracker) Witness(c *gin.Context) {
	if !isAPIRoute(middleware.Route(c)) {
		return
	}
	if news := t.Observe(Main, factOf(c)); news != "" {
		c.Writer.Header()[ProgressHeader] = []string{news}
	}
}

// isAPIRoute leaves out the routes of the lessons, and those that machines and
// browsers call by themselves.
func isAPIRoute(route string) bool {
	return strings.HasPrefix(route, "/api/") || strings.HasPrefix(route, "/.well-known/") || route == "none"
}

// factOf makes the fact of a request whose response is decided.
func factOf(c *gin.Context) Fact {
	f := Fact{
		At: time.Now().UnixMilli(), Method: middleware.Method(c), Route: middleware.Route(c), Status: c.Writer.Status(), Problem: problem.Written(c),
		Token: tokenNone, OrderStatus: string(middleware.OrderStatus(c)), Client: hash(clientOf(c.Request)), Subject: hash(middleware.Subject(c)),
	}
	switch {
	case middleware.IsAuthenticated(c):
		p := middleware.MustPrincipal(c)
		f.Who, f.Role, f.VIP, f.Token, f.TokenHash = p.UserID, string(p.Role), p.VIP, tokenValid, hash(p.TokenID)
	case f.Status == http.StatusUnauthorized && strings.HasPrefix(f.Problem, "token-"):
		f.Token, f.TokenHash = f.Problem, hash(middleware.UnverifiedTokenID(c))
	case f.Status < http.StatusBadRequest: // a refused login has no user, or it would reveal who has an account
		f.Who = middleware.UserID(c)
	}
	if strings.HasPrefix(f.Route, "/api/v1/orders") && f.Status < 300 {
		f.Order = orderOf(c)
		f.Replayed = c.Writer.Header().Get("Idempotency-Replayed") != ""
	}
	if f.Route == "none" {
		path := c.Request.URL.Path
		f.KeyFile = strings.HasSuffix(path, ".pem") || strings.HasSuffix(path, ".key")
	}
	return f
}

// clientOf is what the program that asks calls itself. A page in a browser may not
// set User-Agent (Chromium silently sends its own), so it says it in X-User-Agent.
func clientOf(r *http.Request) string {
	return cmp.Or(r.Header.Get("X-User-Agent"), r.UserAgent())
}

// orderOf is the number in Location, where an order was placed, or in the address.
func orderOf(c *gin.Context) int64 {
	text := c.Param("id")
	if at := c.Writer.Header().Get("Location"); at != "" {
		text = at[strings.LastIndexByte(at, '/')+1:]
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// hash tells two texts apart without keeping either; 0 for none. What it is
// given is random (jti) or no secret (User-Agent, sub).
func hash(text string) uint64 {
	if text == "" {
		return 0
	}
	var room [64]byte // most texts fit, and need no room of their own then
	sum := sha256.Sum256(append(room[:0], text...))
	return max(1, binary.LittleEndian.Uint64(sum[:8]))
}
