package export

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"restaurant/learn/course"
)

// identifier makes a variable of an id.
func identifier(id string) string { return strings.ReplaceAll(id, "-", "_") }

// savers are the steps that have saved the files, by the names of those.
type savers map[string]course.Step

func (saved savers) note(s course.Step) {
	if s.Request.SaveAs != "" {
		saved[s.Request.SaveAs] = s
	}
}

// memberWriter writes a member of the response to a step, as the tool finds it.
type memberWriter func(of course.Step, name string) string

// The members of responses that these tools send on.
const (
	accessToken, refreshToken = "access_token", "refresh_token"
	certificate               = "certificate"
)

// members are those of the response to a step that its file is saved for.
func members(s course.Step) []string {
	switch {
	case s.Request.Path == "/learn/certificate":
		return []string{certificate}
	case wantsText(s.Request):
		return []string{accessToken}
	}
	return []string{accessToken, refreshToken}
}

// body is the body of a request that sends a file: what was saved in it, and if the file is
// altered, with the letter.
func (saved savers) body(r course.Request, member memberWriter) string {
	of, letter := saved[r.BodyFile], ""
	if r.AlteredFrom != "" {
		of, letter = saved[r.AlteredFrom], course.Letter
	}
	var fields []string
	for _, name := range members(of) {
		fields = append(fields, fmt.Sprintf("\"%s\": \"%s%s\"", name, member(of, name), letter))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// wantsText reports whether the response is one line of plain text.
func wantsText(r course.Request) bool { return strings.HasSuffix(r.SaveAs, ".txt") }

// http writes the lesson for editors that send requests from a file: for REST Client of
// Visual Studio Code, and for httpYac. Both call the answer to a request by its # @name.
// JetBrains' client needs a script behind the body, which REST Client would send along.
func (t Target) http(l *course.Lesson) string {
	w := &lines{end: "\n"}
	w.line("# %s %s. For REST Client of Visual Studio Code, and for httpYac: send the requests from top to bottom.", l.ID, l.Title)
	if slices.ContainsFunc(l.AllSteps(), isUsedLater) {
		w.line("# For httpYac, the lines with @sleep and = give an answer the name that REST Client knows; they wait for nothing.")
	}
	t.httpAnswer(w, l, l.Predict)
	saved, last := savers{}, "" // last is the name of the request before
	write := func(steps []course.Step) {
		for _, step := range steps {
			if why := onlyCurl(step); why != "" {
				t.instead(w, "###", step, why)
				continue
			}
			t.httpStep(w, step, saved, last)
			saved.note(step)
			if last = ""; isUsedLater(step) {
				last = requestName(step)
			}
			if placesOrder(step) {
				t.Order = "{{" + last + ".response.body.id}}"
			}
		}
	}
	write(l.AllSteps())
	for _, q := range l.Questions {
		t.httpAnswer(w, l, q)
	}
	write(l.After)
	return w.String()
}

// onlyCurl says why a step cannot be written for the other tools; empty if it can.
func onlyCurl(s course.Step) string {
	switch r := s.Request; {
	case s.Page != "":
		return "This step is done in a browser"
	case s.Expect.CurlExit != 0:
		return "This request gets no answer, which no other tool can expect"
	case r.Config != "":
		return "Only curl can read its options from " + r.Config
	case r.CACert != "":
		return "Only curl can be told in a line to trust " + r.CACert
	}
	return ""
}

// instead writes a step as a comment that says what to do in its place.
func (t Target) instead(w *lines, mark string, step course.Step, why string) {
	w.line("\n%s %s\n# %s. Do this instead:\n# %s", mark, plainText(step.Say), why, t.Command("curl", step))
}

// differences says what a request of these tools does otherwise than that of curl.
func differences(w *lines, r course.Request) {
	if r.Repeat > 1 {
		w.line("# curl sends this request %d times. Here it is sent once: send it as often as that.", r.Repeat)
	}
	if r.JarIn != "" || r.JarOut != "" {
		w.line("# This tool keeps cookies by itself, and sends them with every later request to the same host.")
	}
}

// isUsedLater reports whether later steps need the response to this one.
func isUsedLater(s course.Step) bool { return s.Request.SaveAs != "" || placesOrder(s) }

// keywords are words of JavaScript and of httpYac, which makes a variable of each name.
var keywords = strings.Fields(`await break case catch class const continue debugger default delete do else enum export
	extends false finally for function if implements import in instanceof interface let new null package private protected
	public return static super switch this throw true try typeof var void while with yield
	httpFile httpRegion request response sleep test`)

// requestName is the name of a step's request. The page finds the step by it, so all have one.
func requestName(s course.Step) string {
	name := identifier(s.ID)
	if slices.Contains(keywords, name) {
		name += "_"
	}
	return name
}

func (t Target) httpAnswer(w *lines, l *course.Lesson, q course.Question) {
	field, value := answerOf(q)
	w.line("\n### %s\nPOST %s/learn/lessons/%s/answers\nContent-Type: application/x-www-form-urlencoded\n\nquestion=%s&%s=%s",
		q.Question, t.URL, l.ID, q.ID, field, value)
}

// httpStep writes a step. last is the name of the request before it, if its response is used
// later. REST Client finds that response in last.response.body, and httpYac in last itself; its
// @sleep evaluates JavaScript, and waits only for a number of milliseconds.
func (t Target) httpStep(w *lines, step course.Step, saved savers, last string) {
	r := step.Request
	member := func(of course.Step, name string) string {
		return "{{" + requestName(of) + ".response.body." + name + "}}"
	}
	w.line("\n### %s", plainText(step.Say))
	differences(w, r)
	if last != "" {
		w.line("# @sleep %s.response = { body: { ...%s } }", last, last)
	}
	if step.Wait > 0 {
		w.line("# Wait %d seconds first.\n# @sleep %d", step.Wait, step.Wait*1000)
	}
	w.line("# @name %s\n%s %s", requestName(step), r.Method, t.url(r))
	t.headers(w, r, saved, member)
	switch body := exampleText(r); {
	case len(r.Form) > 0:
		w.line("Content-Type: application/x-www-form-urlencoded\n\n%s", form(r.Form))
	case body != "":
		w.line("Content-Type: application/json\n\n%s", body)
	case r.BodyFile != "":
		w.line("Content-Type: application/json\n\n%s", saved.body(r, member))
	}
}

// headers writes those of a request. Where curl saves a token as text and sends the
// file, these tools ask for JSON and take the token from the response.
func (t Target) headers(w *lines, r course.Request, saved savers, member memberWriter) {
	if r.As != "" {
		w.line("Authorization: Bearer %s", member(saved[r.As], accessToken))
	}
	if wantsText(r) {
		w.line("Accept: application/json")
	}
	for _, h := range t.Headers(r) {
		if h.Name != "Accept" || !wantsText(r) {
			w.line("%s: %s", h.Name, h.Value)
		}
	}
}

// exampleText is the body of a request if it is an example.
func exampleText(r course.Request) string {
	text, _ := course.Example(r.BodyFile)
	return strings.TrimSpace(string(text))
}

func form(fields []string) string {
	var pairs []string
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&")
}
