package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"restaurant/e2e/testkit/process"
)

// learner is one pretend learner.
type learner struct {
	name string
	// pace is how long this one takes, compared with what the lesson says.
	pace float64
	// at is the lesson in which this one is wrong first. What is before that is done at once,
	// as if it had been done another day.
	at string
	// slip is what this one gets wrong, if the step is one for it.
	slip func(context.Context, *learner, step) (slipped bool)

	class, table *process.Client
	out          io.Writer
	speed        float64
	random       *rand.Rand
	catchUp      bool // before the first slip in the lesson at

	files   map[string]string         // what was saved
	sources map[string]request        // which request saved a file
	jars    map[string][]*http.Cookie // cookies that were saved
	slips   map[string]bool           // lessons in which this one was wrong already
}

// learners are those who come, each with a habit.
var learners = []learner{
	{name: "Alice", pace: 0.7, slip: nothing},
	{name: "Bob", pace: 1.2, at: "L03", slip: wrongPassword},
	{name: "Carla", pace: 1, at: "L04", slip: forgottenHeader},
	{name: "Vera", pace: 1.1, at: "L07", slip: sameAgain},
	{name: "Marco", pace: 0.9, at: "L06", slip: oldToken},
}

// attend takes a table and does one lesson after the other until ctx ends.
func (l *learner) attend(ctx context.Context) {
	l.files, l.sources, l.jars, l.slips = map[string]string{}, map[string]request{}, map[string][]*http.Cookie{}, map[string]bool{}
	l.think(ctx, 4*time.Second)
	if err := l.join(ctx); err != nil {
		l.say(ctx, "gets no table: %v", err)
		return
	}
	for ctx.Err() == nil {
		id, err := l.next(ctx)
		switch {
		case err != nil:
			l.say(ctx, "is told: %v", err)
		case id != "":
			l.catchUp = id <= l.at
			if err = l.do(ctx, id); err != nil {
				l.say(ctx, "stops in %s: %v", id, err)
			}
		}
		if err != nil || id == "" { // the teacher may open more, or let the class go on
			l.catchUp = false
			l.think(ctx, 10*time.Second)
		}
	}
}

func (l *learner) join(ctx context.Context) error {
	var got struct{ Table, Base string }
	if err := call(ctx, l.class, http.MethodPost, "/class/join", fmt.Sprintf(`{"name":%q}`, l.name), &got); err != nil {
		return err
	}
	l.table = process.NewClient(got.Base)
	l.say(ctx, "has table %s: %s/", got.Table, got.Base)
	return nil
}

// next is the first lesson that is not done and can be done by requests alone; empty if there
// is none.
func (l *learner) next(ctx context.Context) (string, error) {
	var list struct{ Items []lesson }
	if err := l.ask(ctx, "/learn/lessons", &list); err != nil {
		return "", err
	}
	for _, item := range list.Items {
		if item.Extra || item.State == "done" || item.State == "locked" {
			continue
		}
		found, err := l.read(ctx, item.ID)
		if err != nil || found.feasible() {
			return item.ID, err
		}
	}
	return "", nil
}

func (l *learner) read(ctx context.Context, id string) (found lesson, err error) {
	return found, l.ask(ctx, "/learn/lessons/"+id, &found)
}

// do does a lesson as a person does: guess, send one request after the other, answer. It reads
// the lesson again before each step, as the page does, because a lesson names the learner's
// order once there is one.
func (l *learner) do(ctx context.Context, id string) error {
	now, err := l.read(ctx, id)
	if err != nil {
		return err
	}
	pause := time.Duration(now.Minutes) * time.Minute / time.Duration(2*(len(now.steps())+len(now.Questions)+1)) // a lesson says how long it takes who types everything
	l.think(ctx, pause)
	if err := l.guess(ctx, id, now.Predict); err != nil {
		return err
	}
	for n := range now.steps() {
		l.think(ctx, pause)
		if now, err = l.read(ctx, id); err != nil {
			return err
		}
		s := now.steps()[n]
		if id >= l.at && !l.slips[id] {
			l.slips[id] = l.slip(ctx, l, s)
		}
		if err := wait(ctx, time.Duration(s.Wait)*time.Second); err != nil { // a token expires no sooner
			return err
		}
		if err := l.try(ctx, s); err != nil {
			return err
		}
	}
	for _, q := range now.Questions {
		l.think(ctx, pause)
		if err := l.answer(ctx, id, q); err != nil {
			return err
		}
	}
	now, err = l.read(ctx, id)
	if err == nil && now.State == "done" && !l.catchUp {
		l.say(ctx, "has done %s, %s", id, now.Title)
	}
	return err
}

// try makes the request of a step. An answer that the lesson does not expect ends the lesson,
// so that it is begun again.
func (l *learner) try(ctx context.Context, s step) error {
	for n := range max(1, s.Request.Repeat) {
		a, err := l.send(ctx, s.Request, n+1)
		if err != nil {
			return err
		}
		if !slices.Contains(s.Expect.Status, a.Status) {
			return fmt.Errorf("%s is answered %d %s", s.ID, a.Status, problemOf(a))
		}
	}
	return nil
}

// guess answers the question before a lesson, of which the first answer counts.
func (l *learner) guess(ctx context.Context, id string, q question) error {
	if q.Chosen != nil {
		return nil
	}
	_, err := l.choose(ctx, id, q, l.random.IntN(len(q.Choices)))
	return err
}

// answerNumber answers with what the learner has measured, which may be nothing.
func (l *learner) answerNumber(ctx context.Context, id string, q question) error {
	var sheet struct {
		Runs []struct {
			DistanceMS int `json:"distance_ms"`
			Doors      []struct {
				Door           string
				Bytes, Queries float64
				MedianUS       float64 `json:"median_us"`
			}
		}
	}
	if err := l.ask(ctx, "/learn/comparison", &sheet); err != nil {
		return err
	}
	for _, run := range sheet.Runs {
		for _, door := range run.Doors {
			if run.DistanceMS == q.Measured.DistanceMS && door.Door == q.Measured.Door {
				number := map[string]float64{"bytes": door.Bytes, "queries": door.Queries, "median_us": door.MedianUS}[q.Measured.Value]
				body := fmt.Sprintf(`{"question":%q,"number":%v}`, q.ID, number)
				return call(ctx, l.table, http.MethodPost, "/learn/lessons/"+id+"/answers", body, nil)
			}
		}
	}
	return nil
}

// answer answers a question until the answer is right: which one that is, only the class knows.
func (l *learner) answer(ctx context.Context, id string, q question) error {
	if q.Measured != nil {
		return l.answerNumber(ctx, id, q)
	}
	for _, n := range l.random.Perm(len(q.Choices)) {
		if right, err := l.choose(ctx, id, q, n); right || err != nil {
			return err
		}
		l.think(ctx, 8*time.Second)
	}
	return nil
}

func (l *learner) choose(ctx context.Context, id string, q question, n int) (right bool, err error) {
	var said struct{ Right bool }
	err = call(ctx, l.table, http.MethodPost, "/learn/lessons/"+id+"/answers", fmt.Sprintf(`{"question":%q,"choice":%d}`, q.ID, n+1), &said)
	return said.Right, err
}

// send sends a request, for the nth time, and keeps what is to be saved.
func (l *learner) send(ctx context.Context, r request, n int) (a process.Answer, err error) {
	req, err := l.newRequest(ctx, r, n)
	if err != nil {
		return a, err
	}
	res, err := l.table.HTTP.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	a.Status, a.Header = res.StatusCode, res.Header
	if a.Body, err = io.ReadAll(res.Body); err != nil {
		return a, err
	}
	if a.Status < http.StatusBadRequest {
		l.keep(r, a.Body, res.Cookies())
	}
	return a, nil
}

func (l *learner) keep(r request, body []byte, cookies []*http.Cookie) {
	if r.SaveAs != "" {
		l.files[r.SaveAs], l.sources[r.SaveAs] = string(body), r
	}
	if r.JarOut != "" {
		l.jars[r.JarOut] = cookies
	}
}

// newRequest makes the request that curl makes of the same step.
func (l *learner) newRequest(ctx context.Context, r request, n int) (*http.Request, error) {
	form := url.Values{}
	for _, f := range r.Form {
		form.Add(f.Name, f.Value)
	}
	body := cmp.Or(form.Encode(), r.Body, l.files[r.BodyFile])
	at := r.URL
	if r.Repeat > 1 {
		at += map[bool]string{true: "&", false: "?"}[strings.Contains(at, "?")] + fmt.Sprint("n=", n)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, at, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	switch {
	case len(form) > 0:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case body != "":
		req.Header.Set("Content-Type", "application/json")
	}
	if name, value, ok := strings.Cut(strings.TrimSpace(l.files[r.As]), ": "); ok {
		req.Header.Set(name, value)
	}
	for _, h := range r.Headers {
		req.Header.Set(h.Name, h.Value)
	}
	for _, cookie := range l.jars[r.JarIn] {
		req.AddCookie(cookie)
	}
	return req, nil
}

// hint takes the first hint of the lesson that the learner is at.
func (l *learner) hint(ctx context.Context) {
	id, err := l.next(ctx)
	if err == nil && id != "" {
		err = call(ctx, l.table, http.MethodPost, "/learn/lessons/"+id+"/hints", `{"number":1}`, nil)
	}
	if err == nil {
		l.say(ctx, "takes a hint in %s", id)
	}
}

// think waits about as long as a person does for what takes a while. Some wait longer than
// others, and nobody always the same time.
func (l *learner) think(ctx context.Context, about time.Duration) {
	if l.catchUp {
		return
	}
	_ = wait(ctx, time.Duration(float64(about)*cmp.Or(l.pace, 1)*(0.5+l.random.Float64())/l.speed)) // what follows ends with ctx
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// say prints what the learner does, unless the class is over.
func (l *learner) say(ctx context.Context, format string, args ...any) {
	if ctx.Err() == nil {
		fmt.Fprintln(l.out, l.name, fmt.Sprintf(format, args...))
	}
}
