package export

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
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
	f := &httpFile{Target: t, lines: w, saved: savers{}, terminal: terminalSteps(l.AllSteps()), typed: map[string]bool{}}
	f.steps(l.AllSteps())
	for _, q := range l.Questions {
		t.httpAnswer(w, l, q)
	}
	f.steps(l.After)
	return w.String()
}

// httpFile is a lesson on its way into a file.
type httpFile struct {
	Target
	*lines
	saved savers
	// terminal are the ids of the steps that are done in a terminal, and typed the files that
	// were saved there.
	terminal, typed map[string]bool
	// last is the name of the request before, if its response is used later.
	last string
	// cookies is true once a response has set one.
	cookies bool
}

func (w *httpFile) steps(steps []course.Step) {
	for _, step := range steps {
		switch {
		case step.Page != "":
			w.line("\n### %s\n# This step is done in a browser. Open %s", plainText(step.Say), w.PageURL(step))
		case w.terminal[step.ID]:
			w.inTerminal(step)
			w.saved.note(step)
		default:
			w.step(step)
			w.saved.note(step)
		}
	}
}

// onlyCurl reports whether only curl can send the request of a step: the clients that read
// these files cannot be told in them which certificate to trust.
func onlyCurl(s course.Step) bool { return s.Request.At == course.AtWire }

// filesOf are the files that curl reads for a request.
func filesOf(r course.Request) []string {
	files := []string{r.As, r.BodyFile, r.Config, r.CACert}
	return slices.DeleteFunc(files, func(file string) bool { return file == "" || exampleText(course.Request{BodyFile: file}) != "" })
}

// terminalSteps are the ids of the steps that only curl can do, and of those that save files
// only for them.
func terminalSteps(steps []course.Step) map[string]bool {
	terminal, byCurl, byOthers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range slices.Backward(steps) {
		file := s.Request.SaveAs
		terminal[s.ID] = onlyCurl(s) || byCurl[file] && !byOthers[file]
		delete(byCurl, file)
		delete(byOthers, file)
		readers := byOthers
		if terminal[s.ID] {
			readers = byCurl
		}
		for _, file := range filesOf(s.Request) {
			readers[file] = true
		}
	}
	return terminal
}

// inTerminal writes a step as a comment with the lines to type. If an earlier request has saved
// a file for it, it was not saved as a file, so its line is among them.
func (w *httpFile) inTerminal(step course.Step) {
	w.line("\n### %s", plainText(step.Say))
	if len(w.typed) == 0 {
		w.line("# This tool cannot be told which certificate to trust. So do this step in a terminal:")
	} else {
		w.line("# In the same terminal:")
	}
	for _, file := range filesOf(step.Request) {
		if !w.typed[file] {
			w.line("# %s", w.Command("curl", w.saved[file]))
			w.typed[file] = true
		}
	}
	w.line("# %s", w.Command("curl", step))
	w.typed[step.Request.SaveAs] = true
}

// differences says what these clients do otherwise than curl, and makes them do the same. The
// lines with @ are commands: REST Client and httpYac know no-cookie-jar, and httpYac knows loop.
func (w *httpFile) differences(step course.Step) {
	r := step.Request
	if step.Expect.CurlExit != 0 {
		w.line("# No response is meant to come: the error is right.")
	}
	switch {
	case r.JarOut != "":
		w.cookies = true
		w.line("# The cookie is kept by itself, and sent with each later request to this host.")
	case w.cookies && r.JarIn == "" && r.As != "":
		w.line("# Without the cookie:\n# @no-cookie-jar")
	}
	switch {
	case r.Repeat > byHand:
		w.line("# httpYac sends this %d times (@loop). REST Client sends it once, and nobody can press that fast: type this in a terminal.\n# %s", r.Repeat, w.Command("curl", step))
	case r.Repeat > 1:
		w.line("# httpYac sends this %d times (@loop). With REST Client, press Send Request %[1]d times.", r.Repeat)
	}
	if r.Repeat > 1 {
		w.line("# @loop for %d", r.Repeat)
	}
}

// byHand is how often a learner can press a button.
const byHand = 20

// isUsedLater reports whether later steps need the response to this one.
func isUsedLater(s course.Step) bool {
	return s.Request.SaveAs != "" || placesOrder(s) || s.ID == course.GuestStep
}

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
		plainText(q.Question), t.URL, l.ID, q.ID, field, value)
}

// sleep is how long httpYac waits, in milliseconds: in a loop only before the first request.
func sleep(step course.Step) string {
	if step.Request.Repeat > 1 {
		return fmt.Sprintf("$index ? 0 : %d", step.Wait*1000)
	}
	return strconv.Itoa(step.Wait * 1000)
}

// step writes a request. REST Client finds the response to an earlier one in name.response.body,
// and httpYac in name itself; its @sleep evaluates JavaScript, and waits only for a number of
// milliseconds.
func (w *httpFile) step(step course.Step) {
	r := step.Request
	w.line("\n### %s", plainText(step.Say))
	w.differences(step)
	if w.last != "" {
		w.line("# @sleep %s.response = { body: { ...%s } }", w.last, w.last)
	}
	if step.Wait > 0 {
		w.line("# Wait %d seconds first.\n# @sleep %s", step.Wait, sleep(step))
	}
	w.line("# @name %s\n%s %s", requestName(step), r.Method, w.address(r))
	w.headers(r)
	switch body := exampleText(r); {
	case len(r.Form) > 0:
		w.line("Content-Type: application/x-www-form-urlencoded\n\n%s", form(r.Form))
	case body != "":
		w.line("Content-Type: application/json\n\n%s", body)
	case r.BodyFile != "":
		w.line("Content-Type: application/json\n\n%s", w.saved.body(r, responseMember))
	}
	if w.last = ""; isUsedLater(step) {
		w.last = requestName(step)
	}
	if placesOrder(step) {
		w.Order = "{{" + w.last + ".response.body.id}}"
	}
	if step.ID == course.GuestStep {
		w.Guest = "{{" + w.last + ".response.body.sub}}"
	}
}

// responseMember is how these clients find a member of an earlier response.
func responseMember(of course.Step, name string) string {
	return "{{" + requestName(of) + ".response.body." + name + "}}"
}

// address is the URL of a request. Where curl is led to the relay of the lab by a file, the
// host is the one at which the relay says that it listens.
func (w *httpFile) address(r course.Request) string {
	if r.Config != "" {
		return "http://" + responseMember(w.saved[r.Config], "listen") + w.BasePath() + w.Path(r)
	}
	return w.url(r)
}

// headers writes those of a request. Where curl saves a token as text and sends the
// file, these tools ask for JSON and take the token from the response.
func (w *httpFile) headers(r course.Request) {
	if r.As != "" {
		w.line("Authorization: Bearer %s", responseMember(w.saved[r.As], accessToken))
	}
	if wantsText(r) {
		w.line("Accept: application/json")
	}
	for _, h := range w.Headers(r) {
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
