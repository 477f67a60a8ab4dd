package learn

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"regexp"
	"strings"
	"sync"
	texttemplate "text/template"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/web"
)

//go:embed pages
var pageFiles embed.FS

// pages are never executed, because what was executed cannot be cloned.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageFuncs("")).ParseFS(pageFiles, "pages/*.html"))
})

var texts = sync.OnceValue(func() *texttemplate.Template {
	return texttemplate.Must(texttemplate.New("").Funcs(texttemplate.FuncMap{
		"wrap":     func(text string) string { return wrap(text, "  ") },
		"item":     func(text string) string { return "  - " + wrap(text, "    ")[4:] },
		"words":    func(l *course.Lesson) []course.Word { return course.Load().Words(l) },
		"newWords": func(l *course.Lesson) []course.Word { return course.Load().NewWords(l) },
		"inc":      func(n int) int { return n + 1 },
	}).ParseFS(pageFiles, "pages/*.txt"))
})

// pagesUnder returns the pages of a server under a base path; see package basepath.
func pagesUnder(base string) *template.Template {
	return template.Must(pages().Clone()).Funcs(pageFuncs(base))
}

func pageFuncs(base string) template.FuncMap {
	return template.FuncMap{
		"base":    func() string { return base },
		"table":   func() string { return web.TableOf(base) }, // of a class, or empty
		"link":    func(text string) template.HTML { return course.Load().Link(base, text) },
		"command": commandHTML,
	}
}

var breakInAddress = regexp.MustCompile(`(\w[/,])(\w)`)

// commandHTML is a command of which no word is torn where its line ends: at a hyphen, that would
// be read as another command. Only a long address may go on after a slash or a comma.
func commandHTML(line string) template.HTML {
	words := strings.Split(template.HTMLEscapeString(line), " ")
	return template.HTML("<span>" + breakInAddress.ReplaceAllString(strings.Join(words, "</span> <span>"), "$1<wbr>$2") + "</span>") //nolint:gosec // escaped
}

const textType = "text/plain; charset=utf-8"

// preferredType is httpjson.PreferredType, and tells caches what the response depends on.
func preferredType(c *gin.Context, offers ...string) string {
	c.Writer.Header().Add("Vary", "Accept")
	return httpjson.PreferredType(c, offers...)
}

// respond writes JSON that nothing caches: it changes with the next request.
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
	if err := texts().ExecuteTemplate(&text, name, data); err != nil {
		return err
	}
	return respondText(c, text.String())
}

// toPage leads a browser to the lessons on the start page.
func toPage(c *gin.Context) error {
	httpjson.NoStore(c)
	c.Header("Location", basepath.Of(c.Request)+"/#/lessons")
	c.Status(http.StatusSeeOther)
	return nil
}

func (h *Handler) renderPage(c *gin.Context, name string, data any) error {
	var body bytes.Buffer
	if err := h.pages().ExecuteTemplate(&body, name, data); err != nil {
		return err
	}
	httpjson.NoStore(c)
	c.Header("Content-Security-Policy", web.Policy)
	c.Data(http.StatusOK, web.PageType, body.Bytes())
	return nil
}
