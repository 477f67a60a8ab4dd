package learn

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/learn/export"
)

// overview is what the list of lessons shows in a terminal.
type overview struct {
	export.Target
	Lessons []lesson
	// Message is what the teacher says, or empty.
	Message string
}

// start is where the lessons begin: a list of them and the next task, for a terminal. It
// leads a browser to the page, which has all lessons.
//
//	@Summary		Where you are in the lessons, and what to do next
//	@Description	The `Accept` header decides: the list of lessons in JSON, text for a terminal, or for a browser the way to the page. Without a preference (`*/*` or no `Accept`) it is text.
//	@ID				showLearningPath
//	@Tags			lessons
//	@Produce		json
//	@Success		200	{object}	listResponse
//	@Success		303	"For a browser: the page has the lessons"
//	@Header			303	{string}	Location	"The lessons on the page"
//	@Router			/learn [get]
func (h *Handler) start(c *gin.Context) error {
	lessons, target := h.snapshot()
	data := overview{target, lessons, ""}
	if h.Message != nil {
		data.Message = h.Message()
	}
	switch preferredType(c, httpjson.MediaHTML, httpjson.MediaJSON, httpjson.MediaText) {
	case httpjson.MediaHTML:
		return toPage(c)
	case httpjson.MediaJSON:
		return h.list(c)
	}
	return renderText(c, "start", data)
}

// DoneCount is how many of the lessons that count are done.
func (o overview) DoneCount() (n int) {
	for _, l := range o.Lessons {
		if l.IsDone() && !l.Extra {
			n++
		}
	}
	return n
}

// Count is how many lessons count.
func (o overview) Count() (n int) {
	for _, l := range o.Lessons {
		if !l.Extra {
			n++
		}
	}
	return n
}

// LastDone is the lesson that was completed last, or nil.
func (o overview) LastDone() *lesson {
	last := slices.MaxFunc(o.Lessons, func(a, b lesson) int { return a.DoneAt.Compare(b.DoneAt) })
	if last.DoneAt.IsZero() {
		return nil
	}
	return &last
}

// Next is the task to go on with, or nil when all are done.
func (o overview) Next() *task {
	if l := nextOf(o.Lessons); l != nil {
		return &task{l.numbered(o.Target), l}
	}
	return nil
}

// Exercises are the lessons that go on after they are done.
func (o overview) Exercises() (tasks []task) {
	for n := range o.Lessons {
		if l := &o.Lessons[n]; len(l.After) > 0 {
			tasks = append(tasks, task{l.numbered(o.Target), l})
		}
	}
	return tasks
}

// task is one lesson in a terminal, to be done or done.
type task struct {
	export.Target
	*lesson
}

// Untrusted reports whether curl may not trust the server's certificate, although the
// commands have all options that are known.
func (t task) Untrusted() bool { return strings.HasPrefix(t.URL, "https:") && t.CurlOptions == "" }

// question is a question in a terminal. Chosen is 0 as long as it can be answered.
type question struct {
	Curl          string
	ID, Text, URL string
	Choices       []string
	Unit          string // of the number that it asks for; empty if it has choices
	Chosen        int
}

// Ask returns a question of the lesson, with words before it.
func (t task) Ask(q course.Question, lead string) question {
	chosen := t.Answers[q.ID]
	if chosen != q.Answer && q.ID != course.PredictID {
		chosen = 0
	}
	asked := question{t.CurlLine(), q.ID, lead + q.Question, t.At("/learn/lessons/" + t.ID + "/answers"), q.Choices, "", chosen}
	if q.Measured != nil {
		asked.Unit = q.Measured.Unit
	}
	return asked
}

// Command is the line that answers it, with the first choice, or 0 in place of the learner's number.
func (q question) Command() string {
	answer := "choice=1"
	if q.Unit != "" {
		answer = "number=0"
	}
	return q.Curl + " -s -d question=" + q.ID + " -d " + answer + " " + q.URL
}

// answered is what becomes of an answer, in a terminal.
type answered struct {
	export.Target
	*lesson
	answerResponse
	Unmeasured bool // there was nothing to compare the number with
}

// lineWidth is how wide a text is in a terminal, in characters.
const lineWidth = 78

// wrap breaks a text into lines that begin with indent, and removes the marks of code.
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
