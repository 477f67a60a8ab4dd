package class

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn"
	"restaurant/models"
)

const (
	maxMessage        = 140 // characters
	messageMinutes    = 10  // unless the teacher says how many
	maxMessageMinutes = 600
	maxPause          = 600 // seconds
	maxClock          = 24 * time.Hour
)

type messageRequest struct {
	Text    string `json:"text"`
	Minutes int    `json:"minutes"`
}

// messageResponse is what all pages show now.
type messageResponse struct {
	Message *string    `json:"message"`
	Until   *time.Time `json:"until"`
}

// setMessageForAll shows a line on all pages; an empty text takes it away.
func (c *Class) setMessageForAll(gc *gin.Context) error {
	var req messageRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	text := strings.TrimSpace(req.Text)
	var cs httpjson.Checks
	cs.Require(utf8.RuneCountInString(text) <= maxMessage, "text", "must be 140 characters at most")
	cs.Require(!strings.ContainsFunc(text, models.IsControl), "text", "must not contain line breaks or control characters")
	cs.Require(req.Minutes >= 0 && req.Minutes <= maxMessageMinutes, "minutes", "must be a number from 1 to 600, or left out for 10")
	if err := cs.Err(); err != nil {
		return err
	}
	minutes := req.Minutes
	if minutes == 0 {
		minutes = messageMinutes
	}
	m := message{text, time.Now().Add(time.Duration(minutes) * time.Minute).UTC().Truncate(time.Second)}
	c.mu.Lock()
	c.message = m
	c.mu.Unlock()
	c.setMessage(gc.Writer.Header())
	res := messageResponse{Message: httpjson.Optional(text)}
	if text != "" {
		res.Until = &m.until
	}
	return c.changed(gc, res)
}

// changed answers a call that has changed what the teacher sees.
func (c *Class) changed(gc *gin.Context, res any) error {
	c.feed.publish(nil)
	httpjson.NoStore(gc)
	return httpjson.Respond(gc, http.StatusOK, res)
}

type pauseRequest struct {
	Seconds int `json:"seconds"`
}

type pauseResponse struct {
	// PausedUntil is null while there is no pause.
	PausedUntil *time.Time `json:"paused_until"`
}

// pauseAll begins a pause, or ends it: without seconds.
func (c *Class) pauseAll(gc *gin.Context) error {
	var req pauseRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	if req.Seconds < 0 || req.Seconds > maxPause {
		return httpjson.Invalid("seconds", "must be a number from 1 to 600; without it, the pause ends")
	}
	now := time.Now()
	until := now.Add(time.Duration(req.Seconds) * time.Second)
	c.mu.Lock()
	if req.Seconds > 0 || now.Before(c.pausedUntil) {
		c.pausedUntil = until
	}
	c.mu.Unlock()
	var res pauseResponse
	if req.Seconds > 0 {
		res.PausedUntil = new(until.UTC().Truncate(time.Second))
	}
	return c.changed(gc, res)
}

// isOpen reports whether a part is open at all tables.
func (c *Class) isOpen(part string) bool {
	return c.roster.Unlock == UnlockAll || slices.Contains(*c.openParts.Load(), part)
}

// partOf returns the part of a name, or of what is before its dot, such as II; empty if there
// is none.
func partOf(name string) string {
	for _, part := range learn.Parts() {
		if number, _, _ := strings.Cut(part, "."); name == part || name == number {
			return part
		}
	}
	return ""
}

type openRequest struct {
	Parts []string `json:"parts"`
}

type openResponse struct {
	OpenParts []string `json:"open_parts"`
}

// openPartsForAll opens parts at all tables, whatever is done there. What was seen of their
// lessons before counts at once.
func (c *Class) openPartsForAll(gc *gin.Context) error {
	var req openRequest
	if err := httpjson.Bind(gc, &req); err != nil {
		return err
	}
	var parts []string
	for _, name := range req.Parts {
		parts = append(parts, partOf(name))
	}
	if len(parts) == 0 || slices.Contains(parts, "") {
		return httpjson.Invalid("parts", `must be a list of parts of the course, such as ["II"]: `+strings.Join(learn.Parts(), ", "))
	}
	err := c.roster.change(func(r *roster) error {
		r.OpenParts = slices.DeleteFunc(learn.Parts(), func(p string) bool { return !slices.Contains(r.OpenParts, p) && !slices.Contains(parts, p) })
		return nil
	})
	if err != nil {
		return err
	}
	open := c.overview().OpenParts
	c.openParts.Store(&open)
	for _, t := range c.tables {
		if in := t.opened(); in != nil {
			in.restaurant.Lessons().Tracker().Settle()
		}
	}
	return c.changed(gc, openResponse{open})
}

// meant are the tables that a call is about: all, or the one of the query.
func (c *Class) meant(gc *gin.Context) (tables []*table, one *table, err error) {
	number, named := gc.GetQuery("table")
	if !named {
		return c.tables, nil, nil
	}
	if one = c.byNumber(number); one == nil {
		return nil, nil, c.noSuchTable()
	}
	return []*table{one}, one, nil
}

type clockRequest struct {
	Advance string `json:"advance"`
}

// clockResponse is by how much the class has moved the clocks.
type clockResponse struct {
	AheadS int64 `json:"ahead_s"`
	// Refused are the tables whose clock would be more than a day ahead: they stay as they are.
	Refused []string `json:"refused"`
}

// advanceClocks moves the clock of the tokens ahead at all tables, or at one.
func (c *Class) advanceClocks(gc *gin.Context) error {
	var req clockRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	tables, one, err := c.meant(gc)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(req.Advance)
	if err != nil || d < time.Second || d%time.Second != 0 {
		return httpjson.Invalid("advance", "must be a number of hours, minutes or seconds, such as 16m or 1h30m; the clock goes only forward")
	}
	ahead, ok := c.moveAhead(one, d)
	if !ok {
		return httpjson.Invalid("advance", "would move the clock more than 24 hours ahead in all; "+(maxClock-ahead).String()+" are left. Start the class again for real time")
	}
	res := clockResponse{AheadS: int64(ahead / time.Second), Refused: []string{}}
	for _, t := range tables {
		if !t.settings.moveClock(t) {
			res.Refused = append(res.Refused, t.text())
		}
	}
	return c.changed(gc, res)
}

// moveAhead notes that the clocks of all, or of one, are to be further ahead, and returns by how
// much. It does nothing if that is too far.
func (c *Class) moveAhead(one *table, d time.Duration) (ahead time.Duration, ok bool) {
	if one != nil {
		one.settings.mu.Lock()
		defer one.settings.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead, set := c.ahead, &c.ahead
	if one != nil {
		ahead, set = ahead+one.settings.ahead, &one.settings.ahead
	}
	if ahead+d > maxClock {
		return ahead, false
	}
	*set += d
	return ahead + d, true
}

type paceRequest struct {
	AccessTokenTTL string `json:"access_token_ttl"`
	Kitchen        string `json:"kitchen"`
}

// kitchens are what a teacher may make of the kitchen. In a manual one a chef moves the
// orders; auto keeps the pace.
var kitchens = map[string]Pace{
	"auto": {ManualKitchen: new(false)}, "manual": {ManualKitchen: new(true)},
	"fast":   {ManualKitchen: new(false), KitchenPace: 500 * time.Millisecond},
	"normal": {ManualKitchen: new(false), KitchenPace: 3 * time.Second},
	"slow":   {ManualKitchen: new(false), KitchenPace: 15 * time.Second},
}

// paceResponse repeats what was set.
type paceResponse struct {
	AccessTokenTTLS *int64  `json:"access_token_ttl_s"`
	Kitchen         *string `json:"kitchen"`
}

// setPace changes how long new tokens are valid and who moves the orders, at all tables or one.
func (c *Class) setPace(gc *gin.Context) error {
	var req paceRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	tables, one, err := c.meant(gc)
	if err != nil {
		return err
	}
	pace, err := req.pace()
	if err != nil {
		return err
	}
	c.applyPace(tables, pace, one != nil)
	res := paceResponse{Kitchen: httpjson.Optional(req.Kitchen)}
	if pace.TokenTTL > 0 {
		res.AccessTokenTTLS = new(int64(pace.TokenTTL / time.Second))
	}
	return c.changed(gc, res)
}

// applyPace sets a pace, one call after the other: otherwise the tables could keep what an earlier one has set.
func (c *Class) applyPace(tables []*table, pace Pace, alone bool) {
	c.pacing.Lock()
	defer c.pacing.Unlock()
	if !alone {
		c.mu.Lock()
		c.pace = c.pace.Over(pace)
		c.mu.Unlock()
	}
	for _, t := range tables {
		t.settings.setPace(t, pace, alone)
	}
}

func (r paceRequest) pace() (p Pace, err error) {
	var cs httpjson.Checks
	if r.Kitchen != "" {
		var known bool
		p, known = kitchens[r.Kitchen]
		cs.Require(known, "kitchen", "must be auto, manual, fast, normal or slow")
	}
	if r.AccessTokenTTL != "" {
		p.TokenTTL, err = time.ParseDuration(r.AccessTokenTTL)
		cs.Require(err == nil && p.TokenTTL >= 5*time.Second && p.TokenTTL <= 30*time.Minute && p.TokenTTL%time.Second == 0, "access_token_ttl", "must be from 5s to 30m, such as 30s")
	}
	cs.Require(r != paceRequest{}, "access_token_ttl", "or kitchen must be there: nothing would change")
	return p, cs.Err()
}

type revealRequest struct {
	Lesson   string `json:"lesson"`
	Question string `json:"question"`
}

// revealResponse is how the class has answered a question.
type revealResponse struct {
	Lesson   string   `json:"lesson"`
	Question string   `json:"question"`
	Text     string   `json:"text"`
	Choices  []string `json:"choices"`
	// Counts are how many tables took each choice.
	Counts []int `json:"counts"`
	// Answer is the number of the right choice, from 1, and Why the reason. They are null until
	// the second call.
	Answer *int    `json:"answer"`
	Why    *string `json:"why"`
}

// revealGuesses shows on the wall how the class has answered a question; the second call about
// the same one shows the answer, too. Without a lesson nothing is shown any more.
func (c *Class) revealGuesses(gc *gin.Context) error {
	var req revealRequest
	if err := httpjson.BindOrForm(gc, &req); err != nil {
		return err
	}
	q, known := learn.FindQuestion(req.Lesson, req.Question)
	if !known && req != (revealRequest{}) {
		return httpjson.Invalid("question", "must be the id of a question in a lesson, such as predict in L01")
	}
	c.mu.Lock()
	before := c.reveal
	switch {
	case !known:
		c.reveal = nil
	case before != nil && before.Lesson == req.Lesson && before.Question == req.Question:
		with := *before
		with.Answer, with.Why = &q.Answer, &q.Why
		c.reveal = &with
	default:
		c.reveal = &revealResponse{Lesson: req.Lesson, Question: req.Question, Text: q.Question, Choices: q.Choices}
	}
	c.mu.Unlock()
	return c.changed(gc, c.revealed())
}

// revealed is what the wall shows of the guesses now, or nil.
func (c *Class) revealed() *revealResponse {
	c.mu.Lock()
	shown := c.reveal
	c.mu.Unlock()
	if shown == nil {
		return nil
	}
	res := *shown
	res.Counts = make([]int, len(res.Choices))
	for _, t := range c.tables {
		lessons := t.lessons()
		n := slices.IndexFunc(lessons, func(l learn.LessonOverview) bool { return l.ID == res.Lesson })
		if n < 0 {
			continue
		}
		if choice := lessons[n].Answers[res.Question]; choice > 0 && choice <= len(res.Counts) {
			res.Counts[choice-1]++
		}
	}
	return &res
}
