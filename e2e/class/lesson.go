package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"restaurant/e2e/testkit/process"
)

// lesson is what a learner reads of a lesson.
type lesson struct {
	ID, Title, State string
	Minutes          int
	Extra            bool
	Predict          question
	Questions        []question
	Prepare, Steps   []step
	Hints            []struct {
		Number int
		Taken  bool
	}
}

type question struct {
	ID      string
	Choices []string
	// Measured is the number of the learner's own comparison that it asks for.
	Measured *struct {
		Door       string
		DistanceMS int `json:"distance_ms"`
		Value      string
	}
	Chosen *int // null before the first answer
}

// step is one request and what is to come of it.
type step struct {
	ID     string
	Wait   int    // seconds
	Page   string // where it is done in a browser; empty: it is a request
	Seen   bool
	Expect struct{ Status []int }

	Request request
}

// request is null where a lesson leaves something out, which here is empty.
type request struct {
	Method, URL string
	Headers     []pair
	Form        []pair
	Body        string
	BodyFile    string `json:"body_file"`
	As          string
	SaveAs      string `json:"save_as"`
	Stream      bool
	JarIn       string `json:"jar_in"`
	JarOut      string `json:"jar_out"`
	Config      string
	Repeat      int
}

type pair struct{ Name, Value string }

// steps are all requests of the lesson in order.
func (l lesson) steps() []step { return slices.Concat(l.Prepare, l.Steps) }

// feasible reports whether the lesson needs neither a browser nor a relay for curl.
func (l lesson) feasible() bool {
	return !slices.ContainsFunc(l.steps(), func(s step) bool { return s.Page != "" || s.Request.Config != "" })
}

// isLogin reports whether the step logs somebody in.
func (s step) isLogin() bool { return s.works() && s.Request.isLogin() }

func (r request) isLogin() bool {
	return slices.ContainsFunc(r.Form, func(f pair) bool { return f.Name == "password" })
}

// showsToken reports whether the step shows a token to the API, which takes it.
func (s step) showsToken() bool {
	return s.Request.As != "" && s.works() && strings.Contains(s.Request.URL, "/api/")
}

// works reports whether the step is to be answered with yes.
func (s step) works() bool { return len(s.Expect.Status) == 1 && s.Expect.Status[0] < 300 }

// with returns the request with another value in a field of its form.
func (r request) with(name, value string) request {
	r.Form = slices.DeleteFunc(slices.Clone(r.Form), func(f pair) bool { return f.Name == name })
	r.Form = append(r.Form, pair{name, value})
	return r
}

// ask reads JSON below the address of the learner's table.
func (l *learner) ask(ctx context.Context, path string, into any) error {
	return call(ctx, l.table, http.MethodGet, path, "", into)
}

// call sends JSON and reads JSON.
func call(ctx context.Context, to *process.Client, method, path, body string, into any) error {
	a, err := to.Do(ctx, method, path, "", body, "Accept", "application/json")
	if err != nil {
		return err
	}
	if a.Status >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %d %s", method, path, a.Status, problemOf(a))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(a.Body, into)
}

// problemOf is the slug of a refusal, or empty.
func problemOf(a process.Answer) string {
	var p struct{ Type string }
	if a.Status < http.StatusBadRequest || json.Unmarshal(a.Body, &p) != nil {
		return ""
	}
	return p.Type[strings.LastIndexByte(p.Type, '/')+1:]
}
