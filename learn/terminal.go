package learn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/web"
)

// start is where the class begins: a list of the lessons and the next task, for
// a terminal or for a browser.
//
//	@Summary		The class: where you are, and what to do next
//	@Description	Text for a terminal, a page for a browser, the list of lessons for whoever asks for JSON.
//	@ID				learn
//	@Tags			lessons
//	@Produce		json,plain,html
//	@Success		200	{object}	listResponse
//	@Router			/learn [get]
func (s *Handler) start(c *gin.Context) error {
	v := s.Tracker.snapshot(tableOf(c))
	switch preferredType(c) {
	case web.PageType:
		body, err := s.listPage(v)
		if err != nil {
			return err
		}
		return page(c, body)
	case jsonType:
		return s.list(c)
	}
	return text(c, s.startText(v))
}

var marks = map[State]string{StateOpen: "[ ]", StateStarted: "[~]", StateDone: "[x]"}

// startText is the class in a terminal.
func (s *Handler) startText(v lessonView) string {
	p := &lineWriter{end: "\n"}
	done, part := 0, ""
	for _, pr := range v.progress {
		if pr.State == StateDone {
			done++
		}
	}
	p.line("THE RESTAURANT: %d of %d lessons done", done, len(s.Course.Lessons))
	for n, l := range s.Course.Lessons {
		if l.Part != part {
			part = l.Part
			p.line("\n%s", part)
		}
		note := ""
		if seen := len(v.progress[n].Seen) - len(v.progress[n].stillToSee(l)); v.progress[n].State == StateStarted {
			note = fmt.Sprintf("   seen %d of %d", seen, len(v.progress[n].Seen))
		}
		p.line("%s %s %-34s %d min%s", marks[v.progress[n].State], l.ID, l.Title, l.Minutes, note)
	}
	if l := v.lastDone(); l != nil {
		p.line("\n%s is done: %s\n\n%s", l.ID, l.Title, wrap(l.Explain, "  "))
	}
	if l := v.next(); l != nil {
		p.line("\nNOW %s", s.taskText(v, l))
	} else {
		p.line("\nAll lessons are done. To begin anew: curl -s -d what=lessons %s/learn/reset", s.PublicURL)
	}
	return p.String()
}

// taskText is a lesson that is to be done.
func (s *Handler) taskText(v lessonView, l *Lesson) string {
	p := &lineWriter{end: "\n"}
	write, pr := v.exporter(s.PublicURL), v.of(l)
	p.line("%s %s (%d minutes)\n\n%s", l.ID, l.Title, l.Minutes, wrap(l.Goal, "  "))
	s.questionText(p, l, l.Predict, pr, "Guess first; a wrong guess costs nothing.")
	if fetch := write.fetchFiles("curl", l); fetch != "" {
		p.line("\n  The bodies to send, as files:\n  %s", fetch)
	}
	if len(l.Prepare) > 0 {
		p.line("\n  If you do not have these files yet:")
		for _, step := range l.Prepare {
			p.line("  %s", write.curl("curl", step.Request))
		}
	}
	for n, step := range l.Steps {
		p.line("\n%s", wrap(fmt.Sprintf("%d. %s", n+1, step.Say), "  "))
		if step.Wait > 0 {
			p.line("     Wait %d seconds first.", step.Wait)
		}
		p.line("  %s", write.curl("curl", step.Request))
	}
	if l.Look != "" {
		p.line("\n%s", wrap(l.Look, "  "))
	}
	for _, q := range l.Questions {
		s.questionText(p, l, q, pr, "")
	}
	p.line("\n  Still to see:")
	for _, see := range pr.stillToSee(l) {
		p.line("  - %s", see)
	}
	p.line("\n  A hint:     curl -s -d number=1 %s/learn/lessons/%s/hints", s.PublicURL, l.ID)
	p.line("  Start over: curl -s -d what=lesson -d lesson=%s %s/learn/reset", l.ID, s.PublicURL)
	p.line("  In Windows PowerShell 5.1 type curl.exe instead of curl.")
	if strings.HasPrefix(s.PublicURL, "https:") {
		p.line("  If curl does not trust the certificate, add --cacert and data/tls/ca.pem, or set CURL_CA_BUNDLE to it.")
	}
	return p.String()
}

func (s *Handler) questionText(p *lineWriter, l *Lesson, q Question, pr progress, lead string) {
	p.line("\n%s", wrap(strings.TrimSpace(lead+" "+q.Question), "  "))
	for n, choice := range q.Choices {
		p.line("    %d  %s", n+1, choice)
	}
	chosen, asked := pr.Answers[q.ID]
	switch {
	case !asked || chosen != q.Answer && q.ID != PredictID:
		p.line("  curl -s -d question=%s -d choice=1 %s/learn/lessons/%s/answers", q.ID, s.PublicURL, l.ID)
	default:
		p.line("  You said %d.", chosen)
	}
}

// lessonText is one lesson in a terminal, with its explanation once it is done.
func (s *Handler) lessonText(v lessonView, l *Lesson) string {
	if v.of(l).State != StateDone {
		return s.taskText(v, l)
	}
	p := &lineWriter{end: "\n"}
	p.line("%s %s: done\n\n%s", l.ID, l.Title, wrap(l.Explain, "  "))
	if l.FinePrint != "" {
		p.line("\n%s", wrap("Fine print: "+l.FinePrint, "  "))
	}
	for _, q := range l.questions() {
		p.line("\n%s", wrap(q.Question+" "+q.Why, "  "))
	}
	p.line("\n  Words:")
	for _, w := range s.Course.words(l) {
		p.line("%s", wrap(w.Word+": "+w.Says, "  "))
	}
	p.line("\n  Start over: curl -s -d what=lesson -d lesson=%s %s/learn/reset", l.ID, s.PublicURL)
	return p.String()
}

// lineWidth is how wide a text is in a terminal.
const lineWidth = 78

// wrap breaks a text into lines that begin with indent.
func wrap(text, indent string) string {
	var lines []string
	line := indent
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, "`", "")) {
		if len([]rune(line))+1+len([]rune(word)) > lineWidth && line != indent {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

// selectLessons reads a choice of lessons such as L01-L05 or L01,L03; nothing is all.
func (c *Course) selectLessons(text string) []*Lesson {
	if text == "" {
		return c.Lessons
	}
	var list []*Lesson
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first := slices.IndexFunc(c.Lessons, func(l *Lesson) bool { return l.ID == from })
		last := slices.IndexFunc(c.Lessons, func(l *Lesson) bool { return l.ID == to })
		if first < 0 || last < first {
			return nil
		}
		list = append(list, c.Lessons[first:last+1]...)
	}
	return list
}
