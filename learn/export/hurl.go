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
	files := map[string]string{} // the names of the variables in their place
	w.line("# %s %s. Run it with: %s --test %s.hurl", l.ID, l.Title, t.program("hurl"), l.ID)
	t.Order = "{{order}}"
	t.hurlAnswer(w, l, l.Predict)
	for _, step := range l.AllSteps() {
		if why := onlyCurl(step); why != "" {
			t.instead(w, "#", step, why)
			continue
		}
		t.hurlStep(w, l, step, files)
		if step.Request.SaveAs != "" {
			files[step.Request.SaveAs] = variable(step)
		}
	}
	for _, q := range l.Questions {
		t.hurlAnswer(w, l, q)
	}
	return w.String()
}

func (t Target) hurlAnswer(w *lines, l *course.Lesson, q course.Question) {
	field, value := answerOf(q)
	w.line("\n# %s\nPOST %s/learn/lessons/%s/answers\n[Form]\nquestion: %s\n%s: %s\nHTTP 200", q.Question, t.URL, l.ID, q.ID, field, value)
}

func (t Target) hurlStep(w *lines, l *course.Lesson, step course.Step, files map[string]string) {
	r := step.Request
	w.line("\n# %s", plainText(step.Say))
	differences(w, r)
	w.line("%s %s", r.Method, t.url(r))
	t.headers(w, r, func(file string) string { return "{{" + files[file] + "_access}}" })
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
		name := files[r.BodyFile]
		w.line("{\"access_token\": \"{{%s_access}}\", \"refresh_token\": \"{{%s_refresh}}\"}", name, name)
	}
	t.hurlExpect(w, step, holdsToken(l, r.SaveAs))
}

// holdsToken reports whether a step takes a token from a file.
func holdsToken(l *course.Lesson, file string) bool {
	return file != "" && slices.ContainsFunc(l.AllSteps(), func(s course.Step) bool { return s.Request.As == file || s.Request.BodyFile == file })
}

func (t Target) hurlExpect(w *lines, step course.Step, token bool) {
	e := step.Expect
	if len(e.Status) == 1 {
		w.line("HTTP %d", e.Status[0])
	} else {
		w.line("HTTP *")
	}
	if token {
		w.line("[Captures]\n%s_access: jsonpath \"$.access_token\"", variable(step))
		if !wantsText(step.Request) {
			w.line("%s_refresh: jsonpath \"$.refresh_token\"", variable(step))
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
