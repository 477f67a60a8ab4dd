package learn

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var stylesheet []byte

// style is what the pages of the lessons look like beyond the look of the house.
//
//	@Summary	The style of the lessons
//	@ID			lessonStyle
//	@Tags		lessons
//	@Produce	text/css
//	@Success	200	{string}	string	"CSS"
//	@Router		/learn/style.css [get]
func (s *Handler) style(c *gin.Context) error {
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/css; charset=utf-8", stylesheet)
	return nil
}

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

func render(name string, data any) ([]byte, error) {
	var body bytes.Buffer
	err := pages.ExecuteTemplate(&body, name, data)
	return body.Bytes(), err
}

type pageItem struct {
	*Lesson
	State   State
	Say     template.HTML // the goal
	Missing []string
	Explain template.HTML // hides the lesson's own: only what is done is explained
}

// listPage is the class in a browser.
func (s *Handler) listPage(v lessonView) ([]byte, error) {
	data := struct {
		Base  string
		Done  int
		Next  *Lesson
		Items []pageItem
	}{Base: s.PublicURL, Next: v.next()}
	for n, l := range s.Course.Lessons {
		item := pageItem{Lesson: l, State: v.progress[n].State, Say: s.Course.linkGlossary(l.Goal)}
		switch item.State {
		case StateDone:
			data.Done++
			item.Explain = s.Course.linkGlossary(l.Explain)
		case StateStarted:
			item.Missing = v.progress[n].stillToSee(l)
		}
		data.Items = append(data.Items, item)
	}
	return render("learn.html", data)
}

type sheetQuestion struct {
	Text    template.HTML
	Choices []string
}

type sheetStep struct {
	Say     template.HTML
	Wait    int
	Command string
}

type sheetPage struct {
	ID, Title, Fetch string
	Goal, Look       template.HTML
	Minutes          int
	Predict          sheetQuestion
	Questions        []sheetQuestion
	Prepare, Steps   []sheetStep
}

// sheet is lessons to be printed: black and white, one after the other on pages
// of their own, and without any solution.
//
//	@Summary		Lessons to print
//	@ID				lessonSheet
//	@Tags			lessons
//	@Produce		html
//	@Param			lessons	query		string	false	"L01-L05, or L01,L03; all without it"
//	@Success		200		{string}	string	"A page for people"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/learn/sheet [get]
func (s *Handler) sheet(c *gin.Context) error {
	lessons := s.Course.selectLessons(c.Query("lessons"))
	if lessons == nil {
		return invalid("lessons", "must be lessons that there are, such as L01-L05 or L01,L03")
	}
	write := s.Tracker.snapshot(tableOf(c)).exporter(s.PublicURL)
	data := struct {
		Base   string
		Sheets []sheetPage
	}{Base: s.PublicURL}
	for _, l := range lessons {
		data.Sheets = append(data.Sheets, s.sheetOf(write, l))
	}
	body, err := render("sheet.html", data)
	if err != nil {
		return err
	}
	return page(c, body)
}

func (s *Handler) sheetOf(write exporter, l *Lesson) sheetPage {
	link := s.Course.linkGlossary
	p := sheetPage{
		ID: l.ID, Title: l.Title, Minutes: l.Minutes, Goal: link(l.Goal), Look: link(l.Look), Fetch: write.fetchFiles("curl", l),
		Predict: sheetQuestion{link(l.Predict.Question), l.Predict.Choices},
	}
	for _, q := range l.Questions {
		p.Questions = append(p.Questions, sheetQuestion{link(q.Question), q.Choices})
	}
	steps := func(list []Step) (out []sheetStep) {
		for _, step := range list {
			out = append(out, sheetStep{link(step.Say), step.Wait, write.curl("curl", step.Request)})
		}
		return out
	}
	p.Prepare, p.Steps = steps(l.Prepare), steps(l.Steps)
	return p
}

// glossary explains the technical words.
//
//	@Summary	Technical words, each in a line
//	@ID			glossary
//	@Tags		lessons
//	@Produce	html
//	@Success	200	{string}	string	"A page for people"
//	@Router		/learn/glossary [get]
func (s *Handler) glossary(c *gin.Context) error {
	var words []struct{ Word, Says, Anchor string }
	for _, w := range s.Course.Glossary {
		words = append(words, struct{ Word, Says, Anchor string }{w.Word, w.Says, w.anchor()})
	}
	body, err := render("glossary.html", words)
	if err != nil {
		return err
	}
	return page(c, body)
}
