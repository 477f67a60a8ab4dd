package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"restaurant/learn/course"
)

// hurlFile is a lesson on its way into a file.
type hurlFile struct {
	Target
	lines
	lesson *course.Lesson
	saved  savers
	// cookies is true while Hurl has a cookie to send.
	cookies bool
}

// hurl writes the lesson for hurl --test, with what each response must be. A file that
// curl saves is a variable there.
func (t Target) hurl(l *course.Lesson) string {
	t.Order, t.Guest, t.Stage = "{{order}}", "{{guest}}", "{{stage}}"
	w := &hurlFile{Target: t, lines: lines{end: "\n"}, lesson: l, saved: savers{}}
	w.head()
	w.answer(l.Predict)
	w.steps(l.AllSteps())
	for _, q := range l.Questions {
		w.answer(q)
	}
	w.steps(l.After)
	return w.String()
}

func (w *hurlFile) steps(steps []course.Step) {
	for n, step := range steps {
		if step.Page != "" {
			w.page(step)
		} else {
			w.step(step, steps[n+1:]...)
		}
	}
}

// head says how to run the file, and what Hurl does otherwise than curl and browsers: it
// cannot expect that no response comes, but it can go on.
func (w *hurlFile) head() {
	options := "--test"
	fails := slices.ContainsFunc(w.lesson.AllSteps(), func(s course.Step) bool { return s.Expect.CurlExit != 0 })
	if fails {
		options = "--test --continue-on-error"
	}
	w.line("# %s %s. Run it with: %s %s %s.hurl", w.lesson.ID, w.lesson.Title, w.program("hurl"), options, w.lesson.ID)
	if fails {
		w.line("# One request is meant to fail. Hurl reports its error and goes on, and at the end it counts the file as failed.")
	}
	if slices.ContainsFunc(w.lesson.AllSteps(), func(s course.Step) bool { return len(s.Sends) > 0 }) {
		w.line("# Hurl is no browser. Of a step on a page it sends what a browser would send.")
	}
}

func (w *hurlFile) answer(q course.Question) {
	field, value := answerOf(q)
	if q.Measured != nil {
		value = "{{" + identifier(q.ID) + "}}"
	}
	w.line("\n# %s\nPOST %s/learn/lessons/%s/answers\n[Form]\nquestion: %s\n%s: %s\nHTTP 200", plainText(q.Question), w.URL, w.lesson.ID, q.ID, field, value)
}

// page writes what a browser sends when a step is done on its page.
func (w *hurlFile) page(step course.Step) {
	w.line("\n# %s\n# To see it, open this in a browser: %s", plainText(step.Say), w.PageURL(step))
	for _, sent := range step.Sends {
		w.step(sent)
	}
}

// step writes a request. later are the steps after it.
func (w *hurlFile) step(step course.Step, later ...course.Step) {
	r := step.Request
	w.line("\n# %s", plainText(step.Say))
	if step.Wait > 0 && r.Repeat > 1 {
		w.wait(step)
		step.Wait = 0
	}
	w.cookieRemark(r, later)
	if step.Expect.CurlExit != 0 {
		w.line("# This is the request that is meant to fail: Hurl reports error %d, as curl does.", step.Expect.CurlExit)
	}
	w.line("%s %s", r.Method, w.url(r))
	if r.As != "" {
		w.line("Authorization: Bearer %s", variable(r.As))
	}
	for _, h := range w.Headers(r) {
		w.line("%s: %s", h.Name, h.Value)
	}
	w.section("[Options]", w.options(step))
	w.body(r)
	if step.Expect.CurlExit == 0 {
		w.response(step)
	}
	w.saved.note(step)
}

// cookieRemark says what Hurl does with cookies: it cannot leave one out and keep it. When no
// later step needs it, it is made to forget it, by a command that it reads in a comment.
func (w *hurlFile) cookieRemark(r course.Request, later []course.Step) {
	needed := r.JarIn != "" || slices.ContainsFunc(later, func(s course.Step) bool { return s.Request.JarIn != "" })
	switch {
	case r.JarOut != "":
		w.cookies = true
		w.line("# Hurl keeps the cookie by itself, and sends it with each later request to this host.")
	case w.cookies && !needed:
		w.cookies = false
		w.line("# The cookie is not needed any more. This makes Hurl forget it: @cookie_storage_clear")
	case w.cookies && r.As != "":
		w.line("# Hurl sends the cookie here, too. The server looks only at the wristband.")
	}
}

// wait writes a request only for its delay: that of a repeated request comes before each.
func (w *hurlFile) wait(step course.Step) {
	w.line("# First wait %d seconds:\nGET %s/learn/lessons/%s", step.Wait, w.URL, w.lesson.ID)
	w.section("[Options]", w.options(course.Step{Wait: step.Wait}))
	w.line("HTTP 200\n")
}

func (w *hurlFile) options(step course.Step) (options []string) {
	r := step.Request
	if step.Wait > 0 {
		options = append(options, fmt.Sprintf("delay: %ds", step.Wait))
	}
	if r.Repeat > 1 {
		options = append(options, fmt.Sprintf("repeat: %d", r.Repeat))
	}
	if r.Config != "" {
		options = append(options, "connect-to: "+variable(r.Config))
	}
	if r.CACert != "" {
		options = append(options, "cacert: "+r.CACert)
	}
	if w.uses(r.SaveAs, func(s course.Request) string { return s.CACert }) {
		options = append(options, "output: "+r.SaveAs)
	}
	return options
}

func (w *hurlFile) body(r course.Request) {
	switch body := exampleText(r); {
	case len(r.Form) > 0:
		var fields []string
		for _, f := range r.Form {
			name, value, _ := strings.Cut(f, "=")
			fields = append(fields, name+": "+value)
		}
		w.section("[Form]", fields)
	case body != "":
		w.line("%s", body)
	case path.Ext(r.BodyFile) == ".txt":
		w.line("`%s`", variable(r.BodyFile))
	case r.BodyFile != "":
		w.line("%s", w.saved.body(r, func(of course.Step, name string) string { return variable(captured(of, name)) }))
	}
}

func (w *hurlFile) response(step course.Step) {
	statuses := step.Expect.Status
	if len(statuses) == 1 {
		w.line("HTTP %d", statuses[0])
	} else {
		w.line("HTTP *")
	}
	w.section("[Captures]", w.captures(step))
	w.section("[Asserts]", w.asserts(step))
}

// captures keep what later requests need of a response.
func (w *hurlFile) captures(step course.Step) (captures []string) {
	r := step.Request
	keep := func(name, query string) { captures = append(captures, identifier(name)+": "+query) }
	switch {
	case w.uses(r.SaveAs, func(s course.Request) string { return s.Config }):
		keep(baseName(r.SaveAs), `body regex /"(.+)"/`)
	case !w.uses(r.SaveAs, whatIsSent...):
	case path.Ext(r.SaveAs) == ".txt":
		keep(baseName(r.SaveAs), `body regex /(eyJ[\w.-]+)/`)
	default:
		for _, name := range members(step) {
			keep(captured(step, name), fmt.Sprintf(`jsonpath "$.%s"`, name))
		}
	}
	if placesOrder(step) {
		keep("order", `header "Location" regex /([0-9]+)$/`)
	}
	if step.ID == course.GuestStep {
		keep("guest", `jsonpath "$.sub"`)
	}
	if r.Method == http.MethodPost && r.Path == "/lab/stage" {
		keep("stage", `jsonpath "$.url" regex /(.+)\//`)
	}
	for _, q := range w.lesson.Questions {
		if m := q.Measured; m != nil && r.Path == "/lab/compare" && slices.Contains(r.Form, fmt.Sprintf("distance_ms=%d", m.DistanceMS)) {
			keep(q.ID, fmt.Sprintf(`jsonpath "$.doors[?(@.door=='%s')].%s" nth 0`, m.Door, m.Value))
		}
	}
	return captures
}

// whatIsSent are the files that a request sends.
var whatIsSent = []func(course.Request) string{
	func(r course.Request) string { return r.As },
	func(r course.Request) string { return r.BodyFile },
	func(r course.Request) string { return r.AlteredFrom },
}

// uses reports whether a request of the lesson takes a file, where one of takes names it.
func (w *hurlFile) uses(file string, takes ...func(course.Request) string) bool {
	steps := slices.Concat(w.lesson.AllSteps(), w.lesson.After)
	for _, s := range steps {
		steps = append(steps, s.Sends...)
	}
	return file != "" && slices.ContainsFunc(steps, func(s course.Step) bool {
		return slices.ContainsFunc(takes, func(take func(course.Request) string) bool { return take(s.Request) == file })
	})
}

func (w *hurlFile) asserts(step course.Step) (asserts []string) {
	e := step.Expect
	if len(e.Status) > 1 {
		asserts = append(asserts, "status toString matches /^("+strings.ReplaceAll(joined(e.Status)[1:], " ", "|")+")$/")
	}
	if e.Problem != "" {
		asserts = append(asserts, fmt.Sprintf(`jsonpath "$.type" == %q`, w.problemType(step)))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		asserts = append(asserts, fmt.Sprintf("header %q contains %q", name, e.Header[name]))
	}
	for _, text := range e.Holds {
		asserts = append(asserts, fmt.Sprintf("body contains %q", text))
	}
	for _, member := range slices.Sorted(maps.Keys(e.JSON)) {
		want, err := json.Marshal(e.JSON[member])
		if err != nil { // it was read as JSON
			panic(err)
		}
		is := "== " + string(want)
		if e.JSON[member] == nil {
			is = "not exists"
		}
		asserts = append(asserts, fmt.Sprintf("jsonpath %q %s", jsonPath(member), is))
	}
	return asserts
}

// jsonPath writes items.0.id as $.items[0].id.
func jsonPath(member string) string {
	found := "$"
	for name := range strings.SplitSeq(member, ".") {
		if _, err := strconv.Atoi(name); err == nil {
			found += "[" + name + "]"
		} else {
			found += "." + name
		}
	}
	return found
}

// section writes a part of a request with its title, or nothing.
func (w *hurlFile) section(title string, lines []string) {
	if len(lines) > 0 {
		w.line("%s\n%s", title, strings.Join(lines, "\n"))
	}
}

// captured is the name of a member of the response to a step, among what the files hold.
func captured(s course.Step, member string) string {
	name := baseName(s.Request.SaveAs)
	if name == member {
		return name
	}
	return name + "_" + strings.TrimSuffix(member, "_token")
}

func baseName(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

// variable writes the variable that stands for a file.
func variable(file string) string { return "{{" + identifier(baseName(file)) + "}}" }
