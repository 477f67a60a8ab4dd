package export

import (
	"net/url"
	"strings"

	"restaurant/learn/course"
)

// savedFile is the response that a step has put into a file for later steps.
type savedFile struct {
	name string // of the request in .http, of the variable in .hurl
	text bool   // the line of an Authorization header, and not JSON
}

// collectSavedFiles returns the files that a lesson writes, by their names.
func collectSavedFiles(l *course.Lesson) map[string]savedFile {
	files := map[string]savedFile{}
	for _, s := range l.AllSteps() {
		if s.Request.SaveAs != "" {
			files[s.Request.SaveAs] = savedFile{variable(s), wantsText(s.Request)}
		}
	}
	return files
}

func variable(s course.Step) string { return strings.ReplaceAll(s.ID, "-", "_") }

// wantsText reports whether the response is one line of plain text.
func wantsText(r course.Request) bool { return strings.HasSuffix(r.SaveAs, ".txt") }

// http writes the lesson for editors that send requests from a file: for REST Client of
// Visual Studio Code; others name responses differently.
func (t Target) http(l *course.Lesson) string {
	w := &lines{end: "\n"}
	files := collectSavedFiles(l)
	w.line("# %s %s. For the extension REST Client of Visual Studio Code: send the requests from top to bottom.", l.ID, l.Title)
	t.httpAnswer(w, l, l.Predict)
	for _, step := range l.AllSteps() {
		t.httpStep(w, step, files)
	}
	for _, q := range l.Questions {
		t.httpAnswer(w, l, q)
	}
	return w.String()
}

func (t Target) httpAnswer(w *lines, l *course.Lesson, q course.Question) {
	w.line("\n### %s\nPOST %s/learn/lessons/%s/answers\nContent-Type: application/x-www-form-urlencoded\n\nquestion=%s&choice=%d",
		q.Question, t.URL, l.ID, q.ID, q.Answer)
}

func (t Target) httpStep(w *lines, step course.Step, files map[string]savedFile) {
	r := step.Request
	w.line("\n### %s", plainText(step.Say))
	if step.Wait > 0 {
		w.line("# Wait %d seconds first.", step.Wait)
	}
	w.line("# @name %s\n%s %s", variable(step), r.Method, t.url(r))
	headers(w, r, func(file string) string { return "{{" + files[file].name + ".response.body.access_token}}" })
	switch body := exampleText(r); {
	case len(r.Form) > 0:
		w.line("Content-Type: application/x-www-form-urlencoded\n\n%s", form(r.Form))
	case body != "":
		w.line("Content-Type: application/json\n\n%s", body)
	case r.BodyFile != "":
		name := files[r.BodyFile].name
		w.line("Content-Type: application/json\n\n{\"access_token\": \"{{%s.response.body.access_token}}\", \"refresh_token\": \"{{%s.response.body.refresh_token}}\"}", name, name)
	}
}

// headers writes those of a request. Where curl saves a token as text and sends the
// file, these tools ask for JSON and take the token from the response.
func headers(w *lines, r course.Request, token func(file string) string) {
	if r.As != "" {
		w.line("Authorization: Bearer %s", token(r.As))
	}
	if wantsText(r) {
		w.line("Accept: application/json")
	}
	for _, h := range r.Headers {
		if h.Name != "Accept" {
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
