package learn

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/learn/export"
	"restaurant/web"
)

//go:embed pages
var pageFiles embed.FS

var (
	pages = template.Must(template.New("").Funcs(template.FuncMap{"link": func(text string) template.HTML { return course.Load().Link(text) }}).
		ParseFS(pageFiles, "pages/*.html"))
	texts = texttemplate.Must(texttemplate.New("").Funcs(texttemplate.FuncMap{
		"wrap": func(text string) string { return wrap(text, "  ") }, "inc": func(n int) int { return n + 1 },
	}).ParseFS(pageFiles, "pages/*.txt"))
)

const textType = "text/plain; charset=utf-8"

// preferredType returns what the client would like to read: a page, JSON, or text, which
// is for terminals: curl does not say.
func preferredType(c *gin.Context) string {
	c.Writer.Header().Add("Vary", "Accept")
	switch {
	case httpjson.Names(c, "Accept", "text/html"):
		return web.PageType
	case httpjson.Names(c, "Accept", "application/json"):
		return httpjson.JSONType
	}
	return textType
}

// respond answers with JSON that nothing caches: it changes with the next request.
func respond(c *gin.Context, body any) error {
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, body)
}

func respondText(c *gin.Context, text string) error {
	httpjson.NoStore(c)
	c.Data(http.StatusOK, textType, []byte(text))
	return nil
}

func renderText(c *gin.Context, name string, data any) error {
	var text strings.Builder
	if err := texts.ExecuteTemplate(&text, name, data); err != nil {
		return err
	}
	return respondText(c, text.String())
}

func renderPage(c *gin.Context, name string, data any) error {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		return err
	}
	httpjson.NoStore(c)
	c.Header("Content-Security-Policy", web.Policy)
	c.Data(http.StatusOK, web.PageType, body.Bytes())
	return nil
}

// style is what the pages of the lessons look like beyond the look of the house.
//
//	@Summary	The style of the lessons
//	@ID			lessonStyle
//	@Tags		lessons
//	@Produce	text/css
//	@Success	200	{string}	string	"CSS"
//	@Router		/learn/style.css [get]
func (h *Handler) style(c *gin.Context) error {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/css; charset=utf-8", css)
	return nil
}

// overview is what the list of lessons shows, on a page and in a terminal.
type overview struct {
	export.Target
	Lessons []lesson
	course  *course.Course
}

// start is where the lessons begin: a list of them and the next task, for a terminal or
// for a browser.
//
//	@Summary		The class: where you are, and what to do next
//	@Description	Text for a terminal, a page for a browser, the list of lessons for whoever asks for JSON.
//	@ID				learn
//	@Tags			lessons
//	@Produce		json,plain,html
//	@Success		200	{object}	listResponse
//	@Router			/learn [get]
func (h *Handler) start(c *gin.Context) error {
	lessons, target := h.snapshot()
	data := overview{target, lessons, h.Course}
	switch preferredType(c) {
	case web.PageType:
		return renderPage(c, "learn.html", data)
	case httpjson.JSONType:
		return h.list(c)
	}
	return renderText(c, "start", data)
}

// DoneCount is how many lessons are done.
func (o overview) DoneCount() (n int) {
	for _, l := range o.Lessons {
		if l.State == StateDone {
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
		return &task{o.Target, l, o.course}
	}
	return nil
}

// task is one lesson in a terminal, to be done or done.
type task struct {
	export.Target
	*lesson
	course *course.Course
}

// Words are the technical words of the lesson.
func (t task) Words() []course.Word { return t.course.Words(t.Lesson) }

// Secure reports whether the server's certificate may have to be trusted first.
func (t task) Secure() bool { return strings.HasPrefix(t.URL, "https:") }

// question is a question in a terminal. Chosen is 0 as long as it can be answered.
type question struct {
	ID, Text, URL string
	Choices       []string
	Chosen        int
}

// Ask returns a question of the lesson, with words before it.
func (t task) Ask(q course.Question, lead string) question {
	chosen := t.Answers[q.ID]
	if chosen != q.Answer && q.ID != course.PredictID {
		chosen = 0
	}
	return question{q.ID, lead + q.Question, t.URL + "/learn/lessons/" + t.ID, q.Choices, chosen}
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

// sheet is lessons to print: black and white, one after the other on pages of their own,
// and without any solution.
//
//	@Summary		Lessons to print
//	@ID				lessonSheet
//	@Tags			lessons
//	@Produce		html
//	@Param			lessons	query		string	false	"L01-L05, or L01,L03; all without it"
//	@Success		200		{string}	string	"A page for people"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/learn/sheet [get]
func (h *Handler) sheet(c *gin.Context) error {
	lessons := h.Course.Select(c.Query("lessons"))
	if lessons == nil {
		return httpjson.Invalid("lessons", "must be lessons that there are, such as L01-L05 or L01,L03")
	}
	_, target := h.snapshot()
	return renderPage(c, "sheet.html", struct {
		export.Target
		Sheets []*course.Lesson
	}{target, lessons})
}

// glossary explains the technical words.
//
//	@Summary	Technical words, each in a line
//	@ID			glossary
//	@Tags		lessons
//	@Produce	html
//	@Success	200	{string}	string	"A page for people"
//	@Router		/learn/glossary [get]
func (h *Handler) glossary(c *gin.Context) error {
	return renderPage(c, "glossary.html", h.Course.Glossary)
}
