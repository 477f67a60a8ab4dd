package export

import (
	"maps"
	"slices"
	"strings"

	"restaurant/learn/course"
)

// hurl writes the lesson for hurl --test, with what each response must be.
func (t Target) hurl(l *course.Lesson) string {
	w := &lines{end: "\n"}
	saved := savers{}
	w.line("# %s %s. Run it with: %s --test %s.hurl", l.ID, l.Title, t.program("hurl"), l.ID)
	t.Order = "{{order}}"
	t.hurlAnswer(w, l, l.Predict)
	write := func(steps []course.Step) {
		for _, step := range steps {
			if why := onlyCurl(step); why != "" {
				t.instead(w, "#", step, why)
				continue
			}
			t.hurlStep(w, l, step, saved)
			saved.note(step)
		}
	}
	write(l.AllSteps())
	for _, q := range l.Questions {
		t.hurlAnswer(w, l, q)
	}
	write(l.After)
	return w.String()
}

func (t Target) hurlAnswer(w *lines, l *course.Lesson, q course.Question) {
	field, value := answerOf(q)
	w.line("\n# %s\nPOST %s/learn/lessons/%s/answers\n[Form]\nquestion: %s\n%s: %s\nHTTP 200", q.Question, t.URL, l.ID, q.ID, field, value)
}

func (t Target) hurlStep(w *lines, l *course.Lesson, step course.Step, saved savers) {
	r := step.Request
	w.line("\n# %s", plainText(step.Say))
	differences(w, r)
	w.line("%s %s", r.Method, t.url(r))
	member := func(of course.Step, name string) string { return "{{" + captured(of, name) + "}}" }
	t.headers(w, r, saved, member)
	if step.Wait > 0 {
		w.line("[Options]\ndelay: %ds", step.Wait)
	}
	switch body := exampleText(r); {
	case len(r.Form) > 0:
		w.line("[Form]")
		for _, f := range r.Form {
			name, value, _ := strings.Cut(f, "=")
			w.line("%s: %s", name, value)
		}
	case body != "":
		w.line("%s", body)
	case r.BodyFile != "":
		w.line("%s", saved.body(r, member))
	}
	t.hurlExpect(w, step, isSent(l, r.SaveAs))
}

// captured is the name of the variable with a member of the response to a step.
func captured(s course.Step, member string) string {
	return variable(s) + "_" + strings.TrimSuffix(member, "_token")
}

// isSent reports whether a step sends what is in a file.
func isSent(l *course.Lesson, file string) bool {
	return file != "" && slices.ContainsFunc(slices.Concat(l.AllSteps(), l.After), func(s course.Step) bool {
		return slices.Contains([]string{s.Request.As, s.Request.BodyFile, s.Request.AlteredFrom}, file)
	})
}

func (t Target) hurlExpect(w *lines, step course.Step, isSent bool) {
	e := step.Expect
	if len(e.Status) == 1 {
		w.line("HTTP %d", e.Status[0])
	} else {
		w.line("HTTP *")
	}
	if isSent {
		w.line("[Captures]")
		for _, name := range members(step) {
			w.line("%s: jsonpath \"$.%s\"", captured(step, name), name)
		}
	}
	if placesOrder(step) {
		w.line("[Captures]\norder: header \"Location\" regex \"([0-9]+)$\"")
	}
	if e.Problem != "" || len(e.Header) > 0 {
		w.line("[Asserts]")
	}
	if e.Problem != "" {
		w.line("jsonpath \"$.type\" == \"%s\"", t.problemType(step))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Header)) {
		w.line("header \"%s\" contains \"%s\"", name, e.Header[name])
	}
}
