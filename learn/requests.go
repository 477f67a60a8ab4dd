package learn

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// savedFiles is what a step has put into a file that later steps use.
type savedFiles struct {
	name  string // of the request in .http, of the variable in .hurl
	plain bool   // it is the line of an Authorization header
}

// savedMember notes the files that a lesson writes.
func savedMember(l *Lesson) map[string]savedFiles {
	files := map[string]savedFiles{}
	for _, s := range slices.Concat(l.Prepare, l.Steps) {
		if s.Request.SaveAs != "" {
			files[s.Request.SaveAs] = savedFiles{strings.ReplaceAll(s.ID, "-", "_"), s.Request.wantsText()}
		}
	}
	return files
}

// wantsText tells whether the answer is one line of plain text.
func (r Request) wantsText() bool {
	return strings.HasSuffix(r.SaveAs, ".txt")
}

// httpFile is the lesson for editors that send requests from a file. It is
// written for REST Client of Visual Studio Code; others name answers differently.
func (s exporter) httpFile(l *Lesson) string {
	p := &lineWriter{end: "\n"}
	files := savedMember(l)
	p.line("# %s %s. For the extension REST Client of Visual Studio Code: send the requests from top to bottom.", l.ID, l.Title)
	for _, q := range l.questions()[:1] {
		s.httpAnswer(p, l, q)
	}
	for _, step := range slices.Concat(l.Prepare, l.Steps) {
		r := step.Request
		p.line("\n### %s", strings.ReplaceAll(step.Say, "`", ""))
		if step.Wait > 0 {
			p.line("# Wait %d seconds first.", step.Wait)
		}
		p.line("# @name %s\n%s %s", strings.ReplaceAll(step.ID, "-", "_"), r.Method, s.url(r))
		s.headers(p, r, func(file string) string { return "{{" + files[file].name + ".response.body.access_token}}" })
		switch body := r.body(); {
		case len(r.Form) > 0:
			p.line("Content-Type: application/x-www-form-urlencoded\n\n%s", form(r.Form))
		case body != "":
			p.line("Content-Type: application/json\n\n%s", body)
		case r.BodyFile != "":
			name := files[r.BodyFile].name
			p.line("Content-Type: application/json\n\n{\"access_token\": \"{{%s.response.body.access_token}}\", \"refresh_token\": \"{{%s.response.body.refresh_token}}\"}", name, name)
		}
	}
	for _, q := range l.Questions {
		s.httpAnswer(p, l, q)
	}
	return p.String()
}

func (s exporter) httpAnswer(p *lineWriter, l *Lesson, q Question) {
	p.line("\n### %s\nPOST %s/learn/lessons/%s/answers\nContent-Type: application/x-www-form-urlencoded\n\nquestion=%s&choice=%d",
		q.Question, s.base, l.ID, q.ID, q.Answer)
}

// headers writes those of a request. A token that lies in a file comes from the
// answer that the file was; asked for in JSON, it has a name there.
func (s exporter) headers(p *lineWriter, r Request, token func(file string) string) {
	if r.As != "" {
		p.line("Authorization: Bearer %s", token(r.As))
	}
	if r.wantsText() {
		p.line("Accept: application/json")
	}
	for _, h := range r.Headers {
		if h.Name != "Accept" {
			p.line("%s: %s", h.Name, h.Value)
		}
	}
}

// body is the text of a body that comes from /learn/files.
func (r Request) body() string {
	text, _ := example(r.BodyFile)
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

// hurl is the lesson for hurl, with what each answer must be: run it with
// hurl --test.
func (s exporter) hurl(l *Lesson) string {
	p := &lineWriter{end: "\n"}
	files := savedMember(l)
	p.line("# %s %s. Run it with: hurl --test %s.hurl", l.ID, l.Title, l.ID)
	s.order = "{{order}}"
	s.hurlAnswer(p, l, l.Predict)
	for _, step := range slices.Concat(l.Prepare, l.Steps) {
		s.hurlStep(p, step, files)
	}
	for _, q := range l.Questions {
		s.hurlAnswer(p, l, q)
	}
	return p.String()
}

func (s exporter) hurlAnswer(p *lineWriter, l *Lesson, q Question) {
	p.line("\n# %s\nPOST %s/learn/lessons/%s/answers\n[Form]\nquestion: %s\nchoice: %d\nHTTP 200", q.Question, s.base, l.ID, q.ID, q.Answer)
}

func (s exporter) hurlStep(p *lineWriter, step Step, files map[string]savedFiles) {
	r := step.Request
	p.line("\n# %s\n%s %s", strings.ReplaceAll(step.Say, "`", ""), r.Method, s.url(r))
	s.headers(p, r, func(file string) string { return "{{" + files[file].name + "_access}}" })
	if step.Wait > 0 {
		p.line("[Options]\ndelay: %ds", step.Wait)
	}
	switch body := r.body(); {
	case len(r.Form) > 0:
		p.line("[Form]")
		for _, f := range r.Form {
			name, value, _ := strings.Cut(f, "=")
			p.line("%s: %s", name, value)
		}
	case body != "":
		p.line("%s", body)
	case r.BodyFile != "":
		name := files[r.BodyFile].name
		p.line("{\"access_token\": \"{{%s_access}}\", \"refresh_token\": \"{{%s_refresh}}\"}", name, name)
	}
	s.hurlExpect(p, step, files[r.SaveAs])
}

func (s exporter) hurlExpect(p *lineWriter, step Step, file savedFiles) {
	e := step.Expect
	if len(e.Status) == 1 {
		p.line("HTTP%s", joined(e.Status))
	} else {
		p.line("HTTP *")
	}
	if file.name != "" {
		p.line("[Captures]\n%s_access: jsonpath \"$.access_token\"", file.name)
		if !file.plain {
			p.line("%s_refresh: jsonpath \"$.refresh_token\"", file.name)
		}
	}
	if step.placesOrder() {
		p.line("[Captures]\norder: header \"Location\" regex \"([0-9]+)$\"")
	}
	var asserts []string
	if e.Problem != "" {
		asserts = append(asserts, fmt.Sprintf("jsonpath \"$.type\" == \"/problems/%s\"", e.Problem))
	}
	for _, name := range sortedKeys(e.Header) {
		asserts = append(asserts, fmt.Sprintf("header \"%s\" contains \"%s\"", name, e.Header[name]))
	}
	if len(asserts) > 0 {
		p.line("[Asserts]\n%s", strings.Join(asserts, "\n"))
	}
}
