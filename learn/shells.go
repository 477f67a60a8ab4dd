package learn

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"restaurant/docs"
)

// The kinds of files into which a lesson can be written.
const (
	formatSh   = "sh"
	formatCmd  = "cmd"
	formatPS   = "ps1"
	formatHTTP = "http"
	formatHurl = "hurl"
)

// notForLessons is an example of the documentation. Lessons keep the answer to a
// login under that name.
const notForLessons = "login.json"

// example gives a body that the lessons send, as /learn/files serves it.
func example(name string) ([]byte, bool) {
	if path.Base(name) != name || name == notForLessons {
		return nil, false
	}
	text, err := docs.Examples.ReadFile("examples/" + name)
	return text, err == nil
}

func isExample(name string) bool {
	_, ok := example(name)
	return ok
}

// exampleNames lists the bodies that lessons send.
func exampleNames() []string {
	entries, err := fs.ReadDir(docs.Examples, "examples")
	if err != nil { // it is inside the program
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != notForLessons {
			names = append(names, e.Name())
		}
	}
	return names
}

// exporter writes the requests of a lesson for one house.
type exporter struct {
	base  string // its address
	order string // what stands for {order}
}

func (v lessonView) exporter(base string) exporter {
	return exporter{base, strconv.FormatInt(v.order, 10)}
}

func (s exporter) url(r Request) string {
	return s.base + strings.ReplaceAll(r.Path, "{order}", s.order)
}

// bareWord needs no quotes in any shell.
var bareWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/=-]+$`)

// quoted puts double quotes around a word that some shell would take apart. They
// mean the same everywhere, as long as the word holds only plain characters.
func quoted(word string) string {
	if bareWord.MatchString(word) {
		return word
	}
	return `"` + word + `"`
}

// curl is the request as one line, the same characters in bash, zsh, cmd and
// PowerShell 7. In Windows PowerShell 5.1 the program is called curl.exe.
func (s exporter) curl(program string, r Request) string {
	words := []string{program, "-i"}
	switch {
	case r.SaveAs != "":
		words[1] = "-s"
	case r.Stream:
		words[1] = "-N"
	}
	if implied := r.defaultMethod(); implied != r.Method {
		words = append(words, "-X", r.Method)
	}
	if r.As != "" {
		words = append(words, "-H", quoted("@"+r.As))
	}
	for _, h := range r.Headers {
		words = append(words, "-H", quoted(h.Name+": "+h.Value))
	}
	if r.BodyFile != "" {
		words = append(words, "-H", `"Content-Type: application/json"`, "-d", quoted("@"+r.BodyFile))
	}
	for _, field := range r.Form {
		words = append(words, "-d", quoted(field))
	}
	words = append(words, quoted(s.url(r)))
	if r.SaveAs != "" {
		words = append(words, "-o", r.SaveAs)
	}
	return strings.Join(words, " ")
}

// defaultMethod is the method that curl takes by itself.
func (r Request) defaultMethod() string {
	if r.BodyFile != "" || len(r.Form) > 0 {
		return "POST"
	}
	return "GET"
}

// fetchFiles is the line that brings the bodies, or empty if none is needed.
func (s exporter) fetchFiles(program string, l *Lesson) string {
	names := l.files()
	if len(names) == 0 {
		return ""
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(n, ".json")
	}
	if len(names) == 1 {
		return fmt.Sprintf(`%s -s %s/learn/files/%s.json -o %s.json`, program, s.base, names[0], names[0])
	}
	return fmt.Sprintf(`%s -s "%s/learn/files/{%s}.json" -o "#1.json"`, program, s.base, strings.Join(names, ","))
}

// files are the bodies that a lesson sends and no step of it has saved.
func (l *Lesson) files() (names []string) {
	for _, s := range slices.Concat(l.Prepare, l.Steps) {
		if n := s.Request.BodyFile; isExample(n) && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// write writes a whole lesson in one of the formats.
func (s exporter) write(format string, l *Lesson) string {
	switch format {
	case formatSh:
		return s.sh(l)
	case formatCmd:
		return s.cmd(l)
	case formatPS:
		return s.powershell(l)
	case formatHTTP:
		return s.httpFile(l)
	}
	return s.hurl(l)
}

// lineWriter collects lines.
type lineWriter struct {
	strings.Builder
	end string
}

func (p *lineWriter) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteString(p.end)
}

// answers are the choices that are right, in the order in which they are asked.
func (s exporter) answer(program string, l *Lesson, q Question) string {
	return fmt.Sprintf("%s -s -d question=%s -d choice=%d %s/learn/lessons/%s/answers", program, q.ID, q.Answer, s.base, l.ID)
}

const shHead = `#!/bin/sh
# %s %s, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson; each is followed by what
# its answer must be.
set -u
lesson=%s
fail() { echo "$lesson: $*" >&2; exit 1; }
# wants NAME STATUS...: the answer to the step has one of these statuses.
wants() {
	name=$1; shift
	status=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$name.head")
	for want in "$@"; do [ "$status" = "$want" ] && return; done
	fail "$name: the status is $status, and should be $*"
}
holds() { grep -qF -e "$2" "$1.body" || fail "$1: the answer does not hold $2"; }
header() { grep -i "^$2:" "$1.head" | grep -qF -e "$3" || fail "$1: the header $2 does not hold $3"; }
`

// sh is a script that does the whole lesson by itself, and stops at the first
// answer that is not as expected. The number of an order it takes from the answer.
func (s exporter) sh(l *Lesson) string {
	p := &lineWriter{end: "\n"}
	fmt.Fprintf(p, shHead, l.ID, l.Title, l.ID)
	if fetch := s.fetchFiles("curl", l); fetch != "" {
		p.line("\n%s || fail \"nothing answers at %s\"", fetch, s.base)
	}
	p.line("%s -D predict.head -o /dev/null || fail \"nothing answers at %s\"", s.answer("curl", l, l.Predict), s.base)
	s.order = number
	for n, step := range slices.Concat(l.Prepare, l.Steps) {
		s.shStep(p, n+1, step)
	}
	p.line("")
	for _, q := range l.Questions {
		p.line("%s -D %s.head -o /dev/null", s.answer("curl", l, q), q.ID)
	}
	p.line("curl -s %s/learn/lessons/%s.json -o %s.json", s.base, l.ID, l.ID)
	p.line(`grep -qF '"state":"done"' %s.json || fail "it is not done; see %s/learn"`, l.ID, s.base)
	p.line(`echo "%s is done."`, l.ID)
	return p.String()
}

// number stands for the number of an order until its line is written: quotes
// around $order would make the line another one than the learner sees.
const number = "NUMBER"

func (s exporter) shStep(p *lineWriter, n int, step Step) {
	p.line("\necho \"%d. %s\"", n, strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "").Replace(step.Say))
	if step.Wait > 0 {
		p.line("sleep %d", step.Wait)
	}
	line := strings.ReplaceAll(s.curl("curl", step.Request), number, "$order")
	p.line(`%s -sS -D %s.head > %s.body || fail "%s: nothing answers"`, line, step.ID, step.ID, step.ID)
	if step.Request.SaveAs != "" {
		p.line("cp %s %s.body", step.Request.SaveAs, step.ID)
	}
	p.line("wants %s%s", step.ID, joined(step.Expect.Status))
	if step.Expect.Problem != "" {
		p.line(`holds %s '"type":"/problems/%s"'`, step.ID, step.Expect.Problem)
	}
	for _, text := range step.Expect.Holds {
		p.line("holds %s '%s'", step.ID, text)
	}
	for _, name := range sortedKeys(step.Expect.Header) {
		p.line("header %s %s '%s'", step.ID, name, step.Expect.Header[name])
	}
	if step.placesOrder() {
		p.line(`order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' %s.head)`, step.ID)
	}
}

// placesOrder tells whether the answer says the number of a new order.
func (s Step) placesOrder() bool {
	return s.Request.Method == http.MethodPost && s.Request.Path == "/api/v1/orders" && slices.Contains(s.Expect.Status, http.StatusCreated)
}

func joined(statuses []int) string {
	text := ""
	for _, n := range statuses {
		text += " " + strconv.Itoa(n)
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// cmd is the lines of the lesson as a batch file: % is doubled, and lines end as
// Windows ends them.
func (s exporter) cmd(l *Lesson) string {
	p := &lineWriter{end: "\r\n"}
	p.line("@echo off")
	p.line("rem %s %s. Run it in an empty folder, or type its lines one by one.", l.ID, l.Title)
	s.script(p, l, "rem", "curl", "timeout /t %d /nobreak")
	return strings.ReplaceAll(p.String(), "%", "%%")
}

// powershell is the lines of the lesson for PowerShell 5.1 and 7.
func (s exporter) powershell(l *Lesson) string {
	p := &lineWriter{end: "\r\n"}
	p.line("# %s %s. Run it in an empty folder, or type its lines one by one.", l.ID, l.Title)
	s.script(p, l, "#", "curl.exe", "Start-Sleep -Seconds %d")
	return p.String()
}

func (s exporter) script(p *lineWriter, l *Lesson, remark, program, wait string) {
	if strings.Contains(s.steps(l), "{order}") {
		p.line("%s The order is taken to be number %s: put the number from Location in its place.", remark, s.order)
	}
	if fetch := s.fetchFiles(program, l); fetch != "" {
		p.line("%s", fetch)
	}
	p.line("%s", s.answer(program, l, l.Predict))
	for n, step := range slices.Concat(l.Prepare, l.Steps) {
		p.line("")
		p.line("%s %d. %s", remark, n+1, strings.ReplaceAll(step.Say, "`", ""))
		if step.Wait > 0 {
			p.line(wait, step.Wait)
		}
		p.line("%s", s.curl(program, step.Request))
	}
	p.line("")
	for _, q := range l.Questions {
		p.line("%s", s.answer(program, l, q))
	}
	p.line("%s -s %s/learn", program, s.base)
}

// steps are all addresses of a lesson, to look whether one of them has an order.
func (s exporter) steps(l *Lesson) (all string) {
	for _, step := range slices.Concat(l.Prepare, l.Steps) {
		all += step.Request.Path + " "
	}
	return all
}
