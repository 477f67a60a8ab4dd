package export

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"restaurant/learn/course"
)

const shHead = `#!/bin/sh
# %s %s, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
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
# each NAME STATUS...: each of the statuses that the step has printed is one of these.
each() {
	name=$1; shift
	[ -s "$name.body" ] || fail "$name: no status is printed"
	while read -r status; do
		case " $* " in *" $status "*) ;; *) fail "$name: a status is $status, and should be $*" ;; esac
	done < "$name.body"
}
# ends NAME CODE WANTED: curl has ended with the code that is wanted.
ends() { [ "$2" = "$3" ] || fail "$1: curl ends with $2, and should with $3"; }
holds() { grep -qF -e "$2" "$1.body" || fail "$1: the answer does not hold $2"; }
header() { grep -i "^$2:" "$1.head" | grep -qF -e "$3" || fail "$1: the header $2 does not hold $3"; }
`

// answerOf is the field of a form with the answer to a question. Of a number it is the usual
// one, which is not right on every computer.
func answerOf(q course.Question) (field, value string) {
	if q.Measured != nil {
		return "number", strconv.FormatFloat(q.Measured.Usual, 'f', -1, 64)
	}
	return "choice", strconv.Itoa(q.Answer)
}

// answer writes the right answer to a question as a curl line.
func (t Target) answer(sh shell, l *course.Lesson, q course.Question) string {
	field, value := answerOf(q)
	return fmt.Sprintf("%s -s -d question=%s -d %s=%s %s", t.program(sh.program), q.ID, field, value, sh.quote(t.URL+"/learn/lessons/"+l.ID+"/answers"))
}

// sh writes a script that does the whole lesson and stops at the first response that is
// not as expected. It takes the number of an order from the response.
func (t Target) sh(l *course.Lesson) string {
	w := &lines{end: "\n"}
	fmt.Fprintf(w, shHead, l.ID, l.Title, l.ID)
	nothing := quoteSh("nothing answers at " + t.URL)
	if fetch := t.fetchFiles(posix, l); fetch != "" {
		w.line("\n%s || fail %s", fetch, nothing)
	}
	w.line("%s -D predict.head -o /dev/null || fail %s", t.answer(posix, l, l.Predict), nothing)
	t.Order, t.Guest = orderNumber, guestNumber
	steps := l.AllSteps()
	for n, step := range steps {
		t.shStep(w, n+1, step)
	}
	w.line("")
	for _, q := range l.Questions {
		w.line("%s -D %s.head -o /dev/null", t.answer(posix, l, q), q.ID)
	}
	w.line("%s -s %s -o %s.json", t.program("curl"), t.At("/learn/lessons/"+l.ID+".json"), l.ID)
	w.line(`grep -qF '"state":"done"' %s.json || fail %s`, l.ID, quoteSh("it is not done; see "+t.URL+"/learn"))
	w.line(`echo "%s is done."`, l.ID)
	for n, step := range l.After {
		t.shStep(w, len(steps)+n+1, step)
	}
	return w.String()
}

// These stand for numbers until the line is written: $order would need quotes, and so make the
// line another one than the learner sees.
const orderNumber, guestNumber = "ORDER-NUMBER", "GUEST-NUMBER"

func (t Target) shStep(w *lines, n int, step course.Step) {
	w.line("\necho %s", quoteText(fmt.Sprintf("%d. %s", n, step.Say)))
	if step.Wait > 0 {
		w.line("sleep %d", step.Wait)
	}
	if step.Page != "" {
		w.line("echo %s\nread -r _", quoteText("Do this in a browser: "+t.PageURL(step)+" Then press Enter here."))
		return
	}
	if step.Request.AlteredFrom != "" {
		w.line("%s", posix.alter(step.Request))
	}
	line := strings.NewReplacer(orderNumber, "$order", guestNumber, "$guest").Replace(t.curl(posix, step.Request))
	if step.Expect.CurlExit != 0 {
		w.line("%s -sS -D %s.head > %s.body\nends %s $? %d", line, step.ID, step.ID, step.ID, step.Expect.CurlExit)
		return
	}
	silence := "nothing answers"
	if step.Request.SaveAs != "" {
		silence = "it is refused, or nothing answers" // see -f in Curl
	}
	w.line(`%s -sS -D %s.head > %s.body || fail "%s: %s"`, line, step.ID, step.ID, step.ID, silence)
	if step.Request.Show == course.ShowStatus {
		w.line("each %s%s", step.ID, joined(step.Expect.Status))
		return
	}
	if step.Request.SaveAs != "" {
		w.line("cp %s %s.body", step.Request.SaveAs, step.ID)
	}
	w.line("wants %s%s", step.ID, joined(step.Expect.Status))
	if step.Expect.Problem != "" {
		w.line("holds %s %s", step.ID, quoteSh(`"type":"`+t.problemType(step)+`"`))
	}
	for _, text := range step.Expect.Holds {
		w.line("holds %s '%s'", step.ID, text)
	}
	for _, name := range slices.Sorted(maps.Keys(step.Expect.Header)) {
		w.line("header %s %s '%s'", step.ID, name, step.Expect.Header[name])
	}
	if placesOrder(step) {
		w.line(`order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' %s.head)`, step.ID)
	}
	if step.ID == course.GuestStep {
		w.line(`guest=$(sed -n 's/.*"sub":"\([0-9]*\)".*/\1/p' %s.body)`, step.ID)
	}
}

// quoteText quotes a sentence for echo, without the marks of code.
func quoteText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "").Replace(text) + `"`
}

// cmd writes the lines of a lesson as a batch file: % is doubled, and lines end as
// Windows ends them.
func (t Target) cmd(l *course.Lesson) string {
	text := "@echo off\r\n" + t.script(l, "rem", batch, "timeout /t %d /nobreak")
	return strings.NewReplacer("%", "%%", orderNumber, "%order%", guestNumber, "%guest%").Replace(text)
}

// powershell writes the lines of a lesson for PowerShell 5.1 and 7.
func (t Target) powershell(l *course.Lesson) string {
	text := t.script(l, "#", powerShell, "Start-Sleep -Seconds %d")
	return strings.NewReplacer(orderNumber, "$order", guestNumber, "$guest").Replace(text)
}

func (t Target) script(l *course.Lesson, remark string, sh shell, wait string) string {
	w := &lines{end: "\r\n"}
	w.line("%s %s %s. Run it in an empty folder, or type its lines one by one.", remark, l.ID, l.Title)
	t.Order, t.Guest = orderNumber, guestNumber
	if !names(l, "{order}") {
		sh.taking = ""
	}
	if fetch := t.fetchFiles(sh, l); fetch != "" {
		w.line("%s", fetch)
	}
	w.line("%s", t.answer(sh, l, l.Predict))
	steps := l.AllSteps()
	for n, step := range steps {
		t.scriptStep(w, n+1, step, remark, sh, wait)
	}
	w.line("")
	for _, q := range l.Questions {
		w.line("%s", t.answer(sh, l, q))
	}
	for n, step := range l.After {
		t.scriptStep(w, len(steps)+n+1, step, remark, sh, wait)
	}
	w.line("%s -s %s", t.program(sh.program), sh.quote(t.URL+"/learn"))
	return w.String()
}

// names reports whether a path of a lesson holds a number that only the server knows.
func names(l *course.Lesson, number string) bool {
	return slices.ContainsFunc(l.AllSteps(), func(s course.Step) bool { return strings.Contains(s.Request.Path, number) })
}

func (t Target) scriptStep(w *lines, n int, step course.Step, remark string, sh shell, wait string) {
	w.line("\r\n%s %d. %s", remark, n, plainText(step.Say))
	if step.Wait > 0 {
		w.line(wait, step.Wait)
	}
	if step.Page != "" {
		w.line("%s In a browser: %s", remark, t.PageURL(step))
		return
	}
	if step.Request.AlteredFrom != "" {
		w.line("%s", sh.alter(step.Request))
	}
	name, expression := numberIn(step)
	if name == "" || sh.taking == "" {
		w.line("%s", t.curl(sh, step.Request))
		return
	}
	file := step.ID + ".txt"
	w.line("%s -sS -o %s", t.curl(sh, step.Request), file)
	w.line(sh.taking, file, fmt.Sprintf(expression, file), name)
}

// numberIn returns the name of the number that the answer to a step says, and how PowerShell takes
// it from a file with the answer; empty if none is needed.
func numberIn(step course.Step) (name, expression string) {
	switch {
	case placesOrder(step):
		return "order", `(Get-Content %s) -match '^Location:' -replace '.*/'`
	case step.ID == course.GuestStep:
		return "guest", `(Get-Content %s) -match '.sub.:' -replace '.*.sub.: ?.([0-9]+).*', '$1'`
	}
	return "", ""
}
